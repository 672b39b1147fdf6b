//===- StatisticsRows.cpp - Histograms of rows ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row is counted into tables of all symbols (at most 1,024) that stay in the
// first-level cache; what lies in the window (32 binades with two mantissa bits) is then
// added up and kept. Symbols outside it, such as exact zeros, are listed.
//
//===----------------------------------------------------------------------===//

#include "../RowClasses.h"
#include "../WideCall.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

namespace {
/// Memory for all windows, and for all lists of rare symbols.
constexpr uint64_t windowBytesLimit = uint64_t(120) << 20;
constexpr uint64_t rareBytesLimit = uint64_t(64) << 20;
/// What counters of 16 bits (signed, for SIMD's sake) hold. Of longer rows only the
/// first columns are counted.
constexpr uint32_t countedColumnsLimit = 32767;
/// Columns that show which symbols are common.
constexpr uint32_t shownColumns = 1024;
constexpr unsigned copies = 4;
/// Panels from which the window is chosen, and which of their rows show it.
constexpr uint64_t samplePanels = 4;
constexpr uint32_t sampleRowStride = 16;
constexpr uint32_t windowAlignment = 8;
/// Unit in which tables are scanned for rare symbols.
constexpr uint32_t scanWidth = 32;

/// Constants of a count.
struct RowLayout {
  unsigned shift;
  uint64_t mask;
  uint32_t tableSize, base, symbols, width;
};
} // namespace

/// Symbols in a counter's table.
static uint32_t tableSizeOf(const RowHistograms &rows) {
  return std::max(1u << (rows.split.symbolBits - rows.droppedBits), scanWidth);
}

static RowLayout layoutOf(const RowHistograms &rows) {
  uint64_t mask = (uint64_t(1) << (rows.split.symbolBits - rows.droppedBits)) - 1;
  return {rows.split.rawLowBits + rows.droppedBits,
          mask,
          tableSizeOf(rows),
          rows.base,
          rows.symbols,
          rows.width};
}

template <unsigned Copies>
[[gnu::always_inline]] static inline void countRow(const uint16_t *row, uint32_t columns,
                                                   const RowLayout &layout, uint16_t *table) {
  const unsigned shift = layout.shift;
  const uint64_t masks = layout.mask * 0x0001000100010001;
  const size_t stride = Copies > 1 ? layout.tableSize : 0;
  uint32_t i = 0;
  for (; i + 4 <= columns; i += 4) {
    uint64_t symbols;
    std::memcpy(&symbols, row + i, sizeof(symbols));
    symbols = symbols >> shift & masks;
    ++table[symbols & 0xffff];
    ++table[stride + (symbols >> 16 & 0xffff)];
    ++table[2 * stride + (symbols >> 32 & 0xffff)];
    ++table[3 * stride + (symbols >> 48)];
  }
  for (; i < columns; ++i)
    ++table[row[i] >> shift & layout.mask];
}

/// Adds up [begin, begin + count) of all copies, clearing them. Returns the sum.
template <unsigned Copies>
[[gnu::always_inline]] static inline uint32_t takeCounts(uint16_t *table, size_t tableSize,
                                                         uint32_t count, uint16_t *out) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < count; ++i) {
    uint16_t value = table[i];
    for (unsigned copy = 1; copy < Copies; ++copy)
      value += table[copy * tableSize + i];
    out[i] = value;
    sum += value;
  }
  for (unsigned copy = 0; copy < Copies; ++copy)
    std::memset(table + copy * tableSize, 0, count * sizeof(uint16_t));
  return sum;
}

/// Lists what the tables still hold, and clears them.
template <unsigned Copies>
[[gnu::always_inline]] static inline void takeRare(uint16_t *table, const RowLayout &layout,
                                                   uint32_t row, size_t rareLimit,
                                                   RowHistograms::Panel &panel) {
  uint16_t counts[scanWidth];
  for (uint32_t begin = 0; begin < layout.tableSize; begin += scanWidth) {
    if (takeCounts<Copies>(table + begin, layout.tableSize, scanWidth, counts) == 0)
      continue;
    for (uint32_t i = 0; i < scanWidth; ++i)
      if (counts[i] != 0)
        panel.rare.push_back(
            {counts[i], static_cast<uint16_t>(begin + i), static_cast<uint8_t>(row)});
  }
  if (panel.rare.size() <= rareLimit)
    return;
  panel.isExact = false;
  panel.rare.clear();
}

template <unsigned Copies>
[[gnu::always_inline]] static inline void
countPanelRows(PanelWords words, uint32_t columns, const RowLayout &layout, size_t rareLimit,
               uint16_t *tables, RowHistograms::Panel &panel) {
  for (uint32_t r = 0; r < words.rows; ++r) {
    countRow<Copies>(words.row(r), columns, layout, tables);
    uint16_t *out = &panel.counts[size_t(r) * layout.width];
    uint32_t known =
        takeCounts<Copies>(tables + layout.base, layout.tableSize, layout.symbols, out);
    if (layout.symbols < layout.width)
      out[layout.width - 1] = static_cast<uint16_t>(columns - known);
    if (known < columns)
      takeRare<Copies>(tables, layout, r, rareLimit, panel);
  }
}

[[gnu::always_inline]] static inline void countPanel(PanelWords words, uint32_t columns,
                                                     RowLayout layout, size_t rareLimit,
                                                     uint16_t *tables,
                                                     RowHistograms::Panel *panel) {
  // Adding up copies takes as long as the window, and a search for rare symbols as the table.
  if (columns < layout.width || (columns < layout.tableSize && layout.tableSize > byteCounters))
    return countPanelRows<1>(words, columns, layout, rareLimit, tables, *panel);
  countPanelRows<copies>(words, columns, layout, rareLimit, tables, *panel);
}

static uint32_t countedColumns(PanelWords words) {
  return static_cast<uint32_t>(std::min<uint64_t>(words.columns, countedColumnsLimit));
}

RowCounter::RowCounter(const RowHistograms &rows)
    : rows(rows), tables(copies * tableSizeOf(rows)) {}

void RowCounter::count(PanelWords words, size_t rareLimit, RowHistograms::Panel &panel) {
  uint32_t columns = countedColumns(words);
  panel.rows = words.rows;
  panel.isExact = words.columns == columns;
  panel.counts = std::make_unique_for_overwrite<uint16_t[]>(size_t(words.rows) * rows.width);
  panel.rare.clear();
  callWide<countPanel>(words, columns, layoutOf(rows), rareLimit, tables.data(), &panel);
}

static uint32_t countersOf(const RowHistograms &rows) {
  if (!rows.split.signBits)
    return byteCounters;
  return rows.columns <= narrowColumns ? narrowCounters : windowCounters;
}

/// Puts the window where most symbols of a few panels are.
static void chooseWindow(const PanelSource &source, RowHistograms &rows) {
  uint32_t tableSize = tableSizeOf(rows);
  uint32_t counters = countersOf(rows);
  rows.base = 0;
  rows.width = std::min(tableSize, counters);
  // The last counter is for all others.
  rows.symbols = tableSize > counters ? counters - 1 : tableSize;
  if (tableSize <= counters)
    return;

  std::vector<uint64_t> counts(tableSize + 1);
  RowLayout layout = layoutOf(rows);
  std::vector<uint16_t> scratch;
  for (uint64_t i = 0; i < std::min(samplePanels, rows.panels); ++i) {
    PanelWords words = source(i * rows.panels / samplePanels, scratch);
    for (uint32_t r = 0; r < words.rows; r += sampleRowStride)
      for (uint64_t c = 0; c < std::min<uint64_t>(words.columns, shownColumns); ++c)
        ++counts[(words.row(r)[c] >> layout.shift & layout.mask) + 1];
  }
  for (uint32_t i = 0; i < tableSize; ++i)
    counts[i + 1] += counts[i];
  uint64_t most = 0;
  for (uint32_t base = 0; base + counters <= tableSize; base += windowAlignment) {
    uint64_t inside = counts[base + rows.symbols] - counts[base];
    if (inside > most) {
      most = inside;
      rows.base = base;
    }
  }
}

RowHistograms uwt::countRows(const PanelSource &source, uint64_t panels, const FieldSplit &split,
                             ThreadPool &pool, uint64_t leastStride) {
  RowHistograms rows;
  rows.split = split;
  rows.panels = panels;
  rows.droppedBits = split.symbolBits - std::min<uint32_t>(split.symbolBits, maxRowSymbolBits);
  rows.isExact = rows.droppedBits == 0;
  std::vector<std::vector<uint16_t>> scratch(pool.size());
  PanelWords first;
  if (panels > 0)
    first = source(0, scratch[0]);
  rows.columns = countedColumns(first);
  chooseWindow(source, rows);
  if (panels == 0)
    return rows;
  uint64_t panelBytes = uint64_t(first.rows) * rows.width * sizeof(uint16_t);
  rows.stride =
      std::max<uint64_t>({1, leastStride, divideUp(panels * panelBytes, windowBytesLimit)});
  rows.counted.resize(divideUp(panels, rows.stride));
  size_t rareLimit = std::max<uint64_t>(panelRows, rareBytesLimit / sizeof(RowHistograms::Rare) /
                                                       rows.counted.size());

  std::vector<RowCounter> counters(pool.size(), RowCounter(rows));
  pool.parallelFor(rows.counted.size(), [&](uint64_t i, unsigned worker) {
    PanelWords words = source(i * rows.stride, scratch[worker]);
    // More rare symbols than this are not worth a list.
    size_t few = panelRows + words.rows * words.columns / 16;
    counters[worker].count(words, std::min(rareLimit, few), rows.counted[i]);
  });
  rows.isExact &= rows.stride == 1;
  for (const RowHistograms::Panel &panel : rows.counted)
    rows.isExact &= panel.isExact;
  return rows;
}
