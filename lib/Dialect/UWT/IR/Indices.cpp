//===- Indices.cpp - Index arithmetic and loops ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/IR/Indices.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace uwt {

Value Indices::constant(int64_t value) {
  return arith::ConstantIndexOp::create(builder, location, value);
}
Value Indices::add(Value a, Value b) { return builder.createOrFold<arith::AddIOp>(location, a, b); }
Value Indices::sub(Value a, Value b) { return builder.createOrFold<arith::SubIOp>(location, a, b); }
Value Indices::mul(Value a, Value b) { return builder.createOrFold<arith::MulIOp>(location, a, b); }
Value Indices::div(Value a, Value b) {
  return builder.createOrFold<arith::DivUIOp>(location, a, b);
}
Value Indices::rem(Value a, int64_t b) {
  return builder.createOrFold<arith::RemUIOp>(location, a, constant(b));
}
Value Indices::min(Value a, Value b) {
  return builder.createOrFold<arith::MinUIOp>(location, a, b);
}
Value Indices::less(Value a, Value b) {
  return builder.createOrFold<arith::CmpIOp>(location, arith::CmpIPredicate::ult, a, b);
}

void Indices::check(Value value, int64_t limit, llvm::StringRef message) {
  Value isInside = less(value, constant(limit));
  if (getConstantIntValue(isInside).value_or(0) == 0)
    cf::AssertOp::create(builder, location, isInside, message);
}

void Indices::loop(Value count, Body body, int64_t step) {
  if (std::optional<int64_t> known = getConstantIntValue(count); known && *known <= step) {
    if (*known > 0)
      body(constant(0));
    return;
  }
  auto loop = scf::ForOp::create(builder, location, constant(0), count, constant(step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

SmallVector<Value> Indices::loop(Value count, ValueRange carried, CarryingBody body) {
  auto loop = scf::ForOp::create(builder, location, constant(0), count, constant(1), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!carried.empty())
    scf::YieldOp::create(builder, location, results);
  return SmallVector<Value>(loop.getResults());
}

void Indices::ifElse(Value condition, llvm::function_ref<void()> then,
                     llvm::function_ref<void()> otherwise) {
  if (std::optional<int64_t> known = getConstantIntValue(condition)) {
    if (*known != 0)
      then();
    else if (otherwise)
      otherwise();
    return;
  }
  auto branch = scf::IfOp::create(builder, location, condition, bool(otherwise));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  then();
  if (!otherwise)
    return;
  builder.setInsertionPointToStart(branch.elseBlock());
  otherwise();
}

} // namespace uwt
