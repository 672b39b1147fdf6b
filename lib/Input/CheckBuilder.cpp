//===- CheckBuilder.cpp - Conditions of operations ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckBuilder.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "uwt/Dialect/UWT/IR/FileLocation.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/IntegerRange.h"

using namespace mlir;
using arith::CmpIPredicate;

namespace uwt {

CheckBuilder::CheckBuilder(Operation *op) : op(op), builder(op) {
  // The region of insertions takes nothing else.
  if (isa<scf::InParallelOp>(op->getParentOp()))
    builder.setInsertionPoint(op->getParentOp());
}

Value CheckBuilder::constant(int64_t value) {
  return arith::ConstantIndexOp::create(builder, op->getLoc(), value);
}

Value CheckBuilder::constantLike(Value other, int64_t value) {
  return arith::ConstantOp::create(builder, op->getLoc(),
                                   builder.getIntegerAttr(other.getType(), value));
}

Value CheckBuilder::value(OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(builder, op->getLoc(), size);
}

Value CheckBuilder::size(Value tensor, int64_t dimension) {
  auto type = cast<ShapedType>(tensor.getType());
  if (!type.isDynamicDim(dimension))
    return constant(type.getDimSize(dimension));
  // Outside of a body the size is taken once.
  OpBuilder::InsertionGuard guard(builder);
  if (auto around = op->getParentOfType<linalg::LinalgOp>())
    builder.setInsertionPoint(around);
  if (isa<MemRefType>(type))
    return builder.createOrFold<memref::DimOp>(op->getLoc(), tensor, dimension);
  return builder.createOrFold<tensor::DimOp>(op->getLoc(), tensor, dimension);
}

Value CheckBuilder::elementOf(Value tensor, int64_t position) {
  Value element = builder.createOrFold<tensor::ExtractOp>(op->getLoc(), tensor, constant(position));
  if (element.getType().isIndex())
    return element;
  return builder.createOrFold<arith::IndexCastOp>(op->getLoc(), builder.getIndexType(), element);
}

Value CheckBuilder::compare(CmpIPredicate predicate, Value a, Value b) {
  return builder.createOrFold<arith::CmpIOp>(op->getLoc(), predicate, a, b);
}

Value CheckBuilder::select(Value condition, Value a, Value b) {
  return builder.createOrFold<arith::SelectOp>(op->getLoc(), condition, a, b);
}

Value CheckBuilder::negate(Value condition) {
  return create<arith::XOrIOp>(condition, constantLike(condition, 1));
}

void CheckBuilder::require(Value condition, const Twine &text, ValueRange values) {
  if (matchPattern(condition, m_One()))
    return;
  std::string message =
      (fileLocation(op->getLoc()) + op->getName().getStringRef() + ": " + text).str();
  CheckOp::create(builder, op->getLoc(), condition, message, values);
}

void CheckBuilder::requireEqual(Value size, Value expected, const Twine &what) {
  if (size != expected)
    require(compare(CmpIPredicate::eq, size, expected), what + " is {0}, expected {1}",
            {size, expected});
}

void CheckBuilder::requireNotNegative(Value size, const Twine &what) {
  require(compare(CmpIPredicate::sge, size, constant(0)), what + " is negative: {0}", size);
}

/// Returns if every index that can come is one of a dimension of this size.
static bool isAlwaysInside(Value index, Value size) {
  std::optional<int64_t> known = getConstantIntValue(size);
  return known && *known > 0 && index.getType().isIndex() &&
         integerRangeOf(index).umax().ult(static_cast<uint64_t>(*known));
}

void CheckBuilder::requireInside(Value index, Value size, unsigned dimension) {
  // A check would keep what is decided from being computed when the program is loaded.
  if (isAlwaysInside(index, size))
    return;
  // As unsigned numbers, negative indices are larger than any size.
  require(compare(CmpIPredicate::ult, index, size),
          "index {0} is outside of dimension " + Twine(dimension) + ", whose size is {1}",
          {index, size});
}

void CheckBuilder::requireProduct(ArrayRef<OpFoldResult> sizes, Value expected, const Twine &what) {
  Location loc = op->getLoc();
  Type i64 = builder.getI64Type();
  auto wide = [&](Value size) { return arith::IndexCastOp::create(builder, loc, i64, size); };
  uint64_t known = 1;
  SmallVector<Value> unknown;
  for (OpFoldResult size : sizes) {
    if (std::optional<int64_t> constant = getConstantIntValue(size))
      known *= static_cast<uint64_t>(*constant);
    else
      unknown.push_back(cast<Value>(size));
  }
  if (unknown.empty())
    return requireEqual(expected, constant(static_cast<int64_t>(known)), what);
  Value product = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(known));
  Value zero = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0)), fits;
  for (Value size : unknown) {
    auto extended = arith::MulUIExtendedOp::create(builder, loc, product, wide(size));
    Value isLow = compare(CmpIPredicate::eq, extended.getHigh(), zero);
    fits = fits ? create<arith::AndIOp>(fits, isLow) : isLow;
    product = extended.getLow();
  }
  Value isEqual = compare(CmpIPredicate::eq, product, wide(expected));
  Value result = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), product);
  require(create<arith::AndIOp>(fits, isEqual), what + " has {0} elements, expected {1}",
          {result, expected});
}

} // namespace uwt
