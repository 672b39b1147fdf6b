//===- DrawIntegers.cpp - Operands of products by integers ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DrawIntegers.h"
#include "uwt/Format/BF16.h"
#include "uwt/Format/Floats.h"
#include "uwt/Import/IntegerProduct.h"
#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace uwt;

static constexpr const char *served[] = {
    "uint<4>, zero=8, scale={1x128, bf16}",
    "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}",
    "uint<4>, zero={1x64, uint<4>}, scale={1x64, f32}",
    "uint<4>, zero={1x32, uint<4>}, scale={1x32, bf16}",
    "uint<4>, scale={1x32, f16}",
    "int<4>, scale={1x256, f16}",
    "int<4>, scale={row, f32}",
    "int<4>, zero={1x32, int<4>}, scale={1x32, f16}",
    "uint<8>, zero=128, scale={row, bf16}",
    "uint<8>, zero={1x64, uint<8>}, scale={1x64, f16}",
    "uint<8>, zero={1x32, uint<8>}, scale={1x32, f16}",
    "int<8>, scale={1x32, f16}",
    "int<8>, scale={row, f32}, factor=1/127",
    "int<8>, scale={tensor, f32}",
    "int<8>, scale={1x128, bf16}",
    "int<8>, zero={row, int<8>}, scale={row, bf16}",
    "int<8>, scale={1x512, f32}",
    "uint<3>, zero={1x128, uint<3>}, scale={1x128, f16}",
    "int<2>, scale={1x64, bf16}",
    "int<3>, scale={64x64, bf16}",
    "uint<1>, scale={1x32, f32}",
    "uint<5>, zero=16, scale={1x128, f16}",
    "int<6>, zero={1x64, int<6>}, scale={1x64, bf16}",
    "uint<7>, zero={1x32, uint<7>}, scale={1x32, f8E8M0FNU}",
    "uint<4>, zero=8, scale={1x32, uint<6>, scale={1x256, f16}}",
    "int<4>, scale={1x256, uint<8>, divide={1x512, f32}}",
};

std::span<const char *const> test::integerFormats() { return served; }

void test::DrawnX::add(float number, const std::string &type) {
  uint32_t bits = std::bit_cast<uint32_t>(number);
  size_t size = type == "f32" ? 4 : 2;
  if (size == 2)
    bits = type == "f16" ? roundToF16(number) : roundToBF16(number);
  for (size_t i = 0; i < size; ++i)
    bytes.push_back(static_cast<uint8_t>(bits >> 8 * i));
  auto word = static_cast<uint16_t>(bits);
  numbers.push_back(size == 4 ? number : type == "f16" ? float16.valueOf(word) : fromBF16(word));
}

test::DrawnX test::drawX(uint64_t m, uint64_t columns, const std::string &type) {
  std::mt19937 random(7);
  std::vector<float> drawn = drawNumbers(m * columns, random, type == "f16");
  constexpr float infinity = std::numeric_limits<float>::infinity();
  DrawnX x;
  for (uint64_t row = 0; row < m; ++row)
    for (uint64_t k = 0; k < columns; ++k) {
      float number = drawn[row * columns + k];
      bool isOne = k == columns / 2;
      switch (row % 16) {
      case 1:
        number = 0;
        break;
      case 2:
        number = isOne ? -1000 * std::fabs(number) - 500 : number;
        break;
      case 3:
        number *= 0x1p-121f;
        break;
      case 5:
        number = isOne ? std::numeric_limits<float>::quiet_NaN() : number;
        break;
      case 6:
        number = isOne ? -infinity : number;
        break;
      case 7:
        number = std::copysign(type == "f16" ? 65504.0f : 0x1.FEp127f, number);
        break;
      case 8:
        number = isOne ? 1 : float(int(k % 255) - 127) / 254;
        break;
      default:
        break;
      }
      x.add(number, type);
    }
  return x;
}

std::vector<float> test::integerOutputs(const QuantizedWeight &weight, const DrawnX &x, uint64_t m,
                                        uint32_t integerBits) {
  std::vector<float> y(m * weight.rows);
  for (uint64_t row = 0; row < m; ++row) {
    IntegerRow integers = IntegerRow::of(
        std::span(x.numbers).subspan(row * weight.columns, weight.columns), integerBits);
    Status done =
        integerProduct(weight, integers, 0, std::span(y).subspan(row * weight.rows, weight.rows));
    EXPECT_TRUE(done) << done.error().message();
  }
  return y;
}

void test::expectSameBits(std::span<const float> found, std::span<const float> expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    if (!std::isnan(expected[i]) || !std::isnan(found[i]))
      ASSERT_EQ(std::bit_cast<uint32_t>(found[i]), std::bit_cast<uint32_t>(expected[i]))
          << "output " << i << ": " << found[i] << ", expected " << expected[i];
}
