//===- DrawQuantized.h - Quantised weights for tests ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CODEGEN_DECODE_DRAWQUANTIZED_H
#define UWT_TEST_UNIT_CODEGEN_DECODE_DRAWQUANTIZED_H

#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/Format.h"
#include "uwt/Import/QuantizedWeight.h"
#include <random>
#include <span>
#include <vector>

namespace uwt::test {

/// Formats that products run from: each element, each type of number, each width of cells.
std::span<const char *const> quantizedFormats();

/// Weights of such formats: less than a panel, a strip or a group of columns, and some of each.
inline constexpr MatrixShape quantizedShapes[] = {{1, 1},     {17, 33},   {65, 64},
                                                  {64, 1000}, {130, 257}, {33, 640}};

/// F16 for each third format that is decoded to it, else BF16.
ElementType elementOfTurn(const char *format, size_t turn);

/// Numbers of bf16 or f16.
std::vector<float> drawNumbers(uint64_t count, std::mt19937 &random, bool isHalf);

/// A weight that the format has, with all codes that are numbers.
QuantizedWeight drawQuantized(const Format &format, uint64_t rows, uint64_t columns, uint32_t seed);

/// The weight's words, row-major.
std::vector<uint16_t> decodedWords(const QuantizedWeight &weight, ElementType element);

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CODEGEN_DECODE_DRAWQUANTIZED_H
