//===- TileWindows.cpp - Windows of a convolution, some rows at a time ----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// uwt-fuse-decode leaves a convolution as a product whose x is the windows of the input, gathered
// by a linalg.generic and collapsed to [M, K]. That is the input as many times as the kernel has
// elements, so that it is made for some rows of M, multiplied, and made for the next ones. An
// output's additions stay what they were.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"

using namespace mlir;

namespace uwt {
#define GEN_PASS_DEF_TILEWINDOWSPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

namespace {

/// The windows that a product multiplies.
struct GatheredX {
  tensor::CollapseShapeOp collapse;
  linalg::GenericOp gather;
  /// Dimensions of the gather that are M, of E dimensions before them.
  unsigned firstRow = 0, rows = 0;

  static std::optional<GatheredX> match(uwt::MatmulOp op);
};

/// Writes one product as a loop.
class Tiler {
public:
  Tiler(RewriterBase &rewriter, uwt::MatmulOp op, GatheredX x)
      : b(rewriter), op(op), x(x), loc(op.getLoc()),
        sizes(tensor::getMixedSizes(rewriter, loc, x.gather.getDpsInitOperand(0)->get())) {}
  /// Nothing is done where all rows are at most `tileRows`.
  bool run(int64_t tileRows);

private:
  bool chooseTile(int64_t tileRows);
  Value multiply(ValueRange positions, Value out);
  Value gatherTile(ValueRange positions);
  Value sliceRows(Value value, int64_t dimension, OpFoldResult first);

  RewriterBase &b;
  uwt::MatmulOp op;
  GatheredX x;
  Location loc;
  /// Of the gather's dimensions.
  SmallVector<OpFoldResult> sizes;
  /// Dimensions of M that are looped over, and how many of the last of them are taken at a time;
  /// rows of a tile.
  unsigned loops = 0;
  int64_t lastLoop = 1, tile = 1;
};

struct TileWindowsPass : uwt::impl::TileWindowsPassBase<TileWindowsPass> {
  using TileWindowsPassBase::TileWindowsPassBase;
  void runOnOperation() override;
};

} // namespace

std::optional<GatheredX> GatheredX::match(uwt::MatmulOp op) {
  GatheredX x;
  x.collapse = op.getX().getDefiningOp<tensor::CollapseShapeOp>();
  if (!x.collapse || op.hasBuffers())
    return std::nullopt;
  x.gather = x.collapse.getSrc().getDefiningOp<linalg::GenericOp>();
  if (!x.gather || x.gather.getNumDpsInputs() != 1 || !x.gather->hasOneUse() ||
      !x.collapse->hasOneUse() || x.gather.getNumParallelLoops() != x.gather.getNumLoops() ||
      x.gather.getIndexingMapsArray()[0].isProjectedPermutation(/*allowZeroInResults=*/true))
    return std::nullopt;
  auto groups = x.collapse.getReassociationIndices();
  for (const ReassociationIndices &group : ArrayRef(groups).drop_back(2))
    x.firstRow += group.size();
  x.rows = groups[groups.size() - 2].size();
  return x;
}

/// Takes dimensions of M from the last one on, as long as they fit a tile whole, then a part of the
/// next one that divides it.
bool Tiler::chooseTile(int64_t tileRows) {
  loops = x.rows;
  for (; loops != 0; --loops) {
    std::optional<int64_t> size = getConstantIntValue(sizes[x.firstRow + loops - 1]);
    if (!size || *size == 0 || tile * *size > tileRows)
      break;
    tile *= *size;
  }
  if (loops == 0)
    return false;
  if (std::optional<int64_t> size = getConstantIntValue(sizes[x.firstRow + loops - 1]);
      size && *size)
    for (lastLoop = std::max<int64_t>(tileRows / tile, 1); *size % lastLoop != 0;)
      --lastLoop;
  tile *= lastLoop;
  return true;
}

Value Tiler::gatherTile(ValueRange positions) {
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)), tileSizes(sizes);
  for (auto [i, position] : llvm::enumerate(positions)) {
    offsets[x.firstRow + i] = position;
    tileSizes[x.firstRow + i] = b.getIndexAttr(i + 1 == loops ? lastLoop : 1);
  }
  auto tiling = cast<TilingInterface>(x.gather.getOperation());
  FailureOr<TilingResult> tiled = tiling.getTiledImplementation(b, offsets, tileSizes);
  // A generic that only reads is always tiled.
  assert(succeeded(tiled) && "a gather of windows has no tiles");
  // Windows of a tile have memory of their own, in place of a part of all windows'.
  auto gather = cast<linalg::LinalgOp>(tiled->tiledOps.front());
  OpOperand *init = gather.getDpsInitOperand(0);
  b.setInsertionPoint(gather);
  Operation *part = init->get().getDefiningOp();
  init->set(tensor::EmptyOp::create(b, loc, tileSizes, getElementTypeOrSelf(init->get())));
  if (isOpTriviallyDead(part))
    b.eraseOp(part);
  b.setInsertionPointAfter(gather);
  return b.createOrFold<tensor::CollapseShapeOp>(loc, tiled->tiledValues.front(),
                                                 x.collapse.getReassociationIndices());
}

/// A tile's rows of a tensor that has M as dimension `dimension`.
Value Tiler::sliceRows(Value value, int64_t dimension, OpFoldResult first) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)),
      strides(type.getRank(), b.getIndexAttr(1)), sliceSizes = tensor::getMixedSizes(b, loc, value);
  offsets[dimension] = first;
  sliceSizes[dimension] = b.getIndexAttr(tile);
  return tensor::ExtractSliceOp::create(b, loc, value, offsets, sliceSizes, strides);
}

/// The product of the tile at `positions`, in `out`.
Value Tiler::multiply(ValueRange positions, Value out) {
  // Rows lie in M as the dimensions of the gather are collapsed.
  AffineExpr row = b.getAffineConstantExpr(0);
  SmallVector<OpFoldResult> operands;
  for (unsigned i = 0; i < x.rows; ++i) {
    AffineExpr position = b.getAffineSymbolExpr(operands.size());
    operands.push_back(i < loops ? OpFoldResult(positions[i]) : b.getIndexAttr(0));
    AffineExpr size = b.getAffineSymbolExpr(operands.size());
    operands.push_back(sizes[x.firstRow + i]);
    row = row * size + position;
  }
  OpFoldResult first = affine::makeComposedFoldedAffineApply(b, loc, row, operands);
  int64_t rowDimension = op.getInitType().getRank() - 2;
  SmallVector<Value> extras;
  for (auto [extra, map] : llvm::zip(op.getExtras(), op.getExtraMaps())) {
    std::optional<unsigned> dimension = map.getResultPosition(b.getAffineDimExpr(rowDimension));
    extras.push_back(dimension ? sliceRows(extra, *dimension, first) : extra);
  }
  IRMapping mapping;
  mapping.map(op.getX(), gatherTile(positions));
  for (auto [extra, slice] : llvm::zip(op.getExtras(), extras))
    mapping.map(extra, slice);
  Value init = sliceRows(out, rowDimension, first);
  mapping.map(op.getInit(), init);
  Operation *product = b.clone(*op, mapping);
  product->getResult(0).setType(init.getType());
  SmallVector<OpFoldResult> offsets(op.getInitType().getRank(), b.getIndexAttr(0)),
      strides(offsets.size(), b.getIndexAttr(1)), tileSizes = tensor::getMixedSizes(b, loc, init);
  offsets[rowDimension] = first;
  return tensor::InsertSliceOp::create(b, loc, product->getResult(0), out, offsets, tileSizes,
                                       strides);
}

bool Tiler::run(int64_t tileRows) {
  if (!chooseTile(tileRows))
    return false;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  SmallVector<Value> begins, ends, steps;
  auto constant = [&](int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value).getResult();
  };
  for (unsigned i = 0; i < loops; ++i) {
    begins.push_back(constant(0));
    ends.push_back(getValueOrCreateConstantIndexOp(b, loc, sizes[x.firstRow + i]));
    steps.push_back(constant(i + 1 == loops ? lastLoop : 1));
  }
  scf::LoopNest nest = scf::buildLoopNest(
      b, loc, begins, ends, steps, op.getInit(),
      [&](OpBuilder &, Location, ValueRange positions, ValueRange out) -> scf::ValueVector {
        return {multiply(positions, out.front())};
      });
  Operation *all = x.gather.getDpsInitOperand(0)->get().getDefiningOp();
  b.replaceOp(op, nest.results);
  b.eraseOp(x.collapse);
  b.eraseOp(x.gather);
  if (all && isOpTriviallyDead(all))
    b.eraseOp(all);
  return true;
}

void TileWindowsPass::runOnOperation() {
  SmallVector<uwt::MatmulOp> products;
  getOperation()->walk([&](uwt::MatmulOp op) { products.push_back(op); });
  IRRewriter rewriter(&getContext());
  for (uwt::MatmulOp op : products) {
    std::optional<GatheredX> x = GatheredX::match(op);
    rewriter.setInsertionPoint(op);
    if (x && Tiler(rewriter, op, *x).run(tileRows))
      ++numTiled;
  }
}
