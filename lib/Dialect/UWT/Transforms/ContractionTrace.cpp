//===- ContractionTrace.cpp - Values behind moves and widenings -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace uwt {

TracedValue::TracedValue(Value value) : source(value) {
  for (int64_t i = 0; i < type().getRank(); ++i)
    dims.push_back(i);
}

/// Whether a body yields its first argument, as it is or widened.
static bool isWideningBody(Block &block) {
  Value value = block.getTerminator()->getOperand(0);
  while (auto extend = value.getDefiningOp<arith::ExtFOp>())
    value = extend.getIn();
  return value == block.getArgument(0);
}

/// For each dimension of the result of a linalg operation that only moves or widens its input, the
/// dimension of the input, or -1; nothing where it does something else.
static std::optional<SmallVector<int64_t>> matchMove(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics() || op->getNumResults() != 1 || op.getNumDpsInputs() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() || !isWideningBody(*op.getBlock()))
    return std::nullopt;
  OpOperand *input = op.getDpsInputOperand(0);
  AffineMap inputMap = op.getMatchingIndexingMap(input);
  AffineMap resultMap = op.getIndexingMapMatchingResult(op->getResult(0));
  if (!isa<RankedTensorType>(input->get().getType()) || !resultMap.isPermutation() ||
      !inputMap.isProjectedPermutation(/*allowZeroInResults=*/true))
    return std::nullopt;

  SmallVector<int64_t> dims(resultMap.getNumResults(), -1);
  for (auto [resultDim, expr] : llvm::enumerate(resultMap.getResults()))
    if (std::optional<unsigned> inputDim = inputMap.getResultPosition(expr))
      dims[resultDim] = *inputDim;
  return dims;
}

/// The dimension of each group that is not of size 1: those of the longer side of a reshape that
/// the shorter side's dimensions run along (the first one of a group that has size 1 everywhere).
/// Nothing where a group has two.
static std::optional<SmallVector<int64_t>> matchUnitReshape(ArrayRef<ReassociationIndices> groups,
                                                            RankedTensorType longer) {
  SmallVector<int64_t> dims;
  for (const ReassociationIndices &group : groups) {
    int64_t found = -1;
    for (int64_t dim : group) {
      if (longer.getDimSize(dim) == 1)
        continue;
      if (found >= 0)
        return std::nullopt;
      found = dim;
    }
    dims.push_back(found >= 0 ? found : group.front());
  }
  return dims;
}

Value createWidened(OpBuilder &builder, Location location, Value narrow, Type element) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, location, narrow);
  Value init = tensor::EmptyOp::create(builder, location, sizes, element);
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(sizes.size()));
  SmallVector<utils::IteratorType> loops(sizes.size(), utils::IteratorType::parallel);
  auto body = [&](OpBuilder &inLoop, Location location, ValueRange arguments) {
    Value wide = arith::ExtFOp::create(inLoop, location, element, arguments[0]);
    linalg::YieldOp::create(inLoop, location, wide);
  };
  return linalg::GenericOp::create(builder, location, init.getType(), narrow, init, maps, loops,
                                   body)
      ->getResult(0);
}

bool TracedValue::advance(bool reshapes) {
  Operation *op = source.getDefiningOp();
  if (!op)
    return false;
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    if (!isa<RankedTensorType>(cast.getSource().getType()))
      return false;
    source = cast.getSource();
    return true;
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    std::optional<SmallVector<int64_t>> move = matchMove(linalgOp);
    if (!move)
      return false;
    for (int64_t &dim : dims)
      dim = dim < 0 ? dim : (*move)[dim];
    source = linalgOp.getDpsInputOperand(0)->get();
    return true;
  }
  if (!reshapes)
    return false;
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    auto longerDims = matchUnitReshape(collapse.getReassociationIndices(), collapse.getSrcType());
    if (!longerDims)
      return false;
    for (int64_t &dim : dims)
      dim = dim < 0 ? dim : (*longerDims)[dim];
    source = collapse.getSrc();
    return true;
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    auto longerDims = matchUnitReshape(expand.getReassociationIndices(), expand.getResultType());
    if (!longerDims)
      return false;
    for (int64_t &dim : dims) {
      const auto *found = llvm::find(*longerDims, dim);
      dim = dim < 0 || found == longerDims->end() ? -1 : found - longerDims->begin();
    }
    source = expand.getSrc();
    return true;
  }
  return false;
}

} // namespace uwt
