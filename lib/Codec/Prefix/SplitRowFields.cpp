//===- SplitRowFields.cpp - Rows to symbols and raw fields ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of row_major panels, any fields of any width. Those of exponents with two mantissa bits,
// which files of weights have most, are put together in registers.
//
//===----------------------------------------------------------------------===//

#include "../Fixed/FieldPlane.h"
#include "../WideCall.h"
#include "PrefixStreamKernels.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace uwt;

// Whole bytes in the inner loops, so that compilers see vectors.

template <uint32_t Chunk>
[[gnu::always_inline]] static inline void packRowChunk(uint8_t *to, uint32_t shift, uint32_t count,
                                                       const uint16_t *values) {
  constexpr uint32_t mask = (1u << Chunk) - 1, each = 8 / Chunk;
  auto byteOf = [&](uint32_t i, uint32_t columns) __attribute__((always_inline)) {
    uint32_t byte = 0;
    for (uint32_t k = 0; k < columns; ++k)
      byte |= (values[i * each + k] >> shift & mask) << (k * Chunk);
    return static_cast<uint8_t>(byte);
  };
  uint32_t whole = count / each;
  for (uint32_t i = 0; i < whole; ++i)
    to[i] = byteOf(i, each);
  if (count % each)
    to[whole] = byteOf(whole, count % each);
}
static void packRowWords(uint8_t *to, uint32_t, uint32_t count, const uint16_t *values) {
  std::memcpy(to, values, size_t(count) * 2);
}
template <uint32_t Chunk>
static void packRowWide(uint8_t *to, uint32_t shift, uint32_t count, const uint16_t *values) {
  callWide<packRowChunk<Chunk>>(to, shift, count, values);
}

[[gnu::always_inline]] static inline void splitElements(const uint16_t *words, uint32_t count,
                                                        FieldSplit split, uint16_t *symbols,
                                                        uint16_t *raw) {
  for (uint32_t i = 0; i < count; ++i) {
    symbols[i] = static_cast<uint16_t>(split.symbolOf(words[i]));
    raw[i] = static_cast<uint16_t>(split.rawOf(words[i]));
  }
}

/// Raw fields of `count` elements of a row of `columns` (plane-2) from column `first`.
static void packRowRaw(std::span<const uint32_t> chunks, uint8_t *row, uint64_t columns,
                       uint64_t first, uint32_t count, const uint16_t *values) {
  forEachRowChunk(chunks, row, columns, first, [&](uint32_t chunk, uint8_t *to, uint32_t shift) {
    auto pack = chunk == 16  ? packRowWords
                : chunk == 8 ? packRowWide<8>
                : chunk == 4 ? packRowWide<4>
                : chunk == 2 ? packRowWide<2>
                             : packRowWide<1>;
    pack(to, shift, count, values);
  });
}

#if defined(__x86_64__)
/// 32 nibbles out of four vectors of words.
__attribute__((target("avx2"))) static __m256i packRowNibbles(const __m256i (&words)[4]) {
  const __m256i mask = _mm256_set1_epi16(15), places = _mm256_set1_epi32(1 | 16 << 16);
  __m256i bytes[4];
  for (int k = 0; k < 4; ++k)
    bytes[k] = _mm256_madd_epi16(_mm256_and_si256(words[k], mask), places);
  __m256i all = _mm256_packus_epi16(_mm256_packus_epi32(bytes[0], bytes[1]),
                                    _mm256_packus_epi32(bytes[2], bytes[3]));
  // Packing went by halves of vectors.
  return _mm256_permutevar8x32_epi32(all, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/// The mantissa bit above the nibble and the sign, of four vectors of words.
__attribute__((target("avx2"))) static __m128i packRowPairs(const __m256i (&words)[4]) {
  const __m256i two = _mm256_set1_epi32(1 | 4 << 16), four = _mm256_set1_epi32(1 | 16 << 16);
  __m256i parts[4];
  for (int k = 0; k < 4; ++k) {
    __m256i mantissa = _mm256_and_si256(_mm256_srli_epi16(words[k], 4), _mm256_set1_epi16(1));
    __m256i sign = _mm256_and_si256(_mm256_srli_epi16(words[k], 14), _mm256_set1_epi16(2));
    parts[k] = _mm256_madd_epi16(_mm256_or_si256(mantissa, sign), two);
  }
  __m256i low = _mm256_madd_epi16(_mm256_packus_epi32(parts[0], parts[1]), four);
  __m256i high = _mm256_madd_epi16(_mm256_packus_epi32(parts[2], parts[3]), four);
  __m256i words16 = _mm256_packus_epi32(low, high);
  __m256i bytes = _mm256_packus_epi16(words16, words16);
  return _mm_unpacklo_epi16(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
}

/// Symbols of 10 bits and raw fields of 6; returns the number of words that are done.
__attribute__((target("avx2"))) static uint32_t splitRowSixBits(const RowSplitJob &job) {
  constexpr uint32_t step = 64;
  uint8_t *nibbles = job.raw + job.first / 2;
  uint8_t *pairs = job.raw + rowChunkBytes(job.columns, 4) + job.first / 4;
  uint32_t done = 0;
  for (; done + step <= job.count; done += step) {
    __m256i words[4];
    for (uint32_t k = 0; k < 4; ++k) {
      uint32_t at = done + 16 * k;
      words[k] = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(job.words + at));
      __m256i symbols = _mm256_and_si256(_mm256_srli_epi16(words[k], 5), _mm256_set1_epi16(0x3ff));
      _mm256_storeu_si256(reinterpret_cast<__m256i *>(job.symbols + at), symbols);
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(nibbles + done / 2), packRowNibbles(words));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(pairs + done / 4), packRowPairs(words));
  }
  return done;
}
#endif

void uwt::splitRowFields(const RowSplitJob &job) {
  uint32_t done = 0;
#if defined(__x86_64__)
  const FieldSplit &split = *job.split;
  bool isWide = split.wordBits == 16 && split.signBits == 1;
  if (isWide && split.symbolBits == 10 && hostSimdLevel() >= SimdLevel::Avx2)
    done = splitRowSixBits(job);
#endif
  if (done == job.staged)
    return;
  callWide<splitElements>(job.words + done, job.staged - done, *job.split, job.symbols + done,
                          job.scratch);
  packRowRaw(job.chunks, job.raw, job.columns, job.first + done, job.count - done, job.scratch);
}
