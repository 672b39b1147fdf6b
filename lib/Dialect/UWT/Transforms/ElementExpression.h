//===- ElementExpression.h - What one element is computed by ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The elementwise operations behind a tensor as one expression of an element, through generics,
// broadcasts, transposes and reshapes that add or drop dimensions of size 1.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_TRANSFORMS_ELEMENTEXPRESSION_H
#define UWT_LIB_DIALECT_UWT_TRANSFORMS_ELEMENTEXPRESSION_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Operation.h"
#include <vector>

namespace uwt {

/// What one element of a tensor is computed by: an operation of a body on others, an element of a
/// tensor, or a constant.
struct ElementExpression {
  mlir::Type type;
  /// An operation of one result; none for an element of a tensor.
  mlir::Operation *op = nullptr;
  std::vector<ElementExpression> operands;
  /// The tensor, and from the loops to its indices.
  mlir::Value tensor;
  mlir::AffineMap map;

  /// That of an element of `tensor`, over its dimensions, behind elementwise operations that round,
  /// if at all, to nearest even. Where nothing is seen through, it is the tensor's own element.
  static ElementExpression of(mlir::Value tensor);

  /// Whether elements depend on that loop.
  bool isFunctionOf(unsigned loop) const;
};

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_TRANSFORMS_ELEMENTEXPRESSION_H
