//===- TileMatmulIntegerTiles.cpp - Products by integers on tiles ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileMatmulIntegerTiles.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "uwt/Dialect/UWT/IR/CpuStrategy.h"

using namespace mlir;

namespace uwt::codegen {

/// U32 of a tile, as of a 64-column group of a strip in bytes.
static constexpr int64_t tileU32 = tileRows * laneCount;

LogicalResult IntegerTilesLowering::readStrategy(const Target &target) {
  // All targets with tiles of bf16 have those of bytes.
  if (!target.hasTiles())
    return op.emitOpError("has strategy 'tiles', which needs a target with AMX: use 'direct'");
  if (failed(IntegerProductLowering::readStrategy(target)))
    return failure();
  std::optional<uint64_t> m;
  if (!ShapedType::isDynamic(staticM))
    m = static_cast<uint64_t>(staticM);
  tileM = tilesOfM(config, m).tileM;
  sliceM = tileM;
  xTile = tileRows;
  copies = unit.cells;
  return success();
}

//===----------------------------------------------------------------------===//
// x
//===----------------------------------------------------------------------===//

void IntegerTilesLowering::prepareX() {
  IntegerProductLowering::prepareX();
  forEachRun(index.div(xVectors, xTile), int64_t(preparedTileGroups),
             [&](Value first, Value count) {
               index.loop(count, [&](Value i) { turnTile(index.add(first, i)); });
             });
}

void IntegerTilesLowering::turnTile(Value number) {
  Value at = index.mul(number, tileU32);
  SmallVector<Value> vectors = loadTurned(prepared, at);
  Value zero = IntegerBuilder(builder, location, vectors.front().getType()).constant(0);
  for (int64_t cell = 0; cell < copies; ++cell) {
    Value copy = index.add(at, index.mul(xVectors, cell * laneCount));
    for (auto [u32, vector] : llvm::enumerate(vectors)) {
      bool isOfCell = copies == 1 || bool(u32 & codes.cellBit) == bool(cell);
      storeVector(isOfCell ? vector : zero, prepared, index.add(copy, u32 * laneCount));
    }
  }
}

//===----------------------------------------------------------------------===//
// A task
//===----------------------------------------------------------------------===//

void IntegerTilesLowering::emitTask(Value task) {
  bytes = scratch(unit.groups() * tileU32, builder.getI32Type());
  cellSums = scratch(tileU32, builder.getI32Type());
  IntegerProductLowering::emitTask(task);
}

SmallVector<Value> IntegerTilesLowering::loadWeightTiles(const PanelFields &panel, Value number,
                                                         Value strip) {
  int64_t unitGroups = unit.groups();
  DecodeIntegersOp integers = decodeIntegers(panel, number, strip);
  for (auto [i, vector] : llvm::enumerate(integers.getBytes())) {
    int64_t row = int64_t(i) / unitGroups, group = int64_t(i) % unitGroups;
    storeVector(vector, bytes, index.constant(group * tileU32 + row * laneCount));
  }
  SmallVector<Value> tiles;
  for (int64_t group = 0; group < unitGroups; ++group)
    tiles.push_back(loadTile(bytes, index.constant(group * tileU32), builder.getI8Type()));
  return tiles;
}

Value IntegerTilesLowering::multiply(ArrayRef<Value> weights, Value x, int64_t cell, Value sums) {
  Value first = index.add(index.mul(x, laneCount), index.mul(xVectors, cell * laneCount));
  for (auto [group, tile] : llvm::enumerate(weights)) {
    Value ofX = loadTile(prepared, index.add(first, group * tileU32), builder.getI8Type());
    sums = amx::TileMulIOp::create(builder, location, sums.getType(), tile, ofX, sums,
                                   /*isZextLhs=*/!codes.isSigned(), /*isZextRhs=*/false);
  }
  return sums;
}

void IntegerTilesLowering::emitUnit(const PanelFields &panel, Value firstM, Value number,
                                    Value strip) {
  auto tileType = amx::TileType::get({tileRows, laneCount}, builder.getI32Type());
  SmallVector<Value> weights = loadWeightTiles(panel, number, strip);
  DecodeNumbersOp numbers;
  if (groupUnits == 1)
    numbers = decodeNumbers(panel, number, strip);
  Value group = index.mul(number, unit.groups()), rowU32 = index.constant(laneCount);
  index.loop(xTiles(firstM), [&](Value tile) {
    Value x = vectorOfTile(panel, firstM, tile, group), sums = sumsOfTile(strip, tile);
    if (groupUnits > 1) {
      Value total = loadTile(totals, sums, builder.getI32Type());
      amx::TileStoreOp::create(builder, location, totals, ValueRange{sums},
                               multiply(weights, x, /*cell=*/0, total), rowU32);
      return;
    }
    Value start = index.constant(0);
    for (int64_t cell = 0; cell < unit.cells; ++cell) {
      Value zero = amx::TileZeroOp::create(builder, location, tileType);
      amx::TileStoreOp::create(builder, location, cellSums, ValueRange{start},
                               multiply(weights, x, cell, zero), rowU32);
      addTile(cellSums, start, sums, numbersOf(numbers, cell), sumsOfX(x, /*units=*/1, cell));
    }
  });
}

void IntegerTilesLowering::addTotals(const PanelFields &panel, Value firstM, Value first,
                                     Value count, Value strip) {
  RowNumbers numbers = numbersOf(decodeNumbers(panel, first, strip), /*cell=*/0);
  Value group = index.mul(first, unit.groups());
  index.loop(xTiles(firstM), [&](Value tile) {
    Value x = vectorOfTile(panel, firstM, tile, group), sums = sumsOfTile(strip, tile);
    addTile(totals, sums, sums, numbers, sumsOfX(x, count, /*cell=*/0));
  });
}

IntegerTilesLowering::RowNumbers IntegerTilesLowering::numbersOf(DecodeNumbersOp numbers,
                                                                 int64_t cell) {
  if (numbers.getZeros().empty())
    return {numbers.getScales()[cell], Value()};
  Value zeros = numbers.getZeros()[cell];
  return {numbers.getScales()[cell],
          IntegerBuilder(builder, location, zeros.getType()).add(zeros, offset)};
}

Value IntegerTilesLowering::sumsOfX(Value x, IntegerBuilder::Operand units, int64_t cell) {
  if (!hasZeros())
    return {};
  IntegerBuilder lanes(builder, location, VectorType::get({laneCount}, builder.getI32Type()));
  int64_t unitGroups = unit.groups();
  return index.loop(units, {lanes.constant(0)}, [&](Value number, ValueRange carried) {
    Value first = index.add(x, index.mul(number, unitGroups * xTile)), sums = carried[0];
    for (int64_t group = 0; group < unitGroups; ++group) {
      Value at = sumAt(index.add(first, group * xTile), cell, 0);
      sums = lanes.add(sums, loadVector(xSums, at, builder.getI32Type()));
    }
    return IntegerBuilder::Values{sums};
  })[0];
}

void IntegerTilesLowering::addTile(Value from, Value at, Value to, RowNumbers numbers, Value ofX) {
  auto floats = VectorType::get({laneCount}, builder.getF32Type());
  LaneBuilder lanes(builder, location, floats.clone(builder.getI32Type()));
  auto splatOf = [&](Value vector, int64_t row) -> Value {
    Value number = vector::ExtractOp::create(builder, location, vector, row);
    return vector::BroadcastOp::create(builder, location, vector.getType(), number);
  };
  Value ofOffset = ofX && !numbers.zeros ? lanes.mul(ofX, offset) : Value();
  for (int64_t row = 0; row < stripRows; ++row) {
    Value sums = loadVector(from, index.add(at, row * laneCount), builder.getI32Type());
    if (ofX)
      sums = lanes.sub(sums, ofOffset ? ofOffset : lanes.mul(splatOf(numbers.zeros, row), ofX));
    Value place = index.add(to, row * laneCount);
    Value sum = math::FmaOp::create(
        builder, location, arith::SIToFPOp::create(builder, location, floats, sums),
        splatOf(numbers.scales, row), loadVector(accumulators, place, builder.getF32Type()));
    storeVector(sum, accumulators, place);
  }
}

void IntegerTilesLowering::emitTileOutputs(const PanelFields &panel, Value firstM) {
  index.loop(panel.strips, [&](Value strip) {
    index.loop(xTiles(firstM), [&](Value tile) {
      Value start = sumsOfTile(strip, tile);
      for (auto [row, sums] : llvm::enumerate(loadTurned(outputSums, start)))
        storeVector(sums, outputSums, index.add(start, row * laneCount));
    });
  });
  IntegerProductLowering::emitTileOutputs(panel, firstM);
}

} // namespace uwt::codegen
