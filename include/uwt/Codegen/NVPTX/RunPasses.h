//===- RunPasses.h - LLVM's passes over a module ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_NVPTX_RUNPASSES_H
#define UWT_CODEGEN_NVPTX_RUNPASSES_H

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

namespace uwt::codegen {

/// Runs LLVM's passes over `module`, for `machine`. Errors: text `pipeline` (as `opt -passes` takes
/// it) names a pass that this LLVM lacks; then none has run.
llvm::Error runPasses(llvm::Module &module, llvm::TargetMachine &machine, llvm::StringRef pipeline);

} // namespace uwt::codegen

#endif // UWT_CODEGEN_NVPTX_RUNPASSES_H
