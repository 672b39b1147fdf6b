//===- GpuProducts.h - Products that become kernels -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Takes products out of a bufferized module: each becomes a call of the runtime, and its kernels,
// equal ones once, go into a module of their own.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_GPUPRODUCTS_H
#define UWT_LIB_COMPILER_GPUPRODUCTS_H

#include "ProductCalls.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "uwt/Codegen/GPU/ProductKernels.h"

namespace uwt {

/// Kernels of equal products: a variant a range of batch sizes, in rising order.
struct ProductVariants {
  std::vector<mlir::gpu::GPUModuleOp> variants;
  ProductShape shape;
};

struct GpuProducts {
  /// Holds all gpu.modules, with decoders emitted.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<ProductVariants> kinds;
  /// By the number that calls name.
  std::vector<ProductCall> calls;

  ProductCalls describe() const;
};

/// Picks kernels for `target` (uwt-dispatch-kernels), makes them, and replaces each `uwt.matmul` on
/// memrefs in `module` by a call of `uwt_launch_product` (its context, the number of the call, and
/// an array that describes the selection, x, the extra operands and y: for each the pointer, the
/// offset, sizes and strides, 64 bits each; for a selection of one matrix its number). Products
/// that no kernel serves stay, with a remark, if `keepOnHost`; else they are errors. Fails with
/// diagnostics at the products.
mlir::FailureOr<GpuProducts> takeProducts(mlir::ModuleOp module, const GpuTarget &target,
                                          llvm::StringRef strategy, bool keepOnHost);

/// Makes code of the decoders in the gpu.modules of `kernels`.
mlir::LogicalResult emitDecoders(mlir::ModuleOp kernels);

/// The symbols of that call: the function, and the context that it is given.
inline constexpr llvm::StringLiteral launchProductName = "uwt_launch_product";
inline constexpr llvm::StringLiteral productContextName = "uwt_product_context";

} // namespace uwt

#endif // UWT_LIB_COMPILER_GPUPRODUCTS_H
