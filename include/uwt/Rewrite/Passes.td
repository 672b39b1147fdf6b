//===- Passes.td - Canonicalization that always ends -------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_REWRITE_PASSES
#define UWT_REWRITE_PASSES

include "mlir/Pass/PassBase.td"

def CanonicalizePass : Pass<"uwt-canonicalize"> {
  let summary = "Canonicalize operations within a bound on rewrites";
  let description = [{
    Runs the canonicalization patterns of all loaded dialects, as upstream's `canonicalize` does. Unlike `canonicalize`, the pass fails with an error at the
    operation when patterns undo each other's work: the number of rewrites is bounded by the number of operations.
  }];
  let statistics = [
    Statistic<"numRewrites", "num-rewrites", "Number of patterns applied">
  ];
}

#endif // UWT_REWRITE_PASSES
