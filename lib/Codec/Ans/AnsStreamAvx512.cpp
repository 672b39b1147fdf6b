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
#include <array>

using namespace uwt;

#if defined(__x86_64__)
#include <immintrin.h>

#define UWT_AVX512                                                                                 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx2,bmi,bmi2,popcnt")))

UWT_AVX512 static __m256i load(const uint32_t *from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from));
}

/// Symbols of 16 columns and eight lanes where they follow one another: their numbers,
/// [column][lane], turn into rows of 16.
UWT_AVX512 static void storeContiguous(const AnsRunJob &job, const AnsNumbers &numbers) {
  alignas(64) static constexpr auto fromColumns = [] {
    std::array<uint8_t, sizeof(AnsNumbers)> from{};
    for (uint32_t i = 0; i < from.size(); ++i)
      from[i] = static_cast<uint8_t>(i % blockColumns * ansLanes + i / blockColumns);
    return from;
  }();
  const __m512i low = _mm512_load_si512(&numbers[0]), high = _mm512_load_si512(&numbers[8]);
  alignas(64) uint8_t rows[ansLanes][blockColumns];
  for (uint32_t half = 0; half < 2; ++half) {
    __m512i from = _mm512_load_si512(fromColumns.data() + half * 64);
    _mm512_store_si512(rows[half * 4], _mm512_permutex2var_epi8(low, from, high));
  }
  const AnsTables &tables = *job.ofTensor;
  const __m256i first =
      _mm256_set1_epi16(static_cast<int16_t>(tables.symbols.empty() ? 0 : tables.symbols.front()));
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(16 - tables.split.symbolBits));
  for (uint32_t lane = 0; lane < ansLanes; ++lane) {
    __m256i symbols =
        _mm256_cvtepu8_epi16(_mm_load_si128(reinterpret_cast<const __m128i *>(rows[lane])));
    symbols = _mm256_sll_epi16(_mm256_add_epi16(symbols, first), shift);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(job.symbols[lane]), symbols);
  }
}

/// Decodes a run of `Jobs` units, a step of each after another.
template <uint32_t Jobs, bool HasGroups>
UWT_AVX512 static bool decodeRuns(AnsRunJob *jobs, const AnsRun &run) {
  const AnsTables &tables = *jobs[0].ofTensor;
  const auto *table = reinterpret_cast<const int *>(tables.decode.data());
  const __m256i slots = _mm256_set1_epi32((1 << tables.frequencyBits) - 1);
  const __m256i field = _mm256_set1_epi32(ans_entry::fieldMask);
  const __m256i one = _mm256_set1_epi32(1), least = _mm256_set1_epi32(leastAnsState);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(tables.frequencyBits));
  const __m256i escape = _mm256_set1_epi32(static_cast<int>(tables.escapeNumber()));
  const __m256i firstGroup = _mm256_set1_epi32(static_cast<int>(tables.firstGroup()));
  const __m256i groupMask = _mm256_set1_epi32((1 << tables.groupBits) - 1);
  const __m128i groupBits = _mm_cvtsi32_si128(static_cast<int>(tables.groupBits));
  const __m256i tableMask = _mm256_set1_epi32(static_cast<int>(tables.tableMask()));
  const auto lanes = static_cast<__mmask8>((1u << run.lanes) - 1);

  __m256i ofRows[Jobs], state[Jobs];
  const uint8_t *next[Jobs];
  alignas(64) AnsNumbers numbers[Jobs], inGroups[HasGroups ? Jobs : 1];
  bool hasEscapes[Jobs] = {};
  for (uint32_t j = 0; j < Jobs; ++j) {
    ofRows[j] = load(jobs[j].ofRows);
    state[j] = load(jobs[j].states);
    next[j] = jobs[j].next;
  }
  for (uint32_t column = 0; column < run.columns; ++column) {
    uint32_t taking = column + ansFinalColumns < run.columns ? run.lanes : run.finalFrom;
#pragma GCC unroll 4
    for (uint32_t j = 0; j < Jobs; ++j) {
      __m256i number = _mm256_and_si256(
          _mm256_add_epi32(ofRows[j], _mm256_set1_epi32(jobs[j].ofColumns[column])), tableMask);
      __m256i index =
          _mm256_or_si256(_mm256_sll_epi32(number, shift), _mm256_and_si256(state[j], slots));
      __m256i entry = _mm256_i32gather_epi32(table, index, 4);
      __m256i frequency = _mm256_add_epi32(_mm256_and_si256(entry, field), one);
      __m256i offset = _mm256_and_si256(_mm256_srli_epi32(entry, ans_entry::offsetShift), field);
      __m256i decoded = _mm256_add_epi32(
          _mm256_mullo_epi32(frequency, _mm256_srl_epi32(state[j], shift)), offset);
      __m256i entryNumber = _mm256_srli_epi32(entry, ans_entry::numberShift);
      if constexpr (HasGroups) {
        __mmask8 isGroup = _mm256_cmpge_epu32_mask(entryNumber, firstGroup) &
                           _mm256_cmplt_epu32_mask(entryNumber, escape);
        _mm_storel_epi64(reinterpret_cast<__m128i *>(inGroups[j][column]),
                         _mm256_cvtepi32_epi8(_mm256_maskz_and_epi32(isGroup, decoded, groupMask)));
        decoded = _mm256_mask_srl_epi32(decoded, isGroup, decoded, groupBits);
      }
      decoded = _mm256_mask_mov_epi32(state[j], lanes, decoded);
      __mmask8 takes =
          _mm256_mask_cmplt_epu32_mask(static_cast<__mmask8>((1u << taking) - 1), decoded, least);
      __m256i words =
          _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(next[j])));
      words = _mm256_maskz_expand_epi32(takes, words);
      state[j] = _mm256_mask_or_epi32(decoded, takes, _mm256_slli_epi32(decoded, 16), words);
      next[j] += 2 * _mm_popcnt_u32(takes);
      _mm_storel_epi64(reinterpret_cast<__m128i *>(numbers[j][column]),
                       _mm256_cvtepi32_epi8(entryNumber));
      __mmask8 escapes = _mm256_mask_cmpeq_epi32_mask(lanes, entryNumber, escape);
      if (__builtin_expect(escapes != 0, 0)) {
        hasEscapes[j] = true;
        next[j] = readAnsEscapes(jobs[j], escapes, column, next[j]);
        if (!next[j])
          return false;
      }
    }
  }
  for (uint32_t j = 0; j < Jobs; ++j) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(jobs[j].states), state[j]);
    jobs[j].next = next[j];
    if (!HasGroups && tables.isContiguous && run.columns == blockColumns && !hasEscapes[j])
      storeContiguous(jobs[j], numbers[j]);
    else
      storeAnsSymbols(jobs[j], run, numbers[j], HasGroups ? &inGroups[j] : nullptr, hasEscapes[j]);
  }
  return true;
}

template <bool HasGroups> static bool decodeAll(std::span<AnsRunJob> jobs, const AnsRun &run) {
  switch (jobs.size()) {
  case 4:
    return decodeRuns<4, HasGroups>(jobs.data(), run);
  case 3:
    return decodeRuns<3, HasGroups>(jobs.data(), run);
  case 2:
    return decodeRuns<2, HasGroups>(jobs.data(), run);
  default:
    return decodeRuns<1, HasGroups>(jobs.data(), run);
  }
}

bool uwt::decodeAnsRunAvx512(std::span<AnsRunJob> jobs, const AnsRun &run) {
  return jobs.front().ofTensor->groups ? decodeAll<true>(jobs, run) : decodeAll<false>(jobs, run);
}

#else

bool uwt::decodeAnsRunAvx512(std::span<AnsRunJob> jobs, const AnsRun &run) {
  return decodeAnsRunPortable(jobs, run);
}

#endif
