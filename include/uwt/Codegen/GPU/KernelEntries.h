//===- KernelEntries.h - Launch metadata in the IR --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a launch needs to know of kernels stands in attributes at them: `uwt.kernel_entry` at each
// `gpu.func`, `uwt.kernel_plan` at the `gpu.module` of a product. Builders write them here, and
// who makes packs, profiles or launches reads them here.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_GPU_KERNELENTRIES_H
#define UWT_CODEGEN_GPU_KERNELENTRIES_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Codegen/GPU/ProductKernels.h"

namespace uwt::codegen {

/// Gives the kernels of `module` their entries. `isSequence`: a launch of one launches all before
/// it; else each is launched when it is asked for.
void writeKernelEntries(mlir::gpu::GPUModuleOp module, llvm::ArrayRef<KernelEntry> entries,
                        bool isSequence);

/// The entries of a module in the order of its kernels; `prepare` counts from its first, `code` is
/// 0. Fails with a diagnostic at a kernel that has none, or that is launched after one that does
/// not stand before it.
mlir::FailureOr<std::vector<KernelEntry>> readKernelEntries(mlir::gpu::GPUModuleOp module);

void writePlanFacts(mlir::gpu::GPUModuleOp module, const PlanFacts &facts);
/// Nothing where the module is of no product.
std::optional<PlanFacts> readPlanFacts(mlir::gpu::GPUModuleOp module);

} // namespace uwt::codegen

#endif // UWT_CODEGEN_GPU_KERNELENTRIES_H
