//===- Passes.h - From decodes to lane code ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_DECODE_PASSES_H
#define UWT_CODEGEN_DECODE_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace uwt::codegen {

#define GEN_PASS_DECL
#include "uwt/Codegen/Decode/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "uwt/Codegen/Decode/Passes.h.inc"

} // namespace uwt::codegen

#endif // UWT_CODEGEN_DECODE_PASSES_H
