//===- FloatCast.cpp - Floats in another dtype ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FloatCast.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace uwt {

/// Elements that a thread takes at a time.
static constexpr uint64_t castThreadElements = uint64_t(1) << 16;

namespace {

/// A binary format of IEEE 754 in words of one size.
template <typename WordType, int exponent, int mantissa> struct Float {
  using Word = WordType;
  static constexpr int mantissaBits = mantissa;
  static constexpr uint64_t exponentMask = (uint64_t(1) << exponent) - 1;
  static constexpr uint64_t mantissaMask = (uint64_t(1) << mantissa) - 1;
  static constexpr uint64_t infinity = exponentMask << mantissa;
  static constexpr int signBit = exponent + mantissa;
  /// The exponent of the smallest normal number.
  static constexpr int leastExponent = 2 - (1 << (exponent - 1));
};
using Half = Float<uint16_t, 5, 10>;
using Brain = Float<uint16_t, 8, 7>;
using Single = Float<uint32_t, 8, 23>;
using Double = Float<uint64_t, 11, 52>;

} // namespace

/// Returns value / 2^shift, rounded to nearest, ties to even. `value` is below 2^62.
static uint64_t shiftRounded(uint64_t value, int shift) {
  if (shift <= 0)
    return value << -shift;
  if (shift > 62)
    return 0;
  uint64_t kept = value >> shift, half = uint64_t(1) << (shift - 1);
  uint64_t rest = value & (2 * half - 1);
  return kept + (rest > half || (rest == half && (kept & 1) != 0) ? 1 : 0);
}

/// Casts infinities and NaNs; a NaN with fewer bits is made quiet, so that it stays one.
template <typename From, typename To> static uint64_t castSpecial(uint64_t mantissa) {
  constexpr int shift = To::mantissaBits - From::mantissaBits;
  if (mantissa == 0)
    return To::infinity;
  if constexpr (shift >= 0)
    return To::infinity | mantissa << shift;
  else
    return To::infinity | mantissa >> -shift | uint64_t(1) << (To::mantissaBits - 1);
}

template <typename From, typename To> static uint64_t castBits(uint64_t bits) {
  uint64_t sign = bits >> From::signBit << To::signBit;
  uint64_t exponent = bits >> From::mantissaBits & From::exponentMask;
  uint64_t mantissa = bits & From::mantissaMask;
  if (exponent == From::exponentMask)
    return sign | castSpecial<From, To>(mantissa);
  if (exponent != 0)
    mantissa |= From::mantissaMask + 1;
  if (mantissa == 0)
    return sign;
  // The value is mantissa * 2^scale, and `top` is the exponent of its first bit.
  int scale = static_cast<int>(std::max<uint64_t>(exponent, 1)) - 1 + From::leastExponent -
              From::mantissaBits;
  int top = scale + static_cast<int>(std::bit_width(mantissa)) - 1;
  int least = std::max(top, To::leastExponent);
  uint64_t kept = shiftRounded(mantissa, least - To::mantissaBits - scale);
  // A first bit, and one that rounding carries, count in the exponent.
  uint64_t magnitude =
      (static_cast<uint64_t>(least - To::leastExponent) << To::mantissaBits) + kept;
  return sign | std::min(magnitude, To::infinity);
}

template <typename From, typename To>
static void castElements(const uint8_t *source, uint8_t *out, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    typename From::Word word;
    std::memcpy(&word, source + i * sizeof(word), sizeof(word));
    auto cast = static_cast<To::Word>(castBits<From, To>(word));
    std::memcpy(out + i * sizeof(cast), &cast, sizeof(cast));
  }
}

using CastFunction = void (*)(const uint8_t *source, uint8_t *out, uint64_t count);

template <typename From> static CastFunction castFrom(std::string_view to) {
  constexpr std::pair<std::string_view, CastFunction> functions[] = {
      {"F16", castElements<From, Half>},
      {"BF16", castElements<From, Brain>},
      {"F32", castElements<From, Single>},
      {"F64", castElements<From, Double>}};
  for (const auto &[name, function] : functions)
    if (name == to)
      return function;
  return nullptr;
}

/// Returns the cast between two dtypes; null if there is none.
static CastFunction findCast(std::string_view from, std::string_view to) {
  if (from == "F16")
    return castFrom<Half>(to);
  if (from == "BF16")
    return castFrom<Brain>(to);
  if (from == "F32")
    return castFrom<Single>(to);
  return from == "F64" ? castFrom<Double>(to) : nullptr;
}

bool hasFloatCast(const SafetensorsDtype &from, const SafetensorsDtype &to) {
  return from.name == to.name || findCast(from.name, to.name) != nullptr;
}

void castFloats(const SafetensorsDtype &from, const SafetensorsDtype &to,
                std::span<const uint8_t> source, std::span<uint8_t> out, ThreadPool &pool) {
  if (from.name == to.name) {
    std::ranges::copy(source, out.begin());
    return;
  }
  CastFunction cast = findCast(from.name, to.name);
  uint64_t fromBytes = from.bits / 8, toBytes = to.bits / 8, elements = source.size() / fromBytes;
  pool.parallelFor(divideUp(elements, castThreadElements), [&](uint64_t i, unsigned) {
    uint64_t first = i * castThreadElements;
    cast(source.data() + first * fromBytes, out.data() + first * toBytes,
         std::min(castThreadElements, elements - first));
  });
}

} // namespace uwt
