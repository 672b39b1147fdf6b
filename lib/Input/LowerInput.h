//===- LowerInput.h - Parts of uwt-lower-input ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each part replaces what it is about in a module, and fails with a diagnostic where it cannot.
// Private to lib/Codegen/CPU.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_INPUT_LOWERINPUT_H
#define UWT_LIB_INPUT_LOWERINPUT_H

#include "mlir/IR/BuiltinOps.h"

namespace uwt {

/// Moves what modules in the module hold into it.
mlir::LogicalResult flattenModules(mlir::ModuleOp module);
/// Constants in place of globals of ml_program, which nobody may store to.
mlir::LogicalResult lowerGlobals(mlir::ModuleOp module);
/// Tensors of rank 0 in place of numbers that public functions take and give.
mlir::LogicalResult wrapScalars(mlir::ModuleOp module);
/// tensor.gather and tensor.scatter as linalg and loops; large constants of one number as fills.
mlir::LogicalResult lowerTensorOps(mlir::ModuleOp module);
/// tm_tensor as linalg and loops.
mlir::LogicalResult lowerTMTensor(mlir::ModuleOp module);

} // namespace uwt

#endif // UWT_LIB_INPUT_LOWERINPUT_H
