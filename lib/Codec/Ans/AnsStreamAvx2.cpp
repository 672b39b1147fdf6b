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
#include <utility>

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

/// What is the same for all elements of a tensor.
struct Constants {
  const int *table;
  __m256i tableMask, slots, firstGroup, escape, groupMask, groupBits;
  __m128i shift;

  UWT_AVX2 explicit Constants(const AnsTables &tables) {
    auto all = [](uint32_t value) UWT_AVX2 { return _mm256_set1_epi32(static_cast<int>(value)); };
    table = reinterpret_cast<const int *>(tables.decode.data());
    tableMask = all(tables.tableMask());
    slots = all((1u << tables.frequencyBits) - 1);
    firstGroup = all(tables.firstGroup());
    escape = all(tables.escapeNumber());
    groupMask = all((1u << tables.groupBits) - 1);
    groupBits = all(tables.groupBits);
    shift = _mm_cvtsi32_si128(static_cast<int>(tables.frequencyBits));
  }
};

/// A unit whose run is being decoded.
template <bool HasGroups> struct RunState {
  AnsRunJob &job;
  __m256i ofRows, state;
  const uint8_t *next;
  /// By column, of each lane: its entry's number, and from bit 8 on which symbol of the group.
  alignas(32) uint32_t entries[blockColumns][ansLanes];
  bool hasEscapes = false;

  UWT_AVX2 explicit RunState(AnsRunJob &job)
      : job(job), ofRows(load(job.ofRows)), state(load(job.states)), next(job.next) {}

  /// False where an escape is no symbol.
  UWT_AVX2 __attribute__((always_inline)) bool
  step(const Constants &of, uint32_t column, __m256i hasRow, uint32_t lanes, uint32_t taking) {
    __m256i table = _mm256_and_si256(
        _mm256_add_epi32(ofRows, _mm256_set1_epi32(job.ofColumns[column])), of.tableMask);
    __m256i index =
        _mm256_or_si256(_mm256_sll_epi32(table, of.shift), _mm256_and_si256(state, of.slots));
    __m256i entry = _mm256_i32gather_epi32(of.table, index, 4);
    const __m256i field = _mm256_set1_epi32(ans_entry::fieldMask), one = _mm256_set1_epi32(1);
    __m256i frequency = _mm256_add_epi32(_mm256_and_si256(entry, field), one);
    __m256i offset = _mm256_and_si256(_mm256_srli_epi32(entry, ans_entry::offsetShift), field);
    __m256i decoded =
        _mm256_add_epi32(_mm256_mullo_epi32(frequency, _mm256_srl_epi32(state, of.shift)), offset);
    __m256i number = _mm256_srli_epi32(entry, ans_entry::numberShift);
    __m256i isEscape = _mm256_cmpeq_epi32(number, of.escape), found = number;
    if constexpr (HasGroups) {
      // No number is behind the escape's.
      __m256i isNoGroup = _mm256_or_si256(_mm256_cmpgt_epi32(of.firstGroup, number), isEscape);
      __m256i inGroup = _mm256_andnot_si256(isNoGroup, _mm256_and_si256(decoded, of.groupMask));
      found = _mm256_or_si256(found, _mm256_slli_epi32(inGroup, 8));
      decoded = _mm256_srlv_epi32(decoded, _mm256_andnot_si256(isNoGroup, of.groupBits));
    }
    state = _mm256_blendv_epi8(state, decoded, hasRow);
    // Unsigned and below 2^16: nothing above the low half.
    __m256i isLow = _mm256_cmpeq_epi32(_mm256_srli_epi32(state, 16), _mm256_setzero_si256());
    uint32_t takes = maskOf(isLow) & ((1u << taking) - 1);
    __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(next)));
    words = _mm256_permutevar8x32_epi32(words, load(wordOfLane.of[takes]));
    __m256i refilled = _mm256_or_si256(_mm256_slli_epi32(state, 16), words);
    state = _mm256_blendv_epi8(state, refilled, load(wordOfLane.taking[takes]));
    next += 2 * static_cast<size_t>(__builtin_popcount(takes));
    _mm256_store_si256(reinterpret_cast<__m256i *>(entries[column]), found);
    uint32_t escapes = maskOf(isEscape) & lanes;
    if (__builtin_expect(escapes != 0, 0)) {
      hasEscapes = true;
      next = readAnsEscapes(job, escapes, column, next);
    }
    return next != nullptr;
  }

  UWT_AVX2 void finish(const AnsRun &run) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(job.states), state);
    job.next = next;
    if (hasEscapes || run.columns < blockColumns)
      return storeSome(run);
    const uint16_t *symbolOf = job.ofTensor->symbolOf.data();
    for (uint32_t lane = 0; lane < ansLanes; ++lane)
      for (uint32_t column = 0; column < blockColumns; ++column)
        job.symbols[lane * job.stride + column] = symbolOf[entries[column][lane]];
  }

  /// All but those of escapes, which have been stored.
  void storeSome(const AnsRun &run) {
    const AnsTables &tables = *job.ofTensor;
    for (uint32_t lane = 0; lane < run.lanes; ++lane)
      for (uint32_t column = 0; column < run.columns; ++column)
        if (entries[column][lane] != tables.escapeNumber())
          job.symbols[lane * job.stride + column] = tables.symbolOf[entries[column][lane]];
  }
};

/// Units take their steps in turn, so that what one waits for the others have time for.
template <bool HasGroups, size_t... Unit>
UWT_AVX2 bool decodeUnits(AnsRunJob *jobs, const AnsRun &run, std::index_sequence<Unit...>) {
  const Constants constants(*jobs->ofTensor);
  const uint32_t lanes = (1u << run.lanes) - 1;
  const __m256i hasRow = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(run.lanes)),
                                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  RunState<HasGroups> units[] = {RunState<HasGroups>(jobs[Unit])...};
  for (uint32_t column = 0; column < run.columns; ++column) {
    uint32_t taking = column + ansFinalColumns < run.columns ? run.lanes : run.finalFrom;
    if (!(units[Unit].step(constants, column, hasRow, lanes, taking) && ...))
      return false;
  }
  (units[Unit].finish(run), ...);
  return true;
}

template <bool HasGroups> bool decodeRuns(std::span<AnsRunJob> jobs, const AnsRun &run) {
  size_t i = 0;
  for (; i + 2 <= jobs.size(); i += 2)
    if (!decodeUnits<HasGroups>(&jobs[i], run, std::make_index_sequence<2>()))
      return false;
  return i == jobs.size() || decodeUnits<HasGroups>(&jobs[i], run, std::make_index_sequence<1>());
}
} // namespace

bool uwt::decodeAnsRunAvx2(std::span<AnsRunJob> jobs, const AnsRun &run) {
  return jobs.front().ofTensor->groups ? decodeRuns<true>(jobs, run) : decodeRuns<false>(jobs, run);
}

#else

bool uwt::decodeAnsRunAvx2(std::span<AnsRunJob> jobs, const AnsRun &run) {
  return decodeAnsRunPortable(jobs, run);
}

#endif
