//===- HoistBuffers.cpp - Pass uwt-hoist-buffers --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Only memrefs: they cost nothing to name early, while a number that is computed in
// a rare branch would be computed always.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/CPU/Passes.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_HOISTBUFFERSPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;

namespace {

/// The outermost parallel loop around `op`, or null.
Operation *outermostParallelLoop(Operation *op) {
  Operation *outermost = nullptr;
  for (Operation *parent = op->getParentOp(); parent; parent = parent->getParentOp())
    if (isa<scf::ForallOp, scf::ParallelOp>(parent))
      outermost = parent;
  return outermost;
}

bool namesBuffer(Operation *op) {
  return op->getNumResults() == 1 && isa<MemRefType>(op->getResult(0).getType()) &&
         op->getNumRegions() == 0 && isPure(op);
}

struct HoistBuffers : uwt::codegen::impl::HoistBuffersPassBase<HoistBuffers> {
  void runOnOperation() override {
    // In the order of the text: what an operation needs has moved before it.
    getOperation().walk<WalkOrder::PreOrder>([](Operation *op) {
      Operation *loop = namesBuffer(op) ? outermostParallelLoop(op) : nullptr;
      if (!loop)
        return;
      bool fromOutside = llvm::none_of(op->getOperands(), [&](Value operand) {
        return loop->isAncestor(operand.getParentBlock()->getParentOp());
      });
      if (fromOutside)
        op->moveBefore(loop);
    });
  }
};

} // namespace
