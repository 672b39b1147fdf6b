//===- ChooseFormat.cpp - best-size and fast ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A candidate is a number of mantissa bits and a number of row classes. Its
// bits are those of code words, escape records, raw fields, code tables and row
// classes; what all candidates have in common is only compared with storing the tensor as it is.
//
//===----------------------------------------------------------------------===//

#include "RowClasses.h"
#include <algorithm>
#include <limits>
#include <optional>

using namespace uwt;

namespace {
constexpr uint32_t bestSizeMaxLength = 12;
constexpr uint32_t fastMaxLength = 12;
constexpr uint32_t bestSizeMantissa = 2;
constexpr uint32_t contextClassCounts[] = {2, 4, 8, 16};
/// In larger tensors code tables weigh nothing, and more mantissa bits always pay.
constexpr uint64_t smallTensorElements = uint64_t(1) << 20;
/// Panels, spread evenly, that show the sizes of all candidates well enough.
constexpr size_t choicePanels = 64;
/// Sizes that differ by a smaller part are taken to be equal.
constexpr double leastGain = 1.0 / 8192;
constexpr uint32_t escapeRecordBits = 32;
constexpr double infiniteBits = std::numeric_limits<double>::infinity();

/// [class][symbol], and in a last entry those symbols that are not known.
using ClassCounts = std::vector<std::vector<uint64_t>>;

struct Candidate {
  uint32_t mantissaBits;
  ClassCounts counts;
  /// Bits that no code goes below, and bits in fact.
  double bound = 0, bits = infiniteBits;

  uint32_t classCount() const { return static_cast<uint32_t>(counts.size()); }
};

class BestSizeChoice {
public:
  BestSizeChoice(ElementType element, Layout layout, Storage storage, const RowHistograms &rows,
                 const MatrixShape &matrix)
      : element(element), layout(layout), storage(storage), rows(rows), matrix(matrix),
        panelStep(std::max<size_t>(1, rows.counted.size() / choicePanels)) {}

  /// The best format, or nothing where coding does not pay.
  std::optional<Format> choose(ThreadPool &pool);

private:
  std::vector<Candidate> makeCandidates(ThreadPool &pool) const;
  void addCandidates(uint32_t mantissaBits, const std::vector<ClassCounts> &counts,
                     std::vector<Candidate> &candidates) const;
  void measure(std::vector<Candidate> &candidates) const;
  Format formatOf(uint32_t mantissaBits, uint32_t classCount) const;
  double fixedBits(const Candidate &candidate) const;
  double entropyBits(const Candidate &candidate) const;
  double codedBits(const Candidate &candidate) const;
  double frameBits() const;

  ElementType element;
  Layout layout;
  Storage storage;
  const RowHistograms &rows;
  const MatrixShape &matrix;
  size_t panelStep;
  double elements = 0;
  /// Elements for each one that candidates' counts have.
  double scale = 1;
};
} // namespace

static uint64_t sumOf(std::span<const uint64_t> counts) {
  uint64_t sum = 0;
  for (uint64_t count : counts)
    sum += count;
  return sum;
}

static double log2Of(uint64_t value) {
  return value == 0 ? 0 : static_cast<double>(fixedLog2(value)) / 65536;
}

/// Bits of a class's code words and escape records.
static uint64_t codeBits(const Model &model, size_t rowClass, std::span<const uint64_t> counts) {
  const std::vector<uint8_t> &lengths = model.lengths[rowClass];
  std::vector<uint32_t> bitsOf(counts.size(), lengths.back() + escapeRecordBits);
  for (size_t i = 0; i < model.symbols.size(); ++i)
    if (lengths[i] != 0)
      bitsOf[model.symbols[i]] = lengths[i];
  uint64_t bits = 0;
  for (size_t symbol = 0; symbol < counts.size(); ++symbol)
    bits += counts[symbol] * bitsOf[symbol];
  return bits;
}

/// The same counts with one mantissa bit less in the symbol.
static ClassCounts dropMantissaBit(const ClassCounts &counts) {
  ClassCounts merged;
  for (const std::vector<uint64_t> &fine : counts) {
    std::vector<uint64_t> &coarse = merged.emplace_back();
    for (size_t i = 0; i + 1 < fine.size(); i += 2)
      coarse.push_back(fine[i] + fine[i + 1]);
    coarse.push_back(fine.back());
  }
  return merged;
}

std::vector<Candidate> BestSizeChoice::makeCandidates(ThreadPool &pool) const {
  RowClassifier classifier(rows, contextClassCounts, panelStep, pool);
  std::vector<ClassCounts> counts(1 + classifier.results().size());
  pool.parallelFor(classifier.results().size(), [&](uint64_t i, unsigned) {
    const ClassedRows &set = classifier.results()[i];
    counts[1 + i] = countsByClass(rows, set.classes, set.classCount, panelStep);
  });
  counts[0].push_back(counts[1][0]);
  for (size_t c = 1; c < counts[1].size(); ++c)
    for (size_t i = 0; i < counts[0][0].size(); ++i)
      counts[0][0][i] += counts[1][c][i];

  std::vector<Candidate> candidates;
  uint32_t mantissa = rows.split.symbolBits - getTraits(element).exponentBits;
  for (uint32_t bits = mantissa;; --bits) {
    addCandidates(bits, counts, candidates);
    if (bits == 0 || elements >= smallTensorElements)
      break;
    for (ClassCounts &c : counts)
      c = dropMantissaBit(c);
  }
  return candidates;
}

/// Adds those of `counts`, by rising number of classes, in which more classes promise a gain.
void BestSizeChoice::addCandidates(uint32_t mantissaBits, const std::vector<ClassCounts> &counts,
                                   std::vector<Candidate> &candidates) const {
  double least = infiniteBits;
  for (const ClassCounts &c : counts) {
    Candidate candidate{mantissaBits, c};
    candidate.bound = fixedBits(candidate) + entropyBits(candidate);
    if (candidate.bound >= least * (1 - leastGain))
      continue;
    least = candidate.bound;
    candidates.push_back(std::move(candidate));
  }
}

/// Raw fields and the classes of rows.
double BestSizeChoice::fixedBits(const Candidate &candidate) const {
  const ElementTraits &traits = getTraits(element);
  uint32_t rawBits = traits.wordBits - traits.exponentBits - candidate.mantissaBits;
  double classBits = std::bit_width(candidate.classCount()) - 1;
  return elements * rawBits + static_cast<double>(rows.panels * panelRows) * classBits;
}

double BestSizeChoice::entropyBits(const Candidate &candidate) const {
  double bits = 0;
  for (const std::vector<uint64_t> &counts : candidate.counts) {
    uint64_t total = sumOf(counts);
    bits += static_cast<double>(total) * log2Of(total);
    for (uint64_t count : counts)
      bits -= static_cast<double>(count) * log2Of(count);
  }
  return bits * scale;
}

/// Code words, escape records and the model, by the model that the encoder would build.
double BestSizeChoice::codedBits(const Candidate &candidate) const {
  Format format = formatOf(candidate.mantissaBits, candidate.classCount());
  SymbolStatistics statistics;
  statistics.split = splitOf(element, candidate.mantissaBits);
  statistics.counts = candidate.counts;
  uint64_t dataBits = 0;
  for (std::vector<uint64_t> &counts : statistics.counts) {
    dataBits += counts.back() * (escapeRecordBits + bestSizeMaxLength);
    counts.pop_back();
  }
  Expected<const Codec *> codec = findCodec(format.codec.keyword);
  if (!codec)
    return infiniteBits;
  Expected<Model> model = (*codec)->buildModel(format, statistics);
  if (!model)
    return infiniteBits;
  for (size_t c = 0; c < statistics.counts.size(); ++c)
    dataBits += codeBits(*model, c, statistics.counts[c]);
  std::vector<uint32_t> modelWords;
  (*codec)->writeModel(format, *model, modelWords);
  return static_cast<double>(dataBits) * scale + static_cast<double>(modelWords.size() * 32);
}

/// Unit headers and lane lengths (prefix-3, prefix-4) and directory entries, about.
double BestSizeChoice::frameBits() const {
  bool isWholePanel = layout == Layout::RowMajor || matrix.columns <= wholePanelUnitColumns;
  uint64_t unitsAcross = divideUp(matrix.columns, streamUnitColumns);
  uint64_t units = rows.panels * unitsAcross * (isWholePanel ? 1 : panelRows / stripRows);
  uint64_t lanes = layout == Layout::RowMajor ? panelRows : fragmentLanes;
  constexpr uint64_t unitBits = 64, laneBits = 8, panelBits = 160;
  return static_cast<double>(units * (unitBits + lanes * laneBits) + rows.panels * panelBits);
}

/// Sets `bits` of the candidates that may be the best. Prefix codes exceed the bound by much the
/// same part for any number of classes, so the first ones tell which of the others are
/// worth building their models.
void BestSizeChoice::measure(std::vector<Candidate> &candidates) const {
  std::vector<std::pair<double, size_t>> order;
  for (size_t i = 0; i < candidates.size(); ++i)
    order.emplace_back(candidates[i].bound, i);
  std::sort(order.begin(), order.end());
  double best = infiniteBits;
  std::vector<double> excess(getTraits(element).mantissaBits + 1, 1);
  for (auto [bound, i] : order) {
    Candidate &candidate = candidates[i];
    double &part = excess[candidate.mantissaBits];
    if (bound * part > best * (1 + leastGain))
      continue;
    candidate.bits = fixedBits(candidate) + codedBits(candidate);
    best = std::min(best, candidate.bits);
    part = candidate.bits / std::max(bound, 1.0);
  }
}

std::optional<Format> BestSizeChoice::choose(ThreadPool &pool) {
  uint64_t counted = 0;
  for (size_t p = 0; p < rows.counted.size(); p += panelStep)
    for (uint16_t count : rows.counted[p].counts)
      counted += count;
  if (counted == 0)
    return std::nullopt;
  uint64_t matrices = matrix.panels() == 0 ? 0 : rows.panels / matrix.panels();
  elements = static_cast<double>(matrices * matrix.rows * matrix.columns);
  scale = elements / static_cast<double>(counted);

  std::vector<Candidate> candidates = makeCandidates(pool);
  measure(candidates);
  double best = infiniteBits;
  for (const Candidate &candidate : candidates)
    best = std::min(best, candidate.bits);
  if (best + frameBits() >= elements * getTraits(element).wordBits)
    return std::nullopt;
  // Among equals the one with the fewest classes, for a decoder loads all their tables.
  const Candidate *choice = nullptr;
  for (const Candidate &candidate : candidates) {
    bool isEqual = candidate.bits <= best * (1 + leastGain);
    if (isEqual && (!choice || candidate.classCount() < choice->classCount()))
      choice = &candidate;
  }
  return formatOf(choice->mantissaBits, choice->classCount());
}

Format BestSizeChoice::formatOf(uint32_t mantissaBits, uint32_t classCount) const {
  Format format;
  format.layout = layout;
  format.storage = storage;
  format.codec = {"huffman", {bestSizeMaxLength, 1}};
  format.codedMantissa = mantissaBits;
  format.rowClasses = classCount;
  return format;
}

FieldSplit uwt::bestSizeSplit(ElementType element) {
  const ElementTraits &traits = getTraits(element);
  // Words of 8 bits have so few symbols that all but the sign is coded.
  uint32_t most = traits.wordBits == 8 ? traits.mantissaBits : bestSizeMantissa;
  return splitOf(element, std::min<uint32_t>(most, traits.mantissaBits));
}

Format uwt::chooseBestSize(ElementType element, Layout layout, Storage storage,
                           const RowHistograms &rows, const MatrixShape &matrix, ThreadPool &pool) {
  if (auto choice = BestSizeChoice(element, layout, storage, rows, matrix).choose(pool))
    return *choice;
  Format format;
  format.layout = layout;
  format.storage = storage;
  format.codec = {"raw", {}};
  return format;
}

ChosenFormat uwt::chooseFormat(FormatPolicy policy, ElementType element, Layout layout,
                               Storage storage, const PanelSource &source, uint64_t panels,
                               const MatrixShape &matrix, ThreadPool &pool) {
  ChosenFormat chosen;
  if (policy == FormatPolicy::BestSize) {
    chosen.rows = std::make_shared<const RowHistograms>(
        countRows(source, panels, bestSizeSplit(element), pool));
    chosen.format = chooseBestSize(element, layout, storage, *chosen.rows, matrix, pool);
    return chosen;
  }
  chosen.format.layout = layout;
  chosen.format.storage = storage;
  chosen.format.codec = {"huffman", {fastMaxLength, 2}};
  return chosen;
}
