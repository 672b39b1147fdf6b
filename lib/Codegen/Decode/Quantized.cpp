//===- Quantized.cpp - Quantised weights as lane code ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ways from codes to weights (run-3), all with the arithmetic of value-2, value-3, value-5 and
// value-6:
//
//   lookup             4 bits at most: a cell of a row has sixteen different weights. They are
//                      computed once a cell, and the codes look them up: two operations for 32
//                      weights, whatever the element. 5 and 6 bits: the same of 32 and 64 weights,
//                      where an operation looks up among so many, or of numbers, to whose exponents
//                      scales that are powers of two are added.
//   lookup of numbers  4 bits at most, where an operation looks up in one table for all lanes, and
//                      these have several cells: codes look up what they stand for, and the rest is
//                      computed for each.
//   lookup of bytes    floats of 8 bits that share one scale in all rows of a strip (blocks of
//                      128 × 128, a scale a tensor): their 128 magnitudes are computed once a unit,
//                      where a target permutes bytes. Under powers of two (MXFP8) they are numbers.
//   arithmetic         all others: each code becomes a float, less its zero, times its scale, plus
//                      its offset.
//
//===----------------------------------------------------------------------===//

#include "Quantized.h"
#include "FieldPlanes.h"
#include "Fragment.h"
#include "UnitNumbers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Format/QuantizedElement.h"

using namespace mlir;

namespace uwt::codegen {

namespace {

/// What codes are decoded to.
Type elementOf(UnitEmission &unit) {
  return typeOf(unit.lanes.ops().getContext(), unit.format.element);
}

const Target &targetOf(UnitEmission &unit) {
  return TargetAttr::of(unit.lanes.ops().getInsertionBlock()->getParentOp());
}

/// Whether products of numbers and scales are bf16 without being rounded.
bool areWeightsExact(const Format &format, ElementType element) {
  return element == ElementType::BF16 && QuantizedElement::find(format.element)->kind &&
         format.divisor == 1 && !format.offset && format.scale->number.keyword == "f8E8M0FNU" &&
         !format.scale->outer;
}

/// Decodes codes of 4 bits at most of rows g and g + 8: `decode` gets the number of a row vector,
/// which of both rows it is of, and codes, above which are those of the next registers.
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

/// Whether a target looks up all codes of lanes at a time, to f32.
bool looksUpNibbles(UnitEmission &unit) {
  const Target &target = targetOf(unit);
  return target.supports(Feature::Avx2) && !target.supports(Feature::Avx512) &&
         (unit.takesFloats() || unit.format.element == ElementType::BF16);
}

/// A table of sixteen entries as `uwt.lookup_nibbles` takes it.
Value inNibbleOrder(LaneBuilder &lanes, Value table) {
  SmallVector<int64_t> entries;
  // Exchanging two bits twice gives the entry of a lane.
  for (int64_t lane = 0; lane < laneCount; ++lane)
    entries.push_back(nibbleLane(lane));
  return vector::ShuffleOp::create(lanes.ops(), lanes.loc(), table, table, entries);
}

/// The same to f32, where `looksUpNibbles`: `decode` gets the low and the high halves of a
/// register's words, from the tables of row g and of row g + 8.
void decodeNibblesToFloats(
    UnitEmission &unit, const QuantizedUnit &layout, Value buffer, unsigned g,
    std::array<Value, 2> tables,
    llvm::function_ref<void(std::array<Value, 2> &halves, unsigned half)> decode) {
  LaneBuilder &lanes = unit.lanes;
  ChunkReader reader(lanes, layout, buffer, unit.code);
  for (unsigned group = 0; group < layout.groups(); ++group) {
    Value codes = reader.nibbles(g, group);
    auto lookup = LookupNibblesOp::create(lanes.ops(), lanes.loc(), codes, tables[0], tables[1],
                                          elementOf(unit));
    for (unsigned r = 0; r < registersInLane; ++r) {
      std::array<Value, 2> halves = {lookup.getResult(2 * r), lookup.getResult(2 * r + 1)};
      decode(halves, r % 2);
      unit.setFloats(rowVectorNumber(group, r, g), halves[0], halves[1]);
    }
  }
}

//===----------------------------------------------------------------------===//
// lookup
//===----------------------------------------------------------------------===//

/// What codes of 6 bits at most stand for, 16 a vector, less a zero that all of them share.
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

/// The weights of a row's codes, a table a cell.
SmallVector<Value> tablesOf(const Format &format, UnitNumbers &numbers, VectorFloats &floats,
                            Value values, unsigned row) {
  SmallVector<Value> tables;
  for (unsigned cell = 0; cell < numbers.layout.cells; ++cell)
    tables.push_back(weightsOf(format, floats, values, [&](UnitNumbers::NumberGrid grid) {
      return numbers.has(grid) ? numbers.ofCell(grid, row, cell) : Value();
    }));
  return tables;
}

void emitLookups(UnitEmission &unit) {
  LaneBuilder &lanes = unit.lanes;
  VectorFloats floats(lanes);
  UnitNumbers numbers(unit, UnitNumbers::Order::Cells);
  Value values = valuesOfCodes(unit, floats).front();
  bool toFloats = looksUpNibbles(unit) && numbers.layout.cells == 1;
  if (toFloats)
    values = inNibbleOrder(lanes, values);
  Value buffer = unit.weightBuffer(WeightBuffer::Code);
  for (unsigned g = 0; g < unit.rows; ++g) {
    std::array<SmallVector<Value>, 2> tables;
    for (unsigned i = 0; i < tables.size(); ++i)
      tables[i] = tablesOf(unit.format.format, numbers, floats, values, g + i * rowsInStrip);
    if (toFloats) {
      decodeNibblesToFloats(unit, numbers.layout, buffer, g, {tables[0][0], tables[1][0]},
                            [](std::array<Value, 2> &, unsigned) {});
      continue;
    }
    decodeNibbles(unit, numbers.layout, buffer, g,
                  [&](unsigned number, unsigned half, Value codes) {
                    unit.set(number, LookupFloatsOp::create(lanes.ops(), lanes.loc(), codes,
                                                            tables[half], elementOf(unit)));
                  });
  }
}

/// Whether codes of 5 and 6 bits look up among as many words: of their weights in the one cell of a
/// row, or of numbers that powers of two are multiplied to.
bool looksUpHalves(UnitEmission &unit) {
  const Format &format = unit.format.format;
  QuantizedUnit layout = quantizedUnit(format);
  return layout.hasPieces() && targetOf(unit).supports(Feature::Avx512) &&
         (layout.cells == 1 || areWeightsExact(format, unit.format.element));
}

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
                                  elementOf(unit), /*joined=*/true);
  }

  void emitWeights(unsigned g) {
    std::array<SmallVector<Value>, 2> tables;
    for (unsigned half = 0; half < 2; ++half)
      for (Value values : parts)
        tables[half].append(tablesOf(format, numbers, floats, values, g + half * rowsInStrip));
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

//===----------------------------------------------------------------------===//
// lookup of numbers
//===----------------------------------------------------------------------===//

/// Whether it takes less than `lookup`: a table for each of several cells would be looked up for
/// all of them. Numbers are words of the weight's type before they are scaled.
bool looksUpNumbers(UnitEmission &unit) {
  QuantizedUnit layout = quantizedUnit(unit.format.format);
  QuantizedElement element = *QuantizedElement::find(unit.format.format.element);
  const Target &target = targetOf(unit);
  return layout.hasNibbles() && layout.cells > 1 && !element.isTable &&
         unit.format.element == ElementType::BF16 && !target.supports(Feature::Avx512);
}

void emitLookupsOfNumbers(UnitEmission &unit) {
  LaneBuilder &lanes = unit.lanes;
  const Format &format = unit.format.format;
  VectorFloats floats(lanes);
  UnitNumbers numbers(unit, UnitNumbers::Order::Rows);
  Value values = valuesOfCodes(unit, floats).front();
  bool toFloats = looksUpNibbles(unit);
  if (toFloats)
    values = inNibbleOrder(lanes, values);
  Value buffer = unit.weightBuffer(WeightBuffer::Code);
  bool isExact = areWeightsExact(format, unit.format.element);
  auto scale = [&](std::array<Value, 2> &halves, const UnitNumbers::RowNumbers &row) {
    for (Value &half : halves) {
      half =
          weightsOf(format, floats, half, [&](UnitNumbers::NumberGrid grid) { return row[grid]; });
      if (!isExact)
        half = floats.rounded(half, ElementType::BF16);
    }
  };
  for (unsigned g = 0; g < unit.rows; ++g) {
    std::array<UnitNumbers::RowNumbers, 2> rows = {numbers.ofRow(Sixteen::Halves, g),
                                                   numbers.ofRow(Sixteen::Halves, g + rowsInStrip)};
    if (toFloats) {
      decodeNibblesToFloats(
          unit, numbers.layout, buffer, g, {values, values},
          [&](std::array<Value, 2> &halves, unsigned half) { scale(halves, rows[half]); });
      continue;
    }
    decodeNibbles(
        unit, numbers.layout, buffer, g, [&](unsigned number, unsigned half, Value codes) {
          Value words =
              LookupFloatsOp::create(lanes.ops(), lanes.loc(), codes, values, elementOf(unit));
          std::array<Value, 2> halves = {floats.ofBits(lanes.shl(words, 16)),
                                         floats.ofBits(lanes.bitAnd(words, 0xFFFF0000))};
          scale(halves, rows[half]);
          unit.setFloats(number, halves[0], halves[1]);
        });
  }
}

//===----------------------------------------------------------------------===//
// lookup of bytes
//===----------------------------------------------------------------------===//

/// Whether all rows of a strip have the same numbers of a grid.
bool isOfStrips(const GridFormat &grid) {
  auto isWhole = [](const CellFormat &cell) { return cell.cellRows % stripRows == 0; };
  return isWhole(grid) && (!grid.outer || isWhole(*grid.outer));
}

/// Whether codes are those of 128 magnitudes below a sign, which are the same for a whole unit.
bool hasMagnitudesOfUnit(const Format &format) {
  QuantizedElement element = *QuantizedElement::find(format.element);
  bool hasSign =
      element.kind && element.bits == 8 && format.zero == 0 && !format.zeroGrid && !format.offset;
  return hasSign && quantizedUnit(format).cells == 1 && isOfStrips(*format.scale);
}

/// Whether codes are those of 128 magnitudes below a sign that powers of two are multiplied to.
bool hasExactMagnitudes(const Format &format, ElementType element) {
  return areWeightsExact(format, element) && QuantizedElement::find(format.element)->bits == 8;
}

bool looksUpBytes(UnitEmission &unit) {
  const Format &format = unit.format.format;
  return targetOf(unit).supports(Feature::Avx512Vbmi) &&
         (hasMagnitudesOfUnit(format) || hasExactMagnitudes(format, unit.format.element));
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
               return weightsOf(format, floats, numbers, [&](UnitNumbers::NumberGrid grid) {
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
                                   magnitudes(2 * laneCount * i + laneCount), elementOf(unit));
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

void emitLookupsOfBytes(UnitEmission &unit) {
  ByteLookup lookup(unit);
  if (hasMagnitudesOfUnit(unit.format.format))
    lookup.emitWeights();
  else
    lookup.emitScaled();
}

//===----------------------------------------------------------------------===//
// arithmetic
//===----------------------------------------------------------------------===//

/// Decodes codes of 5 bits and more, 16 words at a time.
class ArithmeticDecoder {
public:
  ArithmeticDecoder(UnitEmission &unit)
      : lanes(unit.lanes), floats(unit.lanes), format(unit.format.format),
        element(*QuantizedElement::find(format.element)), to(elementOf(unit)),
        numbers(unit, UnitNumbers::Order::Rows,
                element.kind ? HalfPosition(*element.kind).factor : 1),
        buffer(unit.weightBuffer(WeightBuffer::Code)), first(unit.code),
        chunks(lanes, numbers.layout, buffer, first) {}

  UnitNumbers::RowNumbers ofRow(unsigned row) {
    UnitNumbers::RowNumbers result = numbers.ofRow(Sixteen::Words, row);
    Value &zero = result[UnitNumbers::ZeroGrid];
    if (!zero && format.zero != 0)
      zero = floats.constant(static_cast<float>(format.zero));
    return result;
  }

  /// The words of a register and row of a group.
  Value decode(unsigned group, unsigned r, unsigned g, const UnitNumbers::RowNumbers &row) {
    Value codes = numbers.layout.hasBytes() ? loadBytes(group, r, g) : loadHalves(group, r, g);
    std::array<Value, 2> halves = element.kind ? floatsOf(codes) : integersOf(codes);
    for (Value &value : halves)
      value =
          weightsOf(format, floats, value, [&](UnitNumbers::NumberGrid grid) { return row[grid]; });
    return RoundWordsOp::create(lanes.ops(), lanes.loc(), halves[0], halves[1], to);
  }

private:
  VectorType vectorOf(int64_t count, unsigned bits) {
    return VectorType::get({count}, lanes.ops().getIntegerType(bits));
  }

  /// The codes of a register and row of a group, a byte each.
  Value loadBytes(unsigned group, unsigned r, unsigned g) {
    constexpr int64_t registerU32 = 2 * laneCount / 4;
    OpBuilder &builder = lanes.ops();
    Value at = Indices(builder, lanes.loc())
                   .add(first, numbers.layout.byteRowAt(g, group) + r * registerU32);
    Value words =
        vector::LoadOp::create(builder, lanes.loc(), vectorOf(registerU32, 32), buffer, at);
    return vector::BitCastOp::create(builder, lanes.loc(), vectorOf(2 * laneCount, 8), words);
  }

  /// The same, 16 bits each.
  Value loadHalves(unsigned group, unsigned r, unsigned g) {
    Value codes = lanes.bitAnd(chunks.halves(r, g, group), repeated((1u << element.bits) - 1, 16));
    return vector::BitCastOp::create(lanes.ops(), lanes.loc(), vectorOf(2 * laneCount, 16), codes);
  }

  /// One or the other 16 of twice as many.
  Value part(Value codes, int64_t number) {
    return vector::ExtractStridedSliceOp::create(
        lanes.ops(), lanes.loc(), codes, ArrayRef<int64_t>{number * laneCount},
        ArrayRef<int64_t>{laneCount}, ArrayRef<int64_t>{1});
  }

  /// Twice 16 numbers that codes stand for.
  std::array<Value, 2> integersOf(Value codes) {
    std::array<Value, 2> numbers;
    for (int64_t i = 0; i < 2; ++i)
      numbers[i] = floats.ofIntegers(extended(part(codes, i)));
    return numbers;
  }

  /// 16 integers with their signs, if they have one.
  Value extended(Value codes) {
    if (element.isSigned && element.bits == 8)
      return arith::ExtSIOp::create(lanes.ops(), lanes.loc(), lanes.type(), codes);
    Value integers = arith::ExtUIOp::create(lanes.ops(), lanes.loc(), lanes.type(), codes);
    return element.isSigned ? withSign(lanes, integers, element.bits) : integers;
  }

  /// The same of floats, times HalfPosition::factor too small. (Brought to f32 in this way,
  /// subnormal ones would be slow.)
  std::array<Value, 2> floatsOf(Value codes) {
    OpBuilder &builder = lanes.ops();
    LaneBuilder words(builder, lanes.loc(), vectorOf(2 * laneCount, 16));
    uint32_t shift = HalfPosition(*element.kind).shift;
    uint32_t magnitude = ((1u << (element.bits - 1)) - 1) << shift;
    Value placed;
    if (numbers.layout.hasBytes()) {
      // Copies of the sign go up, of which the topmost one stays.
      Value wide = arith::ExtSIOp::create(builder, lanes.loc(), words.type(), codes);
      placed = words.shl(wide, shift);
    } else {
      Value sign = words.bitAnd(words.shl(codes, 16 - element.bits), 0x8000);
      placed = words.bitOr(sign, words.shl(codes, shift));
    }
    Value halves = words.bitAnd(placed, 0x8000 | magnitude);
    std::array<Value, 2> numbers;
    for (int64_t i = 0; i < 2; ++i)
      numbers[i] = WidenHalvesOp::create(builder, lanes.loc(), part(halves, i));
    return numbers;
  }

  LaneBuilder &lanes;
  VectorFloats floats;
  const Format &format;
  QuantizedElement element;
  /// What codes are decoded to.
  Type to;
  UnitNumbers numbers;
  Value buffer, first;
  ChunkReader chunks;
};

void emitArithmetic(UnitEmission &unit) {
  ArithmeticDecoder decoder(unit);
  for (unsigned g = 0; g < unit.rows; ++g) {
    std::array<UnitNumbers::RowNumbers, 2> rows = {decoder.ofRow(g),
                                                   decoder.ofRow(g + rowsInStrip)};
    for (unsigned group = 0; group < unit.format.traits.unit.groups(); ++group)
      for (unsigned r = 0; r < registersInLane; ++r)
        unit.set(rowVectorNumber(group, r, g), decoder.decode(group, r, g, rows[r % 2]));
  }
}

struct QuantizedEmitter final : Emitter {
  StringRef keyword() const override { return dequantizerKeyword; }
  SmallVector<WeightBuffer> buffers(const EmittedFormat &format) const override {
    SmallVector<WeightBuffer> buffers = {WeightBuffer::Words, WeightBuffer::Code};
    if (QuantizedElement::find(format.format.element)->isTable)
      buffers.push_back(WeightBuffer::Table);
    return buffers;
  }

  double cost(const EmittedFormat &format) const override {
    // In the time of a shift, measured on a Zen 4 at 1 to 16 rows of x: a permute takes that of 5,
    // one of two vectors of 7, rounding of 4.
    constexpr double permute = 5, permuteOfTwo = 7, rounding = 4;
    // Of bytes, for 32 of them and for 16.
    constexpr double lookupOfBytes = 16, widenIntegers = 8, widenFloats = 15;
    QuantizedUnit unit = quantizedUnit(format.format);
    bool hasZeros = bool(unit.zero), hasOffsets = bool(unit.offset);
    const Format &own = format.format;
    constexpr double roundingOfDifference = 5;
    double rounded = own.math == ElementType::F32 ? 0 : roundingOfDifference;
    double more = rounded + (own.divisor != 1) + hasOffsets;
    double vectors = 2.0 * unit.columns / fixedUnitColumns;
    // Tables of 16 entries, with which a row of cells or codes of more bits look up.
    auto lookup = [&](uint32_t tables) {
      double making = tables * (1 + hasZeros + more) + divideUp(tables, 2) * rounding;
      return (tables > 2 ? permuteOfTwo : permute) + making / vectors;
    };
    if (unit.hasNibbles()) {
      // Shifts of chunks, and what brings two together, are for four registers.
      double chunks = unit.codeBits == nibbleBits ? 0 : unit.chunks.size() == 1 ? 1 : 3;
      return lookup(unit.cells) + (unit.cells == 1 ? 1 : 2) + chunks / registersInLane;
    }
    // Of codes of 5 and 6 bits: shifts, what brings pieces together, and registers for tables.
    constexpr double halves = 7, mask = 1, scaledHalves = 6;
    if (unit.hasPieces() && unit.cells == 1)
      return lookup(1u << (unit.codeBits - nibbleBits)) + halves;
    if (unit.hasPieces() && areWeightsExact(own, format.element))
      return permuteOfTwo + halves + scaledHalves;
    // As by AVX-512; others compute each weight.
    constexpr double addExponents = 3;
    if (hasMagnitudesOfUnit(own))
      return lookupOfBytes + (8 * (1 + more) + 4 * rounding) / (vectors * stripRows);
    if (hasExactMagnitudes(own, format.element))
      return lookupOfBytes + addExponents;
    bool isFloat = QuantizedElement::find(own.element)->kind.has_value();
    double ofHalf =
        1 + (isFloat ? widenFloats : widenIntegers) + (hasZeros || own.zero != 0) + more;
    return 2 * ofHalf + rounding + (1 + hasZeros + hasOffsets) / vectors +
           (unit.hasPieces() ? halves + mask : 0);
  }

  std::optional<unsigned> fragmentTableU32(const EmittedFormat &format) const override {
    return QuantizedElement::find(format.format.element)->isTable ? nibbleCodes : 0;
  }

  LogicalResult emitUnit(UnitEmission &unit) const override {
    if (unit.lane)
      emitQuantizedFragment(unit);
    else if (looksUpNumbers(unit))
      emitLookupsOfNumbers(unit);
    else if (quantizedUnit(unit.format.format).hasNibbles())
      emitLookups(unit);
    else if (looksUpHalves(unit))
      HalfLookup(unit).emit();
    else if (looksUpBytes(unit))
      emitLookupsOfBytes(unit);
    else
      emitArithmetic(unit);
    return success();
  }
};

} // namespace

const Emitter &getQuantizedEmitter() {
  static const QuantizedEmitter emitter;
  return emitter;
}

} // namespace uwt::codegen
