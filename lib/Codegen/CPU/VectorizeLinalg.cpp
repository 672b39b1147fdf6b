//===- VectorizeLinalg.cpp - Pass uwt-vectorize-linalg --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks a function and gives each linalg operation on memrefs to the emitter of
// vector loops, or to upstream's scalar loops. Not upstream's vectoriser: its
// sums take the order that a target's vector length asks for.
//
//===----------------------------------------------------------------------===//

#include "VectorLoops.h"
#include "uwt/Codegen/CPU/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_VECTORIZELINALGPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;

namespace {

/// A copy as a linalg operation: no call of a library, and vectors.
void lowerCopy(memref::CopyOp copy, IRRewriter &rewriter) {
  rewriter.setInsertionPoint(copy);
  linalg::makeMemRefCopyOp(rewriter, copy.getLoc(), copy.getSource(), copy.getTarget());
  rewriter.eraseOp(copy);
}

LogicalResult lowerLinalg(linalg::LinalgOp op, IRRewriter &rewriter) {
  rewriter.setInsertionPoint(op);
  auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
  if (!generic) {
    FailureOr<linalg::GenericOp> general = linalg::generalizeNamedOp(rewriter, op);
    if (failed(general))
      return op->emitOpError("has no generic form");
    generic = *general;
  }
  if (std::optional<uwt::codegen::VectorPlan> plan = uwt::codegen::planVectorLoops(generic)) {
    uwt::codegen::emitVectorLoops(rewriter, generic, *plan);
  } else {
    rewriter.setInsertionPoint(generic);
    if (failed(linalg::linalgOpToLoops(rewriter, generic)))
      return generic->emitOpError("cannot become loops");
  }
  rewriter.eraseOp(generic);
  return success();
}

struct VectorizeLinalg : uwt::codegen::impl::VectorizeLinalgPassBase<VectorizeLinalg> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<memref::CopyOp> copies;
    getOperation().walk([&](memref::CopyOp copy) {
      if (isa<MemRefType>(copy.getSource().getType()) &&
          isa<MemRefType>(copy.getTarget().getType()))
        copies.push_back(copy);
    });
    for (memref::CopyOp copy : copies)
      lowerCopy(copy, rewriter);

    SmallVector<linalg::LinalgOp> operations;
    getOperation().walk([&](linalg::LinalgOp op) { operations.push_back(op); });
    for (linalg::LinalgOp op : operations) {
      if (!op.hasPureBufferSemantics()) {
        op->emitOpError("is still on tensors: bufferize it before uwt-vectorize-linalg");
        return signalPassFailure();
      }
      if (failed(lowerLinalg(op, rewriter)))
        return signalPassFailure();
    }
  }
};

} // namespace
