//===- TileMatmulPrepare.cpp - x as vectors that meet stored order --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For each row of x and group of 64 of its elements: vector X0, which meets
// registers 0 and 1, and X1, which meets 2 and 3. U32 4t + b of X0 holds elements 16b + 2t and 16b
// + 2t + 1, X1 those 8 further. As packed pairs that is two vectors of 16 u32; as f32 it is four,
// the even and the odd elements of X0, then of X1.
//
// Blocks of rows of x lie one after another, in a block the groups, in a group the
// rows: what a block of accumulators reads is one run of memory.
//
//===----------------------------------------------------------------------===//

#include "TileMatmul.h"
#include "Widen.h"

using namespace mlir;

namespace uwt::codegen {

Value ProductLowering::preparedStart(Value matrix, Value m) {
  Value rowU32 = preparedRowU32();
  Value start = index.mul(index.sub(m, index.rem(m, tileM)), rowU32);
  start = index.add(start, index.mul(index.rem(m, tileM), u32InGroup()));
  if (op.getXType().getRank() == 2)
    return start;
  return index.add(start, index.mul(matrix, index.mul(paddedM(tileM), rowU32)));
}

/// Memory for all rows of x, padded to a multiple of `tile`.
void ProductLowering::allocatePrepared(int64_t tile) {
  bool goesByMatrix = op.getXType().getRank() == 3;
  Type type = packed ? Type(builder.getI32Type()) : Type(builder.getF32Type());
  std::optional<int64_t> knownGroups = groups.known();
  bool hasStaticSize = !ShapedType::isDynamic(staticM) && knownGroups &&
                       !(goesByMatrix && ShapedType::isDynamic(matrices));
  int64_t size = ShapedType::kDynamic;
  SmallVector<Value> sizes;
  if (hasStaticSize)
    size = *knownGroups * u32InGroup() * int64_t(roundUp(staticM, tile)) *
           (goesByMatrix ? matrices : 1);
  else
    sizes.push_back(index.mul(index.mul(paddedM(tile), preparedRowU32()),
                              goesByMatrix ? matrixCount : index.constant(1)));
  prepared = memref::AllocOp::create(builder, location, MemRefType::get({size}, type), sizes,
                                     builder.getI64IntegerAttr(64));
}

void ProductLowering::allocateTransfer() {
  if (!columns.isMultipleOf(fixedUnitColumns) ||
      !cast<MemRefType>(op.getX().getType()).isLastDimUnitStride())
    transfer = scratch(fixedUnitColumns, op.getXType().getElementType());
}

void ProductLowering::prepareX() {
  allocatePrepared(tileM);
  if (columns.known() == 0)
    return;
  forEachRowOfX(ShapedType::isDynamic(staticM) ? paddedM(tileM) : sizeM,
                [&](Value matrix, Value m) { prepareRow(matrix, m); });
}

void ProductLowering::forEachRowOfX(Value rowsOfX, llvm::function_ref<void(Value, Value)> body) {
  bool goesByMatrix = op.getXType().getRank() == 3;
  Value all = goesByMatrix ? index.mul(matrixCount, rowsOfX) : rowsOfX;
  int64_t most = groups.known() ? int64_t(preparedRows(*groups.known())) : tileRows;
  forEachRun(all, most, [&](Value first, Value count) {
    allocateTransfer();
    index.loop(count, [&](Value i) {
      Value number = index.add(first, i);
      if (goesByMatrix)
        body(index.div(number, rowsOfX), index.rem(number, rowsOfX));
      else
        body(index.constant(0), number);
    });
  });
}

void ProductLowering::forEachRun(Value count, int64_t most,
                                 llvm::function_ref<void(Value, Value)> body) {
  auto runFrom = [&](Value first) { body(first, index.min(most, index.sub(count, first))); };
  Value runs = index.ceilDiv(count, most);
  if (getConstantIntValue(runs) == 1)
    return runFrom(index.constant(0));
  forEachTask(runs, [&](Value run) { runFrom(index.mul(run, most)); });
}

void ProductLowering::prepareRow(Value matrix, Value m) {
  Value start = preparedStart(matrix, m);
  Value stride = index.constant(tileM * u32InGroup());
  if (lastM != 0) {
    Value isLast = index.less(staticM - lastM - 1, m);
    stride = index.select(isLast, lastM * u32InGroup(), stride);
  }
  Value whole = index.div(columns, fixedUnitColumns);
  auto fill = [&] {
    index.loop(whole, [&](Value group) {
      prepareGroup(matrix, m, index.mul(group, fixedUnitColumns), /*isWhole=*/true, prepared,
                   index.add(start, index.mul(group, stride)));
    });
    index.ifElse(index.less(0, index.rem(columns, fixedUnitColumns)), [&] {
      prepareGroup(matrix, m, index.mul(whole, fixedUnitColumns), /*isWhole=*/false, prepared,
                   index.add(start, index.mul(stride, whole)));
    });
  };
  auto clear = [&](IntegerBuilder::Operand first) {
    auto type = VectorType::get({laneCount}, cast<MemRefType>(prepared.getType()).getElementType());
    Value zero = arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
    index.loop(index.sub(groups, first), [&](Value group) {
      Value at = index.add(start, index.mul(index.add(group, first), stride));
      for (int64_t i = 0; i < vectorsInGroup(); ++i)
        storeVector(zero, prepared, index.add(at, i * laneCount));
    });
  };
  if (ShapedType::isDynamic(staticM))
    index.ifElse(index.less(m, sizeM), fill, [&] { clear(0); });
  else
    fill();
  // Whole units: columns that no element of x meets.
  clear(index.ceilDiv(columns, fixedUnitColumns));
}

Value ProductLowering::loadGroup(Value matrix, Value m, Value column, bool isWhole) {
  Type type = op.getXType().getElementType();
  auto vector = VectorType::get({fixedUnitColumns}, type);
  SmallVector<Value> position = {m, column};
  if (op.getXType().getRank() == 3)
    position.insert(position.begin(), matrix);
  auto memref = cast<MemRefType>(op.getX().getType());
  if (isWhole && memref.isLastDimUnitStride())
    return vector::LoadOp::create(builder, location, vector, op.getX(), position);
  Value zero = index.constant(0);
  storeVector(arith::ConstantOp::create(builder, location, builder.getZeroAttr(vector)), transfer,
              zero);
  Value count = isWhole ? index.constant(fixedUnitColumns) : index.rem(columns, fixedUnitColumns);
  index.loop(count, [&](Value i) {
    position.back() = index.add(column, i);
    Value value = memref::LoadOp::create(builder, location, op.getX(), position);
    memref::StoreOp::create(builder, location, value, transfer, ValueRange{i});
  });
  return vector::LoadOp::create(builder, location, vector, transfer, ValueRange{zero});
}

void ProductLowering::prepareGroup(Value matrix, Value m, Value column, bool isWhole, Value into,
                                   Value to) {
  Value elements = loadGroup(matrix, m, column, isWhole);
  for (auto [number, value] : llvm::enumerate(preparedVectors(elements)))
    storeVector(value, into, index.add(to, number * laneCount));
}

/// Indices of elements, or of pairs of them, in a group, by word: t + b·`blockStride`, from
/// `first`.
static SmallVector<int64_t> u32Indices(int64_t first, int64_t laneStride, int64_t blockStride) {
  SmallVector<int64_t> indices;
  for (int64_t word = 0; word < laneCount; ++word)
    indices.push_back(first + word / 4 * laneStride + word % 4 * blockStride);
  return indices;
}

SmallVector<Value> ProductLowering::preparedVectors(Value elements) {
  auto pick = [&](Value from, int64_t first, int64_t laneStride, int64_t blockStride) -> Value {
    return vector::ShuffleOp::create(builder, location, from, from,
                                     u32Indices(first, laneStride, blockStride));
  };
  if (cast<VectorType>(elements.getType()).getElementType().isF32())
    return {pick(elements, 0, 2, 16), pick(elements, 1, 2, 16), pick(elements, 8, 2, 16),
            pick(elements, 9, 2, 16)};
  auto pairs = VectorType::get({fixedUnitColumns / 2}, builder.getI32Type());
  Value words = vector::BitCastOp::create(builder, location, pairs, elements);
  SmallVector<Value> result;
  for (int64_t half = 0; half < 2; ++half) {
    Value x = pick(words, 4 * half, 1, 8);
    if (packed)
      result.push_back(x);
    else
      llvm::append_range(result, widen(x));
  }
  return result;
}

SmallVector<Value> ProductLowering::widen(Value pairs) {
  auto [low, high] = widenHalves(builder, location, pairs, op.getXType().getElementType(),
                                 TargetAttr::of(op).supports(Feature::Fma));
  return {low, high};
}

SmallVector<Value> ProductLowering::loadX(Value at, unsigned half) {
  Type type = packed ? Type(builder.getI32Type()) : Type(builder.getF32Type());
  int64_t count = vectorsInGroup() / 2;
  SmallVector<Value> vectors;
  for (int64_t i = 0; i < count; ++i)
    vectors.push_back(loadVector(prepared, index.add(at, (half * count + i) * laneCount), type));
  return vectors;
}

} // namespace uwt::codegen
