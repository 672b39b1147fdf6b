//===- IntegerProduct.h - Products by integers, as defined ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rule of docs/numerics.md, section "By integers", in plain C++: what compiled code is compared
// with, bit for bit. Slow.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_IMPORT_INTEGERPRODUCT_H
#define UWT_IMPORT_INTEGERPRODUCT_H

#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Import/QuantizedWeight.h"

namespace uwt {

/// A row of x as integers.
struct IntegerRow {
  /// sx: a NaN where the row has an element that is not finite.
  float scale = 0;
  /// -127 to 127, of 8 bits.
  std::vector<int8_t> integers;

  /// integer-1 and integer-2, to integers of so many bits (minIntegerBits to maxIntegerBits).
  static IntegerRow of(std::span<const float> x, uint32_t bits = maxIntegerBits);
};

/// Rows [first, first + y.size()) of the weight times one row of x, as f32 before an epilogue.
/// `x` has the weight's columns. Errors: Usage (a weight whose codes or zeros are no integers, or
/// that has offsets or columns in an order of their own).
Status integerProduct(const QuantizedWeight &weight, const IntegerRow &x, uint64_t first,
                      std::span<float> y);

} // namespace uwt

#endif // UWT_IMPORT_INTEGERPRODUCT_H
