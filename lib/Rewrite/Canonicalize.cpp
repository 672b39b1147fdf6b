//===- Canonicalize.cpp - Pass uwt-canonicalize ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Rewrite/GreedyRewrites.h"
#include "uwt/Rewrite/Passes.h"

namespace uwt {
#define GEN_PASS_DEF_CANONICALIZEPASS
#include "uwt/Rewrite/Passes.h.inc"
} // namespace uwt

using namespace mlir;

namespace {

struct Canonicalize : uwt::impl::CanonicalizePassBase<Canonicalize> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet all(context);
    for (Dialect *dialect : context->getLoadedDialects())
      dialect->getCanonicalizationPatterns(all);
    for (RegisteredOperationName op : context->getRegisteredOperations())
      op.getCanonicalizationPatterns(all, context);
    patterns = FrozenRewritePatternSet(std::move(all));
    return success();
  }

  void runOnOperation() override {
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal(true).setRegionSimplificationLevel(
        GreedySimplifyRegionLevel::Normal);
    FailureOr<int64_t> count =
        uwt::rewriteGreedily(getArgument(), getOperation(), patterns, config);
    if (failed(count))
      return signalPassFailure();
    numRewrites += *count;
  }

private:
  FrozenRewritePatternSet patterns;
};

} // namespace
