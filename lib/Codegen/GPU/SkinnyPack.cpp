//===- SkinnyPack.cpp - x in the order of matrix fragments ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packed x: [slice of 8 · tiles batch rows][group of 64 columns][tile of 8 batch rows][pair of
// blocks][lane 0…31][block of the pair][register 0, 1] of u32: what a lane of `mma.m16n8k16` holds
// of B in two blocks is one run of 16 bytes, the registers of a block side by side. Register r of
// lane 4g + t and block b holds x[8·(tiles·slice + tile) + g][64·group + 16b + 8r + 2t], and the
// next column in its upper half; 0 where x ends.
//
//===----------------------------------------------------------------------===//

#include "Skinny.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace uwt {

/// Two neighbours of x in a word; `load` gives the element so many columns further.
static Value packedWord(OpBuilder &builder, Location location,
                        llvm::function_ref<Value(int64_t)> load) {
  Type word = builder.getI32Type();
  auto half = [&](int64_t offset) -> Value {
    Value value = arith::BitcastOp::create(builder, location, builder.getI16Type(), load(offset));
    return arith::ExtUIOp::create(builder, location, word, value);
  };
  Value low = half(0);
  Value shift = arith::ConstantOp::create(builder, location, builder.getI32IntegerAttr(16));
  Value high = arith::ShLIOp::create(builder, location, half(1), shift);
  return arith::OrIOp::create(builder, location, low, high);
}

SkinnyKernels::PackedPlace SkinnyKernels::placeInFragments(Value thread) {
  Value ownLane = index.rem(index.div(thread, 4), 32);
  Value block = index.add(index.mul(index.div(thread, 128), 2), index.rem(index.div(thread, 2), 2));
  Value column = index.add(index.mul(block, 16), index.mul(index.rem(thread, 2), 8));
  column = index.add(column, index.mul(index.rem(ownLane, 4), 2));
  return {index.div(ownLane, 4), column, thread, SkinnyPlan::tileWords};
}

void SkinnyKernels::buildPack(gpu::GPUModuleOp module) {
  OpBuilder::InsertionGuard guard(builder);
  Type word = builder.getI32Type();
  gpu::GPUFuncOp kernel =
      beginKernel(module, "pack",
                  {globalBuffer(op.getXType().getElementType()), builder.getIndexType(),
                   builder.getIndexType(), globalBuffer(word)},
                  SkinnyPlan::packThreads, plan.ctas);
  LaunchDependentsOp::create(builder, location);
  Value thread = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  Value block = gpu::BlockIdOp::create(builder, location, gpu::Dimension::x);
  packBlock(
      {kernel.getArgument(0), kernel.getArgument(1), kernel.getArgument(2), kernel.getArgument(3)},
      block, thread);
  gpu::ReturnOp::create(builder, location);
}

void SkinnyKernels::packBlock(const UnpackedX &from, Value block, Value thread) {
  Type element = op.getXType().getElementType();
  Value slice = index.div(block, plan.groups()), group = index.rem(block, plan.groups());
  PackedPlace place = plan.multipliesTogether ? placeInCores(thread) : placeInFragments(thread);
  Value firstRow = index.add(index.mul(slice, 8 * plan.tiles), place.row);
  Value column = index.add(index.mul(group, 64), place.column);
  Value blockStart = index.mul(block, plan.tiles * SkinnyPlan::tileWords);
  blockStart = index.add(blockStart, plan.decodedWords());

  index.loop(index.constant(plan.tiles), [&](Value tile) {
    Value row = index.add(firstRow, index.mul(tile, 8));
    Value packed = packedWord(builder, location, [&](int64_t offset) -> Value {
      Value k = index.add(column, offset);
      Value isThere = both(index.less(row, from.rows), index.less(k, index.constant(plan.columns)));
      auto branch = scf::IfOp::create(builder, location, TypeRange{element}, isThere, true);
      OpBuilder::InsertionGuard inner(builder);
      builder.setInsertionPointToStart(branch.thenBlock());
      scf::YieldOp::create(builder, location,
                           load(from.x, index.add(index.mul(row, from.rowStride), k)));
      builder.setInsertionPointToStart(branch.elseBlock());
      Value zero = arith::ConstantOp::create(builder, location, builder.getZeroAttr(element));
      scf::YieldOp::create(builder, location, zero);
      return branch.getResult(0);
    });
    Value at = index.add(blockStart, index.mul(tile, place.tileWords));
    memref::StoreOp::create(builder, location, packed, from.packed, index.add(at, place.at));
  });
}

} // namespace uwt
