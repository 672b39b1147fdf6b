//===- LowerPacking.cpp - linalg.pack and unpack as reshapes --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"

using namespace mlir;

namespace uwt {
#define GEN_PASS_DEF_LOWERPACKINGPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

namespace {
struct LowerPackingPass : uwt::impl::LowerPackingPassBase<LowerPackingPass> {
  void runOnOperation() override;
};
} // namespace

static LogicalResult lower(IRRewriter &rewriter, Operation *op) {
  rewriter.setInsertionPoint(op);
  if (auto pack = dyn_cast<linalg::PackOp>(op))
    return linalg::lowerPack(rewriter, pack);
  return linalg::lowerUnPack(rewriter, cast<linalg::UnPackOp>(op));
}

void LowerPackingPass::runOnOperation() {
  SmallVector<Operation *> operations;
  getOperation()->walk([&](Operation *op) {
    if (isa<linalg::PackOp, linalg::UnPackOp>(op))
      operations.push_back(op);
  });
  IRRewriter rewriter(&getContext());
  for (Operation *op : operations) {
    Location location = op->getLoc();
    StringRef name = op->getName().getStringRef();
    if (failed(lower(rewriter, op))) {
      emitError(location) << "'" << name
                          << "' op is not lowered: expected tiles and sizes that the IR knows";
      return signalPassFailure();
    }
  }
}
