//===- LookupHalves.cpp - Codes of 5 and 6 bits, looked up ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The weights of a row's one cell, or numbers to whose exponents scales that are powers of two are
// added, are 32 or 64 words, among which an operation looks up.
//
//===----------------------------------------------------------------------===//

#include "../Fragment.h"
#include "Lookups.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// Looks up codes of 5 and 6 bits: weights of a row's one cell, or numbers.
class HalfLookup {
public:
  explicit HalfLookup(UnitEmission &unit)
      : unit(unit), lanes(unit.lanes), floats(lanes), format(unit.format.format),
        isOfCells(quantizedUnit(format).cells > 1),
        numbers(unit, isOfCells ? UnitNumbers::Order::Rows : UnitNumbers::Order::Cells),
        reader(lanes, numbers.layout, unit.weightBuffer(WeightBuffer::Code), unit.code),
        parts(valuesOfCodes(unit, floats)) {}

  void emit() {
    for (unsigned g = 0; g < unit.rows; ++g)
      if (isOfCells)
        emitScaled(g);
      else
        emitWeights(g);
  }

private:
  Value lookUp(unsigned group, unsigned r, unsigned g, ArrayRef<Value> table) {
    return LookupFloatsOp::create(lanes.ops(), lanes.loc(), reader.halves(r, g, group), table,
                                  wordElementOf(unit), /*joined=*/true);
  }

  void emitWeights(unsigned g) {
    std::array<SmallVector<Value>, 2> tables;
    for (unsigned half = 0; half < 2; ++half)
      for (Value values : parts)
        tables[half].append(tablesOf(
            format, numbers, floats, [&](unsigned) { return values; }, g + half * rowsInStrip));
    for (unsigned group = 0; group < numbers.layout.groups(); ++group)
      for (unsigned r = 0; r < registersInLane; ++r)
        unit.set(rowVectorNumber(group, r, g), lookUp(group, r, g, tables[r % 2]));
  }

  void emitScaled(unsigned g) {
    std::array<Value, 2> exponents = {numbers.exponentsOf(g), numbers.exponentsOf(g + rowsInStrip)};
    for (unsigned group = 0; group < numbers.layout.groups(); ++group)
      for (unsigned r = 0; r < registersInLane; ++r)
        unit.set(rowVectorNumber(group, r, g),
                 addExponents(lanes, lookUp(group, r, g, parts), exponents[r % 2]));
  }

  UnitEmission &unit;
  LaneBuilder &lanes;
  VectorFloats floats;
  const Format &format;
  const bool isOfCells;
  UnitNumbers numbers;
  ChunkReader reader;
  /// What codes stand for, 16 a vector.
  const SmallVector<Value> parts;
};

class LookupHalvesDequantizer final : public Dequantizer {
public:
  bool serves(const EmittedFormat &format, const UnitReader &reader) const override {
    QuantizedUnit layout = quantizedUnit(format.format);
    return !reader.isThread() && reader.cpu->supports(Feature::Avx512) && layout.hasPieces() &&
           (layout.cells == 1 || areWeightsExact(format.format, format.element));
  }

  double cost(const EmittedFormat &format) const override {
    constexpr double scaled = 6;
    QuantizedUnit unit = quantizedUnit(format.format);
    if (unit.cells > 1)
      return operation_cost::permuteOfTwo + operation_cost::halves + scaled;
    return costOfTables(format.format, 1u << (unit.codeBits - nibbleBits)) + operation_cost::halves;
  }

  void emit(UnitEmission &unit) const override { HalfLookup(unit).emit(); }
};

} // namespace

const Dequantizer &getLookupHalvesDequantizer() {
  static const LookupHalvesDequantizer dequantizer;
  return dequantizer;
}

} // namespace uwt::codegen
