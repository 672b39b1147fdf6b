//===- Golomb.h - Numbers in few bits ---------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exponential Golomb codes (ans-1): v + 1 has n + 1 bits; n zeros, then those bits from the
// highest one, each behind the ones before from the lowest bit of a u32 on. Codes of order k
// (scale-4) have the lowest k bits of a number behind the code of the others.
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_GOLOMB_H
#define UWT_LIB_CODEC_GOLOMB_H

#include "uwt/Codec/StoredOrder.h"
#include "uwt/Support/Error.h"
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace uwt {

inline uint32_t golombBits(uint32_t value, uint32_t order = 0) {
  return static_cast<uint32_t>(2 * std::bit_width((value >> order) + 1) - 1) + order;
}

/// Differences, small ones of either sign first.
inline uint32_t zigzag(int32_t value) {
  return value < 0 ? static_cast<uint32_t>(-2 * value - 1) : static_cast<uint32_t>(2 * value);
}
inline int32_t unzigzag(uint32_t value) {
  auto half = static_cast<int32_t>(value / 2);
  return value % 2 ? -half - 1 : half;
}

class GolombWriter {
public:
  explicit GolombWriter(std::vector<uint32_t> &words) : words(words) {}

  void put(uint32_t value, uint32_t order = 0) {
    uint32_t high = (value >> order) + 1;
    uint32_t length = std::bit_width(high);
    for (uint32_t i = 1; i < length; ++i)
      putBit(0);
    for (uint32_t i = length; i-- > 0;)
      putBit(high >> i & 1);
    putBits(value, order);
  }
  /// The lowest `count` bits of a value, lowest first.
  void putBits(uint32_t value, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i)
      putBit(value >> i & 1);
  }

private:
  void putBit(uint32_t bit) {
    if (bits % 32 == 0)
      words.push_back(0);
    words.back() |= bit << bits % 32;
    ++bits;
  }

  std::vector<uint32_t> &words;
  uint64_t bits = 0;
};

/// Whatever the words hold, reads none behind them.
class GolombReader {
public:
  explicit GolombReader(std::span<const uint32_t> words) : words(words) {}

  /// Numbers of at most `limit`; a larger one, or the end of the words, is an error.
  Expected<uint32_t> next(uint32_t limit, uint32_t order = 0) {
    uint32_t zeros = 0, value = 1;
    while (hasMore() && !takeBit())
      if (++zeros > 16)
        return tooLarge(limit);
    for (uint32_t i = 0; i < zeros && hasMore(); ++i)
      value = value << 1 | takeBit();
    UWT_ASSIGN_OR_RETURN(uint32_t low, nextBits(order));
    if (value - 1 > limit >> order || ((value - 1) << order | low) > limit)
      return tooLarge(limit);
    return (value - 1) << order | low;
  }
  Expected<uint32_t> nextBits(uint32_t count) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < count && hasMore(); ++i)
      value |= takeBit() << i;
    if (isShort)
      return invalidError("model is too short: it ends inside its tables");
    return value;
  }
  /// u32 that were read, the last one perhaps in part.
  size_t used() const { return divideUp(bits, 32); }
  bool isPaddedWithZeros() const { return bits % 32 == 0 || words[bits / 32] >> bits % 32 == 0; }

private:
  bool hasMore() {
    isShort = isShort || bits / 32 >= words.size();
    return !isShort;
  }
  uint32_t takeBit() {
    uint32_t bit = words[bits / 32] >> bits % 32 & 1;
    ++bits;
    return bit;
  }
  static Error tooLarge(uint32_t limit) {
    return invalidError("a number of the model is larger than " + std::to_string(limit));
  }

  std::span<const uint32_t> words;
  uint64_t bits = 0;
  bool isShort = false;
};

} // namespace uwt

#endif // UWT_LIB_CODEC_GOLOMB_H
