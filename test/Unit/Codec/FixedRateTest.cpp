//===- FixedRateTest.cpp - Fixed-rate panels, fast paths and oracle -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FixedRateTesting.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

constexpr CodePath fastPaths[] = {CodePath::Scalar, CodePath::Neon, CodePath::Avx2,
                                  CodePath::Avx512};
constexpr FieldSplit bf16j2 = {16, 10, 5}, f16 = {16, 5, 10}, e4m3 = {8, 4, 3}, e5m2j2 = {8, 7, 0};

std::vector<FixedCase> cases() {
  return {
      {.name = "Window4"},
      {.name = "Window3", .chunks = {2, 1}},
      {.name = "Bitplane3", .chunks = {1, 1, 1}},
      {.name = "Palette4", .palette = true},
      {.name = "Inplace12", .packing = Packing::InPlace},
      {.name = "Inplace11", .chunks = {2, 1}, .packing = Packing::InPlace},
      {.name = "Inplace12Runs", .packing = Packing::InPlace, .escapes = Escapes::Rows64},
      {.name = "Inplace11Runs",
       .chunks = {2, 1},
       .packing = Packing::InPlace,
       .escapes = Escapes::Rows64},
      {.name = "Window3Runs", .chunks = {2, 1}, .escapes = Escapes::Rows64},
      {.name = "Window4Rows", .layout = Layout::RowMajor},
      {.name = "Bitplane3Rows", .chunks = {1, 1, 1}, .layout = Layout::RowMajor},
      {.name = "Palette4RowsRuns",
       .layout = Layout::RowMajor,
       .escapes = Escapes::Rows64,
       .palette = true},
      {.name = "Window4Mantissa", .split = bf16j2, .base = 0x1E0},
      {.name = "Palette4MantissaRows",
       .layout = Layout::RowMajor,
       .split = bf16j2,
       .base = 0x1E0,
       .palette = true},
      {.name = "Palette4Mantissa", .split = bf16j2, .base = 0x1E0, .palette = true},
      {.name = "Window4Half", .split = f16, .base = 8},
      {.name = "Window3HalfRows",
       .chunks = {2, 1},
       .layout = Layout::RowMajor,
       .split = f16,
       .base = 8},
      {.name = "Window3Float8", .chunks = {2, 1}, .split = e4m3, .base = 2},
      {.name = "Palette4Float8", .split = e5m2j2, .base = 0x30, .palette = true},
      {.name = "Palette4WideCodes", .chunks = {4, 1}, .palette = true},
      {.name = "Units128", .chunks = {1, 4}, .unitColumns = 128},
      {.name = "Units256Runs", .chunks = {4, 1}, .escapes = Escapes::Rows64, .unitColumns = 256},
  };
}

class FixedRateTest : public ::testing::TestWithParam<FixedCase> {};
INSTANTIATE_TEST_SUITE_P(Formats, FixedRateTest, ::testing::ValuesIn(cases()),
                         [](const auto &info) { return info.param.name; });

void expectSame(const EncodedPanel &a, const EncodedPanel &b) {
  EXPECT_EQ(a.overflow, b.overflow);
  EXPECT_TRUE(a.raw == b.raw);
  EXPECT_TRUE(a.code == b.code);
  EXPECT_EQ(a.patch, b.patch);
  EXPECT_EQ(a.counts, b.counts);
}

/// Encodes with every path, expects the same bytes and gives them.
EncodedPanel encodeAllWays(const CodingPlan &plan, const Panel &panel) {
  EncodedPanel oracle;
  encodeFixed(plan, panel.view(), CodePath::Reference, oracle);
  FixedPanelSizes sizes = fixedPanelSizes(plan, panel.rows);
  EXPECT_EQ(oracle.raw.size(), sizes.raw);
  EXPECT_EQ(oracle.code.size(), sizes.code);
  EXPECT_EQ(oracle.counts.size(), sizes.counts);
  for (CodePath path : fastPaths) {
    SCOPED_TRACE("path " + std::to_string(int(path)));
    // Vectors that another panel has left behind do no harm.
    EncodedPanel fast{{1, 2, 3}, std::vector<uint8_t>(sizes.code, 0xEE), {4}, {5}, true};
    encodeFixed(plan, panel.view(), path, fast);
    expectSame(oracle, fast);
  }
  return oracle;
}

/// Decodes with every path and row by row, expects the same words and gives them.
Panel decodeAllWays(const CodingPlan &plan, const EncodedPanel &encoded, uint32_t rows) {
  Panel oracle(rows, plan.matrix.columns);
  EXPECT_TRUE(decodeFixed(plan, coded(encoded), CodePath::Reference, oracle.mutableView()));
  for (CodePath path : fastPaths) {
    Panel fast(rows, plan.matrix.columns);
    EXPECT_TRUE(decodeFixed(plan, coded(encoded), path, fast.mutableView()));
    EXPECT_TRUE(fast == oracle) << "path " << int(path);
  }
  for (uint32_t row = 0; plan.format.layout == Layout::RowMajor && row < rows; ++row) {
    std::vector<uint16_t> alone(plan.matrix.columns);
    EXPECT_TRUE(decodeFixedRow(plan, coded(encoded), rows, row, alone));
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), oracle.view().row(row))) << "row " << row;
  }
  return oracle;
}

TEST_P(FixedRateTest, EveryShapeComesBackOnEveryPath) {
  const std::pair<uint32_t, uint64_t> shapes[] = {
      {1, 1}, {17, 33}, {16, 64}, {64, 64}, {16, 256}, {3, 1000}, {33, 1087}, {64, 2049}, {5, 0}};
  for (auto [rows, columns] : shapes) {
    SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns));
    CodingPlan plan = makePlan(GetParam(), rows, columns);
    for (uint32_t escapeEvery : {0u, 50u}) {
      Panel panel = randomPanel(plan, rows, escapeEvery, rows * 31 + escapeEvery);
      EncodedPanel encoded = encodeAllWays(plan, panel);
      ASSERT_FALSE(encoded.overflow);
      EXPECT_EQ(encoded.patch.empty(), escapeEvery == 0 || columns < 2);
      EXPECT_TRUE(decodeAllWays(plan, encoded, rows) == panel);
    }
  }
}

TEST_P(FixedRateTest, EveryWordComesBackAmongFewEscapes) {
  CodingPlan plan = makePlan(GetParam(), 64, 4100);
  uint32_t patterns = 1u << plan.split.wordBits;
  Panel panel = randomPanel(plan, 64, 0, 7);
  uint32_t next = 0;
  for (uint64_t row = 0; row < 64; ++row)
    for (uint64_t column = row % 4; column < 4100; column += 4)
      panel.at(row, column) = static_cast<uint16_t>(next++ * 40503u % patterns);
  ASSERT_GE(next, patterns);
  // Too many escapes for a count are the caller's business, yet never another word.
  EncodedPanel encoded = encodeAllWays(plan, panel);
  EXPECT_TRUE(decodeAllWays(plan, encoded, 64) == panel);
}

TEST_P(FixedRateTest, DamagedPlanesDecodeTheSameOnEveryPath) {
  CodingPlan plan = makePlan(GetParam(), 40, 1100);
  EncodedPanel encoded = encodeAllWays(plan, randomPanel(plan, 40, 300, 5));
  std::mt19937 random(6);
  for (std::vector<uint8_t> *plane : {&encoded.raw, &encoded.code})
    for (uint8_t &byte : *plane)
      byte = static_cast<uint8_t>(random());
  decodeAllWays(plan, encoded, 40);
}

// Every path finds the same one of two faults: the first in the order of units.
TEST_P(FixedRateTest, DamagedRecordsFailTheSameOnEveryPath) {
  CodingPlan plan = makePlan(GetParam(), 40, 1100);
  EncodedPanel encoded = encodeAllWays(plan, randomPanel(plan, 40, 20, 5));
  ASSERT_GE(encoded.patch.size(), 40u);
  std::swap_ranges(encoded.patch.begin(), encoded.patch.begin() + 17, encoded.patch.end() - 17);
  Panel out(40, 1100);
  Status oracle = decodeFixed(plan, coded(encoded), CodePath::Reference, out.mutableView());
  ASSERT_FALSE(oracle);
  for (CodePath path : fastPaths) {
    Status status = decodeFixed(plan, coded(encoded), path, out.mutableView());
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message(), oracle.error().message());
  }
}

TEST_P(FixedRateTest, StreamingWritesTheSameWords) {
  constexpr uint32_t rows = 40, columns = 576;
  CodingPlan plan = makePlan(GetParam(), rows, columns);
  Panel panel = randomPanel(plan, rows, 100, 8);
  EncodedPanel encoded = encodeAllWays(plan, panel);
  std::vector<uint16_t> storage(rows * columns + 32);
  size_t skipped = -reinterpret_cast<uintptr_t>(storage.data()) % 64 / 2;
  MutablePanelWords out = {storage.data() + skipped, columns, rows, columns, true};
  for (CodePath path : fastPaths) {
    std::fill(storage.begin(), storage.end(), uint16_t(0));
    EXPECT_TRUE(decodeFixed(plan, coded(encoded), path, out));
    for (uint32_t row = 0; row < rows; ++row)
      EXPECT_TRUE(std::equal(out.row(row), out.row(row) + columns, panel.view().row(row)))
          << "path " << int(path) << ", row " << row;
  }
}

TEST(FixedRateEscapeTest, PanelOverflowsWhereAUnitHasTooMany) {
  CodingPlan plan = makePlan({}, 16, 64);
  for (uint32_t escapes : {255u, 256u}) {
    Panel panel = randomPanel(plan, 16, 0, 1);
    for (uint32_t i = 0; i < escapes; ++i)
      panel.at(i / 64, i % 64) = 0x7FFF;
    EncodedPanel encoded = encodeAllWays(plan, panel);
    EXPECT_EQ(encoded.overflow, escapes > 255);
    EXPECT_EQ(encoded.counts, std::vector<uint32_t>{escapes});
  }
}

TEST(FixedRateEscapeTest, WithoutEscapesThePanelOverflows) {
  CodingPlan plan = makePlan({.escapes = Escapes::None}, 16, 64);
  Panel panel = randomPanel(plan, 16, 0, 1);
  EncodedPanel encoded = encodeAllWays(plan, panel);
  EXPECT_FALSE(encoded.overflow);
  EXPECT_TRUE(encoded.counts.empty());
  panel.at(3, 4) = 0x7FFF;
  EXPECT_TRUE(encodeAllWays(plan, panel).overflow);
}

// escape-1, escape-2: a word and its position, over the commonest symbol's code.
TEST(FixedRateEscapeTest, PatchRecordsAreDrawnAsSpecified) {
  CodingPlan plan = makePlan({}, 16, 128);
  plan.model.commonest = 0x78;
  Panel panel(16, 128);
  for (uint32_t row = 0; row < 16; ++row)
    std::fill_n(&panel.at(row, 0), 128, uint16_t(0x78 << 7));
  panel.at(9, 64 + 35) = 0xFFC1; // unit 1: block 2, lane 5, register 1, half 1
  EncodedPanel encoded = encodeAllWays(plan, panel);
  EXPECT_EQ(encoded.counts, (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(encoded.patch, std::vector<uint32_t>{(((2 * 32 + 5) * 4 + 1) * 2 + 1) << 16 | 0xFFC1});
  EXPECT_EQ(encoded.raw[1024 + (5 * 4 + 2) * 4 + 3], 0xC1);
  EXPECT_EQ(std::count(encoded.code.begin(), encoded.code.end(), 0), 1024);
}

// escape-3: the run's number, its symbols in column order, padding the commonest.
TEST(FixedRateEscapeTest, RunRecordsAreDrawnAsSpecified) {
  CodingPlan plan = makePlan({.escapes = Escapes::Rows64}, 3, 66);
  plan.model.commonest = 0x78;
  Panel panel(3, 66);
  for (uint32_t row = 0; row < 3; ++row)
    std::fill_n(&panel.at(row, 0), 66, uint16_t(0x79 << 7));
  panel.at(2, 65) = 0xFFC1;
  EncodedPanel encoded = encodeAllWays(plan, panel);
  EXPECT_EQ(encoded.counts, (std::vector<uint32_t>{0, 1}));
  std::vector<uint32_t> record(17, 0x78787878);
  record[0] = 2;
  record[1] = 0x7878FF79;
  EXPECT_EQ(encoded.patch, record);
}

class WordsTest : public ::testing::TestWithParam<Layout> {};
INSTANTIATE_TEST_SUITE_P(Layouts, WordsTest,
                         ::testing::Values(Layout::Fragment16x16, Layout::RowMajor));

TEST_P(WordsTest, EveryWordComesBackOnEveryPath) {
  for (uint32_t bits : {8u, 16u})
    for (auto [rows, columns] : {std::pair(64, 1024), {1, 1}, {17, 33}, {64, 130}, {2, 0}}) {
      Panel panel(rows, columns);
      for (uint64_t i = 0; i < uint64_t(rows) * columns; ++i)
        panel.at(i / columns, i % columns) = static_cast<uint16_t>(i & ((1u << bits) - 1));
      std::vector<uint8_t> oracle;
      encodeWords(GetParam(), bits, panel.view(), CodePath::Reference, oracle);
      for (CodePath path :
           {CodePath::Reference, CodePath::Scalar, CodePath::Avx2, CodePath::Avx512}) {
        std::vector<uint8_t> bytes = {1, 2, 3};
        encodeWords(GetParam(), bits, panel.view(), path, bytes);
        EXPECT_TRUE(bytes == oracle) << bits << " bits, path " << int(path);
        Panel back(rows, columns);
        decodeWords(GetParam(), bits, bytes, path, back.mutableView());
        EXPECT_TRUE(back == panel) << bits << " bits, path " << int(path);
      }
    }
}

} // namespace
