//===- QuantizedFragment.cpp - Quantised weights in a thread's registers --===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are computed from their codes, with the arithmetic of value-2, value-3, value-5 and
// value-6. What codes become first:
//
//   integers  the bits of a float 2^p + code, where p is such that a code's lowest bit has its
//             place; 2^p goes with the zero. (FP16 numbers made so: Kim, Henry, Fahim, Awadalla,
//             "Who Says Elephants Can't Run", EMNLP 2022, section 3.2.)
//   floats    floats of the same bits, shifted, so that exponents and mantissas end alike.
//   tables    four bytes that byte permutations look up, of eight codes at a time.
//
// All of it is in f32, rounded at the end; or, of 4 bits where the scale has no more bits than the
// weight's type, in that type, two weights at a time. A code less its zero has at most five bits
// and their product with a scale fits f32: so it is rounded once either way.
//
//===----------------------------------------------------------------------===//

#include "FieldPlanes.h"
#include "Fragment.h"
#include "Quantized.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "uwt/Format/QuantizedElement.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// Of the halves of a word, or of rows g and g + 8 of a strip.
using Pair = std::array<Value, 2>;

/// Operations on f32 of a thread, and between them and words.
class ThreadFloats {
public:
  explicit ThreadFloats(LaneBuilder &scalars)
      : builder(scalars.ops()), location(scalars.loc()), single(builder.getF32Type()) {}

  Value constant(float number) {
    return arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(number));
  }
  Value sub(Value a, Value b) { return arith::SubFOp::create(builder, location, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(builder, location, a, b); }
  Value div(Value a, Value b) { return arith::DivFOp::create(builder, location, a, b); }
  Value add(Value a, Value b) { return arith::AddFOp::create(builder, location, a, b); }
  Value ofBits(Value word) { return arith::BitcastOp::create(builder, location, single, word); }
  Value ofInteger(Value number) {
    return arith::SIToFPOp::create(builder, location, single, number);
  }
  /// Of the f16 in a word's lower half.
  Value ofHalf(Value word) { return ofHalves(word)[0]; }
  /// Of the f16 in a word's halves.
  Pair ofHalves(Value word) {
    Value both = vector::FromElementsOp::create(
        builder, location, VectorType::get({1}, word.getType()), ValueRange{word});
    Value halves = vector::BitCastOp::create(builder, location,
                                             VectorType::get({2}, builder.getF16Type()), both);
    Value wide = arith::ExtFOp::create(builder, location, VectorType::get({2}, single), halves);
    return {extract(wide, 0), extract(wide, 1)};
  }
  /// A word of two numbers, each rounded to `to`.
  Value round(Pair numbers, Type to) {
    Value wide = vector::FromElementsOp::create(builder, location, VectorType::get({2}, single),
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

  OpBuilder &builder;
  Location location;
  Type single;
};

/// Reads the numbers that a thread's weights share, of rows g and g + 8 of a strip.
class ThreadNumbers {
public:
  ThreadNumbers(UnitEmission &unit, LaneBuilder &scalars, const QuantizedUnit &layout)
      : layout(layout), scalars(scalars), floats(scalars), index(scalars.ops(), scalars.loc()),
        buffer(unit.weightBuffer(WeightBuffer::Raw)), first(unit.first),
        row(index.div(unit.lane, fragmentColumnsOfLanes)) {}

  /// The bits of a cell's numbers.
  Pair bitsOf(const QuantizedGrid &grid, uint32_t cell) {
    return readBits(grid.at(cell), grid.bits);
  }

  /// The numbers of a grid, by cell of a row.
  SmallVector<Pair> read(const GridFormat &format, const QuantizedGrid &grid) {
    SmallVector<Pair> cells;
    std::optional<Pair> outer;
    if (format.outer)
      outer = readNumbers(grid.outerAt(layout.cells), grid.outerBits, format.outer->number);
    for (uint32_t cell = 0; cell < layout.cells; ++cell) {
      Pair numbers = readNumbers(grid.at(cell), grid.bits, format.number);
      for (unsigned half = 0; outer && half < 2; ++half)
        numbers[half] = format.isDivided ? floats.div(numbers[half], (*outer)[half])
                                         : floats.mul(numbers[half], (*outer)[half]);
      cells.push_back(numbers);
    }
    return cells;
  }

private:
  /// Threads that have a row of a fragment together.
  static constexpr int64_t fragmentColumnsOfLanes = 4;

  Pair readNumbers(uint32_t at, uint32_t bits, const Term &type) {
    Pair numbers = readBits(at, bits);
    return {widen(numbers[0], type), widen(numbers[1], type)};
  }

  /// From `at` of the unit on, so many bits.
  Pair readBits(uint32_t at, uint32_t bits) {
    int64_t inWord = 32 / bits;
    Value begin = index.add(first, index.div(row, inWord));
    Value shift = scalars.mul(scalars.convert(index.rem(row, inWord)), bits);
    Pair numbers;
    for (unsigned half = 0; half < 2; ++half) {
      Value word = scalars.load(buffer, begin, at + half * (stripRows / 2) / inWord);
      if (bits < 32)
        word = scalars.bitAnd(scalars.lshr(word, shift), (int64_t(1) << bits) - 1);
      numbers[half] = word;
    }
    return numbers;
  }

  Value widen(Value number, const Term &type) {
    if (type.keyword == "f32")
      return floats.ofBits(number);
    // The numbers of these types are the upper bits of an f32.
    if (type.keyword == "bf16")
      return floats.ofBits(scalars.shl(number, 16));
    if (type.keyword == "f8E8M0FNU")
      return floats.ofBits(scalars.shl(number, 23));
    if (type.keyword == "f16")
      return floats.ofHalf(number);
    QuantizedElement element = *QuantizedElement::find(type);
    if (!element.kind)
      return floats.ofInteger(element.isSigned ? withSign(scalars, number, 8) : number);
    HalfPosition position(*element.kind);
    Value sign = scalars.shl(scalars.bitAnd(number, 0x80), 8);
    Value magnitude = scalars.shl(scalars.bitAnd(number, 0x7F), position.shift);
    return floats.mul(floats.ofHalf(scalars.bitOr(sign, magnitude)),
                      floats.constant(position.factor));
  }

  const QuantizedUnit &layout;
  LaneBuilder &scalars;
  ThreadFloats floats;
  Indices index;
  Value buffer, first, row;
};

/// The numbers that a thread's codes stand for, of a group of 64 columns: of a block and a register
/// two, one a half. Those of integers are `bias` too large, those of floats HalfPosition::factor
/// too small.
class CodeValues {
public:
  CodeValues(UnitEmission &unit, LaneBuilder &scalars, const QuantizedUnit &layout)
      : lanes(unit.lanes), scalars(scalars), floats(scalars),
        element(*QuantizedElement::find(unit.format.format.element)),
        hasNibbles(layout.hasNibbles()) {
    Indices index(scalars.ops(), scalars.loc());
    Value g = index.div(unit.lane, 4), t = index.rem(unit.lane, 4);
    int64_t inRow = layout.rowU32() / (hasNibbles ? 4 : 4 * registersInLane);
    Value start =
        index.add(unit.code, index.add(index.mul(g, layout.rowAt(1, 0)), index.mul(t, inRow)));
    loadCodes(unit.weightBuffer(WeightBuffer::Code), start);
    if (element.isTable)
      lookUp(unit);
  }

  Pair of(unsigned r, unsigned block) {
    if (element.isTable)
      return {entries[block][0][r], entries[block][1][r]};
    if (element.kind)
      return floats.ofHalves(hasNibbles ? halvesOfNibbles(r, block) : halvesOfBytes(r, block));
    Pair numbers;
    for (unsigned half = 0; half < 2; ++half)
      numbers[half] =
          floats.ofBits(hasNibbles ? nibbleAsFloat(r, block, half) : byteAsFloat(r, block, half));
    return numbers;
  }

  /// Of integers in register r.
  float bias(unsigned r) const {
    if (element.kind || element.isTable)
      return 0;
    float power = std::ldexp(1.0f, 23 - (hasNibbles ? 4 * static_cast<int>(r) : 0));
    return power + (element.isSigned ? static_cast<float>(signBit()) : 0.0f);
  }

private:
  uint32_t signBit() const { return element.isSigned ? 1u << (element.bits - 1) : 0; }

  void loadCodes(Value buffer, Value start) {
    OpBuilder &builder = scalars.ops();
    auto split = [&](Value vector, int64_t count) {
      for (int64_t i = 0; i < count; ++i)
        codes.push_back(vector::ExtractOp::create(builder, scalars.loc(), vector, i));
    };
    if (hasNibbles) {
      split(lanes.load(buffer, start, 0), blocksInGroup);
      return;
    }
    constexpr int64_t pairU32 = 2, registerU32 = 8;
    LaneBuilder pairs(builder, scalars.loc(), VectorType::get({pairU32}, builder.getI32Type()));
    for (unsigned r = 0; r < registersInLane; ++r)
      split(pairs.load(buffer, start, r * registerU32), pairU32);
  }

  /// Codes of a block, of 4 bits: those of the lower halves, or of the upper ones at the same bits.
  Value nibbles(unsigned block, unsigned half) {
    return half == 0 ? codes[block] : scalars.lshr(codes[block], 16);
  }

  Value nibbleAsFloat(unsigned r, unsigned block, unsigned half) {
    uint32_t flip = llvm::bit_cast<uint32_t>(std::ldexp(1.0f, 23 - 4 * static_cast<int>(r))) |
                    signBit() << 4 * r;
    return scalars.bitXor(scalars.bitAnd(nibbles(block, half), 0xF << 4 * r), flip);
  }

  Value byteAsFloat(unsigned r, unsigned block, unsigned half) {
    Value word = scalars.bitXor(codes[2 * r + block / 2], signBit() * 0x01010101);
    uint32_t byte = block % 2 * 2 + half;
    return permuteBytes(scalars, word, scalars.constant(0x4B000000),
                        scalars.constant(0x7540 | byte));
  }

  Value halvesOfNibbles(unsigned r, unsigned block) {
    int from = 4 * static_cast<int>(r), to = static_cast<int>(HalfPosition(*element.kind).shift);
    Value sign = scalars.bitAnd(scalars.shift(codes[block], 12 - from), 0x80008000);
    Value magnitude =
        scalars.bitAnd(scalars.shift(codes[block], to - from), (0x7u << to) * 0x00010001);
    return scalars.bitOr(sign, magnitude);
  }

  Value halvesOfBytes(unsigned r, unsigned block) {
    int down = 8 - static_cast<int>(HalfPosition(*element.kind).shift);
    // Each byte in the upper one of a half.
    Value upper = permuteBytes(scalars, codes[2 * r + block / 2], scalars.constant(0),
                               scalars.constant(block % 2 == 0 ? 0x1404 : 0x3424));
    Value magnitude = scalars.lshr(scalars.bitAnd(upper, 0x7F007F00), down);
    return scalars.bitOr(scalars.bitAnd(upper, 0x80008000), magnitude);
  }

  void lookUp(UnitEmission &unit) {
    std::array<std::array<Value, 4>, sizeof(float)> table;
    for (unsigned byte = 0; byte < table.size(); ++byte)
      table[byte] = packTable(unit, byte, /*rotation=*/0);
    for (unsigned block = 0; block < blocksInGroup; ++block) {
      std::array<Pair, sizeof(float)> bytes;
      for (unsigned byte = 0; byte < table.size(); ++byte)
        bytes[byte] = lookUpBytes(scalars, table[byte], codes[block]);
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

  LaneBuilder &lanes;
  LaneBuilder &scalars;
  ThreadFloats floats;
  QuantizedElement element;
  bool hasNibbles;
  /// Of 4 bits one u32 a block, of 8 bits two a register.
  SmallVector<Value> codes;
  /// Of a table: by block, half and register.
  std::array<std::array<std::array<Value, registersInLane>, 2>, blocksInGroup> entries;
};

/// Decodes a group of 64 columns.
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

/// Decodes a group of 64 columns of codes of 4 bits in the weight's own type.
class PackedDecoder {
public:
  static bool serves(const EmittedFormat &described) {
    const Format &format = described.format;
    const GridFormat &scale = *format.scale;
    bool isHalf = described.element == ElementType::F16;
    bool isShort = scale.number.keyword == (isHalf ? "f16" : "bf16") ||
                   (!isHalf && scale.number.keyword == "f8E8M0FNU");
    return isShort && !scale.outer && !format.offset && quantizedUnit(format).hasNibbles() &&
           !QuantizedElement::find(format.element)->isTable;
  }

  explicit PackedDecoder(UnitEmission &unit)
      : builder(unit.lanes.ops()), location(unit.lanes.loc()), format(unit.format.format),
        element(*QuantizedElement::find(format.element)), layout(quantizedUnit(format)),
        isHalf(unit.format.element == ElementType::F16),
        scalars(builder, location, builder.getI32Type()),
        type(VectorType::get({2}, typeOf(builder.getContext(), unit.format.element))) {
    Indices index(builder, location);
    Value start = index.add(unit.code, index.add(index.mul(index.div(unit.lane, 4),
                                                           layout.rowAt(1, 0)),
                                                 index.mul(index.rem(unit.lane, 4), 4)));
    Value own = unit.lanes.load(unit.weightBuffer(WeightBuffer::Code), start, 0);
    for (int64_t block = 0; block < blocksInGroup; ++block)
      codes.push_back(vector::ExtractOp::create(builder, location, own, block));
    ThreadNumbers numbers(unit, scalars, layout);
    for (uint32_t cell = 0; cell < layout.cells; ++cell) {
      Pair scale = numbers.bitsOf(layout.scale, cell);
      // An exponent alone, in both halves, goes to its place by the same multiplication.
      int64_t copies = layout.scale.bits == 8 ? 0x00800080 : 0x00010001;
      scales.push_back({asHalves(scalars.mul(scale[0], copies)),
                        asHalves(scalars.mul(scale[1], copies))});
      if (layout.zero)
        zeros.push_back(numbers.bitsOf(layout.zero, cell));
    }
  }

  /// Words of a register, one a block.
  SmallVector<Value> decode(unsigned r) {
    SmallVector<Value> negatives;
    for (unsigned cell = 0; cell < layout.cells; ++cell)
      negatives.push_back(negativeZero(r, cell));
    SmallVector<Value> words;
    for (unsigned block = 0; block < blocksInGroup; ++block) {
      unsigned cell = block * layout.cells / blocksInGroup;
      Value bits = element.kind ? floatOf(r, block) : integerOf(r, block);
      Value number = fma(asHalves(bits), splat(unitOf(r)), negatives[cell]);
      words.push_back(asWord(fma(number, scales[cell][r % 2], splat(-0.0f))));
    }
    return words;
  }

private:
  static constexpr uint32_t bothHalves = 0x00010001;

  /// Bit of a code in a half of integerOf().
  unsigned codeBit(unsigned r) const { return isHalf ? 4 * (r % 2) : 0; }
  uint32_t signBit() const {
    return !element.kind && element.isSigned ? 1u << (element.bits - 1) : 0;
  }
  /// Of a float's mantissa.
  uint32_t mantissaBits() const { return isHalf ? 10 : 7; }

  /// 2^p + code, of both halves.
  Value integerOf(unsigned r, unsigned block) {
    uint32_t power = isHalf ? 0x6400 : 0x4300; // 2^10 and 2^7: the lowest bit is 1
    Value placed = scalars.lshr(codes[block], 4 * r - codeBit(r));
    return scalars.bitXor(scalars.bitAnd(placed, bothHalves * 0xF << codeBit(r)),
                          bothHalves * (power | signBit() << codeBit(r)));
  }

  /// The float's bits at their places.
  Value floatOf(unsigned r, unsigned block) {
    int from = 4 * static_cast<int>(r);
    int to = static_cast<int>(mantissaBits() - element.kind->mantissaBits);
    Value sign = scalars.bitAnd(scalars.shift(codes[block], 12 - from), bothHalves * 0x8000);
    Value magnitude =
        scalars.bitAnd(scalars.shift(codes[block], to - from), bothHalves * 0x7 << to);
    return scalars.bitOr(sign, magnitude);
  }

  /// What floatOf() and integerOf() are multiplied with.
  float unitOf(unsigned r) const {
    if (element.kind) {
      int bias = isHalf ? 15 : 127;
      return std::ldexp(1.0f, bias + 1 - (1 << (element.kind->exponentBits - 1)));
    }
    return std::ldexp(1.0f, -static_cast<int>(codeBit(r)));
  }

  /// What is added then: of integers -2^p less the zero.
  Value negativeZero(unsigned r, unsigned cell) {
    if (element.kind)
      return splat(-0.0f);
    float power = std::ldexp(1.0f, static_cast<int>(mantissaBits() - codeBit(r)));
    float constant = -(power + static_cast<float>(signBit() + format.zero));
    if (!layout.zero)
      return splat(constant);
    // The zero is added to the mantissa.
    Value zero = scalars.bitAnd(scalars.add(zeros[cell][r % 2], signBit()), 0xFF);
    uint32_t bits = isHalf ? (codeBit(r) == 0 ? 0xE400 : 0xD400) : 0xC300; // -power
    return asHalves(scalars.add(scalars.mul(zero, bothHalves << codeBit(r)), bothHalves * bits));
  }

  Value splat(float number) {
    llvm::APFloat value(number);
    bool losesInfo = false;
    value.convert(cast<FloatType>(type.getElementType()).getFloatSemantics(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return arith::ConstantOp::create(builder, location, DenseElementsAttr::get(type, value));
  }
  Value fma(Value a, Value b, Value c) { return math::FmaOp::create(builder, location, a, b, c); }
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
  QuantizedElement element;
  const QuantizedUnit layout;
  bool isHalf;
  LaneBuilder scalars;
  VectorType type;
  /// One u32 a block.
  SmallVector<Value> codes;
  /// By cell of a row: scales in both halves, and bits of zeros.
  SmallVector<Pair> scales, zeros;
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
  if (PackedDecoder::serves(unit.format)) {
    PackedDecoder decoder(unit);
    return setRegisters(unit, [&](unsigned r) { return decoder.decode(r); });
  }
  FragmentDecoder decoder(unit);
  setRegisters(unit, [&](unsigned r) { return decoder.decode(r); });
}

} // namespace uwt::codegen
