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

} // namespace uwt

#endif // UWT_SUPPORT_CHECKEDMATH_H
