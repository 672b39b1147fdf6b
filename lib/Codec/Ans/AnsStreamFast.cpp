//===- AnsStreamFast.cpp - Numeral systems, plain C++ ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Decoding: eight lanes are eight chains of a multiplication and a table lookup that
// do not wait for each other; only the place of the next word goes from lane to lane.
// Encoding: the same from the end, with a multiplication in place of a division.
//
//===----------------------------------------------------------------------===//

#include "AnsStream.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

const uint8_t *uwt::readAnsEscapes(AnsRunJob &job, uint32_t escaped, uint32_t column,
                                   const uint8_t *next) {
  const FieldSplit &split = job.ofTensor->split;
  for (uint32_t lane = 0; lane < ansLanes; ++lane) {
    if (!(escaped >> lane & 1))
      continue;
    uint32_t symbol = loadHalfWord(next);
    next += 2;
    ++job.escapes;
    if (symbol >> split.symbolBits != 0)
      return nullptr;
    job.symbols[lane * job.stride + column] =
        static_cast<uint16_t>(symbol << (16 - split.symbolBits));
  }
  return next;
}

namespace {

/// Lanes of a run in registers.
template <bool AllLanes> class AnsRunDecoder {
public:
  AnsRunDecoder(AnsRunJob &job, const AnsRun &run)
      : job(job), run(run), next(job.next), escapeNumber(job.ofTensor->escapeNumber()),
        bits(job.ofTensor->frequencyBits) {}

  bool decode() {
    uint32_t local[ansLanes];
    std::copy_n(job.states, ansLanes, local);
    for (uint32_t column = 0; column < run.columns; ++column) {
      uint32_t taking =
          AllLanes || column + ansFinalColumns < run.columns ? ansLanes : run.finalFrom;
      uint32_t escaped = 0;
#pragma GCC unroll 8
      for (uint32_t lane = 0; lane < ansLanes; ++lane)
        if (AllLanes || lane < run.lanes)
          escaped |= uint32_t(step(lane, column, taking, local[lane])) << lane;
      if (escaped)
        next = readAnsEscapes(job, escaped, column, next);
      if (!next)
        return false;
    }
    std::copy_n(local, ansLanes, job.states);
    job.next = next;
    return true;
  }

private:
  /// Decodes an element of a lane; whether it is an escape.
  bool step(uint32_t lane, uint32_t column, uint32_t taking, uint32_t &state) {
    uint32_t table = (job.ofRows[lane] + job.ofColumns[column]) & job.ofTensor->tableMask();
    uint32_t entry = job.ofTensor->decode[table << bits | (state & ((1u << bits) - 1))];
    uint32_t frequency = (entry & ans_entry::fieldMask) + 1;
    uint32_t offset = entry >> ans_entry::offsetShift & ans_entry::fieldMask;
    uint32_t decoded = frequency * (state >> bits) + offset;
    uint32_t number = entry >> ans_entry::numberShift;
    bool isGroup = number >= job.ofTensor->firstGroup() && number < escapeNumber;
    uint32_t groupBits = isGroup ? job.ofTensor->groupBits : 0;
    uint32_t inGroup = decoded & ((1u << groupBits) - 1);
    decoded >>= groupBits;
    bool takes = decoded < leastAnsState && (AllLanes || lane < taking);
    uint32_t refilled = decoded << 16 | loadHalfWord(next);
    state = takes ? refilled : decoded;
    next += takes ? 2 : 0;
    job.symbols[lane * job.stride + column] = job.ofTensor->symbolOf[inGroup << 8 | number];
    return number == escapeNumber;
  }

  AnsRunJob &job;
  const AnsRun &run;
  const uint8_t *next;
  uint32_t escapeNumber, bits;
};

} // namespace

bool uwt::decodeAnsRunPortable(std::span<AnsRunJob> jobs, const AnsRun &run) {
  bool isWhole = run.lanes == ansLanes && run.finalFrom == ansLanes;
  for (AnsRunJob &job : jobs) {
    bool isDecoded =
        isWhole ? AnsRunDecoder<true>(job, run).decode() : AnsRunDecoder<false>(job, run).decode();
    if (!isDecoded)
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

void uwt::storeAnsEscapes(AnsEncodeJob &job, uint32_t escaped, uint32_t column) {
  for (uint32_t lane = ansLanes; lane-- > 0;)
    if (escaped >> lane & 1) {
      *--job.next = job.symbols[lane * job.stride + column];
      ++job.escapes;
    }
}

bool uwt::beginAnsLanes(AnsEncodeJob &job, const AnsRun &run) {
  for (uint32_t lane = run.finalFrom; lane < run.lanes; ++lane) {
    job.states[lane] = leastAnsState;
    for (uint32_t i = run.columns - std::min(run.columns, ansFinalColumns); i < run.columns; ++i) {
      uint32_t table = (job.ofRows[lane] + job.ofColumns[i]) & job.ofTensor->tableMask();
      AnsSymbol symbol = job.ofTensor->encodeSymbol(table, job.symbols[lane * job.stride + i]);
      if (symbol.frequency == 0)
        return false;
      job.states[lane] = leastStateBefore(symbol, job.ofTensor->frequencyBits, job.states[lane]);
    }
  }
  return true;
}

namespace {

/// Lanes of a run of one unit, in registers.
template <bool AllLanes, bool HasGroups> class AnsRunEncoder {
public:
  AnsRunEncoder(AnsEncodeJob &job, const AnsRun &run)
      : job(job), run(run), tables(*job.ofTensor), next(job.next), entries(tables.encode.data()),
        reciprocals(tables.reciprocals.data()), numberOf(tables.numberOf.data()),
        bits(tables.frequencyBits), escapeNumber(tables.escapeNumber()) {}

  bool encode() {
    uint32_t states[ansLanes];
    std::copy_n(job.states, ansLanes, states);
    for (uint32_t column = run.columns; column-- > 0;)
      if (!encodeColumn(column, states))
        return false;
    std::copy_n(states, ansLanes, job.states);
    job.next = next;
    return true;
  }

private:
  bool encodeColumn(uint32_t column, uint32_t (&states)[ansLanes]) {
    uint32_t taking = AllLanes || column + ansFinalColumns < run.columns ? ansLanes : run.finalFrom;
    const uint32_t ofColumn = job.ofColumns[column], tableMask = tables.tableMask();
    uint32_t found[ansLanes], escaped = 0;
    bool isMissing = false;
#pragma GCC unroll 8
    for (uint32_t lane = 0; lane < ansLanes; ++lane) {
      if (!AllLanes && lane >= run.lanes)
        continue;
      uint32_t table = (job.ofRows[lane] + ofColumn) & tableMask;
      found[lane] = table << 8 | numberOf[symbolAt(lane, column)];
      uint32_t entry = entries[found[lane]];
      isMissing |= entry == missingAnsEntry;
      escaped |= uint32_t(entry >> ans_entry::numberShift == escapeNumber) << lane;
    }
    if (isMissing)
      return false;
    if (escaped) {
      job.next = next;
      storeAnsEscapes(job, escaped, column);
      next = job.next;
    }
#pragma GCC unroll 8
    for (uint32_t lane = ansLanes; lane-- > 0;)
      if (AllLanes || lane < run.lanes)
        put(found[lane], symbolAt(lane, column), AllLanes || lane < taking, states[lane]);
    return true;
  }

  uint16_t symbolAt(uint32_t lane, uint32_t column) const {
    return job.symbols[lane * job.stride + column];
  }

  void put(uint32_t index, uint32_t symbol, bool mayTake, uint32_t &state) {
    uint32_t entry = entries[index];
    uint32_t frequency = (entry & ans_entry::fieldMask) + 1;
    uint32_t start = entry >> ans_entry::offsetShift & ans_entry::fieldMask;
    uint32_t groupBits = HasGroups ? tables.groupBitsOf(entry >> ans_entry::numberShift) : 0;
    bool takes = mayTake && state >> (32 - bits - groupBits) >= frequency;
    next[-1] = static_cast<uint16_t>(state);
    next -= takes;
    uint32_t rest = takes ? state >> 16 : state;
    if constexpr (HasGroups)
      rest = rest << groupBits | (symbol & ((1u << groupBits) - 1));
    auto quotient = static_cast<uint32_t>(rest * reciprocals[index] >> (32 + bits));
    state = rest + quotient * ((1u << bits) - frequency) + start;
  }

  AnsEncodeJob &job;
  const AnsRun &run;
  const AnsTables &tables;
  uint16_t *next;
  const uint32_t *entries;
  const uint64_t *reciprocals;
  const uint8_t *numberOf;
  uint32_t bits, escapeNumber;
};

template <bool HasGroups> bool encodeOneRun(AnsEncodeJob &job, const AnsRun &run) {
  bool isWhole = run.lanes == ansLanes && run.finalFrom == ansLanes;
  return isWhole ? AnsRunEncoder<true, HasGroups>(job, run).encode()
                 : AnsRunEncoder<false, HasGroups>(job, run).encode();
}

} // namespace

bool uwt::encodeAnsRunPortable(std::span<AnsEncodeJob> jobs, const AnsRun &run) {
  return std::ranges::all_of(jobs, [&](AnsEncodeJob &job) {
    return job.ofTensor->groups ? encodeOneRun<true>(job, run) : encodeOneRun<false>(job, run);
  });
}
