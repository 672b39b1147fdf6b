//===- Passes.h - Passes over the uwt dialect -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes of Passes.td, where each is described with an example.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_TRANSFORMS_PASSES_H
#define UWT_DIALECT_UWT_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include "uwt/Codec/Codec.h"
#include "uwt/CostModel/KernelProfiles.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"

/// Pass uwt-select-format where profiles of a GPU's kernels come from `profiles`, not from the
/// table alone.
std::unique_ptr<mlir::Pass> createSelectFormatPass(const SelectFormatPassOptions &options,
                                                   std::shared_ptr<KernelProfileSource> profiles);

} // namespace uwt

#endif // UWT_DIALECT_UWT_TRANSFORMS_PASSES_H
