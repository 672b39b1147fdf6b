//===- PackKernel.h - Kernel pack: x in the order of fragments --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_PACKKERNEL_H
#define UWT_LIB_CODEGEN_GPU_PACKKERNEL_H

#include "LaneCode.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Codegen/GPU/ProductPlan.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt::codegen {

/// What kernels `pack` of all products have in common.
class PackCode : protected LaneCode {
protected:
  PackCode(MatmulOp op, const ProductPlan &plan, mlir::OpBuilder &builder)
      : LaneCode(builder, op.getLoc()), op(op), plan(plan) {}
  /// x, elements from row to row, m, and the workspace.
  struct Arguments {
    mlir::Value x, rowStride, m, packed;
  };
  /// Begins the kernel. The product before it has ended where the builder is then.
  Arguments begin(mlir::gpu::GPUModuleOp module);
  /// An element of x, or 0 where `isThere` (i1) is not so.
  mlir::Value loadElement(const Arguments &arguments, mlir::Value isThere, mlir::Value row,
                          mlir::Value k);

  MatmulOp op;
  const ProductPlan &plan;
};

/// Builds the kernel that brings x into the order in which the product's B fragments are.
class PackKernel : private PackCode {
public:
  PackKernel(MatmulOp op, const ProductPlan &plan, mlir::OpBuilder &builder)
      : PackCode(op, plan, builder) {}
  void build(mlir::gpu::GPUModuleOp module);

private:
  /// What a thread brings, two elements of x: their row and first column within an m tile and a
  /// column group, and where they go: u32 within a column group of m tile 0, and from m tile to m
  /// tile.
  struct PackedElements {
    mlir::Value row, column, to;
    int64_t mTileStride;
  };
  /// For mma.sync, and for wgmma.
  PackedElements elementsOfFragments(mlir::Value thread);
  PackedElements elementsOfCores(mlir::Value thread);
  /// What thread `thread` of packThreads brings of slice × column group number `number`.
  void packGroup(const Arguments &arguments, mlir::Value number, mlir::Value thread);
  /// Two neighbours of x as a u32, 0 where x ends.
  mlir::Value loadPair(const Arguments &arguments, mlir::Value row, mlir::Value column);
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_PACKKERNEL_H
