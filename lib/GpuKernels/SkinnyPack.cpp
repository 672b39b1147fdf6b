//===- SkinnyPack.cpp - x in the order of matrix fragments ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packed x: [group of 64 columns][tile of 8 batch rows][pair of blocks][lane 0…31][block of the
// pair][register 0, 1] of u32: what a lane of `mma.m16n8k16` holds of B in two blocks is one run of
// 16 bytes, the registers of a block side by side. Register r of lane 4g + t and block b holds
// x[8·tile + g][64·group + 16b + 8r + 2t], and the next column in its upper half; 0 where x ends.
//
//===----------------------------------------------------------------------===//

#include "Skinny.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace uwt {

static MemRefType globalBuffer(Type element) {
  auto space = gpu::AddressSpaceAttr::get(element.getContext(), gpu::AddressSpace::Global);
  return MemRefType::get({ShapedType::kDynamic}, element, MemRefLayoutAttrInterface(), space);
}

void SkinnyKernels::buildPack(gpu::GPUModuleOp module) {
  Type element = op.getXType().getElementType(), word = builder.getI32Type();
  OpBuilder::InsertionGuard guard(builder);
  gpu::GPUFuncOp kernel = addKernel(
      module, "pack",
      {globalBuffer(element), builder.getIndexType(), builder.getIndexType(), globalBuffer(word)},
      SkinnyPlan::packThreads);
  Value x = kernel.getArgument(0), xRow = kernel.getArgument(1), rows = kernel.getArgument(2);
  LaunchDependentsOp::create(builder, location);
  Value thread = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  Value block = gpu::BlockIdOp::create(builder, location, gpu::Dimension::x);
  Value at = index.add(index.mul(block, SkinnyPlan::packThreads), thread);

  index.ifElse(index.less(at, index.constant(plan.packedWords())), [&] {
    Value ownLane = index.rem(index.div(at, 4), 32), tileAt = index.div(at, 256);
    Value group = index.div(tileAt, plan.tiles);
    Value row = index.add(index.mul(index.rem(tileAt, plan.tiles), 8), index.div(ownLane, 4));
    Value kBlock =
        index.add(index.mul(index.rem(index.div(at, 128), 2), 2), index.rem(index.div(at, 2), 2));
    Value column = index.add(index.mul(group, 64), index.mul(kBlock, 16));
    column = index.add(column, index.mul(index.rem(at, 2), 8));
    column = index.add(column, index.mul(index.rem(ownLane, 4), 2));
    auto half = [&](int64_t offset) -> Value {
      Value k = index.add(column, offset);
      Value isThere = both(index.less(row, rows), index.less(k, index.constant(plan.columns)));
      auto branch = scf::IfOp::create(builder, location, TypeRange{word}, isThere, true);
      OpBuilder::InsertionGuard inner(builder);
      builder.setInsertionPointToStart(branch.thenBlock());
      Value value = load(x, index.add(index.mul(row, xRow), k));
      value = arith::BitcastOp::create(builder, location, builder.getI16Type(), value);
      value = arith::ExtUIOp::create(builder, location, word, value);
      scf::YieldOp::create(builder, location, value);
      builder.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(builder, location, constantI32(0));
      return branch.getResult(0);
    };
    Value low = half(0), high = half(1);
    high = arith::ShLIOp::create(builder, location, high, constantI32(16));
    Value both16 = arith::OrIOp::create(builder, location, low, high);
    memref::StoreOp::create(builder, location, both16, kernel.getArgument(3), at);
  });
  gpu::ReturnOp::create(builder, location);
}

} // namespace uwt
