//===- LookupNumbers.cpp - Numbers of codes, looked up --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of 4 bits at most, where an operation looks up in one table for all lanes, and these have
// several cells: codes look up what they stand for, and the rest is computed for each.
//
//===----------------------------------------------------------------------===//

#include "../Fragment.h"
#include "Lookups.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

class LookupNumbersDequantizer final : public Dequantizer {
public:
  /// A table for each of several cells would be looked up for all of them. Numbers are words of the
  /// weight's type before they are scaled.
  bool serves(const EmittedFormat &format, const UnitReader &reader) const override {
    if (reader.isThread() || reader.cpu->supports(Feature::Avx512))
      return false;
    QuantizedUnit layout = quantizedUnit(format.format);
    return layout.hasNibbles() && layout.cells > 1 &&
           !QuantizedElement::find(format.format.element)->isTable &&
           format.element == ElementType::BF16;
  }

  void emit(UnitEmission &unit) const override {
    LaneBuilder &lanes = unit.lanes;
    const Format &format = unit.format.format;
    VectorFloats floats(lanes);
    UnitNumbers numbers(unit, UnitNumbers::Order::Rows);
    Value values = valuesOfCodes(unit, floats).front();
    bool toFloats = looksUpNibblesToFloats(unit.format, unit.reader());
    if (toFloats)
      values = inNibbleOrder(lanes, values);
    Value buffer = unit.weightBuffer(WeightBuffer::Code);
    bool isExact = areWeightsExact(format, unit.format.element);
    auto scale = [&](std::array<Value, 2> &halves, const UnitNumbers::RowNumbers &row) {
      for (Value &half : halves) {
        half = weightsOf(format, floats, half, [&](unsigned grid) { return row[grid]; });
        if (!isExact)
          half = floats.rounded(half, ElementType::BF16);
      }
    };
    for (unsigned g = 0; g < unit.rows; ++g) {
      std::array<UnitNumbers::RowNumbers, 2> rows = {
          numbers.ofRow(Sixteen::Halves, g), numbers.ofRow(Sixteen::Halves, g + rowsInStrip)};
      if (toFloats) {
        decodeNibblesToFloats(
            unit, numbers.layout, buffer, g, {values, values},
            [&](std::array<Value, 2> &halves, unsigned half) { scale(halves, rows[half]); });
        continue;
      }
      decodeNibbles(
          unit, numbers.layout, buffer, g, [&](unsigned number, unsigned half, Value codes) {
            Value words = LookupFloatsOp::create(lanes.ops(), lanes.loc(), codes, values,
                                                 wordElementOf(unit));
            std::array<Value, 2> halves = {floats.ofBits(lanes.shl(words, 16)),
                                           floats.ofBits(lanes.bitAnd(words, 0xFFFF0000))};
            scale(halves, rows[half]);
            unit.setFloats(number, halves[0], halves[1]);
          });
    }
  }
};

} // namespace

const Dequantizer &getLookupNumbersDequantizer() {
  static const LookupNumbersDequantizer dequantizer;
  return dequantizer;
}

} // namespace uwt::codegen
