//===- ThreadPacked.cpp - Weights two at a time in their own type ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where that rounds as f32 does (run-4), a thread computes the weights of a word together.
//
// A float's bits are shifted, so that its exponent and its mantissa end as those of the weight's
// type; it is then 2^n times too small, by what the biases differ, and scales are multiplied by
// that. An integer's bits are a number with an exponent field of 0 or 1: up to there floats are as
// integers are.
//
//===----------------------------------------------------------------------===//

#include "../Fragment.h"
#include "../QuantizedThread.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codegen/Decode/Dequantizer.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

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

class ThreadPackedDequantizer final : public Dequantizer {
public:
  bool serves(const EmittedFormat &format, const UnitReader &reader) const override {
    return reader.isThread() && packedScaleExponent(format.format, format.element);
  }

  void emit(UnitEmission &unit) const override {
    PackedDecoder decoder(unit, *packedScaleExponent(unit.format.format, unit.format.element));
    setRegisters(unit, [&](unsigned r) { return decoder.decode(r); });
  }
};

} // namespace

const Dequantizer &getThreadPackedDequantizer() {
  static const ThreadPackedDequantizer dequantizer;
  return dequantizer;
}

} // namespace uwt::codegen
