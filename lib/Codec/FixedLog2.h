//===- FixedLog2.h - Logarithms that are the same everywhere ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a choice would cost is a sum of logarithms of counts, thousands of them for a small tensor.
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_FIXEDLOG2_H
#define UWT_LIB_CODEC_FIXEDLOG2_H

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>

namespace uwt {

inline constexpr uint32_t log2TableBits = 8;

/// log2(mantissa) in 1/65536 for a mantissa in [1, 2) in 1/2^32, a bit at a time by squaring.
constexpr uint32_t log2OfMantissa(uint64_t mantissa) {
  uint32_t result = 0;
  for (unsigned bit = 0; bit < 17; ++bit) {
    // mantissa < 2^33: keep the square within 64 bits.
    mantissa = (mantissa >> 1) * (mantissa >> 1) >> 30;
    result <<= 1;
    if (mantissa >> 33) {
      mantissa >>= 1;
      result |= 1;
    }
  }
  return (result + 1) >> 1;
}

inline constexpr auto log2Table = [] {
  std::array<uint32_t, (1u << log2TableBits) + 1> table{};
  for (uint32_t i = 0; i < 1u << log2TableBits; ++i)
    table[i] = log2OfMantissa((uint64_t(1) << 32) + (uint64_t(i) << (32 - log2TableBits)));
  table.back() = 1u << 16;
  return table;
}();

/// log2(value) in 1/65536, for value > 0: integer arithmetic, the same everywhere.
inline uint32_t fixedLog2(uint64_t value) {
  assert(value > 0 && "logarithm of 0");
  uint32_t exponent = std::bit_width(value) - 1;
  // The bits below the highest one, from bit 63 down.
  uint64_t fraction = value << (63 - exponent) << 1;
  uint32_t index = static_cast<uint32_t>(fraction >> (64 - log2TableBits));
  uint32_t rest = static_cast<uint32_t>(fraction << log2TableBits >> 48);
  uint32_t low = log2Table[index], high = log2Table[index + 1];
  return (exponent << 16) + low + ((high - low) * rest >> 16);
}

} // namespace uwt

#endif // UWT_LIB_CODEC_FIXEDLOG2_H
