//===- ArithmeticConvert.cpp - PTX conversions of numbers -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.8.21, "Data Movement and Conversion Instructions: cvt".
//
//===----------------------------------------------------------------------===//

#include "Floats.h"
#include "LaneLoops.h"
#include <algorithm>

namespace uwt::emulator::ptx {

static double roundToIntegral(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::Zero:
    return std::trunc(value);
  case Rounding::Down:
    return std::floor(value);
  case Rounding::Up:
    return std::ceil(value);
  default:
    return std::nearbyint(value);
  }
}

/// The largest integer of a type; the smallest is 0 or -largest - 1.
static uint64_t largest(Type type) {
  return maskOf(type.kind == TypeKind::Signed ? type.bits - 1 : type.bits);
}

static double loadFloat(uint64_t bits, const Instruction &code) {
  Type type = code.sourceType;
  bits &= maskOf(type.bits);
  if (code.isFlushing && type.bits == 32)
    bits = flushBits(bits, 32);
  return toDouble(bits, floatKindOf(type));
}

/// A float as an integer: rounded, then the nearest that the type has. NaN is 0.
static uint64_t toInteger(uint64_t bits, const Instruction &code) {
  double value = roundToIntegral(loadFloat(bits, code), Rounding(code.mode));
  bool isSigned = code.type.kind == TypeKind::Signed;
  double limit = std::ldexp(1.0, isSigned ? code.type.bits - 1 : code.type.bits);
  if (std::isnan(value))
    return 0;
  if (value >= limit)
    return largest(code.type);
  if (isSigned)
    return value <= -limit ? ~largest(code.type) : uint64_t(int64_t(value));
  return value <= 0 ? 0 : uint64_t(value);
}

/// An integer as a double that is exact, or rounded to odd far below the last place of a float.
static double integerToOdd(uint64_t magnitude, bool isNegative) {
  double value = magnitude >> 53 ? double(magnitude >> 11 | ((magnitude & 0x7ff) != 0)) * 2048
                                 : double(magnitude);
  return isNegative ? -value : value;
}

static uint64_t fromInteger(uint64_t bits, const Instruction &code) {
  Type source = code.sourceType;
  bits &= maskOf(source.bits);
  bool isNegative = source.kind == TypeKind::Signed && bits >> (source.bits - 1);
  uint64_t magnitude = isNegative ? 0 - uint64_t(signExtend(bits, source.bits)) : bits;
  if (code.type.bits == 64) {
    double value = double(magnitude);
    return bitsOfDouble(isNegative ? -value : value);
  }
  double value = integerToOdd(magnitude, isNegative);
  return roundTo(code.isSaturating ? saturate(value) : value, floatKindOf(code.type),
                 Rounding(code.mode));
}

static uint64_t betweenFloats(uint64_t bits, const Instruction &code) {
  bool isWidening = code.sourceType.kind == TypeKind::BFloat && code.type.bits == 32;
  // The bits of a bf16 are the upper half of the f32, those of NaN, too.
  if (isWidening && !code.isSaturating && !code.isFlushing)
    return (bits & 0xffff) << 16;
  auto rounding = Rounding(code.mode);
  double value = loadFloat(bits, code);
  if (code.mode2)
    value = roundToIntegral(value, rounding);
  if (code.isSaturating)
    value = saturate(value);
  if (code.type.bits == 64)
    return bitsOfDouble(value);
  uint64_t result = roundTo(value, floatKindOf(code.type), rounding);
  return code.isFlushing && code.type.bits == 32 ? flushBits(result, 32) : result;
}

static uint64_t saturateInteger(uint64_t value, bool isNegative, Type type) {
  bool isSigned = type.kind == TypeKind::Signed;
  if (!isNegative)
    return std::min(value, largest(type));
  if (!isSigned)
    return 0;
  return uint64_t(std::max(int64_t(value), int64_t(~largest(type))));
}

/// Bits of the result that the register has beyond the type: copies of the sign, or zeros.
static void storeConverted(const Computation &computation, Lanes &result) {
  const Instruction &code = computation.code;
  int32_t reg = computation.program.operands[code.first].reg;
  unsigned bits = code.type.bits;
  uint64_t mask = maskOf(bits);
  bool isExtended = code.type.kind == TypeKind::Signed && reg >= 0 &&
                    computation.program.registerBits[reg] > bits;
  if (isExtended)
    mask = maskOf(computation.program.registerBits[reg]);
  for (uint64_t &value : result.lane)
    value = (isExtended ? uint64_t(signExtend(value, bits)) : value) & mask;
  computation.store(0, result);
}

static void betweenIntegers(const Computation &computation) {
  const Instruction &code = computation.code;
  const uint64_t *a = computation.source(0);
  Type from = code.sourceType;
  bool isSigned = from.kind == TypeKind::Signed;
  Lanes result;
  if (isSigned)
    for (unsigned l = 0; l < warpLanes; ++l)
      result.lane[l] = uint64_t(signExtend(a[l], from.bits));
  else
    for (unsigned l = 0; l < warpLanes; ++l)
      result.lane[l] = a[l] & maskOf(from.bits);
  if (code.isSaturating)
    for (uint64_t &value : result.lane)
      value = saturateInteger(value, isSigned && int64_t(value) < 0, code.type);
  storeConverted(computation, result);
}

/// bf16x2, f16x2: a becomes the upper half, b the lower one.
static void convertPairs(const Computation &computation) {
  const uint64_t *a = computation.source(0), *b = computation.source(1);
  Lanes result;
  for (unsigned l = 0; l < warpLanes; ++l)
    result.lane[l] =
        betweenFloats(a[l], computation.code) << 16 | betweenFloats(b[l], computation.code);
  computation.store(0, result);
}

void convertValues(const Computation &computation) {
  const Instruction &code = computation.code;
  bool fromFloat = code.sourceType.isFloat(), toFloat = code.type.isFloat();
  if (code.isPair)
    return convertPairs(computation);
  if (!fromFloat && !toFloat)
    return betweenIntegers(computation);
  auto convert = !toFloat ? toInteger : fromFloat ? betweenFloats : fromInteger;
  const uint64_t *a = computation.source(0);
  Lanes result;
  for (unsigned l = 0; l < warpLanes; ++l)
    result.lane[l] = convert(a[l], code);
  storeConverted(computation, result);
}

} // namespace uwt::emulator::ptx
