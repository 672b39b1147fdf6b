//===- AnsStreamReference.cpp - Numeral systems, the oracle ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written from the rules of docs/formats.md, an element at a time, from frequencies
// and not from the tables of fast paths. It also words all errors of streams.
//
//===----------------------------------------------------------------------===//

#include "AnsStream.h"
#include <algorithm>
#include <string>

using namespace uwt;

namespace {

/// Frequencies of a table and what comes before each.
struct TableFrequencies {
  std::vector<uint32_t> frequency, start;
};

std::vector<TableFrequencies> frequenciesOf(const AnsContext &context) {
  std::vector<TableFrequencies> tables;
  const Model &model = context.plan.model;
  for (size_t table = 0; table < ansTables(model); ++table) {
    TableFrequencies of;
    of.frequency = ansFrequencies(model, table, context.tables.frequencyBits);
    uint32_t sum = 0;
    for (uint32_t frequency : of.frequency) {
      of.start.push_back(sum);
      sum += frequency;
    }
    tables.push_back(std::move(of));
  }
  return tables;
}

/// The number of an element's table (ans-7, scale-2).
uint32_t tableOf(const AnsContext &context, const PanelUnit &unit, ElementCoordinate at) {
  uint32_t sum = context.ofRow(unit.firstRow + at.row);
  if (!context.context.columns.empty())
    sum += context.context.columns[unit.firstColumn + at.column];
  return sum & context.tables.tableMask();
}

/// An element of a lane.
struct LaneElement {
  uint32_t lane;
  ElementCoordinate at;
  /// Whether the lane may take a word after it (ans-4).
  bool mayTake;
};

/// Elements of each step, in the order of lanes (ans-4).
std::vector<std::vector<LaneElement>> elementsByStep(const PanelUnit &unit) {
  std::vector<std::vector<LaneElement>> steps;
  uint32_t lastColumn = unit.columns - 1;
  for (uint32_t strip = 0; strip < unit.rows; strip += stripRows)
    for (uint32_t block = 0; block < unit.columns; block += blockColumns)
      for (uint32_t first : {strip, strip + ansLanes})
        for (uint32_t i = 0; i < blockColumns && block + i < unit.columns && first < unit.rows;
             ++i) {
          bool isFinalColumn = block + blockColumns > lastColumn && block + i + 1 >= lastColumn;
          std::vector<LaneElement> step;
          for (uint32_t row = first; row < std::min(first + ansLanes, unit.rows); ++row) {
            bool isLastRow = row + ansLanes >= unit.rows;
            step.push_back({row % ansLanes, {row, block + i}, !(isFinalColumn && isLastRow)});
          }
          steps.push_back(std::move(step));
        }
  return steps;
}

} // namespace

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

namespace {

class AnsReferenceDecoder {
public:
  AnsReferenceDecoder(const AnsContext &context, const AnsUnitView &view,
                      std::span<const uint8_t> code)
      : context(context), view(view), code(code), tables(frequenciesOf(context)),
        end{view.wordsBegin, view.states} {}

  Status run(uint16_t *symbols, size_t stride, uint64_t &escapes) {
    uint32_t shift = 16 - context.plan.split.symbolBits;
    for (const std::vector<LaneElement> &step : elementsByStep(view.unit)) {
      std::vector<uint32_t> entries, inGroups;
      for (const LaneElement &element : step) {
        entries.push_back(decode(element));
        inGroups.push_back(takeGroupBits(element, entries.back()));
        uint32_t &state = end.states[element.lane];
        if (state >= leastAnsState || !element.mayTake)
          continue;
        UWT_ASSIGN_OR_RETURN(uint32_t word, nextWord(element));
        state = state << 16 | word; // ans-3
      }
      for (size_t i = 0; i < step.size(); ++i) {
        uint32_t symbol = 0;
        if (entries[i] < context.tables.symbols.size()) {
          symbol = context.tables.symbols[entries[i]] + inGroups[i];
        } else { // ans-5
          UWT_ASSIGN_OR_RETURN(symbol, nextWord(step[i]));
          if (symbol >> context.plan.split.symbolBits != 0)
            return error(step[i], "escapes to symbol " + std::to_string(symbol) +
                                      ", which does not fit " +
                                      std::to_string(context.plan.split.symbolBits) + " bits");
          ++escapes;
        }
        symbols[step[i].at.row * stride + step[i].at.column] =
            static_cast<uint16_t>(symbol << shift);
      }
    }
    return checkAnsEnd(code, view, end);
  }

private:
  Error error(const LaneElement &element, const std::string &what) const {
    return invalidError(
        "unit " + std::to_string(view.number) + ", row " + std::to_string(element.at.row) +
        ", column " + std::to_string(element.at.column) + ": " + what + ": the stream is damaged");
  }
  Expected<uint32_t> nextWord(const LaneElement &element) {
    if (end.position >= view.end)
      return error(element, "takes a word behind the unit's end");
    return loadHalfWord(code.data() + 2 * end.position++);
  }
  /// ans-3.
  uint32_t decode(const LaneElement &element) {
    uint32_t bits = context.tables.frequencyBits;
    const TableFrequencies &of = tables[tableOf(context, view.unit, element.at)];
    uint32_t &state = end.states[element.lane];
    uint32_t slot = state & ((1u << bits) - 1), entry = 0;
    while (slot >= of.start[entry] + of.frequency[entry])
      ++entry;
    state = of.frequency[entry] * (state >> bits) + slot - of.start[entry];
    return entry;
  }

  /// ans-8.
  uint32_t takeGroupBits(const LaneElement &element, uint32_t entry) {
    const AnsTables &of = context.tables;
    if (entry < of.firstGroup() || entry >= of.escapeNumber())
      return 0;
    uint32_t &state = end.states[element.lane];
    uint32_t inGroup = state & ((1u << of.groupBits) - 1);
    state >>= of.groupBits;
    return inGroup;
  }

  const AnsContext &context;
  const AnsUnitView &view;
  std::span<const uint8_t> code;
  std::vector<TableFrequencies> tables;
  AnsUnitEnd end;
};

} // namespace

Status uwt::decodeAnsUnitReference(const AnsContext &context, const AnsUnitView &view,
                                   std::span<const uint8_t> code, uint16_t *symbols, size_t stride,
                                   uint64_t &escapes) {
  return AnsReferenceDecoder(context, view, code).run(symbols, stride, escapes);
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

namespace {

/// Goes from the last element to the first: what it does last is what a decoder does first.
class AnsReferenceEncoder {
public:
  AnsReferenceEncoder(const AnsContext &context, const PanelUnit &unit, PanelWords words)
      : context(context), unit(unit), words(words) {}

  bool run(uint64_t &escapes, std::vector<uint8_t> &code) {
    std::vector<std::vector<LaneElement>> steps = elementsByStep(unit);
    for (const std::vector<LaneElement> &step : steps)
      for (const LaneElement &element : step)
        if (symbolAt(element).frequency == 0)
          return false;
    std::vector<uint32_t> states = firstStates(steps);
    std::vector<uint16_t> reversed;
    for (size_t i = steps.size(); i-- > 0;) {
      for (size_t s = steps[i].size(); s-- > 0;)
        if (symbolAt(steps[i][s]).isEscape) {
          reversed.push_back(valueAt(steps[i][s])); // ans-5
          ++escapes;
        }
      for (size_t s = steps[i].size(); s-- > 0;)
        put(steps[i][s], states[steps[i][s].lane], reversed);
    }
    std::ranges::reverse(reversed);
    appendAnsUnit(states, reversed, code);
    return true;
  }

private:
  uint16_t valueAt(const LaneElement &element) const {
    return static_cast<uint16_t>(context.plan.split.symbolOf(
        words.row(unit.firstRow + element.at.row)[unit.firstColumn + element.at.column]));
  }
  AnsSymbol symbolAt(const LaneElement &element) const {
    return context.tables.encodeSymbol(tableOf(context, unit, element.at), valueAt(element));
  }
  uint64_t coded(uint64_t state, const AnsSymbol &symbol) const {
    state = state << symbol.groupBits | symbol.inGroup; // ans-8
    return state / symbol.frequency * (uint64_t(1) << context.tables.frequencyBits) + symbol.start +
           state % symbol.frequency;
  }
  void put(const LaneElement &element, uint32_t &state, std::vector<uint16_t> &reversed) const {
    AnsSymbol symbol = symbolAt(element);
    uint64_t limit = uint64_t(symbol.frequency)
                     << (32 - context.tables.frequencyBits - symbol.groupBits);
    if (element.mayTake && state >= limit) {
      reversed.push_back(static_cast<uint16_t>(state));
      state >>= 16;
    }
    state = static_cast<uint32_t>(coded(state, symbol));
  }

  /// ans-4: the least states from which elements after which no word may be taken lead to 2^16 or
  /// more.
  std::vector<uint32_t> firstStates(const std::vector<std::vector<LaneElement>> &steps) const {
    std::array<std::vector<AnsSymbol>, ansLanes> last;
    for (size_t i = steps.size(); i-- > 0;)
      for (const LaneElement &element : steps[i])
        if (!element.mayTake)
          last[element.lane].push_back(symbolAt(element));
    std::vector<uint32_t> states;
    for (uint32_t lane = 0; lane < ansLanesOf(unit); ++lane) {
      auto after = [&](uint64_t state) {
        for (const AnsSymbol &symbol : last[lane])
          state = coded(state, symbol);
        return state;
      };
      uint32_t low = 0, high = leastAnsState;
      while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (after(middle) >= leastAnsState)
          high = middle;
        else
          low = middle + 1;
      }
      states.push_back(low);
    }
    return states;
  }

  const AnsContext &context;
  const PanelUnit &unit;
  PanelWords words;
};

} // namespace

bool uwt::encodeAnsUnitReference(const AnsContext &context, const PanelUnit &unit, PanelWords words,
                                 uint64_t &escapes, std::vector<uint8_t> &code) {
  return AnsReferenceEncoder(context, unit, words).run(escapes, code);
}
