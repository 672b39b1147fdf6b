//===- FieldPlaneTest.cpp - Where chunks of fields lie --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Panel.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace uwt;

namespace {

using Words = std::vector<uint16_t>;
using Bytes = std::vector<uint8_t>;

Bytes pack(Layout layout, uint32_t rows, uint64_t columns, std::vector<uint32_t> chunks,
           const Words &values, uint16_t padding = 0) {
  uint32_t bits = std::accumulate(chunks.begin(), chunks.end(), 0u);
  Bytes out(fieldBytes(layout, rows, columns, bits), 0xEE);
  packField(layout, rows, columns, chunks, values, padding, out);
  return out;
}

uint32_t wordAt(const Bytes &bytes, size_t index) {
  const uint8_t *at = bytes.data() + 4 * index;
  return at[0] | at[1] << 8 | at[2] << 16 | uint32_t(at[3]) << 24;
}

/// Offsets and values of the bytes that are not 0.
std::vector<std::pair<size_t, int>> nonZero(const Bytes &bytes) {
  std::vector<std::pair<size_t, int>> found;
  for (size_t i = 0; i < bytes.size(); ++i)
    if (bytes[i])
      found.emplace_back(i, bytes[i]);
  return found;
}

TEST(FieldPlaneTest, ChunksAreTheGreedyDescendingSum) {
  EXPECT_EQ(defaultChunks(6), (std::vector<uint32_t>{4, 2}));
  EXPECT_EQ(defaultChunks(11), (std::vector<uint32_t>{8, 2, 1}));
  EXPECT_EQ(defaultChunks(16), (std::vector<uint32_t>{16}));
}

// panel-3
TEST(FieldPlaneTest, SizesCountWholeUnitsOrWholeBytesOfRows) {
  EXPECT_EQ(fieldBytes(Layout::Fragment16x16, 1, 1, 8), 1024u);
  EXPECT_EQ(fieldBytes(Layout::Fragment16x16, 17, 65, 3), 4 * 384u);
  EXPECT_EQ(fieldBytes(Layout::Fragment16x16, 64, 0, 8), 0u);
  EXPECT_EQ(fieldBytes(Layout::RowMajor, 3, 5, 3), 3 * (2 + 1u));
}

// order-3, plane-1: lane 5 holds rows 1 and 9 and columns 2, 3 (r0, r1) and 10, 11.
TEST(FieldPlaneTest, BlocksAreInFragmentOrder) {
  Words values(16 * 64);
  std::iota(values.begin(), values.end(), uint16_t(0));
  Bytes out = pack(Layout::Fragment16x16, 16, 64, {16}, values);
  auto at = [](uint32_t kind, uint32_t lane, uint32_t block) {
    return (kind * 32 + lane) * 4 + block;
  };
  EXPECT_EQ(wordAt(out, at(0, 5, 0)), 0x0043'0042u); // row 1, columns 3, 2
  EXPECT_EQ(wordAt(out, at(1, 5, 0)), 0x0243'0242u); // row 9
  EXPECT_EQ(wordAt(out, at(2, 5, 3)), 0x007B'007Au); // row 1, columns 48 + 11, 48 + 10
  EXPECT_EQ(wordAt(out, at(3, 31, 3)), 0x03FF'03FEu);
}

// plane-1: row 9, column 35 is lane 5, register 1, half 1 of block 2.
TEST(FieldPlaneTest, EachChunkOfAnElementHasItsDrawnOffset) {
  Words values(16 * 64);
  values[9 * 64 + 35] = 0x7FFF;
  Bytes out = pack(Layout::Fragment16x16, 16, 64, {8, 4, 2, 1}, values);
  EXPECT_EQ(nonZero(out), (std::vector<std::pair<size_t, int>>{
                              {(5 * 4 + 2) * 4 + 3, 0xFF},
                              {1024 + (5 * 4 + 2) * 4 + 2, 0xF0},
                              {1024 + 512 + (5 * 2 + 1) * 4 + 2, 0x0C},
                              {1024 + 512 + 256 + 5 * 4 + 3, 0x02},
                          }));
}

// order-4: column group by column group, strip by strip inside a group.
TEST(FieldPlaneTest, UnitsLieGroupByGroup) {
  uint64_t columns = 65;
  Words values(17 * columns);
  values[16 * columns] = 1;      // strip 1, group 0
  values[64] = 2;                // strip 0, group 1
  values[16 * columns + 64] = 3; // strip 1, group 1
  Bytes out = pack(Layout::Fragment16x16, 17, columns, {8}, values);
  EXPECT_EQ(nonZero(out), (std::vector<std::pair<size_t, int>>{{1024, 1}, {2048, 2}, {3072, 3}}));
}

// order-7
TEST(FieldPlaneTest, PaddingHasTheGivenValue) {
  Bytes out = pack(Layout::Fragment16x16, 1, 1, {8}, {5}, 7);
  EXPECT_EQ(std::count(out.begin(), out.end(), 7), 1023);
  EXPECT_EQ(out[0], 5);
}

// plane-2
TEST(FieldPlaneTest, RowMajorRowsTakeTheirChunksOneAfterAnother) {
  Bytes out = pack(Layout::RowMajor, 2, 3, {2, 1}, {1, 2, 7, 4, 5, 6});
  EXPECT_EQ(out, (Bytes{0x39, 0x04, 0x24, 0x07}));
  EXPECT_EQ(pack(Layout::RowMajor, 1, 2, {16}, {0x1234, 0xABCD}), (Bytes{0x34, 0x12, 0xCD, 0xAB}));
}

TEST(FieldPlaneTest, UnpackingIsTheInverse) {
  for (Layout layout : {Layout::Fragment16x16, Layout::RowMajor})
    for (auto [rows, columns] : {std::pair(1, 1), {17, 33}, {5, 130}})
      for (uint32_t bits = 1; bits <= 16; ++bits) {
        Words values(rows * columns), back(values.size(), 0xEEEE);
        for (size_t i = 0; i < values.size(); ++i)
          values[i] = static_cast<uint16_t>((i * 40503u + 1) >> (16 - bits)) & ((1u << bits) - 1);
        Bytes out = pack(layout, rows, columns, defaultChunks(bits), values);
        unpackField(layout, rows, columns, defaultChunks(bits), out, back);
        EXPECT_EQ(back, values) << bits << " bits, " << rows << " x " << columns;
      }
}

} // namespace
