//===- Signatures.h - What functions take and give --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_SIGNATURES_H
#define UWT_LIB_COMPILER_SIGNATURES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "uwt/Compiler/Program.h"

namespace uwt {

/// The dtype of safetensors whose bytes a memref of `type` has, or nullptr.
const SafetensorsDtype *dtypeOf(mlir::Type type);

/// The signature of a function on tensors.
Signature signatureOf(mlir::func::FuncOp function);

/// Signatures of the public functions of a module on tensors, in its order.
std::vector<Signature> collectSignatures(mlir::ModuleOp module);

} // namespace uwt

#endif // UWT_LIB_COMPILER_SIGNATURES_H
