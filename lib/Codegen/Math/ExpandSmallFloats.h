//===- ExpandFloat8.h - Floats of 8 bits as integer arithmetic --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Part of uwt-expand-math. Private to lib/Codegen/CPU.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_MATH_EXPANDFLOAT8_H
#define UWT_LIB_CODEGEN_MATH_EXPANDFLOAT8_H

#include "mlir/IR/PatternMatch.h"

namespace uwt::codegen {

/// Conversions between f8E4M3FN or f8E5M2 and wider floats, rounded to nearest even. As in APFloat
/// and PyTorch, what is too large is NaN in the type without infinities.
void populateExpandFloat8Patterns(mlir::RewritePatternSet &patterns);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_MATH_EXPANDFLOAT8_H
