//===- WeightImageFuzzer.cpp - Any bytes as a weight in memory ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Changes bytes of an image, whose header's checksum is made right again: what the check takes
// decodes, and products and rows of the C API run from it.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "FuzzCheck.h"
#include "uwt-c/Weight.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Runtime/QuantizedImage.h"
#include "uwt/Runtime/WeightImage.h"
#include <cstdlib>
#include <memory>

using namespace uwt;
using namespace uwt::test;

namespace {

/// A change: where, two bytes, and what to combine with it.
constexpr size_t changeBytes = 3;
constexpr uint64_t largestTensor = uint64_t(1) << 20;

struct Free {
  void operator()(void *memory) const { std::free(memory); }
};

using Memory = std::unique_ptr<void, Free>;

std::span<uint8_t> allocate(Memory &memory, size_t size) {
  size_t rounded = (size + imageAlignment - 1) / imageAlignment * imageAlignment;
  memory.reset(std::aligned_alloc(imageAlignment, rounded));
  return {static_cast<uint8_t *>(memory.get()), size};
}

std::vector<uint8_t> makeImage(const char *format, ThreadPool &pool) {
  TensorDescription description;
  description.shape = {3, 70, 90};
  description.format = parsedFormat(format);
  auto most = WeightImage::maxBytes(description);
  fuzzRequire(bool(most), "a sound tensor has no size in memory");
  Memory memory;
  std::vector<uint8_t> weights = bf16Weights(3 * 70 * 90, 1);
  auto image = WeightImage::encode({description.element, description.shape, weights, 0, 0},
                                   description.format, allocate(memory, *most), pool);
  fuzzRequire(bool(image), "a sound tensor is not encoded");
  const auto *begin = static_cast<const uint8_t *>(memory.get());
  return {begin, begin + image->bytes()};
}

/// Codes of 4 bits, whose columns have an order of their own.
std::vector<uint8_t> makeCodes(uint64_t matrices, ThreadPool &pool) {
  constexpr uint64_t rows = 128, columns = 256, cell = 128;
  QuantizedPart part;
  part.format = parsedFormat("uint<4>, zero={1x128, uint<4>}, scale={1x128, f32}, order=k");
  part.weight.rows = rows;
  part.weight.columns = columns;
  part.weight.values = QuantizedElement::find(part.format.element)->values();
  for (uint64_t i = 0; i < rows * columns; ++i)
    part.weight.codes.push_back(static_cast<uint8_t>(i * 7 / 3 % 16));
  part.weight.scale = {1, cell, columns / cell, std::vector<float>(rows * columns / cell, 0.5F)};
  part.weight.zero = {1, cell, columns / cell, std::vector<float>(rows * columns / cell, 8.0F)};
  for (uint32_t column = columns; column-- > 0;)
    part.columnOrder.push_back(column);
  TensorDescription what;
  what.shape = {matrices, rows, columns};
  auto format = imageFormatOf(part.format);
  fuzzRequire(bool(format), "codes have no image");
  what.format = *format;
  auto most = WeightImage::maxBytes(what);
  fuzzRequire(bool(most), "codes have no size in memory");
  std::vector<const QuantizedPart *> parts(matrices, &part);
  Memory memory;
  auto image = encodeParts(parts, ElementType::BF16, what.shape, allocate(memory, *most), pool);
  fuzzRequire(bool(image), "codes are not encoded");
  const auto *begin = static_cast<const uint8_t *>(memory.get());
  return {begin, begin + image->bytes()};
}

/// Fails on errors of the C API but for one that says that no kernel is there, or of ids.
void require(UWTError *error, bool mayFail, const char *what) {
  bool isRight = !error || mayFail || uwtErrorKind(error) == UWT_ERROR_UNSUPPORTED;
  uwtErrorDestroy(error);
  fuzzRequire(isRight, what);
}

/// Calls all that reads an image, with x, y and ids in memory of their sizes. A caller checks an
/// image before, but for its codes (`mayFail`), of which every call checks what it follows.
void use(std::span<const uint8_t> bytes, const WeightImage &image, bool mayFail) {
  static UWTContext *context = nullptr;
  if (!context)
    require(uwtContextCreate(1, &context), false, "no context");
  std::span<const uint64_t> shape = image.shape();
  uint64_t n = shape[shape.size() - 2], k = shape.back();
  std::vector<uint16_t> x(k), y(n), row(k);
  UWTLinear call;
  uwtLinearInit(&call, sizeof(call));
  call.n = n, call.k = k, call.m = 1;
  call.x = x.data(), call.xStride = k, call.y = y.data(), call.yStride = n;
  call.matrix = image.matrices() - 1;
  require(uwtLinear(context, bytes.data(), bytes.size(), &call), mayFail, "a product fails");
  int64_t id = static_cast<int64_t>(n) - 1;
  bool isMatrix = shape.size() == 2;
  require(uwtWeightGather(context, bytes.data(), bytes.size(), &id, 1, k, row.data(), k),
          mayFail || !isMatrix, "a row is not there");
  std::vector<uint8_t> decoded(*image.tensorBytes());
  require(
      uwtWeightDecode(context, bytes.data(), bytes.size(), nullptr, decoded.data(), decoded.size()),
      mayFail, "an image that is sound does not decode");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ThreadPool pool(1);
  static const std::vector<uint8_t> images[] = {
      makeImage("inplace<12>", pool), makeImage("raw", pool), makeImage("window<4>", pool),
      makeImage("palette<4>", pool),  makeCodes(1, pool),     makeCodes(2, pool)};
  if (size == 0)
    return 0;
  const std::vector<uint8_t> &sound = images[data[0] % std::size(images)];
  Memory memory;
  std::span<uint8_t> bytes = allocate(memory, sound.size());
  std::ranges::copy(sound, bytes.begin());
  for (size_t at = 1; at + changeBytes <= size; at += changeBytes)
    bytes[(data[at] | data[at + 1] << 8) % bytes.size()] ^= data[at + 2];
  // One in eight keeps what the changes have made of the checksum.
  if (data[0] < 224)
    reinterpret_cast<ImageHeader *>(bytes.data())->seal();
  auto image = WeightImage::open(bytes);
  if (!image)
    return 0;
  bool isOfCodes = image->columnOrder().data() != nullptr;
  if (isOfCodes ? !image->copyCodes() : !image->check(pool))
    return 0;
  auto tensorBytes = image->tensorBytes();
  fuzzRequire(bool(tensorBytes), "an image that is sound has no size");
  if (*tensorBytes == 0 || *tensorBytes > largestTensor)
    return 0;
  use(bytes, *image, isOfCodes);
  return 0;
}
