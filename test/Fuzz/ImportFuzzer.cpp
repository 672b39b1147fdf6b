//===- ImportFuzzer.cpp - Any bytes as a quantised checkpoint -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A config.json up to the first zero byte, then a safetensors file: each weight that a recipe
// finds is one error or as many elements as it says, and its codes by themselves are the same
// elements, or one error, and so are they as an image.
//
//===----------------------------------------------------------------------===//

#include "FuzzFiles.h"
#include "uwt/Container/File.h"
#include "uwt/Import/QuantizedPart.h"
#include "uwt/Runtime/QuantizedImage.h"

using namespace uwt;
using namespace uwt::test;

/// Tensors that compress to nothing may be as large as their header says.
static constexpr uint64_t largestWeight = uint64_t(1) << 20;

/// Of a weight that has an image, which kernels for BF16 take.
static void makeImage(const QuantizedPart &part, ThreadPool &pool) {
  Expected<Format> format = imageFormatOf(part.format);
  if (!format)
    return;
  const std::vector<uint64_t> shape = {part.weight.rows, part.weight.columns};
  Expected<uint64_t> bytes = WeightImage::maxBytes({ElementType::BF16, shape, *format});
  if (!bytes)
    return;
  struct alignas(64) Line {
    uint8_t bytes[64];
  };
  std::vector<Line> memory(*bytes / sizeof(Line) + 1);
  const QuantizedPart *parts[] = {&part};
  Expected<WeightImage> image =
      encodeParts(parts, ElementType::BF16, shape, {memory.front().bytes, *bytes}, pool);
  fuzzRequire(image || !image.error().message().empty(), "an error has no message");
}

static void readCodes(const ImportedWeight &weight, const QuantizedWeight &whole,
                      ThreadPool &pool) {
  Expected<QuantizedPart> part = readQuantizedPart(weight, {}, pool);
  if (!part) {
    fuzzRequire(!part.error().message().empty(), "an error has no message");
    return;
  }
  fuzzRequire(part->weight.decode(ElementType::F32, pool) == whole.decode(ElementType::F32, pool),
              "codes are not those of the weight");
  fuzzRequire(!part->tensors().empty(), "codes are no tensors");
  makeImage(*part, pool);
}

static void readWeight(const ImportedWeight &weight, ThreadPool &pool) {
  if (!weight.refusal.empty()) {
    fuzzRequire(!weight.read(pool), "a weight that is refused is read");
    return;
  }
  fuzzRequire(!weight.format.empty() && !weight.parts.empty(), "a weight does not say what it is");
  if (weight.bytes > largestWeight)
    return;
  Expected<QuantizedWeight> read = weight.read(pool);
  if (!read) {
    fuzzRequire(!read.error().message().empty(), "an error has no message");
    return;
  }
  uint64_t elements = weight.elements();
  fuzzRequire(read->codes.size() == elements && elements == read->rows * read->columns,
              "a weight is not of the shape that was said");
  for (ElementType type : {ElementType::BF16, ElementType::F16, ElementType::F32}) {
    std::vector<uint8_t> bytes(read->codes.size() * getTraits(type).bytes);
    read->decode(type, bytes, pool);
  }
  readCodes(weight, *read, pool);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const FuzzFolder folder;
  std::span<const uint8_t> input(data, size);
  size_t end = std::find(input.begin(), input.end(), 0) - input.begin();
  std::string config = folder / "config.json", model = folder / "model.safetensors";
  fuzzRequire(bool(writeWholeFile(config, input.first(end), /*force=*/true)) &&
                  bool(writeWholeFile(model, input.subspan(std::min(end + 1, size)), true)),
              "cannot write a checkpoint");
  ReadOptions options;
  options.check = false;
  Expected<Checkpoint> checkpoint = Checkpoint::open(model, options);
  if (!checkpoint)
    return 0;
  Expected<ImportedWeights> weights = ImportedWeights::open(*checkpoint, model);
  if (!weights)
    return 0;
  ThreadPool pool(1);
  for (const auto &[name, weight] : weights->all())
    readWeight(weight, pool);
  return 0;
}
