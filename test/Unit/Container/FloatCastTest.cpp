//===- FloatCastTest.cpp - Floats in another dtype ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule diff-8 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "lib/Container/FloatCast.h"
#include "Codec/TestData.h"
#include "lib/Container/Cast.h"
#include <bit>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

template <typename To, typename From>
std::vector<To> cast(const char *from, const char *to, const std::vector<From> &source) {
  std::vector<To> out(source.size());
  ThreadPool pool(2);
  castFloats(*findSafetensorsDtype(from), *findSafetensorsDtype(to),
             {reinterpret_cast<const uint8_t *>(source.data()), source.size() * sizeof(From)},
             {reinterpret_cast<uint8_t *>(out.data()), out.size() * sizeof(To)}, pool);
  return out;
}

std::vector<uint16_t> allWords() {
  std::vector<uint16_t> words(65536);
  for (size_t i = 0; i < words.size(); ++i)
    words[i] = static_cast<uint16_t>(i);
  return words;
}

/// Returns doubles of all kinds, many of them around what the smaller types end at.
std::vector<double> manyDoubles(uint64_t seed) {
  Random random(seed);
  std::vector<double> values = {0.0, -0.0, INFINITY, -INFINITY, 0x1p-149, 0x1p-150, 0x1.8p-150};
  for (int exponent :
       {-1074, -1022, -150, -149, -127, -126, -25, -24, -15, -14, 0, 15, 16, 127, 128})
    for (int i = 0; i < 2000; ++i) {
      double value = std::ldexp(1 + std::ldexp(double(random.below(1 << 30)), -30), exponent);
      // Ties of each type.
      if (random.below(2) != 0)
        value = std::ldexp(std::floor(std::ldexp(value, 25 - exponent)), exponent - 25);
      values.push_back(random.below(2) != 0 ? value : -value);
    }
  return values;
}

TEST(FloatCastTest, WideningIsExactAndComesBack) {
  for (const char *narrow : {"F16", "BF16"})
    for (const char *wide : {"F32", "F64"}) {
      std::vector<uint16_t> words = allWords(), back;
      if (std::string_view(wide) == "F32")
        back = cast<uint16_t>(wide, narrow, cast<uint32_t>(narrow, wide, words));
      else
        back = cast<uint16_t>(wide, narrow, cast<uint64_t>(narrow, wide, words));
      int places = std::string_view(narrow) == "F16" ? 10 : 7;
      unsigned infinity = std::string_view(narrow) == "F16" ? 0x7c00u : 0x7f80u;
      for (unsigned word : words) { // A NaN becomes quiet.
        bool isNan = (word & 0x7fffu) > infinity;
        EXPECT_EQ(back[word], isNan ? word | 1u << (places - 1) : word) << narrow << " " << wide;
      }
    }
}

TEST(FloatCastTest, SinglesAreThoseOfTheMachine) {
  std::vector<double> values = manyDoubles(1);
  std::vector<uint64_t> bits;
  for (double value : values)
    bits.push_back(std::bit_cast<uint64_t>(value));
  std::vector<uint32_t> singles = cast<uint32_t>("F64", "F32", bits);
  std::vector<uint64_t> back = cast<uint64_t>("F32", "F64", singles);
  for (size_t i = 0; i < values.size(); ++i) {
    auto single = static_cast<float>(values[i]);
    ASSERT_EQ(singles[i], std::bit_cast<uint32_t>(single)) << values[i];
    ASSERT_EQ(back[i], std::bit_cast<uint64_t>(static_cast<double>(single))) << values[i];
  }
}

/// The rounding of --cast, by other code.
TEST(FloatCastTest, BrainFloatsAreThoseOfCast) {
  Random random(2);
  std::vector<uint32_t> bits;
  for (size_t i = 0; i < 200000; ++i) {
    auto word = static_cast<uint32_t>(random.next());
    bits.push_back(random.below(4) != 0 ? word : (word & 0xffff0000u) | 0x8000u);
  }
  std::vector<uint16_t> expected(bits.size());
  ThreadPool pool(2);
  castToBF16(*findSafetensorsDtype("F32"),
             {reinterpret_cast<const uint8_t *>(bits.data()), bits.size() * 4},
             {reinterpret_cast<uint8_t *>(expected.data()), bits.size() * 2}, pool);
  EXPECT_EQ(cast<uint16_t>("F32", "BF16", bits), expected);
  std::vector<uint16_t> halves = allWords();
  expected.resize(halves.size());
  castToBF16(*findSafetensorsDtype("F16"),
             {reinterpret_cast<const uint8_t *>(halves.data()), halves.size() * 2},
             {reinterpret_cast<uint8_t *>(expected.data()), halves.size() * 2}, pool);
  EXPECT_EQ(cast<uint16_t>("F16", "BF16", halves), expected);
}

/// A double between two halves, which singles would round to the tie.
TEST(FloatCastTest, DoublesAreRoundedOnce) {
  double value = 1 + 0x1p-11 + 0x1p-40;
  EXPECT_EQ(cast<uint16_t>("F64", "F16", std::vector<uint64_t>{std::bit_cast<uint64_t>(value)}),
            (std::vector<uint16_t>{0x3c01}));
  EXPECT_EQ(cast<uint16_t>("F32", "F16", std::vector<uint32_t>{0x477ff000u, 0x477fefffu}),
            (std::vector<uint16_t>{0x7c00, 0x7bff}));
}

TEST(FloatCastTest, OnlyFloatsAreCast) {
  auto dtype = [](const char *name) { return *findSafetensorsDtype(name); };
  EXPECT_TRUE(hasFloatCast(dtype("I8"), dtype("I8")));
  for (const char *other : {"I8", "I16", "F8_E4M3", "C64", "BOOL"}) {
    EXPECT_FALSE(hasFloatCast(dtype(other), dtype("F32"))) << other;
    EXPECT_FALSE(hasFloatCast(dtype("BF16"), dtype(other))) << other;
  }
}

} // namespace
