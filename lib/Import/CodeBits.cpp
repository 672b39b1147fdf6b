//===- CodeBits.cpp - Codes in words of 32 bits ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CodeBits.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>
#include <bit>

using namespace uwt;

static constexpr unsigned wordBits = 32;

uint64_t CodeBits::words(uint64_t codes) const {
  switch (packing) {
  case Packing::Dense:
    return codes / wordBits * bits + divideUp(codes % wordBits * bits, wordBits);
  case Packing::Whole:
    return divideUp(codes, wordBits / bits);
  case Packing::Planar:
    return divideUp(codes, wordBits) * bits;
  }
  return 0;
}

/// The field of `bits` bits number `index` of words that hold whole fields.
static uint32_t fieldOf(const uint32_t *words, uint64_t stride, unsigned bits, uint64_t index) {
  uint64_t each = wordBits / bits;
  return words[index / each * stride] >> (index % each * bits) & ((1u << bits) - 1);
}

static uint32_t planarCode(const uint32_t *words, uint64_t stride, unsigned bits, uint64_t index) {
  uint32_t code = 0;
  words += index / wordBits * bits * stride;
  for (unsigned done = 0; done < bits;) {
    unsigned plane = std::bit_floor(bits - done);
    code |= fieldOf(words, stride, plane, index % wordBits) << done;
    words += plane * stride;
    done += plane;
  }
  return code;
}

static uint32_t denseCode(const uint32_t *words, uint64_t stride, unsigned bits, uint64_t index) {
  uint64_t firstBit = index % wordBits * bits, shift = firstBit % wordBits;
  words += (index / wordBits * bits + firstBit / wordBits) * stride;
  uint64_t both = words[0];
  if (shift + bits > wordBits)
    both |= uint64_t(words[stride]) << wordBits;
  return static_cast<uint32_t>(both >> shift & ((uint64_t(1) << bits) - 1));
}

uint8_t CodeBits::at(const uint32_t *words, uint64_t stride, uint64_t index) const {
  switch (packing) {
  case Packing::Dense:
    return static_cast<uint8_t>(denseCode(words, stride, bits, index));
  case Packing::Whole:
    return static_cast<uint8_t>(fieldOf(words, stride, bits, index));
  case Packing::Planar:
    return static_cast<uint8_t>(planarCode(words, stride, bits, index));
  }
  return 0;
}

std::vector<uint8_t> uwt::unpackRows(CodeBits bits, std::span<const uint32_t> words, uint64_t rows,
                                     uint64_t columns, ThreadPool &pool) {
  std::vector<uint8_t> codes(rows * columns);
  uint64_t wordsEach = bits.words(columns);
  pool.parallelFor(rows, [&](uint64_t row, unsigned) {
    for (uint64_t column = 0; column < columns; ++column)
      codes[row * columns + column] = bits.at(words.data() + row * wordsEach, 1, column);
  });
  return codes;
}

std::vector<uint8_t> uwt::unpackColumns(CodeBits bits, std::span<const uint32_t> words,
                                        uint64_t rows, uint64_t columns, ThreadPool &pool) {
  // So many rows that what is read is whole cache lines.
  constexpr uint64_t rowsEach = 64;
  std::vector<uint8_t> codes(rows * columns);
  pool.parallelFor(divideUp(rows, rowsEach), [&](uint64_t block, unsigned) {
    uint64_t end = std::min(rows, (block + 1) * rowsEach);
    for (uint64_t column = 0; column < columns; ++column)
      for (uint64_t row = block * rowsEach; row < end; ++row)
        codes[row * columns + column] = bits.at(words.data() + row, rows, column);
  });
  return codes;
}
