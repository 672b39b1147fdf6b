//===- PrefixStreamAvx512.cpp - Prefix codes with AVX-512 -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The lane loops are those of BMI2. AVX-512 (VBMI, VBMI2) moves bytes between
// rows and fixed units with one permutation each way, and looks pairs of bf16
// exponents up in tables that lie in registers.
//
// Two rows g and g + 8 and 64 columns at a time: of a fixed unit that is
// lanes 4g ... 4g + 3, 64 contiguous bytes of each kind of an 8-bit or 4-bit chunk, 32
// of a 2-bit one, [lane t][block].
//
//===----------------------------------------------------------------------===//

#include "../Avx512.h"
#include "../Fixed/FieldPlane.h"
#include "PrefixStreamKernels.h"
#include <array>

using namespace uwt;

#if defined(__x86_64__)
using namespace uwt::avx512;

namespace {

UWT_AVX512 UWT_INLINE __m512i words(uint16_t value) {
  return _mm512_set1_epi16(static_cast<short>(value));
}

template <bool Stream> UWT_AVX512 UWT_INLINE void store(uint16_t *to, __m512i value) {
  if constexpr (Stream)
    _mm512_stream_si512(reinterpret_cast<__m512i *>(to), value);
  else
    _mm512_storeu_si512(to, value);
}

/// Top-aligned symbols, moved below the sign.
UWT_AVX512 UWT_INLINE __m512i loadSymbols(const uint16_t *from) {
  return _mm512_srli_epi16(_mm512_loadu_si512(from), 1);
}

/// Where column c of 64 lies in a strip's fixed unit.
struct FragmentColumn {
  int block, t, half, right;
  constexpr explicit FragmentColumn(int c)
      : block(c / 16), t(c % 8 / 2), half(c % 2), right(c % 16 / 8) {}
  /// Its u32 in 64 bytes [t][block].
  constexpr int word() const { return t * 4 + block; }
};

//===----------------------------------------------------------------------===//
// Raw fields of 8 bits
//===----------------------------------------------------------------------===//

/// Byte of (kind 0, kind 1) for both bytes of each column, by row and half of the 64 columns.
struct BytePicks {
  alignas(64) uint8_t at[2][2][64];
};
constexpr BytePicks makeBytePicks() {
  BytePicks made{};
  for (int high = 0; high < 2; ++high)
    for (int c = 0; c < 64; ++c) {
      FragmentColumn column(c);
      int byte = column.right * 64 + column.word() * 4 + column.half * 2 + high;
      for (int i = 0; i < 2; ++i)
        made.at[high][c / 32][c % 32 * 2 + i] = static_cast<uint8_t>(byte);
    }
  return made;
}
constexpr BytePicks bytePicks = makeBytePicks();

template <bool Stream> UWT_AVX512 void mergeBytes(const MergeJob &job) {
  __m512i pick[2][2];
  for (int high = 0; high < 2; ++high)
    for (int side = 0; side < 2; ++side)
      pick[high][side] = _mm512_load_si512(bytePicks.at[high][side]);
  const __m512i keep = words(0x807F);
  for (uint32_t group = 0; group < job.groups; ++group) {
    const uint8_t *raw = job.raw + group * job.groupBytes + job.rowInStrip * 64;
    __m512i kind0 = _mm512_loadu_si512(raw), kind1 = _mm512_loadu_si512(raw + 512);
    for (size_t side = 0; side < 2; ++side) {
      size_t at = size_t(group) * 64 + side * 32;
      __m512i low = _mm512_permutex2var_epi8(kind0, pick[0][side], kind1);
      __m512i high = _mm512_permutex2var_epi8(kind0, pick[1][side], kind1);
      store<Stream>(job.outLow + at, select(low, loadSymbols(job.low + at), keep));
      store<Stream>(job.outHigh + at, select(high, loadSymbols(job.high + at), keep));
    }
  }
}

//===----------------------------------------------------------------------===//
// Raw fields of 6 bits: 4 (mantissa 3:0) and 2 (sign over mantissa bit 4)
//===----------------------------------------------------------------------===//

struct SixBitPicks {
  /// Byte of the 4-bit chunk for both bytes of a column: it holds row g below
  /// row g + 8.
  alignas(64) uint8_t nibble[2][64];
  /// u32 of the 2-bit chunk for two columns.
  alignas(64) uint32_t pair[2][16];
  /// Bit of a u64 of these at which to take each byte of a column, by row: so that
  /// mantissa bit 4 comes to bit 4 and the sign to bit 15.
  alignas(64) uint8_t shift[2][64];
  /// For encoding: byte of (columns 0 ... 31, 32 ... 63) for each byte of the 4-bit
  /// chunk, and the offset of a column's two bits by row.
  alignas(64) uint8_t nibbleFrom[64];
  alignas(64) uint16_t pairShift[2][32];
};
/// plane-1: bit of register `reg` of a block in its half of a u32 of the 2-bit chunk.
constexpr int pairBit(int reg, int block) { return 2 * (reg + 4 * (block & 1)); }

constexpr SixBitPicks makeSixBitPicks() {
  SixBitPicks made{};
  for (int c = 0; c < 64; ++c) {
    FragmentColumn column(c);
    int i = c % 32, side = c / 32;
    int byte = column.word() * 4 + column.half * 2 + column.right;
    made.nibble[side][i * 2] = made.nibble[side][i * 2 + 1] = static_cast<uint8_t>(byte);
    made.nibbleFrom[byte] = static_cast<uint8_t>(c * 2);
    made.pair[side][i / 2] = static_cast<uint32_t>(column.t * 2 + column.block / 2);
    for (int high = 0; high < 2; ++high) {
      int bit = pairBit(column.right * 2 + high, column.block);
      int at = column.t % 2 * 32 + column.half * 16 + bit;
      made.shift[high][i * 2] = static_cast<uint8_t>((at - 4) & 63);
      made.shift[high][i * 2 + 1] = static_cast<uint8_t>((at + 1 - 7) & 63);
      made.pairShift[high][i] = static_cast<uint16_t>(bit);
    }
  }
  return made;
}
constexpr SixBitPicks sixBitPicks = makeSixBitPicks();

template <bool Stream> UWT_AVX512 void mergeSixBits(const MergeJob &job) {
  const SixBitPicks &picks = sixBitPicks;
  const __m512i pick[2] = {_mm512_load_si512(picks.nibble[0]), _mm512_load_si512(picks.nibble[1])};
  const __m512i pair[2] = {_mm512_load_si512(picks.pair[0]), _mm512_load_si512(picks.pair[1])};
  const __m512i shift[2] = {_mm512_load_si512(picks.shift[0]), _mm512_load_si512(picks.shift[1])};
  const __m512i keepFour = words(0x000F), keepTwo = words(0x8010);
  for (uint32_t group = 0; group < job.groups; ++group) {
    const uint8_t *raw = job.raw + group * job.groupBytes;
    __m512i four = _mm512_loadu_si512(raw + job.rowInStrip * 64);
    __m512i two = _mm512_castsi256_si512(
        _mm256_loadu_si256(reinterpret_cast<const __m256i *>(raw + 512 + job.rowInStrip * 32)));
    for (size_t side = 0; side < 2; ++side) {
      size_t at = size_t(group) * 64 + side * 32;
      __m512i nibble = _mm512_permutexvar_epi8(pick[side], four);
      __m512i pairs = _mm512_permutexvar_epi32(pair[side], two);
      __m512i low = select(nibble, loadSymbols(job.low + at), keepFour);
      __m512i high = select(_mm512_srli_epi16(nibble, 4), loadSymbols(job.high + at), keepFour);
      store<Stream>(job.outLow + at,
                    select(_mm512_multishift_epi64_epi8(shift[0], pairs), low, keepTwo));
      store<Stream>(job.outHigh + at,
                    select(_mm512_multishift_epi64_epi8(shift[1], pairs), high, keepTwo));
    }
  }
}

/// Sign and mantissa bit 4 of each column at its offset in a u32 of the 2-bit chunk.
UWT_AVX512 UWT_INLINE __m512i pairsOf(__m512i row, __m512i shift) {
  __m512i two = select(_mm512_srli_epi16(row, 4), _mm512_srli_epi16(row, 14), words(1));
  return _mm512_sllv_epi16(_mm512_and_si512(two, words(3)), shift);
}

/// The four quarters of a vector, or-ed: u32 of lanes t from two blocks' columns.
UWT_AVX512 UWT_INLINE __m128i orQuarters(__m512i v) {
  __m256i half = _mm256_or_si256(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  return _mm_or_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

UWT_AVX512 void splitSixBits(const SplitJob &job) {
  const SixBitPicks &picks = sixBitPicks;
  const __m512i from = _mm512_load_si512(picks.nibbleFrom);
  const __m512i shift[2] = {_mm512_load_si512(picks.pairShift[0]),
                            _mm512_load_si512(picks.pairShift[1])};
  const __m512i symbolMask = words(0x03FF), nibbleMask = words(0x000F);
  for (uint32_t group = 0; group < job.groups; ++group) {
    uint8_t *raw = job.raw + group * job.groupBytes;
    __m512i nibbles[2];
    __m128i pairs[2];
    for (size_t side = 0; side < 2; ++side) {
      size_t at = size_t(group) * 64 + side * 32;
      __m512i low = _mm512_loadu_si512(job.low + at), high = _mm512_loadu_si512(job.high + at);
      // Only the lower byte of each column counts.
      nibbles[side] = select(low, _mm512_slli_epi16(high, 4), nibbleMask);
      pairs[side] = orQuarters(_mm512_or_si512(pairsOf(low, shift[0]), pairsOf(high, shift[1])));
      _mm512_storeu_si512(job.symbolsLow + at,
                          _mm512_and_si512(_mm512_srli_epi16(low, 5), symbolMask));
      _mm512_storeu_si512(job.symbolsHigh + at,
                          _mm512_and_si512(_mm512_srli_epi16(high, 5), symbolMask));
    }
    _mm512_storeu_si512(raw + job.rowInStrip * 64,
                        _mm512_permutex2var_epi8(nibbles[0], from, nibbles[1]));
    auto *two = reinterpret_cast<__m128i *>(raw + 512 + job.rowInStrip * 32);
    _mm_storeu_si128(two, _mm_unpacklo_epi32(pairs[0], pairs[1]));
    _mm_storeu_si128(two + 1, _mm_unpackhi_epi32(pairs[0], pairs[1]));
  }
}

//===----------------------------------------------------------------------===//
// Pairs of exponents
//===----------------------------------------------------------------------===//

/// From bytes [column][row] of 64 columns in two vectors.
struct PairPicks {
  /// To raw fields, by kind.
  alignas(64) uint8_t raw[2][64];
  /// To pairs in the order of lanes: [t][block][register].
  alignas(64) uint8_t pair[64];
};
constexpr PairPicks makePairPicks() {
  PairPicks made{};
  for (int c = 0; c < 64; ++c) {
    FragmentColumn column(c);
    for (int high = 0; high < 2; ++high) {
      auto from = static_cast<uint8_t>(c * 2 + high);
      made.raw[column.right][column.word() * 4 + column.half * 2 + high] = from;
      if (column.half == 0)
        made.pair[column.word() * 4 + column.right * 2 + high] = from;
    }
  }
  return made;
}
constexpr PairPicks pairPicks = makePairPicks();

/// Eight times four code words (16 bits each, with their lengths) to one u64 each: code
/// words one after another in bits 47:0, their length in 63:56.
UWT_AVX512 UWT_INLINE __m512i joinFour(__m512i word, __m512i length) {
  const __m512i low16 = _mm512_set1_epi32(0xFFFF), low32 = _mm512_set1_epi64(0xFFFFFFFF);
  __m512i l0 = _mm512_and_si512(length, low16), l1 = _mm512_srli_epi32(length, 16);
  word = _mm512_or_si512(_mm512_and_si512(word, low16),
                         _mm512_sllv_epi32(_mm512_srli_epi32(word, 16), l0));
  __m512i both = _mm512_add_epi32(l0, l1), first = _mm512_and_si512(both, low32);
  word = _mm512_or_si512(_mm512_and_si512(word, low32),
                         _mm512_sllv_epi64(_mm512_srli_epi64(word, 32), first));
  __m512i all = _mm512_add_epi64(first, _mm512_srli_epi64(both, 32));
  return _mm512_or_si512(word, _mm512_slli_epi64(all, 56));
}

/// 64 pairs in lane order to 16 u64: quarters (lanes t) keep their position, so
/// blocks 0 and 1 of lane t are u64 2t and 2t + 1, blocks 2 and 3 the same of the second vector.
UWT_AVX512 UWT_INLINE void joinPairs(__m512i low, __m512i high, uint64_t *to) {
  const __m512i mask = _mm512_set1_epi8(15);
  __m512i upper = _mm512_and_si512(high, mask);
  __m512i length = _mm512_and_si512(_mm512_srli_epi16(high, 4), mask);
  const __m512i zero = _mm512_setzero_si512();
  _mm512_storeu_si512(
      to, joinFour(_mm512_unpacklo_epi8(low, upper), _mm512_unpacklo_epi8(length, zero)));
  _mm512_storeu_si512(
      to + 8, joinFour(_mm512_unpackhi_epi8(low, upper), _mm512_unpackhi_epi8(length, zero)));
}

UWT_AVX512 UWT_INLINE uint32_t noteEscapes(uint64_t mask, uint32_t column, uint32_t *to) {
  uint32_t count = 0;
  for (; mask; mask &= mask - 1)
    to[count++] = column * 2 + static_cast<uint32_t>(__builtin_ctzll(mask));
  return count;
}

UWT_AVX512 uint32_t splitPairs(const PairSplitJob &job) {
  const ByteTable numbers(job.vectors->numbers), low(job.vectors->low), high(job.vectors->high);
  const __m512i raw0 = _mm512_load_si512(pairPicks.raw[0]);
  const __m512i raw1 = _mm512_load_si512(pairPicks.raw[1]);
  const __m512i order = _mm512_load_si512(pairPicks.pair);
  const __m512i escape = _mm512_set1_epi8(static_cast<char>(job.vectors->escape));
  uint32_t escapes = 0;
  for (uint32_t group = 0; group < job.groups; ++group) {
    __m512i rawFields[2], pairs[2];
    for (uint32_t side = 0; side < 2; ++side) {
      size_t at = size_t(group) * 64 + side * 32;
      __m512i a = _mm512_loadu_si512(job.low + at), b = _mm512_loadu_si512(job.high + at);
      // Bytes [column][row]: sign over mantissa, and exponents.
      __m512i rawA = select(a, _mm512_srli_epi16(a, 8), words(0x007F));
      __m512i rawB = select(_mm512_slli_epi16(b, 8), b, words(0x7F00));
      rawFields[side] = select(rawB, rawA, words(0xFF00));
      __m512i exponents = select(_mm512_slli_epi16(b, 1),
                                 _mm512_srli_epi16(_mm512_slli_epi16(a, 1), 8), words(0xFF00));
      __m512i number = numbers[exponents];
      uint64_t found = _mm512_cmpeq_epi8_mask(number, escape);
      if (__builtin_expect(found != 0, 0))
        escapes += noteEscapes(found, group * 64 + side * 32, job.escapes + escapes);
      pairs[side] = _mm512_or_si512(number, _mm512_srli_epi32(number, 12));
    }
    uint8_t *raw = job.raw + group * job.groupBytes + job.rowInStrip * 64;
    _mm512_storeu_si512(raw, _mm512_permutex2var_epi8(rawFields[0], raw0, rawFields[1]));
    _mm512_storeu_si512(raw + 512, _mm512_permutex2var_epi8(rawFields[0], raw1, rawFields[1]));
    __m512i pair = _mm512_permutex2var_epi8(pairs[0], order, pairs[1]);
    joinPairs(low[pair], high[pair], job.joined + group * 16);
  }
  return escapes;
}

void merge8(const MergeJob &job, bool stream) {
  stream ? mergeBytes<true>(job) : mergeBytes<false>(job);
}
void merge6(const MergeJob &job, bool stream) {
  stream ? mergeSixBits<true>(job) : mergeSixBits<false>(job);
}

/// 32 columns at a time, whose raw fields are 32 bytes.
UWT_AVX512 uint32_t joinRowBytes(const RowJob &job) {
  const uint8_t *raw = job.raw + job.first;
  uint32_t column = 0;
  for (; column + 32 <= job.count; column += 32) {
    __m512i field =
        _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(raw + column)));
    // The sign goes to the top, the mantissa stays.
    __m512i spread = _mm512_or_si512(_mm512_slli_epi16(field, 8), field);
    _mm512_storeu_si512(job.out + column,
                        select(spread, loadSymbols(job.symbols + column), words(0x807F)));
  }
  return column;
}

/// 32 columns at a time, whose raw fields are 16 bytes of the 4-bit chunk and 8 of the 2-bit one.
UWT_AVX512 uint32_t joinRowSixBits(const RowJob &job) {
  const uint8_t *nibbles = job.raw + job.first / 2;
  const uint8_t *pairs = job.raw + rowChunkBytes(job.columns, 4) + job.first / 4;
  // Column c takes bits 2(c % 4) of byte c / 4.
  alignas(64) static constexpr auto picks = [] {
    std::array<std::array<uint16_t, 32>, 2> made{};
    for (uint16_t c = 0; c < 32; ++c) {
      made[0][c] = c / 4;
      made[1][c] = 2 * (c % 4);
    }
    return made;
  }();
  const __m512i byteOf = _mm512_load_si512(picks[0].data());
  const __m512i shiftOf = _mm512_load_si512(picks[1].data());
  uint32_t column = 0;
  for (; column + 32 <= job.count; column += 32) {
    __m128i two = _mm_loadu_si128(reinterpret_cast<const __m128i *>(nibbles + column / 2));
    __m128i even = _mm_and_si128(two, _mm_set1_epi8(15));
    __m128i odd = _mm_and_si128(_mm_srli_epi16(two, 4), _mm_set1_epi8(15));
    __m512i mantissa = _mm512_cvtepu8_epi16(
        _mm256_set_m128i(_mm_unpackhi_epi8(even, odd), _mm_unpacklo_epi8(even, odd)));
    __m512i bytes = _mm512_zextsi128_si512(
        _mm_loadl_epi64(reinterpret_cast<const __m128i *>(pairs + column / 4)));
    __m512i four = _mm512_srlv_epi16(_mm512_permutexvar_epi8(byteOf, bytes), shiftOf);
    // Bit 0 of the chunk is mantissa bit 4, bit 1 is the sign.
    __m512i field = select(_mm512_slli_epi16(four, 4), mantissa, words(0x0010));
    field = select(_mm512_slli_epi16(four, 14), field, words(0x8000));
    _mm512_storeu_si512(job.out + column,
                        select(field, loadSymbols(job.symbols + column), words(0x801F)));
  }
  return column;
}

PrefixKernels makeKernels() {
  PrefixKernels made = avx2PrefixKernels();
  made.merge8 = merge8;
  made.merge6 = merge6;
  made.joinRow8 = joinRowBytes;
  made.joinRow6 = joinRowSixBits;
  made.split6 = splitSixBits;
  made.splitPairs = splitPairs;
  return made;
}

} // namespace

const PrefixKernels &uwt::avx512PrefixKernels() {
  static const PrefixKernels kernels = makeKernels();
  return kernels;
}

#else

const PrefixKernels &uwt::avx512PrefixKernels() { return portablePrefixKernels(); }

#endif
