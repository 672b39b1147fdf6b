//===- Output.h - Epilogue and output of a product --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_OUTPUT_H
#define UWT_LIB_CODEGEN_GPU_OUTPUT_H

#include "LaneCode.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt::codegen {

/// Where accumulators of a product go: y with rows `yStride` elements apart, through the epilogue
/// of `op`, whose extra operands are dense, in row-major order.
struct Output {
  MatmulOp op;
  mlir::Value y, yStride, mSize;
  llvm::SmallVector<mlir::Value> extras;

  /// Stores what the epilogue makes of the accumulator of row m of x and output n, which exist.
  void store(LaneCode &code, mlir::Value m, mlir::Value n, mlir::Value sum) const;

private:
  mlir::Value applyEpilogue(LaneCode &code, mlir::Value m, mlir::Value n, mlir::Value sum) const;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_OUTPUT_H
