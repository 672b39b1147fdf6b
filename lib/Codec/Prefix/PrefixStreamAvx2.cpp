//===- PrefixStreamAvx2.cpp - Prefix codes with AVX2 and BMI2 -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops gain shifts by any register and leading zero counts; AVX2 joins
// symbols and raw fields of 8 bits (bf16, j = 0) and of 6 bits (j = 2).
//
// A row of a block is one vector: columns 0 ... 15. Of a fixed unit, lanes
// 4g ... 4g + 3 hold rows g and g + 8; their u32 of four blocks lie together, [lane][block],
// so that a 4 x 4 transpose gives a vector a block.
//
//===----------------------------------------------------------------------===//

#include "PrefixStreamKernels.h"

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

/// Raw fields of 6 bits: a chunk of 4 (mantissa 3:0), then a chunk of 2 (sign over mantissa bit 4).
struct SixBits {
  /// Of the chunk of 4, by block: u32 of lanes t for columns 2t, 2t + 1, twice.
  __m256i nibbles[4];
  /// Of the chunk of 2, by pair of blocks.
  __m256i pairs[2];
};

UWT_AVX2 UWT_INLINE SixBits loadSixBits(const uint8_t *raw, uint32_t rowInStrip) {
  SixBits loaded;
  const uint8_t *four = raw + rowInStrip * 64, *two = raw + 512 + rowInStrip * 32;
  for (int t = 0; t < 4; ++t)
    loaded.nibbles[t] = load128Pair(four + 16 * t, four + 16 * t);
  transpose(loaded.nibbles);
  __m256 t01 = _mm256_castsi256_ps(load128Pair(two, two));
  __m256 t23 = _mm256_castsi256_ps(load128Pair(two + 16, two + 16));
  loaded.pairs[0] = _mm256_castps_si256(_mm256_shuffle_ps(t01, t23, 0x88));
  loaded.pairs[1] = _mm256_castps_si256(_mm256_shuffle_ps(t01, t23, 0xDD));
  return loaded;
}

/// One row of a block: `nibble` has mantissa 3:0 of each column in the lowest four bits, and
/// register `reg` (or `reg + 2` for columns 8 ... 15) its two bits in `pairs`.
UWT_AVX2 UWT_INLINE __m256i joinSixBits(__m256i symbols, __m256i nibble, __m256i pairs, int reg,
                                        int block) {
  int first = 2 * (reg + 4 * (block & 1)), second = first + 4;
  __m256i down = _mm256_srlv_epi32(
      pairs, _mm256_setr_epi32(first, first, first, first, second, second, second, second));
  __m256i mantissa = _mm256_and_si256(_mm256_slli_epi16(down, 4), _mm256_set1_epi16(0x0010));
  __m256i upper = _mm256_or_si256(mantissa, _mm256_slli_epi16(down, 14));
  return select(_mm256_set1_epi16(static_cast<short>(0x8010)), upper,
                select(_mm256_set1_epi16(0x000F), nibble, symbols));
}

template <bool Stream> UWT_AVX2 void mergeSixBits(const MergeJob &job) {
  // Bytes of a u32: |h1 r3 r2|h1 r1 r0|h0 r3 r2|h0 r1 r0|; columns 0 ... 7 take
  // r1 r0, columns 8 ... 15 take r3 r2.
  const __m256i pick = _mm256_add_epi8(_mm256_broadcastsi128_si256(_mm_setr_epi8(
                                           0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14)),
                                       _mm256_setr_m128i(_mm_setzero_si128(), _mm_set1_epi8(1)));
  for (uint32_t group = 0; group < job.groups; ++group) {
    SixBits raw = loadSixBits(job.raw + group * job.groupBytes, job.rowInStrip);
    for (int block = 0; block < 4; ++block) {
      size_t at = group * 64 + static_cast<size_t>(block) * 16;
      __m256i nibble = _mm256_shuffle_epi8(raw.nibbles[block], pick), pairs = raw.pairs[block >> 1];
      store<Stream>(job.outLow + at,
                    joinSixBits(loadSymbols(job.low + at), nibble, pairs, 0, block));
      store<Stream>(job.outHigh + at, joinSixBits(loadSymbols(job.high + at),
                                                  _mm256_srli_epi16(nibble, 4), pairs, 1, block));
    }
  }
}

void merge8(const MergeJob &job, bool stream) {
  stream ? mergeBytes<true>(job) : mergeBytes<false>(job);
}
void merge6(const MergeJob &job, bool stream) {
  stream ? mergeSixBits<true>(job) : mergeSixBits<false>(job);
}

UWT_AVX2 void fence() { _mm_sfence(); }

PrefixKernels makeKernels() {
  PrefixKernels made = prefixLoops();
  made.merge8 = merge8;
  made.merge6 = merge6;
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
