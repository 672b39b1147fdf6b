//===- ExpectedProduct.cpp - What products are, bit by bit ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpectedProduct.h"
#include <array>
#include <cmath>

std::vector<float> uwt::test::expectedProduct(std::span<const float> w, std::span<const float> x,
                                              uint64_t rows, uint64_t columns, uint64_t m) {
  std::vector<float> y(m * rows);
  auto at = [&](std::span<const float> values, uint64_t row, uint64_t column) {
    return column < columns ? values[row * columns + column] : 0.0f;
  };
  for (uint64_t row = 0; row < m; ++row)
    for (uint64_t n = 0; n < rows; ++n) {
      std::array<float, 16> lanes{};
      for (uint64_t group = 0; group < columns; group += 64)
        for (uint64_t half = 0; half < 2; ++half)
          for (uint64_t lane = 0; lane < 16; ++lane)
            for (uint64_t odd : {1, 0}) {
              uint64_t k = group + 16 * (lane % 4) + 2 * (lane / 4) + 8 * half + odd;
              lanes[lane] = std::fma(at(w, n, k), at(x, row, k), lanes[lane]);
            }
      for (uint64_t width = 8; width > 0; width /= 2)
        for (uint64_t lane = 0; lane < width; ++lane)
          lanes[lane] += lanes[lane + width];
      y[row * rows + n] = lanes[0];
    }
  return y;
}
