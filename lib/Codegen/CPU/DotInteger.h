//===- DotInteger.h - Sums of products of bytes -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_DOTINTEGER_H
#define UWT_LIB_CODEGEN_CPU_DOTINTEGER_H

#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt::codegen {

/// What `uwt.dot_integer` gives, in front of it: by products of bytes where the target has them,
/// else by integers of 32 bits. The same sums on every target.
mlir::Value lowerDotInteger(mlir::OpBuilder &builder, DotIntegerOp op, const Target &target);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_DOTINTEGER_H
