//===- GpuProducts.h - Kernels and what calls of them mean ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the kernel pipeline (uwt/Compiler/Pipelines.h) left in one module: kernels go into a module
// of their own, since what becomes code of the host is another pipeline's.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_GPUPRODUCTS_H
#define UWT_LIB_COMPILER_GPUPRODUCTS_H

#include "ProductCalls.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace uwt {

struct GpuProducts {
  /// Holds all gpu.modules, those of products first, then those of transcodes.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// By kind of product: a gpu.module for each range of m, in rising order.
  std::vector<std::vector<mlir::gpu::GPUModuleOp>> kernels;
  /// What the calls in the host's code launch.
  ProductCalls calls;
};

/// Moves the kernels of products and transcodes out of `module`, and what its attribute
/// `uwt.launches` says of calls.
GpuProducts separateKernels(mlir::ModuleOp module);

} // namespace uwt

#endif // UWT_LIB_COMPILER_GPUPRODUCTS_H
