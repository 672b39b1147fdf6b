//===- IntegerBuilder.cpp - Integer arithmetic, loops, branches -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/IR/IntegerBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace uwt {

static unsigned widthOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isIndex() ? IndexType::kInternalStorageBitWidth : element.getIntOrFloatBitWidth();
}

std::optional<int64_t> IntegerBuilder::Operand::known() const {
  return value ? getConstantIntValue(value) : number;
}

bool IntegerBuilder::Operand::isMultipleOf(int64_t divisor) const {
  std::optional<int64_t> size = known();
  return size && *size % divisor == 0;
}

Value IntegerBuilder::constant(int64_t number) {
  APInt bits(widthOf(numberType), number, /*isSigned=*/true, /*implicitTrunc=*/true);
  if (auto vector = dyn_cast<VectorType>(numberType))
    return arith::ConstantOp::create(builder, location, DenseElementsAttr::get(vector, bits));
  return arith::ConstantOp::create(builder, location, builder.getIntegerAttr(numberType, bits));
}

Value IntegerBuilder::convert(Value value) {
  Type from = value.getType();
  if (from == numberType)
    return value;
  if (getElementTypeOrSelf(from).isIndex() || getElementTypeOrSelf(numberType).isIndex())
    return builder.createOrFold<arith::IndexCastUIOp>(location, numberType, value);
  if (widthOf(from) < widthOf(numberType))
    return builder.createOrFold<arith::ExtUIOp>(location, numberType, value);
  return builder.createOrFold<arith::TruncIOp>(location, numberType, value);
}

Value IntegerBuilder::valueOf(Operand operand) {
  return operand.value ? operand.value : constant(operand.number);
}

template <typename Op, typename... Leading>
Value IntegerBuilder::build(Operand a, Operand b, Leading... leading) {
  Value first = valueOf(a);
  return builder.createOrFold<Op>(location, leading..., first, valueOf(b));
}

Value IntegerBuilder::add(Operand a, Operand b) {
  return b.isZero() ? valueOf(a) : build<arith::AddIOp>(a, b);
}
Value IntegerBuilder::sub(Operand a, Operand b) { return build<arith::SubIOp>(a, b); }
Value IntegerBuilder::mul(Operand a, Operand b) { return build<arith::MulIOp>(a, b); }
Value IntegerBuilder::div(Operand a, Operand b) { return build<arith::DivUIOp>(a, b); }
Value IntegerBuilder::rem(Operand a, Operand b) { return build<arith::RemUIOp>(a, b); }
Value IntegerBuilder::min(Operand a, Operand b) { return build<arith::MinUIOp>(a, b); }
Value IntegerBuilder::max(Operand a, Operand b) { return build<arith::MaxUIOp>(a, b); }
Value IntegerBuilder::bitAnd(Operand a, Operand b) { return build<arith::AndIOp>(a, b); }
Value IntegerBuilder::bitOr(Operand a, Operand b) { return build<arith::OrIOp>(a, b); }
Value IntegerBuilder::bitXor(Operand a, Operand b) { return build<arith::XOrIOp>(a, b); }
Value IntegerBuilder::shl(Operand a, Operand bits) {
  return bits.isZero() ? valueOf(a) : build<arith::ShLIOp>(a, bits);
}
Value IntegerBuilder::lshr(Operand a, Operand bits) {
  return bits.isZero() ? valueOf(a) : build<arith::ShRUIOp>(a, bits);
}

Value IntegerBuilder::bits(Value a, unsigned low, unsigned count) {
  return bitAnd(lshr(a, low), (int64_t(1) << count) - 1);
}

Value IntegerBuilder::less(Operand a, Operand b) {
  return build<arith::CmpIOp>(a, b, arith::CmpIPredicate::ult);
}
Value IntegerBuilder::equal(Operand a, Operand b) {
  return build<arith::CmpIOp>(a, b, arith::CmpIPredicate::eq);
}
Value IntegerBuilder::notEqual(Operand a, Operand b) {
  return build<arith::CmpIOp>(a, b, arith::CmpIPredicate::ne);
}
Value IntegerBuilder::select(Value condition, Operand a, Operand b) {
  return build<arith::SelectOp>(a, b, condition);
}

void IntegerBuilder::loop(Operand count, Body body, int64_t step) {
  Value end = valueOf(count);
  if (std::optional<int64_t> known = getConstantIntValue(end); known && *known <= step) {
    if (*known > 0)
      body(constant(0));
    return;
  }
  auto loop = scf::ForOp::create(builder, location, constant(0), end, constant(step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

IntegerBuilder::Values IntegerBuilder::loop(Operand count, ValueRange carried, CarryingBody body) {
  Value end = valueOf(count);
  if (isOneInteger(end))
    return body(constant(0), carried);
  auto loop = scf::ForOp::create(builder, location, constant(0), end, constant(1), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Values results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!carried.empty())
    scf::YieldOp::create(builder, location, results);
  return Values(loop.getResults());
}

void IntegerBuilder::ifElse(Value condition, llvm::function_ref<void()> then,
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

IntegerBuilder::Values IntegerBuilder::either(Value condition, TypeRange types,
                                              llvm::function_ref<Values()> then,
                                              llvm::function_ref<Values()> otherwise) {
  if (types.empty()) {
    ifElse(condition, [&] { then(); }, [&] { otherwise(); });
    return {};
  }
  if (std::optional<int64_t> known = getConstantIntValue(condition))
    return *known != 0 ? then() : otherwise();
  auto branch = scf::IfOp::create(builder, location, types, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, location, then());
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, location, otherwise());
  return Values(branch.getResults());
}

} // namespace uwt
