//===- SpecialValues.h - Functions at zeros, infinities and NaNs -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What functions of f32 and of f64 have in common. Private to lib/Codegen/Math.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_MATH_SPECIALVALUES_H
#define UWT_LIB_CODEGEN_MATH_SPECIALVALUES_H

#include "FloatMath.h"

namespace uwt::codegen {

/// `logarithm`, to any base, of x where x is positive and finite; C's values elsewhere.
mlir::Value withSpecialLogarithms(FloatMath &math, mlir::Value x, mlir::Value logarithm);

/// x to the power of y as C's pow has it, signs and special values in, from `power`: that of |x|,
/// which may be anything where |x| is 1 and y infinite, or y is 0.
mlir::Value withSpecialPowers(FloatMath &math, mlir::Value x, mlir::Value y, mlir::Value power);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_MATH_SPECIALVALUES_H
