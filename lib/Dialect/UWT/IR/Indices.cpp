//===- Indices.cpp - Arithmetic on indices --------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/IR/Indices.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace uwt {

void Indices::check(Value value, Operand limit, llvm::StringRef message) {
  Value isInside = less(value, limit);
  if (getConstantIntValue(isInside).value_or(0) == 0)
    cf::AssertOp::create(builder, location, isInside, message);
}

} // namespace uwt
