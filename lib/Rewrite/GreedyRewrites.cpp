//===- GreedyRewrites.cpp - Greedy rewriting within a bound ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Rewrite/GreedyRewrites.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

/// Rewrites per operation, and rewrites that any operation may have.
static constexpr int64_t rewritesPerOperation = 100;
static constexpr int64_t rewritesOfAny = 10000;

static int64_t countOperations(Operation *root) {
  int64_t count = 0;
  root->walk([&](Operation *) { ++count; });
  return count;
}

int64_t uwt::rewriteBound(Operation *root) {
  return llvm::SaturatingMultiplyAdd<uint64_t>(countOperations(root), rewritesPerOperation,
                                               rewritesOfAny) &
         INT64_MAX;
}

namespace {

/// Counts the patterns that were applied, and keeps the name of the last one.
struct RewriteCounter : RewriterBase::Listener {
  void notifyPatternEnd(const Pattern &pattern, LogicalResult status) override {
    if (failed(status))
      return;
    ++count;
    last = pattern.getDebugName();
  }

  int64_t count = 0;
  StringRef last;
};

} // namespace

/// Emits the error of a pass that has exceeded its bound.
static LogicalResult giveUp(StringRef pass, Operation *root, int64_t bound,
                            const RewriteCounter &counter) {
  InFlightDiagnostic error = root->emitError() << pass << " gave up";
  if (auto name = SymbolTable::getSymbolName(root))
    error << " on '" << name.getValue() << "'";
  error << " after " << counter.count << " rewrites, the bound is " << bound
        << ": its patterns undo each other's work";
  if (!counter.last.empty())
    error << ", the last was " << counter.last;
  error << "; report this module to the maintainers of UWT";
  return error;
}

FailureOr<int64_t> uwt::rewriteGreedily(StringRef pass, Operation *root,
                                        const FrozenRewritePatternSet &patterns,
                                        GreedyRewriteConfig config) {
  RewriteCounter counter;
  int64_t bound = rewriteBound(root);
  config.setListener(&counter).setMaxNumRewrites(bound);
  // An iteration that reaches the bound is the last one. Patterns that have not come to an end
  // after ten iterations leave valid IR.
  bool changed = true;
  config.setMaxIterations(1);
  for (int iteration = 0; iteration < 10 && changed; ++iteration) {
    changed = false;
    (void)applyPatternsGreedily(root, patterns, config, &changed);
    if (counter.count >= bound)
      return giveUp(pass, root, bound, counter);
  }
  return counter.count;
}

FailureOr<int64_t> uwt::rewriteGreedily(StringRef pass, Operation *root, ArrayRef<Operation *> ops,
                                        const FrozenRewritePatternSet &patterns) {
  RewriteCounter counter;
  int64_t bound = rewriteBound(root);
  GreedyRewriteConfig config;
  config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
  config.setListener(&counter).setMaxNumRewrites(bound);
  (void)applyOpPatternsGreedily(ops, patterns, config);
  if (counter.count >= bound)
    return giveUp(pass, root, bound, counter);
  return counter.count;
}
