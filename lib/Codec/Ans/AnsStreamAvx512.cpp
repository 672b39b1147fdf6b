//===- AnsStreamAvx512.cpp - Numeral systems with AVX-512 --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The lanes of two units are one vector: tables are gathered from, and words expand to the lanes
// that take one, or are compressed from those that give one.
//
//===----------------------------------------------------------------------===//

#include "../Avx512.h"
#include "AnsStream.h"
#include <utility>

using namespace uwt;

#if defined(__x86_64__)
using namespace uwt::avx512;

namespace {

UWT_AVX512 __m512i all(uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); }

/// What is the same for all elements of a tensor.
struct Constants {
  const AnsTables &tables;
  __m512i slots, indexes, firstGroup, groups, escape, groupMask;
  __m128i frequencyBits, groupBits, groupShift;

  UWT_AVX512 explicit Constants(const AnsTables &tables)
      : tables(tables), slots(all((1u << tables.frequencyBits) - 1)),
        indexes(all(static_cast<uint32_t>(tables.decode.size()) - 1)),
        firstGroup(all(tables.firstGroup())),
        groups(all(tables.escapeNumber() - tables.firstGroup())),
        escape(all(tables.escapeNumber())), groupMask(all((1u << tables.groupBits) - 1)),
        frequencyBits(_mm_cvtsi32_si128(static_cast<int>(tables.frequencyBits))),
        groupBits(_mm_cvtsi32_si128(static_cast<int>(tables.groupBits))),
        groupShift(_mm_cvtsi32_si128(static_cast<int>(16 - tables.split.symbolBits))) {}
};

UWT_AVX512 __m512i both(const uint32_t *first, const uint32_t *second) {
  return _mm512_inserti64x4(
      _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(first))),
      _mm256_loadu_si256(reinterpret_cast<const __m256i *>(second)), 1);
}

/// The states of one or two units.
template <typename Job>
UWT_AVX512 void storeStates(__m512i state, Job *const (&jobs)[2], bool isPair) {
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(jobs[0]->states), _mm512_castsi512_si256(state));
  if (isPair)
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(jobs[1]->states),
                        _mm512_extracti64x4_epi64(state, 1));
}

/// Lanes of one or two units that are below `lane`.
uint32_t lanesBelow(uint32_t lane, bool isPair) {
  uint32_t mask = (1u << lane) - 1;
  return isPair ? mask | mask << ansLanes : mask;
}

/// A byte an element of a run, of four columns a register: [lane][column].
using LaneBytes = __m512i[4];

/// Turns them into rows of 16 columns: register i has those of lanes i, 4 + i, 8 + i, 12 + i.
UWT_AVX512 void transpose(LaneBytes &of) {
  __m512i low01 = _mm512_unpacklo_epi32(of[0], of[1]), high01 = _mm512_unpackhi_epi32(of[0], of[1]);
  __m512i low23 = _mm512_unpacklo_epi32(of[2], of[3]), high23 = _mm512_unpackhi_epi32(of[2], of[3]);
  of[0] = _mm512_unpacklo_epi64(low01, low23);
  of[1] = _mm512_unpackhi_epi64(low01, low23);
  of[2] = _mm512_unpacklo_epi64(high01, high23);
  of[3] = _mm512_unpackhi_epi64(high01, high23);
}

/// One or two units in the middle of a run: the first one's lanes are below the second one's.
template <bool HasGroups> class UnitPair {
public:
  UWT_AVX512 UnitPair(const Constants &of, AnsRunJob *first, bool isPair, const AnsRun &run)
      : of(of), jobs{first, first + isPair}, isPair(isPair), lanes(lanesBelow(run.lanes)),
        state(both(jobs[0]->states, jobs[1]->states)),
        ofRows(_mm512_sll_epi32(both(jobs[0]->ofRows, jobs[1]->ofRows), of.frequencyBits)),
        next{jobs[0]->next, jobs[1]->next} {}

  /// Those of both units that are below `lane`.
  __mmask16 lanesBelow(uint32_t lane) const {
    return static_cast<__mmask16>(::lanesBelow(lane, isPair));
  }

  /// `ofColumn` is what the column adds to the index of an entry; lanes of `mayTake` may take a
  /// word. False where an escape is no symbol.
  UWT_AVX512 __attribute__((always_inline)) bool step(uint32_t column, __m512i ofColumn,
                                                      __mmask16 mayTake) {
    const __m512i field = all(ans_entry::fieldMask);
    __m512i index =
        _mm512_and_si512(select(state, _mm512_add_epi32(ofRows, ofColumn), of.slots), of.indexes);
    __m512i entry = _mm512_i32gather_epi32(index, of.tables.decode.data(), 4);
    __m512i frequency = _mm512_add_epi32(_mm512_and_si512(entry, field), all(1));
    __m512i offset = _mm512_and_si512(_mm512_srli_epi32(entry, ans_entry::offsetShift), field);
    __m512i decoded = _mm512_add_epi32(
        _mm512_mullo_epi32(frequency, _mm512_srl_epi32(state, of.frequencyBits)), offset);
    __m512i number = _mm512_srli_epi32(entry, ans_entry::numberShift);
    // The newest byte of four is the highest.
    numbers[column / 4] = _mm512_shrdi_epi32(numbers[column / 4], number, 8);
    if constexpr (HasGroups) {
      __mmask16 isGroup =
          _mm512_cmplt_epu32_mask(_mm512_sub_epi32(number, of.firstGroup), of.groups);
      __m512i inGroup = _mm512_maskz_and_epi32(isGroup, decoded, of.groupMask);
      inGroups[column / 4] = _mm512_shrdi_epi32(inGroups[column / 4], inGroup, 8);
      decoded = _mm512_mask_srl_epi32(decoded, isGroup, decoded, of.groupBits);
    }
    decoded = _mm512_mask_mov_epi32(state, lanes, decoded);
    __mmask16 takes = _mm512_mask_cmplt_epu32_mask(mayTake, decoded, all(leastAnsState));
    state = _mm512_mask_or_epi32(decoded, takes, _mm512_slli_epi32(decoded, ansWordBits),
                                 takeWords(takes));
    __mmask16 escapes = _mm512_mask_cmpeq_epi32_mask(lanes, number, of.escape);
    return __builtin_expect(escapes == 0, 1) || readEscapes(escapes, column);
  }

  UWT_AVX512 void finish(const AnsRun &run) {
    storeStates(state, jobs, isPair);
    jobs[0]->next = next[0];
    if (isPair)
      jobs[1]->next = next[1];
    storeSymbols(run);
  }

private:
  /// The next words of the lanes that take one.
  UWT_AVX512 __m512i takeWords(__mmask16 takes) {
    const uint32_t first = takes & 0xFF, second = takes >> ansLanes;
    auto load = [](uint32_t mask, const uint8_t *from) UWT_AVX512 {
      return _mm_maskz_expand_epi16(static_cast<__mmask8>(mask),
                                    _mm_loadu_si128(reinterpret_cast<const __m128i *>(from)));
    };
    __m256i words = _mm256_set_m128i(load(second, next[1]), load(first, next[0]));
    next[0] += 2 * _mm_popcnt_u32(first);
    next[1] += 2 * _mm_popcnt_u32(second);
    return _mm512_cvtepu16_epi32(words);
  }

  bool readEscapes(uint32_t escapes, uint32_t column) {
    next[0] = readAnsEscapes(*jobs[0], escapes & 0xFF, column, next[0]);
    if (isPair && next[0])
      next[1] = readAnsEscapes(*jobs[1], escapes >> ansLanes, column, next[1]);
    return next[0] && next[1];
  }

  /// All but those of escapes, which have been stored.
  UWT_AVX512 void storeSymbols(const AnsRun &run) {
    alignBytes(numbers, run.columns);
    transpose(numbers);
    if constexpr (HasGroups) {
      alignBytes(inGroups, run.columns);
      transpose(inGroups);
    }
    const ByteTable low(of.tables.symbolBytes[0].data()), high(of.tables.symbolBytes[1].data());
    const __m512i escape = _mm512_set1_epi8(static_cast<char>(of.tables.escapeNumber()));
    const __m512i firstRows = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i lastRows = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    const uint64_t columns = ((1ull << run.columns) - 1) * 0x0001000100010001;
    for (uint32_t i = 0; i < 4; ++i) {
      uint64_t mask = _mm512_cmpneq_epi8_mask(numbers[i], escape) & columns;
      __m512i lowBytes = low[numbers[i]], highBytes = high[numbers[i]];
      // Columns 0 to 7 and 8 to 15 of four rows.
      __m512i left = _mm512_unpacklo_epi8(lowBytes, highBytes);
      __m512i right = _mm512_unpackhi_epi8(lowBytes, highBytes);
      if constexpr (HasGroups) {
        const __m512i zero = _mm512_setzero_si512();
        __m512i leftGroups = _mm512_unpacklo_epi8(inGroups[i], zero);
        __m512i rightGroups = _mm512_unpackhi_epi8(inGroups[i], zero);
        left = _mm512_add_epi16(left, _mm512_sll_epi16(leftGroups, of.groupShift));
        right = _mm512_add_epi16(right, _mm512_sll_epi16(rightGroups, of.groupShift));
      }
      storeRows(*jobs[0], i, mask, _mm512_permutex2var_epi64(left, firstRows, right));
      if (isPair)
        storeRows(*jobs[1], i, mask >> 32, _mm512_permutex2var_epi64(left, lastRows, right));
    }
  }

  /// A run of less than 16 columns has fewer than four bytes in its last register, and none in
  /// those behind.
  UWT_AVX512 static void alignBytes(LaneBytes &bytes, uint32_t columns) {
    if (columns % 4)
      bytes[columns / 4] = _mm512_srl_epi32(
          bytes[columns / 4], _mm_cvtsi32_si128(static_cast<int>(4 - columns % 4) * 8));
  }

  /// Rows `lane` and `lane + 4`.
  UWT_AVX512 static void storeRows(const AnsRunJob &job, uint32_t lane, uint64_t mask,
                                   __m512i rows) {
    uint16_t *to = job.symbols + lane * job.stride;
    _mm256_mask_storeu_epi16(to, static_cast<__mmask16>(mask), _mm512_castsi512_si256(rows));
    _mm256_mask_storeu_epi16(to + 4 * job.stride, static_cast<__mmask16>(mask >> 16),
                             _mm512_extracti64x4_epi64(rows, 1));
  }

  const Constants &of;
  AnsRunJob *jobs[2];
  bool isPair;
  __mmask16 lanes;
  __m512i state, ofRows;
  const uint8_t *next[2];
  LaneBytes numbers = {}, inGroups = {};
};

/// Pairs of units take their steps in turn, so that what one waits for the others have time for.
template <bool HasGroups, size_t... Pair>
UWT_AVX512 bool decodePairs(std::span<AnsRunJob> jobs, const AnsRun &run,
                            std::index_sequence<Pair...>) {
  const Constants of(*jobs[0].ofTensor);
  UnitPair<HasGroups> pairs[] = {
      UnitPair<HasGroups>(of, &jobs[2 * Pair], 2 * Pair + 1 < jobs.size(), run)...};
  for (uint32_t column = 0; column < run.columns; ++column) {
    uint32_t taking = column + ansFinalColumns < run.columns ? run.lanes : run.finalFrom;
    __m512i ofColumn = all(uint32_t(jobs[0].ofColumns[column]) << of.tables.frequencyBits);
    if (!(pairs[Pair].step(column, ofColumn, pairs[Pair].lanesBelow(taking)) && ...))
      return false;
  }
  (pairs[Pair].finish(run), ...);
  return true;
}

template <bool HasGroups> bool decodeRuns(std::span<AnsRunJob> jobs, const AnsRun &run) {
  return jobs.size() > 2 ? decodePairs<HasGroups>(jobs, run, std::make_index_sequence<2>())
                         : decodePairs<HasGroups>(jobs, run, std::make_index_sequence<1>());
}

} // namespace

bool uwt::decodeAnsRunAvx512(std::span<AnsRunJob> jobs, const AnsRun &run) {
  return jobs.front().ofTensor->groups ? decodeRuns<true>(jobs, run) : decodeRuns<false>(jobs, run);
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

namespace {

/// What is the same for all elements of a tensor.
struct EncodeConstants {
  const AnsTables &tables;
  __m512i tableMask, firstGroup, groups, escape, groupBits, limitShift, complement;

  UWT_AVX512 explicit EncodeConstants(const AnsTables &tables)
      : tables(tables), tableMask(all(tables.tableMask() << 8)),
        firstGroup(all(tables.firstGroup())),
        groups(all(tables.escapeNumber() - tables.firstGroup())),
        escape(all(tables.escapeNumber())), groupBits(all(tables.groupBits)),
        limitShift(all(32 - tables.frequencyBits)), complement(all(1u << tables.frequencyBits)) {}
};

/// The run of one or two units that is being encoded.
template <bool HasGroups> class UnitPairEncoder {
public:
  UWT_AVX512 UnitPairEncoder(const EncodeConstants &of, AnsEncodeJob *first, bool isPair,
                             const AnsRun &run)
      : of(of), jobs{first, first + isPair}, isPair(isPair), lanes(lanesBelow(run.lanes)),
        state(both(jobs[0]->states, jobs[1]->states)),
        ofRows(_mm512_slli_epi32(both(jobs[0]->ofRows, jobs[1]->ofRows), 8)) {
    for (uint32_t unit = 0; unit <= uint32_t(isPair); ++unit)
      for (uint32_t lane = 0; lane < run.lanes; ++lane) {
        const uint16_t *symbols = jobs[unit]->symbols + lane * jobs[unit]->stride;
        for (uint32_t column = 0; column < run.columns; ++column) {
          numbers[column][unit * ansLanes + lane] = of.tables.numberOf[symbols[column]];
          if constexpr (HasGroups)
            inGroups[column][unit * ansLanes + lane] =
                static_cast<uint8_t>(symbols[column] & ((1u << of.tables.groupBits) - 1));
        }
      }
  }

  __mmask16 lanesBelow(uint32_t lane) const {
    return static_cast<__mmask16>(::lanesBelow(lane, isPair));
  }

  /// Lanes of `mayTake` may take a word after this column. False where a symbol has no frequency.
  UWT_AVX512 __attribute__((always_inline)) bool step(uint32_t column, __mmask16 mayTake) {
    const __m512i field = all(ans_entry::fieldMask);
    __m512i index =
        _mm512_or_si512(_mm512_and_si512(_mm512_add_epi32(ofRows, ofColumn(column)), of.tableMask),
                        bytes(numbers[column]));
    __m512i entry = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), lanes, index,
                                                of.tables.encode.data(), 4);
    if (__builtin_expect(_mm512_cmpeq_epi32_mask(entry, all(missingAnsEntry)), 0))
      return false;
    __m512i number = _mm512_srli_epi32(entry, ans_entry::numberShift);
    __mmask16 escapes = _mm512_mask_cmpeq_epi32_mask(lanes, number, of.escape);
    if (__builtin_expect(escapes, 0))
      storeEscapes(escapes, column);

    __m512i frequency = _mm512_add_epi32(_mm512_and_si512(entry, field), all(1));
    __m512i start = _mm512_and_si512(_mm512_srli_epi32(entry, ans_entry::offsetShift), field);
    __m512i limitShift = of.limitShift;
    __mmask16 isGroup = 0;
    if constexpr (HasGroups) {
      isGroup = _mm512_cmplt_epu32_mask(_mm512_sub_epi32(number, of.firstGroup), of.groups);
      limitShift = _mm512_mask_sub_epi32(limitShift, isGroup, limitShift, of.groupBits);
    }
    __mmask16 takes =
        _mm512_mask_cmpge_epu32_mask(mayTake, _mm512_srlv_epi32(state, limitShift), frequency);
    storeWords(takes);
    __m512i rest = _mm512_mask_srli_epi32(state, takes, state, ansWordBits);
    if constexpr (HasGroups)
      rest = _mm512_mask_or_epi32(rest, isGroup, _mm512_sllv_epi32(rest, of.groupBits),
                                  bytes(inGroups[column]));
    __m512i quotient = divide(rest, frequency);
    __m512i coded =
        _mm512_add_epi32(_mm512_add_epi32(rest, start),
                         _mm512_mullo_epi32(quotient, _mm512_sub_epi32(of.complement, frequency)));
    state = _mm512_mask_mov_epi32(state, lanes, coded);
    return true;
  }

  UWT_AVX512 void finish() { storeStates(state, jobs, isPair); }

private:
  UWT_AVX512 static __m512i bytes(const uint8_t (&of)[2 * ansLanes]) {
    return _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i *>(of)));
  }

  UWT_AVX512 __m512i ofColumn(uint32_t column) const {
    __m512i first = all(uint32_t(jobs[0]->ofColumns[column]) << 8);
    return _mm512_mask_mov_epi32(first, 0xFF00, all(uint32_t(jobs[1]->ofColumns[column]) << 8));
  }

  /// Exact: a quotient is below 2^23 and, where it is not whole, at least 2^-12 below the next
  /// whole number; doubles have 52 bits.
  UWT_AVX512 static __m512i divide(__m512i numerator, __m512i denominator) {
    auto halfOf = [](__m256i n, __m256i d) UWT_AVX512 {
      return _mm512_cvttpd_epu32(_mm512_div_pd(_mm512_cvtepu32_pd(n), _mm512_cvtepu32_pd(d)));
    };
    __m256i low = halfOf(_mm512_castsi512_si256(numerator), _mm512_castsi512_si256(denominator));
    __m256i high =
        halfOf(_mm512_extracti64x4_epi64(numerator, 1), _mm512_extracti64x4_epi64(denominator, 1));
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }

  UWT_AVX512 void storeWords(__mmask16 takes) {
    __m256i words = _mm512_cvtepi32_epi16(state);
    auto store = [](AnsEncodeJob &job, uint32_t mask, __m128i of) UWT_AVX512 {
      auto count = static_cast<uint32_t>(_mm_popcnt_u32(mask));
      job.next -= count;
      _mm_mask_storeu_epi16(job.next, static_cast<__mmask8>((1u << count) - 1),
                            _mm_maskz_compress_epi16(static_cast<__mmask8>(mask), of));
    };
    store(*jobs[0], takes & 0xFF, _mm256_castsi256_si128(words));
    if (isPair)
      store(*jobs[1], takes >> ansLanes, _mm256_extracti128_si256(words, 1));
  }

  void storeEscapes(uint32_t escapes, uint32_t column) {
    storeAnsEscapes(*jobs[0], escapes & 0xFF, column);
    if (isPair)
      storeAnsEscapes(*jobs[1], escapes >> ansLanes, column);
  }

  const EncodeConstants &of;
  AnsEncodeJob *jobs[2];
  bool isPair;
  __mmask16 lanes;
  __m512i state, ofRows;
  /// [column][lane]: the numbers of entries, and what follows them.
  alignas(64) uint8_t numbers[blockColumns][2 * ansLanes] = {};
  alignas(64) uint8_t inGroups[HasGroups ? blockColumns : 1][2 * ansLanes] = {};
};

template <bool HasGroups, size_t... Pair>
UWT_AVX512 bool encodePairs(std::span<AnsEncodeJob> jobs, const AnsRun &run,
                            std::index_sequence<Pair...>) {
  const EncodeConstants of(*jobs[0].ofTensor);
  UnitPairEncoder<HasGroups> pairs[] = {
      UnitPairEncoder<HasGroups>(of, &jobs[2 * Pair], 2 * Pair + 1 < jobs.size(), run)...};
  for (uint32_t column = run.columns; column-- > 0;) {
    uint32_t taking = column + ansFinalColumns < run.columns ? run.lanes : run.finalFrom;
    if (!(pairs[Pair].step(column, pairs[Pair].lanesBelow(taking)) && ...))
      return false;
  }
  (pairs[Pair].finish(), ...);
  return true;
}

template <bool HasGroups> bool encodeRuns(std::span<AnsEncodeJob> jobs, const AnsRun &run) {
  return jobs.size() > 2 ? encodePairs<HasGroups>(jobs, run, std::make_index_sequence<2>())
                         : encodePairs<HasGroups>(jobs, run, std::make_index_sequence<1>());
}

} // namespace

bool uwt::encodeAnsRunAvx512(std::span<AnsEncodeJob> jobs, const AnsRun &run) {
  return jobs.front().ofTensor->groups ? encodeRuns<true>(jobs, run) : encodeRuns<false>(jobs, run);
}

#else

bool uwt::decodeAnsRunAvx512(std::span<AnsRunJob> jobs, const AnsRun &run) {
  return decodeAnsRunPortable(jobs, run);
}

bool uwt::encodeAnsRunAvx512(std::span<AnsEncodeJob> jobs, const AnsRun &run) {
  return encodeAnsRunPortable(jobs, run);
}

#endif
