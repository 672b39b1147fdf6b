//===- Indices.h - Index arithmetic and loops -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_INDICES_H
#define UWT_DIALECT_UWT_IR_INDICES_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

namespace uwt {

/// Builds index arithmetic and loops at a location. Constants fold.
class Indices {
public:
  Indices(mlir::OpBuilder &builder, mlir::Location location)
      : builder(builder), location(location) {}

  mlir::Value constant(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b) { return add(a, constant(b)); }
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, int64_t b) { return mul(a, constant(b)); }
  mlir::Value div(mlir::Value a, mlir::Value b);
  mlir::Value div(mlir::Value a, int64_t b) { return div(a, constant(b)); }
  mlir::Value ceilDiv(mlir::Value a, int64_t b) { return div(add(a, b - 1), b); }
  mlir::Value rem(mlir::Value a, int64_t b);
  mlir::Value min(mlir::Value a, mlir::Value b);
  mlir::Value less(mlir::Value a, mlir::Value b);

  /// Fails the call with `message` where `value` is not below `limit`; negative values are not.
  void check(mlir::Value value, int64_t limit, llvm::StringRef message);

  using Body = llvm::function_ref<void(mlir::Value)>;
  using CarryingBody =
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)>;
  /// `for (i = 0; i < count; i += step)`; a loop that runs once is not built.
  void loop(mlir::Value count, Body body, int64_t step = 1);
  /// The same, with values that a pass hands on to the next one.
  llvm::SmallVector<mlir::Value> loop(mlir::Value count, mlir::ValueRange carried,
                                      CarryingBody body);
  /// Structured branches; the one that a constant condition excludes is not built.
  void ifElse(mlir::Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = {});

private:
  mlir::OpBuilder &builder;
  mlir::Location location;
};

} // namespace uwt

#endif // UWT_DIALECT_UWT_IR_INDICES_H
