//===- Passes.h - From what front ends write to linalg ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes that bring what front ends write to linalg, tensor, scf and arith, with checks of what
// only a call knows. They know no machine.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_INPUT_PASSES_H
#define UWT_INPUT_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace uwt {

#define GEN_PASS_DECL
#include "uwt/Input/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "uwt/Input/Passes.h.inc"

/// On tensors: what front ends write becomes linalg, tensor, scf and arith, with checks of what
/// only a call knows where `checks` asks for them.
void buildLowerInputPipeline(mlir::OpPassManager &pm, bool checks);

} // namespace uwt

#endif // UWT_INPUT_PASSES_H
