//===- PackIntegers.cpp - Kernel pack of products by integers -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packed x: [slice of 8 · mTiles rows], and of a slice first [group of 64 columns][m tile of 8
// rows][row][u32 0…15], each group with sums of its elements behind it where they are needed
// ([cell][row], i32), then the scales of its rows (f32). What a lane of two
// `mma.m16n8k32` holds of B is one run of 16 bytes: u32 4t + 2i + b of row g is register b of lane
// 4g + t in product i. Which columns its four bytes have, the order of the weight's codes says
// (IntegerCodes.h).
//
// For wgmma a group's u32 stand in another order: [product i][m tile][half b][row][t], core
// matrices of 8 rows × 16 bytes, an m tile's two of a product one behind the other.
//
//===----------------------------------------------------------------------===//

#include "PackIntegers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "uwt/Codegen/Decode/IntegerRow.h"

using namespace mlir;

namespace uwt::codegen {

PackIntegersKernel::PackIntegersKernel(MatmulOp op, const ProductPlan &plan, OpBuilder &builder)
    : PackCode(op, plan, builder), integerBits(op.getArithmeticAttr().getBits()),
      hasBytes(quantizedUnit(op.getWeightType().getFormat().getFormat()).hasBytes()),
      codes(integerCodes(op.getWeightType().getFormat().getFormat())),
      order(plan.tile.usesWarpgroups ? WordOrder{1, 8, 4} : WordOrder{4, 2, 1}) {}

void PackIntegersKernel::build(gpu::GPUModuleOp module) {
  OpBuilder::InsertionGuard guard(builder);
  Arguments arguments = begin(module);
  own = thread();
  Value row = gpu::BlockIdOp::create(builder, location, gpu::Dimension::x);
  packRow(arguments, row);
  Value next = index.add(row, 1);
  index.ifElse(index.equal(next, arguments.m), [&] {
    Value end = index.mul(index.ceilDiv(next, plan.tile.m()), plan.tile.m());
    index.loop(index.sub(end, next), [&](Value i) { clearRow(arguments, index.add(next, i)); });
  });
  gpu::ReturnOp::create(builder, location);
}

Value PackIntegersKernel::loadFloat(const Arguments &arguments, Value row, Value column) {
  Value element = loadElement(arguments, index.less(column, plan.problem.k), row, column);
  Type f32 = builder.getF32Type();
  if (element.getType() != f32)
    element = arith::ExtFOp::create(builder, location, f32, element);
  return element;
}

Value PackIntegersKernel::largestOf(const Arguments &arguments, Value row) {
  constexpr int64_t magnitudes = 0x7FFFFFFF;
  // As many loads are on their way at once.
  constexpr int64_t elements = 4, perPass = elements * packThreads;
  Value passes = index.constant((plan.problem.k + perPass - 1) / perPass);
  Value largest = index.loop(passes, {constant(0)}, [&](Value pass, ValueRange carried) {
    Value next = carried[0];
    Value first = index.add(index.mul(pass, perPass), own.number);
    for (int64_t i = 0; i < elements; ++i) {
      Value element = loadFloat(arguments, row, index.add(first, i * packThreads));
      Value bits = arith::BitcastOp::create(builder, location, builder.getI32Type(), element);
      next = max(next, bitAnd(bits, magnitudes));
    }
    return Values{next};
  })[0];
  return largestOfCta(largest);
}

Value PackIntegersKernel::largestOfCta(Value largest) {
  for (int32_t distance = warpLanes / 2; distance > 0; distance /= 2) {
    Value other = gpu::ShuffleOp::create(builder, location, largest, constant(distance),
                                         constant(warpLanes), gpu::ShuffleMode::XOR)
                      .getShuffleResult();
    largest = max(largest, other);
  }
  constexpr int64_t warps = packThreads / warpLanes;
  Value ofWarps = sharedView(warps, builder.getI32Type(), 0);
  index.ifElse(index.equal(own.lane, 0), [&] {
    memref::StoreOp::create(builder, location, largest, ofWarps, ValueRange{own.warp});
  });
  gpu::BarrierOp::create(builder, location);
  Value result = constant(0);
  for (int64_t warp = 0; warp < warps; ++warp)
    result = max(result, load(ofWarps, index.constant(warp)));
  return result;
}

PackIntegersKernel::RowWord PackIntegersKernel::rowWordOf(Value number) {
  auto part = [&](int64_t stride, int64_t count) {
    return index.rem(index.div(number, stride), count);
  };
  return {part(order.t, 4), part(order.product, 2), part(order.half, 2)};
}

Value PackIntegersKernel::placeOf(Value inSlice, Value number) {
  if (!plan.tile.usesWarpgroups)
    return index.add(index.mul(inSlice, packedByteRowU32), index.rem(number, packedByteRowU32));
  constexpr int64_t rowU32 = 4, blockTileU32 = blockTileBytes / 4, coreU32 = coreMatrixBytes / 4;
  RowWord parts = rowWordOf(number);
  Value mTile = index.div(inSlice, mTileRows), row = index.rem(inSlice, mTileRows);
  Value at = index.add(index.mul(parts.product, plan.tile.mTiles * blockTileU32),
                       index.mul(mTile, blockTileU32));
  at = index.add(at, index.mul(parts.half, coreU32));
  return index.add(index.add(at, index.mul(row, rowU32)), parts.t);
}

Value PackIntegersKernel::columnOf(const RowWord &word, int64_t byte) {
  // The numbers that the u32 with t, product and half = 1 have in a row of the weight; a u32's
  // column is the sum of what each of them adds.
  int64_t ofT = hasBytes ? 2 : 4, ofProduct = hasBytes ? 1 : 2, ofHalf = hasBytes ? 8 : 1;
  auto columnOfByte = [&](int64_t number) -> int64_t { return codes.columns[4 * number]; };
  Value first = index.add(index.mul(word.t, columnOfByte(ofT)),
                          index.mul(word.product, columnOfByte(ofProduct)));
  return index.add(index.add(first, index.mul(word.half, columnOfByte(ofHalf))),
                   codes.columns[byte]);
}

void PackIntegersKernel::packRow(const Arguments &arguments, Value row) {
  IntegerRowScale scale =
      emitIntegerRowScale(builder, location, integerBits, largestOf(arguments, row));
  LaneBuilder lanes(builder, location, builder.getI32Type());
  auto wordOf = [&](Value number) {
    Value firstColumn = index.mul(index.div(number, packedByteRowU32), fixedUnitColumns);
    RowWord word = rowWordOf(number);
    Value packed = constant(0);
    for (int64_t byte = 0; byte < 4; ++byte) {
      Value column = index.add(firstColumn, columnOf(word, byte));
      Value integer =
          emitRowIntegers(lanes, loadFloat(arguments, row, column), scale.divisor, scale.mask);
      packed = bitOr(packed, shl(bitAnd(integer, 0xFF), 8 * byte));
    }
    return packed;
  };
  Value bits = arith::BitcastOp::create(builder, location, builder.getI32Type(), scale.scale);
  storeRow(arguments, row, wordOf, bits);
}

Value PackIntegersKernel::sumOfCell(Value word) {
  Value sum = constant(0);
  for (int64_t byte = 0; byte < 4; ++byte) {
    Value upper = shl(word, 24 - 8 * byte);
    Value own = arith::ShRSIOp::create(builder, location, upper, constant(24));
    sum = add(sum, own);
  }
  // Sixteen lanes have the u32 of a row × column group; half of them those of a product.
  for (int64_t distance : {1, 2, 4, 8}) {
    if (distance == order.product && plan.tile.sumsOfX > 1)
      continue;
    Value other = gpu::ShuffleOp::create(builder, location, sum, constant(distance),
                                         constant(warpLanes), gpu::ShuffleMode::XOR)
                      .getShuffleResult();
    sum = add(sum, other);
  }
  return sum;
}

void PackIntegersKernel::storeSum(const Arguments &arguments, Value ofGroup, Value inSlice,
                                  Value number, Value sum) {
  RowWord word = rowWordOf(number);
  // Of those with the same sum the first one stores it.
  Value others = index.add(word.t, word.half);
  if (plan.tile.sumsOfX == 1)
    others = index.add(others, word.product);
  index.ifElse(index.equal(others, 0), [&] {
    Value at = index.add(ofGroup, plan.tile.sumsOfXBegin());
    at = index.add(index.add(at, index.mul(word.product, plan.tile.m())), inSlice);
    memref::StoreOp::create(builder, location, sum, arguments.packed, ValueRange{at});
  });
}

void PackIntegersKernel::clearRow(const Arguments &arguments, Value row) {
  storeRow(arguments, row, [&](Value) { return constant(0); }, constant(0));
}

void PackIntegersKernel::storeRow(const Arguments &arguments, Value row,
                                  llvm::function_ref<Value(Value)> wordOf, Value scale) {
  Value slice = index.div(row, plan.tile.m()), inSlice = index.rem(row, plan.tile.m());
  Value begin = index.mul(slice, plan.packedU32());
  int64_t words = plan.problem.columnGroups() * packedByteRowU32;
  index.loop((words + packThreads - 1) / packThreads, [&](Value pass) {
    Value number = index.add(index.mul(pass, packThreads), own.number);
    // What is behind the last column counts as 0; all lanes of a warp have to be there for sums.
    Value word = wordOf(number), sum = plan.tile.sumsOfX != 0 ? sumOfCell(word) : Value();
    index.ifElse(index.less(number, words), [&] {
      Value group = index.div(number, packedByteRowU32);
      Value ofGroup = index.add(begin, index.mul(group, plan.tile.packedGroupU32()));
      memref::StoreOp::create(builder, location, word, arguments.packed,
                              ValueRange{index.add(ofGroup, placeOf(inSlice, number))});
      if (sum)
        storeSum(arguments, ofGroup, inSlice, number, sum);
    });
  });
  index.ifElse(index.equal(own.number, 0), [&] {
    Value at = index.add(index.add(begin, plan.xScalesBegin()), inSlice);
    memref::StoreOp::create(builder, location, scale, arguments.packed, ValueRange{at});
  });
}

} // namespace uwt::codegen
