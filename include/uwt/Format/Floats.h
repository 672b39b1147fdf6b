//===- Floats.h - Floats of few bits, as f32 and back -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In integers, so that the bits are the same on every machine, whatever its floating-point control
// register says.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_FORMAT_FLOATS_H
#define UWT_FORMAT_FLOATS_H

#include "uwt/Format/BF16.h"
#include <cmath>
#include <cstdint>
#include <vector>

namespace uwt {

/// How a float of few bits is made: sign, exponent, mantissa from the top.
struct SmallFloat {
  enum class Specials : uint8_t {
    /// Every code is a number.
    None,
    /// All bits of exponent and mantissa set: NaN (f8E4M3FN).
    NaN,
    /// All bits of the exponent set: infinity, or NaN where the mantissa is not 0.
    IEEE,
  };
  unsigned exponentBits, mantissaBits;
  Specials specials = Specials::None;

  unsigned bits() const { return 1 + exponentBits + mantissaBits; }
  /// What the exponent's field is above the exponent.
  int bias() const { return (1 << (exponentBits - 1)) - 1; }
  /// The number that a code stands for; exact.
  float valueOf(uint32_t code) const;
  /// That of each code, at most 16 bits.
  std::vector<float> values() const;
};

inline constexpr SmallFloat float4E2M1 = {2, 1}, float6E2M3 = {2, 3}, float6E3M2 = {3, 2},
                            float16 = {5, 10, SmallFloat::Specials::IEEE},
                            float8E4M3 = {4, 3, SmallFloat::Specials::NaN},
                            float8E5M2 = {5, 2, SmallFloat::Specials::IEEE};

/// 2^(code - 127), NaN for 255.
float valueOfE8M0(uint8_t code);

/// Nearest, ties to even; too large a number becomes an infinity, and NaN the quiet NaN 0x7E00 or
/// 0x7FC0 with its sign.
uint16_t roundToF16(float value);
inline uint16_t roundToBF16(float value) {
  if (std::isnan(value))
    return std::signbit(value) ? 0xFFC0 : 0x7FC0;
  return toBF16(value);
}

} // namespace uwt

#endif // UWT_FORMAT_FLOATS_H
