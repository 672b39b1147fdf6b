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

#include "uwt/Codegen/CPU/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "uwt/Rewrite/GreedyRewrites.h"
#include "llvm/Support/MathExtras.h"
#include <set>

namespace uwt::codegen {
#define GEN_PASS_DEF_TILEROWSPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;

namespace {

/// What a dynamic dimension counts for in estimates: enough to be worth a parallel loop.
constexpr int64_t assumedDynamicSize = 256;

/// Rows that the loops of a product take at once (VectorLoops.cpp), so tiles of products have them.
constexpr int64_t productRows = 4;

/// Operations of a group: what a loop takes in one after the other.
constexpr size_t maxGroup = 128;

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

/// An empty loop has nothing to cut, and linalg's tiling takes its size for that of one that is not
/// cut, of which it then looks for bounds that it does not have.
bool isCandidate(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return linalgOp && linalgOp.hasPureTensorSemantics() && isa<TilingInterface>(op) &&
         !llvm::is_contained(linalgOp.getStaticLoopRanges(), 0);
}

/// Returns the operations before `root` in its block all of whose users are in the group, `root`
/// included, from last to first, but no more than maxGroup. Takes time for the group and its
/// operands, not for the block.
llvm::SetVector<Operation *> groupOf(Operation *root) {
  llvm::SetVector<Operation *> group;
  // Each producer is asked once, the last of the block first: its users in the group are known
  // then.
  auto isBefore = [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); };
  std::set<Operation *, decltype(isBefore)> producers(isBefore);
  auto insert = [&](Operation *member) {
    group.insert(member);
    for (Value operand : member->getOperands())
      if (Operation *op = operand.getDefiningOp(); op && op->getBlock() == root->getBlock())
        producers.insert(op);
  };
  insert(root);
  while (!producers.empty() && group.size() < maxGroup) {
    Operation *op = *producers.rbegin();
    producers.erase(op);
    if (isCandidate(op) &&
        llvm::all_of(op->getUsers(), [&](Operation *user) { return group.contains(user); }))
      insert(op);
  }
  return group;
}

bool isProduct(Operation *op) {
  auto linalgOp = cast<linalg::LinalgOp>(op);
  return linalgOp.getNumReductionLoops() != 0 && linalgOp.getNumDpsInputs() > 1;
}

/// Tile sizes for the loops of `root`, 0 where a loop is not cut: parallel loops from the outermost
/// inwards, until a tile holds about `tileWork` of the group's `work`; no less than `least` of one.
SmallVector<int64_t> chooseTileSizes(linalg::LinalgOp root, int64_t work, int64_t tileWork,
                                     int64_t least) {
  SmallVector<int64_t> ranges = estimatedRanges(root);
  SmallVector<int64_t> sizes(ranges.size(), 0);
  SmallVector<unsigned> parallel;
  root.getParallelDims(parallel);
  bool single = parallel.size() == 1 && root.getNumReductionLoops() == 0;
  if (parallel.size() > 1)
    parallel.pop_back();
  for (unsigned dim : parallel) {
    if (work <= tileWork)
      break;
    int64_t one = std::max<int64_t>(1, work / std::max<int64_t>(1, ranges[dim]));
    bool dynamic = ShapedType::isDynamic(root.getStaticLoopRanges()[dim]);
    int64_t size = std::clamp<int64_t>(tileWork / one, 1, std::max<int64_t>(1, ranges[dim]));
    if (single)
      size = llvm::alignTo(size, pieceMultiple);
    // Single rows of a dynamic number keep tiles static.
    else if (dynamic && one >= tileWork / 16)
      size = 1;
    // Equal tiles where they can be had: no rest to treat apart.
    while (!single && size > 1 && ranges[dim] % size != 0)
      --size;
    if (!dynamic && ranges[dim] % least == 0)
      size = std::max(size, least);
    if (size >= ranges[dim] && !dynamic)
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

/// Whether every iteration of `loop` reads another part through `slice`: only then does computing
/// that part inside the loop compute nothing twice.
bool differsInEveryIteration(tensor::ExtractSliceOp slice, scf::ForallOp loop) {
  llvm::SmallDenseSet<Value> used;
  for (Value offset : slice.getOffsets()) {
    used.insert(offset);
    if (auto apply = offset.getDefiningOp<affine::AffineApplyOp>())
      used.insert_range(apply.getMapOperands());
  }
  return llvm::all_of(loop.getInductionVars(), [&](Value iv) { return used.contains(iv); });
}

/// Makes slices of equal parts, and what computes where they lie, one. Not CSE: two equal fills
/// that become two sums' buffers have to stay two.
void mergeEqualSlices(IRRewriter &rewriter, Block &block) {
  SmallVector<Operation *> seen;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!isa<tensor::ExtractSliceOp, tensor::DimOp, affine::AffineApplyOp, affine::AffineMinOp>(op))
      continue;
    auto *equal = llvm::find_if(seen, [&](Operation *other) {
      return OperationEquivalence::isEquivalentTo(&op, other,
                                                  OperationEquivalence::IgnoreLocations);
    });
    if (equal == seen.end())
      seen.push_back(&op);
    else
      rewriter.replaceOp(&op, *equal);
  }
}

/// Gives each use of `op` but one a clone of its own in front of the user.
void cloneForEachUse(IRRewriter &rewriter, Operation *op) {
  while (!op->use_empty() && !op->hasOneUse()) {
    OpOperand &use = *op->use_begin();
    rewriter.setInsertionPoint(op->getBlock()->findAncestorOpInBlock(*use.getOwner()));
    Operation *clone = rewriter.clone(*op);
    rewriter.modifyOpInPlace(use.getOwner(), [&] { use.set(clone->getResult(0)); });
  }
}

/// Gives each user a destination of its own: a fill can then be done in the loop that uses it, and
/// bufferization, which compares all writers of an empty tensor with each other, has one for each.
void cloneDestinations(IRRewriter &rewriter, Block &block) {
  for (auto fill : llvm::make_early_inc_range(block.getOps<linalg::FillOp>()))
    if (fill.hasPureTensorSemantics())
      cloneForEachUse(rewriter, fill);
  for (auto empty : llvm::make_early_inc_range(block.getOps<tensor::EmptyOp>()))
    cloneForEachUse(rewriter, empty);
}

struct TileRows : uwt::codegen::impl::TileRowsPassBase<TileRows> {
  using TileRowsPassBase::TileRowsPassBase;

  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk([&](Block *block) {
      if (!isa<linalg::LinalgOp>(block->getParentOp()))
        blocks.push_back(block);
    });
    for (Block *block : blocks)
      tileBlock(*block);
    // A part of an empty tensor is an empty tensor: buffers inside loops are a tile's.
    RewritePatternSet patterns(&getContext());
    tensor::populateFoldTensorEmptyPatterns(patterns);
    if (failed(uwt::rewriteGreedily(getArgument(), getOperation(), std::move(patterns))))
      signalPassFailure();
  }

  void tileBlock(Block &block) {
    IRRewriter rewriter(&getContext());
    cloneDestinations(rewriter, block);
    Operation *op = block.empty() ? nullptr : &block.back();
    while (op) {
      Operation *tiled = isCandidate(op) ? tileGroup(op) : nullptr;
      op = (tiled ? tiled : op)->getPrevNode();
    }
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
    int64_t least = llvm::any_of(group, isProduct) ? productRows : 1;
    SmallVector<int64_t> sizes = chooseTileSizes(root, work, tileWork, least);
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
      mergeEqualSlices(rewriter, loops.front()->getRegion(0).front());
      auto loop = cast<scf::ForallOp>(loops.front().getOperation());
      tensor::ExtractSliceOp slice = onlySliceOf(producer, loop);
      if (!slice || !differsInEveryIteration(slice, loop))
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
