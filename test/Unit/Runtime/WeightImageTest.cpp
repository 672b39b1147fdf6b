//===- WeightImageTest.cpp - A loaded weight as one piece of memory -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/WeightImage.h"
#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

constexpr uint64_t alignment = 64;

/// An image in memory of its own, aligned.
class ImageMemory {
public:
  explicit ImageMemory(const WeightImageSource &source) : memory(source.bytes() + alignment) {
    source.write(span());
  }
  /// A copy, at another place.
  explicit ImageMemory(std::span<const uint8_t> image) : memory(image.size() + alignment) {
    std::ranges::copy(image, span().begin());
  }
  std::span<uint8_t> span() {
    auto begin = reinterpret_cast<uintptr_t>(memory.data());
    return std::span(memory).subspan(roundUp(begin, alignment) - begin, memory.size() - alignment);
  }

private:
  Bytes memory;
};

TensorDescription describe(std::vector<uint64_t> shape, const char *format) {
  TensorDescription description;
  description.shape = std::move(shape);
  description.format = parsedFormat(format);
  return description;
}

class WeightImageTest : public testing::Test {
protected:
  /// Encodes, and gives the image's bytes; the tensor that decoding gives is compared with `bytes`.
  ImageMemory imageOf(const TensorDescription &description, const Bytes &bytes) {
    auto source = WeightImageSource::encode(description, bytes, pool);
    EXPECT_TRUE(holds(source));
    ImageMemory memory(*source);
    auto image = WeightImage::open(memory.span());
    EXPECT_TRUE(holds(image));
    EXPECT_TRUE(holds(image->check(pool)));
    EXPECT_EQ(decode(*image, bytes.size()), bytes);
    return memory;
  }
  Bytes decode(const WeightImage &image, size_t size) {
    auto decoder = image.decoder();
    EXPECT_TRUE(holds(decoder));
    Bytes out(size);
    EXPECT_TRUE(holds(decoder->decode(out, pool)));
    return out;
  }

  ThreadPool pool{2};
};

TEST_F(WeightImageTest, HoldsAnyShape) {
  for (const char *format : {"inplace<12>", "raw"})
    for (std::vector<uint64_t> shape : std::vector<std::vector<uint64_t>>{{1, 1},
                                                                          {64, 64},
                                                                          {65, 63},
                                                                          {200, 130},
                                                                          {3, 70, 90},
                                                                          {2, 2, 17, 65},
                                                                          {0, 64},
                                                                          {64, 0}}) {
      SCOPED_TRACE(std::string(format) + " " + testing::PrintToString(shape));
      uint64_t elements = 1;
      for (uint64_t size : shape)
        elements *= size;
      ImageMemory memory = imageOf(describe(shape, format), bf16Weights(elements, 5));
      WeightImage image = *WeightImage::open(memory.span());
      EXPECT_TRUE(std::ranges::equal(image.shape(), shape));
      EXPECT_EQ(*image.tensorBytes(), elements * 2);
      EXPECT_EQ(image.view().rows, shape[shape.size() - 2]);
      EXPECT_EQ(image.view().columns, shape.back());
    }
}

TEST_F(WeightImageTest, HoldsEveryPattern) {
  Bytes patterns(2 << 16);
  for (uint32_t i = 0; i < 1 << 16; ++i) {
    patterns[2 * i] = static_cast<uint8_t>(i);
    patterns[2 * i + 1] = static_cast<uint8_t>(i >> 8);
  }
  imageOf(describe({256, 256}, "inplace<12>"), patterns);
  imageOf(describe({1, 1 << 16}, "inplace<12>"), patterns);
}

/// An infinity in columns that do not exist would meet zeros of x.
TEST_F(WeightImageTest, IsRawWherePaddingCouldBeInfinite) {
  Bytes infinities;
  for (int i = 0; i < 64 * 65; ++i)
    infinities.insert(infinities.end(), {0x80, 0x7F});
  ImageMemory memory = imageOf(describe({64, 65}, "inplace<12>"), infinities);
  EXPECT_STREQ(WeightImage::open(memory.span())->format(), "raw");
}

TEST_F(WeightImageTest, IsTheSameForAnyNumberOfThreads) {
  Bytes weights = bf16Weights(300 * 200, 7);
  ThreadPool one(1);
  auto first = WeightImageSource::encode(describe({300, 200}, "inplace<12>"), weights, one);
  auto second = WeightImageSource::encode(describe({300, 200}, "inplace<12>"), weights, pool);
  ASSERT_TRUE(holds(first) && holds(second));
  ImageMemory a(*first), b(*second);
  EXPECT_TRUE(std::ranges::equal(a.span(), b.span()));
}

/// A changed byte is found, or one that nobody reads: then the tensor is as it was.
TEST_F(WeightImageTest, DamageIsFound) {
  Bytes weights = bf16Weights(70 * 90, 3);
  ImageMemory sound = imageOf(describe({70, 90}, "inplace<12>"), weights);
  Random random(11);
  for (int trial = 0; trial < 2000; ++trial) {
    ImageMemory damaged(sound.span());
    uint64_t at = trial < 600 ? trial : random.below(damaged.span().size());
    damaged.span()[at] ^= static_cast<uint8_t>(1 + random.below(255));
    auto image = WeightImage::open(damaged.span());
    if (!image || !image->check(pool))
      continue;
    EXPECT_EQ(decode(*image, weights.size()), weights) << "byte " << at;
  }
}

TEST_F(WeightImageTest, CutOrMisplacedMemoryIsRefused) {
  ImageMemory sound = imageOf(describe({70, 90}, "inplace<12>"), bf16Weights(70 * 90, 3));
  for (size_t size : {size_t(0), size_t(63), sizeof(ImageHeader), sound.span().size() - 1})
    EXPECT_FALSE(WeightImage::open(sound.span().first(size)));
  auto misplaced = WeightImage::open(sound.span().subspan(8));
  ASSERT_FALSE(misplaced);
  EXPECT_EQ(misplaced.error().getKind(), ErrorKind::Usage);
}

TEST_F(WeightImageTest, WhatHasNoFormIsRefused) {
  auto messageFor = [&](const TensorDescription &description, uint64_t bytes) {
    auto source = WeightImageSource::encode(description, Bytes(bytes), pool);
    return source ? std::string() : source.error().message();
  };
  EXPECT_THAT(messageFor(describe({64}, "raw"), 128), testing::HasSubstr("has 2 to 4 dimensions"));
  EXPECT_THAT(messageFor(describe({64, 64}, "huffman<12,2>"), 8192),
              testing::HasSubstr("units of a fixed size"));
  EXPECT_THAT(messageFor(describe({64, 64}, "inplace<12>, storage=k_major"), 8192),
              testing::HasSubstr("n_major"));
  EXPECT_THAT(messageFor(describe({64, 64}, "inplace<12>"), 8190), testing::HasSubstr("8190"));
}

} // namespace
