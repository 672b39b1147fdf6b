//===- LowerLaneOps.cpp - Dot products and lookups for a target -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Widen.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codegen/CPU/Passes.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

#define GEN_PASS_DEF_LOWERLANEOPSPASS
#include "uwt/Codegen/CPU/Passes.h.inc"

/// LLVM aborts where a target lacks what an intrinsic needs: callers have asked it.
static Value callIntrinsic(OpBuilder &builder, Location location, StringRef name, Type result,
                           ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(builder, location, result, builder.getStringAttr(name),
                                       operands)
      .getResult(0);
}

/// x of a dot product as f32 beneath the low and beneath the high halves.
static std::pair<Value, Value> wideX(OpBuilder &builder, DotOp op, const Target &target) {
  if (op.getX().size() == 2)
    return {op.getX()[0], op.getX()[1]};
  return widenHalves(builder, op.getLoc(), op.getX()[0], op.getElement(),
                     target.supports(Feature::Fma));
}

static Value lowerDot(OpBuilder &builder, DotOp op, const Target &target) {
  Location location = op.getLoc();
  if (target.supports(Feature::Avx512Bf16) && op.getNumerics() == Numerics::Fast &&
      op.getX().size() == 1 && op.getElement().isBF16()) {
    auto pairs = VectorType::get({32}, builder.getBF16Type());
    Value w = vector::BitCastOp::create(builder, location, pairs, op.getWeights());
    Value x = vector::BitCastOp::create(builder, location, pairs, op.getX()[0]);
    return callIntrinsic(builder, location, "llvm.x86.avx512bf16.dpbf16ps.512",
                         op.getAcc().getType(), {op.getAcc(), w, x});
  }
  auto [lowX, highX] = wideX(builder, op, target);
  auto [low, high] = widenHalves(builder, location, op.getWeights(), op.getElement(),
                                 target.supports(Feature::Fma));
  // The order of vdpbf16ps: where no subnormal takes part, the sums have the same bits.
  Value sum = math::FmaOp::create(builder, location, high, highX, op.getAcc());
  return math::FmaOp::create(builder, location, low, lowX, sum);
}

static Value gatherSymbols(LaneBuilder &lanes, LookupOp op, Value codes) {
  OpBuilder &builder = lanes.ops();
  Value at = lanes.bitAnd(codes, 15);
  if (!isa<VectorType>(lanes.type())) {
    Value index = arith::IndexCastUIOp::create(builder, lanes.loc(), builder.getIndexType(), at);
    return memref::LoadOp::create(builder, lanes.loc(), op.getTable(), ValueRange{index});
  }
  auto shape = cast<VectorType>(lanes.type()).getShape();
  Value zero = arith::ConstantIndexOp::create(builder, lanes.loc(), 0);
  Value mask = arith::ConstantOp::create(
      builder, lanes.loc(),
      DenseElementsAttr::get(VectorType::get(shape, builder.getI1Type()), true));
  return vector::GatherOp::create(builder, lanes.loc(), cast<VectorType>(lanes.type()),
                                  op.getTable(), ValueRange{zero}, at, mask, lanes.constant(0));
}

static Value lowerLookup(OpBuilder &builder, LookupOp op, const Target &target) {
  LaneBuilder lanes(builder, op.getLoc(), op.getCodes().getType());
  auto vector = dyn_cast<VectorType>(op.getCodes().getType());
  if (vector && vector.getNumElements() == 16 && target.supports(Feature::Avx512)) {
    // Entry i stands in words 2i and 2i + 1; the permute looks at the low five bits of each word.
    auto words = VectorType::get({32}, builder.getI16Type());
    Value zero = arith::ConstantIndexOp::create(builder, op.getLoc(), 0);
    Value table = vector::LoadOp::create(builder, op.getLoc(), vector, op.getTable(), zero);
    auto asI32 = [&](Value value) -> Value {
      return vector::BitCastOp::create(builder, op.getLoc(), words, value);
    };
    Value shifts = asI32(lanes.shl(lanes.bitAnd(op.getCodes(), 0x000F000F), 1));
    Value found = callIntrinsic(builder, op.getLoc(), "llvm.x86.avx512.permvar.hi.512", words,
                                {asI32(table), shifts});
    return vector::BitCastOp::create(builder, op.getLoc(), vector, found);
  }
  Value low = gatherSymbols(lanes, op, op.getCodes());
  Value high = gatherSymbols(lanes, op, lanes.lshr(op.getCodes(), 16));
  return lanes.merge(0xFFFF, low, high);
}

namespace {
struct LowerLaneOpsPass : impl::LowerLaneOpsPassBase<LowerLaneOpsPass> {
  void runOnOperation() override {
    const Target &target = TargetAttr::of(getOperation());
    getOperation()->walk([&](Operation *op) {
      if (!isa<DotOp, LookupOp>(op))
        return;
      OpBuilder builder(op);
      auto dot = dyn_cast<DotOp>(op);
      op->getResult(0).replaceAllUsesWith(dot ? lowerDot(builder, dot, target)
                                              : lowerLookup(builder, cast<LookupOp>(op), target));
      op->erase();
    });
  }
};
} // namespace

} // namespace uwt::codegen
