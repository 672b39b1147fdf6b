//===- AnsStream.h - Interleaved lanes of numeral systems -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the parts of the engine of Rate::Ans share: the tables of a tensor, how a
// unit is cut into steps of at most eight lanes, and a unit's frame. A decoder's
// step is range asymmetric numeral systems as in F. Giesen, "Interleaved entropy
// coders" (arXiv:1402.3392), with states of 32 bits and words of 16.
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_ANS_ANSSTREAM_H
#define UWT_LIB_CODEC_ANS_ANSSTREAM_H

#include "../Escapes.h"
#include "../StreamRates.h"
#include "AnsModel.h"
#include "uwt/Codec/Panel.h"
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace uwt {

/// How an encoder codes a symbol by one table.
struct AnsSymbol {
  /// 0: neither the symbol nor the escape has one.
  uint32_t frequency = 0;
  /// Sum of the frequencies before.
  uint32_t start = 0;
  bool isEscape = false;
  /// ans-8: bits that say which symbol of its group it is, and what they say.
  uint32_t groupBits = 0, inGroup = 0;
};

class AnsTables {
public:
  explicit AnsTables(const CodingPlan &plan);

  /// Bits of the number of a table.
  uint32_t tableMask() const { return tables - 1; }
  /// Entries from this one on, but for the escape, stand for groups.
  uint32_t firstGroup() const { return static_cast<uint32_t>(symbols.size() - groups); }
  /// The entry that stands for an escape.
  uint32_t escapeNumber() const { return static_cast<uint32_t>(symbols.size()); }
  /// How many bits of a symbol follow entry `number`.
  uint32_t groupBitsOf(uint32_t number) const {
    return number >= firstGroup() && number < escapeNumber() ? groupBits : 0;
  }

  /// Where `encode` has a symbol's entry.
  size_t encodeIndex(uint32_t table, uint32_t symbol) const {
    return size_t(table) << 8 | numberOf[symbol];
  }
  AnsSymbol encodeSymbol(uint32_t table, uint32_t symbol) const;

  FieldSplit split;
  uint32_t frequencyBits, groupBits;
  size_t groups;
  /// A power of two.
  uint32_t tables;
  std::vector<uint16_t> symbols;
  /// [table][2^frequencyBits]; see ans_entry.
  std::vector<uint32_t> decode;
  /// The number of each symbol's entry, the escape's where it has none.
  std::vector<uint8_t> numberOf;
  /// [table][256], by number: as in ans_entry, but with the sum of the frequencies before in place
  /// of an offset. The escape's where the entry has no frequency, missingAnsEntry where that has
  /// none either.
  std::vector<uint32_t> encode;
  /// [table][256]: ceil(2^(32 + frequencyBits) / frequency): the upper bits of its product with a
  /// state below frequency * 2^(32 - frequencyBits) are that state divided by the frequency.
  std::vector<uint64_t> reciprocals;
  /// Symbols, top-aligned in 16 bits, by the number of an entry and, from bit 8 on, which one of
  /// its group it is; 0 for the escape and what follows.
  std::vector<uint16_t> symbolOf;
  /// The low and the high bytes of the first 256.
  alignas(64) std::array<std::array<uint8_t, 256>, 2> symbolBytes{};

private:
  void makeEncodeTable(uint32_t table, std::span<const uint32_t> frequencies);
};

/// No entry: frequencies that begin so late have no room.
inline constexpr uint32_t missingAnsEntry = UINT32_MAX;

/// A panel's tables and rows: what coding any of its units needs.
struct AnsContext {
  const CodingPlan &plan;
  const AnsTables &tables;
  PanelContext context;

  /// What a row and a column add to the number of a table, of which tableMask is used (ans-7,
  /// scale-2).
  uint32_t ofRow(uint32_t row) const { return row < context.rows.size() ? context.rows[row] : 0; }
  /// From `column` on; as many as a run has are zero without scales.
  const uint16_t *ofColumns(uint64_t column) const {
    static constexpr uint16_t none[blockColumns] = {};
    return context.columns.empty() ? none : context.columns.data() + column;
  }
};

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

/// The lanes of a unit (ans-4).
inline uint32_t ansLanesOf(const PanelUnit &unit) { return std::min(unit.rows, ansLanes); }

/// A run of steps: a column after another, of rows `row` to `row + lanes - 1`, a lane each.
struct AnsRun {
  uint32_t row, lanes;
  /// First column in the unit, and number of columns.
  uint32_t column, columns;
  /// Lanes from this one on take no word after the last two columns: it is their last run.
  uint32_t finalFrom;
};

/// The runs of a unit in the order of its stream (ans-4): strip by strip, in it block by block, of
/// that its rows 0 to 7, then 8 to 15.
class AnsRuns {
public:
  explicit AnsRuns(const PanelUnit &unit)
      : rows(unit.rows), columns(unit.columns), blocks(divideUp(unit.columns, blockColumns)),
        groups(divideUp(unit.rows, ansLanes)) {}

  uint32_t size() const { return groups * blocks; }
  AnsRun operator[](uint32_t index) const {
    constexpr uint32_t groupsInStrip = stripRows / ansLanes;
    uint32_t first = index / (groupsInStrip * blocks) * groupsInStrip;
    uint32_t inStrip = index % (groupsInStrip * blocks);
    uint32_t here = std::min(groups - first, groupsInStrip);
    uint32_t group = first + inStrip % here, block = inStrip / here;
    AnsRun run{group * ansLanes, lanesOf(group), block * blockColumns, 0, 0};
    run.columns = std::min(blockColumns, columns - run.column);
    run.finalFrom = run.lanes;
    if (block + 1 == blocks && group + 1 == groups)
      run.finalFrom = 0;
    else if (block + 1 == blocks && group + 2 == groups)
      run.finalFrom = lanesOf(groups - 1);
    return run;
  }

private:
  uint32_t lanesOf(uint32_t group) const { return std::min(ansLanes, rows - group * ansLanes); }

  uint32_t rows, columns, blocks, groups;
};

/// A unit of a blob: the states of its lanes, and its words.
struct AnsUnitView {
  PanelUnit unit;
  uint64_t number = 0;
  std::array<uint32_t, ansLanes> states{};
  /// In u16 from the blob's start.
  uint64_t wordsBegin = 0, end = 0;
  bool isLast = false;
};

/// Reads unit `number` of a blob. Fails with ErrorKind::Invalid where it leaves the blob (ans-6).
Status readAnsUnit(const CodingPlan &plan, std::span<const uint8_t> code, uint32_t rows,
                   uint64_t number, AnsUnitView &view);

/// What comes of a unit's words: where they end, in u16 from the blob's start, and the states that
/// are left.
struct AnsUnitEnd {
  uint64_t position = 0;
  std::array<uint32_t, ansLanes> states{};
};

/// Fails unless the words end where the unit does, with states that an encoder can have begun with
/// (ans-4), and zeros follow the last unit (ans-6).
Status checkAnsEnd(std::span<const uint8_t> code, const AnsUnitView &view, const AnsUnitEnd &end);

/// Appends a unit: states, then words.
void appendAnsUnit(std::span<const uint32_t> states, std::span<const uint16_t> words,
                   std::vector<uint8_t> &code);

inline uint16_t loadHalfWord(const uint8_t *from) {
  return static_cast<uint16_t>(from[0] | from[1] << 8);
}

/// The least state from which coding a symbol gives at least `least`.
uint32_t leastStateBefore(const AnsSymbol &symbol, uint32_t frequencyBits, uint32_t least);

//===----------------------------------------------------------------------===//
// Reference
//===----------------------------------------------------------------------===//

/// Encodes a unit of `words` (the whole panel); false where a symbol has no frequency. `escapes`
/// grows by the number of escapes.
bool encodeAnsUnitReference(const AnsContext &context, const PanelUnit &unit, PanelWords words,
                            uint64_t &escapes, std::vector<uint8_t> &code);
/// Decodes the symbols of a unit, top-aligned in 16 bits, `stride` u16 from row to row.
Status decodeAnsUnitReference(const AnsContext &context, const AnsUnitView &view,
                              std::span<const uint8_t> code, uint16_t *symbols, size_t stride,
                              uint64_t &escapes);

//===----------------------------------------------------------------------===//
// Fast paths
//===----------------------------------------------------------------------===//

/// What encoding a run of a unit needs, and what it leaves for the run before it.
struct AnsEncodeJob {
  /// What the row of each lane and each column of the run add to the number of a table; lanes
  /// without a row have any.
  const uint32_t *ofRows;
  const uint16_t *ofColumns;
  const AnsTables *ofTensor;
  /// The symbols of this run, right-aligned, `stride` u16 from lane to lane.
  const uint16_t *symbols;
  size_t stride;
  uint32_t states[ansLanes];
  /// Escapes so far.
  uint64_t escapes;
  /// The first of the words that there are, which come from the last to the first. There is room
  /// for ansRunBytes before it.
  uint16_t *next;
};

/// Encodes the same run of several units, from its last column to its first; false where a symbol
/// has no frequency.
using EncodeAnsRun = bool (*)(std::span<AnsEncodeJob> jobs, const AnsRun &run);

bool encodeAnsRunPortable(std::span<AnsEncodeJob> jobs, const AnsRun &run);
bool encodeAnsRunAvx512(std::span<AnsEncodeJob> jobs, const AnsRun &run);

/// ans-4: sets the states of lanes that begin in this run: the least ones that its last elements
/// lead from to 2^16. False where one of these has no frequency.
bool beginAnsLanes(AnsEncodeJob &job, const AnsRun &run);

/// Stores the escapes of a step in the lanes of mask `escaped` (ans-5).
void storeAnsEscapes(AnsEncodeJob &job, uint32_t escaped, uint32_t column);

/// What decoding a run of a unit needs, and what it leaves for the next one.
struct AnsRunJob {
  /// What the row of each lane and each column of the run add to the number of a decode table;
  /// lanes without a row have any. Columns and tables are the same for all jobs of a run.
  const uint32_t *ofRows;
  const uint16_t *ofColumns;
  const AnsTables *ofTensor;
  /// Where the symbols of this run go, top-aligned, `stride` u16 from lane to lane. Lanes without a
  /// row have room too.
  uint16_t *symbols;
  size_t stride;
  uint32_t states[ansLanes];
  /// Escapes so far.
  uint64_t escapes;
  /// The next word; ansRunBytes may be read from there.
  const uint8_t *next;
};

/// Units that are coded together: the strips of a panel, or units of as many panels.
inline constexpr uint32_t maxAnsJobs = panelRows / stripRows;
/// A word and an escape an element of a run.
inline constexpr size_t ansRunBytes = size_t(blockColumns) * ansLanes * 4;

/// Decodes the same run of several units; false where an escape is no symbol.
using DecodeAnsRun = bool (*)(std::span<AnsRunJob> jobs, const AnsRun &run);

bool decodeAnsRunPortable(std::span<AnsRunJob> jobs, const AnsRun &run);
bool decodeAnsRunAvx2(std::span<AnsRunJob> jobs, const AnsRun &run);
bool decodeAnsRunAvx512(std::span<AnsRunJob> jobs, const AnsRun &run);

/// Reads the escapes of a step in the lanes of mask `escaped` (ans-5), and returns where they end;
/// null where one is no symbol.
const uint8_t *readAnsEscapes(AnsRunJob &job, uint32_t escaped, uint32_t column,
                              const uint8_t *next);

} // namespace uwt

#endif // UWT_LIB_CODEC_ANS_ANSSTREAM_H
