//===- CheckLinalgOps.cpp - Checks of linalg operations -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loop is as long as the first size that a map takes it from. Sizes that other maps take it from
// have to be equal; what a map computes from several loops (a window of a convolution) has to
// stay inside, for which its smallest and largest value are followed through the expression.
//
//===----------------------------------------------------------------------===//

#include "CheckBuilder.h"
#include "mlir/IR/AffineExprVisitor.h"

using namespace mlir;
using arith::CmpIPredicate;

namespace uwt {

namespace {

/// The smallest and largest value of an expression.
struct Bounds {
  Value low, high;
};

/// Follows bounds through affine expressions of loops that run at least once. Expressions are
/// taken apart as if their parts were independent, which is exact for what convolutions and
/// pooling have: each loop once.
class BoundsOfExpression : public AffineExprVisitor<BoundsOfExpression, Bounds> {
public:
  BoundsOfExpression(CheckBuilder &check, ArrayRef<Value> lengths)
      : check(check), lengths(lengths) {}

  Bounds visitDimExpr(AffineDimExpr expr) {
    Value last = check.create<arith::SubIOp>(lengths[expr.getPosition()], check.constant(1));
    return {check.constant(0), last};
  }
  Bounds visitConstantExpr(AffineConstantExpr expr) {
    Value value = check.constant(expr.getValue());
    return {value, value};
  }
  /// Maps of linalg have none.
  Bounds visitSymbolExpr(AffineSymbolExpr) { return {check.constant(0), check.constant(0)}; }
  Bounds visitAddExpr(AffineBinaryOpExpr expr) {
    Bounds a = visit(expr.getLHS()), b = visit(expr.getRHS());
    return {check.create<arith::AddIOp>(a.low, b.low), check.create<arith::AddIOp>(a.high, b.high)};
  }
  Bounds visitMulExpr(AffineBinaryOpExpr expr) {
    Bounds a = visit(expr.getLHS());
    Value factor = factorOf(expr);
    Bounds scaled = {check.create<arith::MulIOp>(a.low, factor),
                     check.create<arith::MulIOp>(a.high, factor)};
    if (cast<AffineConstantExpr>(expr.getRHS()).getValue() < 0)
      std::swap(scaled.low, scaled.high);
    return scaled;
  }
  Bounds visitFloorDivExpr(AffineBinaryOpExpr expr) {
    Bounds a = visit(expr.getLHS());
    return {check.create<arith::FloorDivSIOp>(a.low, factorOf(expr)),
            check.create<arith::FloorDivSIOp>(a.high, factorOf(expr))};
  }
  Bounds visitCeilDivExpr(AffineBinaryOpExpr expr) {
    Bounds a = visit(expr.getLHS());
    return {check.create<arith::CeilDivSIOp>(a.low, factorOf(expr)),
            check.create<arith::CeilDivSIOp>(a.high, factorOf(expr))};
  }
  Bounds visitModExpr(AffineBinaryOpExpr expr) {
    Bounds a = visit(expr.getLHS());
    Value last = check.create<arith::SubIOp>(factorOf(expr), check.constant(1));
    // What is never negative is not larger than itself either.
    Value isPlain = check.compare(CmpIPredicate::sge, a.low, check.constant(0));
    Value least = check.create<arith::MinSIOp>(a.high, last);
    return {check.constant(0), check.select(isPlain, least, last)};
  }

private:
  Value factorOf(AffineBinaryOpExpr expr) {
    return check.constant(cast<AffineConstantExpr>(expr.getRHS()).getValue());
  }

  CheckBuilder &check;
  ArrayRef<Value> lengths;
};

/// One operand's dimension that a map gives an expression for.
struct OperandAccess {
  unsigned operand;
  int64_t dimension;
  AffineExpr expression;
};

} // namespace

/// Sizes of which the products with the factors of maps do not wrap.
static constexpr int64_t largestLength = int64_t(1) << 40;
static constexpr int64_t largestFactor = int64_t(1) << 16;

/// Whether bounds of `expression` can be computed in 64 bits.
static bool isModest(AffineExpr expression) {
  unsigned nodes = 0;
  bool isModest = true;
  expression.walk([&](AffineExpr part) {
    ++nodes;
    auto constant = dyn_cast<AffineConstantExpr>(part);
    auto binary = dyn_cast<AffineBinaryOpExpr>(part);
    if (constant)
      isModest &= std::abs(constant.getValue()) <= largestLength;
    if (!binary || binary.getKind() == AffineExprKind::Add)
      return;
    auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
    isModest &= factor && std::abs(factor.getValue()) <= largestFactor;
    isModest &= binary.getKind() != AffineExprKind::Mul || isa<AffineDimExpr>(binary.getLHS());
    isModest &= binary.getKind() == AffineExprKind::Mul || factor.getValue() > 0;
  });
  return isModest && nodes <= 64;
}

static void checkAccesses(CheckBuilder &check, linalg::LinalgOp op,
                          ArrayRef<OperandAccess> accesses, ArrayRef<Value> lengths) {
  // Where a loop does not run nothing is read.
  Value mayRun;
  for (Value length : lengths) {
    Value runs = check.compare(CmpIPredicate::sgt, length, check.constant(0));
    mayRun = mayRun ? check.create<arith::AndIOp>(mayRun, runs) : runs;
    check.require(check.compare(CmpIPredicate::sle, length, check.constant(largestLength)),
                  "a loop of {0} iterations is too long", length);
  }
  Value isEmpty = check.negate(mayRun);
  for (const OperandAccess &access : accesses) {
    Bounds bounds = BoundsOfExpression(check, lengths).visit(access.expression);
    Value size = check.size(op->getOperand(access.operand), access.dimension);
    std::string what = "index {0} is outside of dimension " + std::to_string(access.dimension) +
                       " of operand " + std::to_string(access.operand) + ", whose size is {1}";
    for (Value bound : {bounds.low, bounds.high}) {
      Value isInside = check.compare(CmpIPredicate::ult, bound, size);
      check.require(check.create<arith::OrIOp>(isEmpty, isInside), what, {bound, size});
    }
  }
}

/// Whether `expression` is a number that is inside of a known size.
static bool isInsideAnyway(AffineExpr expression, Type type, int64_t dimension) {
  auto constant = dyn_cast<AffineConstantExpr>(expression);
  auto tensor = cast<RankedTensorType>(type);
  return constant && constant.getValue() >= 0 && !tensor.isDynamicDim(dimension) &&
         constant.getValue() < tensor.getDimSize(dimension);
}

LogicalResult checkLinalgOp(linalg::LinalgOp op) {
  CheckBuilder check(op);
  SmallVector<Value> lengths(op.getNumLoops());
  SmallVector<OperandAccess> accesses;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    unsigned number = operand.getOperandNumber();
    for (auto [dimension, expression] :
         llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
      auto loop = dyn_cast<AffineDimExpr>(expression);
      if (isInsideAnyway(expression, operand.get().getType(), dimension))
        continue;
      if (!loop) {
        accesses.push_back({number, static_cast<int64_t>(dimension), expression});
        continue;
      }
      Value size = check.size(operand.get(), dimension), &length = lengths[loop.getPosition()];
      if (length)
        check.requireEqual(size, length,
                           "size " + Twine(dimension) + " of operand " + Twine(number));
      else
        length = size;
    }
  }
  if (accesses.empty())
    return success();
  for (const OperandAccess &access : accesses) {
    if (isModest(access.expression))
      continue;
    std::string text;
    llvm::raw_string_ostream(text) << access.expression;
    return op->emitOpError("has an indexing map whose bounds cannot be checked: ")
           << text << "; expected sums of loops times factors up to " << largestFactor;
  }
  if (llvm::is_contained(lengths, Value()))
    return op->emitOpError("has a loop that no operand has the length of");
  checkAccesses(check, op, accesses, lengths);
  return success();
}

} // namespace uwt
