//===- TileMatmulInteger.cpp - Products by integers -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileMatmulInteger.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "uwt/Dialect/UWT/IR/CpuStrategy.h"

using namespace mlir;

namespace uwt::codegen {

IntegerProductLowering::IntegerProductLowering(MatmulOp op, OpBuilder &builder)
    : ProductLowering(op, builder), format(op.getWeightType().getFormat().getFormat()),
      unit(quantizedUnit(format)), codes(integerCodes(format)),
      offset(codes.bias + static_cast<int64_t>(format.zero)), groupUnits(unitsInGroup(format)),
      partUnits(columnGroupsInPart(format) / unit.groups()) {}

/// A task is a panel, as of strategy direct.
LogicalResult IntegerProductLowering::readStrategy(const Target &target) {
  holdsUnit = target.holdsUnit();
  Value units = index.ceilDiv(columns, unit.columns);
  groups = index.mul(units, unit.groups());
  staticM = op.getM();
  std::optional<uint64_t> m;
  if (!ShapedType::isDynamic(staticM))
    m = static_cast<uint64_t>(staticM);
  auto given = cast_or_null<StrategyAttr>(op.getStrategyAttr());
  config = given ? configOf(given) : integerConfig(CpuStrategy::Direct, m);
  readDistances(config, target);
  tileM = static_cast<int64_t>(
      std::min<uint64_t>(config.tileM, std::max<uint64_t>(m.value_or(config.tileM), 1)));
  sliceM = xTile = tileM;
  return success();
}

void IntegerProductLowering::checkPanels() {
  index.loop(panelCount(), [&](Value number) {
    Value isWords = index.select(panelAt(number).storedAsWords, 1, 0);
    index.check(isWords, 1,
                "arithmetic " + arithmeticText(op.getArithmeticAttr().getBits()) +
                    " needs the codes of the weight, of which a part is held as floats, since it "
                    "has numbers that only these have; compute it with arithmetic dense");
  });
}

//===----------------------------------------------------------------------===//
// A task
//===----------------------------------------------------------------------===//

void IntegerProductLowering::emitTask(Value task) {
  int64_t sums = stripsInPanel * tileM * laneCount;
  accumulators = scratch(sums, builder.getF32Type());
  outputSums = scratch(sums, builder.getF32Type());
  if (groupUnits > 1)
    totals = scratch(sums, builder.getI32Type());
  outputScratch = scratch(laneCount, op.getInitType().getElementType());
  extraScratch.clear();
  for (Value extra : op.getExtras())
    extraScratch.push_back(scratch(laneCount, cast<ShapedType>(extra.getType()).getElementType()));
  TaskBegin begin = beginOf(task);
  PanelFields panel = panelAt(begin.panel);
  forEachSlice(begin, [&](Value firstM) { emitTile(panel, firstM); });
}

void IntegerProductLowering::emitTile(const PanelFields &panel, Value firstM) {
  Value units = index.div(groups, unit.groups());
  clear(outputSums, builder.getF32Type());
  index.loop(index.ceilDiv(units, partUnits), [&](Value part) {
    Value first = index.mul(part, partUnits);
    clear(accumulators, builder.getF32Type());
    emitGroups(panel, firstM, first, index.min(partUnits, index.sub(units, first)));
    addPart();
  });
  emitTileOutputs(panel, firstM);
}

/// integer-4
void IntegerProductLowering::addPart() {
  index.loop(stripsInPanel * tileM, [&](Value i) {
    Value at = index.mul(i, laneCount);
    Value sum =
        arith::AddFOp::create(builder, location, loadVector(outputSums, at, builder.getF32Type()),
                              loadVector(accumulators, at, builder.getF32Type()));
    storeVector(sum, outputSums, at);
  });
}

void IntegerProductLowering::clear(Value memory, Type element) {
  auto type = VectorType::get({laneCount}, element);
  Value zero = arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
  index.loop(stripsInPanel * tileM,
             [&](Value i) { storeVector(zero, memory, index.mul(i, laneCount)); });
}

/// Groups in the order of columns, units in that of memory (integer-4).
void IntegerProductLowering::emitGroups(const PanelFields &panel, Value firstM, Value begin,
                                        Value units) {
  auto emitUnits = [&](Value first, Value count) {
    index.loop(count, [&](Value i) {
      index.loop(panel.strips,
                 [&](Value strip) { emitUnit(panel, firstM, index.add(first, i), strip); });
    });
  };
  if (groupUnits == 1)
    return emitUnits(begin, units);
  index.loop(index.ceilDiv(units, groupUnits), [&](Value group) {
    Value before = index.mul(group, groupUnits), first = index.add(begin, before);
    Value count = index.min(groupUnits, index.sub(units, before));
    clear(totals, builder.getI32Type());
    emitUnits(first, count);
    index.loop(panel.strips, [&](Value strip) { addTotals(panel, firstM, first, count, strip); });
  });
}

/// All units of a group have its numbers.
void IntegerProductLowering::addTotals(const PanelFields &panel, Value /*firstM*/, Value first,
                                       Value /*count*/, Value strip) {
  DecodeNumbersOp numbers = decodeNumbers(panel, first, strip);
  for (int64_t c = 0; c < tileM; ++c)
    addScaled(accumulatorsOf(strip, c),
              loadVector(totals, accumulatorsOf(strip, c), builder.getI32Type()),
              numbers.getScales());
}

Value IntegerProductLowering::xTiles(Value firstM) {
  Value count = index.constant(tileM / xTile);
  if (ShapedType::isDynamic(staticM) || staticM % tileM != 0)
    count = index.min(count, index.ceilDiv(index.sub(sizeM, firstM), xTile));
  return count;
}

Value IntegerProductLowering::codeOf(const PanelFields &panel, Value number, Value strip) {
  Value ofStrip = index.add(index.mul(number, panel.strips), strip);
  return unitOffset(panel.code, ofStrip, layout.codeU32);
}

DecodeNumbersOp IntegerProductLowering::decodeNumbers(const PanelFields &panel, Value number,
                                                      Value strip) {
  SmallVector<Type> scales(unit.cells, VectorType::get({laneCount}, builder.getF32Type()));
  SmallVector<Type> zeros(unit.zero ? unit.cells : 0,
                          VectorType::get({laneCount}, builder.getI32Type()));
  return DecodeNumbersOp::create(builder, location, scales, zeros, weight,
                                 codeOf(panel, number, strip));
}

DecodeIntegersOp IntegerProductLowering::decodeIntegers(const PanelFields &panel, Value number,
                                                        Value strip, std::optional<int64_t> group) {
  SmallVector<Type> types(stripRows * (group ? 1 : unit.groups()),
                          VectorType::get({laneCount}, builder.getI32Type()));
  Value code = codeOf(panel, number, strip);
  // Those that take single groups ask for k-tiles.
  if (!group)
    prefetchCodes(panel, number, strip, HalfOfUnit::First);
  return DecodeIntegersOp::create(builder, location, types, weight, code,
                                  group ? builder.getI32IntegerAttr(int32_t(*group)) : nullptr);
}

void IntegerProductLowering::prefetchCodes(const PanelFields &panel, Value number, Value strip,
                                           HalfOfUnit half) {
  Value ofPanel = index.add(index.mul(number, panel.strips), strip);
  prefetchUnitAhead(panel, ofPanel, /*asWords=*/false, half);
}

void IntegerProductLowering::emitUnit(const PanelFields &panel, Value firstM, Value number,
                                      Value strip) {
  int64_t unitGroups = unit.groups();
  Value firstX = firstVector(matrixOf(panel), firstM, index.mul(number, unitGroups));
  // Before the codes, behind which their users move.
  SmallVector<SmallVector<Value>> x(tileM);
  for (int64_t c = 0; c < tileM; ++c)
    for (int64_t group = 0; group < unitGroups; ++group) {
      Value at = index.mul(index.add(firstX, group * tileM + c), laneCount);
      x[c].push_back(loadVector(prepared, at, builder.getI32Type()));
    }
  auto vector = VectorType::get({laneCount}, builder.getI32Type());
  DecodeIntegersOp integers = decodeIntegers(panel, number, strip);
  DecodeNumbersOp numbers;
  if (groupUnits == 1 || unit.zero)
    numbers = decodeNumbers(panel, number, strip);
  for (int64_t c = 0; c < tileM; ++c) {
    SmallVector<Value> rows;
    for (int64_t row = 0; row < stripRows; ++row) {
      ValueRange bytes = ValueRange(integers.getBytes()).slice(row * unitGroups, unitGroups);
      rows.push_back(DotIntegerOp::create(builder, location, vector, bytes, x[c], /*start=*/Value(),
                                          codes.bits, /*is_unsigned=*/false));
    }
    ValueRange zeros = numbers ? ValueRange(numbers.getZeros()) : ValueRange();
    SmallVector<Value> sums = sumsOfUnit(rows, firstX, c, zeros);
    Value at = accumulatorsOf(strip, c);
    if (groupUnits == 1) {
      addScaled(at, sums, numbers.getScales());
      continue;
    }
    Value sum = loadVector(totals, at, builder.getI32Type());
    storeVector(arith::AddIOp::create(builder, location, sum, sums.front()), totals, at);
  }
  prefetchCodes(panel, number, strip, HalfOfUnit::Second);
}

void IntegerProductLowering::addScaled(Value at, ValueRange sums, ValueRange scales) {
  auto type = VectorType::get({laneCount}, builder.getF32Type());
  Value sum = loadVector(accumulators, at, builder.getF32Type());
  for (auto [integers, scale] : llvm::zip_equal(sums, scales)) {
    Value floats = arith::SIToFPOp::create(builder, location, type, integers);
    sum = math::FmaOp::create(builder, location, floats, scale, sum);
  }
  storeVector(sum, accumulators, at);
}

SmallVector<Value> IntegerProductLowering::sumsOfUnit(ArrayRef<Value> rows, Value firstX, int64_t c,
                                                      ValueRange zeros) {
  SmallVector<Value> sums = addRows(rows);
  if (!hasZeros())
    return sums;
  IntegerBuilder scalars(builder, location, builder.getI32Type());
  for (auto [cell, sum] : llvm::enumerate(sums)) {
    Value ofX = scalars.constant(0);
    for (int64_t group = 0; group < unit.groups(); ++group)
      ofX = scalars.add(ofX, loadSumOfX(index.add(firstX, group * xTile), int64_t(cell), c));
    sum = lessZeros(sum, ofX, zeros.empty() ? Value() : zeros[cell]);
  }
  return sums;
}

Value IntegerProductLowering::lessZeros(Value sums, Value ofX, Value zeros) {
  LaneBuilder lanes(builder, location, sums.getType());
  IntegerBuilder scalars(builder, location, builder.getI32Type());
  return lanes.sub(sums, zeros ? lanes.mul(lanes.add(zeros, offset), lanes.splat(ofX))
                               : lanes.splat(scalars.mul(ofX, offset)));
}

/// Adds up the lanes of 16 rows, of one cell or of each of two, while they are transposed: shuffles
/// stay inside of quarters of vectors but for the second step's.
SmallVector<Value> IntegerProductLowering::addRows(ArrayRef<Value> rows) {
  auto halves = [&](Value a, Value b, ArrayRef<int64_t> low, int64_t distance) {
    SmallVector<int64_t> high;
    for (int64_t lane : low)
      high.push_back(lane + distance);
    return std::pair<Value, Value>{vector::ShuffleOp::create(builder, location, a, b, low),
                                   vector::ShuffleOp::create(builder, location, a, b, high)};
  };
  auto add = [&](Value a, Value b, ArrayRef<int64_t> low, int64_t distance) -> Value {
    auto [lower, upper] = halves(a, b, low, distance);
    return arith::AddIOp::create(builder, location, lower, upper);
  };
  // Of each quarter two lanes, which `between` says, of one vector and then of the other one.
  auto ofQuarters = [](int64_t between) {
    SmallVector<int64_t> picks;
    for (int64_t quarter = 0; quarter < laneCount; quarter += 4)
      for (int64_t from : {quarter, quarter + laneCount})
        llvm::append_values(picks, from, from + between);
    return picks;
  };
  constexpr int64_t byHalves[] = {0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23};
  constexpr int64_t byQuarters[] = {0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27};
  // Rows g, g + 4, g + 8 and g + 12, a quarter each.
  SmallVector<Value> quads;
  for (int64_t g = 0; g < 4; ++g) {
    Value first = add(rows[g], rows[g + 8], byHalves, 8);
    Value second = add(rows[g + 4], rows[g + 12], byHalves, 8);
    quads.push_back(add(first, second, byQuarters, 4));
  }
  bool areCellsApart = codes.cellBit == 2;
  int64_t between = areCellsApart ? 2 : 1, distance = areCellsApart ? 1 : 2;
  SmallVector<Value> pairs;
  for (int64_t g = 0; g < 4; g += 2)
    pairs.push_back(add(quads[g], quads[g + 1], ofQuarters(between), distance));
  auto [lower, upper] = halves(pairs[0], pairs[1], ofQuarters(2), 1);
  if (unit.cells > 1)
    return {lower, upper};
  return {arith::AddIOp::create(builder, location, lower, upper)};
}

/// integer-5
void IntegerProductLowering::emitTileOutputs(const PanelFields &panel, Value firstM) {
  Value matrix = matrixOf(panel);
  Value count = index.constant(tileM);
  if (ShapedType::isDynamic(staticM) || staticM % tileM != 0)
    count = index.min(count, index.sub(sizeM, firstM));
  auto type = VectorType::get({laneCount}, builder.getF32Type());
  index.loop(panel.strips, [&](Value strip) {
    index.loop(count, [&](Value c) {
      Value m = index.add(firstM, c);
      Value at = accumulatorsOf(strip, c);
      Value scale =
          memref::LoadOp::create(builder, location, xScales, ValueRange{rowNumber(matrix, m)});
      Value sum =
          arith::MulFOp::create(builder, location, loadVector(outputSums, at, builder.getF32Type()),
                                vector::BroadcastOp::create(builder, location, type, scale));
      emitOutput(panel, strip, m, sum);
    });
  });
}

} // namespace uwt::codegen
