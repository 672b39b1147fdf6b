//===- Passes.h - Passes of the compiler library ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes of Passes.td, which only the whole pipeline needs.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_PASSES_H
#define UWT_COMPILER_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace uwt {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "uwt/Compiler/Passes.h.inc"

} // namespace uwt

#endif // UWT_COMPILER_PASSES_H
