//===- DefineResults.cpp - Pass uwt-define-results ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM may assume that a branch never depends on an undefined value, the branch of a check
// included. So none may reach one: not only for equal bits everywhere, but for checks to hold.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/Matchers.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Input/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace uwt {
#define GEN_PASS_DEF_DEFINERESULTSPASS
#include "uwt/Input/Passes.h.inc"
} // namespace uwt

using namespace mlir;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

namespace {
struct DefineResults : uwt::impl::DefineResultsPassBase<DefineResults> {
  void runOnOperation() override;
};
} // namespace

//===----------------------------------------------------------------------===//
// Flags
//===----------------------------------------------------------------------===//

/// Drops promises of which the result is undefined where they are not kept.
static void dropPromises(Operation *op) {
  if (auto flags = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(op))
    op->setAttr(
        flags.getIntegerOverflowAttrName(),
        arith::IntegerOverflowFlagsAttr::get(op->getContext(), arith::IntegerOverflowFlags::none));
  if (auto flags = dyn_cast<arith::ArithFastMathInterface>(op)) {
    auto undefined = arith::FastMathFlags::nnan | arith::FastMathFlags::ninf;
    if (arith::FastMathFlagsAttr attribute = flags.getFastMathFlagsAttr();
        attribute && bitEnumContainsAny(attribute.getValue(), undefined))
      op->setAttr(flags.getFastMathAttrName(),
                  arith::FastMathFlagsAttr::get(op->getContext(),
                                                bitEnumClear(attribute.getValue(), undefined)));
  }
  llvm::TypeSwitch<Operation *>(op)
      .Case<arith::DivSIOp, arith::DivUIOp, arith::ShRSIOp, arith::ShRUIOp>(
          [](auto exact) { exact.setIsExact(false); });
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static Value constantOf(OpBuilder &builder, Location loc, Type type, const APInt &value) {
  return arith::ConstantOp::create(builder, loc, builder.getIntegerAttr(type, value));
}

static unsigned widthOf(Type type) {
  return type.isIndex() ? IndexType::kInternalStorageBitWidth : type.getIntOrFloatBitWidth();
}

/// Shifts by the width or more: zeros, or the sign everywhere.
static void defineShift(Operation *op) {
  Type type = op->getResult(0).getType();
  APInt known;
  if (!type.isIntOrIndex() ||
      (matchPattern(op->getOperand(1), m_ConstantInt(&known)) && known.ult(widthOf(type))))
    return;
  OpBuilder builder(op);
  Location loc = op->getLoc();
  unsigned width = widthOf(type);
  Value amount = op->getOperand(1);
  Value last = constantOf(builder, loc, type, APInt(width, width - 1));
  op->setOperand(1, arith::MinUIOp::create(builder, loc, amount, last));
  if (isa<arith::ShRSIOp>(op))
    return;
  builder.setInsertionPointAfter(op);
  Value isWhole = arith::CmpIOp::create(builder, loc, CmpIPredicate::ugt, amount, last);
  Value zero = constantOf(builder, loc, type, APInt::getZero(width));
  auto result = arith::SelectOp::create(builder, loc, isWhole, zero, op->getResult(0));
  op->getResult(0).replaceAllUsesExcept(result, result);
}

/// Replaces a conversion to an integer of 2 to 31 bits by one to i32 of which the low bits are
/// kept, and returns that one: processors, PyTorch and IREE wrap numbers that fit i32, and
/// torch-mlir writes conversions to unsigned integers as signed ones.
static Operation *convertThrough32Bits(Operation *op) {
  unsigned width = op->getResult(0).getType().getIntOrFloatBitWidth();
  if (width < 2 || width >= 32)
    return op;
  OpBuilder builder(op);
  auto wide =
      arith::FPToSIOp::create(builder, op->getLoc(), builder.getI32Type(), op->getOperand(0));
  auto narrow = arith::TruncIOp::create(builder, op->getLoc(), op->getResult(0).getType(), wide);
  op->replaceAllUsesWith(narrow->getResults());
  op->erase();
  return wide;
}

/// Defines conversions of floats beyond the integers: the nearest integer, and zero for NaN.
static void defineConversion(Operation *op) {
  if (!isa<IntegerType>(op->getResult(0).getType()) || !isa<FloatType>(op->getOperand(0).getType()))
    return;
  op = convertThrough32Bits(op);
  bool isSigned = isa<arith::FPToSIOp>(op);
  auto to = cast<IntegerType>(op->getResult(0).getType());
  auto from = cast<FloatType>(op->getOperand(0).getType());
  OpBuilder builder(op);
  Location loc = op->getLoc();
  APInt least = isSigned ? APInt::getSignedMinValue(to.getWidth()) : APInt::getZero(to.getWidth());
  APInt most =
      isSigned ? APInt::getSignedMaxValue(to.getWidth()) : APInt::getMaxValue(to.getWidth());
  auto bound = [&](const APInt &value) {
    APFloat number(from.getFloatSemantics());
    number.convertFromAPInt(value, isSigned, APFloat::rmTowardZero);
    // A narrow float may have no number so large.
    if (number.isInfinity())
      number = APFloat::getLargest(from.getFloatSemantics(), number.isNegative());
    return arith::ConstantOp::create(builder, loc, FloatAttr::get(from, number));
  };
  Value x = op->getOperand(0), low = bound(least), high = bound(most);
  auto compare = [&](CmpFPredicate predicate, Value a, Value b) -> Value {
    return arith::CmpFOp::create(builder, loc, predicate, a, b);
  };
  Value isHigh = compare(CmpFPredicate::OGT, x, high), isNan = compare(CmpFPredicate::UNO, x, x);
  Value isLow = compare(CmpFPredicate::OLT, x, low);
  Value clamped = arith::SelectOp::create(builder, loc, isLow, low, x);
  clamped = arith::SelectOp::create(builder, loc, isHigh, high, clamped);
  // Any number will do for the conversion of a NaN.
  op->setOperand(0, arith::SelectOp::create(builder, loc, isNan, low, clamped));
  builder.setInsertionPointAfter(op);
  Value result = op->getResult(0);
  SmallPtrSet<Operation *, 2> ours;
  auto select = [&](Value condition, const APInt &value) {
    auto chosen = arith::SelectOp::create(builder, loc, condition,
                                          constantOf(builder, loc, to, value), result);
    ours.insert(chosen);
    result = chosen;
  };
  // An infinity is beyond the bound of a narrow float too.
  select(isLow, least);
  select(isHigh, most);
  select(isNan, APInt::getZero(to.getWidth()));
  op->getResult(0).replaceAllUsesExcept(result, ours);
}

static void definePoison(ub::PoisonOp op) {
  OpBuilder builder(op);
  TypedAttr zero = builder.getZeroAttr(op.getType());
  if (!zero)
    return;
  op.replaceAllUsesWith(arith::ConstantOp::create(builder, op.getLoc(), zero).getResult());
  op.erase();
}

//===----------------------------------------------------------------------===//
// Empty tensors
//===----------------------------------------------------------------------===//

/// Whether an operation that has an empty tensor as its destination writes all of it, and reads
/// nothing.
static bool onlyOverwrites(OpOperand &use) {
  Operation *user = use.getOwner();
  if (isa<tensor::DimOp>(user))
    return true;
  if (auto product = dyn_cast<uwt::MatmulOp>(user))
    return product.isDpsInit(&use);
  if (isa<linalg::SoftmaxOp, linalg::PackOp, linalg::UnPackOp>(user))
    return cast<DestinationStyleOpInterface>(user).isDpsInit(&use);
  auto linalgOp = dyn_cast<linalg::LinalgOp>(user);
  return linalgOp && linalgOp.isDpsInit(&use) && !linalgOp.payloadUsesValueFromOperand(&use) &&
         linalgOp.getMatchingIndexingMap(&use).isPermutation();
}

/// Whether insertions from `first` on, each into the result of the one before, fill the whole
/// tensor, one part after another along one dimension: a concatenation.
static bool isFilledBySlices(tensor::InsertSliceOp first) {
  tensor::InsertSliceOp last = first;
  std::optional<int64_t> along;
  auto whole = first.getDestType();
  for (int64_t begin = 0; last.getDest().getDefiningOp() != nullptr;) {
    if (!last.hasUnitStride() || !whole.hasStaticShape())
      return false;
    ArrayRef<int64_t> offsets = last.getStaticOffsets(), sizes = last.getStaticSizes();
    for (int64_t i = 0; i < whole.getRank(); ++i) {
      if (sizes[i] == whole.getDimSize(i) && offsets[i] == 0)
        continue;
      if (along.value_or(i) != i || offsets[i] != begin || ShapedType::isDynamic(sizes[i]))
        return false;
      along = i;
      begin += sizes[i];
    }
    if (!along || begin == whole.getDimSize(*along))
      return true;
    auto next = last->hasOneUse() ? dyn_cast<tensor::InsertSliceOp>(*last->user_begin())
                                  : tensor::InsertSliceOp();
    if (!next || next.getDest() != last.getResult())
      return false;
    last = next;
  }
  return false;
}

/// Zeros for those who may read what nobody has written.
static void defineEmpty(tensor::EmptyOp op) {
  SmallVector<OpOperand *> reads;
  for (OpOperand &use : op->getUses()) {
    auto insert = dyn_cast<tensor::InsertSliceOp>(use.getOwner());
    bool isFilled = insert && insert.getDest() == op.getResult() && isFilledBySlices(insert);
    if (!onlyOverwrites(use) && !isFilled)
      reads.push_back(&use);
  }
  Type element = op.getType().getElementType();
  if (reads.empty())
    return;
  OpBuilder builder(op->getContext());
  builder.setInsertionPointAfter(op);
  Value zero = arith::ConstantOp::create(builder, op.getLoc(), builder.getZeroAttr(element));
  Value filled = linalg::FillOp::create(builder, op.getLoc(), zero, op.getResult()).getResult(0);
  for (OpOperand *read : reads)
    read->set(filled);
}

void DefineResults::runOnOperation() {
  SmallVector<Operation *> ops;
  getOperation()->walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops) {
    dropPromises(op);
    llvm::TypeSwitch<Operation *>(op)
        .Case<arith::ShLIOp, arith::ShRSIOp, arith::ShRUIOp>([](auto shift) { defineShift(shift); })
        .Case<arith::FPToSIOp, arith::FPToUIOp>([](auto cast) { defineConversion(cast); })
        .Case([](ub::PoisonOp poison) { definePoison(poison); })
        .Case([](tensor::EmptyOp empty) { defineEmpty(empty); });
  }
}
