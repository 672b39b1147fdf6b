//===- PackIntegers.cpp - Kernel pack of products by integers -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packed x: [slice of 8 · mTiles rows], and of a slice first [group of 64 columns][m tile of 8
// rows][row][u32 0…15], then the scales of its rows (f32). What a lane of two `mma.m16n8k32` holds
// of B is one run of 16 bytes: u32 4t + 2i + b of row g is register b of lane 4g + t in product i.
// Which columns its four bytes have, the order of the weight's codes says (IntegerCodes.h).
//
//===----------------------------------------------------------------------===//

#include "PackIntegers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include <limits>

using namespace mlir;

namespace uwt::codegen {

/// integer-2: as the bits of an f32.
static constexpr int64_t infinityBits = 0x7F800000, smallestLargestBits = int64_t(127 - 119) << 23;

PackIntegersKernel::PackIntegersKernel(MatmulOp op, const ProductPlan &plan, OpBuilder &builder)
    : LaneCode(builder, op.getLoc()), op(op), plan(plan),
      hasNibbles(quantizedUnit(op.getWeightType().getFormat().getFormat()).hasNibbles()) {}

void PackIntegersKernel::build(gpu::GPUModuleOp module) {
  OpBuilder::InsertionGuard guard(builder);
  gpu::GPUFuncOp kernel =
      beginKernel(module, "pack",
                  {globalBuffer(op.getXType().getElementType()), builder.getIndexType(),
                   builder.getIndexType(), globalBuffer(builder.getI32Type())},
                  packThreads, plan.ctas);
  LaunchDependentsOp::create(builder, location);
  // The product before this one may still write x, and read what it has packed.
  GridDependencyWaitOp::create(builder, location);
  own = thread();
  Arguments arguments{kernel.getArgument(0), kernel.getArgument(1), kernel.getArgument(2),
                      kernel.getArgument(3)};
  Value row = gpu::BlockIdOp::create(builder, location, gpu::Dimension::x);
  packRow(arguments, row);
  Value next = index.add(row, 1);
  index.ifElse(index.equal(next, arguments.m), [&] {
    Value end = index.mul(index.ceilDiv(next, plan.tile.m()), plan.tile.m());
    index.loop(index.sub(end, next), [&](Value i) { clearRow(arguments, index.add(next, i)); });
  });
  gpu::ReturnOp::create(builder, location);
}

Value PackIntegersKernel::number(float value) {
  return arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(value));
}

Value PackIntegersKernel::loadElement(const Arguments &arguments, Value row, Value column) {
  Type f32 = builder.getF32Type();
  return either(
      index.less(column, plan.problem.k), f32,
      [&] {
        Value element = load(arguments.x, index.add(index.mul(row, arguments.rowStride), column));
        if (element.getType() != f32)
          element = arith::ExtFOp::create(builder, location, f32, element);
        return Values{element};
      },
      [&] { return Values{number(0)}; })[0];
}

Value PackIntegersKernel::largestOf(const Arguments &arguments, Value row) {
  constexpr int64_t magnitudes = 0x7FFFFFFF;
  // Each thread looks at neighbours of four others' elements: as many loads are on their way.
  constexpr int64_t elements = 4, perPass = elements * packThreads;
  Value passes = index.constant((plan.problem.k + perPass - 1) / perPass);
  Value largest = index.loop(passes, {constant(0)}, [&](Value pass, ValueRange carried) {
    Value next = carried[0];
    Value first = index.add(index.mul(pass, perPass), own.number);
    for (int64_t i = 0; i < elements; ++i) {
      Value element = loadElement(arguments, row, index.add(first, i * packThreads));
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

PackIntegersKernel::RowScale PackIntegersKernel::findScale(Value largest) {
  Value magnitude = arith::BitcastOp::create(builder, location, builder.getF32Type(), largest);
  Value divisor = arith::DivFOp::create(builder, location, magnitude, number(127));
  Value isFinite = less(largest, infinityBits), isSmall = less(largest, smallestLargestBits);
  Value bits = arith::BitcastOp::create(builder, location, builder.getI32Type(), divisor);
  constexpr int64_t quietNan = 0x7FC00000;
  bits = select(isFinite, select(isSmall, 0, bits), quietNan);
  Value mask = select(isFinite, select(isSmall, 0, 0xFFFFFFFF), 0);
  return {divisor, mask, bits};
}

Value PackIntegersKernel::columnOf(Value word, int64_t byte) {
  Value t = index.div(word, 4), product = index.rem(index.div(word, 2), 2),
        upper = index.rem(word, 2);
  Value first = index.add(index.mul(t, 2), index.mul(product, 32));
  if (hasNibbles)
    return index.add(index.add(first, index.mul(upper, 16)), byte / 2 + 8 * (byte % 2));
  return index.add(index.add(first, index.mul(upper, 8)), 16 * (byte / 2) + byte % 2);
}

Value PackIntegersKernel::integerOf(const Arguments &arguments, Value row, Value column,
                                    const RowScale &scale) {
  // Added to a number of less than 2^22, it leaves the nearest integer in the lowest bits.
  constexpr float toIntegers = 0x1.8p23f;
  constexpr int64_t toIntegersBits = 0x4B400000;
  Value element = loadElement(arguments, row, column);
  Value quotient = arith::DivFOp::create(builder, location, element, scale.divisor);
  Value sum = arith::AddFOp::create(builder, location, quotient, number(toIntegers));
  Value bits = arith::BitcastOp::create(builder, location, builder.getI32Type(), sum);
  return bitAnd(sub(bits, toIntegersBits), scale.mask);
}

void PackIntegersKernel::packRow(const Arguments &arguments, Value row) {
  RowScale scale = findScale(largestOf(arguments, row));
  auto wordOf = [&](Value number) {
    Value firstColumn = index.mul(index.div(number, packedByteRowU32), fixedUnitColumns);
    Value word = index.rem(number, packedByteRowU32);
    Value packed = constant(0);
    for (int64_t byte = 0; byte < 4; ++byte) {
      Value column = index.add(firstColumn, columnOf(word, byte));
      Value integer = bitAnd(integerOf(arguments, row, column, scale), 0xFF);
      packed = bitOr(packed, shl(integer, 8 * byte));
    }
    return packed;
  };
  storeRow(arguments, row, wordOf, scale.bits);
}

void PackIntegersKernel::clearRow(const Arguments &arguments, Value row) {
  storeRow(arguments, row, [&](Value) { return constant(0); }, constant(0));
}

void PackIntegersKernel::storeRow(const Arguments &arguments, Value row,
                                  llvm::function_ref<Value(Value)> wordOf, Value scale) {
  Value slice = index.div(row, plan.tile.m()), inSlice = index.rem(row, plan.tile.m());
  Value begin = index.mul(slice, plan.packedU32());
  Value ofRow = index.add(begin, index.mul(inSlice, packedByteRowU32));
  int64_t words = plan.problem.columnGroups() * packedByteRowU32;
  index.loop((words + packThreads - 1) / packThreads, [&](Value pass) {
    Value number = index.add(index.mul(pass, packThreads), own.number);
    index.ifElse(index.less(number, words), [&] {
      Value at = index.mul(index.div(number, packedByteRowU32), plan.tile.packedGroupU32());
      at = index.add(at, index.rem(number, packedByteRowU32));
      memref::StoreOp::create(builder, location, wordOf(number), arguments.packed,
                              ValueRange{index.add(ofRow, at)});
    });
  });
  index.ifElse(index.equal(own.number, 0), [&] {
    Value at = index.add(index.add(begin, plan.xScalesBegin()), inSlice);
    memref::StoreOp::create(builder, location, scale, arguments.packed, ValueRange{at});
  });
}

} // namespace uwt::codegen
