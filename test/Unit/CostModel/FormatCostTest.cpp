//===- FormatCostTest.cpp - Expected bits of formats ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/FormatCost.h"
#include "uwt/Codec/Tensor.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;

static double bitsOf(const char *text, ElementType element = ElementType::BF16) {
  return expectedSize(*Format::parse(text), element).bitsPerWeight;
}

TEST(FormatCost, RawIsTheElement) {
  EXPECT_EQ(bitsOf("raw"), 16);
  EXPECT_EQ(bitsOf("raw", ElementType::F32), 32);
  EXPECT_EQ(bitsOf("raw", ElementType::F8E4M3FN), 8);
}

TEST(FormatCost, FixedRatesAreTheirBitsAndFewEscapes) {
  EXPECT_GT(bitsOf("inplace<12>"), 12);
  EXPECT_LT(bitsOf("inplace<12>"), 12.1);
  // Three bits hold fewer exponents, so more are escaped.
  EXPECT_GT(bitsOf("inplace<11>") - 11, bitsOf("inplace<12>") - 12);
}

TEST(FormatCost, NoFormatTakesMoreThanRaw) {
  for (const Codec *codec : allCodecs())
    for (const std::string &example : codec->examples()) {
      double bits = bitsOf(example.c_str());
      EXPECT_GT(bits, 8) << example;
      EXPECT_LE(bits, 16) << example;
    }
}

namespace {
/// Weights as the model takes them, in bf16.
std::vector<uint8_t> drawWeights(uint64_t rows, uint64_t columns) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  std::student_t_distribution<double> t4(4);
  std::vector<uint8_t> bytes(rows * columns * 2);
  for (uint64_t row = 0; row < rows; ++row) {
    double scale = 0.02 * std::exp(0.3 * normal(random));
    for (uint64_t k = 0; k < columns; ++k) {
      auto value = static_cast<float>(scale * t4(random));
      std::memcpy(&bytes[2 * (row * columns + k)], reinterpret_cast<const char *>(&value) + 2, 2);
    }
  }
  return bytes;
}
} // namespace

TEST(FormatCost, ExpectedBitsAreThoseOfEncodedWeights) {
  ThreadPool pool(2);
  std::vector<uint8_t> weights = drawWeights(512, 2048);
  for (const char *text :
       {"inplace<12>", "window<4>", "palette<4>", "huffman<12,2>", "huffman<12,1>",
        "huffman<12,1>, coded=exponent+2, context=row_class<8>", "rice<1,8>"}) {
    TensorDescription description{ElementType::BF16, {512, 2048}, *Format::parse(text)};
    MemoryPlanes planes;
    ASSERT_TRUE(encodeTensor(description, weights, planes, pool)) << text;
    double encoded = static_cast<double>(planes.bytes()) * 8 / (512 * 2048);
    EXPECT_NEAR(bitsOf(text), encoded, 0.12) << text;
  }
}
