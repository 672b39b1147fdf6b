//===- InPlaceTest.cpp - Bits of inplace<12> and inplace<11> --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FixedRateTesting.h"
#include <cstring>
#include <gtest/gtest.h>
#include <map>

using namespace uwt;
using namespace uwt::test;

namespace {

class InPlaceTest : public ::testing::TestWithParam<CodePath> {};
INSTANTIATE_TEST_SUITE_P(Paths, InPlaceTest,
                         ::testing::Values(CodePath::Reference, CodePath::Scalar, CodePath::Avx2,
                                           CodePath::Avx512));

/// Stored words that are not 0, by number, of a unit whose elements all have code
/// and raw field 0, but for one.
std::map<size_t, uint32_t> wordsOfOne(FixedCase c, uint32_t row, uint32_t column, uint16_t word,
                                      CodePath path) {
  CodingPlan plan = makePlan(c, 16, 256);
  plan.model.commonest = c.base;
  Panel panel(16, 256);
  for (uint32_t r = 0; r < 16; ++r)
    for (uint32_t k = 0; k < 256; ++k)
      panel.at(r, k) = static_cast<uint16_t>(c.base << 7);
  panel.at(row, column) = word;
  EncodedPanel out;
  encodeFixed(plan, panel.view(), path, out);
  EXPECT_TRUE(out.raw.empty());
  std::map<size_t, uint32_t> words;
  for (size_t i = 0; i < out.code.size() / 4; ++i) {
    uint32_t value;
    std::memcpy(&value, out.code.data() + 4 * i, 4);
    if (value)
      words[i] = value;
  }
  return words;
}

uint16_t bfloat(uint32_t sign, uint32_t exponent, uint32_t mantissa) {
  return static_cast<uint16_t>(sign << 15 | exponent << 7 | mantissa);
}

// inplace12-1: code 1010, mantissa 0110 101, negative, in half 0 of P3 of lane 0, block 1:
// row 8, column 16 + 8.
TEST_P(InPlaceTest, Inplace12SpreadsTheFourthRegister) {
  FixedCase c{.name = "inplace12", .packing = Packing::InPlace};
  auto words = wordsOfOne(c, 8, 24, bfloat(1, c.base + 0b1010, 0b0110101), GetParam());
  std::map<size_t, uint32_t> expected = {
      {0 * 128 + 1, 0b101u << 12 | 1u << (16 + 11)}, // bits 2:0; the sign lies crosswise
      {1 * 128 + 1, 0b0110u << 11},
      {2 * 128 + 1, 0b1010u << 11},
  };
  EXPECT_EQ(words, expected);
}

TEST_P(InPlaceTest, Inplace12KeepsTheOtherRegistersWhole) {
  FixedCase c{.name = "inplace12", .packing = Packing::InPlace};
  // P1, half 1, of lane 7 (g = 1, t = 3), block 3 of unit 2.
  auto words = wordsOfOne(c, 9, 2 * 64 + 48 + 7, bfloat(1, c.base + 9, 0x41), GetParam());
  std::map<size_t, uint32_t> expected = {
      {2 * 384 + 1 * 128 + 7 * 4 + 3, (0x8000u | 9 << 7 | 0x41) << 16}};
  EXPECT_EQ(words, expected);
}

// inplace11-1: code 110, mantissa 10 10011, negative, in half 0 of Q13 (block 3, r1) of
// lane 0, group 1: row 8, column 64 + 48.
TEST_P(InPlaceTest, Inplace11SpreadsTheLastFiveRegisters) {
  FixedCase c{.name = "inplace11", .chunks = {2, 1}, .packing = Packing::InPlace};
  auto words = wordsOfOne(c, 8, 112, bfloat(1, c.base + 0b110, 0b1010011), GetParam());
  std::map<size_t, uint32_t> expected = {
      {4 * 128 + 1, 0b11010u << 10}, {5 * 128 + 1, 0b10011u << 10}, {10 * 128 + 1, 1u << 12}};
  EXPECT_EQ(words, expected);
}

TEST_P(InPlaceTest, Inplace11KeepsTheOtherRegistersWhole) {
  FixedCase c{.name = "inplace11", .chunks = {2, 1}, .packing = Packing::InPlace};
  // Q6 (block 1, r2), half 1, of lane 30 (g = 7, t = 2), group 3.
  auto words = wordsOfOne(c, 7, 3 * 64 + 16 + 13, bfloat(1, c.base + 5, 0x33), GetParam());
  std::map<size_t, uint32_t> expected = {{6 * 128 + 30 * 4 + 3, (0x8000u | 5 << 7 | 0x33) << 16}};
  EXPECT_EQ(words, expected);
}

} // namespace
