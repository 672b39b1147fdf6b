//===- GpuProducts.h - Products that become kernels -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of a bufferized module become kernels, by passes of lib/Codegen/GPU; the kernels go
// into a module of their own, since what becomes code of the host is another pipeline's.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_GPUPRODUCTS_H
#define UWT_LIB_COMPILER_GPUPRODUCTS_H

#include "ProductCalls.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "uwt/Target/GpuTarget.h"

namespace uwt {

struct GpuProducts {
  /// Holds all gpu.modules, with decoders emitted.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// By kind of product: a gpu.module for each range of m, in rising order.
  std::vector<std::vector<mlir::gpu::GPUModuleOp>> kernels;
  /// What the calls in the host's code launch.
  ProductCalls calls;
};

/// Picks kernels for `target` (uwt-select-strategy), makes them (uwt-outline-products), and leaves
/// calls of the runtime in `module` (uwt-lower-launches). Products that no kernel serves stay, with
/// a remark, if `keepOnHost`; else they are errors. Fails with diagnostics at the products.
mlir::FailureOr<GpuProducts> takeProducts(mlir::ModuleOp module, const GpuTarget &target,
                                          llvm::StringRef strategy, bool keepOnHost);

/// Makes code of the decoders in the gpu.modules of `kernels`.
mlir::LogicalResult emitDecoders(mlir::ModuleOp kernels);

} // namespace uwt

#endif // UWT_LIB_COMPILER_GPUPRODUCTS_H
