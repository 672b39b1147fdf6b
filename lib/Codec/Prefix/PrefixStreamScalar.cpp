//===- PrefixStreamScalar.cpp - Prefix codes in portable C++ --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops without any instruction set, and raw fields of any width for all of
// them: the steps between a row of words and its chunks in a fixed unit (plane-1) or in
// a row (plane-2).
//
//===----------------------------------------------------------------------===//

#include "../Fixed/FieldPlane.h"
#include "../WideCall.h"
#include "PrefixStreamKernels.h"
#include <algorithm>

using namespace uwt;

UWT_PREFIX_LOOPS()

const PrefixKernels &uwt::portablePrefixKernels() {
  static const PrefixKernels kernels = prefixLoops();
  return kernels;
}

//===----------------------------------------------------------------------===//
// fragment: two rows of a strip x 64 columns
//===----------------------------------------------------------------------===//

/// Calls `visit(word, bit, column, isHigh)` for the two halves of a lane's register
/// in a chunk of rows g and g + 8: they are adjacent columns, and lie 16 bits apart in
/// u32 `word`, the first at `bit`.
template <uint32_t Chunk, typename Visit>
UWT_INLINE void eachRegister(uint32_t rowInStrip, Visit visit) {
  for (uint32_t t = 0; t < 4; ++t)
#pragma GCC unroll 4
    for (uint32_t block = 0; block < 4; ++block)
#pragma GCC unroll 4
      for (uint32_t reg = 0; reg < 4; ++reg) {
        uint32_t lane = 4 * rowInStrip + t;
        ChunkOffset offset = chunkOffset(Chunk, block, {lane, reg, 0});
        visit(offset.word, offset.bit, block * blockColumns + 2 * t + 8 * (reg >> 1), reg & 1);
      }
}

/// The lowest `Chunk` bits of both halves of a u32.
template <uint32_t Chunk> constexpr uint32_t halvesMask = ((1u << Chunk) - 1) * 0x10001u;

static const uint8_t *bytesAt(const uint16_t *row, uint32_t column) {
  return reinterpret_cast<const uint8_t *>(row + column);
}

template <uint32_t Chunk>
static void unpackChunk(const uint8_t *from, uint32_t rowInStrip, uint32_t shift, uint16_t *low,
                        uint16_t *high) {
  eachRegister<Chunk>(rowInStrip, [&](uint32_t word, uint32_t bit, uint32_t column, bool isHigh) {
    uint32_t both = loadWord(from + size_t(word) * 4) >> bit & halvesMask<Chunk>;
    uint16_t *to = (isHigh ? high : low) + column;
    uint32_t value = loadWord(bytesAt(to, 0)) | both << shift;
    std::memcpy(to, &value, sizeof(value));
  });
}

template <uint32_t Chunk>
static void packChunk(uint8_t *to, uint32_t rowInStrip, uint32_t shift, const uint16_t *low,
                      const uint16_t *high) {
  eachRegister<Chunk>(rowInStrip, [&](uint32_t word, uint32_t bit, uint32_t column, bool isHigh) {
    uint32_t both = loadWord(bytesAt(isHigh ? high : low, column)) >> shift & halvesMask<Chunk>;
    // The plane was all zero: a u32 is put together register by register.
    uint8_t *at = to + size_t(word) * 4;
    storeWord(at, loadWord(at) | both << bit);
  });
}

/// Calls `visit(chunk, at, shift)` for each chunk of a field: its bits as a constant, where its u32
/// in a unit at `unit` begin, and its lowest bit in the field.
template <typename Byte, typename Visit>
static void eachChunk(std::span<const uint32_t> chunks, Byte *unit, Visit visit) {
  uint32_t shift = 0;
  for (uint32_t chunk : chunks) {
    if (chunk == 16)
      visit(std::integral_constant<uint32_t, 16>(), unit, shift);
    else if (chunk == 8)
      visit(std::integral_constant<uint32_t, 8>(), unit, shift);
    else if (chunk == 4)
      visit(std::integral_constant<uint32_t, 4>(), unit, shift);
    else if (chunk == 2)
      visit(std::integral_constant<uint32_t, 2>(), unit, shift);
    else
      visit(std::integral_constant<uint32_t, 1>(), unit, shift);
    unit += size_t(unitBitBytes) * chunk;
    shift += chunk;
  }
}

static void unpackGroup(std::span<const uint32_t> chunks, const uint8_t *unit, uint32_t rowInStrip,
                        uint16_t *low, uint16_t *high) {
  std::fill_n(low, fixedUnitColumns, uint16_t(0));
  std::fill_n(high, fixedUnitColumns, uint16_t(0));
  eachChunk(chunks, unit, [&](auto chunk, const uint8_t *at, uint32_t shift) {
    unpackChunk<chunk>(at, rowInStrip, shift, low, high);
  });
}

static void packGroup(std::span<const uint32_t> chunks, uint8_t *unit, uint32_t rowInStrip,
                      const uint16_t *low, const uint16_t *high) {
  eachChunk(chunks, unit, [&](auto chunk, uint8_t *at, uint32_t shift) {
    packChunk<chunk>(at, rowInStrip, shift, low, high);
  });
}

/// Top-aligned symbols that are whole words.
static void alignSymbols(const FieldSplit &split, const uint16_t *symbols, size_t count,
                         uint16_t *out) {
  const uint32_t down = 16 - split.symbolBits;
  for (size_t i = 0; i < count; ++i)
    out[i] = static_cast<uint16_t>(symbols[i] >> down);
}

void uwt::mergeRowsPortable(const MergeJob &job) {
  if (job.chunks.empty()) {
    alignSymbols(*job.split, job.low, size_t(job.groups) * fixedUnitColumns, job.outLow);
    alignSymbols(*job.split, job.high, size_t(job.groups) * fixedUnitColumns, job.outHigh);
    return;
  }
  const FieldSplit split = *job.split;
  const uint32_t down = 16 - split.symbolBits;
  uint16_t low[fixedUnitColumns], high[fixedUnitColumns];
  for (uint32_t group = 0; group < job.groups; ++group) {
    unpackGroup(job.chunks, job.raw + group * job.groupBytes, job.rowInStrip, low, high);
    size_t at = size_t(group) * fixedUnitColumns;
    for (uint32_t i = 0; i < fixedUnitColumns; ++i) {
      job.outLow[at + i] = static_cast<uint16_t>(split.join(job.low[at + i] >> down, low[i]));
      job.outHigh[at + i] = static_cast<uint16_t>(split.join(job.high[at + i] >> down, high[i]));
    }
  }
}

[[gnu::always_inline]] static inline void splitGroup(const uint16_t *words, FieldSplit split,
                                                     uint16_t *raw, uint16_t *symbols) {
  for (uint32_t i = 0; i < fixedUnitColumns; ++i) {
    raw[i] = static_cast<uint16_t>(split.rawOf(words[i]));
    symbols[i] = static_cast<uint16_t>(split.symbolOf(words[i]));
  }
}

void uwt::splitRowsPortable(const SplitJob &job) {
  uint16_t low[fixedUnitColumns], high[fixedUnitColumns];
  for (uint32_t group = 0; group < job.groups; ++group) {
    size_t at = size_t(group) * fixedUnitColumns;
    callWide<splitGroup>(job.low + at, *job.split, low, job.symbolsLow + at);
    callWide<splitGroup>(job.high + at, *job.split, high, job.symbolsHigh + at);
    packGroup(job.chunks, job.raw + group * job.groupBytes, job.rowInStrip, low, high);
  }
}

//===----------------------------------------------------------------------===//
// row_major: a part of a row
//===----------------------------------------------------------------------===//

// Whole bytes in the inner loops, so that compilers see vectors.

template <uint32_t Chunk>
static void unpackRowChunk(const uint8_t *from, uint32_t shift, uint32_t count, uint16_t *values) {
  constexpr uint32_t mask = (1u << Chunk) - 1, each = 8 / Chunk;
  uint32_t whole = count / each;
  for (uint32_t i = 0; i < whole; ++i)
    for (uint32_t k = 0; k < each; ++k)
      values[i * each + k] |= static_cast<uint16_t>((from[i] >> (k * Chunk) & mask) << shift);
  for (uint32_t i = whole * each; i < count; ++i)
    values[i] |= static_cast<uint16_t>((from[whole] >> (i % each * Chunk) & mask) << shift);
}
template <>
void unpackRowChunk<16>(const uint8_t *from, uint32_t, uint32_t count, uint16_t *values) {
  std::memcpy(values, from, size_t(count) * 2);
}

void uwt::unpackRowRaw(std::span<const uint32_t> chunks, const uint8_t *row, uint64_t columns,
                       uint64_t first, uint32_t count, uint16_t *values) {
  std::fill_n(values, count, uint16_t(0));
  auto unpack = [&](uint32_t chunk, const uint8_t *from, uint32_t shift) {
    auto add = chunk == 16  ? unpackRowChunk<16>
               : chunk == 8 ? unpackRowChunk<8>
               : chunk == 4 ? unpackRowChunk<4>
               : chunk == 2 ? unpackRowChunk<2>
                            : unpackRowChunk<1>;
    add(from, shift, count, values);
  };
  forEachRowChunk(chunks, row, columns, first, unpack);
}

void uwt::joinRowPortable(const RowJob &job) {
  if (job.chunks.empty())
    return alignSymbols(*job.split, job.symbols, job.count, job.out);
  uint16_t raw[streamUnitColumns];
  unpackRowRaw(job.chunks, job.raw, job.columns, job.first, job.count, raw);
  const FieldSplit split = *job.split;
  for (uint32_t column = 0; column < job.count; ++column)
    job.out[column] = static_cast<uint16_t>(
        split.join(job.symbols[column] >> (16 - split.symbolBits), raw[column]));
}
