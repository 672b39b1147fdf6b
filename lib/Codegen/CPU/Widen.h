//===- Widen.h - Packed halves to f32 ---------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_WIDEN_H
#define UWT_LIB_CODEGEN_CPU_WIDEN_H

#include "mlir/IR/Builders.h"
#include <utility>

namespace uwt::codegen {

/// The low and the high half words of vector<16xi32> `pairs`, which are `element` (bf16 or f16), as
/// f32: exact for all values; NaN stay NaN. `hasHalfConversion`: the target converts f16 itself.
std::pair<mlir::Value, mlir::Value> widenHalves(mlir::OpBuilder &builder, mlir::Location location,
                                                mlir::Value pairs, mlir::Type element,
                                                bool hasHalfConversion);

/// The f16 that vector<16xi16> `words` are, in the same way.
mlir::Value widenWords(mlir::OpBuilder &builder, mlir::Location location, mlir::Value words,
                       bool hasHalfConversion);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_WIDEN_H
