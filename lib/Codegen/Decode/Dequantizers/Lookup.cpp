//===- Lookup.cpp - The weights of a cell as a table ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cell of a row has sixteen different weights where codes have 4 bits at most. They are computed
// once a cell, and the codes look them up: two operations for 32 weights, whatever the element.
//
//===----------------------------------------------------------------------===//

#include "../Fragment.h"
#include "Lookups.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

class LookupDequantizer final : public Dequantizer {
public:
  bool serves(const EmittedFormat &format, const UnitReader &reader) const override {
    return !reader.isThread() && quantizedUnit(format.format).hasNibbles();
  }

  double cost(const EmittedFormat &format) const override {
    QuantizedUnit unit = quantizedUnit(format.format);
    // Shifts of chunks, and what brings two together, are for four registers.
    double chunks = unit.codeBits == nibbleBits ? 0 : unit.chunks.size() == 1 ? 1 : 3;
    return costOfTables(format.format, unit.cells) + (unit.cells == 1 ? 1 : 2) +
           chunks / registersInLane;
  }

  void emit(UnitEmission &unit) const override {
    LaneBuilder &lanes = unit.lanes;
    VectorFloats floats(lanes);
    UnitNumbers numbers(unit, UnitNumbers::Order::Cells);
    bool toFloats = looksUpNibblesToFloats(unit.format, unit.reader()) && numbers.layout.cells == 1;
    auto inOrder = [&](Value table) { return toFloats ? inNibbleOrder(lanes, table) : table; };
    bool picks = bool(numbers.layout.pick);
    Value shared = picks ? unit.weightBuffer(WeightBuffer::Table)
                         : inOrder(valuesOfCodes(unit, floats).front());
    Value buffer = unit.weightBuffer(WeightBuffer::Code);
    for (unsigned g = 0; g < unit.rows; ++g) {
      std::array<SmallVector<Value>, 2> tables;
      for (unsigned i = 0; i < tables.size(); ++i) {
        unsigned row = g + i * rowsInStrip;
        auto values = [&](unsigned cell) {
          return picks ? inOrder(numbers.pickedTable(shared, row, cell)) : shared;
        };
        tables[i] = tablesOf(unit.format.format, numbers, floats, values, row);
      }
      if (toFloats) {
        decodeNibblesToFloats(unit, numbers.layout, buffer, g, {tables[0][0], tables[1][0]},
                              [](std::array<Value, 2> &, unsigned) {});
        continue;
      }
      decodeNibbles(unit, numbers.layout, buffer, g,
                    [&](unsigned number, unsigned half, Value codes) {
                      unit.set(number, LookupFloatsOp::create(lanes.ops(), lanes.loc(), codes,
                                                              tables[half], wordElementOf(unit)));
                    });
    }
  }
};

} // namespace

const Dequantizer &getLookupDequantizer() {
  static const LookupDequantizer dequantizer;
  return dequantizer;
}

} // namespace uwt::codegen
