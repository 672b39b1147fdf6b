//===- PrepareIntegers.cpp - x rounded to integers ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For each row of x and group of 64 of its elements one vector of bytes, in the order in which the
// weight's lie. Tiles of rows lie one after another, in a tile the groups, in a group the rows.
// Rows that only fill the last tile are zeros. Strategy tiles turns the vectors of 16 rows and a
// group round afterwards (TileMatmulIntegerTiles.cpp).
//
//===----------------------------------------------------------------------===//

#include "TileMatmulInteger.h"
#include "Widen.h"
#include "uwt/Codegen/Decode/IntegerRow.h"

using namespace mlir;

namespace uwt::codegen {

Value IntegerProductLowering::rowNumber(Value matrix, Value m) {
  return index.add(index.mul(matrix, paddedM(xTile)), m);
}

Value IntegerProductLowering::firstVector(Value matrix, Value m, Value group) {
  Value tile = index.mul(rowNumber(matrix, index.sub(m, index.rem(m, xTile))), groups);
  return index.add(tile, index.mul(group, xTile));
}

Value IntegerProductLowering::vectorNumber(Value matrix, Value m, Value group) {
  return index.add(firstVector(matrix, m, group), index.rem(m, xTile));
}

void IntegerProductLowering::allocate() {
  bool goesByMatrix = op.getXType().getRank() == 3;
  Value rowsOfX = index.mul(goesByMatrix ? matrixCount : index.constant(1), paddedM(xTile));
  auto make = [&](Value count, Type element) -> Value {
    std::optional<int64_t> known = getConstantIntValue(count);
    SmallVector<Value> sizes;
    if (!known)
      sizes.push_back(count);
    return memref::AllocOp::create(builder, location,
                                   MemRefType::get({known.value_or(ShapedType::kDynamic)}, element),
                                   sizes, builder.getI64IntegerAttr(64));
  };
  xVectors = index.mul(rowsOfX, groups);
  prepared = make(index.mul(xVectors, laneCount * copies), builder.getI32Type());
  xScales = make(rowsOfX, builder.getF32Type());
  temporaries.push_back(xScales);
  if (!hasZeros())
    return;
  xSums = make(index.mul(xVectors, unit.cells), builder.getI32Type());
  temporaries.push_back(xSums);
}

void IntegerProductLowering::prepareX() {
  checkPanels();
  allocate();
  forEachRowOfX(paddedM(xTile), [&](Value matrix, Value m) { quantizeRow(matrix, m); });
}

void IntegerProductLowering::quantizeRow(Value matrix, Value m) {
  Value stored = index.ceilDiv(columns, fixedUnitColumns);
  auto clearFrom = [&](IntegerBuilder::Operand first) {
    index.loop(index.sub(groups, first),
               [&](Value group) { clearGroup(matrix, m, index.add(group, first)); });
  };
  auto quantize = [&] {
    RowScale scale = findScale(matrix, m);
    Value whole = index.div(columns, fixedUnitColumns);
    index.loop(whole,
               [&](Value group) { quantizeGroup(matrix, m, group, /*isWhole=*/true, scale); });
    index.ifElse(index.less(whole, stored),
                 [&] { quantizeGroup(matrix, m, whole, /*isWhole=*/false, scale); });
    // Whole units: columns that no element of x meets.
    clearFrom(stored);
  };
  auto fill = [&] {
    clearFrom(0);
    Value zero = arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(0));
    memref::StoreOp::create(builder, location, zero, xScales, ValueRange{rowNumber(matrix, m)});
  };
  if (ShapedType::isDynamic(staticM) || staticM % xTile != 0)
    index.ifElse(index.less(m, sizeM), quantize, fill);
  else
    quantize();
}

Value IntegerProductLowering::floatsOf(Value elements) {
  auto type = cast<VectorType>(elements.getType());
  Type element = type.getElementType();
  auto floats = type.clone(builder.getF32Type());
  if (element.isF32())
    return elements;
  Value words =
      arith::BitcastOp::create(builder, location, type.clone(builder.getI16Type()), elements);
  if (element.isF16())
    return widenWords(builder, location, words, TargetAttr::of(op).supports(Feature::Fma));
  LaneBuilder lanes(builder, location, type.clone(builder.getI32Type()));
  Value wide = arith::ExtUIOp::create(builder, location, lanes.type(), words);
  return arith::BitcastOp::create(builder, location, floats, lanes.shl(wide, 16));
}

Value IntegerProductLowering::wideSplat(Value scalar) {
  auto type = VectorType::get({fixedUnitColumns}, scalar.getType());
  return vector::BroadcastOp::create(builder, location, type, scalar);
}

Value IntegerProductLowering::largestOf(Value matrix, Value m) {
  constexpr int64_t magnitudes = 0x7FFFFFFF;
  LaneBuilder lanes(builder, location, VectorType::get({fixedUnitColumns}, builder.getI32Type()));
  auto larger = [&](Value largest, Value group, bool isWhole) {
    Value elements = loadGroup(matrix, m, index.mul(group, fixedUnitColumns), isWhole);
    Value bits = arith::BitcastOp::create(builder, location, lanes.type(), floatsOf(elements));
    return IntegerBuilder::Values{lanes.max(largest, lanes.bitAnd(bits, magnitudes))};
  };
  Value whole = index.div(columns, fixedUnitColumns);
  Value largest = index.loop(whole, {lanes.constant(0)}, [&](Value group, ValueRange carried) {
    return larger(carried[0], group, /*isWhole=*/true);
  })[0];
  Value hasMore = index.less(index.mul(whole, fixedUnitColumns), columns);
  largest = index.either(
      hasMore, lanes.type(), [&] { return larger(largest, whole, /*isWhole=*/false); },
      [&] { return IntegerBuilder::Values{largest}; })[0];
  return vector::ReductionOp::create(builder, location, vector::CombiningKind::MAXUI, largest);
}

/// integer-1 and integer-2.
IntegerProductLowering::RowScale IntegerProductLowering::findScale(Value matrix, Value m) {
  IntegerRowScale row = emitIntegerRowScale(builder, location, op.getArithmeticAttr().getBits(),
                                            largestOf(matrix, m));
  memref::StoreOp::create(builder, location, row.scale, xScales, ValueRange{rowNumber(matrix, m)});
  return {wideSplat(row.divisor), wideSplat(row.mask)};
}

void IntegerProductLowering::quantizeGroup(Value matrix, Value m, Value group, bool isWhole,
                                           RowScale scale) {
  auto floats = VectorType::get({fixedUnitColumns}, builder.getF32Type());
  LaneBuilder lanes(builder, location, floats.clone(builder.getI32Type()));
  Value elements = loadGroup(matrix, m, index.mul(group, fixedUnitColumns), isWhole);
  Value integers = emitRowIntegers(lanes, floatsOf(elements), scale.divisor, scale.mask);
  auto byteType = floats.clone(builder.getI8Type());
  Value bytes = arith::TruncIOp::create(builder, location, byteType, integers);
  SmallVector<int64_t> order(codes.columns.begin(), codes.columns.end());
  bytes = vector::ShuffleOp::create(builder, location, bytes, bytes, order);
  Value words = vector::BitCastOp::create(
      builder, location, VectorType::get({laneCount}, builder.getI32Type()), bytes);
  storeVector(words, prepared, index.mul(vectorNumber(matrix, m, group), laneCount));
  if (!hasZeros())
    return;
  int64_t size = fixedUnitColumns / unit.cells;
  for (int64_t cell = 0; cell < unit.cells; ++cell) {
    auto picks = llvm::to_vector(llvm::seq<int64_t>(cell * size, (cell + 1) * size));
    Value part = vector::ShuffleOp::create(builder, location, integers, integers, picks);
    Value sum = vector::ReductionOp::create(builder, location, vector::CombiningKind::ADD, part);
    storeSum(sum, matrix, m, group, cell);
  }
}

void IntegerProductLowering::storeSum(Value sum, Value matrix, Value m, Value group, int64_t cell) {
  Value at = sumAt(firstVector(matrix, m, group), cell, index.rem(m, xTile));
  memref::StoreOp::create(builder, location, sum, xSums, ValueRange{at});
}

void IntegerProductLowering::clearGroup(Value matrix, Value m, Value group) {
  IntegerBuilder lanes(builder, location, VectorType::get({laneCount}, builder.getI32Type()));
  storeVector(lanes.constant(0), prepared, index.mul(vectorNumber(matrix, m, group), laneCount));
  Value zero = IntegerBuilder(builder, location, builder.getI32Type()).constant(0);
  for (int64_t cell = 0; hasZeros() && cell < unit.cells; ++cell)
    storeSum(zero, matrix, m, group, cell);
}

} // namespace uwt::codegen
