//===- Difference.cpp - Elements less those of a base model ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Difference.h"
#include <algorithm>
#include <cstring>

namespace uwt {

/// Bytes that a thread takes at a time.
static constexpr uint64_t differenceThreadBytes = uint64_t(1) << 18;

/// diff-2: dtypes with a sign above a magnitude. Of all others, bits are an integer.
static constexpr std::string_view signedMagnitudes[] = {
    "BF16", "F16", "F32", "F64", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"};

bool hasDifferences(const SafetensorsDtype &dtype) { return dtype.bits % 8 == 0; }

namespace {

/// One word of an element's size.
template <typename Word, bool IsSignedMagnitude> struct Ordered {
  static constexpr unsigned top = sizeof(Word) * 8 - 1;
  static constexpr Word sign = static_cast<Word>(Word(1) << top);
  /// All ones where the highest bit is set, else 0.
  static constexpr Word spread(Word word) { return static_cast<Word>(Word(0) - (word >> top)); }

  /// diff-2: larger values have larger numbers.
  static constexpr Word order(Word word) {
    return IsSignedMagnitude ? static_cast<Word>(word ^ (spread(word) | sign)) : word;
  }
  static constexpr Word valueOf(Word order) {
    return IsSignedMagnitude ? static_cast<Word>(order ^ (static_cast<Word>(~spread(order)) | sign))
                             : order;
  }
  /// diff-3: 0, -1, 1, -2, 2, … are 0, 1, 2, 3, 4, …
  static constexpr Word subtract(Word word, Word base) {
    auto change = static_cast<Word>(order(word) - order(base));
    return static_cast<Word>(static_cast<Word>(change << 1) ^ spread(change));
  }
  static constexpr Word add(Word difference, Word base) {
    auto negative = static_cast<Word>(Word(0) - (difference & 1));
    auto change = static_cast<Word>((difference >> 1) ^ negative);
    return valueOf(static_cast<Word>(order(base) + change));
  }
};

template <typename Word> Word load(const uint8_t *at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

template <typename Kind, typename Word>
void subtractWords(const uint8_t *elements, const uint8_t *base, uint8_t *out, size_t bytes) {
  for (size_t at = 0; at < bytes; at += sizeof(Word)) {
    Word difference = Kind::subtract(load<Word>(elements + at), load<Word>(base + at));
    std::memcpy(out + at, &difference, sizeof(Word));
  }
}

template <typename Kind, typename Word>
void addWords(const uint8_t *base, uint8_t *out, size_t bytes) {
  for (size_t at = 0; at < bytes; at += sizeof(Word)) {
    Word word = Kind::add(load<Word>(out + at), load<Word>(base + at));
    std::memcpy(out + at, &word, sizeof(Word));
  }
}

struct Functions {
  void (*subtract)(const uint8_t *elements, const uint8_t *base, uint8_t *out, size_t bytes);
  void (*add)(const uint8_t *base, uint8_t *out, size_t bytes);
};

template <typename Word> Functions functionsOf(bool isSignedMagnitude) {
  using Signed = Ordered<Word, true>;
  using Integer = Ordered<Word, false>;
  if (isSignedMagnitude)
    return {subtractWords<Signed, Word>, addWords<Signed, Word>};
  return {subtractWords<Integer, Word>, addWords<Integer, Word>};
}

} // namespace

static Functions functionsOf(const SafetensorsDtype &dtype) {
  bool isSignedMagnitude =
      std::ranges::find(signedMagnitudes, dtype.name) != std::end(signedMagnitudes);
  switch (dtype.bits) {
  case 8:
    return functionsOf<uint8_t>(isSignedMagnitude);
  case 16:
    return functionsOf<uint16_t>(isSignedMagnitude);
  case 32:
    return functionsOf<uint32_t>(isSignedMagnitude);
  default:
    return functionsOf<uint64_t>(isSignedMagnitude);
  }
}

template <typename Body> static void inPieces(uint64_t bytes, ThreadPool &pool, Body body) {
  uint64_t pieces = bytes / differenceThreadBytes + (bytes % differenceThreadBytes != 0 ? 1 : 0);
  pool.parallelFor(pieces, [&](uint64_t i, unsigned) {
    uint64_t begin = i * differenceThreadBytes;
    body(begin, std::min(differenceThreadBytes, bytes - begin));
  });
}

void subtractBase(const SafetensorsDtype &dtype, std::span<const uint8_t> elements,
                  std::span<const uint8_t> base, std::span<uint8_t> out, ThreadPool &pool) {
  Functions functions = functionsOf(dtype);
  inPieces(out.size(), pool, [&](uint64_t begin, uint64_t bytes) {
    functions.subtract(elements.data() + begin, base.data() + begin, out.data() + begin, bytes);
  });
}

void addBase(const SafetensorsDtype &dtype, std::span<const uint8_t> base, std::span<uint8_t> bytes,
             ThreadPool &pool) {
  Functions functions = functionsOf(dtype);
  inPieces(bytes.size(), pool, [&](uint64_t begin, uint64_t count) {
    functions.add(base.data() + begin, bytes.data() + begin, count);
  });
}

} // namespace uwt
