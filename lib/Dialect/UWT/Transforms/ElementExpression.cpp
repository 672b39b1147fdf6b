//===- ElementExpression.cpp - What one element is computed by ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementExpression.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace uwt {

bool ElementExpression::isFunctionOf(unsigned loop) const {
  if (tensor)
    return map.isFunctionOfDim(loop);
  return llvm::any_of(operands,
                      [&](const ElementExpression &each) { return each.isFunctionOf(loop); });
}

namespace {
/// Finds what an element is computed by.
class ElementTracer {
public:
  /// The element of `tensor` at `map` of the loops; an element of a tensor where it is computed by
  /// nothing that is seen through.
  ElementExpression element(Value tensor, AffineMap map);

private:
  std::optional<ElementExpression> computed(Value tensor, AffineMap map);
  std::optional<ElementExpression> scalar(Value value, linalg::LinalgOp op, AffineMap loops);
  std::optional<ElementExpression> argument(BlockArgument argument, linalg::LinalgOp op,
                                            AffineMap loops);

  /// A weight's arithmetic is short; others are left alone.
  unsigned left = 64;
};
} // namespace

static std::optional<ElementExpression> constantOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return std::nullopt;
  ElementExpression expression;
  expression.type = value.getType();
  expression.op = constant;
  return expression;
}

std::optional<ElementExpression> ElementTracer::argument(BlockArgument argument,
                                                         linalg::LinalgOp op, AffineMap loops) {
  OpOperand *operand = op.getMatchingOpOperand(argument);
  if (op.isDpsInit(operand))
    return std::nullopt;
  if (!isa<RankedTensorType>(operand->get().getType()))
    return constantOf(operand->get());
  return element(operand->get(), op.getMatchingIndexingMap(operand).compose(loops));
}

/// Whether an operation says that it rounds in another way than to nearest, ties to even.
static bool roundsElsewhere(Operation *op) {
  auto rounding = dyn_cast<arith::ArithRoundingModeInterface>(op);
  auto mode = rounding ? rounding.getRoundingModeAttr() : arith::RoundingModeAttr();
  return mode && mode.getValue() != arith::RoundingMode::to_nearest_even;
}

std::optional<ElementExpression> ElementTracer::scalar(Value value, linalg::LinalgOp op,
                                                       AffineMap loops) {
  if (auto constant = constantOf(value))
    return constant;
  if (auto blockArgument = dyn_cast<BlockArgument>(value))
    return blockArgument.getOwner() == op.getBlock() ? argument(blockArgument, op, loops)
                                                     : std::nullopt;
  Operation *inner = value.getDefiningOp();
  if (roundsElsewhere(inner) || inner->getBlock() != op.getBlock() || inner->getNumResults() != 1 ||
      inner->getNumOperands() == 0 || inner->getNumRegions() != 0 || !isMemoryEffectFree(inner))
    return std::nullopt;
  ElementExpression expression;
  expression.type = value.getType();
  expression.op = inner;
  for (Value operand : inner->getOperands()) {
    std::optional<ElementExpression> each = scalar(operand, op, loops);
    if (!each)
      return std::nullopt;
    expression.operands.push_back(*std::move(each));
  }
  return expression;
}

/// From indices of the result of a reshape that adds or drops dimensions of size 1 alone to those
/// of its source. A null map where it does more.
static AffineMap throughUnits(RankedTensorType source, RankedTensorType result) {
  MLIRContext *context = source.getContext();
  SmallVector<AffineExpr> indices;
  int64_t next = 0;
  auto skipUnits = [&] {
    while (next < result.getRank() && result.getDimSize(next) == 1)
      ++next;
  };
  for (int64_t size : source.getShape()) {
    if (size == 1) {
      indices.push_back(getAffineConstantExpr(0, context));
      continue;
    }
    skipUnits();
    if (next == result.getRank() || result.getDimSize(next) != size)
      return {};
    indices.push_back(getAffineDimExpr(next++, context));
  }
  skipUnits();
  return next == result.getRank() ? AffineMap::get(result.getRank(), 0, indices, context)
                                  : AffineMap();
}

std::optional<ElementExpression> ElementTracer::computed(Value tensor, AffineMap map) {
  Operation *op = tensor.getDefiningOp();
  if (!op || left == 0)
    return std::nullopt;
  --left;
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    Value source = op->getOperand(0);
    AffineMap indices = throughUnits(cast<RankedTensorType>(source.getType()),
                                     cast<RankedTensorType>(tensor.getType()));
    return indices ? std::optional(element(source, indices.compose(map))) : std::nullopt;
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || op->getNumResults() != 1 ||
      linalgOp.getNumLoops() != linalgOp.getNumParallelLoops())
    return std::nullopt;
  AffineMap output = linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
  if (!output.isPermutation())
    return std::nullopt;
  Value yielded = linalgOp.getBlock()->getTerminator()->getOperand(0);
  return scalar(yielded, linalgOp, inversePermutation(output).compose(map));
}

ElementExpression ElementTracer::element(Value tensor, AffineMap map) {
  if (std::optional<ElementExpression> expression = computed(tensor, map))
    return *std::move(expression);
  ElementExpression leaf;
  leaf.type = cast<RankedTensorType>(tensor.getType()).getElementType();
  DenseElementsAttr splat;
  if (matchPattern(tensor, m_Constant(&splat)) && splat.isSplat()) {
    leaf.op = tensor.getDefiningOp();
    return leaf;
  }
  leaf.tensor = tensor;
  leaf.map = map;
  return leaf;
}

ElementExpression ElementExpression::of(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  AffineMap loops = AffineMap::getMultiDimIdentityMap(type.getRank(), type.getContext());
  return ElementTracer().element(tensor, loops);
}

} // namespace uwt
