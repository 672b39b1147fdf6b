//===- LowerDispatch.cpp - Write dispatches as branches -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"

using namespace mlir;

namespace uwt {
#define GEN_PASS_DEF_LOWERDISPATCHPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

namespace {
struct LowerDispatchPass : uwt::impl::LowerDispatchPassBase<LowerDispatchPass> {
  void runOnOperation() override;
};

struct DispatchToIf : OpRewritePattern<uwt::DispatchOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(uwt::DispatchOp op, PatternRewriter &rewriter) const override;
};
} // namespace

/// Moves the body of `region` to the insertion point; the values that it yields.
static SmallVector<Value> inlineCase(PatternRewriter &rewriter, Region &region) {
  Block &block = region.front();
  Operation *yield = block.getTerminator();
  SmallVector<Value> values(yield->getOperands());
  rewriter.eraseOp(yield);
  rewriter.inlineBlockBefore(&block, rewriter.getInsertionBlock(), rewriter.getInsertionPoint());
  return values;
}

/// Emits cases `index` and later at the insertion point; their results.
static SmallVector<Value> emitCases(PatternRewriter &rewriter, uwt::DispatchOp op, size_t index) {
  if (index == op.getLimits().size())
    return inlineCase(rewriter, op.getCases()[index]);
  Location location = op.getLoc();
  Value limit = arith::ConstantIndexOp::create(rewriter, location, op.getLimits()[index]);
  Value isInside =
      arith::CmpIOp::create(rewriter, location, arith::CmpIPredicate::sle, op.getSize(), limit);
  auto branch = scf::IfOp::create(rewriter, location, op.getResultTypes(), isInside,
                                  /*addThenBlock=*/true, /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(rewriter);
  auto fill = [&](Block *block, auto emit) {
    rewriter.setInsertionPointToEnd(block);
    SmallVector<Value> values = emit();
    scf::YieldOp::create(rewriter, location, values);
  };
  fill(branch.thenBlock(), [&] { return inlineCase(rewriter, op.getCases()[index]); });
  fill(branch.elseBlock(), [&] { return emitCases(rewriter, op, index + 1); });
  return branch.getResults();
}

LogicalResult DispatchToIf::matchAndRewrite(uwt::DispatchOp op, PatternRewriter &rewriter) const {
  rewriter.replaceOp(op, emitCases(rewriter, op, 0));
  return success();
}

void LowerDispatchPass::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  patterns.add<DispatchToIf>(&getContext());
  walkAndApplyPatterns(getOperation(), std::move(patterns));
}
