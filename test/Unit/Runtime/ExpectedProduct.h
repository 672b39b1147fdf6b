//===- ExpectedProduct.h - What products are, bit by bit --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_RUNTIME_EXPECTEDPRODUCT_H
#define UWT_TEST_UNIT_RUNTIME_EXPECTEDPRODUCT_H

#include <cstdint>
#include <span>
#include <vector>

namespace uwt::test {

/// The product in the order that docs/numerics.md states, `w` and `x` as numbers, row-major.
std::vector<float> expectedProduct(std::span<const float> w, std::span<const float> x,
                                   uint64_t rows, uint64_t columns, uint64_t m);

/// The same on tiles: a model of what tdpbf16ps does, and tdpfp16ps, whose smallest numbers and
/// products are no subnormal ones of f32.
std::vector<float> expectedTileProduct(std::span<const float> w, std::span<const float> x,
                                       uint64_t rows, uint64_t columns, uint64_t m);

} // namespace uwt::test

#endif // UWT_TEST_UNIT_RUNTIME_EXPECTEDPRODUCT_H
