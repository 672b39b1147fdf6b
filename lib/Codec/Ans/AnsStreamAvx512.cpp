//===- AnsStreamAvx512.cpp - Numeral systems with AVX-512 --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Eight lanes are one vector: tables are gathered from, and words go to their lanes by an expanding
// load.
//
//===----------------------------------------------------------------------===//

#include "AnsStream.h"

using namespace uwt;

#if defined(__x86_64__)
#include <immintrin.h>

#define UWT_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx2,bmi,bmi2,popcnt")))

UWT_AVX512 static __m256i load(const uint32_t *from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from));
}

UWT_AVX512 const uint8_t *uwt::decodeAnsRunAvx512(const AnsRunJob &job, const AnsRun &run,
                                                  uint32_t *states, const uint8_t *next) {
  const AnsTables &tables = *job.ofTensor;
  const auto *table = reinterpret_cast<const int *>(tables.decode.data());
  uint32_t offsets[ansLanes];
  for (uint32_t lane = 0; lane < ansLanes; ++lane)
    offsets[lane] = static_cast<uint32_t>(job.tables[lane] - tables.decode.data());
  const __m256i base = load(offsets);
  const __m256i slots = _mm256_set1_epi32((1 << tables.frequencyBits) - 1);
  const __m256i field = _mm256_set1_epi32(ans_entry::fieldMask);
  const __m256i one = _mm256_set1_epi32(1), least = _mm256_set1_epi32(leastAnsState);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(tables.frequencyBits));
  const __m256i escape = _mm256_set1_epi32(static_cast<int>(tables.escapeNumber()));
  const auto lanes = static_cast<__mmask8>((1u << run.lanes) - 1);

  __m256i state = load(states);
  AnsNumbers numbers;
  bool hasEscapes = false;
  for (uint32_t column = 0; column < run.columns; ++column) {
    uint32_t taking = column + ansFinalColumns < run.columns ? run.lanes : run.finalFrom;
    __m256i index = _mm256_add_epi32(_mm256_and_si256(state, slots), base);
    __m256i entry = _mm256_i32gather_epi32(table, index, 4);
    __m256i frequency = _mm256_add_epi32(_mm256_and_si256(entry, field), one);
    __m256i offset = _mm256_and_si256(_mm256_srli_epi32(entry, ans_entry::offsetShift), field);
    __m256i decoded =
        _mm256_add_epi32(_mm256_mullo_epi32(frequency, _mm256_srl_epi32(state, shift)), offset);
    state = _mm256_mask_mov_epi32(state, lanes, decoded);
    __mmask8 takes =
        _mm256_mask_cmplt_epu32_mask(static_cast<__mmask8>((1u << taking) - 1), state, least);
    __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(next)));
    words = _mm256_maskz_expand_epi32(takes, words);
    state = _mm256_mask_or_epi32(state, takes, _mm256_slli_epi32(state, 16), words);
    next += 2 * _mm_popcnt_u32(takes);
    __m256i number = _mm256_srli_epi32(entry, ans_entry::numberShift);
    _mm_storel_epi64(reinterpret_cast<__m128i *>(numbers[column]), _mm256_cvtepi32_epi8(number));
    __mmask8 escapes = _mm256_mask_cmpeq_epi32_mask(lanes, number, escape);
    if (__builtin_expect(escapes != 0, 0)) {
      hasEscapes = true;
      next = readAnsEscapes(job, escapes, column, next);
      if (!next)
        return nullptr;
    }
  }
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(states), state);
  storeAnsSymbols(job, run, numbers, hasEscapes);
  return next;
}

#else

const uint8_t *uwt::decodeAnsRunAvx512(const AnsRunJob &job, const AnsRun &run, uint32_t *states,
                                       const uint8_t *next) {
  return decodeAnsRunPortable(job, run, states, next);
}

#endif
