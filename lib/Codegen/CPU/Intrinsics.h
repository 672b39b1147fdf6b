//===- Intrinsics.h - Operations that some targets have ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers of AArch64 have 128 bits, so a row vector is four of them.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_INTRINSICS_H
#define UWT_LIB_CODEGEN_CPU_INTRINSICS_H

#include "mlir/IR/Builders.h"

namespace uwt::codegen {

/// LLVM aborts where a target lacks what an intrinsic needs: callers have asked it.
mlir::Value callIntrinsic(mlir::OpBuilder &builder, mlir::Location location, llvm::StringRef name,
                          mlir::Type result, mlir::ValueRange operands);

/// `acc + w.high * x.high + w.low * x.low` of pairs of bf16, each step a fused multiply-add of f32
/// as IEEE has it. For Feature::NeonBf16.
mlir::Value multiplyPairsNeon(mlir::OpBuilder &builder, mlir::Location location, mlir::Value acc,
                              mlir::Value w, mlir::Value x);

/// For each half word of 16 `codes`, the word of `table`, which has 16, at its low four bits. For
/// Feature::Neon.
mlir::Value lookUpWordsNeon(mlir::OpBuilder &builder, mlir::Location location, mlir::Value table,
                            mlir::Value codes);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_INTRINSICS_H
