//===- WeightImageFuzzer.cpp - Any bytes as a weight in memory ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Changes bytes of an image, whose header's checksum is made right again: what the check takes
// decodes, and products run from it.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "FuzzCheck.h"
#include "uwt/Kernels/Kernels.h"
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

void multiply(const WeightImage &image) {
  auto kernels = Kernels::find(image.element(), image.format());
  WeightView view = image.view(image.matrices() - 1);
  if (!kernels)
    return;
  std::vector<uint16_t> x(view.columns), y(view.rows);
  LinearArguments arguments{1, {x.data(), view.columns}, nullptr, {y.data(), view.rows}};
  fuzzRequire(bool((*kernels)->linear(view, arguments, nullptr)), "a product fails");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ThreadPool pool(1);
  static const std::vector<uint8_t> images[] = {makeImage("inplace<12>", pool),
                                                makeImage("raw", pool)};
  if (size == 0)
    return 0;
  const std::vector<uint8_t> &sound = images[data[0] % 2];
  Memory memory;
  std::span<uint8_t> bytes = allocate(memory, sound.size());
  std::ranges::copy(sound, bytes.begin());
  for (size_t at = 1; at + changeBytes <= size; at += changeBytes)
    bytes[(data[at] | data[at + 1] << 8) % bytes.size()] ^= data[at + 2];
  // One in eight keeps what the changes have made of the checksum.
  if (data[0] < 224)
    reinterpret_cast<ImageHeader *>(bytes.data())->seal();
  auto image = WeightImage::open(bytes);
  if (!image || !image->check(pool))
    return 0;
  auto tensorBytes = image->tensorBytes();
  fuzzRequire(bool(tensorBytes), "an image that is sound has no size");
  if (*tensorBytes == 0 || *tensorBytes > largestTensor)
    return 0;
  auto decoder = image->decoder();
  std::vector<uint8_t> decoded(*tensorBytes);
  fuzzRequire(decoder && decoder->tensor.decode(decoded, pool),
              "an image that is sound does not decode");
  multiply(*image);
  return 0;
}
