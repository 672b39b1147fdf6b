//===- GreedyRewrites.h - Greedy rewriting within a bound -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one door to MLIR's greedy driver. The driver itself has no bound: two patterns that undo each
// other's work would take all time and memory.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_REWRITE_GREEDYREWRITES_H
#define UWT_REWRITE_GREEDYREWRITES_H

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace uwt {

/// Returns the max number of patterns that a pass may apply to `root`. The number grows linearly
/// with the operations that `root` holds. Passes on modules that people have apply a hundredth of
/// it.
int64_t rewriteBound(mlir::Operation *root);

/// Applies `patterns` to the operations inside `root` until none matches. Emits an error at `root`
/// that names the pass, the bound and the last pattern if rewriteBound(root) is exceeded; the IR is
/// valid then. Returns the number of patterns applied.
///
/// Parameters:
///   pass      The argument of the pass, for the error.
///   root      An operation that is isolated from above.
///   config    As for applyPatternsGreedily. Its listener and its bounds are replaced.
mlir::FailureOr<int64_t> rewriteGreedily(llvm::StringRef pass, mlir::Operation *root,
                                         const mlir::FrozenRewritePatternSet &patterns,
                                         mlir::GreedyRewriteConfig config = {});

/// Applies `patterns` to `ops`, which are inside `root`, and to operations that patterns create.
/// Otherwise as above.
mlir::FailureOr<int64_t> rewriteGreedily(llvm::StringRef pass, mlir::Operation *root,
                                         llvm::ArrayRef<mlir::Operation *> ops,
                                         const mlir::FrozenRewritePatternSet &patterns);

} // namespace uwt

#endif // UWT_REWRITE_GREEDYREWRITES_H
