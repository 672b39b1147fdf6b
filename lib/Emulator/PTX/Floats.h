//===- Floats.h - Rounding as PTX rounds ------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A result of at most 32 bits is computed as a double that is rounded to odd: rounding that once
// more, in any way, is rounding the exact result, since a double has two bits more than twice the
// significand of a float.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_PTX_FLOATS_H
#define UWT_LIB_EMULATOR_PTX_FLOATS_H

#include "../Numbers.h"
#include "Program.h"

namespace uwt::emulator::ptx {

constexpr uint32_t canonicalNaN32 = 0x7fffffff;
constexpr uint64_t canonicalNaN16 = 0x7fff;
constexpr uint64_t canonicalNaN64 = 0x7ff8000000000000;

inline uint64_t canonicalNaN(unsigned bits) {
  return bits == 64 ? canonicalNaN64 : bits == 32 ? canonicalNaN32 : canonicalNaN16;
}

inline FloatKind floatKindOf(Type type) {
  if (type.bits == 16)
    return type.kind == TypeKind::BFloat ? FloatKind::BF16 : FloatKind::F16;
  return type.bits == 64 ? FloatKind::F64 : FloatKind::F32;
}

inline float floatOf(uint64_t bits) { return std::bit_cast<float>(uint32_t(bits)); }

/// The bits of a result of f32.
inline uint64_t bitsOfFloat(float value) {
  return std::isnan(value) ? canonicalNaN32 : std::bit_cast<uint32_t>(value);
}
inline uint64_t bitsOfDouble(double value) {
  return std::isnan(value) ? canonicalNaN64 : std::bit_cast<uint64_t>(value);
}

/// A subnormal f32, or f16 where `bits` is 16, as zero of its sign.
inline uint64_t flushBits(uint64_t value, unsigned bits) {
  uint64_t exponent = bits == 16 ? 0x7c00 : 0x7f800000;
  return value & exponent ? value : value & uint64_t(1) << (bits - 1);
}
inline float flush(float value) { return floatOf(flushBits(std::bit_cast<uint32_t>(value), 32)); }

/// `sum`, which is the exact result but for `rest`, rounded to odd.
inline double roundToOdd(double sum, double rest) {
  uint64_t bits = std::bit_cast<uint64_t>(sum);
  bool isExact = rest == 0 || !std::isfinite(sum) || bits & 1;
  bool isLarger = (rest > 0) == (sum > 0);
  return std::bit_cast<double>(isExact ? bits : isLarger ? bits + 1 : bits - 1);
}

/// a + b, rounded to odd (Knuth's sum with its error).
inline double addToOdd(double a, double b, bool isDown) {
  double sum = a + b;
  double partOfB = sum - a, partOfA = sum - partOfB;
  double rest = (b - partOfB) + (a - partOfA);
  // What cancels is -0 where rounding is downwards (IEEE 754, 6.3).
  if (isDown && sum == 0 && (std::signbit(a) || std::signbit(b)))
    return -0.0;
  return roundToOdd(sum, rest);
}

/// The bits of the finite or infinite `value`, rounded to nearest, moved by one where the direction
/// asks for it.
inline uint64_t roundDirected(double value, uint64_t nearest, FloatKind kind, Rounding rounding) {
  double rounded = toDouble(nearest, kind);
  if (rounded == value)
    return nearest;
  bool isNegative = std::signbit(value);
  bool isOutwards = rounding != Rounding::Zero && (rounding == Rounding::Down) == isNegative;
  bool isLarger = std::fabs(rounded) > std::fabs(value);
  return isOutwards == isLarger ? nearest : isLarger ? nearest - 1 : nearest + 1;
}

/// The bits of `value`, a double that is exact or rounded to odd, as a type of at most 32 bits.
inline uint64_t roundTo(double value, FloatKind kind, Rounding rounding) {
  if (std::isnan(value))
    return kind == FloatKind::F32 ? canonicalNaN32 : canonicalNaN16;
  uint64_t nearest = fromDouble(value, kind);
  if (rounding == Rounding::NearestEven || rounding == Rounding::None)
    return nearest;
  return roundDirected(value, nearest, kind, rounding);
}

/// Between 0 and 1; NaN is 0.
inline double saturate(double value) { return value > 0 ? std::fmin(value, 1) : 0; }

} // namespace uwt::emulator::ptx

#endif // UWT_LIB_EMULATOR_PTX_FLOATS_H
