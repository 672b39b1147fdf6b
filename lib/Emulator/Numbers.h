//===- Numbers.h - Floats as bits -------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conversions between registers and host floats, rounded to nearest even. bf16 and f16
// compute in f32: its significand is more than twice as long, so that +, -, *, / rounded
// twice are rounded once.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_NUMBERS_H
#define UWT_LIB_EMULATOR_NUMBERS_H

#include "Bytecode.h"
#include <bit>
#include <cmath>

namespace uwt::emulator {

inline uint64_t maskOf(unsigned bits) {
  return bits >= 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
}

inline int64_t signExtend(uint64_t value, unsigned bits) {
  return int64_t(value << (64 - bits)) >> (64 - bits);
}

inline float fromBf16(uint64_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

inline float fromF16(uint64_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16, rest = bits & 0x7fff;
  if (rest >= 0x7c00)
    return std::bit_cast<float>(sign | 0x7f800000 | (rest & 0x3ff) << 13);
  if (rest < 0x400)
    return std::copysign(float(rest) * 0x1p-24f, sign ? -1.0f : 1.0f);
  return std::bit_cast<float>(sign | ((rest << 13) + (112u << 23)));
}

inline uint64_t toBf16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return (bits >> 16) | 0x40;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

inline uint64_t toF16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value), sign = bits >> 16 & 0x8000,
           rest = bits & 0x7fffffff;
  if (rest > 0x7f800000)
    return sign | 0x7e00;
  // 65520 and more round to infinity.
  if (rest >= 0x477ff000)
    return sign | 0x7c00;
  // The sum with 0.5 has the last place of a subnormal half.
  if (rest < 0x38800000)
    return sign | (std::bit_cast<uint32_t>(std::bit_cast<float>(rest) + 0.5f) - 0x3f000000);
  return sign | ((rest + 0xfff + (rest >> 13 & 1) - (112u << 23)) >> 13);
}

/// Rounds to odd, so that rounding the result to bf16 or f16 is rounding `value` once.
inline float toOdd(double value) {
  float result = float(value);
  if (double(result) == value || std::isnan(value) || std::isinf(result))
    return result;
  uint32_t bits = std::bit_cast<uint32_t>(result);
  if (std::fabs(double(result)) > std::fabs(value))
    --bits;
  return std::bit_cast<float>(bits | 1);
}

inline float toFloat(uint64_t bits, FloatKind kind) {
  return kind == FloatKind::F32    ? std::bit_cast<float>(uint32_t(bits))
         : kind == FloatKind::BF16 ? fromBf16(bits)
                                   : fromF16(bits);
}

inline uint64_t fromFloat(float value, FloatKind kind) {
  return kind == FloatKind::F32    ? std::bit_cast<uint32_t>(value)
         : kind == FloatKind::BF16 ? toBf16(value)
                                   : toF16(value);
}

inline double toDouble(uint64_t bits, FloatKind kind) {
  return kind == FloatKind::F64 ? std::bit_cast<double>(bits) : double(toFloat(bits, kind));
}

inline uint64_t fromDouble(double value, FloatKind kind) {
  if (kind == FloatKind::F64)
    return std::bit_cast<uint64_t>(value);
  return fromFloat(kind == FloatKind::F32 ? float(value) : toOdd(value), kind);
}

} // namespace uwt::emulator

#endif // UWT_LIB_EMULATOR_NUMBERS_H
