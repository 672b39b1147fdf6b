//===- Ptx.h - From lane-level kernels to PTX -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A gpu.module at lane level goes through the LLVM dialect and LLVM's NVPTX code generator. Nothing
// here needs NVIDIA's tools or a GPU.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_NVPTX_PTX_H
#define UWT_CODEGEN_NVPTX_PTX_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Target/GpuTarget.h"
#include <string>

namespace uwt::codegen {

/// Seconds that the parts of a compilation took; 0 for what did not run.
struct GpuCodeTimes {
  double pipeline = 0, translate = 0, optimise = 0, codegen = 0, ptxas = 0, disassemble = 0;

  void add(const GpuCodeTimes &other) {
    pipeline += other.pipeline;
    translate += other.translate;
    optimise += other.optimise;
    codegen += other.codegen;
    ptxas += other.ptxas;
    disassemble += other.disassemble;
  }
};

/// Lowers the kernels of `module` in place to the LLVM and NVVM dialects. Failures are reported at
/// the operations.
mlir::LogicalResult lowerKernels(mlir::gpu::GPUModuleOp module, const GpuTarget &target);

/// The PTX of a module that lowerKernels() has lowered. Reports at the module where a function
/// stays undefined (a math function without an expansion).
mlir::FailureOr<std::string> translateToPtx(mlir::gpu::GPUModuleOp module, const GpuTarget &target,
                                            GpuCodeTimes &times);

/// What a module's kernels are compiled for: target `name`, or for an empty name the one of the
/// module's #nvvm.target, or sm_90a without such. Emits a diagnostic at the module for a name that
/// is no target, several targets, and a name that is not the module's.
mlir::FailureOr<const GpuTarget *> targetOfKernels(mlir::gpu::GPUModuleOp module,
                                                   llvm::StringRef name);

} // namespace uwt::codegen

#endif // UWT_CODEGEN_NVPTX_PTX_H
