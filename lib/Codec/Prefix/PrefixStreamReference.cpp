//===- PrefixStreamReference.cpp - Prefix codes, the oracle ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written from the rules of docs/formats.md, an element and a bit at a time.
// Fast paths are compared with it, and fall back to it where they cannot trust
// their tables: so it also words all errors of lanes.
//
//===----------------------------------------------------------------------===//

#include "PrefixStream.h"
#include <algorithm>
#include <string>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

namespace {

/// What came of reading a code word.
enum class ReadResult { Entry, Overrun, NoSuchWord };

/// Reads a lane bit by bit; nothing outside [position, end) is looked at.
struct LaneReader {
  const uint8_t *stream;
  uint64_t position, end;

  ReadResult next(const PrefixClass &code, uint32_t &entry) {
    uint32_t word = 0;
    for (uint32_t length = 1; length <= longestCodeWord; ++length) {
      if (position == end)
        return ReadResult::Overrun;
      // prefix-2: highest bit first, into bytes that fill from their lowest bit.
      word = word << 1 | (stream[position / 8] >> (position % 8) & 1);
      ++position;
      uint32_t index = word - code.firstWord[length];
      if (index < code.count[length]) {
        entry = code.order[code.begin[length] + index];
        return ReadResult::Entry;
      }
    }
    return ReadResult::NoSuchWord;
  }
};

} // namespace

static Error laneError(const StreamUnitView &view, uint32_t lane, const std::string &what) {
  return invalidError("unit " + std::to_string(view.number) + ", lane " + std::to_string(lane) +
                      ": " + what + ": the stream is damaged");
}

/// Symbols of a lane in its own order, handed to `put(element, symbol)`.
template <typename Put>
static Status decodeLane(const PrefixContext &context, const StreamUnitView &view,
                         std::span<const uint8_t> code, uint32_t lane, Put put) {
  const PrefixTables &tables = context.tables;
  LaneReader reader{code.data() + view.streamBegin, view.start[lane], view.start[lane + 1]};
  for (uint32_t word = 0; word < view.codeWords; ++word) {
    uint32_t element = word * tables.codeSymbols;
    const PrefixClass &of =
        context.classOf(view.unit, coordinateInLane(view.unit, lane, element).row); // prefix-6
    uint32_t entry = 0;
    ReadResult result = reader.next(of, entry);
    if (result == ReadResult::Overrun) // prefix-5
      return laneError(view, lane,
                       "ends inside code word " + std::to_string(word) + " of " +
                           std::to_string(view.codeWords));
    if (result == ReadResult::NoSuchWord)
      return laneError(view, lane, "code word " + std::to_string(word) + " does not exist");
    if (tables.codeSymbols == 1) {
      put(element, tables.symbolOf(entry));
    } else {
      put(element, tables.symbolOf(entry % tables.entries)); // prefix-1
      put(element + 1, tables.symbolOf(entry / tables.entries));
    }
  }
  if (reader.position != reader.end) // prefix-5
    return laneError(view, lane,
                     std::to_string(reader.end - reader.position) + " bits follow its " +
                         std::to_string(view.codeWords) + " code words");
  return ok();
}

Status uwt::decodeUnitReference(const PrefixContext &context, const StreamUnitView &view,
                                std::span<const uint8_t> code, uint16_t *symbols, size_t stride) {
  for (uint32_t lane = 0; lane < view.lanes; ++lane) {
    auto put = [&](uint32_t element, uint16_t symbol) {
      ElementCoordinate at = coordinateInLane(view.unit, lane, element);
      if (existsInUnit(view.unit, at)) // order-7
        symbols[at.row * stride + at.column] = symbol;
    };
    UWT_RETURN_IF_ERROR(decodeLane(context, view, code, lane, put));
  }
  return ok();
}

Status uwt::decodeLaneReference(const PrefixContext &context, const StreamUnitView &view,
                                std::span<const uint8_t> code, uint32_t lane,
                                std::vector<uint16_t> &symbols) {
  symbols.assign(size_t(view.codeWords) * context.tables.codeSymbols, 0);
  return decodeLane(context, view, code, lane,
                    [&](uint32_t element, uint16_t symbol) { symbols[element] = symbol; });
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

namespace {

/// The alphabet entries of a unit's elements, as they will be coded.
class UnitEncoder {
public:
  UnitEncoder(const PrefixContext &context, const PanelUnit &unit, PanelWords words,
              EncodedUnit &out)
      : context(context), tables(context.tables), unit(unit), words(words), out(out) {}

  void run() {
    findEscapes();
    uint64_t bits = 0;
    for (uint32_t lane = 0; lane < lanesOf(unit); ++lane) {
      out.laneStarts.push_back(static_cast<uint32_t>(bits));
      for (uint32_t word = 0; word < codeWordsOf(unit, tables.codeSymbols); ++word)
        bits = putWord(bits, lane, word * tables.codeSymbols);
    }
    out.laneStarts.push_back(static_cast<uint32_t>(bits));
  }

private:
  bool isRunEscaped(ElementCoordinate at) const {
    return !escapedRuns.empty() && existsInUnit(unit, at) &&
           escapedRuns[at.row * unit.runs() + at.column / escapeRunColumns];
  }
  /// order-7, escape-3: padding and what lies beneath a run are the commonest symbol.
  uint32_t numberAt(ElementCoordinate at) const {
    bool own = existsInUnit(unit, at) && !isRunEscaped(at);
    return tables.numberOf(own ? symbolAt(at) : tables.commonest);
  }
  uint16_t wordAt(ElementCoordinate at) const {
    return words.row(unit.firstRow + at.row)[unit.firstColumn + at.column];
  }
  uint32_t symbolAt(ElementCoordinate at) const { return tables.split.symbolOf(wordAt(at)); }

  /// The code word of a lane's element and, of pairs, the next.
  uint32_t chosenAt(uint32_t lane, uint32_t element) const {
    ElementCoordinate first = coordinateInLane(unit, lane, element);
    ElementCoordinate second = coordinateInLane(unit, lane, element + tables.codeSymbols - 1);
    return tables.choose(context.classOf(unit, first.row), numberAt(first), numberAt(second));
  }

  void findEscapes() {
    bool runs = context.plan.format.escapes == Escapes::Rows64;
    std::vector<bool> escaped(runs ? size_t(unit.rows) * unit.runs() : 0);
    for (uint32_t lane = 0; lane < lanesOf(unit); ++lane)
      for (uint32_t word = 0; word < codeWordsOf(unit, tables.codeSymbols); ++word) {
        uint32_t chosen = chosenAt(lane, word * tables.codeSymbols);
        for (uint32_t i = 0; i < tables.codeSymbols; ++i) {
          ElementCoordinate at = coordinateInLane(unit, lane, word * tables.codeSymbols + i);
          bool escapes = chosen & (i ? encode_entry::secondEscapes : encode_entry::firstEscapes);
          if (!escapes || !existsInUnit(unit, at))
            continue;
          if (runs)
            escaped[at.row * unit.runs() + at.column / escapeRunColumns] = true;
          else
            out.records.push_back(positionInUnit(unit, at) << 16 | wordAt(at)); // escape-1
        }
      }
    std::sort(out.records.begin(), out.records.end());
    for (uint32_t run = 0; run < escaped.size(); ++run)
      if (escaped[run])
        appendRunRecord(context.plan, unit, words, run / unit.runs(), run % unit.runs(),
                        out.records);
    escapedRuns = std::move(escaped);
  }

  uint64_t putWord(uint64_t bits, uint32_t lane, uint32_t element) {
    uint32_t chosen = chosenAt(lane, element);
    if (chosen & encode_entry::noCode) {
      out.overflow = true;
      return bits;
    }
    uint32_t entry = chosen & ~encode_entry::flags;
    const PrefixClass &of = context.classOf(unit, coordinateInLane(unit, lane, element).row);
    for (uint32_t bit = 0; bit < of.lengths[entry]; ++bit, ++bits) {
      if (bits / 8 == out.stream.size())
        out.stream.push_back(0);
      out.stream.back() |= static_cast<uint8_t>((of.stored[entry] >> bit & 1) << bits % 8);
    }
    return bits;
  }

  const PrefixContext &context;
  const PrefixTables &tables;
  const PanelUnit &unit;
  PanelWords words;
  EncodedUnit &out;
  std::vector<bool> escapedRuns;
};

} // namespace

void uwt::encodeUnitReference(const PrefixContext &context, const PanelUnit &unit, PanelWords words,
                              EncodedUnit &out) {
  UnitEncoder(context, unit, words, out).run();
}
