//===- IntegerRow.h - x rounded to integers ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What CPUs and GPUs compute of a row of x for products by integers (docs/numerics.md, section "By
// integers").
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_DECODE_INTEGERROW_H
#define UWT_CODEGEN_DECODE_INTEGERROW_H

#include "uwt/Codegen/Decode/Emission.h"

namespace uwt::codegen {

/// Of a row of x: what its elements are divided by, and its scale, as f32; and an i32 of ones where
/// integers are quotients, or of zeros where all are 0.
struct IntegerRowScale {
  mlir::Value divisor, scale, mask;
};

/// integer-1 and integer-2, to integers of so many bits, of a row whose largest magnitude is
/// `largest` (an i32, the bits of an f32).
IntegerRowScale emitIntegerRowScale(mlir::OpBuilder &builder, mlir::Location location,
                                    unsigned integerBits, mlir::Value largest);

/// The integers of f32 elements of a row, one a lane; `divisor` and `mask` are a row's, a lane
/// each.
mlir::Value emitRowIntegers(LaneBuilder &lanes, mlir::Value elements, mlir::Value divisor,
                            mlir::Value mask);

} // namespace uwt::codegen

#endif // UWT_CODEGEN_DECODE_INTEGERROW_H
