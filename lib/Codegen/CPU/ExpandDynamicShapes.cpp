//===- ExpandDynamicShapes.cpp - Pass uwt-expand-dynamic-shapes -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's expand-strided-metadata takes one dynamic size of a group from the source's size and
// the other sizes. Of two it computes no strides, and makes an operation with null operands.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/CPU/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_EXPANDDYNAMICSHAPESPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;

namespace {

bool hasGroupWithDynamicSizes(memref::ExpandShapeOp op) {
  return llvm::any_of(op.getReassociationIndices(), [&](const ReassociationIndices &group) {
    return llvm::count_if(group,
                          [&](int64_t dim) { return op.getResultType().isDynamicDim(dim); }) > 1;
  });
}

/// `computed` where the type leaves it open.
OpFoldResult orStatic(int64_t inType, Value computed, Builder &b) {
  return ShapedType::isDynamic(inType) ? OpFoldResult(computed) : b.getIndexAttr(inType);
}

void expand(memref::ExpandShapeOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto source = memref::ExtractStridedMetadataOp::create(b, loc, op.getSrc());
  SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
  auto [staticStrides, staticOffset] = op.getResultType().getStridesAndOffset();

  SmallVector<OpFoldResult> strides(sizes.size());
  for (auto [stride, group] : llvm::zip_equal(source.getStrides(), op.getReassociationIndices())) {
    Value next = stride;
    for (int64_t dim : llvm::reverse(group)) {
      strides[dim] = orStatic(staticStrides[dim], next, b);
      Value size = getValueOrCreateConstantIndexOp(b, loc, sizes[dim]);
      next = b.createOrFold<arith::MulIOp>(loc, next, size);
    }
  }
  auto view = memref::ReinterpretCastOp::create(b, loc, op.getResultType(), source.getBaseBuffer(),
                                                orStatic(staticOffset, source.getOffset(), b),
                                                sizes, strides);
  op.replaceAllUsesWith(view.getResult());
  op.erase();
}

struct ExpandDynamicShapes : uwt::codegen::impl::ExpandDynamicShapesPassBase<ExpandDynamicShapes> {
  void runOnOperation() override {
    getOperation()->walk([](memref::ExpandShapeOp op) {
      if (hasGroupWithDynamicSizes(op))
        expand(op);
    });
  }
};

} // namespace
