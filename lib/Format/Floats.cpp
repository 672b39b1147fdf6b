//===- Floats.cpp - Floats of few bits, as f32 and back -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/Floats.h"
#include <bit>
#include <cmath>
#include <limits>

using namespace uwt;

float SmallFloat::valueOf(uint32_t code) const {
  uint32_t mantissaMask = (1u << mantissaBits) - 1, exponentMask = (1u << exponentBits) - 1;
  uint32_t mantissa = code & mantissaMask, exponent = code >> mantissaBits & exponentMask;
  float sign = code >> (exponentBits + mantissaBits) & 1 ? -1.0f : 1.0f;
  bool isTop = exponent == exponentMask;
  if (specials == Specials::NaN && isTop && mantissa == mantissaMask)
    return std::copysign(std::numeric_limits<float>::quiet_NaN(), sign);
  if (specials == Specials::IEEE && isTop)
    return std::copysign(mantissa ? std::numeric_limits<float>::quiet_NaN()
                                  : std::numeric_limits<float>::infinity(),
                         sign);
  int scale = static_cast<int>(exponent ? exponent : 1) - bias() - static_cast<int>(mantissaBits);
  uint32_t significand = exponent ? mantissa | 1u << mantissaBits : mantissa;
  return sign * std::ldexp(static_cast<float>(significand), scale);
}

std::vector<float> SmallFloat::values() const {
  std::vector<float> values(size_t(1) << bits());
  for (uint32_t code = 0; code < values.size(); ++code)
    values[code] = valueOf(code);
  return values;
}

float uwt::valueOfE8M0(uint8_t code) {
  if (code == 255)
    return std::numeric_limits<float>::quiet_NaN();
  return std::ldexp(1.0f, static_cast<int>(code) - 127);
}

/// The upper bits of `value`, to nearest even, without those below `dropped`.
static uint32_t roundedShift(uint32_t value, uint32_t dropped) {
  uint32_t half = 1u << (dropped - 1);
  return (value + half - 1 + (value >> dropped & 1)) >> dropped;
}

uint16_t uwt::roundToF16(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
  constexpr uint32_t infinity = 0x7F800000, smallestNormal = 113u << 23;
  if (magnitude > infinity)
    return static_cast<uint16_t>(sign | 0x7E00);
  // From 65520 on the nearest is beyond the largest number.
  if (magnitude >= 0x477FF000)
    return static_cast<uint16_t>(sign | 0x7C00);
  if (magnitude >= smallestNormal)
    return static_cast<uint16_t>(sign | roundedShift(magnitude - (112u << 23), 13));
  uint32_t dropped = 126 - (magnitude >> 23);
  if (dropped > 24)
    return static_cast<uint16_t>(sign);
  return static_cast<uint16_t>(sign | roundedShift((magnitude & 0x7FFFFF) | 0x800000, dropped));
}
