//===- PackCodes.cpp - Codes in the order of compiled code ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PackCodes.h"
#include <cstring>

using namespace uwt;

static constexpr uint32_t rowsInBlock = 8, blocksInGroup = 4, pairsInBlock = 8;

/// Of a group's codes [16][64] those of rows `row` and `row` + 8, of 8 bits (run-1).
static void packBytes(const uint8_t *codes, uint32_t row, uint8_t *out) {
  constexpr uint32_t registerWords = 32, half = blockColumns / 2;
  for (uint32_t r = 0; r < 4; ++r) {
    // Word 2 * (4t + b) + h is column 16b + 2t + h of the half that r has.
    uint8_t *to = out + r * registerWords;
    const uint8_t *from = codes + (row + rowsInBlock * (r % 2)) * fixedUnitColumns + half * (r / 2);
    for (uint32_t t = 0; t < 4; ++t)
      for (uint32_t block = 0; block < blocksInGroup; ++block)
        std::memcpy(to + 2 * (4 * t + block), from + block * blockColumns + 2 * t, 2);
  }
}

/// Four bytes as the lower ones of words of 16 bits.
static uint64_t spreadBytes(uint64_t bytes) {
  bytes = (bytes | bytes << 16) & 0x0000FFFF0000FFFF;
  return (bytes | bytes << 8) & 0x00FF00FF00FF00FF;
}

/// Beside the bits that are there.
static void addBits(uint8_t *to, uint32_t bits) {
  uint32_t all;
  std::memcpy(&all, to, sizeof(all));
  all |= bits;
  std::memcpy(to, &all, sizeof(all));
}

/// The same of a chunk of nibbles, beside the bits that are there.
static void packNibbles(const CodeChunk &chunk, const uint8_t *codes, uint32_t row, uint8_t *out) {
  constexpr uint32_t half = blockColumns / 2;
  constexpr uint64_t lowestBits = 0x0101010101010101;
  const uint64_t mask = lowestBits * ((1u << chunk.bits) - 1);
  const uint32_t shift = chunk.bitsBelow(row);
  static_assert(half == sizeof(uint64_t) && pairsInBlock == half);
  // Eight codes of each of both rows as bytes with both.
  auto bothRows = [&](uint32_t k) {
    uint64_t upper, lower;
    std::memcpy(&upper, codes + row * fixedUnitColumns + k, half);
    std::memcpy(&lower, codes + (row + rowsInBlock) * fixedUnitColumns + k, half);
    upper = upper >> chunk.lowestBit & mask;
    lower = lower >> chunk.lowestBit & mask;
    return (upper | lower << 4) << shift;
  };
  for (uint32_t block = 0; block < blocksInGroup; ++block) {
    uint64_t left = bothRows(block * blockColumns), right = bothRows(block * blockColumns + half);
    for (uint32_t pairs = 0; pairs < 2; ++pairs) {
      // Words of pairs 4 * pairs to 4 * pairs + 3; those of lanes t are blocksInGroup * 4 bytes
      // apart.
      uint64_t words = spreadBytes(left >> (32 * pairs) & UINT32_MAX) |
                       spreadBytes(right >> (32 * pairs) & UINT32_MAX) << 8;
      for (uint32_t lane = 0; lane < 2; ++lane)
        addBits(out + ((2 * pairs + lane) * blocksInGroup + block) * 4,
                static_cast<uint32_t>(words >> (32 * lane)));
    }
  }
}

/// The same of 5 and 6 bits.
static void packPieces(const QuantizedUnit &unit, const uint8_t *codes, uint32_t row,
                       uint8_t *group) {
  constexpr uint32_t half = blockColumns / 2;
  for (uint32_t t = 0; t < half / 2; ++t)
    for (uint32_t block = 0; block < blocksInGroup; ++block) {
      std::array<uint32_t, 2> words{};
      for (uint32_t r = 0; r < 4; ++r) {
        const uint8_t *from = codes + (row + rowsInBlock * (r % 2)) * fixedUnitColumns +
                              block * blockColumns + half * (r / 2) + 2 * t;
        uint32_t both = from[0] | from[1] << 16;
        for (const CodePiece &piece : unit.pieces(r)) {
          uint32_t mask = ((1u << piece.bits) - 1) * 0x00010001;
          words[piece.chunk] |= (both >> piece.lowestBit & mask) << piece.bit;
        }
      }
      for (uint32_t i = 0; i < words.size(); ++i) {
        const CodeChunk &chunk = unit.chunks[i];
        addBits(group + (chunk.at(row) + blocksInGroup * t + block) * 4,
                words[i] << chunk.bitsBelow(row));
      }
    }
}

void uwt::packCodes(const QuantizedUnit &unit,
                    std::span<const uint8_t, stripRows * fixedUnitColumns> codes, uint8_t *out) {
  for (uint32_t g = 0; g < rowsInBlock; ++g) {
    if (unit.hasBytes())
      packBytes(codes.data(), g, out + uint64_t(g) * QuantizedUnit::byteRowU32 * 4);
    else if (unit.hasPieces())
      packPieces(unit, codes.data(), g, out);
    else
      for (const CodeChunk &chunk : unit.chunks)
        packNibbles(chunk, codes.data(), g, out + uint64_t(chunk.at(g)) * 4);
  }
}
