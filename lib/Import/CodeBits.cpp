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
#include <cstring>

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

/// Eight codes of 4 bits, those of most checkpoints.
static void unpackNibbles(uint32_t word, uint8_t *out) {
  uint64_t spread = word;
  spread = (spread | spread << 16) & 0x0000FFFF0000FFFF;
  spread = (spread | spread << 8) & 0x00FF00FF00FF00FF;
  spread = (spread | spread << 4) & 0x0F0F0F0F0F0F0F0F;
  std::memcpy(out, &spread, sizeof(spread));
}

/// All codes of a word that has whole ones, up to `codes` of them.
static void unpackWord(uint32_t word, unsigned bits, uint64_t codes, uint8_t *out) {
  if (bits == 4 && codes >= 8)
    return unpackNibbles(word, out);
  uint64_t count = std::min<uint64_t>(codes, wordBits / bits);
  for (uint64_t i = 0; i < count; ++i)
    out[i] = static_cast<uint8_t>(word >> (i * bits) & ((1u << bits) - 1));
}

/// Codes [rows, columns] of words: those of a row lie `stride` apart, those of the next row
/// `rowStride` behind.
static void unpackBlock(CodeBits bits, const uint32_t *words, uint64_t stride, uint64_t rowStride,
                        uint64_t rows, uint64_t columns, uint8_t *codes) {
  if (wordBits % bits.bits != 0 || bits.packing == CodeBits::Packing::Planar) {
    for (uint64_t column = 0; column < columns; ++column)
      for (uint64_t row = 0; row < rows; ++row)
        codes[row * columns + column] = bits.at(words + row * rowStride, stride, column);
    return;
  }
  uint64_t each = wordBits / bits.bits;
  for (uint64_t column = 0, word = 0; column < columns; column += each, ++word)
    for (uint64_t row = 0; row < rows; ++row)
      unpackWord(words[row * rowStride + word * stride], bits.bits, columns - column,
                 codes + row * columns + column);
}

std::vector<uint8_t> uwt::unpackRows(CodeBits bits, std::span<const uint32_t> words, uint64_t rows,
                                     uint64_t columns, ThreadPool &pool) {
  std::vector<uint8_t> codes(rows * columns);
  uint64_t wordsEach = bits.words(columns);
  pool.parallelFor(rows, [&](uint64_t row, unsigned) {
    unpackBlock(bits, words.data() + row * wordsEach, 1, 0, 1, columns,
                codes.data() + row * columns);
  });
  return codes;
}

std::vector<uint8_t> uwt::unpackColumns(CodeBits bits, std::span<const uint32_t> words,
                                        uint64_t rows, uint64_t columns, ThreadPool &pool) {
  // So many rows that what is read is whole cache lines.
  constexpr uint64_t rowsEach = 64;
  std::vector<uint8_t> codes(rows * columns);
  pool.parallelFor(divideUp(rows, rowsEach), [&](uint64_t block, unsigned) {
    uint64_t first = block * rowsEach;
    unpackBlock(bits, words.data() + first, rows, 1, std::min(rowsEach, rows - first), columns,
                codes.data() + first * columns);
  });
  return codes;
}
