//===- PrefixStreamKernels.h - Inner loops of the prefix engine -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops that touch every code word, written once in portable C++ and
// compiled for several instruction sets, and the table of functions that an
// instruction set provides.
//
// A decoder's loop runs eight lanes at a time, since each lane is a chain of
// dependent loads and shifts. A lane's 64-bit buffer holds the next bits of the
// stream under a sentinel bit, whose position says how many bits have been taken:
// a code word costs a mask, a load, a shift and a store. Loops have no checks
// inside; they read at most codeWords * longest bits past a lane's start and
// report whether every lane ended where it should.
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_PREFIX_PREFIXSTREAMKERNELS_H
#define UWT_LIB_CODEC_PREFIX_PREFIXSTREAMKERNELS_H

#include "PrefixStream.h"
#include <cstring>

#define UWT_INLINE inline __attribute__((always_inline))

namespace uwt {

/// u16 from row to row of decoded symbols: off the 4 KiB at which stores and
/// loads of the eight lanes would be taken for each other.
inline constexpr size_t scratchStride = streamUnitColumns + 32;
/// Lanes that run together.
inline constexpr unsigned jointLanes = 8;
/// Rows of a strip that eight lanes of `fragment` cover: g, g + 1, g + 8, g + 9.
inline constexpr unsigned jointRows = 4;

/// Eight lanes of a fragment unit, or some rows of a row_major unit.
struct LaneJob {
  const uint8_t *stream;
  /// Bits at which the lanes start and end.
  const uint32_t *start, *end;
  /// fragment: [strip][jointRows]; row_major: a table a lane.
  const void *const *tables;
  /// Mask of `longest` bits.
  uint64_t mask;
  /// fragment only.
  uint32_t strips, blocks;
  /// row_major only: code words of a lane.
  uint32_t codeWords;
  /// fragment: [strip][jointRows] rows of scratchStride; row_major: a row a lane.
  uint16_t *symbols;
  /// Raw fields that the merge reads next, where it is worth asking for them
  /// early, and their strides: a strip, a group of 64 columns, a chunk.
  const uint8_t *ahead;
  size_t aheadStrip, aheadGroup, aheadChunk;
  /// Part of the next unit's stream, which is asked for early too: lanes are too short for the
  /// machine to see them coming.
  const uint8_t *next;
  size_t nextStride;
};

/// Two rows (g and g + 8) of a strip, 64 columns x `groups`.
struct MergeJob {
  const FieldSplit *split;
  std::span<const uint32_t> chunks;
  /// Top-aligned symbols in 16 bits; bits below are ignored.
  const uint16_t *low, *high;
  /// The fixed unit of the first group, and bytes from group to group.
  const uint8_t *raw;
  size_t groupBytes;
  uint32_t rowInStrip;
  uint32_t groups;
  uint16_t *outLow, *outHigh;
};

/// Columns [first, first + count) of a row of a row_major panel: top-aligned symbols
/// and the row's raw fields (plane-2) to words.
struct RowJob {
  const FieldSplit *split;
  std::span<const uint32_t> chunks;
  const uint16_t *symbols;
  /// The whole row, of `columns` columns; `first` is a multiple of 8.
  const uint8_t *raw;
  uint64_t columns, first;
  uint32_t count;
  uint16_t *out;
};

/// The opposite of `count` columns: words to raw fields, which are zero, and symbols
/// (right-aligned), as of `staged` columns, which are no fewer.
struct RowSplitJob {
  const FieldSplit *split;
  std::span<const uint32_t> chunks;
  const uint16_t *words;
  /// The whole row, as in RowJob.
  uint8_t *raw;
  uint64_t columns, first;
  uint32_t count, staged;
  uint16_t *symbols;
  /// Room for `staged` raw fields.
  uint16_t *scratch;
};

/// Of two rows of a fragment: words to raw fields and symbols (right-aligned).
struct SplitJob {
  const FieldSplit *split;
  std::span<const uint32_t> chunks;
  const uint16_t *low, *high;
  uint8_t *raw;
  size_t groupBytes;
  uint32_t rowInStrip;
  uint32_t groups;
  uint16_t *symbolsLow, *symbolsHigh;
};

/// Code words of four lanes that share rows g and g + 8, joined block by block:
/// [group][16], see splitPairs512.
struct PairSplitJob {
  const PairVectors *vectors;
  const uint16_t *low, *high;
  uint8_t *raw;
  size_t groupBytes;
  uint32_t rowInStrip;
  uint32_t groups;
  uint64_t *joined;
  /// Escapes: column << 1 | (1 for the row g + 8), at most two a column.
  uint32_t *escapes;
};

/// One lane's code words from symbols (pairs: numbers).
struct LaneCodeJob {
  /// fragment: rows g and g + 8 of the strips, from the lane's first column;
  /// row_major: low only.
  const uint16_t *low, *high;
  size_t stripStride;
  /// fragment: [strip][2]; row_major: one.
  const uint32_t *const *tables;
  uint32_t strips, blocks;
  uint32_t codeWords;
  uint32_t pairStride;
  /// Code words with flags: `note` gets `noteContext`, the number of the lane's element where
  /// the code words begin, and those entries.
  void (*note)(void *noteContext, uint32_t element, const uint32_t *entries, uint32_t count);
  void *noteContext;
};

/// Puts code words one after another: 8 bytes are stored at a time, so that 8
/// spare bytes are needed after the stream. It is reset where a new unit begins.
struct BitWriter {
  uint8_t *next;
  uint8_t *begin;
  uint64_t held = 0, heldBits = 0;

  explicit BitWriter(uint8_t *to) : next(to), begin(to) {}
  uint64_t bits() const { return static_cast<uint64_t>(next - begin) * 8 + heldBits; }
  /// length <= 56.
  UWT_INLINE void put(uint64_t word, uint64_t length) {
    held |= word << heldBits;
    heldBits += length;
    std::memcpy(next, &held, sizeof(held));
    next += heldBits >> 3;
    held >>= heldBits & 56;
    heldBits &= 7;
  }
};

using DecodeLanes = bool (*)(const LaneJob &);
using CodeLane = void (*)(const LaneCodeJob &, BitWriter &);

/// What an instruction set provides. First index of arrays: whether a code word may have 15 bits.
struct PrefixKernels {
  DecodeLanes fragmentSingle[2], fragmentSingleWide[2], fragmentPair[2];
  DecodeLanes rowsSingle[2], rowsSingleWide[2], rowsPair[2];
  CodeLane fragmentCodeSingle[2], fragmentCodePair[2], rowCodeSingle[2], rowCodePair[2];
  /// Plain stores, and stores past the caches for outputs at multiples of 64 bytes. mergeAny takes
  /// words of 16 bits with raw fields of any width, the others those of 8 and 6 bits with a sign.
  /// Null where there is nothing better than mergeAny, and than mergeRowsPortable.
  void (*merge8)(const MergeJob &, bool stream);
  void (*merge6)(const MergeJob &, bool stream);
  void (*mergeAny)(const MergeJob &, bool stream);
  /// The first columns of a row of 8, 6 or any number of raw bits, as mergeAny; returns how many,
  /// the rest is joinRowPortable's. Null as those.
  uint32_t (*joinRow8)(const RowJob &);
  uint32_t (*joinRow6)(const RowJob &);
  uint32_t (*joinRowAny)(const RowJob &);
  void (*split6)(const SplitJob &);
  /// Returns the number of escapes.
  uint32_t (*splitPairs)(const PairSplitJob &);
  /// After stores past the caches.
  void (*fence)();
};

const PrefixKernels &portablePrefixKernels();
const PrefixKernels &neonPrefixKernels();
const PrefixKernels &avx2PrefixKernels();
const PrefixKernels &avx512PrefixKernels();

void mergeRowsPortable(const MergeJob &job);
void joinRowPortable(const RowJob &job);
void splitRowsPortable(const SplitJob &job);
void splitRowFields(const RowSplitJob &job);
/// Raw fields of `count` elements of a row of `columns` (plane-2) from column `first`, a
/// multiple of 8.
void unpackRowRaw(std::span<const uint32_t> chunks, const uint8_t *row, uint64_t columns,
                  uint64_t first, uint32_t count, uint16_t *values);

//===----------------------------------------------------------------------===//
// Decoding loops
//===----------------------------------------------------------------------===//

namespace prefix_loop {

inline constexpr uint64_t sentinel = 1ull << 63;

/// Keeps a value in a scalar register: compilers see eight equal chains and pack
/// them into vectors, which is two to three times slower.
UWT_INLINE void keepScalar(uint64_t &value) { asm("" : "+r"(value)); }

/// Bits taken since `position`, once a sentinel has been shifted down.
UWT_INLINE uint64_t takenBits(uint64_t buffer) {
  return static_cast<uint64_t>(__builtin_clzll(buffer));
}

/// Afterwards 56 bits can be taken: 4 code words of 14 bits.
UWT_INLINE void refill(uint64_t &buffer, uint64_t &position, const uint8_t *stream) {
  position += takenBits(buffer);
  uint64_t next;
  std::memcpy(&next, stream + (position >> 3), sizeof(next));
  buffer = next >> (position & 7) | sentinel;
  keepScalar(buffer);
}

template <typename Entry>
UWT_INLINE uint32_t take(uint64_t &buffer, const Entry *table, uint64_t mask) {
  uint32_t entry = table[buffer & mask];
  // Lengths take bits 3:0 and bits 5:4 are 0: shift counts are modulo 64 anyway.
  buffer >>= entry & 63;
  keepScalar(buffer);
  return entry;
}

/// The symbols of one code word.
template <unsigned CodeSymbols, typename Entry>
UWT_INLINE void takeTo(uint16_t *to, uint64_t &buffer, const Entry *table, uint64_t mask) {
  uint32_t entry = take(buffer, table, mask);
  if constexpr (CodeSymbols == 2)
    std::memcpy(to, &entry, sizeof(entry));
  else
    *to = static_cast<uint16_t>(sizeof(Entry) == 4 ? entry >> 16 : entry);
}

template <unsigned Lanes>
UWT_INLINE bool endsMatch(const LaneJob &job, const uint64_t *buffer, const uint64_t *position) {
  bool match = true;
  for (unsigned lane = 0; lane < Lanes; ++lane)
    match &= position[lane] + takenBits(buffer[lane]) == job.end[lane]; // prefix-5
  return match;
}

/// Columns of the raw fields that block `block`'s turn asks for: four lines a
/// group of 64 columns, spread over its four blocks.
UWT_INLINE void askAhead(const LaneJob &job, const uint8_t *raw, uint32_t block) {
  __builtin_prefetch(raw + (block >> 2) * job.aheadGroup + (block & 1) * job.aheadChunk +
                     (block & 2) * 32);
}

/// Lanes 4g ... 4g + 7 of a unit: order-5.
template <unsigned CodeSymbols, typename Entry, bool Long>
UWT_INLINE bool decodeFragment(const LaneJob &job) {
  uint64_t buffer[jointLanes], position[jointLanes];
#pragma GCC unroll 8
  for (unsigned lane = 0; lane < jointLanes; ++lane)
    buffer[lane] = sentinel, position[lane] = job.start[lane];
  const uint8_t *stream = job.stream;
  const uint64_t mask = job.mask;
  for (uint32_t strip = 0; strip < job.strips; ++strip) {
    const Entry *tables[jointRows];
    for (unsigned row = 0; row < jointRows; ++row)
      tables[row] = static_cast<const Entry *>(job.tables[strip * jointRows + row]);
    const uint8_t *ahead = job.ahead + strip * job.aheadStrip;
    uint16_t *to = job.symbols + strip * jointRows * scratchStride;
    for (uint32_t block = 0; block < job.blocks; ++block, to += blockColumns) {
      askAhead(job, ahead, block);
#pragma GCC unroll 4
      for (unsigned reg = 0; reg < 4; ++reg) {
        if (reg == 0 || Long || (CodeSymbols == 1 && reg == 2)) {
#pragma GCC unroll 8
          for (unsigned lane = 0; lane < jointLanes; ++lane)
            refill(buffer[lane], position[lane], stream);
        }
#pragma GCC unroll 8
        for (unsigned lane = 0; lane < jointLanes; ++lane) {
          unsigned row = (reg & 1) * 2 + lane / 4;
          uint16_t *pair = to + row * scratchStride + (reg >> 1) * 8 + (lane & 3) * 2;
          takeTo<CodeSymbols>(pair, buffer[lane], tables[row], mask);
          if constexpr (CodeSymbols == 1)
            takeTo<CodeSymbols>(pair + 1, buffer[lane], tables[row], mask);
        }
      }
    }
  }
  return endsMatch<jointLanes>(job, buffer, position);
}

/// Some rows: order-6.
template <unsigned CodeSymbols, typename Entry, bool Long, unsigned Lanes>
UWT_INLINE bool decodeRows(const LaneJob &job) {
  constexpr unsigned refillWords = Long ? 2 : 4;
  uint64_t buffer[Lanes], position[Lanes];
  const Entry *tables[Lanes];
#pragma GCC unroll 8
  for (unsigned lane = 0; lane < Lanes; ++lane) {
    buffer[lane] = sentinel, position[lane] = job.start[lane];
    tables[lane] = static_cast<const Entry *>(job.tables[lane]);
  }
  uint16_t *to = job.symbols;
  uint32_t word = 0;
  for (; word + refillWords <= job.codeWords;
       word += refillWords, to += refillWords * CodeSymbols) {
#pragma GCC unroll 8
    for (unsigned lane = 0; lane < Lanes; ++lane)
      refill(buffer[lane], position[lane], job.stream);
#pragma GCC unroll 4
    for (unsigned i = 0; i < refillWords; ++i)
#pragma GCC unroll 8
      for (unsigned lane = 0; lane < Lanes; ++lane)
        takeTo<CodeSymbols>(to + lane * scratchStride + i * CodeSymbols, buffer[lane], tables[lane],
                            job.mask);
  }
  for (; word < job.codeWords; ++word, to += CodeSymbols)
    for (unsigned lane = 0; lane < Lanes; ++lane) {
      refill(buffer[lane], position[lane], job.stream);
      takeTo<CodeSymbols>(to + lane * scratchStride, buffer[lane], tables[lane], job.mask);
    }
  return endsMatch<Lanes>(job, buffer, position);
}

//===----------------------------------------------------------------------===//
// Encoding loops
//===----------------------------------------------------------------------===//

/// Four code words; `element` is the number of the first one's first element.
template <bool Long>
UWT_INLINE void putFour(const LaneCodeJob &job, BitWriter &writer, uint32_t element, uint32_t e0,
                        uint32_t e1, uint32_t e2, uint32_t e3) {
  if (__builtin_expect((e0 | e1 | e2 | e3) >> 29, 0)) {
    uint32_t entries[4] = {e0, e1, e2, e3};
    job.note(job.noteContext, element, entries, 4);
    e0 &= ~encode_entry::flags, e1 &= ~encode_entry::flags;
    e2 &= ~encode_entry::flags, e3 &= ~encode_entry::flags;
  }
  // The last code word first, so that each shift count is an entry as it is
  // (shifts look at its lowest six bits).
  uint64_t high = e3 >> 6;
  high = high << (e2 & 63) | e2 >> 6;
  uint64_t low = e1 >> 6;
  low = low << (e0 & 63) | e0 >> 6;
  if constexpr (Long) {
    writer.put(low, (e0 + e1) & 63);
    writer.put(high, (e2 + e3) & 63);
  } else {
    writer.put(high << ((e0 + e1) & 63) | low, (e0 + e1 + e2 + e3) & 63);
  }
}

template <unsigned CodeSymbols>
UWT_INLINE uint32_t entryAt(const uint32_t *table, const uint16_t *symbols, uint32_t pairStride) {
  if constexpr (CodeSymbols == 1)
    return table[symbols[0]];
  else
    return table[symbols[0] + pairStride * symbols[1]];
}

template <unsigned CodeSymbols, bool Long>
UWT_INLINE void codeFragmentLane(const LaneCodeJob &job, BitWriter &writer) {
  BitWriter local = writer;
  const uint32_t stride = job.pairStride;
  uint32_t element = 0;
  for (uint32_t strip = 0; strip < job.strips; ++strip) {
    const uint32_t *t0 = job.tables[strip * 2], *t1 = job.tables[strip * 2 + 1];
    const uint16_t *a = job.low + strip * job.stripStride, *b = job.high + strip * job.stripStride;
    for (uint32_t block = 0; block < job.blocks; ++block, element += 8, a += 16, b += 16) {
      if constexpr (CodeSymbols == 1) {
        putFour<Long>(job, local, element, t0[a[0]], t0[a[1]], t1[b[0]], t1[b[1]]);
        putFour<Long>(job, local, element + 4, t0[a[8]], t0[a[9]], t1[b[8]], t1[b[9]]);
      } else {
        putFour<Long>(job, local, element, entryAt<2>(t0, a, stride), entryAt<2>(t1, b, stride),
                      entryAt<2>(t0, a + 8, stride), entryAt<2>(t1, b + 8, stride));
      }
    }
  }
  writer = local;
}

template <unsigned CodeSymbols, bool Long>
UWT_INLINE void codeRow(const LaneCodeJob &job, BitWriter &writer) {
  BitWriter local = writer;
  const uint32_t *table = job.tables[0], stride = job.pairStride;
  const uint16_t *a = job.low;
  uint32_t word = 0;
  for (; word + 4 <= job.codeWords; word += 4, a += 4 * CodeSymbols)
    putFour<Long>(job, local, word * CodeSymbols, entryAt<CodeSymbols>(table, a, stride),
                  entryAt<CodeSymbols>(table, a + CodeSymbols, stride),
                  entryAt<CodeSymbols>(table, a + 2 * CodeSymbols, stride),
                  entryAt<CodeSymbols>(table, a + 3 * CodeSymbols, stride));
  for (; word < job.codeWords; ++word, a += CodeSymbols) {
    uint32_t entry = entryAt<CodeSymbols>(table, a, stride);
    if (entry >> 29)
      job.note(job.noteContext, word * CodeSymbols, &entry, 1);
    entry &= ~encode_entry::flags;
    local.put(entry >> encode_entry::lengthBits, entry & encode_entry::lengthMask);
  }
  writer = local;
}

} // namespace prefix_loop

/// Defines the loops for an instruction set: TARGET is empty or a target
/// attribute.
#define UWT_PREFIX_LOOPS(TARGET)                                                                   \
  template <unsigned CodeSymbols, typename Entry, bool Long>                                       \
  TARGET static bool fragmentLoop(const LaneJob &job) {                                            \
    return prefix_loop::decodeFragment<CodeSymbols, Entry, Long>(job);                             \
  }                                                                                                \
  template <unsigned CodeSymbols, typename Entry, bool Long>                                       \
  TARGET static bool rowLoop(const LaneJob &job) {                                                 \
    return prefix_loop::decodeRows<CodeSymbols, Entry, Long, jointLanes>(job);                     \
  }                                                                                                \
  template <unsigned CodeSymbols, bool Long>                                                       \
  TARGET static void fragmentCodeLoop(const LaneCodeJob &job, BitWriter &writer) {                 \
    prefix_loop::codeFragmentLane<CodeSymbols, Long>(job, writer);                                 \
  }                                                                                                \
  template <unsigned CodeSymbols, bool Long>                                                       \
  TARGET static void rowCodeLoop(const LaneCodeJob &job, BitWriter &writer) {                      \
    prefix_loop::codeRow<CodeSymbols, Long>(job, writer);                                          \
  }                                                                                                \
  static PrefixKernels prefixLoops() {                                                             \
    PrefixKernels made{};                                                                          \
    made.fragmentSingle[0] = fragmentLoop<1, uint16_t, false>;                                     \
    made.fragmentSingle[1] = fragmentLoop<1, uint16_t, true>;                                      \
    made.fragmentSingleWide[0] = fragmentLoop<1, uint32_t, false>;                                 \
    made.fragmentSingleWide[1] = fragmentLoop<1, uint32_t, true>;                                  \
    made.fragmentPair[0] = fragmentLoop<2, uint32_t, false>;                                       \
    made.fragmentPair[1] = fragmentLoop<2, uint32_t, true>;                                        \
    made.rowsSingle[0] = rowLoop<1, uint16_t, false>;                                              \
    made.rowsSingle[1] = rowLoop<1, uint16_t, true>;                                               \
    made.rowsSingleWide[0] = rowLoop<1, uint32_t, false>;                                          \
    made.rowsSingleWide[1] = rowLoop<1, uint32_t, true>;                                           \
    made.rowsPair[0] = rowLoop<2, uint32_t, false>;                                                \
    made.rowsPair[1] = rowLoop<2, uint32_t, true>;                                                 \
    made.fragmentCodeSingle[0] = fragmentCodeLoop<1, false>;                                       \
    made.fragmentCodeSingle[1] = fragmentCodeLoop<1, true>;                                        \
    made.fragmentCodePair[0] = fragmentCodeLoop<2, false>;                                         \
    made.fragmentCodePair[1] = fragmentCodeLoop<2, true>;                                          \
    made.rowCodeSingle[0] = rowCodeLoop<1, false>;                                                 \
    made.rowCodeSingle[1] = rowCodeLoop<1, true>;                                                  \
    made.rowCodePair[0] = rowCodeLoop<2, false>;                                                   \
    made.rowCodePair[1] = rowCodeLoop<2, true>;                                                    \
    return made;                                                                                   \
  }

} // namespace uwt

#endif // UWT_LIB_CODEC_PREFIX_PREFIXSTREAMKERNELS_H
