//===- RowClasses.h - Rows sorted by their symbols --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Row classes from row histograms, for one or several numbers of classes in one go.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_ROWCLASSES_H
#define UWT_LIB_CODEC_ROWCLASSES_H

#include "uwt/Codec/Statistics.h"
#include <bit>

namespace uwt {

/// Counters of a row's window, unless there are fewer symbols: exponents lie close together.
inline constexpr uint32_t windowCounters = 128;
/// The same for rows of at most so many columns, in which counters would outweigh the elements.
inline constexpr uint32_t narrowCounters = 64, narrowColumns = 1024;
/// The same for elements without a sign, which take all values.
inline constexpr uint32_t byteCounters = 256;
/// Bits of the symbols that rows are counted by.
inline constexpr uint32_t maxRowSymbolBits = 10;
/// Class tables that fit one refinement: 2 + 4 + 8 + 16, padded.
inline constexpr uint32_t classLanes = 32;

/// Counts the rows of panels within the window of `rows`. One a thread.
class RowCounter {
public:
  explicit RowCounter(const RowHistograms &rows);
  /// `rareLimit` bounds the list of rare symbols.
  void count(PanelWords words, size_t rareLimit, RowHistograms::Panel &panel);

private:
  const RowHistograms &rows;
  std::vector<uint16_t> tables;
};

/// Rows sorted into a number of classes.
struct ClassedRows {
  uint32_t classCount = 1;
  /// [counted panel * 64 + row]
  std::vector<uint8_t> classes;
};

/// Sorts the rows of every `panelStride`-th counted panel into each of `classCounts` (their sum at
/// most classLanes). Results depend neither on the other numbers of classes nor on panelStride.
class RowClassifier {
public:
  RowClassifier(const RowHistograms &rows, std::span<const uint32_t> classCounts,
                size_t panelStride, ThreadPool &pool);
  const std::vector<ClassedRows> &results() const { return sets; }
  /// The rows of all counted panels sorted into one of the numbers of classes, whose result is gone
  /// then.
  std::vector<uint8_t> takeAll(uint32_t classCount);

  /// The class of each row of a panel in set `set`, by the final code lengths.
  void assign(const RowHistograms::Panel &panel, size_t set, uint8_t *classes) const;

private:
  void startFromQuantiles();
  void sumClasses();
  void makeCosts();
  void chooseClasses(size_t stride);

  template <typename Function> void forPanels(size_t stride, Function function);

  const RowHistograms &rows;
  ThreadPool &pool;
  size_t panelStride;
  /// Classes learn from every so many panels.
  size_t learningStride;
  /// Lanes in use.
  uint32_t lanes = 0;
  std::vector<ClassedRows> sets;
  std::vector<uint32_t> firstLane;
  /// [lane][symbol of the window], of the rows that classes learn from: these are so few, and
  /// counters so small, that sums fit.
  std::vector<uint32_t> sums;
  /// [symbol / 2][lane][symbol % 2]: code lengths in 1/256 bit.
  std::vector<int16_t> costs;
};

/// Counts of symbols (without their dropped bits) by class, from every `panelStride`-th counted
/// panel: [class][symbol], and in a last entry those symbols that are not known. `classes` as in
/// ClassedRows, or empty.
std::vector<std::vector<uint64_t>> countsByClass(const RowHistograms &rows,
                                                 std::span<const uint8_t> classes,
                                                 uint32_t classCount, size_t panelStride = 1);

} // namespace uwt

#endif // UWT_LIB_CODEC_ROWCLASSES_H
