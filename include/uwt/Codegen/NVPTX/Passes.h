//===- Passes.h - Passes from lane-level kernels to PTX ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes of Passes.td, and the pipeline that they form with upstream's. Kernels come in
// as gpu.func on memrefs, with structured control flow; they leave as LLVM and NVVM dialect.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_NVPTX_PASSES_H
#define UWT_CODEGEN_NVPTX_PASSES_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"
#include <string>

namespace uwt::codegen {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "uwt/Codegen/NVPTX/Passes.h.inc"

/// Adds to `pm`, which runs on a gpu.module, everything from lane level to the LLVM and NVVM
/// dialects: math functions as polynomials, ours and upstream's conversions, clean-up. `chip` is a
/// GPU target's name, or empty for that of the module's #nvvm.target (sm_90a without one). Kernels
/// take memrefs as descriptors: two pointers, the offset, sizes and strides, all of 64 bits.
void buildGpuToLLVMPipeline(mlir::OpPassManager &pm, const std::string &chip);

/// Makes the pipeline known to a tool as `uwt-gpu-to-llvm`.
void registerNVPTXPipelines();

} // namespace uwt::codegen

#endif // UWT_CODEGEN_NVPTX_PASSES_H
