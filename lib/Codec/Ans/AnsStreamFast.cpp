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
    for (uint32_t lane = 0; lane < run.lanes; ++lane)
      if (lane >= run.finalFrom && !begin(run, lane))
        return false;
    for (uint32_t column = run.columns; column-- > 0;) {
      uint32_t taking = column + ansFinalColumns < run.columns ? run.lanes : run.finalFrom;
      bool isMissing = false, hasEscape = false;
      const AnsSymbol *found[ansLanes];
      for (uint32_t lane = 0; lane < run.lanes; ++lane) {
        found[lane] = &symbolAt(run, lane, column);
        hasEscape |= found[lane]->isEscape;
        isMissing |= found[lane]->frequency == 0;
      }
      if (isMissing)
        return false;
      for (uint32_t lane = hasEscape ? run.lanes : 0; lane-- > 0;)
        if (found[lane]->isEscape) {
          *end++ = valueAt(run, lane, column);
          ++escapes;
        }
      for (uint32_t lane = run.lanes; lane-- > 0;)
        put(*found[lane], lane < taking, states[lane]);
    }
    return true;
  }

  /// ans-4: the least state that the last elements of a lane lead from to 2^16.
  bool begin(const AnsRun &run, uint32_t lane) {
    states[lane] = leastAnsState;
    for (uint32_t i = run.columns - std::min(run.columns, ansFinalColumns); i < run.columns; ++i) {
      const AnsSymbol &symbol = symbolAt(run, lane, i);
      if (symbol.frequency == 0)
        return false;
      states[lane] = leastStateBefore(symbol, bits, states[lane]);
    }
    return true;
  }

  uint16_t valueAt(const AnsRun &run, uint32_t lane, uint32_t column) const {
    return symbols[(run.row + lane) * stride + run.column + column];
  }
  const AnsSymbol &symbolAt(const AnsRun &run, uint32_t lane, uint32_t column) const {
    uint32_t table = context.ofRow(unit.firstRow + run.row + lane) +
                     context.ofColumns(unit.firstColumn + run.column)[column];
    return context.tables.encodeTable(table &
                                      context.tables.tableMask())[valueAt(run, lane, column)];
  }

  void put(const AnsSymbol &symbol, bool mayTake, uint32_t &state) {
    uint64_t limit = uint64_t(symbol.frequency) << (32 - bits - symbol.groupBits);
    bool takes = mayTake && state >= limit;
    *end = static_cast<uint16_t>(state);
    end += takes;
    state >>= takes ? 16 : 0;
    state = state << symbol.groupBits | symbol.inGroup;
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
