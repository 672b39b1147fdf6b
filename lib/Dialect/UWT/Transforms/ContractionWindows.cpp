//===- ContractionWindows.cpp - What a convolution reads of x -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractionWindows.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace uwt {

Windows::Windows(OpBuilder &builder, const Contraction &contraction)
    : b(builder), c(contraction), loc(contraction.op->getLoc()),
      ranges(linalg::LinalgOp(c.op).getStaticLoopRanges()) {
  for (AffineExpr expr : c.xMap.getResults())
    indices.push_back(indexOf(expr));
}

Windows::Index Windows::indexOf(AffineExpr expr) const {
  auto term = [&](unsigned loop, int64_t factor) {
    // A loop of a convolution that runs once adds nothing; a dimension that is a loop keeps it.
    return ranges[loop] == 1 && c.hasWindows() ? Index() : Index{{loop, factor}};
  };
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return term(dim.getPosition(), 1);
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (expr.getKind() == AffineExprKind::Mul)
    return term(cast<AffineDimExpr>(binary.getLHS()).getPosition(),
                cast<AffineConstantExpr>(binary.getRHS()).getValue());
  Index sum = indexOf(binary.getLHS());
  llvm::append_range(sum, indexOf(binary.getRHS()));
  // The one with the largest step first.
  llvm::stable_sort(sum, [](const auto &a, const auto &b) { return a.second > b.second; });
  return sum;
}

/// Whether windows lie side by side: `outer * step + inner`, the inner loop as long as the step.
bool Windows::isSplit(const Index &index) const {
  return index.size() == 2 && index[1].second == 1 && ranges[index[1].first] == index[0].second;
}

/// The size of a loop, from the output or the weight.
OpFoldResult Windows::sizeOf(unsigned loop) {
  if (!ShapedType::isDynamic(ranges[loop]))
    return b.getIndexAttr(ranges[loop]);
  // Operands that state no size may come before the weight, which states all of its own.
  auto weightDim = llvm::find(c.weightLoops, int64_t(loop));
  if (weightDim != c.weightLoops.end())
    return b.getIndexAttr(c.weightType().getDimSize(weightDim - c.weightLoops.begin()));
  auto dim = llvm::find(c.outputLoops, loop) - c.outputLoops.begin();
  return tensor::getMixedSize(b, loc, linalg::LinalgOp(c.op).getDpsInitOperand(0)->get(), dim);
}

/// x, with dimensions that one loop runs along as long as this loop, as linalg wants them.
Value Windows::trimX() {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, c.x);
  bool isWhole = true;
  for (auto [dim, index] : llvm::enumerate(indices)) {
    if (index.size() != 1 || index[0].second != 1)
      continue;
    isWhole &= isEqualConstantIntOrValue(sizes[dim], sizeOf(index[0].first));
    sizes[dim] = sizeOf(index[0].first);
  }
  if (isWhole)
    return c.x;
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
      strides(sizes.size(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, loc, c.x, offsets, sizes, strides);
}

/// The elements of x that are read, with steps taken; dimensions of which one is read go.
Value Windows::sliceX() {
  auto type = cast<RankedTensorType>(c.x.getType());
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), sizes, strides;
  SmallVector<int64_t> kept;
  bool isWhole = true;
  for (auto [dim, index] : llvm::enumerate(indices)) {
    OpFoldResult size = b.getIndexAttr(1);
    int64_t stride = 1;
    if (index.size() == 1) {
      size = sizeOf(index[0].first);
      stride = index[0].second;
    }
    if (index.size() == 2) {
      AffineExpr outer = b.getAffineSymbolExpr(0);
      size = affine::makeComposedFoldedAffineApply(b, loc, outer * index[0].second,
                                                   {sizeOf(index[0].first)});
    }
    sizes.push_back(size);
    strides.push_back(b.getIndexAttr(stride));
    std::optional<int64_t> constant = getConstantIntValue(size);
    isWhole &= stride == 1 && constant == type.getDimSize(dim);
    if (!index.empty())
      kept.push_back(constant.value_or(ShapedType::kDynamic));
  }
  if (isWhole && kept.size() == indices.size())
    return c.x;
  return tensor::ExtractSliceOp::create(b, loc, type.clone(kept), c.x, offsets, sizes, strides);
}

/// Dimensions that windows lie side by side in, as two.
Value Windows::splitX(Value x) {
  SmallVector<ReassociationIndices> groups;
  SmallVector<OpFoldResult> sizes;
  for (const Index &index : indices) {
    if (index.empty())
      continue;
    ReassociationIndices &group = groups.emplace_back();
    for (auto [loop, factor] : index) {
      group.push_back(sizes.size());
      sizes.push_back(sizeOf(loop));
      xLoops.push_back(loop);
    }
  }
  if (groups.size() == sizes.size())
    return x;
  auto type = cast<RankedTensorType>(x.getType());
  return tensor::ExpandShapeOp::create(b, loc, type.clone(decomposeMixedValues(sizes).first), x,
                                       groups, sizes);
}

/// All windows: the loops of matrices, of M in the order of the output, and of K.
Value Windows::gather() {
  auto append = [&](ArrayRef<unsigned> loops) {
    llvm::copy_if(loops, std::back_inserter(xLoops), [&](unsigned loop) { return c.isInX(loop); });
  };
  append(c.experts);
  for (unsigned loop : c.outputLoops)
    if (!llvm::is_contained(c.weightLoops, int64_t(loop)))
      append(loop);
  append(c.k);
  SmallVector<AffineExpr> positions(c.xMap.getNumDims(), b.getAffineConstantExpr(0));
  SmallVector<OpFoldResult> sizes;
  for (auto [position, loop] : llvm::enumerate(xLoops)) {
    positions[loop] = b.getAffineDimExpr(position);
    sizes.push_back(sizeOf(loop));
  }
  unsigned rank = xLoops.size();
  AffineMap from = c.xMap.replaceDimsAndSymbols(positions, {}, rank, 0);
  Value x = trimX();
  Value init = tensor::EmptyOp::create(b, loc, sizes, getElementTypeOrSelf(c.x));
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  return linalg::GenericOp::create(b, loc, init.getType(), x, init,
                                   ArrayRef<AffineMap>{from, b.getMultiDimIdentityMap(rank)},
                                   iterators,
                                   [](OpBuilder &builder, Location loc, ValueRange args) {
                                     linalg::YieldOp::create(builder, loc, args[0]);
                                   })
      ->getResult(0);
}

Value Windows::createX() {
  if (!c.hasWindows()) {
    for (AffineExpr expr : c.xMap.getResults())
      xLoops.push_back(cast<AffineDimExpr>(expr).getPosition());
    return c.x;
  }
  bool isView =
      llvm::all_of(indices, [&](const Index &index) { return index.size() < 2 || isSplit(index); });
  return isView ? splitX(sliceX()) : gather();
}

} // namespace uwt
