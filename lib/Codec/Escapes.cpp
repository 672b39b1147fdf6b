//===- Escapes.cpp - Units of a panel and their escapes -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Records are the one part of a fixed-rate panel whose content can be wrong, so
// everything that is read from them is checked here, and nowhere else.
//
//===----------------------------------------------------------------------===//

#include "Escapes.h"
#include <algorithm>
#include <cstring>
#include <string>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

static uint32_t stripsOf(uint32_t rows) { return (rows + stripRows - 1) / stripRows; }

/// A unit of full height (row_major, or a whole panel).
static PanelUnit tallUnit(const CodingPlan &plan, uint32_t rows, uint64_t firstColumn,
                          uint64_t width) {
  PanelUnit unit;
  unit.layout = plan.format.layout;
  unit.firstColumn = firstColumn;
  unit.rows = rows;
  unit.columns = static_cast<uint32_t>(std::min(width, plan.matrix.columns - firstColumn));
  unit.strips = stripsOf(rows);
  unit.blocks = (unit.columns + blockColumns - 1) / blockColumns;
  return unit;
}

/// The part of a tall unit that is its strip `strip`.
static PanelUnit stripOf(PanelUnit unit, uint32_t strip) {
  unit.firstRow = strip * stripRows;
  unit.rows = std::min(stripRows, unit.rows - unit.firstRow);
  unit.strips = 1;
  return unit;
}

uint32_t uwt::fixedUnitColumnsOf(const CodingPlan &plan) {
  if (plan.format.layout == Layout::RowMajor)
    return streamUnitColumns;
  return plan.traits.unit.columns;
}

uint64_t uwt::fixedUnitCount(const CodingPlan &plan, uint32_t rows) {
  uint64_t groups = divideUp(plan.matrix.columns, fixedUnitColumnsOf(plan));
  return plan.format.layout == Layout::RowMajor ? (rows ? groups : 0) : groups * stripsOf(rows);
}

PanelUnit uwt::fixedUnit(const CodingPlan &plan, uint32_t rows, uint64_t index) {
  uint32_t width = fixedUnitColumnsOf(plan);
  if (plan.format.layout == Layout::RowMajor)
    return tallUnit(plan, rows, index * width, width);
  // order-4: column group by column group, strip by strip inside a group.
  uint32_t strips = stripsOf(rows);
  PanelUnit unit = tallUnit(plan, rows, index / strips * width, width);
  unit.blocks = width / blockColumns;
  return stripOf(unit, static_cast<uint32_t>(index % strips));
}

/// Whether stream units have all rows of their panels.
static bool areStreamUnitsTall(const CodingPlan &plan) {
  bool isRowMajor = plan.format.layout == Layout::RowMajor && !plan.format.hasScales();
  return isRowMajor || plan.format.panelUnits || plan.matrix.columns <= wholePanelUnitColumns;
}

uint64_t uwt::streamUnitWidth(const CodingPlan &plan) {
  // scale-5: a lane goes through all columns of its rows.
  return plan.format.hasScales() ? std::max<uint64_t>(plan.matrix.columns, 1) : streamUnitColumns;
}

uint64_t uwt::streamUnitCount(const CodingPlan &plan, uint32_t rows) {
  uint64_t groups = divideUp(plan.matrix.columns, streamUnitWidth(plan));
  if (areStreamUnitsTall(plan))
    return rows ? groups : 0;
  return groups * stripsOf(rows);
}

PanelUnit uwt::streamUnit(const CodingPlan &plan, uint32_t rows, uint64_t index) {
  uint64_t width = streamUnitWidth(plan);
  if (areStreamUnitsTall(plan))
    return tallUnit(plan, rows, index * width, width);
  // order-5: strip by strip, 1,024 columns after another inside a strip.
  uint64_t groups = divideUp(plan.matrix.columns, width);
  PanelUnit unit = tallUnit(plan, rows, index % groups * width, width);
  return stripOf(unit, static_cast<uint32_t>(index / groups));
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

uint32_t uwt::positionInUnit(const PanelUnit &unit, ElementCoordinate at) {
  if (unit.layout == Layout::RowMajor)
    return at.row * streamUnitColumns + at.column;
  // escape-2.
  FragmentPosition lane = fragmentPosition(at.row % stripRows, at.column % blockColumns);
  uint32_t block = at.row / stripRows * unit.blocks + at.column / blockColumns;
  return ((block * fragmentLanes + lane.lane) * 4 + lane.reg) * 2 + lane.half;
}

ElementCoordinate uwt::coordinateInUnit(const PanelUnit &unit, uint32_t position) {
  if (unit.layout == Layout::RowMajor)
    return {position / streamUnitColumns, position % streamUnitColumns};
  uint32_t half = position % 2, reg = position / 2 % 4, lane = position / 8 % fragmentLanes;
  uint32_t block = position / (8 * fragmentLanes), strip = 0;
  if (block >= unit.blocks) {
    strip = block / unit.blocks;
    block %= unit.blocks;
  }
  return {strip * stripRows + fragmentRow(lane, reg),
          block * blockColumns + fragmentColumn(lane, reg, half)};
}

//===----------------------------------------------------------------------===//
// Collecting records
//===----------------------------------------------------------------------===//

SymbolNumbers::SymbolNumbers(const FieldSplit &split, const Model &model)
    : numbers(size_t(1) << split.symbolBits, none) {
  for (size_t i = model.symbols.size(); i-- > 0;)
    numbers[model.symbols[i]] = static_cast<uint16_t>(i);
}

static bool hasEscape(const CodingPlan &plan, const SymbolNumbers &numbers, const uint16_t *words,
                      uint64_t count) {
  return std::any_of(words, words + count,
                     [&](uint16_t word) { return numbers.isEscape(plan.split.symbolOf(word)); });
}

void uwt::coverEscapedRuns(const CodingPlan &plan, const SymbolNumbers &numbers, uint16_t *words,
                           uint64_t count) {
  for (uint64_t run = 0; run < count; run += escapeRunColumns) {
    uint64_t width = std::min<uint64_t>(escapeRunColumns, count - run);
    if (!hasEscape(plan, numbers, words + run, width))
      continue;
    for (uint64_t i = run; i < run + width; ++i)
      words[i] =
          static_cast<uint16_t>(plan.split.join(plan.model.commonest, plan.split.rawOf(words[i])));
  }
}

/// A record of a run that starts at `words` (`count` of them exist).
static void appendRun(const CodingPlan &plan, uint32_t number, const uint16_t *words,
                      uint32_t count, std::vector<uint32_t> &records) {
  // escape-3.
  size_t start = records.size();
  records.resize(start + runRecordU32);
  records[start] = number;
  for (uint32_t i = 0; i < escapeRunColumns; ++i) {
    uint32_t symbol = i < count ? plan.split.symbolOf(words[i]) : plan.model.commonest;
    records[start + 1 + i / 4] |= (symbol & 0xFF) << (i % 4 * 8);
  }
}

static uint32_t appendRuns(const CodingPlan &plan, const SymbolNumbers &numbers,
                           const PanelUnit &unit, PanelWords words,
                           std::vector<uint32_t> &records) {
  uint32_t count = 0;
  for (uint32_t row = 0; row < unit.rows; ++row)
    for (uint32_t run = 0; run < unit.runs(); ++run) {
      const uint16_t *data =
          words.row(unit.firstRow + row) + unit.firstColumn + run * escapeRunColumns;
      uint32_t width = std::min(escapeRunColumns, unit.columns - run * escapeRunColumns);
      if (!hasEscape(plan, numbers, data, width))
        continue;
      appendRun(plan, row * unit.runs() + run, data, width, records);
      ++count;
    }
  return count;
}

uint32_t uwt::appendEscapes(const CodingPlan &plan, const SymbolNumbers &numbers,
                            const PanelUnit &unit, PanelWords words,
                            std::vector<uint32_t> &records) {
  if (plan.format.escapes == Escapes::Rows64)
    return appendRuns(plan, numbers, unit, words, records);
  size_t start = records.size();
  for (uint32_t row = 0; row < unit.rows; ++row) {
    const uint16_t *data = words.row(unit.firstRow + row) + unit.firstColumn;
    for (uint32_t column = 0; column < unit.columns; ++column)
      if (numbers.isEscape(plan.split.symbolOf(data[column])))
        records.push_back(positionInUnit(unit, {row, column}) << 16 | data[column]); // escape-1
  }
  auto count = static_cast<uint32_t>(records.size() - start);
  if (plan.format.escapes == Escapes::None)
    records.resize(start);
  else
    std::sort(records.begin() + static_cast<ptrdiff_t>(start), records.end());
  return count;
}

//===----------------------------------------------------------------------===//
// Applying records
//===----------------------------------------------------------------------===//

namespace {

/// Where a record stands, for messages.
struct RecordName {
  uint64_t unit;
  size_t record;

  std::string str() const {
    return "patch record " + std::to_string(record) + " of unit " + std::to_string(unit);
  }
};

} // namespace

static Error outsideError(RecordName name, const char *what, uint32_t number,
                          const PanelUnit &unit) {
  return invalidError(name.str() + " points outside its unit (" + what + " " +
                      std::to_string(number) + ", " + std::to_string(unit.rows) + " rows x " +
                      std::to_string(unit.columns) + " columns exist)");
}

static Error orderError(RecordName name, const char *what, uint32_t number, uint32_t previous) {
  return invalidError(name.str() + " is out of order (" + what + " " + std::to_string(number) +
                      " after " + std::to_string(previous) + ")");
}

static Error valueError(RecordName name, const char *what, uint32_t value, uint32_t bits) {
  return invalidError(name.str() + " holds the " + what + " " + std::to_string(value) +
                      ", which has more than " + std::to_string(bits) + " bits");
}

/// Writes the words of `patch` records. `row(r)` gives the unit's row r, from the
/// unit's first column on.
template <typename RowOf>
static Status applyPatches(const CodingPlan &plan, const PanelUnit &unit, RecordName name,
                           std::span<const uint32_t> records, RowOf row) {
  for (size_t i = 0; i < records.size(); ++i, ++name.record) {
    uint32_t position = records[i] >> 16, word = records[i] & 0xFFFF;
    ElementCoordinate at = coordinateInUnit(unit, position);
    if (!existsInUnit(unit, at)) // escape-2
      return outsideError(name, "position", position, unit);
    if (i && position <= records[i - 1] >> 16) // escape-1
      return orderError(name, "position", position, records[i - 1] >> 16);
    if (word >> plan.split.wordBits)
      return valueError(name, "word", word, plan.split.wordBits);
    row(at.row)[at.column] = static_cast<uint16_t>(word);
  }
  return ok();
}

/// Replaces the symbols of `count` words by those of a run.
static Status applyRun(const FieldSplit &split, RecordName name, std::span<const uint32_t> symbols,
                       uint16_t *words, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t symbol = symbols[i / 4] >> (i % 4 * 8) & 0xFF;
    if (symbol >> split.symbolBits)
      return valueError(name, "symbol", symbol, split.symbolBits);
    words[i] = static_cast<uint16_t>(split.join(symbol, split.rawOf(words[i])));
  }
  return ok();
}

/// The same as applyPatches for `rows<64>` records.
template <typename RowOf>
static Status applyRuns(const CodingPlan &plan, const PanelUnit &unit, RecordName name,
                        std::span<const uint32_t> records, RowOf row) {
  // escape-3.
  constexpr size_t size = runRecordU32;
  for (size_t i = 0; i + size <= records.size(); i += size, ++name.record) {
    uint32_t number = records[i];
    if (!unit.columns || number >= unit.rows * unit.runs())
      return outsideError(name, "run", number, unit);
    if (i && number <= records[i - size])
      return orderError(name, "run", number, records[i - size]);
    uint32_t column = number % unit.runs() * escapeRunColumns;
    UWT_RETURN_IF_ERROR(applyRun(plan.split, name, records.subspan(i + 1, size - 1),
                                 row(number / unit.runs()) + column,
                                 std::min(escapeRunColumns, unit.columns - column)));
  }
  return ok();
}

template <typename RowOf>
static Status applyAll(const CodingPlan &plan, const PanelUnit &unit, RecordName name,
                       std::span<const uint32_t> records, RowOf row) {
  if (plan.format.escapes == Escapes::Rows64)
    return applyRuns(plan, unit, name, records, row);
  return applyPatches(plan, unit, name, records, row);
}

Status uwt::applyEscapes(const CodingPlan &plan, const PanelUnit &unit, uint64_t unitNumber,
                         std::span<const uint32_t> records, MutablePanelWords out) {
  return applyAll(plan, unit, {unitNumber, 0}, records,
                  [&](uint32_t row) { return out.row(unit.firstRow + row) + unit.firstColumn; });
}

Status uwt::applyEscapesToRow(const CodingPlan &plan, const PanelUnit &unit, uint64_t unitNumber,
                              std::span<const uint32_t> records, uint32_t row,
                              std::span<uint16_t> out) {
  size_t size = escapeRecordU32(plan.format);
  // A record's key is its run, or its position (so that rows are ranges of it).
  auto rowOf = [&](size_t record) -> uint32_t {
    uint32_t head = records[record * size];
    return size == 1 ? (head >> 16) / streamUnitColumns : head / std::max(1u, unit.runs());
  };
  auto firstNotBefore = [&](uint32_t wanted) {
    size_t low = 0, high = records.size() / size;
    while (low < high) {
      size_t middle = low + (high - low) / 2;
      if (rowOf(middle) < wanted)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  };
  size_t begin = firstNotBefore(row), end = std::max(begin, firstNotBefore(row + 1));
  auto own = records.subspan(begin * size, (end - begin) * size);
  // Bisection in records that do not rise may end at those of other rows.
  for (size_t record = begin; record < end; ++record)
    if (rowOf(record) != row)
      return invalidError(RecordName{unitNumber, record}.str() + " is out of order (it is of row " +
                          std::to_string(rowOf(record)) + ", between those of row " +
                          std::to_string(row) + ")");
  return applyAll(plan, unit, {unitNumber, begin}, own,
                  [&](uint32_t) { return out.data() + unit.firstColumn; });
}

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

void uwt::clearRunPadding(const CodingPlan &plan, uint32_t rows, std::span<const uint32_t> counts,
                          std::span<uint32_t> patch) {
  if (plan.traits.rate != Rate::Fixed || plan.format.escapes != Escapes::Rows64)
    return;
  for (size_t index = 0; index < counts.size(); ++index) {
    PanelUnit unit = fixedUnit(plan, rows, index);
    for (uint32_t record = 0; record < counts[index]; ++record) {
      uint32_t column = patch[0] % unit.runs() * escapeRunColumns;
      uint32_t width = std::min(escapeRunColumns, unit.columns - column);
      std::memset(reinterpret_cast<uint8_t *>(&patch[1]) + width, 0, escapeRunColumns - width);
      patch = patch.subspan(escapeRecordU32(plan.format));
    }
  }
}
