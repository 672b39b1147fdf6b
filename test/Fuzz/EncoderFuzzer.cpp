//===- EncoderFuzzer.cpp - Any tensors there and back ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The input says which tensors a file has, what is in them and with which options it is
// compressed. What can be compressed comes back byte for byte, and every check of it passes. Its
// size is what was estimated, since samples of tensors that small are whole.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "FuzzFiles.h"
#include "uwt/Container/Compress.h"
#include <fuzzer/FuzzedDataProvider.h>

using namespace uwt;
using namespace uwt::test;

/// Elements of all tensors of a file at most: several panels and units, and still fast.
static constexpr uint64_t maxElements = uint64_t(1) << 14;

static std::vector<uint64_t> anyShape(FuzzedDataProvider &input, uint64_t limit) {
  std::vector<uint64_t> shape;
  uint64_t elements = 1;
  for (unsigned rank = input.ConsumeIntegralInRange<unsigned>(0, 4); rank > 0; --rank) {
    // A panel of one element takes as long as a large one: few matrices.
    uint64_t extent = input.ConsumeIntegralInRange<uint64_t>(0, rank > 2 ? 5 : 1100);
    extent = std::min(extent, limit / std::max<uint64_t>(elements, 1));
    shape.push_back(extent);
    elements *= extent;
  }
  return shape;
}

/// Weights as models have them, or bytes of the input again and again.
static std::vector<uint8_t> anyBytes(FuzzedDataProvider &input, const SafetensorsDtype &dtype,
                                     const std::vector<uint64_t> &shape, uint64_t size) {
  std::optional<ElementType> element = storedElementType(dtype.name);
  auto kind = input.ConsumeIntegral<uint8_t>();
  if (element && kind % 2 == 0) {
    std::vector<uint64_t> stored = shape;
    if (stored.empty())
      stored.push_back(1);
    stored.back() *= dtype.bits / 8 / getTraits(*element).bytes; // field-3
    return makeTensor(*element, stored, allDistributions[kind / 2 % std::size(allDistributions)],
                      input.ConsumeIntegral<uint8_t>());
  }
  std::vector<uint8_t> pattern =
      input.ConsumeBytes<uint8_t>(input.ConsumeIntegralInRange<size_t>(0, 64));
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size && !pattern.empty(); ++i)
    bytes[i] = pattern[i % pattern.size()];
  return bytes;
}

/// A safetensors file.
static std::vector<uint8_t> anyFile(FuzzedDataProvider &input) {
  std::vector<SafetensorsTensor> tensors;
  std::vector<uint8_t> data;
  uint64_t left = maxElements;
  for (unsigned count = input.ConsumeIntegralInRange<unsigned>(0, 6); count > 0; --count) {
    SafetensorsTensor tensor;
    tensor.name = (input.ConsumeBool() ? "wte.weight" : "t") + std::to_string(count);
    tensor.dtype = &safetensorsDtypes()[input.ConsumeIntegralInRange<size_t>(
        0, safetensorsDtypes().size() - 1)];
    tensor.shape = anyShape(input, left);
    Expected<uint64_t> size = safetensorsBytes(*tensor.dtype, tensor.shape);
    if (!size)
      continue;
    std::vector<uint8_t> bytes = anyBytes(input, *tensor.dtype, tensor.shape, *size);
    tensor.begin = data.size();
    data.insert(data.end(), bytes.begin(), bytes.end());
    tensor.end = data.size();
    left -= std::min<uint64_t>(left, *size * 8 / tensor.dtype->bits);
    tensors.push_back(std::move(tensor));
  }
  std::string text = safetensorsHeaderText(tensors, {{"format", "pt"}});
  text.append(input.ConsumeIntegralInRange<size_t>(0, 9), ' ');
  std::vector<uint8_t> file(8);
  for (unsigned i = 0; i < 8; ++i)
    file[i] = static_cast<uint8_t>(uint64_t(text.size()) >> (8 * i));
  file.insert(file.end(), text.begin(), text.end());
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

static CompressOptions anyOptions(FuzzedDataProvider &input) {
  static const std::vector<std::string> formats = registeredFormats();
  CompressOptions options;
  size_t format = input.ConsumeIntegralInRange<size_t>(0, formats.size() + 1);
  if (format < formats.size())
    options.format = parsedFormat(formats[format]);
  else
    options.format = format == formats.size() ? FormatPolicy::BestSize : FormatPolicy::Fast;
  if (input.ConsumeBool())
    options.kMajor = {"*"};
  options.rowMajorEmbeddings = input.ConsumeBool();
  options.minimumElements = input.ConsumeIntegralInRange<uint64_t>(0, 2000);
  options.sha256 = input.ConsumeBool();
  options.overwrite = true;
  options.threads = 1;
  // What this fuzzer finds, compressing would refuse to write.
  options.verify = false;
  return options;
}

static std::vector<uint8_t> readFile(const std::string &path) {
  Expected<MappedFile> file = MappedFile::open(path);
  fuzzRequire(bool(file), "a file that was written cannot be read");
  return {file->bytes().begin(), file->bytes().end()};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static FuzzFolder folder;
  FuzzedDataProvider input(data, size);
  CompressOptions options = anyOptions(input);
  std::vector<uint8_t> original = anyFile(input);
  FileInMemory source(original);
  std::string packed = folder / "packed", back = folder / "back";
  Expected<FileReport> report = compressFile(source.path(), packed, options);
  CompressOptions estimating = options;
  estimating.estimate = true;
  Expected<FileReport> estimate = compressFile(source.path(), packed, estimating);
  fuzzRequire(bool(estimate) == bool(report), "an estimate and compressing do not agree");
  fuzzRequire(!report || estimate->outputBytes == report->outputBytes, "the estimate is wrong");
  if (!report) {
    // A format that no tensor can hold.
    fuzzRequire(report.error().getKind() == ErrorKind::Usage, "a sound file is refused");
    return 0;
  }
  DecompressOptions decompressing;
  decompressing.overwrite = true;
  decompressing.threads = 1;
  fuzzRequire(bool(decompressFile(packed, back, decompressing)), "what was written is refused");
  fuzzRequire(readFile(back) == original, "something else comes back");
  VerifyOptions verifying;
  verifying.decode = true;
  verifying.threads = 1;
  Expected<VerifyReport> verified = verifyFile(packed, verifying);
  fuzzRequire(verified && verified->passed(), "what was written is called damaged");
  fuzzRequire(report->outputBytes == readFile(packed).size(), "the reported size is wrong");
  return 0;
}
