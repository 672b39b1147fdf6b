//===- CheckBuilder.h - Conditions of operations ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes the checks of one operation in front of it. What constants decide takes no operation.
// Private to lib/Codegen/CPU.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_INPUT_CHECKBUILDER_H
#define UWT_LIB_INPUT_CHECKBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace uwt {

class CheckBuilder {
public:
  /// For the checks of `op`.
  explicit CheckBuilder(mlir::Operation *op);

  mlir::Value constant(int64_t value);
  /// `value` in the integer type of another value.
  mlir::Value constantLike(mlir::Value other, int64_t value);
  mlir::Value value(mlir::OpFoldResult size);
  /// Size `dimension` of a tensor.
  mlir::Value size(mlir::Value tensor, int64_t dimension);
  /// Element `position` of a one-dimensional tensor of integers.
  mlir::Value elementOf(mlir::Value tensor, int64_t position);

  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
  mlir::Value negate(mlir::Value condition);
  template <typename OpTy> mlir::Value create(mlir::Value a, mlir::Value b) {
    return builder.createOrFold<OpTy>(op->getLoc(), a, b);
  }

  /// Fails the call unless `condition` holds. The message names the operation and goes on with
  /// `text`, in which {0} and {1} stand for the values.
  void require(mlir::Value condition, const llvm::Twine &text, mlir::ValueRange values = {});
  /// Requires that a size called `what` equals another one called `other`.
  void requireEqual(mlir::Value size, mlir::Value expected, const llvm::Twine &what);
  /// Requires that a size, offset or the like is not negative.
  void requireNotNegative(mlir::Value size, const llvm::Twine &what);
  /// Requires that `index` is in [0, size).
  void requireInside(mlir::Value index, mlir::Value size, unsigned dimension);
  /// Requires that the product of some sizes, which are not negative, is `expected`. One that wraps
  /// is not.
  void requireProduct(llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Value expected,
                      const llvm::Twine &what);

private:
  mlir::Operation *op;
  mlir::OpBuilder builder;
};

/// The checks of a linalg operation on tensors: that what its maps read is inside of its operands.
/// Fails with a diagnostic where a map is none that can be checked.
mlir::LogicalResult checkLinalgOp(mlir::linalg::LinalgOp op);
/// The checks of an operation on tensors of another dialect; nothing for those that need none.
void checkTensorOp(mlir::Operation *op);

} // namespace uwt

#endif // UWT_LIB_INPUT_CHECKBUILDER_H
