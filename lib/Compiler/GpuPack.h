//===- GpuPack.h - Kernels as code ------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_GPUPACK_H
#define UWT_LIB_COMPILER_GPUPACK_H

#include "mlir/IR/BuiltinOps.h"
#include "uwt/Codegen/GPU/KernelEntries.h"
#include "uwt/CudaTools/CompileKernels.h"
#include "uwt/Support/Error.h"

namespace uwt {

/// One gpu.module, compiled for a target, and what its attributes say
/// (uwt/Codegen/GPU/KernelEntries.h).
struct CompiledKernels {
  const GpuTarget *target = nullptr;
  std::vector<KernelEntry> entries;
  /// Nothing where they are of a transcode.
  std::optional<codegen::PlanFacts> plan;
  cuda_tools::GpuCode code;
};

/// Compiles all gpu.modules of `kernels` and puts them behind those that are there. A note says
/// where machine code could not be checked. Errors: Unsupported with the first diagnostic.
Status compileModules(mlir::ModuleOp kernels, const GpuTarget &target, cuda_tools::GpuOutput output,
                      std::vector<CompiledKernels> &compiled, std::vector<std::string> &notes);

/// A pack (docs/packs.md) of machine code, and of the PTX that it was made of for drivers that do
/// not take it: each kernel is there twice. Entries are in the order of `compiled`, those of
/// machine code first. Errors: those of ptxasVersion().
Expected<std::vector<uint8_t>> packKernels(std::span<const CompiledKernels> compiled);

} // namespace uwt

#endif // UWT_LIB_COMPILER_GPUPACK_H
