//===- IntegerRange.cpp - Between which numbers integers are --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/Transforms/IntegerRange.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace uwt {

namespace {
class RangeSearch {
public:
  ConstantIntRanges of(Value value);

private:
  ConstantIntRanges ofResult(OpResult result);
  ConstantIntRanges ofAll(ValueRange values, const ConstantIntRanges &all);

  /// Steps that are looked at.
  unsigned left = 64;
};
} // namespace

/// Bits of an integer or index; 0 of what is none.
static unsigned widthOf(Value value) {
  return ConstantIntRanges::getStorageBitwidth(value.getType());
}

/// From the lowest to the highest of several values; what has no content counts for nothing.
ConstantIntRanges RangeSearch::ofAll(ValueRange values, const ConstantIntRanges &all) {
  std::optional<ConstantIntRanges> hull;
  for (Value value : values) {
    if (value.getDefiningOp<tensor::EmptyOp>())
      continue;
    ConstantIntRanges each = of(value);
    hull = hull ? hull->rangeUnion(each) : each;
  }
  return hull.value_or(all);
}

/// Returns the range of an integer tensor's elements, if there are not too many to look at.
static std::optional<ConstantIntRanges> rangeOfElements(Operation *op) {
  constexpr int64_t maxElements = 1 << 16;
  DenseIntElementsAttr elements;
  if (!matchPattern(op, m_Constant(&elements)) || elements.empty() ||
      (!elements.isSplat() && elements.getNumElements() > maxElements))
    return std::nullopt;
  std::optional<ConstantIntRanges> hull;
  for (const APInt &each : elements) {
    ConstantIntRanges one = ConstantIntRanges::constant(each);
    hull = hull ? hull->rangeUnion(one) : one;
    if (elements.isSplat())
      break;
  }
  return hull;
}

/// Returns the range of a loop's index, whose number of iterations the IR states.
static std::optional<ConstantIntRanges> rangeOfLoop(linalg::IndexOp op) {
  auto loops = op->getParentOfType<linalg::LinalgOp>();
  int64_t size = loops ? loops.getStaticLoopRanges()[op.getDim()] : ShapedType::kDynamic;
  if (ShapedType::isDynamic(size) || size == 0)
    return std::nullopt;
  return ConstantIntRanges::fromUnsigned(
      APInt::getZero(IndexType::kInternalStorageBitWidth),
      APInt(IndexType::kInternalStorageBitWidth, static_cast<uint64_t>(size - 1)));
}

ConstantIntRanges RangeSearch::ofResult(OpResult result) {
  Operation *op = result.getOwner();
  ConstantIntRanges range = ConstantIntRanges::maxRange(widthOf(result));
  APInt number;
  if (matchPattern(result, m_ConstantInt(&number)))
    return ConstantIntRanges::constant(number);
  if (auto elements = rangeOfElements(op))
    return *elements;
  if (auto index = dyn_cast<linalg::IndexOp>(op))
    return rangeOfLoop(index).value_or(range);
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp, tensor::ExtractSliceOp>(
          op))
    return of(op->getOperand(0));
  if (isa<tensor::ConcatOp>(op))
    return ofAll(op->getOperands(), range);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return ofAll({insert.getSource(), insert.getDest()}, range);
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op); linalgOp && op->getNumResults() == 1) {
    ConstantIntRanges yielded = of(linalgOp.getBlock()->getTerminator()->getOperand(0));
    if (linalgOp.getNumReductionLoops() == 0)
      return yielded;
    // A sum of nothing is what the output holds at first.
    return yielded.rangeUnion(of(linalgOp.getDpsInitOperand(0)->get()));
  }
  auto inferable = dyn_cast<InferIntRangeInterface>(op);
  if (!inferable || llvm::any_of(op->getOperands(), [](Value each) { return widthOf(each) == 0; }))
    return range;
  SmallVector<ConstantIntRanges> operands;
  for (Value operand : op->getOperands())
    operands.push_back(of(operand));
  inferable.inferResultRanges(operands,
                              [&](Value, const ConstantIntRanges &found) { range = found; });
  return range;
}

ConstantIntRanges RangeSearch::of(Value value) {
  ConstantIntRanges all = ConstantIntRanges::maxRange(widthOf(value));
  if (left == 0)
    return all;
  --left;
  if (auto result = dyn_cast<OpResult>(value))
    return ofResult(result);
  auto argument = cast<BlockArgument>(value);
  auto op = dyn_cast<linalg::LinalgOp>(argument.getOwner()->getParentOp());
  if (!op || op.isDpsInit(op.getMatchingOpOperand(argument)))
    return all;
  return of(op.getMatchingOpOperand(argument)->get());
}

ConstantIntRanges integerRangeOf(Value value) { return RangeSearch().of(value); }

} // namespace uwt
