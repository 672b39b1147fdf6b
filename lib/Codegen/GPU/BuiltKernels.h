//===- BuiltKernels.h - What builders of kernels fill -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_BUILTKERNELS_H
#define UWT_LIB_CODEGEN_GPU_BUILTKERNELS_H

#include "uwt/Codegen/GPU/ProductKernels.h"

namespace uwt::codegen {

/// The kernels of a product, before their entries and plan are attributes.
struct BuiltKernels {
  mlir::gpu::GPUModuleOp module;
  /// In the order in which they are launched, all on the same operands and scratch memory: the last
  /// one computes y, those before it prepare (`prepare`, `code` and range of m are not
  /// set).
  std::vector<KernelEntry> entries;
  PlanFacts plan;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_BUILTKERNELS_H
