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

const uint8_t *uwt::readAnsEscapes(const AnsRunJob &job, uint32_t escaped, uint32_t column,
                                   const uint8_t *next) {
  const FieldSplit &split = job.ofTensor->split;
  for (uint32_t lane = 0; lane < ansLanes; ++lane) {
    if (!(escaped >> lane & 1))
      continue;
    uint32_t symbol = loadHalfWord(next);
    next += 2;
    if (symbol >> split.symbolBits != 0)
      return nullptr;
    job.symbols[lane][column] = static_cast<uint16_t>(symbol << (16 - split.symbolBits));
  }
  return next;
}

void uwt::storeAnsSymbols(const AnsRunJob &job, const AnsRun &run, const AnsNumbers &numbers,
                          bool hasEscapes) {
  const auto &symbols = job.ofTensor->topSymbols;
  if (!hasEscapes && run.columns == blockColumns) {
    for (uint32_t lane = 0; lane < ansLanes; ++lane)
      for (uint32_t column = 0; column < blockColumns; ++column)
        job.symbols[lane][column] = symbols[numbers[column][lane]];
    return;
  }
  uint32_t escape = job.ofTensor->escapeNumber();
  for (uint32_t lane = 0; lane < run.lanes; ++lane)
    for (uint32_t column = 0; column < run.columns; ++column)
      if (numbers[column][lane] != escape)
        job.symbols[lane][column] = symbols[numbers[column][lane]];
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
    uint32_t entry = job.tables[lane][state & ((1u << bits) - 1)];
    uint32_t frequency = (entry & ans_entry::fieldMask) + 1;
    uint32_t offset = entry >> ans_entry::offsetShift & ans_entry::fieldMask;
    uint32_t decoded = frequency * (state >> bits) + offset;
    bool takes = decoded < leastAnsState && (AllLanes || lane < taking);
    uint32_t refilled = decoded << 16 | loadHalfWord(next);
    state = takes ? refilled : decoded;
    next += takes ? 2 : 0;
    uint32_t number = entry >> ans_entry::numberShift;
    job.symbols[lane][column] = job.ofTensor->topSymbols[number];
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

namespace {

class AnsUnitEncoder {
public:
  AnsUnitEncoder(const AnsContext &context, const PanelUnit &unit, const uint16_t *symbols,
                 size_t stride)
      : context(context), unit(unit), symbols(symbols), stride(stride),
        bits(context.tables.frequencyBits), runs(unit) {}

  bool run(uint64_t &escapes, std::vector<uint8_t> &code) {
    // A word and an escape an element.
    words.resize(size_t(unit.rows) * unit.columns * 2);
    end = words.data();
    for (uint32_t i = runs.size(); i-- > 0;)
      if (!encodeRun(runs[i], escapes))
        return false;
    appendAnsUnit({states, ansLanesOf(unit)},
                  {words.data(), static_cast<size_t>(end - words.data())}, code);
    return true;
  }

private:
  bool encodeRun(const AnsRun &run, uint64_t &escapes) {
    const AnsSymbol *tables[ansLanes];
    const uint16_t *from[ansLanes];
    for (uint32_t lane = 0; lane < run.lanes; ++lane) {
      tables[lane] = context.tables.encodeTable(
          context.tables.classOf(context.classes, unit.firstRow + run.row + lane));
      from[lane] = symbols + (run.row + lane) * stride + run.column;
      if (lane >= run.finalFrom && !begin(tables[lane], from[lane], run.columns, states[lane]))
        return false;
    }
    for (uint32_t column = run.columns; column-- > 0;) {
      uint32_t taking = column + ansFinalColumns < run.columns ? run.lanes : run.finalFrom;
      bool isMissing = false, hasEscape = false;
      for (uint32_t lane = 0; lane < run.lanes; ++lane) {
        const AnsSymbol &symbol = tables[lane][from[lane][column]];
        hasEscape |= symbol.isEscape;
        isMissing |= symbol.frequency == 0;
      }
      if (isMissing)
        return false;
      for (uint32_t lane = hasEscape ? run.lanes : 0; lane-- > 0;)
        if (tables[lane][from[lane][column]].isEscape) {
          *end++ = from[lane][column];
          ++escapes;
        }
      for (uint32_t lane = run.lanes; lane-- > 0;)
        put(tables[lane][from[lane][column]], lane < taking, states[lane]);
    }
    return true;
  }

  /// ans-4: the least state that the last elements of a lane lead from to 2^16.
  bool begin(const AnsSymbol *table, const uint16_t *from, uint32_t columns, uint32_t &state) {
    state = leastAnsState;
    for (uint32_t i = columns - std::min(columns, ansFinalColumns); i < columns; ++i) {
      if (table[from[i]].frequency == 0)
        return false;
      state = leastStateBefore(table[from[i]], bits, state);
    }
    return true;
  }

  void put(const AnsSymbol &symbol, bool mayTake, uint32_t &state) {
    uint64_t limit = uint64_t(symbol.frequency) << (32 - bits);
    bool takes = mayTake && state >= limit;
    *end = static_cast<uint16_t>(state);
    end += takes;
    state >>= takes ? 16 : 0;
    auto quotient = static_cast<uint32_t>(state * symbol.reciprocal >> (32 + bits));
    state += quotient * ((1u << bits) - symbol.frequency) + symbol.start;
  }

  const AnsContext &context;
  const PanelUnit &unit;
  const uint16_t *symbols;
  size_t stride;
  uint32_t bits;
  AnsRuns runs;
  uint32_t states[ansLanes] = {};
  std::vector<uint16_t> words;
  uint16_t *end = nullptr;
};

} // namespace

bool uwt::encodeAnsUnitFast(const AnsContext &context, const PanelUnit &unit,
                            const uint16_t *symbols, size_t stride, uint64_t &escapes,
                            std::vector<uint8_t> &code) {
  return AnsUnitEncoder(context, unit, symbols, stride).run(escapes, code);
}
