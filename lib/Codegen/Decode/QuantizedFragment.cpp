//===- QuantizedFragment.cpp - Quantised weights in a thread's registers --===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are computed from their codes, with the arithmetic of value-2 to value-6, in f32 or,
// where that rounds alike, two at a time in the weight's own type (run-4).
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
// Entries of a table are four bytes that byte permutations look up, of eight codes at a time. Where
// a cell has columns enough, its weights are such a table (QuantizedTables.cpp).
//
//===----------------------------------------------------------------------===//

#include "Fragment.h"
#include "QuantizedThread.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// The numbers that a thread's codes stand for, as f32. Those of integers are `bias` too large,
/// those of floats HalfPosition::factor too small.
class CodeValues {
public:
  CodeValues(UnitEmission &unit, LaneBuilder &scalars, const QuantizedUnit &layout)
      : layout(layout), codes(unit, scalars, layout), scalars(scalars), floats(scalars) {
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
      numbers[half] = floats.ofBits(layout.hasNibbles() ? nibbleAsFloat(r, block, half)
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
    return std::ldexp(1.0f, 23 - (layout.hasNibbles() ? 4 * static_cast<int>(r) : 0));
  }

  Value nibbleAsFloat(unsigned r, unsigned block, unsigned half) {
    Value word = half == 0 ? codes.nibbles(block) : scalars.lshr(codes.nibbles(block), 16);
    uint32_t code = (1u << codes.element.bits) - 1;
    return scalars.bitOr(scalars.bitAnd(word, code << 4 * r), llvm::bit_cast<uint32_t>(power(r)));
  }

  Value byteAsFloat(unsigned r, unsigned block, unsigned half) {
    uint32_t byte = layout.hasBytes() ? block % 2 * 2 + half : 2 * half;
    Value word = layout.hasBytes() ? codes.bytes(r, block) : codes.integers(r, block);
    return permuteBytes(scalars, word, scalars.constant(llvm::bit_cast<uint32_t>(power(r))),
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

  const QuantizedUnit &layout;
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
        values(unit, scalars, layout), numbers(unit, scalars, layout),
        cells(format, layout, scalars, numbers),
        to(typeOf(unit.lanes.ops().getContext(), unit.format.element)) {
    QuantizedElement element = *QuantizedElement::find(format.element);
    if (element.kind)
      for (Pair &rows : cells.scales)
        for (Value &scale : rows)
          scale = floats.mul(scale, floats.constant(HalfPosition(*element.kind).factor));
  }

  /// Words of a register, one a block.
  SmallVector<Value> decode(unsigned r) {
    SmallVector<Value> zerosOfCells;
    for (unsigned cell = 0; cell < layout.cells; ++cell)
      zerosOfCells.push_back(zeroOf(r, cell));
    SmallVector<Value> words;
    for (unsigned block = 0; block < blocksInGroup; ++block) {
      unsigned cell = block * layout.cells / blocksInGroup;
      Pair differences = values.of(r, block);
      for (Value &number : differences) {
        if (zerosOfCells[cell])
          number = floats.sub(number, zerosOfCells[cell]);
        if (format.hasFloatZeros())
          number = floats.sub(number, cells.zeros[cell][r % 2]);
      }
      words.push_back(cells.weights(differences, cell, r % 2, to));
    }
    return words;
  }

private:
  /// What is subtracted from the numbers of codes at first, exactly; null for nothing.
  Value zeroOf(unsigned r, unsigned cell) {
    float constant = values.bias(r) + static_cast<float>(format.zero);
    if (layout.zero && !format.hasFloatZeros())
      return floats.add(cells.zeros[cell][r % 2], floats.constant(constant));
    return constant != 0 ? floats.constant(constant) : Value();
  }

  const Format &format;
  const QuantizedUnit layout;
  LaneBuilder scalars;
  ThreadFloats floats;
  CodeValues values;
  ThreadNumbers numbers;
  CellArithmetic cells;
  /// What codes are decoded to.
  Type to;
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
    const std::string &number = format.scale->number.keyword;
    if (number == positiveScale)
      readPositive(numbers, scaleExponent);
    else if (number == "f16" && !isHalf)
      readInTwoParts(numbers, std::ldexp(1.0f, scaleExponent));
    else
      readScales(numbers, scaleExponent);
    for (uint32_t cell = 0; layout.zero && cell < layout.cells; ++cell)
      negativeZeros.push_back(format.hasFloatZeros()
                                  ? negativeFloat(numbers.bitsOf(layout.zero, cell, true))
                                  : negativeZero(numbers.bitsOf(layout.zero, cell)));
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

  /// Scales of f16E6M10U as sums of two bf16.
  void readPositive(ThreadNumbers &numbers, int exponent) {
    uint32_t base = positiveScaleBase + (static_cast<uint32_t>(exponent) << 23);
    for (uint32_t cell = 0; cell < layout.cells; ++cell) {
      Pair high = numbers.bitsOf(layout.scale, cell), low;
      for (unsigned half = 0; half < 2; ++half) {
        Value whole = scalars.add(scalars.mul(high[half], 1u << positiveScaleShift), base);
        Value upper = floats.ofBits(scalars.bitAnd(whole, 0xFFFF0000));
        high[half] = asHalves(inBothHalves(whole));
        low[half] = asHalves(inBothHalves(floats.bitsOf(floats.sub(floats.ofBits(whole), upper))));
      }
      scales.push_back(high);
      lower.push_back(low);
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

  /// Zeros that are floats of this type.
  Pair negativeFloat(Pair zeros) {
    for (Value &zero : zeros)
      zero = fma(asHalves(zero), splat(-unit()), splat(-0.0f));
    return zeros;
  }

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
  if (areTablesFaster(unit.format.format))
    return emitQuantizedTables(unit);
  FragmentDecoder decoder(unit);
  setRegisters(unit, [&](unsigned r) { return decoder.decode(r); });
}

} // namespace uwt::codegen
