//===- FuseElementwise.cpp - Pass uwt-fuse-elementwise --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's patterns with a rule of ours for what may be computed where. The
// rule only ever moves scalar operations: none is added, dropped or retyped.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/CPU/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "uwt/Rewrite/GreedyRewrites.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_FUSEELEMENTWISEPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;

namespace {

/// Whether computing an element of `op` again costs no more than reading it.
bool onlyMovesOrWidens(linalg::GenericOp op) {
  if (op.getNumDpsInputs() > 1 || op.getNumReductionLoops() != 0)
    return false;
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return isa<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp, arith::ConstantOp>(inner);
  });
}

/// Whether every iteration of the user of `operand` reads another element of it.
bool readsEachElementOnce(OpOperand *operand) {
  auto user = cast<linalg::GenericOp>(operand->getOwner());
  AffineMap map = user.getMatchingIndexingMap(operand);
  return map.isProjectedPermutation() && map.getNumResults() == map.getNumDims();
}

/// Whether `producer` has no users but `user`.
bool isOnlyUsedBy(Operation *producer, Operation *user) {
  return llvm::all_of(producer->getUsers(), [&](Operation *other) { return other == user; });
}

bool mayFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  if (!producer || !isa<linalg::GenericOp>(operand->getOwner()))
    return false;
  if (onlyMovesOrWidens(producer))
    return true;
  return isOnlyUsedBy(producer, operand->getOwner()) && readsEachElementOnce(operand);
}

/// Reshapes are worth folding only between two linalg operations: elsewhere they cost nothing.
bool mayFoldReshape(OpOperand *operand) {
  Operation *producer = operand->get().getDefiningOp();
  Operation *user = operand->getOwner();
  if (isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(producer))
    producer = producer->getOperand(0).getDefiningOp();
  if (!producer || !isa<linalg::LinalgOp>(producer))
    return false;
  return llvm::all_of(user->getUsers(), [](Operation *next) {
    return isa<linalg::LinalgOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(next);
  });
}

/// Named operations as generic ones; softmax and the like as several.
LogicalResult generalize(func::FuncOp func, IRRewriter &rewriter) {
  SmallVector<Operation *> named;
  func.walk([&](Operation *op) {
    bool isNamed = isa<linalg::LinalgOp>(op) && !isa<linalg::GenericOp, linalg::FillOp>(op);
    if (isNamed || isa<linalg::AggregatedOpInterface>(op))
      named.push_back(op);
  });
  for (Operation *op : named) {
    rewriter.setInsertionPoint(op);
    if (auto aggregated = dyn_cast<linalg::AggregatedOpInterface>(op)) {
      FailureOr<SmallVector<Value>> parts = aggregated.decomposeOperation(rewriter);
      if (failed(parts))
        return op->emitOpError("has no form in simpler linalg operations");
      rewriter.replaceOp(op, *parts);
      continue;
    }
    auto linalgOp = cast<linalg::LinalgOp>(op);
    if (linalgOp.hasPureTensorSemantics() && failed(linalg::generalizeNamedOp(rewriter, linalgOp)))
      return op->emitOpError("has no generic form");
  }
  return success();
}

/// A collapse of a dimension of size 0 with one of unknown size as an empty tensor of the result's
/// sizes: it has no element, and upstream's bufferization makes a memref of another type of it.
struct EmptyForCollapseOfNothing : OpRewritePattern<tensor::CollapseShapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::CollapseShapeOp op,
                                PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> sizes = op.getSrcType().getShape();
    auto isNothingTimesUnknown = [&](ArrayRef<int64_t> group) {
      auto has = [&](int64_t size) {
        return llvm::any_of(group, [&](int64_t dim) { return sizes[dim] == size; });
      };
      return has(0) && has(ShapedType::kDynamic);
    };
    if (llvm::none_of(op.getReassociationIndices(), isNothingTimesUnknown))
      return rewriter.notifyMatchFailure(op, "has no group of sizes 0 and ?");
    ReifiedRankedShapedTypeDims shapes;
    if (failed(reifyResultShapes(rewriter, op, shapes)))
      return failure();
    Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(), shapes.front(),
                                          op.getResultType().getElementType());
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, op.getResultType(), empty);
    return success();
  }
};

/// An empty tensor as the output of loops that write each element and read none. Upstream's pattern
/// does the same for reductions, whose output is the result if they have no iteration.
struct EmptyForUnreadOutput : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics() || op.getNumReductionLoops() != 0)
      return failure();
    bool changed = false;
    for (OpOperand &init : op.getDpsInitsMutable()) {
      auto type = dyn_cast<RankedTensorType>(init.get().getType());
      if (!type || type.getEncoding() || init.get().getDefiningOp<tensor::EmptyOp>() ||
          op.payloadUsesValueFromOperand(&init) ||
          !op.getMatchingIndexingMap(&init).isPermutation())
        continue;
      Value empty = tensor::EmptyOp::create(
          rewriter, op.getLoc(), tensor::getMixedSizes(rewriter, op.getLoc(), init.get()),
          type.getElementType());
      rewriter.modifyOpInPlace(op, [&] { init.set(empty); });
      changed = true;
    }
    return success(changed);
  }
};

/// Adds the patterns that fold dimensions of size 1. They see generic operations: upstream leaves
/// named ones alone, and the patterns that fold reshapes would carry such dimensions in a circle.
void populateFoldUnitDims(RewritePatternSet &patterns) {
  linalg::ControlDropUnitDims options;
  // The input of windows may be larger than what is read of it: without the other loop of a sum its
  // size would be taken for that of the loop that is left.
  options.controlFn = [all = options.controlFn](Operation *op) -> SmallVector<unsigned> {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    bool hasWindows = generic && !llvm::all_of(generic.getIndexingMapsArray(), [](AffineMap map) {
                        return map.isProjectedPermutation(/*allowZeroInResults=*/true);
                      });
    return hasWindows ? SmallVector<unsigned>() : all(op);
  };
  linalg::populateFoldUnitExtentDimsPatterns(patterns, options);
  linalg::populateMoveInitOperandsToInputPattern(patterns);
}

/// Adds the patterns that fuse, and those that make room for fusion.
void populateFusion(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  linalg::populateElementwiseOpsFusionPatterns(patterns, mayFuse);
  linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, mayFoldReshape);
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  linalg::populateInlineConstantOperandsPatterns(patterns);
  linalg::populateDecomposePadPatterns(patterns);
  tensor::populateDecomposeTensorConcatPatterns(patterns);
  tensor::populateReassociativeReshapeFoldingPatterns(patterns);
  linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
  tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
  tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
  patterns.add<EmptyForCollapseOfNothing, EmptyForUnreadOutput>(context);
}

struct FuseElementwise : uwt::codegen::impl::FuseElementwisePassBase<FuseElementwise> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    // Twice: a softmax decomposes into named operations.
    if (failed(generalize(getOperation(), rewriter)) ||
        failed(generalize(getOperation(), rewriter)))
      return signalPassFailure();

    RewritePatternSet unitDims(&getContext());
    populateFoldUnitDims(unitDims);
    RewritePatternSet fusion(&getContext());
    populateFusion(fusion);
    GreedyRewriteConfig topDown;
    topDown.setUseTopDownTraversal(true);
    // In its place is EmptyForUnreadOutput.
    FrozenRewritePatternSet fusionButOutputs(std::move(fusion),
                                             {"(anonymous namespace)::RemoveOutsDependency"});
    if (failed(uwt::rewriteGreedily(getArgument(), getOperation(), std::move(unitDims))) ||
        failed(uwt::rewriteGreedily(getArgument(), getOperation(), fusionButOutputs, topDown)))
      signalPassFailure();
  }
};

} // namespace
