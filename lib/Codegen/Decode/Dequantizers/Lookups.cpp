//===- Lookups.cpp - What lookups of codes share --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lookups.h"
#include "../Fragment.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

Type wordElementOf(UnitEmission &unit) {
  return typeOf(unit.lanes.ops().getContext(), unit.format.element);
}

bool areWeightsExact(const Format &format, ElementType element) {
  return element == ElementType::BF16 && QuantizedElement::find(format.element)->kind &&
         format.divisor == 1 && format.steps.empty() &&
         format.scale->number.keyword == "f8E8M0FNU" && !format.scale->outer;
}

double furtherOperations(const Format &format) {
  constexpr double roundingOfDifference = 5;
  double rounded = format.math == ElementType::F32 ? 0 : roundingOfDifference;
  return rounded + (format.divisor != 1) + static_cast<double>(format.steps.size());
}

double costOfTables(const Format &format, uint32_t tables) {
  double making = tables * (1 + format.zeroGrid.has_value() + format.pick.has_value() +
                            furtherOperations(format)) +
                  divideUp(tables, 2) * operation_cost::rounding;
  double vectors = 2.0 * quantizedUnit(format).columns / fixedUnitColumns;
  return (tables > 2 ? operation_cost::permuteOfTwo : operation_cost::permute) + making / vectors;
}

SmallVector<Value> valuesOfCodes(UnitEmission &unit, VectorFloats floats) {
  const Format &format = unit.format.format;
  QuantizedElement element = *QuantizedElement::find(format.element);
  if (element.isTable) {
    LaneBuilder &lanes = unit.lanes;
    Value begin = Indices(lanes.ops(), lanes.loc()).constant(0);
    return {floats.ofBits(lanes.load(unit.weightBuffer(WeightBuffer::Table), begin, 0))};
  }
  std::vector<float> values = element.values();
  for (float &value : values)
    value -= static_cast<float>(format.zero);
  SmallVector<Value> vectors;
  for (size_t first = 0; first < values.size(); first += laneCount) {
    std::array<float, laneCount> own;
    // Above codes of fewer than 4 bits are others.
    for (size_t i = 0; i < laneCount; ++i)
      own[i] = values[(first + i) % values.size()];
    vectors.push_back(floats.constants(own));
  }
  return vectors;
}

SmallVector<Value> tablesOf(const Format &format, UnitNumbers &numbers, VectorFloats &floats,
                            function_ref<Value(unsigned cell)> values, unsigned row) {
  SmallVector<Value> tables;
  for (unsigned cell = 0; cell < numbers.layout.cells; ++cell)
    tables.push_back(weightsOf(format, floats, values(cell), [&](unsigned grid) {
      return numbers.has(grid) ? numbers.ofCell(grid, row, cell) : Value();
    }));
  return tables;
}

void decodeNibbles(UnitEmission &unit, const QuantizedUnit &layout, Value buffer, unsigned g,
                   llvm::function_ref<void(unsigned number, unsigned half, Value codes)> decode) {
  LaneBuilder &lanes = unit.lanes;
  ChunkReader reader(lanes, layout, buffer, unit.code);
  for (unsigned group = 0; group < layout.groups(); ++group) {
    Value codes = reader.nibbles(g, group);
    for (unsigned r = 0; r < registersInLane; ++r)
      decode(rowVectorNumber(group, r, g), r % 2, lanes.lshr(codes, 4 * r));
  }
}

bool looksUpNibblesToFloats(const EmittedFormat &format, const UnitReader &reader) {
  return reader.cpu->supports(Feature::Avx2) && !reader.cpu->supports(Feature::Avx512) &&
         (reader.takesFloats || format.element == ElementType::BF16);
}

Value inNibbleOrder(LaneBuilder &lanes, Value table) {
  SmallVector<int64_t> entries;
  // Exchanging two bits twice gives the entry of a lane.
  for (int64_t lane = 0; lane < laneCount; ++lane)
    entries.push_back(nibbleLane(lane));
  return vector::ShuffleOp::create(lanes.ops(), lanes.loc(), table, table, entries);
}

void decodeNibblesToFloats(
    UnitEmission &unit, const QuantizedUnit &layout, Value buffer, unsigned g,
    std::array<Value, 2> tables,
    llvm::function_ref<void(std::array<Value, 2> &halves, unsigned half)> decode) {
  LaneBuilder &lanes = unit.lanes;
  ChunkReader reader(lanes, layout, buffer, unit.code);
  for (unsigned group = 0; group < layout.groups(); ++group) {
    Value codes = reader.nibbles(g, group);
    auto lookup = LookupNibblesOp::create(lanes.ops(), lanes.loc(), codes, tables[0], tables[1],
                                          wordElementOf(unit));
    for (unsigned r = 0; r < registersInLane; ++r) {
      std::array<Value, 2> halves = {lookup.getResult(2 * r), lookup.getResult(2 * r + 1)};
      decode(halves, r % 2);
      unit.setFloats(rowVectorNumber(group, r, g), halves[0], halves[1]);
    }
  }
}

} // namespace uwt::codegen
