//===- ElementLoops.h - Loops over the elements of tensors ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For operations whose elements have to be visited in order, one by one. Private to
// lib/Codegen/CPU.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_INPUT_ELEMENTLOOPS_H
#define UWT_LIB_INPUT_ELEMENTLOOPS_H

#include "mlir/IR/Builders.h"

namespace uwt {

/// Emits at the builder's insertion point, wherever that is at the moment.
class ElementLoops {
public:
  using Values = llvm::SmallVector<mlir::Value>;
  /// Gets induction variables and what is carried, gives what is carried on.
  using Body = llvm::function_ref<Values(mlir::ValueRange ivs, mlir::ValueRange carried)>;

  ElementLoops(mlir::OpBuilder &builder, mlir::Location loc) : builder(builder), loc(loc) {}

  mlir::Value index(int64_t value);
  mlir::Value size(mlir::Value tensor, int64_t dimension);
  Values sizes(mlir::Value tensor);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value isBelow(mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
  mlir::Value extract(mlir::Value tensor, mlir::ValueRange position);
  /// An element of integers as an index.
  mlir::Value extractIndex(mlir::Value tensor, mlir::ValueRange position);
  mlir::Value insert(mlir::Value element, mlir::Value tensor, mlir::ValueRange position);

  /// Loops from 0 to each of `ends`, in order.
  Values loops(mlir::ValueRange ends, mlir::ValueRange carried, Body body);
  Values loop(mlir::Value begin, mlir::Value end, mlir::Value step, mlir::ValueRange carried,
              Body body);
  /// What `then` or `otherwise` gives; neither has side effects.
  Values branch(mlir::Value condition, llvm::function_ref<Values()> then,
                llvm::function_ref<Values()> otherwise);
  /// What a region of one block yields for `arguments`.
  Values apply(mlir::Region &region, mlir::ValueRange arguments);

private:
  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace uwt

#endif // UWT_LIB_INPUT_ELEMENTLOOPS_H
