//===- PackKernel.cpp - Kernel pack: x in the order of fragments ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packed x for mma.sync: [slice of 8 · mTiles rows][group of 64 columns][m tile of 8 rows][pair of
// blocks][lane 0…31][block of the pair][register 0, 1] of u32: what a lane of `mma.m16n8k16` holds
// of B in two blocks is one run of 16 bytes, the registers of a block side by side. Register r of
// lane 4g + t and block b holds x[8·(mTiles·slice + tile) + g][64·group + 16b + 8r + 2t], and the
// next column in its upper half; 0 where x ends.
//
// Packed x for wgmma: [slice][group of 64 columns][block of 16][m tile of 8 rows][half of the
// block][row][u32]: core matrices of 8 rows × 16 bytes, an m tile's two of a block one behind the
// other. u32 w of row r holds x[8·tile + r][64·group + 16·block + 8·half + 2w], and the next column
// in its upper half; 0 where x ends.
//
//===----------------------------------------------------------------------===//

#include "PackKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace uwt::codegen {

PackCode::Arguments PackCode::begin(gpu::GPUModuleOp module) {
  gpu::GPUFuncOp kernel =
      beginKernel(module, "pack",
                  {globalBuffer(op.getXType().getElementType()), builder.getIndexType(),
                   builder.getIndexType(), globalBuffer(builder.getI32Type())},
                  packThreads, plan.ctas);
  LaunchDependentsOp::create(builder, location);
  // The product before this one may still write x, and read what it has packed.
  GridDependencyWaitOp::create(builder, location);
  return {kernel.getArgument(0), kernel.getArgument(1), kernel.getArgument(2),
          kernel.getArgument(3)};
}

Value PackCode::loadElement(const Arguments &arguments, Value isThere, Value row, Value k) {
  Type element = op.getXType().getElementType();
  return either(
      isThere, element,
      [&] { return Values{load(arguments.x, index.add(index.mul(row, arguments.rowStride), k))}; },
      [&] {
        return Values{arith::ConstantOp::create(builder, location, builder.getZeroAttr(element))};
      })[0];
}

PackKernel::PackedElements PackKernel::elementsOfFragments(Value thread) {
  Value ownLane = index.rem(index.div(thread, 4), 32);
  Value block = index.add(index.mul(index.div(thread, 128), 2), index.rem(index.div(thread, 2), 2));
  Value column = index.add(index.mul(block, 16), index.mul(index.rem(thread, 2), 8));
  column = index.add(column, index.mul(index.rem(ownLane, 4), 2));
  return {index.div(ownLane, 4), column, thread, packedTileU32};
}

PackKernel::PackedElements PackKernel::elementsOfCores(Value thread) {
  constexpr int64_t blockTileU32 = blockTileBytes / 4;
  Value block = index.div(thread, blockTileU32);
  Value column = index.add(index.mul(block, 16), index.mul(index.rem(index.div(thread, 32), 2), 8));
  PackedElements elements;
  elements.row = index.rem(index.div(thread, 4), 8);
  elements.column = index.add(column, index.mul(index.rem(thread, 4), 2));
  elements.to =
      index.add(index.mul(block, plan.tile.mTiles * blockTileU32), index.rem(thread, blockTileU32));
  elements.mTileStride = blockTileU32;
  return elements;
}

void PackKernel::build(gpu::GPUModuleOp module) {
  OpBuilder::InsertionGuard guard(builder);
  Arguments arguments = begin(module);
  Value thread = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  Value number = gpu::BlockIdOp::create(builder, location, gpu::Dimension::x);
  packGroup(arguments, number, thread);
  gpu::ReturnOp::create(builder, location);
}

void PackKernel::packGroup(const Arguments &arguments, Value number, Value thread) {
  int64_t groups = plan.problem.columnGroups();
  Value slice = index.div(number, groups), group = index.rem(number, groups);
  PackedElements own =
      plan.tile.usesWarpgroups ? elementsOfCores(thread) : elementsOfFragments(thread);
  Value firstRow = index.add(index.mul(slice, plan.tile.m()), own.row);
  Value column = index.add(index.mul(group, fixedUnitColumns), own.column);
  Value begin = index.mul(number, plan.tile.packedGroupU32()); // u32 of the workspace
  begin = index.add(begin, plan.decoded.sizeU32());

  index.loop(plan.tile.mTiles, [&](Value tile) {
    Value row = index.add(firstRow, index.mul(tile, mTileRows));
    Value packed = loadPair(arguments, row, column);
    Value at = index.add(begin, index.mul(tile, own.mTileStride));
    memref::StoreOp::create(builder, location, packed, arguments.packed, index.add(at, own.to));
  });
}

Value PackKernel::loadPair(const Arguments &arguments, Value row, Value column) {
  auto half = [&](int64_t offset) {
    Value k = index.add(column, offset);
    Value isThere = bitAnd(index.less(row, arguments.m), index.less(k, plan.problem.k));
    Value element = loadElement(arguments, isThere, row, k);
    Value value = arith::BitcastOp::create(builder, location, builder.getI16Type(), element);
    return toI32(value);
  };
  Value low = half(0);
  return bitOr(low, shl(half(1), 16));
}

} // namespace uwt::codegen
