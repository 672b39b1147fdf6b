//===- ProductArguments.h - What kernel `product` is given ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_PRODUCTARGUMENTS_H
#define UWT_LIB_CODEGEN_GPU_PRODUCTARGUMENTS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt::codegen {

/// The arguments of kernel `product`: global memory of one dimension, and `index`. A kernel that
/// does not have one leaves it null. With a decoded weight, `words`, or `code` and with flags
/// `escapes`, are the workspace.
struct ProductArguments {
  mlir::Value panels;                           // i64: DevicePanelEntry of each panel
  mlir::Value table, words, raw, code, patches; // u32
  mlir::Value escapes;                          // u32: DeviceEscapeEntry, the table of escapes
  mlir::Value classes;                          // u8: the class of each row
  mlir::Value y, yStride, m;
  mlir::Value workspace, counters; // u32
  /// i32, of grouped products, else null: how many slices there are, then the matrix of each.
  mlir::Value slices;
  llvm::SmallVector<mlir::Value> extras;
};

/// Which arguments a kernel has, in their order; those of extra operands follow.
using ArgumentOrder = llvm::ArrayRef<mlir::Value ProductArguments::*>;

/// The types of the arguments of a kernel for `op`.
llvm::SmallVector<mlir::Type> argumentTypes(MatmulOp op, ArgumentOrder order);
/// The arguments of such a kernel.
ProductArguments takeArguments(mlir::gpu::GPUFuncOp kernel, ArgumentOrder order);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_PRODUCTARGUMENTS_H
