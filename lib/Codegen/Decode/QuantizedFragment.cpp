//===- QuantizedFragment.cpp - Quantised weights in a thread's registers --===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are computed from their codes, with the arithmetic of value-2, value-3, value-5 and
// value-6, in f32 or, where that rounds alike, two at a time in the weight's own type (run-4).
//
// Codes become numbers without a conversion. A float's bits are shifted, so that its exponent and
// its mantissa end as those of a wider float; it is then 2^n times too small, by what the biases
// differ, and scales are multiplied by that. An integer's bits are the mantissa of
//
//   f32       2^p + code, where p is such that the code's lowest bit has its place; 2^p goes with
//             the zero (Kim, Henry, Fahim, Awadalla, "Who Says Elephants Can't Run", EMNLP 2022,
//             section 3.2, has it for f16);
//   own type  a number with an exponent field of 0 or 1: up to there floats are as integers are.
//
// Entries of a table are four bytes that byte permutations look up, of eight codes at a time.
//
//===----------------------------------------------------------------------===//

#include "FieldPlanes.h"
#include "Fragment.h"
#include "Quantized.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "uwt/Format/QuantizedElement.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// Threads that have a row of a fragment together.
constexpr int64_t rowLanes = fragmentLanes / rowsInStrip;

/// Of the halves of a word, or of rows g and g + 8 of a strip.
using Pair = std::array<Value, 2>;

/// Operations on f32 of a thread, and between them and words.
class ThreadFloats : public FloatBuilder {
public:
  using FloatBuilder::FloatBuilder;

  Value fma(Value a, Value b, Value c) { return math::FmaOp::create(builder, location, a, b, c); }
  Value bitsOf(Value number) {
    return arith::BitcastOp::create(builder, location, builder.getI32Type(), number);
  }
  /// Of the f16 in a word's halves.
  Pair ofBothHalves(Value word) {
    Value both = vector::FromElementsOp::create(
        builder, location, VectorType::get({1}, word.getType()), ValueRange{word});
    Value halves = vector::BitCastOp::create(builder, location,
                                             VectorType::get({2}, builder.getF16Type()), both);
    Value wide = arith::ExtFOp::create(builder, location, VectorType::get({2}, type()), halves);
    return {extract(wide, 0), extract(wide, 1)};
  }
  /// A word of two numbers, each rounded to `to`.
  Value round(Pair numbers, Type to) {
    Value wide = vector::FromElementsOp::create(builder, location, VectorType::get({2}, type()),
                                                ValueRange(numbers));
    Value halves = arith::TruncFOp::create(builder, location, VectorType::get({2}, to), wide);
    Value word = vector::BitCastOp::create(builder, location,
                                           VectorType::get({1}, builder.getI32Type()), halves);
    return extract(word, 0);
  }

private:
  Value extract(Value vector, int64_t i) {
    return vector::ExtractOp::create(builder, location, vector, i);
  }
};

/// Reads the numbers that a thread's weights share, of rows g and g + 8 of a strip.
class ThreadNumbers {
public:
  ThreadNumbers(UnitEmission &unit, LaneBuilder &scalars, const QuantizedUnit &layout)
      : layout(layout), scalars(scalars), floats(scalars), index(scalars.ops(), scalars.loc()),
        buffer(unit.weightBuffer(WeightBuffer::Raw)), first(unit.first),
        row(index.div(unit.lane, rowLanes)) {}

  /// The bits of a cell's numbers; with `inBothHalves`, which is for 16 bits, twice.
  Pair bitsOf(const QuantizedGrid &grid, uint32_t cell, bool inBothHalves = false) {
    return readBits(grid.at(cell), grid.bits, inBothHalves);
  }

  /// The numbers of a grid, by cell of a row.
  SmallVector<Pair> read(const GridFormat &format, const QuantizedGrid &grid) {
    SmallVector<Pair> cells;
    for (uint32_t cell = 0; cell < layout.cells; ++cell)
      cells.push_back(readNumbers(grid.at(cell), grid.bits, format.number));
    if (format.outer)
      applyOuter(format, readOuter(format, grid), cells);
    return cells;
  }

private:
  Pair readOuter(const GridFormat &format, const QuantizedGrid &grid) {
    Pair outer = readNumbers(grid.outerAt(layout.cells), grid.outerBits, format.outer->number);
    bool isOfAllRows = format.outer->cellRows == 0;
    return isOfAllRows ? Pair{outer[0], outer[0]} : outer;
  }

  void applyOuter(const GridFormat &format, Pair outer, MutableArrayRef<Pair> cells) {
    for (unsigned half = 0; half < 2; ++half) {
      Value inverse;
      if (format.isDivided)
        inverse = floats.div(floats.constant(1), outer[half]);
      for (Pair &numbers : cells)
        numbers[half] = format.isDivided ? quotient(numbers[half], outer[half], inverse)
                                         : floats.mul(numbers[half], outer[half]);
    }
  }

  /// a / b by b's inverse, both rounded: the first step has an error of at most 1.5 units in the
  /// last place, the second one less than 1, and the third one's result is the rounded quotient
  /// (Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor", 1990,
  /// theorem 7). Where nothing overflows or underflows, which the packer sees to.
  Value quotient(Value a, Value b, Value inverse) {
    Value result = floats.mul(a, inverse), minusB = floats.mul(b, floats.constant(-1));
    for (unsigned step = 0; step < 2; ++step)
      result = floats.fma(floats.fma(result, minusB, a), inverse, result);
    return result;
  }

  Pair readNumbers(uint32_t at, uint32_t bits, const Term &type) {
    Pair numbers = readBits(at, bits);
    return {floats.widen(numbers[0], type), floats.widen(numbers[1], type)};
  }

  /// From `at` of the unit on, so many bits.
  Pair readBits(uint32_t at, uint32_t bits, bool inBothHalves = false) {
    int64_t inWord = 32 / bits;
    Value begin = index.add(first, index.div(row, inWord));
    // Bytes 0 and 1 are those of the word's first number, from 4 on they are zeros.
    uint32_t ofFirst = bits == 8 ? 0x4440 : inBothHalves ? 0x1010 : 0x4410;
    uint32_t toNext = bits == 8 ? 0x0001 : inBothHalves ? 0x2222 : 0x0022;
    Value selector =
        scalars.add(scalars.mul(scalars.convert(index.rem(row, inWord)), toNext), ofFirst);
    Pair numbers;
    for (unsigned half = 0; half < 2; ++half) {
      Value word = scalars.load(buffer, begin, at + half * (stripRows / 2) / inWord);
      numbers[half] =
          bits == 32 ? word : permuteBytes(scalars, word, scalars.constant(0), selector);
    }
    return numbers;
  }

  const QuantizedUnit &layout;
  LaneBuilder &scalars;
  ThreadFloats floats;
  Indices index;
  Value buffer, first, row;
};

/// The codes that a thread has of a group of 64 columns: of a register and a block two, one a half
/// of a word.
class ThreadCodes {
public:
  ThreadCodes(UnitEmission &unit, LaneBuilder &scalars, const QuantizedUnit &layout)
      : element(*QuantizedElement::find(unit.format.format.element)),
        hasNibbles(layout.hasNibbles()), scalars(scalars) {
    OpBuilder &builder = scalars.ops();
    Indices index(builder, scalars.loc());
    constexpr int64_t pairU32 = 2, registerU32 = 8;
    int64_t inRow = hasNibbles ? blocksInGroup : pairU32;
    Value row = index.mul(index.div(unit.lane, rowLanes), layout.rowU32());
    Value start =
        index.add(unit.code, index.add(row, index.mul(index.rem(unit.lane, rowLanes), inRow)));
    Value buffer = unit.weightBuffer(WeightBuffer::Code);
    if (hasNibbles) {
      take(unit.lanes.load(buffer, start, 0), blocksInGroup, 0x11111111);
      return;
    }
    LaneBuilder pairs(builder, scalars.loc(), VectorType::get({pairU32}, builder.getI32Type()));
    for (unsigned r = 0; r < registersInLane; ++r)
      take(pairs.load(buffer, start, r * registerU32), pairU32, 0x01010101);
  }

  /// Of integers, 2^(bits - 1) of such as have a sign: by so much codes here are larger.
  uint32_t signBit() const {
    return !element.kind && element.isSigned ? 1u << (element.bits - 1) : 0;
  }
  /// Of 4 bits, those of a block's registers.
  Value nibbles(unsigned block) const { return codes[block]; }
  /// Of 8 bits, those of a register's blocks 2i and 2i + 1.
  Value bytes(unsigned r, unsigned block) const { return codes[2 * r + block / 2]; }

  /// Integers, in both halves at bit integerBit().
  Value integers(unsigned r, unsigned block) {
    if (!hasNibbles)
      return permuteBytes(scalars, bytes(r, block), scalars.constant(0),
                          scalars.constant(block % 2 == 0 ? 0x4140 : 0x4342));
    return scalars.bitAnd(scalars.lshr(nibbles(block), 8 * (r / 2)),
                          bothHalves * 0xF << integerBit(r));
  }
  unsigned integerBit(unsigned r) const { return hasNibbles ? 4 * (r % 2) : 0; }

  /// Floats as such of 16 bits with so many bits of mantissa, in both halves.
  Value floats(unsigned r, unsigned block, uint32_t mantissaBits) {
    uint32_t magnitude = ((1u << (element.bits - 1)) - 1)
                         << (mantissaBits - element.kind->mantissaBits);
    Value placed =
        hasNibbles ? placedNibbles(r, block, mantissaBits) : placedBytes(r, block, mantissaBits);
    return scalars.bitAnd(placed, bothHalves * (0x8000 | magnitude));
  }

  const QuantizedElement element;
  const bool hasNibbles;

private:
  static constexpr uint32_t bothHalves = 0x00010001;

  /// Codes twice: the sign of one of both at bit 15, the rest of the other one in its place.
  Value placedNibbles(unsigned r, unsigned block, uint32_t mantissaBits) {
    uint32_t toSign = 12 - integerBit(r);
    uint32_t toMagnitude = mantissaBits - element.kind->mantissaBits - integerBit(r);
    Value own = integers(r, block);
    // Where both do not overlap it is one multiplication.
    if (toMagnitude + 4 <= toSign)
      return scalars.mul(own, (1 << toSign) | (1 << toMagnitude));
    return scalars.merge(bothHalves * 0x8000, scalars.shl(own, toSign),
                         scalars.shl(own, toMagnitude));
  }

  /// The same, with other bits beside.
  Value placedBytes(unsigned r, unsigned block, uint32_t mantissaBits) {
    Value upper = permuteBytes(scalars, bytes(r, block), scalars.constant(0),
                               scalars.constant(block % 2 == 0 ? 0x1404 : 0x3424));
    int down = 8 - static_cast<int>(mantissaBits - element.kind->mantissaBits);
    return scalars.merge(bothHalves * 0x8000, upper, scalars.lshr(upper, down));
  }

  /// Takes `count` u32, in which a code's lowest bit is a one of `lowestBits`.
  void take(Value vector, int64_t count, uint32_t lowestBits) {
    for (int64_t i = 0; i < count; ++i)
      codes.push_back(scalars.bitXor(
          vector::ExtractOp::create(scalars.ops(), scalars.loc(), vector, i).getResult(),
          signBit() * lowestBits));
  }

  LaneBuilder &scalars;
  /// Of 4 bits one u32 a block, of 8 bits two a register.
  SmallVector<Value> codes;
};

/// The numbers that a thread's codes stand for, as f32. Those of integers are `bias` too large,
/// those of floats HalfPosition::factor too small.
class CodeValues {
public:
  CodeValues(UnitEmission &unit, LaneBuilder &scalars, const QuantizedUnit &layout)
      : codes(unit, scalars, layout), scalars(scalars), floats(scalars) {
    if (codes.element.isTable)
      lookUp(unit);
  }

  Pair of(unsigned r, unsigned block) {
    if (codes.element.isTable)
      return {entries[block][0][r], entries[block][1][r]};
    if (codes.element.kind)
      return floats.ofBothHalves(codes.floats(r, block, float16.mantissaBits));
    Pair numbers;
    for (unsigned half = 0; half < 2; ++half)
      numbers[half] = floats.ofBits(codes.hasNibbles ? nibbleAsFloat(r, block, half)
                                                     : byteAsFloat(r, block, half));
    return numbers;
  }

  /// Of integers in register r.
  float bias(unsigned r) const {
    if (codes.element.kind || codes.element.isTable)
      return 0;
    return power(r) + static_cast<float>(codes.signBit());
  }

private:
  float power(unsigned r) const {
    return std::ldexp(1.0f, 23 - (codes.hasNibbles ? 4 * static_cast<int>(r) : 0));
  }

  Value nibbleAsFloat(unsigned r, unsigned block, unsigned half) {
    Value word = half == 0 ? codes.nibbles(block) : scalars.lshr(codes.nibbles(block), 16);
    return scalars.bitOr(scalars.bitAnd(word, 0xF << 4 * r), llvm::bit_cast<uint32_t>(power(r)));
  }

  Value byteAsFloat(unsigned r, unsigned block, unsigned half) {
    uint32_t byte = block % 2 * 2 + half;
    return permuteBytes(scalars, codes.bytes(r, block),
                        scalars.constant(llvm::bit_cast<uint32_t>(power(r))),
                        scalars.constant(0x7540 | byte));
  }

  void lookUp(UnitEmission &unit) {
    std::array<std::array<Value, 4>, sizeof(float)> table;
    for (unsigned byte = 0; byte < table.size(); ++byte)
      table[byte] = packTable(unit, byte, /*rotation=*/0);
    for (unsigned block = 0; block < blocksInGroup; ++block) {
      std::array<Pair, sizeof(float)> bytes;
      for (unsigned byte = 0; byte < table.size(); ++byte)
        bytes[byte] = lookUpBytes(scalars, table[byte], codes.nibbles(block));
      for (unsigned half = 0; half < 2; ++half)
        entries[block][half] =
            transposed({bytes[0][half], bytes[1][half], bytes[2][half], bytes[3][half]});
    }
  }

  /// Words of the bytes at the same offset of four words.
  std::array<Value, 4> transposed(std::array<Value, 4> bytes) {
    auto permute = [&](Value a, Value b, uint32_t selector) {
      return permuteBytes(scalars, a, b, scalars.constant(selector));
    };
    std::array<Value, 4> words;
    for (unsigned i = 0; i < 2; ++i) {
      uint32_t two = i == 0 ? 0x5140 : 0x7362;
      Value low = permute(bytes[0], bytes[1], two), high = permute(bytes[2], bytes[3], two);
      words[2 * i] = floats.ofBits(permute(low, high, 0x5410));
      words[2 * i + 1] = floats.ofBits(permute(low, high, 0x7632));
    }
    return words;
  }

  ThreadCodes codes;
  LaneBuilder &scalars;
  ThreadFloats floats;
  /// Of a table: by block, half and register.
  std::array<std::array<std::array<Value, registersInLane>, 2>, blocksInGroup> entries;
};

/// Decodes a group of 64 columns in f32.
class FragmentDecoder {
public:
  explicit FragmentDecoder(UnitEmission &unit)
      : format(unit.format.format), layout(quantizedUnit(format)),
        scalars(unit.lanes.ops(), unit.lanes.loc(), unit.lanes.ops().getI32Type()), floats(scalars),
        values(unit, scalars, layout),
        to(typeOf(unit.lanes.ops().getContext(), unit.format.element)) {
    ThreadNumbers numbers(unit, scalars, layout);
    scales = numbers.read(*format.scale, layout.scale);
    QuantizedElement element = *QuantizedElement::find(format.element);
    if (element.kind)
      for (Pair &rows : scales)
        for (Value &scale : rows)
          scale = floats.mul(scale, floats.constant(HalfPosition(*element.kind).factor));
    if (layout.zero)
      zeros = numbers.read(*format.zeroGrid, layout.zero);
    if (layout.offset)
      offsets = numbers.read(*format.offset, layout.offset);
  }

  /// Words of a register, one a block.
  SmallVector<Value> decode(unsigned r) {
    SmallVector<Value> zerosOfCells;
    for (unsigned cell = 0; cell < layout.cells; ++cell)
      zerosOfCells.push_back(zeroOf(r, cell));
    SmallVector<Value> words;
    for (unsigned block = 0; block < blocksInGroup; ++block) {
      unsigned cell = block * layout.cells / blocksInGroup;
      Pair numbers = values.of(r, block);
      for (Value &number : numbers) {
        if (zerosOfCells[cell])
          number = floats.sub(number, zerosOfCells[cell]);
        number = floats.mul(number, scales[cell][r % 2]);
        if (!offsets.empty())
          number = floats.add(number, offsets[cell][r % 2]);
      }
      words.push_back(floats.round(numbers, to));
    }
    return words;
  }

private:
  /// What is subtracted from the numbers of codes; null for nothing.
  Value zeroOf(unsigned r, unsigned cell) {
    float constant = values.bias(r) + static_cast<float>(format.zero);
    if (!zeros.empty())
      return floats.add(zeros[cell][r % 2], floats.constant(constant));
    return constant != 0 ? floats.constant(constant) : Value();
  }

  const Format &format;
  const QuantizedUnit layout;
  LaneBuilder scalars;
  ThreadFloats floats;
  CodeValues values;
  /// What codes are decoded to.
  Type to;
  /// By cell of a row.
  SmallVector<Pair> scales, zeros, offsets;
};

/// Decodes a group of 64 columns in the weight's own type.
class PackedDecoder {
public:
  explicit PackedDecoder(UnitEmission &unit, int scaleExponent)
      : builder(unit.lanes.ops()), location(unit.lanes.loc()), format(unit.format.format),
        layout(quantizedUnit(format)), isHalf(unit.format.element == ElementType::F16),
        scalars(builder, location, builder.getI32Type()), floats(scalars),
        type(VectorType::get({2}, typeOf(builder.getContext(), unit.format.element))),
        codes(unit, scalars, layout) {
    ThreadNumbers numbers(unit, scalars, layout);
    if (format.scale->number.keyword == "f16" && !isHalf)
      readInTwoParts(numbers, std::ldexp(1.0f, scaleExponent));
    else
      readScales(numbers, scaleExponent);
    for (uint32_t cell = 0; layout.zero && cell < layout.cells; ++cell)
      negativeZeros.push_back(negativeZero(numbers.bitsOf(layout.zero, cell)));
  }

  /// Words of a register, one a block.
  SmallVector<Value> decode(unsigned r) {
    SmallVector<Value> words;
    for (unsigned block = 0; block < blocksInGroup; ++block) {
      unsigned cell = block * layout.cells / blocksInGroup;
      Value number = codes.element.kind ? asHalves(codes.floats(r, block, mantissaBits()))
                                        : integer(r, block, cell);
      // A code and the lower part of a scale have so few bits that their product is exact.
      Value added = lower.empty() ? splat(-0.0f) : fma(number, lower[cell][r % 2], splat(-0.0f));
      words.push_back(asWord(fma(number, scales[cell][r % 2], added)));
    }
    return words;
  }

private:
  static constexpr int64_t bothHalves = 0x00010001;

  uint32_t mantissaBits() const { return isHalf ? 10 : 7; }
  /// Of two powers of two, whose product is a code's lowest bit, the larger one: such as an
  /// exponent field of 1 can be multiplied with.
  float largestPower() const { return isHalf ? 0x1p15f : 0x1p127f; }

  void readScales(ThreadNumbers &numbers, int exponent) {
    bool isExponent = layout.scale.bits == 8;
    for (uint32_t cell = 0; cell < layout.cells; ++cell) {
      Pair scale = numbers.bitsOf(layout.scale, cell, /*inBothHalves=*/!isExponent);
      for (Value &own : scale)
        own = isExponent ? asHalves(scalars.add(scalars.mul(own, bothHalves << mantissaBits()),
                                                bothHalves * exponent << mantissaBits()))
                         : fma(asHalves(own), splat(std::ldexp(1.0f, exponent)), splat(-0.0f));
      scales.push_back(scale);
    }
  }

  /// Scales of f16 as sums of two bf16.
  void readInTwoParts(ThreadNumbers &numbers, float factor) {
    for (Pair &own : numbers.read(*format.scale, layout.scale)) {
      Pair high, low;
      for (unsigned half = 0; half < 2; ++half) {
        Value whole = floats.mul(own[half], floats.constant(factor));
        Value bits = scalars.bitAnd(floats.bitsOf(whole), 0xFFFF0000);
        Value rest = floats.bitsOf(floats.sub(whole, floats.ofBits(bits)));
        // A rest of 0 has the scale's sign, as all that is computed from it.
        rest = scalars.bitOr(rest, scalars.bitAnd(bits, 0x80000000));
        high[half] = asHalves(inBothHalves(bits));
        low[half] = asHalves(inBothHalves(rest));
      }
      scales.push_back(high);
      lower.push_back(low);
    }
  }

  Value inBothHalves(Value word) {
    return permuteBytes(scalars, word, word, scalars.constant(0x3232));
  }

  /// Codes less their zero.
  Value integer(unsigned r, unsigned block, unsigned cell) {
    float power = std::ldexp(largestPower(), -static_cast<int>(codes.integerBit(r)));
    Value subtracted = layout.zero
                           ? negativeZeros[cell][r % 2]
                           : splat(-unit() * static_cast<float>(codes.signBit() + format.zero));
    return fma(asHalves(codes.integers(r, block)), splat(power), subtracted);
  }

  /// What a code's lowest bit is.
  float unit() const { return isHalf ? 0x1p-9f : 0x1p-6f; }

  /// The same of zeros, which are codes too.
  Pair negativeZero(Pair zeros) {
    Pair result;
    for (unsigned half = 0; half < 2; ++half) {
      Value zero = scalars.bitAnd(scalars.add(zeros[half], codes.signBit()), 0xFF);
      result[half] =
          fma(asHalves(scalars.mul(zero, bothHalves)), splat(-largestPower()), splat(-0.0f));
    }
    return result;
  }

  Value splat(float number) {
    llvm::APFloat value(number);
    bool losesInfo = false;
    value.convert(cast<FloatType>(type.getElementType()).getFloatSemantics(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return arith::ConstantOp::create(builder, location, DenseElementsAttr::get(type, value));
  }
  /// Rounded once: math.fma of narrow floats is one of f32.
  Value fma(Value a, Value b, Value c) {
    return LLVM::FMAOp::create(builder, location, type, a, b, c);
  }
  Value asHalves(Value word) {
    Value one = vector::FromElementsOp::create(
        builder, location, VectorType::get({1}, word.getType()), ValueRange{word});
    return vector::BitCastOp::create(builder, location, type, one);
  }
  Value asWord(Value halves) {
    Value one = vector::BitCastOp::create(builder, location,
                                          VectorType::get({1}, builder.getI32Type()), halves);
    return vector::ExtractOp::create(builder, location, one, 0);
  }

  OpBuilder &builder;
  Location location;
  const Format &format;
  const QuantizedUnit layout;
  bool isHalf;
  LaneBuilder scalars;
  ThreadFloats floats;
  VectorType type;
  ThreadCodes codes;
  /// By cell of a row; `lower` of scales in two parts.
  SmallVector<Pair> scales, lower, negativeZeros;
};

/// Hands over the registers that `decoder` makes.
void setRegisters(UnitEmission &unit, function_ref<SmallVector<Value>(unsigned r)> decode) {
  for (unsigned r = 0; r < registersInLane; ++r)
    unit.set(rowVectorNumber(0, r, 0),
             vector::FromElementsOp::create(unit.lanes.ops(), unit.lanes.loc(),
                                            cast<VectorType>(unit.lanes.type()), decode(r)));
}

} // namespace

void emitQuantizedFragment(UnitEmission &unit) {
  if (std::optional<int> exponent = packedScaleExponent(unit.format.format, unit.format.element)) {
    PackedDecoder decoder(unit, *exponent);
    return setRegisters(unit, [&](unsigned r) { return decoder.decode(r); });
  }
  FragmentDecoder decoder(unit);
  setRegisters(unit, [&](unsigned r) { return decoder.decode(r); });
}

} // namespace uwt::codegen
