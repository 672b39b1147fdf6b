//===- TileRows.cpp - Pass uwt-tile-rows ----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chooses groups of operations and tile sizes; upstream's tiling interface does
// the cutting. Nothing is computed twice: a producer joins a loop only with all
// of its users, and only where they all need the same part of it.
//
//===----------------------------------------------------------------------===//

#include "uwt/Conversion/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "mlir/Transforms/CSE.h"
#include "llvm/Support/MathExtras.h"

namespace uwt {
#define GEN_PASS_DEF_TILEROWSPASS
#include "uwt/Conversion/Passes.h.inc"
} // namespace uwt

using namespace mlir;

namespace {

/// What a dynamic dimension counts for in estimates.
constexpr int64_t assumedDynamicSize = 32;

/// Tiles cut the vectorised dimension of one-dimensional operations at multiples of this.
constexpr int64_t pieceMultiple = 64;

/// Iterations of `op` along each loop, dynamic ones estimated.
SmallVector<int64_t> estimatedRanges(linalg::LinalgOp op) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (int64_t &range : ranges)
    if (ShapedType::isDynamic(range))
      range = assumedDynamicSize;
  return ranges;
}

/// Scalar operations of `op`, reads and writes counted as one.
int64_t estimatedWork(linalg::LinalgOp op) {
  int64_t work = 1 + llvm::range_size(op.getBlock()->without_terminator());
  for (int64_t range : estimatedRanges(op))
    work = llvm::SaturatingMultiply<uint64_t>(work, range) & INT64_MAX;
  return work;
}

bool isCandidate(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return linalgOp && linalgOp.hasPureTensorSemantics() && isa<TilingInterface>(op);
}

/// Operations before `root` in its block all of whose users are in the group, `root` included,
/// from last to first.
llvm::SetVector<Operation *> groupOf(Operation *root) {
  llvm::SetVector<Operation *> group;
  group.insert(root);
  for (Operation *op = root->getPrevNode(); op; op = op->getPrevNode()) {
    if (!isCandidate(op) || op->use_empty())
      continue;
    if (llvm::all_of(op->getUsers(), [&](Operation *user) { return group.contains(user); }))
      group.insert(op);
  }
  return group;
}

/// Tile sizes for the loops of `root`, 0 where a loop is not cut: parallel loops from the outermost
/// inwards, until a tile holds about `tileWork` of the group's `work`.
SmallVector<int64_t> chooseTileSizes(linalg::LinalgOp root, int64_t work, int64_t tileWork) {
  SmallVector<int64_t> ranges = estimatedRanges(root);
  SmallVector<utils::IteratorType> kinds = root.getIteratorTypesArray();
  SmallVector<int64_t> sizes(ranges.size(), 0);
  SmallVector<unsigned> parallel;
  root.getParallelDims(parallel);
  bool single = parallel.size() == 1 && root.getNumReductionLoops() == 0;
  if (parallel.size() > 1 && kinds.back() == utils::IteratorType::parallel)
    parallel.pop_back();
  for (unsigned dim : parallel) {
    if (work <= tileWork)
      break;
    int64_t one = std::max<int64_t>(1, work / std::max<int64_t>(1, ranges[dim]));
    int64_t size = std::clamp<int64_t>(tileWork / one, 1, std::max<int64_t>(1, ranges[dim]));
    if (single)
      size = llvm::alignTo(size, pieceMultiple);
    // Equal tiles where they can be had: no rest to treat apart.
    while (!single && size > 1 && ranges[dim] % size != 0)
      --size;
    if (size >= ranges[dim] && !ShapedType::isDynamic(root.getStaticLoopRanges()[dim]))
      continue;
    sizes[dim] = size;
    work = one * size;
  }
  return sizes;
}

/// The one slice through which the loop reads `producer`, perhaps as what its outputs hold at
/// first, or null if there are several, or other users.
tensor::ExtractSliceOp onlySliceOf(Operation *producer, scf::ForallOp loop) {
  tensor::ExtractSliceOp found;
  for (OpOperand &use : producer->getUses()) {
    SmallVector<Operation *> readers = {use.getOwner()};
    if (use.getOwner() == loop)
      readers = llvm::to_vector(loop.getTiedBlockArgument(&use).getUsers());
    for (Operation *reader : readers) {
      if (isa<tensor::ParallelInsertSliceOp>(reader))
        continue;
      auto slice = dyn_cast<tensor::ExtractSliceOp>(reader);
      if (!slice || !loop->isProperAncestor(slice) || (found && found != slice))
        return nullptr;
      found = slice;
    }
  }
  return found;
}

struct TileRows : uwt::impl::TileRowsPassBase<TileRows> {
  using TileRowsPassBase::TileRowsPassBase;

  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk([&](Block *block) {
      if (!isa<linalg::LinalgOp>(block->getParentOp()))
        blocks.push_back(block);
    });
    for (Block *block : blocks)
      if (failed(tileBlock(*block)))
        return signalPassFailure();
  }

  LogicalResult tileBlock(Block &block) {
    Operation *op = block.empty() ? nullptr : &block.back();
    while (op) {
      Operation *tiled = isCandidate(op) ? tileGroup(op) : nullptr;
      op = (tiled ? tiled : op)->getPrevNode();
    }
    return success();
  }

  /// Returns the loop made of the group that ends at `op`, or null if it is left alone.
  Operation *tileGroup(Operation *op) {
    auto root = cast<linalg::LinalgOp>(op);
    llvm::SetVector<Operation *> group = groupOf(op);
    int64_t work = 0;
    for (Operation *member : group)
      work = llvm::SaturatingAdd<uint64_t>(work, estimatedWork(cast<linalg::LinalgOp>(member)));
    if (work < minWork)
      return nullptr;
    SmallVector<int64_t> sizes = chooseTileSizes(root, work, tileWork);
    if (llvm::all_of(sizes, [](int64_t size) { return size == 0; }))
      return nullptr;

    IRRewriter rewriter(op);
    scf::SCFTilingOptions options;
    options.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
    options.setTileSizes(getAsIndexOpFoldResult(&getContext(), sizes));
    FailureOr<scf::SCFTilingResult> tiled =
        scf::tileUsingSCF(rewriter, cast<TilingInterface>(op), options);
    if (failed(tiled) || tiled->loops.empty())
      return nullptr;
    rewriter.replaceOp(op, tiled->replacements);
    SmallVector<LoopLikeOpInterface> loops = tiled->loops;
    group.remove(op);
    fuseProducers(rewriter, group.getArrayRef(), loops);
    return loops.front();
  }

  /// Moves producers into the loop, the last first: when its turn comes, all of
  /// its users are there, and equal slices have become one.
  void fuseProducers(IRRewriter &rewriter, ArrayRef<Operation *> producers,
                     SmallVector<LoopLikeOpInterface> &loops) {
    for (Operation *producer : producers) {
      DominanceInfo dominance(loops.front()->getParentOp());
      eliminateCommonSubExpressions(rewriter, dominance, loops.front());
      tensor::ExtractSliceOp slice = onlySliceOf(producer, cast<scf::ForallOp>(loops.front().getOperation()));
      if (!slice)
        continue;
      rewriter.setInsertionPoint(slice);
      if (!scf::tileAndFuseProducerOfSlice(rewriter, slice, loops))
        continue;
      if (slice->use_empty())
        rewriter.eraseOp(slice);
      if (producer->use_empty())
        rewriter.eraseOp(producer);
    }
  }
};

} // namespace
