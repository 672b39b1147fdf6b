//===- ChooseDifference.cpp - Formats of differences ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The number of coded bits follows from counts of whole words. Rows are counted by the symbols
// that those leave, up to 254; all larger ones, which rarely have a frequency of their own, are
// counted together. So rows of weights that have not changed find each other. Where larger ones are
// few, as in most fine-tunes, they alone are read again.
//
//===----------------------------------------------------------------------===//

#include "ChooseDifference.h"
#include "../Ans/AnsModel.h"
#include "../RowClasses.h"
#include "../WideCall.h"
#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

using namespace uwt;

namespace {
/// [class][symbol]
using ClassCounts = std::vector<std::vector<uint64_t>>;

class DifferenceChoice {
public:
  DifferenceChoice(const Format &format, const TensorDescription::Matrices &matrices,
                   const PanelSource &panels, uint64_t count, ThreadPool &pool)
      : format(format), traits(getTraits(ElementType::UInt16)), matrices(matrices), panels(panels),
        count(count), stride(std::max<uint64_t>(1, count / shownPanels)), pool(pool) {}

  ChosenFormat choose();

private:
  static constexpr uint32_t classCounts[] = {2, 4, 8, 16};
  /// Panels, spread evenly, that show the sizes of all candidates well enough.
  static constexpr uint64_t shownPanels = 64;
  /// Sizes that differ by a smaller part are taken to be equal.
  static constexpr double leastGain = 1.0 / 8192;
  /// Symbols are read again where no more than this part of them is large.
  static constexpr double maxLarge = 1.0 / 64;
  /// What saves less than this part is not coded.
  static constexpr double leastSaving = 1.0 / 256;
  static constexpr uint32_t countedBits = 8, largestCounted = (1u << countedBits) - 1;
  static constexpr FieldSplit countedSplit = {16, countedBits, 0, 0};

  uint32_t rawBits() const { return traits.mantissaBits - format.codedMantissa; }
  void chooseCodedBits(std::vector<uint64_t> words);
  PanelSource countedSource() const;
  std::vector<uint64_t> countShownWords(const RowHistograms &rows) const;
  std::optional<ClassCounts> countAll(const RowHistograms &rows, std::span<const uint8_t> classes,
                                      uint32_t classCount) const;
  double bitsOf(const ClassCounts &counts, std::span<const uint64_t> unknown) const;
  double chooseClasses(const RowHistograms &rows, double bits);
  ChosenFormat completed(const RowHistograms &rows);

  Format format;
  const ElementTraits &traits;
  const TensorDescription::Matrices &matrices;
  const PanelSource &panels;
  /// Panels, and of how many one shows the sizes; then of how many counted ones.
  uint64_t count, stride;
  ThreadPool &pool;
  /// Classes of all rows by the format, or empty.
  std::vector<uint8_t> rowClasses;
  /// Elements of the tensor, and for each one that is counted.
  double elements = 0, scale = 0;
};
} // namespace

static uint64_t sumOf(std::span<const uint64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t(0));
}

/// Bits of streams, tables and raw fields; tables cost what they cost, so counts are of as many
/// elements as the tensor has.
double DifferenceChoice::bitsOf(const ClassCounts &counts,
                                std::span<const uint64_t> unknown) const {
  uint64_t whole = std::max<uint64_t>(1, static_cast<uint64_t>(scale));
  ClassCounts scaled = counts;
  for (std::vector<uint64_t> &ofClass : scaled)
    for (uint64_t &one : ofClass)
      one *= whole;
  std::vector<uint64_t> others(unknown.begin(), unknown.end());
  for (uint64_t &one : others)
    one *= whole;
  CodecTraits codec;
  codec.frequencyBits = format.codec.parameters[0];
  double bits = estimateAnsBits(codec, scaled, others);
  return bits * scale / static_cast<double>(whole) + elements * rawBits();
}

/// Among equals the one with most coded bits: raw fields of no bits are no plane.
void DifferenceChoice::chooseCodedBits(std::vector<uint64_t> words) {
  double least = 0;
  uint32_t best = traits.mantissaBits;
  for (uint32_t coded = traits.mantissaBits;; --coded) {
    format.codedMantissa = coded;
    double bits = bitsOf({words}, {});
    if (coded == traits.mantissaBits || bits < least * (1 - leastGain)) {
      least = bits;
      best = coded;
    }
    if (coded == 0)
      break;
    words.resize(roundUp(words.size(), 2));
    for (size_t i = 0; i < words.size() / 2; ++i)
      words[i] = words[2 * i] + words[2 * i + 1];
    words.resize(words.size() / 2);
  }
  format.codedMantissa = best;
}

[[gnu::always_inline]] static inline void countedRow(const uint16_t *words, uint64_t columns,
                                                     uint32_t rawBits, uint16_t largest,
                                                     uint16_t *symbols) {
  for (uint64_t column = 0; column < columns; ++column)
    symbols[column] = std::min(static_cast<uint16_t>(words[column] >> rawBits), largest);
}

/// The symbols of panels, of which large ones are all the same.
PanelSource DifferenceChoice::countedSource() const {
  return [this](uint64_t panel, std::vector<uint16_t> &scratch) {
    std::vector<uint16_t> own;
    PanelWords words = panels(panel, own);
    scratch.resize(words.rows * words.columns);
    for (uint32_t r = 0; r < words.rows; ++r)
      callWide<countedRow>(words.row(r), words.columns, rawBits(),
                           static_cast<uint16_t>(largestCounted), &scratch[r * words.columns]);
    return PanelWords{scratch.data(), words.columns, words.rows, words.columns};
  };
}

/// Counts of all symbols of counted panels, large ones too; none where not all or too many of them
/// would be read again.
std::optional<ClassCounts> DifferenceChoice::countAll(const RowHistograms &rows,
                                                      std::span<const uint8_t> classes,
                                                      uint32_t classCount) const {
  ClassCounts counts = countsByClass(rows, classes, classCount);
  uint64_t all = 0, large = 0;
  for (std::vector<uint64_t> &ofClass : counts) {
    ofClass.resize(largestCounted + 1);
    all += sumOf(ofClass);
    large += std::exchange(ofClass[largestCounted], 0);
  }
  bool isEach = std::ranges::all_of(rows.counted, &RowHistograms::Panel::isExact);
  if (!isEach || static_cast<double>(large) > static_cast<double>(all) * maxLarge)
    return std::nullopt;

  struct Large {
    uint32_t ofClass, symbol;
  };
  std::vector<std::vector<Large>> found(pool.size());
  pool.parallelFor(rows.counted.size(), [&](uint64_t p, unsigned worker) {
    const RowHistograms::Panel &panel = rows.counted[p];
    std::vector<uint16_t> scratch;
    PanelWords words;
    for (uint32_t r = 0; r < panel.rows; ++r) {
      if (panel.counts[size_t(r) * rows.width + largestCounted] == 0)
        continue;
      if (words.rows == 0)
        words = panels(p * rows.stride, scratch);
      uint32_t ofClass = classes.empty() ? 0 : classes[p * panelRows + r];
      for (uint16_t word : std::span(words.row(r), words.columns))
        if (uint32_t symbol = word >> rawBits(); symbol >= largestCounted)
          found[worker].push_back({ofClass, symbol});
    }
  });
  size_t symbols = largestCounted;
  for (const std::vector<Large> &some : found)
    for (const Large &one : some)
      symbols = std::max<size_t>(symbols, one.symbol + 1);
  for (std::vector<uint64_t> &ofClass : counts)
    ofClass.resize(symbols);
  for (const std::vector<Large> &some : found)
    for (const Large &one : some)
      ++counts[one.ofClass][one.symbol];
  return counts;
}

/// Counts of the words of counted panels, by which rows are counted.
std::vector<uint64_t> DifferenceChoice::countShownWords(const RowHistograms &rows) const {
  if (std::optional<ClassCounts> counts = countAll(rows, {}, 1))
    return std::move(counts->front());
  PanelSource few = [this, &rows](uint64_t i, std::vector<uint16_t> &scratch) {
    return panels(i * rows.stride, scratch);
  };
  return countWords(few, rows.counted.size(), traits.wordBits, pool);
}

/// Sets the number of row classes; `bits` is what one class takes. Returns what they take.
double DifferenceChoice::chooseClasses(const RowHistograms &rows, double bits) {
  RowClassifier classifier(rows, classCounts, stride, pool);
  double least = bits;
  for (const ClassedRows &set : classifier.results()) {
    auto counts = countsByClass(rows, set.classes, set.classCount, stride);
    std::vector<uint64_t> unknown;
    for (std::vector<uint64_t> &ofClass : counts) {
      unknown.push_back(ofClass[largestCounted]);
      ofClass.resize(largestCounted);
    }
    double classBits = std::bit_width(set.classCount) - 1;
    double all =
        bitsOf(counts, unknown) + static_cast<double>(matrices.panels() * panelRows) * classBits;
    if (all >= least * (1 - leastGain))
      continue;
    least = all;
    format.rowClasses = set.classCount;
    if (stride == 1 && rows.stride == 1)
      rowClasses = set.classes;
  }
  return least;
}

ChosenFormat DifferenceChoice::choose() {
  ChosenFormat result;
  result.format = format;
  result.format.codec = rawFormat().codec;
  format.codedMantissa = traits.mantissaBits;
  RowHistograms rows = countRows(countedSource(), count, countedSplit, pool, stride);
  std::vector<uint64_t> words = countShownWords(rows);
  uint64_t counted = sumOf(words);
  if (counted == 0)
    return result;
  elements = static_cast<double>(matrices.count * matrices.shape.rows * matrices.shape.columns);
  scale = elements / static_cast<double>(counted);
  chooseCodedBits(std::move(words));

  if (rawBits() != 0 || stride > 1)
    rows = countRows(countedSource(), count, countedSplit, pool);
  // The same panels, if more than one in `stride` of them were counted.
  stride = std::max<uint64_t>(1, stride / rows.stride);
  auto one = countsByClass(rows, {}, 1, stride);
  scale = elements / static_cast<double>(sumOf(one[0]));
  std::vector<uint64_t> unknown = {one[0][largestCounted]};
  one[0].resize(largestCounted);
  double bits = chooseClasses(rows, bitsOf(one, unknown));
  return bits >= elements * traits.wordBits * (1 - leastSaving) ? result : completed(rows);
}

/// The format, with what is known of all rows.
ChosenFormat DifferenceChoice::completed(const RowHistograms &rows) {
  ChosenFormat result;
  result.format = format;
  if (format.rowClasses > 1)
    result.rowClasses = !rowClasses.empty()
                            ? std::move(rowClasses)
                            : sortRowClasses(rows, format.rowClasses, countedSource(), pool);
  if (rows.stride > 1)
    return result;
  if (std::optional<ClassCounts> counts = countAll(rows, result.rowClasses, format.rowClasses)) {
    SymbolStatistics statistics;
    statistics.split = splitOf(ElementType::UInt16, format.codedMantissa);
    statistics.counts = *std::move(counts);
    result.statistics = std::make_shared<const SymbolStatistics>(std::move(statistics));
  }
  return result;
}

ChosenFormat uwt::chooseDifferenceFormat(const Format &format,
                                         const TensorDescription::Matrices &matrices,
                                         const PanelSource &panels, uint64_t count,
                                         ThreadPool &pool) {
  return DifferenceChoice(format, matrices, panels, count, pool).choose();
}
