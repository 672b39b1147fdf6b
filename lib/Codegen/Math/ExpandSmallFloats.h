//===- ExpandSmallFloats.h - Floats of 8 bits as integer arithmetic --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Part of uwt-expand-math. Private to lib/Codegen/Math.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_MATH_EXPANDSMALLFLOATS_H
#define UWT_LIB_CODEGEN_MATH_EXPANDSMALLFLOATS_H

#include "mlir/IR/PatternMatch.h"

namespace uwt::codegen {

/// Adds patterns for conversions between floats of at most 8 bits that have a sign and wider ones,
/// rounded to nearest even. As in APFloat and PyTorch, a number that is too large is infinity, NaN
/// in a type without infinities, and the largest number in a type without either.
void populateExpandSmallFloatPatterns(mlir::RewritePatternSet &patterns);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_MATH_EXPANDSMALLFLOATS_H
