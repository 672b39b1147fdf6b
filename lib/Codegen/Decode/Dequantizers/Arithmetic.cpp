//===- Arithmetic.cpp - Weights computed one by one on CPUs ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each code becomes a float, less its zero, times its scale, plus its offset.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "../Fragment.h"
#include "Lookups.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// Decodes codes of 5 bits and more, 16 words at a time.
class ArithmeticDecoder {
public:
  ArithmeticDecoder(UnitEmission &unit, NumbersOfCodes numbersOf)
      : lanes(unit.lanes), floats(unit.lanes), format(unit.format.format), numbersOf(numbersOf),
        element(*QuantizedElement::find(format.element)), to(wordElementOf(unit)),
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
    std::array<Value, 2> halves = numbersOf      ? computed(codes)
                                  : element.kind ? floatsOf(codes)
                                                 : integersOf(codes);
    for (Value &value : halves)
      value = weightsOf(format, floats, value, [&](unsigned grid) { return row[grid]; });
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

  std::array<Value, 2> computed(Value codes) {
    std::array<Value, 2> numbers;
    for (int64_t i = 0; i < 2; ++i) {
      Value wide = arith::ExtUIOp::create(lanes.ops(), lanes.loc(), lanes.type(), part(codes, i));
      numbers[i] = numbersOf(lanes, floats, wide);
    }
    return numbers;
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
  NumbersOfCodes numbersOf;
  QuantizedElement element;
  /// What codes are decoded to.
  Type to;
  UnitNumbers numbers;
  Value buffer, first;
  ChunkReader chunks;
};

class ArithmeticDequantizer final : public Dequantizer {
public:
  bool serves(const EmittedFormat &format, const UnitReader &reader) const override {
    QuantizedElement element = *QuantizedElement::find(format.format.element);
    return !reader.isThread() && !quantizedUnit(format.format).hasNibbles() &&
           (element.kind || element.isInteger());
  }

  double cost(const EmittedFormat &format) const override {
    // Of 16 codes.
    constexpr double widenIntegers = 8, widenFloats = 15;
    bool isFloat = QuantizedElement::find(format.format.element)->kind.has_value();
    return costOfVectorArithmetic(format.format, isFloat ? widenFloats : widenIntegers);
  }

  void emit(UnitEmission &unit) const override { emitVectorArithmetic(unit); }
};

} // namespace

void emitVectorArithmetic(UnitEmission &unit, NumbersOfCodes numbersOf) {
  ArithmeticDecoder decoder(unit, numbersOf);
  for (unsigned g = 0; g < unit.rows; ++g) {
    std::array<UnitNumbers::RowNumbers, 2> rows = {decoder.ofRow(g),
                                                   decoder.ofRow(g + rowsInStrip)};
    for (unsigned group = 0; group < unit.format.traits.unit.groups(); ++group)
      for (unsigned r = 0; r < registersInLane; ++r)
        unit.set(rowVectorNumber(group, r, g), decoder.decode(group, r, g, rows[r % 2]));
  }
}

double costOfVectorArithmetic(const Format &format, double number) {
  constexpr double mask = 1;
  QuantizedUnit unit = quantizedUnit(format);
  bool hasZeros = format.zeroGrid.has_value();
  double vectors = 2.0 * unit.columns / fixedUnitColumns;
  double ofHalf = 1 + number + (hasZeros || format.zero != 0) + furtherOperations(format);
  return 2 * ofHalf + operation_cost::rounding +
         (1 + hasZeros + static_cast<double>(format.steps.size())) / vectors +
         (unit.hasPieces() ? operation_cost::halves + mask : 0);
}

const Dequantizer &getArithmeticDequantizer() {
  static const ArithmeticDequantizer dequantizer;
  return dequantizer;
}

} // namespace uwt::codegen
