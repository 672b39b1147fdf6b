//===- Passes.h - Canonicalization that always ends -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_REWRITE_PASSES_H
#define UWT_REWRITE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace uwt {

#define GEN_PASS_DECL
#include "uwt/Rewrite/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "uwt/Rewrite/Passes.h.inc"

} // namespace uwt

#endif // UWT_REWRITE_PASSES_H
