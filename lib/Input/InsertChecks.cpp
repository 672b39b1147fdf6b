//===- InsertChecks.cpp - Pass uwt-insert-checks --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's runtime verification of operations (RuntimeVerifiableOpInterface) has the same
// purpose, but leaves out insertions, reshapes, padding, divisions and sizes that wrap, and its
// asserts end the process.
//
//===----------------------------------------------------------------------===//

#include "CheckBuilder.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Input/Passes.h"

namespace uwt {
#define GEN_PASS_DEF_INSERTCHECKSPASS
#include "uwt/Input/Passes.h.inc"
} // namespace uwt

using namespace mlir;

namespace {
struct InsertChecks : uwt::impl::InsertChecksPassBase<InsertChecks> {
  void runOnOperation() override;
};
} // namespace

/// Whether a named operation divides integers: its body, which is not printed, cannot hold checks.
static bool hidesDivision(linalg::LinalgOp op) {
  return !isa<linalg::GenericOp>(op) && llvm::any_of(*op.getBlock(), [](Operation &inner) {
    return isa<arith::DivSIOp, arith::DivUIOp>(inner);
  });
}

/// Refuses operations of linalg without maps, whose sizes no check here knows.
static LogicalResult requireKnownSizes(Operation *op) {
  auto isDynamic = [](Type type) {
    auto shaped = dyn_cast<ShapedType>(type);
    return shaped && !shaped.hasStaticShape();
  };
  if (!isa<linalg::LinalgDialect>(op->getDialect()) || isa<linalg::SoftmaxOp>(op) ||
      !llvm::any_of(op->getOperandTypes(), isDynamic))
    return success();
  return op->emitOpError("has sizes that only a call knows, which cannot be checked: write it with "
                         "static sizes, or with linalg.generic");
}

static LogicalResult check(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (linalgOp)
    return linalgOp.hasPureTensorSemantics() ? uwt::checkLinalgOp(linalgOp) : success();
  if (failed(requireKnownSizes(op)))
    return failure();
  uwt::checkTensorOp(op);
  return success();
}

void InsertChecks::runOnOperation() {
  IRRewriter rewriter(&getContext());
  SmallVector<linalg::LinalgOp> dividing;
  getOperation()->walk([&](linalg::LinalgOp op) {
    if (hidesDivision(op))
      dividing.push_back(op);
  });
  for (linalg::LinalgOp op : dividing) {
    rewriter.setInsertionPoint(op);
    if (failed(linalg::generalizeNamedOp(rewriter, op)))
      return signalPassFailure();
  }

  SmallVector<Operation *> ops;
  getOperation()->walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops)
    if (failed(check(op)))
      return signalPassFailure();
  // Constants that decided a check.
  getOperation()->walk([](arith::ConstantOp constant) {
    if (constant->use_empty())
      constant.erase();
  });
}
