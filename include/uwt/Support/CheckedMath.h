//===- CheckedMath.h - Arithmetic that reports overflow ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums and products of sizes that come from files. Nothing is returned where the
// result does not fit 64 bits.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_CHECKEDMATH_H
#define UWT_SUPPORT_CHECKEDMATH_H

#include <cstdint>
#include <optional>

namespace uwt {

/// a + b, or nothing on overflow.
inline std::optional<uint64_t> checkedAdd(uint64_t a, uint64_t b) {
  uint64_t sum;
  if (__builtin_add_overflow(a, b, &sum))
    return std::nullopt;
  return sum;
}

/// a * b, or nothing on overflow.
inline std::optional<uint64_t> checkedMultiply(uint64_t a, uint64_t b) {
  uint64_t product;
  if (__builtin_mul_overflow(a, b, &product))
    return std::nullopt;
  return product;
}

/// Returns the bytes from the first element of `rows` rows, `stride` elements apart, to behind the
/// last one, or nothing if there are more than 2^62: addresses inside of them do not wrap.
inline std::optional<uint64_t> bytesOfRows(uint64_t rows, uint64_t stride, uint64_t columns,
                                           uint64_t elementBytes) {
  constexpr uint64_t maxBytes = uint64_t(1) << 62;
  if (rows == 0 || columns == 0)
    return 0;
  std::optional<uint64_t> elements = checkedMultiply(rows - 1, stride);
  elements = elements ? checkedAdd(*elements, columns) : elements;
  std::optional<uint64_t> bytes = elements ? checkedMultiply(*elements, elementBytes) : elements;
  return bytes && *bytes <= maxBytes ? bytes : std::nullopt;
}

} // namespace uwt

#endif // UWT_SUPPORT_CHECKEDMATH_H
