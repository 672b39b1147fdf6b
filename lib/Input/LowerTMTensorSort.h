//===- LowerTMTensorSort.h - Sorting, and the first elements ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Part of LowerTMTensor.cpp. Private to lib/Codegen/CPU.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_INPUT_LOWERTMTENSORSORT_H
#define UWT_LIB_INPUT_LOWERTMTENSORSORT_H

#include "uwt/Dialect/TMTensor/TMTensor.h"

namespace uwt {

/// Emits loops for the operation and gives its results.
llvm::SmallVector<mlir::Value> lowerOrder(mlir::OpBuilder &builder, tm_tensor::SortOp op);
llvm::SmallVector<mlir::Value> lowerOrder(mlir::OpBuilder &builder, tm_tensor::TopkOp op);

} // namespace uwt

#endif // UWT_LIB_INPUT_LOWERTMTENSORSORT_H
