//===- ScalesTest.cpp - context=scale -------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is the context's own; round trips, damage and sizes are ConformanceTest's.
//
//===----------------------------------------------------------------------===//

#include "lib/Codec/Scales.h"
#include "TestData.h"
#include "uwt/Codec/Codec.h"
#include <algorithm>
#include <bit>
#include <gtest/gtest.h>
#include <ranges>

using namespace uwt;
using test::Random;

static CodingPlan planOf(ElementType element, const char *text, MatrixShape matrix) {
  CodingPlan plan;
  plan.element = element;
  plan.format = *Format::parse(text);
  plan.split = splitOf(element, plan.format);
  plan.matrix = matrix;
  return plan;
}

TEST(ScalesTest, EveryWordComesBack) { // scale-3
  for (ElementType element : {ElementType::BF16, ElementType::F16, ElementType::F8E4M3FN}) {
    uint32_t words = 1u << getTraits(element).wordBits;
    std::vector<uint16_t> all(words);
    for (uint32_t i = 0; i < words; ++i)
      all[i] = static_cast<uint16_t>(i);
    for (const char *text : {"rans<12>, context=scale<8>, coded=sign+exponent+2",
                             "rans<12>, context=scale<1>, coded=sign+exponent+0"}) {
      CodingPlan plan = planOf(element, text, {4, words / 4});
      std::vector<uint8_t> rows = {0, 7, 100, 255};
      std::vector<uint16_t> columns(words / 4);
      for (size_t i = 0; i < columns.size(); ++i)
        columns[i] = static_cast<uint16_t>(i * 7 % 512);
      std::vector<uint16_t> relative;
      makeRelative(plan, {rows, columns}, {all.data(), words / 4, 4, words / 4}, relative);
      EXPECT_NE(relative, all);
      makeAbsolute(plan, {rows, columns}, {relative.data(), words / 4, 4, words / 4});
      EXPECT_EQ(relative, all);
    }
  }
}

TEST(ScalesTest, RelativeWordsAreThoseOfTheSpecification) { // scale-3
  CodingPlan plan =
      planOf(ElementType::BF16, "rans<12>, context=scale<4>, coded=sign+exponent+2", {1, 3});
  // a = 5; b = 2, 3 with a sign, 255: 1, 2 and 65 octaves.
  std::vector<uint8_t> rows = {5};
  std::vector<uint16_t> columns = {2, 3 | 1 << columnSignShift, 255};
  std::vector<uint16_t> words = {0x3F81, 0xBF82, 0x0083}, relative;
  makeRelative(plan, {rows, columns}, {words.data(), 3, 1, 3}, relative);
  EXPECT_EQ(relative,
            (std::vector<uint16_t>{0x3F81 - (1 << 7), 0x3F82 - (2 << 7), (256 + 1 - 65) << 7 | 3}));
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

static TensorScales randomScales(const CodingPlan &plan, uint64_t matrices, uint64_t seed,
                                 uint32_t range) {
  Random random(seed);
  TensorScales scales;
  scales.rows.resize(matrices * plan.matrix.panels() * panelRows);
  for (uint64_t matrix = 0; matrix < matrices; ++matrix)
    for (uint64_t row = 0; row < plan.matrix.rows; ++row)
      scales.rows[matrix * plan.matrix.panels() * panelRows + row] =
          static_cast<uint8_t>(100 + random.below(range));
  for (uint64_t i = 0; i < matrices * plan.matrix.columns; ++i) {
    uint64_t sign = plan.format.codedSign ? random.below(2) : 0;
    scales.columns.push_back(static_cast<uint16_t>(random.below(range) | sign << columnSignShift));
  }
  return scales;
}

TEST(ScalesTest, ScalesGoThroughTheirBits) { // scale-4
  for (const char *text :
       {"rans<12>, context=scale<8>, coded=sign+exponent+2", "rans<12>, context=scale<8>"})
    for (MatrixShape shape : {MatrixShape{1, 1}, {64, 3}, {65, 70}, {130, 5}})
      for (uint32_t range : {1u, 9u, 156u}) {
        CodingPlan plan = planOf(ElementType::BF16, text, shape);
        TensorScales scales = randomScales(plan, 2, shape.rows, range);
        std::vector<uint32_t> words;
        writeScales(plan, scales, 2, words);
        size_t size = words.size(), used = 0;
        // As many u32 of a directory as readers ask for follow.
        words.resize(size + 8, ~0u);
        Expected<TensorScales> read = readScales(plan, 2, words, used);
        ASSERT_TRUE(read) << read.error().message();
        EXPECT_EQ(used, size);
        EXPECT_EQ(read->rows, scales.rows);
        EXPECT_EQ(read->columns, scales.columns);
      }
}

TEST(ScalesTest, BitsAreThoseOfTheSpecification) { // scale-4
  CodingPlan plan =
      planOf(ElementType::BF16, "rans<12>, context=scale<8>, coded=sign+exponent+2", {2, 1});
  TensorScales scales;
  scales.rows.resize(panelRows);
  scales.rows[0] = scales.rows[1] = 5;
  scales.columns = {9 | 1 << columnSignShift};
  std::vector<uint32_t> words;
  writeScales(plan, scales, 1, words);
  // Center 5 and order 0, twice z = 0 (bit 1); center 9 and order 0, z = 0, sign 1.
  EXPECT_EQ(words, (std::vector<uint32_t>{5u | 3u << 11 | 9u << 13 | 3u << 24}));
}

TEST(ScalesTest, ScalesAreRefusedWhereTheyAreNone) {
  CodingPlan plan = planOf(ElementType::BF16, "rans<12>, context=scale<8>", {2, 1});
  size_t used = 0;
  auto error = [&](std::vector<uint32_t> words, uint64_t matrices = 1) {
    Expected<TensorScales> scales = readScales(plan, matrices, words, used);
    return scales ? std::string() : scales.error().message();
  };
  EXPECT_EQ(error({3u << 11 | 1u << 24}), "");
  EXPECT_EQ(error({3u << 11 | 1u << 24 | 1u << 30}),
            "padding after the model's scales is not zero");
  // z = 1, bits 0 1 0, is one below the center 0.
  EXPECT_EQ(error({2u << 11}), "a scale of the model is -1, expected 0 to 255");
  EXPECT_EQ(error({3u << 11}), "model is too short: it ends inside its tables");
  EXPECT_EQ(error({0}), "a number of the model is larger than 510");
  EXPECT_EQ(error({}), "plane index is too short for the scales of 1 matrices");
  EXPECT_EQ(error({0, 0}, uint64_t(1) << 40),
            "plane index is too short for the scales of 1099511627776 matrices");
}

//===----------------------------------------------------------------------===//
// From weights
//===----------------------------------------------------------------------===//

namespace {
/// Gaussian BF16 weights whose rows and columns have scales.
struct ScaledWeights {
  uint32_t rows, columns;
  std::vector<uint16_t> words;

  ScaledWeights(uint32_t rows, uint32_t columns) : rows(rows), columns(columns) {
    Random random(3);
    std::vector<double> ofColumns(columns);
    for (double &scale : ofColumns)
      scale = test::reproducibleExp(random.normal() * 0.5);
    for (uint32_t r = 0; r < rows; ++r) {
      double ofRow = 0.02 * test::reproducibleExp(random.normal() * 0.5);
      for (uint32_t c = 0; c < columns; ++c)
        words.push_back(static_cast<uint16_t>(
            test::roundToElement(random.normal() * ofRow * ofColumns[c], ElementType::BF16)));
    }
  }
  PanelSource source() const {
    return [this](uint64_t panel, std::vector<uint16_t> &) {
      uint32_t first = static_cast<uint32_t>(panel) * panelRows;
      return PanelWords{words.data() + size_t(first) * columns, columns,
                        std::min(panelRows, rows - first), columns};
    };
  }
  std::span<const uint8_t> bytes() const {
    return {reinterpret_cast<const uint8_t *>(words.data()), words.size() * 2};
  }
};
} // namespace

TEST(ScalesTest, ScalesFollowRowsAndColumns) {
  ScaledWeights weights(100, 300);
  // A row twice as large as the one before, one of zeros, and infinities that say nothing.
  for (uint32_t c = 0; c < weights.columns; ++c) {
    weights.words[weights.columns + c] = static_cast<uint16_t>(weights.words[c] + (1 << 7));
    weights.words[2 * weights.columns + c] = 0;
  }
  weights.words[5] = 0x7F80;
  weights.words[weights.columns + 5] = 0x7F80;
  CodingPlan plan = planOf(ElementType::BF16, "rans<12>, context=scale<8>, coded=sign+exponent+2",
                           {weights.rows, weights.columns});
  PanelSource source = weights.source();
  std::vector<uint64_t> matrixOf(2);
  ThreadPool one(1), three(3);
  TensorScales scales = findScales(plan, {source, matrixOf}, 1, one);
  EXPECT_EQ(scales.rows[1], scales.rows[0] + 8);
  EXPECT_EQ(scales.rows[2], 0);
  EXPECT_EQ(std::ranges::count(scales.rows | std::views::drop(weights.rows), 0), 28);
  TensorScales again = findScales(plan, {source, matrixOf}, 1, three);
  EXPECT_EQ(again.rows, scales.rows);
  EXPECT_EQ(again.columns, scales.columns);
}

static uint64_t encodedBytes(const ScaledWeights &weights, const std::string &text) {
  TensorDescription description{
      ElementType::BF16, {weights.rows, weights.columns}, *Format::parse(text)};
  MemoryPlanes planes;
  ThreadPool pool(2);
  Expected<EncodedTensor> encoded = encodeTensor(description, weights.bytes(), planes, pool);
  EXPECT_TRUE(bool(encoded));
  return encoded ? encoded->bytes() : 0;
}

TEST(ScalesTest, ScaledWeightsTakeLessThanInRowClasses) {
  ScaledWeights weights(512, 1024);
  uint64_t classes = encodedBytes(weights, "rans<12>, coded=exponent+2, context=row_class<16>");
  uint64_t scales = encodedBytes(weights, "rans<12>, coded=exponent+3, context=scale<8>");
  EXPECT_LT(scales * 100, classes * 99);
  // 8 bytes less for each of eight panels.
  EXPECT_EQ(scales -
                encodedBytes(weights, "rans<12>, coded=exponent+3, context=scale<8>, index=short"),
            64u);
  // Three starts and 24 lanes less for each of eight panels, of some 11 bits a lane.
  uint64_t panels =
      encodedBytes(weights, "rans<12>, coded=exponent+3, context=scale<8>, unit=panel");
  EXPECT_LT(panels + 8 * (12 + 24), scales);
}

TEST(ScalesTest, SmallestTakesScalesWhereTheyPay) {
  ScaledWeights weights(512, 1024);
  TensorDescription description{ElementType::BF16, {weights.rows, weights.columns}, Format()};
  ThreadPool pool(2);
  ChosenFormat chosen = *chooseFormat(FormatPolicy::Smallest, description, weights.bytes(), pool);
  EXPECT_EQ(chosen.format.scaleSteps, 8u);
  EXPECT_TRUE(chosen.format.panelUnits); // choice-14
  ASSERT_NE(chosen.scales, nullptr);
  // The choice hands its scales on: with them the bytes are the same.
  description.format = chosen.format;
  MemoryPlanes given, found;
  EncodeOptions options;
  options.chosen = &chosen;
  ASSERT_TRUE(bool(encodeTensor(description, weights.bytes(), given, pool, options)));
  ASSERT_TRUE(bool(encodeTensor(description, weights.bytes(), found, pool)));
  EXPECT_EQ(given.planes, found.planes);
}

TEST(ScalesTest, OlderReadersGetWhatTheyKnow) { // choice-14
  ScaledWeights weights(512, 1024);
  TensorDescription description{ElementType::BF16, {weights.rows, weights.columns}, Format()};
  ThreadPool pool(2);
  ChosenFormat chosen = *chooseFormat(FormatPolicy::Smallest, description, weights.bytes(), pool,
                                      /*sample=*/nullptr, /*newestReader=*/6);
  EXPECT_EQ(chosen.format.scaleSteps, 8u);
  EXPECT_EQ(chosen.format.reader(), 6u);
}

TEST(ScalesTest, CompositionsAreChecked) { // scale-1
  auto refusal = [](const char *text, ElementType element = ElementType::BF16) {
    Expected<CodecTraits> traits = checkFormat(*Format::parse(text), element);
    return traits ? std::string() : traits.error().message();
  };
  EXPECT_EQ(refusal("rans<12>, context=scale<8>"), "");
  EXPECT_EQ(refusal("rans<12>, context=scale<8>", ElementType::UInt8),
            "context=scale<8>: uint8 has no exponent that a scale could be taken from");
  EXPECT_EQ(refusal("rans<12>, context=scale<3>"),
            "context=scale<3>: expected 1, 2, 4, 8 or 16 steps of an octave");
  EXPECT_EQ(refusal("huffman<12,1>, context=scale<8>"),
            "codec huffman<12,1> has a code table a row; context=scale<8> needs one an element, as "
            "rans<12> has");
  EXPECT_EQ(refusal("rans<12>, coded=sign+exponent+2"),
            "coded=sign+exponent needs context=scale, whose columns have signs that they mostly "
            "have");
  EXPECT_EQ(refusal("rans<12>, coded=exponent+5, context=scale<8>"),
            "coded=exponent+5: with context=scale and rans<12> at most 4 mantissa bits");
  EXPECT_EQ(refusal("window<4>, index=short"),
            "codec window<4> has a fixed rate; index=short is for a code of variable rate such as "
            "huffman<12,1>");
  EXPECT_EQ(refusal("rans<12>, unit=panel"),
            "unit=panel needs context=scale, whose units have all columns of a panel");
  EXPECT_EQ(refusal("huffman<12,1>, tables=exact"),
            "codec huffman<12,1> has no frequencies; tables=exact is for codec rans");
  EXPECT_EQ((*Format::parse("rans<12>, context=scale<8>")).reader(), 6u);
  EXPECT_EQ((*Format::parse("rans<12>, context=scale<8>, unit=panel")).reader(), 7u);
  EXPECT_EQ((*Format::parse("rans<12>, tables=exact")).reader(), 7u);
  EXPECT_EQ((*Format::parse("huffman<12,1>, index=short")).reader(), 6u);
}
