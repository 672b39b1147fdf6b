//===- TranscodeAvx512.cpp - Prefix codes to packing=inplace --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A vector is four lanes x four blocks of one register: 16 u32 that lie together in the
// scratch memory, in the raw fields and in the words in place.
//
//===----------------------------------------------------------------------===//

#include "../Avx512.h"
#include "TranscodeInPlace.h"

using namespace uwt;

#if defined(__x86_64__)
#define UWT_LANES __attribute__((target("avx2,bmi,bmi2,lzcnt")))

namespace {

//===----------------------------------------------------------------------===//
// Lanes
//===----------------------------------------------------------------------===//

template <unsigned CodeSymbols, typename Entry, bool Long>
UWT_LANES bool decodeLanes(const LaneJob &job) {
  using namespace prefix_loop;
  uint64_t buffer[jointLanes], position[jointLanes];
#pragma GCC unroll 8
  for (unsigned lane = 0; lane < jointLanes; ++lane)
    buffer[lane] = sentinel, position[lane] = job.start[lane];
  const uint64_t mask = job.mask;
  const uint8_t *next = job.next;
  const uint32_t groups = (job.blocks + groupBlocks - 1) / groupBlocks;
  for (uint32_t strip = 0; strip < job.strips; ++strip) {
    const Entry *tables[jointRows];
    for (unsigned row = 0; row < jointRows; ++row)
      tables[row] = static_cast<const Entry *>(job.tables[strip * jointRows + row]);
    const uint8_t *ahead = job.ahead + strip * job.aheadStrip;
    uint16_t *strips = job.symbols + size_t(strip) * groups * groupScratch * 2;
    for (uint32_t block = 0; block < job.blocks; ++block) {
      uint16_t *to = strips + (block / groupBlocks * groupScratch + block % groupBlocks) * 2;
      askAhead(job, ahead, block);
      __builtin_prefetch(next);
      next += job.nextStride;
#pragma GCC unroll 4
      for (unsigned reg = 0; reg < 4; ++reg) {
        if (reg == 0 || Long || (CodeSymbols == 1 && reg == 2)) {
#pragma GCC unroll 8
          for (unsigned lane = 0; lane < jointLanes; ++lane)
            refill(buffer[lane], position[lane], job.stream);
        }
#pragma GCC unroll 8
        for (unsigned lane = 0; lane < jointLanes; ++lane) {
          unsigned row = (reg & 1) * 2 + lane / 4;
          uint16_t *pair = to + (reg * registerScratch + lane * groupBlocks) * 2;
          takeTo<CodeSymbols>(pair, buffer[lane], tables[row], mask);
          if constexpr (CodeSymbols == 1)
            takeTo<CodeSymbols>(pair + 1, buffer[lane], tables[row], mask);
        }
      }
    }
  }
  return endsMatch<jointLanes>(job, buffer, position);
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// Bits of `a` where `Mask` (of a half word) has ones, else of `b`.
template <uint32_t Mask> UWT_AVX512 UWT_INLINE __m512i select(__m512i a, __m512i b) {
  return avx512::select(a, b, _mm512_set1_epi32(static_cast<int>(Mask * 0x10001u)));
}

/// What two vectors have in those bits of a half word, with those bits of a third.
template <uint32_t Mask> UWT_AVX512 UWT_INLINE __m512i orMasked(__m512i a, __m512i b) {
  // a | (b & mask): truth table with a, b, mask as bits 2, 1, 0 of the index.
  return _mm512_ternarylogic_epi32(a, b, _mm512_set1_epi32(static_cast<int>(Mask * 0x10001u)),
                                   0xF8);
}

UWT_AVX512 UWT_INLINE __m512i loadVector(const void *from) { return _mm512_loadu_si512(from); }

/// The symbols of the four registers; false where one is beyond the window.
struct Registers {
  __m512i of[4];
  UWT_AVX512 UWT_INLINE bool load(const uint32_t *symbols) {
    for (int r = 0; r < 4; ++r)
      of[r] = loadVector(symbols + r * registerScratch);
    __m512i any = _mm512_or_si512(_mm512_or_si512(of[0], of[1]), _mm512_or_si512(of[2], of[3]));
    // Code and mantissa to their offsets; the length falls to bits 4:0 and below.
    for (int r = 0; r < 4; ++r)
      of[r] = _mm512_srli_epi32(of[r], 1);
    return _mm512_test_epi32_mask(any, _mm512_set1_epi32(static_cast<int>(beyondWindow))) == 0;
  }
};

/// inplace12-1: half words with code at 10:7 and bits 14:11 zero.
UWT_AVX512 UWT_INLINE void storeInPlace(const __m512i (&p)[4], uint8_t *to) {
  auto *out = reinterpret_cast<__m512i *>(to);
  constexpr size_t kind = 512 / sizeof(__m512i);
  _mm512_stream_si512(out, orMasked<0x7800>(p[0], _mm512_rol_epi32(p[3], 12)));
  _mm512_stream_si512(out + kind, orMasked<0x7800>(p[1], _mm512_slli_epi32(p[3], 8)));
  _mm512_stream_si512(out + 2 * kind, orMasked<0x7800>(p[2], _mm512_slli_epi32(p[3], 4)));
}

/// Raw fields of 8 bits, two registers a u32: |r1.h1|r0.h1|r1.h0|r0.h0|.
UWT_AVX512 UWT_INLINE void joinBytes(__m512i kind, __m512i symbols0, __m512i symbols1, __m512i &p0,
                                     __m512i &p1) {
  __m512i first = select<0x8000>(_mm512_slli_epi32(kind, 8), kind);
  __m512i second = select<0x8000>(kind, _mm512_srli_epi32(kind, 8));
  // Bits 14:11 come from the symbols, which have none there.
  p0 = select<0x807F>(first, symbols0);
  p1 = select<0x807F>(second, symbols1);
}

UWT_AVX512 uint32_t pack8(const InPlaceJob &job) {
  const uint8_t *raw = job.raw + job.quad * 64;
  uint8_t *code = job.code + job.quad * 64;
  uint32_t group = 0;
  for (; group < job.groups; ++group, raw += job.rawStride, code += job.codeStride) {
    Registers symbols;
    if (!symbols.load(job.symbols + group * groupScratch))
      break;
    __m512i p[4];
    joinBytes(loadVector(raw), symbols.of[0], symbols.of[1], p[0], p[1]);
    joinBytes(loadVector(raw + 512), symbols.of[2], symbols.of[3], p[2], p[3]);
    storeInPlace(p, code);
  }
  return group;
}

/// Raw fields of 4 + 2 bits: nibbles of the four registers in a half word, and pairs of two
/// blocks' in a u32, sign over mantissa bit 4.
UWT_AVX512 uint32_t pack6(const InPlaceJob &job) {
  const __m512i blockWord = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
  const __m512i blockShift = _mm512_setr_epi32(0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8);
  uint8_t *code = job.code + job.quad * 64;
  const uint8_t *raw = job.raw;
  uint32_t group = 0;
  for (; group < job.groups; ++group, raw += job.rawStride, code += job.codeStride) {
    Registers symbols;
    if (!symbols.load(job.symbols + group * groupScratch))
      break;
    __m512i four = loadVector(raw + job.quad * 64);
    __m512i two = _mm512_castsi256_si512(
        _mm256_loadu_si256(reinterpret_cast<const __m256i *>(raw + 512 + job.quad * 32)));
    two = _mm512_srlv_epi32(_mm512_permutexvar_epi32(blockWord, two), blockShift);
    __m512i p[4];
    for (int r = 0; r < 4; ++r) {
      __m512i pairs = _mm512_srli_epi32(two, static_cast<unsigned>(2 * r));
      __m512i field = select<0x000F>(_mm512_srli_epi32(four, static_cast<unsigned>(4 * r)),
                                     _mm512_slli_epi32(pairs, 4));
      field = select<0x8000>(_mm512_slli_epi32(pairs, 14), field);
      p[r] = select<0x801F>(field, symbols.of[r]);
    }
    storeInPlace(p, code);
  }
  return group;
}

UWT_AVX512 void fence() { _mm_sfence(); }

InPlaceKernels makeKernels() {
  InPlaceKernels made{};
  made.lanes[0][0] = decodeLanes<1, uint16_t, false>;
  made.lanes[0][1] = decodeLanes<1, uint16_t, true>;
  made.lanes[1][0] = decodeLanes<2, uint32_t, false>;
  made.lanes[1][1] = decodeLanes<2, uint32_t, true>;
  made.pack8 = pack8;
  made.pack6 = pack6;
  made.fence = fence;
  return made;
}

} // namespace

const InPlaceKernels &uwt::avx512InPlaceKernels() {
  static const InPlaceKernels kernels = makeKernels();
  return kernels;
}

#endif
