//===- Passes.h - Math functions as arithmetic ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Math functions and narrow floats as arithmetic whose bits are the same on every machine: for CPUs
// and for epilogues of GPU kernels.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_MATH_PASSES_H
#define UWT_CODEGEN_MATH_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace uwt::codegen {

#define GEN_PASS_DECL
#include "uwt/Codegen/Math/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "uwt/Codegen/Math/Passes.h.inc"

/// On whatever is isolated: roundings, narrow floats and math functions as plain arithmetic on f32,
/// f64 and integers, the same for CPUs and for epilogues of GPU kernels. With `expandBf16`
/// conversions to bf16 are arithmetic on integers, for targets without an instruction.
void buildExpandFloatsPipeline(mlir::OpPassManager &pm, bool expandBf16);

} // namespace uwt::codegen

#endif // UWT_CODEGEN_MATH_PASSES_H
