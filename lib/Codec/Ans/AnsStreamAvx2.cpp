//===- AnsStreamAvx2.cpp - Numeral systems with AVX-2 ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Eight lanes are one vector: tables are gathered from, and words go to their lanes by a table of
// permutations.
//
//===----------------------------------------------------------------------===//

#include "AnsStream.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

#if defined(__x86_64__)
#include <immintrin.h>

#define UWT_AVX2 __attribute__((target("avx2,bmi,bmi2")))

namespace {

/// By mask of lanes that take a word: the word of each lane, and all ones where it takes one.
struct WordOfLane {
  uint32_t of[256][ansLanes], taking[256][ansLanes];
  constexpr WordOfLane() : of(), taking() {
    for (uint32_t mask = 0; mask < 256; ++mask)
      for (uint32_t lane = 0, word = 0; lane < ansLanes; ++lane) {
        bool takes = mask >> lane & 1;
        of[mask][lane] = takes ? word++ : 0;
        taking[mask][lane] = takes ? ~0u : 0;
      }
  }
};
constexpr WordOfLane wordOfLane;

UWT_AVX2 uint32_t maskOf(__m256i lanes) {
  return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(lanes)));
}

UWT_AVX2 __m256i load(const uint32_t *from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from));
}

} // namespace

UWT_AVX2 static bool decodeRun(AnsRunJob &job, const AnsRun &run) {
  const uint8_t *next = job.next;
  const AnsTables &tables = *job.ofTensor;
  const auto *table = reinterpret_cast<const int *>(tables.decode.data());
  uint32_t offsets[ansLanes];
  for (uint32_t lane = 0; lane < ansLanes; ++lane)
    offsets[lane] = static_cast<uint32_t>(job.tables[lane] - tables.decode.data());
  const __m256i base = load(offsets);
  const __m256i slots = _mm256_set1_epi32((1 << tables.frequencyBits) - 1);
  const __m256i field = _mm256_set1_epi32(ans_entry::fieldMask);
  const __m256i one = _mm256_set1_epi32(1);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(tables.frequencyBits));
  const __m256i escape = _mm256_set1_epi32(static_cast<int>(tables.escapeNumber()));
  const uint32_t lanes = (1u << run.lanes) - 1;
  const __m256i hasRow = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(run.lanes)),
                                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));

  __m256i state = load(job.states);
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
    state = _mm256_blendv_epi8(state, decoded, hasRow);
    // Unsigned and below 2^16: nothing above the low half.
    __m256i isLow = _mm256_cmpeq_epi32(_mm256_srli_epi32(state, 16), _mm256_setzero_si256());
    uint32_t takes = maskOf(isLow) & ((1u << taking) - 1);
    __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(next)));
    words = _mm256_permutevar8x32_epi32(words, load(wordOfLane.of[takes]));
    __m256i refilled = _mm256_or_si256(_mm256_slli_epi32(state, 16), words);
    state = _mm256_blendv_epi8(state, refilled, load(wordOfLane.taking[takes]));
    next += 2 * static_cast<size_t>(__builtin_popcount(takes));
    __m256i number = _mm256_srli_epi32(entry, ans_entry::numberShift);
    __m256i packed = _mm256_packus_epi16(_mm256_packus_epi32(number, number), number);
    uint32_t low = static_cast<uint32_t>(_mm256_extract_epi32(packed, 0));
    uint32_t high = static_cast<uint32_t>(_mm256_extract_epi32(packed, 4));
    std::memcpy(numbers[column], &low, sizeof(low));
    std::memcpy(numbers[column] + sizeof(low), &high, sizeof(high));
    uint32_t escapes = maskOf(_mm256_cmpeq_epi32(number, escape)) & lanes;
    if (__builtin_expect(escapes != 0, 0)) {
      hasEscapes = true;
      next = readAnsEscapes(job, escapes, column, next);
      if (!next)
        return false;
    }
  }
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(job.states), state);
  job.next = next;
  storeAnsSymbols(job, run, numbers, hasEscapes);
  return true;
}

bool uwt::decodeAnsRunAvx2(std::span<AnsRunJob> jobs, const AnsRun &run) {
  return std::ranges::all_of(jobs, [&](AnsRunJob &job) { return decodeRun(job, run); });
}

#else

bool uwt::decodeAnsRunAvx2(std::span<AnsRunJob> jobs, const AnsRun &run) {
  return decodeAnsRunPortable(jobs, run);
}

#endif
