//===- ExpectedProduct.cpp - What products are, bit by bit ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpectedProduct.h"
#include <array>
#include <bit>
#include <cmath>

static float at(std::span<const float> values, uint64_t row, uint64_t column, uint64_t columns) {
  return column < columns ? values[row * columns + column] : 0.0f;
}

std::vector<float> uwt::test::expectedProduct(std::span<const float> w, std::span<const float> x,
                                              uint64_t rows, uint64_t columns, uint64_t m) {
  std::vector<float> y(m * rows);
  for (uint64_t row = 0; row < m; ++row)
    for (uint64_t n = 0; n < rows; ++n) {
      std::array<float, 16> lanes{};
      for (uint64_t group = 0; group < columns; group += 64)
        for (uint64_t half = 0; half < 2; ++half)
          for (uint64_t lane = 0; lane < 16; ++lane)
            for (uint64_t odd : {1, 0}) {
              uint64_t k = group + 16 * (lane % 4) + 2 * (lane / 4) + 8 * half + odd;
              lanes[lane] = std::fma(at(w, n, k, columns), at(x, row, k, columns), lanes[lane]);
            }
      for (uint64_t width = 8; width > 0; width /= 2)
        for (uint64_t lane = 0; lane < width; ++lane)
          lanes[lane] += lanes[lane + width];
      y[row * rows + n] = lanes[0];
    }
  return y;
}

/// Subnormal numbers as zeros of their sign.
static float flushed(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  return bits & 0x7F800000 ? value : std::bit_cast<float>(bits & 0x80000000);
}

/// tdpbf16ps adds the even and the odd halves of 16 pairs apart, each from 0, then both to one
/// another and that to the accumulator. Pair 4t + b of half h of a column group begins at column
/// 16b + 2t + 8h.
static float tileSum(std::span<const float> w, std::span<const float> x, uint64_t n, uint64_t m,
                     uint64_t columns) {
  float sum = 0;
  for (uint64_t first = 0; first < columns; first += 64)
    for (uint64_t half = 0; half < 2; ++half) {
      std::array<float, 2> halves{};
      for (uint64_t pair = 0; pair < 16; ++pair)
        for (uint64_t odd : {0, 1}) {
          uint64_t k = first + 16 * (pair % 4) + 2 * (pair / 4) + 8 * half + odd;
          halves[odd] = flushed(
              std::fma(flushed(at(w, n, k, columns)), flushed(at(x, m, k, columns)), halves[odd]));
        }
      sum = flushed(flushed(sum) + flushed(halves[0] + halves[1]));
    }
  return sum;
}

std::vector<float> uwt::test::expectedTileProduct(std::span<const float> w,
                                                  std::span<const float> x, uint64_t rows,
                                                  uint64_t columns, uint64_t m) {
  std::vector<float> y;
  for (uint64_t row = 0; row < m; ++row)
    for (uint64_t n = 0; n < rows; ++n)
      y.push_back(tileSum(w, x, n, row, columns));
  return y;
}
