//===- CheckOp.cpp - Conditions that only a call knows --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt {

void CheckOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  // A failure is seen from outside: a check is not removed, nor moved across another one.
  effects.emplace_back(MemoryEffects::Write::get());
}

LogicalResult CheckOp::verify() {
  if (getValues().size() <= maxValues)
    return success();
  return emitOpError() << "expects at most " << maxValues << " values, got " << getValues().size();
}

LogicalResult CheckOp::canonicalize(CheckOp op, PatternRewriter &rewriter) {
  if (!matchPattern(op.getCondition(), m_One()))
    return failure();
  rewriter.eraseOp(op);
  return success();
}

} // namespace uwt
