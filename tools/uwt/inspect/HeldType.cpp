//===- HeldType.cpp - What a wide type's values really are ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HeldType.h"
#include <algorithm>
#include <bit>
#include <cstring>

using namespace uwt::tool;

namespace {
/// What values a type has: log2 of their highest and lowest bit, and bits below a value's highest.
struct NarrowType {
  std::string_view name;
  unsigned bits;
  int highest, lowest, precision;
  bool hasSpecials;
};
} // namespace

/// The narrowest first. The finite values of OCP's FP4 and FP8, of IEEE's binary16, BF16 and TF32.
static constexpr NarrowType narrowTypes[] = {
    {"F4_E2M1", 4, 2, -1, 1, false},   {"F8_E4M3", 8, 8, -9, 3, false},
    {"F8_E5M2", 8, 15, -16, 2, true},  {"I8", 8, 6, 0, 6, false},
    {"BF16", 16, 127, -133, 7, true},  {"F16", 16, 15, -24, 10, true},
    {"TF32", 19, 127, -136, 10, true},
};

void HeldTypeFinder::add(uint32_t value) {
  uint32_t mantissa = value & ((1u << mantissaBits) - 1);
  int exponentMask = (1 << exponentBits) - 1;
  int exponent = static_cast<int>(value >> mantissaBits) & exponentMask;
  if (exponent == exponentMask) {
    hasSpecials = true;
    return;
  }
  if (exponent == 0 && mantissa == 0)
    return;
  // The value is `digits` times a power of two.
  uint32_t digits = exponent == 0 ? mantissa : mantissa | 1u << mantissaBits;
  int bias = exponentMask / 2;
  int unit = std::max(exponent, 1) - bias - static_cast<int>(mantissaBits);
  int top = unit + static_cast<int>(std::bit_width(digits)) - 1;
  int bottom = unit + std::countr_zero(digits);
  highest = std::max(highest, top);
  lowest = std::min(lowest, bottom);
  precision = std::max(precision, top - bottom);
}

bool HeldTypeFinder::isOpen() const {
  return std::ranges::any_of(narrowTypes,
                             [&](const NarrowType &type) { return precision <= type.precision; });
}

HeldType HeldTypeFinder::find() const {
  // Nothing but zeros and one power of two says nothing of a type.
  if (highest <= lowest)
    return {};
  unsigned bits = 1 + exponentBits + mantissaBits;
  for (const NarrowType &type : narrowTypes) {
    if (type.bits >= bits || precision > type.precision || (hasSpecials && !type.hasSpecials))
      continue;
    if (highest <= type.highest && lowest >= type.lowest)
      return {type.name, /*isScaled=*/false};
    // Scales are for types of few exponents.
    if (type.bits <= 8 && highest - lowest <= type.highest - type.lowest)
      return {type.name, /*isScaled=*/true};
  }
  return {};
}

void HeldRowsFinder::add(std::span<const uint8_t> elements) {
  constexpr uint64_t fewColumns = 16;
  if (columns < fewColumns)
    return;
  for (uint64_t at = 0, count = elements.size() / 4; at < count;) {
    uint64_t end = std::min(count, at + columns - column);
    column += end - at;
    for (; at < end && row.isOpen(); ++at) {
      uint32_t value;
      std::memcpy(&value, &elements[at * 4], sizeof(value));
      row.add(value);
    }
    at = end;
    if (column < columns)
      continue;
    ++rows;
    if (HeldType held = row.find(); !held.name.empty())
      ++byType[held.name];
    row = f32Finder();
    column = 0;
  }
}

HeldRows HeldRowsFinder::find() const {
  HeldRows most{{}, 0, rows};
  for (auto [name, count] : byType)
    if (count > most.rows)
      most = {name, count, rows};
  return most;
}
