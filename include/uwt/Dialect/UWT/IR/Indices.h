//===- Indices.h - Arithmetic on indices ------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_INDICES_H
#define UWT_DIALECT_UWT_IR_INDICES_H

#include "uwt/Dialect/UWT/IR/IntegerBuilder.h"
#include "llvm/ADT/StringRef.h"

namespace uwt {

/// Builds arithmetic on indices at a location.
class Indices : public IntegerBuilder {
public:
  Indices(mlir::OpBuilder &builder, mlir::Location location)
      : IntegerBuilder(builder, location, builder.getIndexType()) {}

  /// Fails the call with `message` where `value` is not below `limit`; negative values are not.
  void check(mlir::Value value, Operand limit, llvm::StringRef message);
};

} // namespace uwt

#endif // UWT_DIALECT_UWT_IR_INDICES_H
