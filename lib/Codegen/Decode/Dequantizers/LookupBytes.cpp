//===- LookupBytes.cpp - Floats of 8 bits, looked up ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where they share one scale in all rows of a strip (blocks of 128 × 128, a scale a tensor), their
// 128 magnitudes are computed once a unit, and bytes of them are looked up. Under powers of two
// (MXFP8) they are numbers, to whose exponents scales are added.
//
//===----------------------------------------------------------------------===//

#include "../Fragment.h"
#include "Lookups.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// Whether all rows of a strip have the same numbers of a grid.
bool isOfStrips(const GridFormat &grid) {
  auto isWhole = [](const CellFormat &cell) { return cell.cellRows % stripRows == 0; };
  return isWhole(grid) && (!grid.outer || isWhole(*grid.outer));
}

/// Whether codes are those of 128 magnitudes below a sign, which are the same for a whole unit.
bool hasMagnitudesOfUnit(const Format &format) {
  QuantizedElement element = *QuantizedElement::find(format.element);
  bool hasSign = element.kind && element.bits == 8 && format.zero == 0 && !format.zeroGrid &&
                 format.steps.empty();
  return hasSign && quantizedUnit(format).cells == 1 && isOfStrips(*format.scale);
}

/// Whether codes are those of 128 magnitudes below a sign that powers of two are multiplied to.
bool hasExactMagnitudes(const Format &format, ElementType element) {
  return areWeightsExact(format, element) && QuantizedElement::find(format.element)->bits == 8;
}

/// Looks up floats of 8 bits.
class ByteLookup {
public:
  explicit ByteLookup(UnitEmission &unit)
      : unit(unit), lanes(unit.lanes), floats(lanes), format(unit.format.format),
        layout(quantizedUnit(format)), buffer(unit.weightBuffer(WeightBuffer::Code)),
        values(QuantizedElement::find(format.element)->values()) {}

  /// Of weights that a strip has.
  void emitWeights() {
    Value ofRows =
        NumberReader(lanes, layout, buffer, unit.code).read(*format.scale, layout.scale).front();
    // A strip's first row is one of the matrix; others may be padding.
    Value scale = vector::ShuffleOp::create(lanes.ops(), lanes.loc(), ofRows, ofRows,
                                            SmallVector<int64_t>(laneCount, 0));
    emitRows(tableOf([&](Value numbers) {
               return weightsOf(format, floats, numbers, [&](unsigned grid) {
                 return grid == UnitNumbers::ScaleGrid ? scale : Value();
               });
             }),
             [](unsigned, Value words) { return words; });
  }

  /// Of numbers, to which a row's scales are multiplied.
  void emitScaled() {
    UnitNumbers numbers(unit, UnitNumbers::Order::Rows);
    std::array<Value, stripRows> exponents;
    emitRows(tableOf([](Value numbers) { return numbers; }), [&](unsigned row, Value words) {
      // Where the row's first words are, since registers do not hold those of all rows.
      if (!exponents[row])
        exponents[row] = numbers.exponentsOf(row);
      return addExponents(lanes, words, exponents[row]);
    });
  }

private:
  using Table = std::array<Value, 4>;

  Table tableOf(llvm::function_ref<Value(Value numbers)> wordsOf) {
    auto magnitudes = [&](size_t first) {
      return wordsOf(floats.constants(ArrayRef(values).slice(first, laneCount)));
    };
    Table table;
    for (auto [i, words] : llvm::enumerate(table))
      words = RoundWordsOp::create(lanes.ops(), lanes.loc(), magnitudes(2 * laneCount * i),
                                   magnitudes(2 * laneCount * i + laneCount), wordElementOf(unit));
    return table;
  }

  void emitRows(const Table &table, llvm::function_ref<Value(unsigned row, Value words)> finish) {
    for (unsigned g = 0; g < unit.rows; ++g)
      for (unsigned group = 0; group < layout.groups(); ++group)
        for (unsigned r = 0; r < registersInLane; r += 2) {
          Value codes =
              lanes.load(buffer, unit.code, layout.byteRowAt(g, group) + r / 2 * laneCount);
          auto words = LookupBytesOp::create(lanes.ops(), lanes.loc(), codes, table[0], table[1],
                                             table[2], table[3]);
          unit.set(rowVectorNumber(group, r, g), finish(g, words.getLow()));
          unit.set(rowVectorNumber(group, r + 1, g), finish(g + rowsInStrip, words.getHigh()));
        }
  }

  UnitEmission &unit;
  LaneBuilder &lanes;
  VectorFloats floats;
  const Format &format;
  const QuantizedUnit layout;
  Value buffer;
  /// The magnitudes, and others with a sign.
  const std::vector<float> values;
};

class LookupBytesDequantizer final : public Dequantizer {
public:
  bool serves(const EmittedFormat &format, const UnitReader &reader) const override {
    return !reader.isThread() && reader.cpu->supports(Feature::Avx512Vbmi) &&
           (hasMagnitudesOfUnit(format.format) ||
            hasExactMagnitudes(format.format, format.element));
  }

  double cost(const EmittedFormat &format) const override {
    // Of 32 bytes.
    constexpr double lookup = 16, addExponents = 3;
    if (!hasMagnitudesOfUnit(format.format))
      return lookup + addExponents;
    double vectors = 2.0 * quantizedUnit(format.format).columns / fixedUnitColumns;
    return lookup + (8 * (1 + furtherOperations(format.format)) + 4 * operation_cost::rounding) /
                        (vectors * stripRows);
  }

  void emit(UnitEmission &unit) const override {
    ByteLookup lookup(unit);
    if (hasMagnitudesOfUnit(unit.format.format))
      lookup.emitWeights();
    else
      lookup.emitScaled();
  }
};

} // namespace

const Dequantizer &getLookupBytesDequantizer() {
  static const LookupBytesDequantizer dequantizer;
  return dequantizer;
}

} // namespace uwt::codegen
