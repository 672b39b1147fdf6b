//===- PrefixStreamAvx2.cpp - Prefix codes with AVX2 and BMI2 -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops gain shifts by any register and leading zero counts; AVX2 joins
// symbols and raw fields.
//
// A row of a block is one vector: columns 0 ... 15. Of a fixed unit, lanes
// 4g ... 4g + 3 hold rows g and g + 8; their u32 of four blocks lie together, [lane][block],
// so that a 4 x 4 transpose gives a vector a block.
//
//===----------------------------------------------------------------------===//

#include "../Fixed/FieldPlane.h"
#include "PrefixStreamKernels.h"
#include <algorithm>
#include <array>
#include <cstring>

using namespace uwt;

#if defined(__x86_64__)
#include <immintrin.h>

#define UWT_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt")))

UWT_PREFIX_LOOPS(UWT_AVX2)

namespace {

UWT_AVX2 UWT_INLINE __m256i load128Pair(const uint8_t *low, const uint8_t *high) {
  return _mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i *>(low))),
      _mm_loadu_si128(reinterpret_cast<const __m128i *>(high)), 1);
}

/// Bits of `a` where `mask` has ones, else of `b`.
UWT_AVX2 UWT_INLINE __m256i select(__m256i mask, __m256i a, __m256i b) {
  return _mm256_or_si256(_mm256_and_si256(mask, a), _mm256_andnot_si256(mask, b));
}

/// Top-aligned symbols, moved below the sign.
UWT_AVX2 UWT_INLINE __m256i loadSymbols(const uint16_t *from) {
  return _mm256_srli_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)), 1);
}

template <bool Stream> UWT_AVX2 UWT_INLINE void store(uint16_t *to, __m256i value) {
  if constexpr (Stream)
    _mm256_stream_si256(reinterpret_cast<__m256i *>(to), value);
  else
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), value);
}

/// u32 [lane][block] to [block][lane], in each half by itself.
UWT_AVX2 UWT_INLINE void transpose(__m256i v[4]) {
  __m256i a = _mm256_unpacklo_epi32(v[0], v[1]), b = _mm256_unpackhi_epi32(v[0], v[1]);
  __m256i c = _mm256_unpacklo_epi32(v[2], v[3]), d = _mm256_unpackhi_epi32(v[2], v[3]);
  v[0] = _mm256_unpacklo_epi64(a, c);
  v[1] = _mm256_unpackhi_epi64(a, c);
  v[2] = _mm256_unpacklo_epi64(b, d);
  v[3] = _mm256_unpackhi_epi64(b, d);
}

/// Raw fields of 8 bits: kind 0 holds columns 0 ... 7 of a block, kind 1 columns
/// 8 ... 15. Bytes of a u32 (plane-1), by half and row: |h1 g+8|h1 g|h0 g+8|h0 g|.
template <bool Stream> UWT_AVX2 void mergeBytes(const MergeJob &job) {
  const __m256i keep = _mm256_set1_epi16(static_cast<short>(0x807F));
  // Both bytes of a column get its raw byte: the sign is its top bit.
  const __m256i pickLow = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14));
  const __m256i pickHigh = _mm256_add_epi8(pickLow, _mm256_set1_epi8(1));
  for (uint32_t group = 0; group < job.groups; ++group) {
    const uint8_t *raw = job.raw + group * job.groupBytes + job.rowInStrip * 64;
    __m256i lanes[4];
    for (int t = 0; t < 4; ++t)
      lanes[t] = load128Pair(raw + 16 * t, raw + 512 + 16 * t);
    transpose(lanes);
    for (int block = 0; block < 4; ++block) {
      size_t at = group * 64 + static_cast<size_t>(block) * 16;
      store<Stream>(job.outLow + at, select(keep, _mm256_shuffle_epi8(lanes[block], pickLow),
                                            loadSymbols(job.low + at)));
      store<Stream>(job.outHigh + at, select(keep, _mm256_shuffle_epi8(lanes[block], pickHigh),
                                             loadSymbols(job.high + at)));
    }
  }
}

/// Raw fields of two rows of 64 columns, a vector a block.
struct RawRows {
  __m256i low[4], high[4];
};

/// The u32 of a chunk at `unit` that hold rows g and g + 8, by block: those of lanes t for columns
/// 0 ... 7 below those for columns 8 ... 15 (plane-1).
template <uint32_t Chunk>
UWT_AVX2 UWT_INLINE RawRows loadChunk(const uint8_t *unit, uint32_t rowInStrip) {
  const uint8_t *at = unit + size_t(rowInStrip) * (Chunk < 4 ? 16 * Chunk : 64);
  RawRows words;
  if constexpr (Chunk == 1) {
    std::ranges::fill(words.low, load128Pair(at, at));
  } else if constexpr (Chunk == 2) {
    __m256 t01 = _mm256_castsi256_ps(load128Pair(at, at));
    __m256 t23 = _mm256_castsi256_ps(load128Pair(at + 16, at + 16));
    words.low[0] = words.low[1] = _mm256_castps_si256(_mm256_shuffle_ps(t01, t23, 0x88));
    words.low[2] = words.low[3] = _mm256_castps_si256(_mm256_shuffle_ps(t01, t23, 0xDD));
  } else {
    // Columns 8 ... 15 are registers 2 and 3: half of the kinds further.
    constexpr int right = Chunk / 8 * 512;
    for (int t = 0; t < 4; ++t)
      words.low[t] = load128Pair(at + 16 * t, at + 16 * t + right);
    transpose(words.low);
  }
  std::ranges::copy(words.low, words.high);
  if constexpr (Chunk == 16) {
    for (int t = 0; t < 4; ++t)
      words.high[t] = load128Pair(at + 16 * t + 512, at + 16 * t + 1536);
    transpose(words.high);
  }
  return words;
}

/// The bits of register `reg` and, in columns 8 ... 15, of register `reg + 2`.
template <uint32_t Chunk> UWT_AVX2 UWT_INLINE __m256i chunkBits(__m256i words, int block, int reg) {
  constexpr int registers = 16 / Chunk;
  int left = Chunk * ((4 * block + reg) % registers);
  int right = Chunk * ((4 * block + reg + 2) % registers);
  __m256i shift = _mm256_setr_epi32(left, left, left, left, right, right, right, right);
  return _mm256_and_si256(_mm256_srlv_epi32(words, shift),
                          _mm256_set1_epi16(static_cast<short>((1u << Chunk) - 1)));
}

template <uint32_t Chunk>
UWT_AVX2 UWT_INLINE void addChunk(const uint8_t *unit, uint32_t rowInStrip, uint32_t shift,
                                  RawRows &rows) {
  const __m128i up = _mm_cvtsi32_si128(static_cast<int>(shift));
  RawRows words = loadChunk<Chunk>(unit, rowInStrip);
#pragma GCC unroll 4
  for (int block = 0; block < 4; ++block) {
    __m256i low = chunkBits<Chunk>(words.low[block], block, 0);
    __m256i high = chunkBits<Chunk>(words.high[block], block, 1);
    rows.low[block] = _mm256_or_si256(rows.low[block], _mm256_sll_epi16(low, up));
    rows.high[block] = _mm256_or_si256(rows.high[block], _mm256_sll_epi16(high, up));
  }
}

UWT_AVX2 UWT_INLINE RawRows loadRawRows(std::span<const uint32_t> chunks, const uint8_t *unit,
                                        uint32_t rowInStrip) {
  RawRows rows = {};
  uint32_t shift = 0;
  for (uint32_t chunk : chunks) {
    if (chunk == 16)
      addChunk<16>(unit, rowInStrip, shift, rows);
    else if (chunk == 8)
      addChunk<8>(unit, rowInStrip, shift, rows);
    else if (chunk == 4)
      addChunk<4>(unit, rowInStrip, shift, rows);
    else if (chunk == 2)
      addChunk<2>(unit, rowInStrip, shift, rows);
    else
      addChunk<1>(unit, rowInStrip, shift, rows);
    unit += size_t(unitBitBytes) * chunk;
    shift += chunk;
  }
  return rows;
}

/// Puts symbols and raw fields of any width together.
class WordJoiner {
public:
  UWT_AVX2 explicit WordJoiner(const FieldSplit &split)
      : rawMask(static_cast<short>((1u << split.rawLowBits) - 1 | split.signBits << 15)),
        signMask(static_cast<short>(split.signBits << 15)), down(static_cast<int>(split.signBits)),
        up(static_cast<int>(16 - split.rawBits())) {}

  UWT_AVX2 UWT_INLINE __m256i join(const uint16_t *symbols, __m256i raw) const {
    const __m256i sign = _mm256_set1_epi16(signMask);
    __m256i symbol = _mm256_srl_epi16(
        _mm256_loadu_si256(reinterpret_cast<const __m256i *>(symbols)), _mm_cvtsi32_si128(down));
    __m256i field = select(sign, _mm256_sll_epi16(raw, _mm_cvtsi32_si128(up)), raw);
    return select(_mm256_set1_epi16(rawMask), field, symbol);
  }

private:
  short rawMask, signMask;
  int down, up;
};

template <bool Stream> UWT_AVX2 void mergeRows(const MergeJob &job) {
  const WordJoiner joiner(*job.split);
  for (uint32_t group = 0; group < job.groups; ++group) {
    RawRows raw = loadRawRows(job.chunks, job.raw + group * job.groupBytes, job.rowInStrip);
    for (size_t block = 0; block < 4; ++block) {
      size_t at = group * size_t(64) + block * 16;
      store<Stream>(job.outLow + at, joiner.join(job.low + at, raw.low[block]));
      store<Stream>(job.outHigh + at, joiner.join(job.high + at, raw.high[block]));
    }
  }
}

/// The bytes of 16 columns of a chunk of up to 8 bits, in both halves.
template <uint32_t Chunk> UWT_AVX2 UWT_INLINE __m256i loadRowChunk(const uint8_t *from) {
  if constexpr (Chunk == 8) {
    return load128Pair(from, from);
  } else {
    uint64_t bytes = 0;
    std::memcpy(&bytes, from, size_t(2) * Chunk);
    return _mm256_set1_epi64x(static_cast<int64_t>(bytes));
  }
}

/// Adds a chunk of whole groups of 16 columns of a row (plane-2) to their raw fields.
template <uint32_t Chunk>
UWT_AVX2 void addRowChunk(const uint8_t *from, uint32_t shift, uint32_t count, uint16_t *raw) {
  // Each column takes its byte, times a power of two in place of a shift.
  alignas(32) static constexpr auto picks = [] {
    std::array<std::array<uint16_t, 16>, 2> made{};
    for (uint32_t column = 0; column < 16; ++column) {
      made[0][column] = static_cast<uint16_t>(0x8000 | column * Chunk / 8);
      made[1][column] = static_cast<uint16_t>(1u << (8 - column * Chunk % 8));
    }
    return made;
  }();
  auto load = [](const uint16_t *at)
                  UWT_AVX2 { return _mm256_load_si256(reinterpret_cast<const __m256i *>(at)); };
  const __m256i pick = load(picks[0].data()), scale = load(picks[1].data());
  const __m256i mask = _mm256_set1_epi16(static_cast<short>((1u << Chunk) - 1));
  const __m128i up = _mm_cvtsi32_si128(static_cast<int>(shift));
  for (uint32_t column = 0; column < count; column += 16, from += 2 * Chunk) {
    __m256i bytes = _mm256_shuffle_epi8(loadRowChunk<Chunk>(from), pick);
    __m256i field = _mm256_and_si256(_mm256_srli_epi16(_mm256_mullo_epi16(bytes, scale), 8), mask);
    auto *to = reinterpret_cast<__m256i *>(raw + column);
    _mm256_store_si256(to, _mm256_or_si256(_mm256_load_si256(to), _mm256_sll_epi16(field, up)));
  }
}
template <>
UWT_AVX2 void addRowChunk<16>(const uint8_t *from, uint32_t, uint32_t count, uint16_t *raw) {
  std::memcpy(raw, from, size_t(count) * 2);
}

UWT_AVX2 uint32_t joinRowAny(const RowJob &job) {
  uint32_t count = job.count / 16 * 16;
  alignas(32) uint16_t raw[streamUnitColumns];
  std::fill_n(raw, count, uint16_t(0));
  auto unpack = [&](uint32_t chunk, const uint8_t *from, uint32_t shift) {
    auto add = chunk == 16  ? addRowChunk<16>
               : chunk == 8 ? addRowChunk<8>
               : chunk == 4 ? addRowChunk<4>
               : chunk == 2 ? addRowChunk<2>
                            : addRowChunk<1>;
    add(from, shift, count, raw);
  };
  forEachRowChunk(job.chunks, job.raw, job.columns, job.first, unpack);
  const WordJoiner joiner(*job.split);
  for (uint32_t column = 0; column < count; column += 16)
    store<false>(job.out + column,
                 joiner.join(job.symbols + column,
                             _mm256_load_si256(reinterpret_cast<const __m256i *>(raw + column))));
  return count;
}

void merge8(const MergeJob &job, bool stream) {
  stream ? mergeBytes<true>(job) : mergeBytes<false>(job);
}
void mergeAny(const MergeJob &job, bool stream) {
  stream ? mergeRows<true>(job) : mergeRows<false>(job);
}

UWT_AVX2 void fence() { _mm_sfence(); }

PrefixKernels makeKernels() {
  PrefixKernels made = prefixLoops();
  made.merge8 = merge8;
  made.mergeAny = mergeAny;
  made.joinRowAny = joinRowAny;
  made.fence = fence;
  return made;
}

} // namespace

const PrefixKernels &uwt::avx2PrefixKernels() {
  static const PrefixKernels kernels = makeKernels();
  return kernels;
}

#else

const PrefixKernels &uwt::avx2PrefixKernels() { return portablePrefixKernels(); }

#endif
