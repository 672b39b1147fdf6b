//===- PlaneDecodeFuzzer.cpp - Any bytes as planes ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Built once a codec of lib/Codec/Codecs.def, whose index there is
// UWT_FUZZ_CODEC. Checksums are off. Whatever the planes hold, all code paths give
// the same bytes or the same error, and rows read alone are those of the whole.
//
//===----------------------------------------------------------------------===//

#include "FuzzCheck.h"
#include "PlaneInput.h"
#include "uwt/Support/Cpu.h"

using namespace uwt;
using namespace uwt::test;

static std::vector<CodePath> fastPaths() {
  std::vector<CodePath> paths = {CodePath::Scalar};
  if (hostSimdLevel() >= SimdLevel::Avx2)
    paths.push_back(CodePath::Avx2);
  if (hostSimdLevel() >= SimdLevel::Avx512)
    paths.push_back(CodePath::Avx512);
  return paths;
}

namespace {
struct Outcome {
  std::vector<uint8_t> bytes;
  std::string error;
};
} // namespace

static Outcome decode(const TensorDecoder &decoder, size_t size, CodePath path, ThreadPool &pool) {
  DecodeOptions options;
  options.path = path;
  options.check = false;
  Outcome outcome;
  outcome.bytes.assign(size, 0xA5);
  Status status = decoder.decode(outcome.bytes, pool, options);
  if (!status)
    outcome.error = status.error().message();
  return outcome;
}

/// Reads rows of the last matrix alone, as the decoder of embeddings does.
static void checkRows(const TensorDecoder &decoder, const Outcome &whole, ThreadPool &pool) {
  const std::vector<uint64_t> &shape = decoder.description().shape;
  uint64_t rowBytes = shape[2] * getTraits(decoder.description().element).bytes;
  DecodeOptions options;
  options.check = false;
  std::vector<uint8_t> out(rowBytes);
  for (uint64_t row : {uint64_t(0), shape[1] / 2, shape[1] - 1}) {
    Status status = decoder.decodeSlice({shape[0] - 1, shape[0], row, row + 1, 0, shape[2]}, out,
                                        pool, options);
    if (!whole.error.empty())
      continue;
    fuzzRequire(bool(status), "a row of a sound tensor fails");
    const uint8_t *expected = whole.bytes.data() + ((shape[0] - 1) * shape[1] + row) * rowBytes;
    fuzzRequire(std::equal(out.begin(), out.end(), expected), "a row differs from the whole's");
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ThreadPool pool(1);
  static const std::vector<CodePath> paths = fastPaths();
  std::optional<PlaneInput> input = PlaneInput::read({data, size});
  if (!input)
    return -1;
  std::optional<TensorDescription> description = input->description(*allCodecs()[UWT_FUZZ_CODEC]);
  // 2^17 elements keep a run fast and still fill several panels and units.
  if (!description || *description->elements() > uint64_t(1) << 17)
    return -1;
  PlaneViews views;
  for (unsigned kind = 0; kind < planeKinds; ++kind)
    views[kind] = input->planes[kind];
  Expected<TensorDecoder> decoder = TensorDecoder::open(*description, views, std::nullopt);
  if (!decoder)
    return 0;

  decoder->escapes();
  (void)bool(decoder->checkAll(pool));
  size_t bytes = *description->elements() * getTraits(description->element).bytes;
  Outcome expected = decode(*decoder, bytes, CodePath::Reference, pool);
  for (CodePath path : paths) {
    Outcome found = decode(*decoder, bytes, path, pool);
    fuzzRequire(found.error == expected.error, "code paths give different errors");
    fuzzRequire(!found.error.empty() || found.bytes == expected.bytes,
                "code paths give different bytes");
  }
  if (bytes != 0)
    checkRows(*decoder, expected, pool);
  return 0;
}
