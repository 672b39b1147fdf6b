//===- ChooseDifference.cpp - Formats of differences ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The number of coded bits follows from counts of whole words. Rows are then counted by the
// symbols that those leave, up to 254; all larger ones, which rarely have a frequency of their own,
// are counted together. So rows of weights that have not changed find each other.
//
//===----------------------------------------------------------------------===//

#include "ChooseDifference.h"
#include "../Ans/AnsModel.h"
#include "../RowClasses.h"
#include <algorithm>
#include <numeric>

using namespace uwt;

namespace {
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
  /// What saves less than this part is not coded.
  static constexpr double leastSaving = 1.0 / 256;
  static constexpr uint32_t countedBits = 8, largestCounted = (1u << countedBits) - 1;
  static constexpr FieldSplit countedSplit = {16, countedBits, 0, 0};

  void chooseCodedBits(std::vector<uint64_t> words);
  PanelSource countedSource() const;
  double bitsOf(const std::vector<std::vector<uint64_t>> &counts,
                std::span<const uint64_t> unknown) const;
  double chooseClasses(const RowHistograms &rows, double bits);

  Format format;
  const ElementTraits &traits;
  const TensorDescription::Matrices &matrices;
  const PanelSource &panels;
  uint64_t count, stride;
  ThreadPool &pool;
  /// Elements of the tensor, and for each one that is counted.
  double elements = 0, scale = 0;
};
} // namespace

static uint64_t sumOf(std::span<const uint64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t(0));
}

/// Bits of streams, tables and raw fields; tables cost what they cost, so counts are of as many
/// elements as the tensor has.
double DifferenceChoice::bitsOf(const std::vector<std::vector<uint64_t>> &counts,
                                std::span<const uint64_t> unknown) const {
  uint64_t whole = std::max<uint64_t>(1, static_cast<uint64_t>(scale));
  std::vector<std::vector<uint64_t>> scaled = counts;
  for (std::vector<uint64_t> &ofClass : scaled)
    for (uint64_t &one : ofClass)
      one *= whole;
  std::vector<uint64_t> others(unknown.begin(), unknown.end());
  for (uint64_t &one : others)
    one *= whole;
  CodecTraits codec;
  codec.frequencyBits = format.codec.parameters[0];
  double bits = estimateAnsBits(codec, scaled, others);
  uint32_t rawBits = traits.mantissaBits - format.codedMantissa;
  return bits * scale / static_cast<double>(whole) + elements * rawBits;
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
    for (size_t i = 0; i < words.size() / 2; ++i)
      words[i] = words[2 * i] + words[2 * i + 1];
    words.resize(words.size() / 2);
  }
  format.codedMantissa = best;
}

/// The symbols of panels, of which large ones are all the same.
PanelSource DifferenceChoice::countedSource() const {
  uint32_t rawBits = traits.mantissaBits - format.codedMantissa;
  return [this, rawBits](uint64_t panel, std::vector<uint16_t> &scratch) {
    std::vector<uint16_t> own;
    PanelWords words = panels(panel, own);
    scratch.resize(words.rows * words.columns);
    for (uint32_t r = 0; r < words.rows; ++r)
      std::transform(words.row(r), words.row(r) + words.columns, &scratch[r * words.columns],
                     [rawBits](uint32_t word) {
                       return static_cast<uint16_t>(std::min(word >> rawBits, largestCounted));
                     });
    return PanelWords{scratch.data(), words.columns, words.rows, words.columns};
  };
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
  }
  return least;
}

ChosenFormat DifferenceChoice::choose() {
  PanelSource few = [this](uint64_t i, std::vector<uint16_t> &scratch) {
    return panels(i * stride, scratch);
  };
  std::vector<uint64_t> words = countWords(few, divideUp(count, stride), traits.wordBits, pool);
  uint64_t counted = sumOf(words);
  ChosenFormat result;
  result.format = format;
  result.format.codec = rawFormat().codec;
  if (counted == 0)
    return result;
  elements = static_cast<double>(matrices.count * matrices.shape.rows * matrices.shape.columns);
  scale = elements / static_cast<double>(counted);
  chooseCodedBits(words);

  PanelSource symbols = countedSource();
  RowHistograms rows = countRows(symbols, count, countedSplit, pool);
  // The same panels, if more than one in `stride` of them were counted.
  stride = std::max<uint64_t>(1, stride / rows.stride);
  auto one = countsByClass(rows, {}, 1, stride);
  scale = elements / static_cast<double>(sumOf(one[0]));
  std::vector<uint64_t> unknown = {one[0][largestCounted]};
  one[0].resize(largestCounted);
  double bits = chooseClasses(rows, bitsOf(one, unknown));
  if (bits >= elements * traits.wordBits * (1 - leastSaving))
    return result;
  result.format = format;
  if (format.rowClasses > 1)
    result.rowClasses = sortRowClasses(rows, format.rowClasses, symbols, pool);
  return result;
}

ChosenFormat uwt::chooseDifferenceFormat(const Format &format,
                                         const TensorDescription::Matrices &matrices,
                                         const PanelSource &panels, uint64_t count,
                                         ThreadPool &pool) {
  return DifferenceChoice(format, matrices, panels, count, pool).choose();
}
