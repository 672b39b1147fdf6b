//===- ForgedImageTest.cpp - Weights in memory that somebody has forged ---===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers of an image's header and panels are changed, with a checksum that is right: the image is
// refused, or has the weight that it had, or all of another one. Memory ends where an image does,
// so that a sanitizer sees accesses beyond.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Kernels/Kernels.h"
#include "uwt/Runtime/ColumnOrder.h"
#include "uwt/Runtime/QuantizedImage.h"
#include <cstdlib>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>

using namespace uwt;
using namespace uwt::test;

namespace {

class ForgedMemory {
public:
  explicit ForgedMemory(std::span<const uint8_t> image)
      : memory(static_cast<uint8_t *>(std::aligned_alloc(imageAlignment, image.size())), std::free),
        size(image.size()) {
    std::ranges::copy(image, memory.get());
  }
  std::span<uint8_t> span() const { return {memory.get(), size}; }
  ImageHeader &header() const { return *reinterpret_cast<ImageHeader *>(memory.get()); }
  std::span<uint8_t> bytesOf(const ImageHeader::Part &part) const {
    return span().subspan(part.begin, part.bytes);
  }

private:
  std::unique_ptr<uint8_t, void (*)(void *)> memory;
  size_t size;
};

using AlignedMemory = std::unique_ptr<void, void (*)(void *)>;

std::span<uint8_t> allocate(AlignedMemory &memory, uint64_t bytes) {
  uint64_t rounded = roundUp(bytes, imageAlignment);
  memory.reset(std::aligned_alloc(imageAlignment, rounded));
  return {static_cast<uint8_t *>(memory.get()), rounded};
}

Bytes denseImage(const char *format, const std::vector<uint64_t> &shape, const Bytes &weights,
                 ThreadPool &pool) {
  AlignedMemory memory(nullptr, std::free);
  TensorDescription what;
  what.shape = shape;
  what.format = parsedFormat(format);
  auto most = WeightImage::maxBytes(what);
  EXPECT_TRUE(holds(most));
  std::span<uint8_t> room = allocate(memory, *most);
  auto image = WeightImage::encode({what.element, shape, weights, 0, 0}, what.format, room, pool);
  EXPECT_TRUE(holds(image));
  return {room.begin(), room.begin() + static_cast<ptrdiff_t>(image->bytes())};
}

/// Codes of 4 bits whose columns have an order of their own, as many matrices.
Bytes imageOfCodes(uint64_t matrices, uint64_t rows, uint64_t columns, ThreadPool &pool) {
  std::vector<QuantizedPart> parts(matrices);
  std::vector<const QuantizedPart *> pointers;
  uwt::test::Random random(5);
  for (QuantizedPart &part : parts) {
    part.format = *Format::parse("uint<4>, zero={1x128, uint<4>}, scale={1x128, f32}, order=k");
    part.weight.rows = rows;
    part.weight.columns = columns;
    part.weight.values = QuantizedElement::find(part.format.element)->values();
    for (uint64_t i = 0; i < rows * columns; ++i)
      part.weight.codes.push_back(static_cast<uint8_t>(random.below(16)));
    uint64_t cells = divideUp(columns, 128);
    part.weight.scale = {1, 128, cells, std::vector<float>(rows * cells, 0.5F)};
    part.weight.zero = {1, 128, cells, std::vector<float>(rows * cells, 8.0F)};
    part.columnOrder.resize(columns);
    std::iota(part.columnOrder.rbegin(), part.columnOrder.rend(), 0U);
    pointers.push_back(&part);
  }
  std::vector<uint64_t> shape = {matrices, rows, columns};
  if (matrices == 1)
    shape.erase(shape.begin());
  TensorDescription what;
  what.shape = shape;
  auto format = imageFormatOf(parts.front().format);
  EXPECT_TRUE(holds(format));
  what.format = *format;
  AlignedMemory memory(nullptr, std::free);
  std::span<uint8_t> room = allocate(memory, *WeightImage::maxBytes(what));
  auto image = encodeParts(pointers, ElementType::BF16, shape, room, pool);
  EXPECT_TRUE(holds(image));
  return {room.begin(), room.begin() + static_cast<ptrdiff_t>(image->bytes())};
}

/// A number that may be taken for a size, an offset or a sum that wraps.
uint64_t forgedNumber(uwt::test::Random &random, uint64_t own, uint64_t bytes) {
  const uint64_t numbers[] = {0,
                              1,
                              4,
                              8,
                              64,
                              own + 1,
                              own + 4,
                              own + 64,
                              own - 4,
                              own - 64,
                              own * 2,
                              own / 2,
                              bytes,
                              bytes - 64,
                              bytes / 2 / 64 * 64,
                              random.below(bytes) / 64 * 64,
                              uint64_t(1) << 31,
                              uint64_t(1) << 32,
                              uint64_t(1) << 62,
                              uint64_t(1) << 63,
                              ~uint64_t(0),
                              ~uint64_t(63)};
  return numbers[random.below(std::size(numbers))];
}

constexpr const char *forgedFormats[] = {"raw",
                                         "inplace<12>",
                                         "window<4>",
                                         "palette<4>",
                                         "raw, order=k",
                                         "huffman<12>",
                                         "inplace<12>, order=k",
                                         "window<4,0>",
                                         "",
                                         "palette<4>, fold=flat",
                                         "rows",
                                         "raw, storage=k_major",
                                         "inplace<12, 1>",
                                         "uint<4>, scale={1x128, f32}"};

/// Changes one number of a header or of a part that all code follows.
void forge(const ForgedMemory &memory, const Bytes &image, uwt::test::Random &random) {
  ImageHeader &header = memory.header(), sound;
  std::memcpy(&sound, image.data(), sizeof(sound));
  uint64_t bytes = image.size();
  auto change = [&](uint64_t &number) { number = forgedNumber(random, number, bytes); };
  auto change32 = [&](uint32_t &number) {
    number = static_cast<uint32_t>(forgedNumber(random, number, bytes));
  };
  ImageHeader::Part *parts[WeightImage::parts] = {&header.panels, &header.table, &header.counts,
                                                  &header.order};
  for (unsigned i = 0; i < planeKinds; ++i)
    parts[WeightImage::parts - planeKinds + i] = &header.planes[i];
  ImageHeader::Part &part = *parts[random.below(WeightImage::parts)];
  switch (random.below(12)) {
  case 0:
    return change(part.begin);
  case 1:
    return change(part.bytes);
  case 2: // Of another part.
    part = *parts[random.below(WeightImage::parts)];
    return;
  case 3:
    return change(header.shape[random.below(maxImageRank)]);
  case 4:
    return change32(header.rank);
  case 5:
    return change32(random.below(2) ? header.element : header.integerBits);
  case 6:
    return change32(header.reserved);
  case 7:
    return change(header.bytes);
  case 8: {
    const char *text = forgedFormats[random.below(std::size(forgedFormats))];
    std::memset(header.format, random.below(4) ? 0 : 'x', maxImageFormat);
    std::strcpy(header.format, text);
    return;
  }
  case 9:
    return change(header.indexChecksum);
  default:
    break;
  }
  // A word of any part that has one, or of what lies between them.
  const ImageHeader::Part &whole = sound.planes[random.below(planeKinds)];
  const ImageHeader::Part *others[] = {&sound.panels, &sound.table, &sound.order, &whole};
  std::span<uint8_t> within = memory.bytesOf(*others[random.below(std::size(others))]);
  if (within.size() < 8)
    within = memory.span().subspan(sizeof(ImageHeader), bytes - sizeof(ImageHeader));
  uint64_t at = random.below(within.size() / 8) * 8, number = 0;
  std::memcpy(&number, within.data() + at, 8);
  change(number);
  std::memcpy(within.data() + at, &number, 8);
}

class ForgedImageTest : public ::testing::TestWithParam<const char *> {
protected:
  ThreadPool pool{1};
};

TEST_P(ForgedImageTest, IsRefusedOrAWholeWeight) {
  const std::vector<uint64_t> shapes[] = {{70, 90}, {3, 70, 90}, {1, 1}, {2, 1, 64, 64}};
  uint64_t taken = 0, refused = 0;
  for (const std::vector<uint64_t> &shape : shapes) {
    uint64_t elements = std::accumulate(shape.begin(), shape.end(), uint64_t(1), std::multiplies());
    Bytes weights = bf16Weights(elements, 3);
    weights[1] = 0x01; // An escape.
    Bytes sound = denseImage(GetParam(), shape, weights, pool);
    uwt::test::Random random(shape.size() * 7 + shape[0]);
    for (int trial = 0; trial < 1500; ++trial) {
      ForgedMemory memory(sound);
      uint64_t changes = 1 + random.below(3);
      for (uint64_t i = 0; i < changes; ++i)
        forge(memory, sound, random);
      memory.header().seal();
      auto image = WeightImage::open(memory.span());
      if (!image || !image->check(pool)) {
        ++refused;
        continue;
      }
      ++taken;
      auto decoder = image->decoder();
      auto bytes = image->tensorBytes();
      ASSERT_TRUE(holds(bytes));
      Bytes decoded(*bytes);
      DecodeOptions unchecked;
      unchecked.check = false;
      ASSERT_TRUE(holds(decoder->tensor.decode(decoded, pool, unchecked)));
      // Panels are padded: another shape or element makes them another weight, a whole one.
      bool isAlike =
          std::ranges::equal(image->shape(), shape) && image->element() == ElementType::BF16;
      if (isAlike)
        ASSERT_EQ(decoded, weights) << "trial " << trial;
    }
  }
  EXPECT_GT(refused, 4000U);
  EXPECT_GT(taken + refused, 5999U);
}

INSTANTIATE_TEST_SUITE_P(Formats, ForgedImageTest,
                         ::testing::Values("raw", "inplace<12>", "window<4>", "palette<4>"));

/// The attack: numbers of an order that the format does not have.
TEST_P(ForgedImageTest, AnOrderOfAFormatWithoutOneIsRefused) {
  Bytes sound = denseImage(GetParam(), {64, 64}, bf16Weights(64 * 64, 3), pool);
  for (uint64_t bytes : {4, 8, 256}) {
    ForgedMemory memory(sound);
    ImageHeader &header = memory.header();
    header.order = {header.planes[numberOf(PlaneKind::Raw)].begin, bytes};
    header.seal();
    EXPECT_FALSE(WeightImage::open(memory.span()));
    // Over no other part.
    ForgedMemory other(sound);
    other.header().order.bytes = bytes;
    other.header().seal();
    EXPECT_FALSE(WeightImage::open(other.span()));
  }
}

TEST(ForgedCodes, AreCopiedAsTheyAreOrRefused) {
  ThreadPool pool(1);
  for (uint64_t matrices : {1, 3}) {
    Bytes sound = imageOfCodes(matrices, 192, 256, pool);
    uint64_t columns = 256;
    uwt::test::Random random(matrices);
    uint64_t refused = 0;
    for (int trial = 0; trial < 3000; ++trial) {
      ForgedMemory memory(sound);
      uint64_t changes = 1 + random.below(2);
      for (uint64_t i = 0; i < changes; ++i)
        forge(memory, sound, random);
      memory.header().seal();
      auto image = WeightImage::open(memory.span());
      auto copy = image ? image->copyCodes() : Expected<LoadedWeight>(invalidError("no image"));
      if (!copy) {
        ++refused;
        continue;
      }
      ASSERT_EQ(image->shape().back(), columns);
      for (uint64_t matrix = 0; matrix < image->matrices(); ++matrix)
        EXPECT_TRUE(holds(image->checkColumnOrder(matrix)));
      ForgedMemory unchanged(sound);
      auto own = WeightImage::open(unchanged.span())->copyCodes();
      EXPECT_TRUE(std::ranges::equal(std::as_bytes(own->panels()), std::as_bytes(copy->panels())));
      EXPECT_FALSE(image->check(pool));
    }
    EXPECT_GT(refused, 2000U);
  }
}

TEST(ForgedCodes, AnOrderHasEachColumnOnce) {
  ThreadPool pool(1);
  Bytes sound = imageOfCodes(2, 128, 256, pool);
  auto messageWith = [&](uint64_t at, uint32_t number) {
    ForgedMemory memory(sound);
    std::memcpy(memory.bytesOf(memory.header().order).data() + at * 4, &number, 4);
    auto image = WeightImage::open(memory.span());
    EXPECT_TRUE(holds(image));
    EXPECT_FALSE(image->copyCodes());
    return messageOf(checkColumns(image->columnOrder(at / 256)));
  };
  EXPECT_THAT(messageWith(0, 256), testing::HasSubstr("number 256, and there are 256"));
  EXPECT_THAT(messageWith(511, ~0U), testing::HasSubstr("number 4294967295"));
  EXPECT_EQ(messageWith(3, 0), "no error") << "twice, and inside";
  ForgedMemory memory(sound);
  EXPECT_TRUE(holds(WeightImage::open(memory.span())->copyCodes()));
}

} // namespace
