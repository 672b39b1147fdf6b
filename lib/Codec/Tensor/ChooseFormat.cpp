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

#include "../Prefix/PrefixModel.h"
#include "../RowClasses.h"
#include "uwt/Codec/Sample.h"
#include <algorithm>
#include <limits>
#include <optional>

using namespace uwt;

namespace {
constexpr uint32_t bestSizeMaxLength = 12;
constexpr uint32_t fastMaxLength = 12;
constexpr uint32_t bestSizeMantissa = 2;
/// Small tensors have at most 8 classes: 16 gain next to nothing there.
constexpr uint32_t contextClassCounts[] = {2, 4, 8, 16};
constexpr size_t smallContextClassCounts = 3;
/// In larger tensors code tables weigh nothing, and more mantissa bits always pay.
constexpr uint64_t smallTensorElements = uint64_t(1) << 20;
/// Panels, spread evenly, that show the sizes of all candidates well enough.
constexpr size_t choicePanels = 64;
/// Sizes that differ by a smaller part are taken to be equal.
constexpr double leastGain = 1.0 / 8192;
/// Bytes of which less than that part is saved are not coded: as much is for units and panels.
constexpr double leastByteGain = 1.0 / 256;
constexpr uint32_t escapeRecordBits = 32;
constexpr double infiniteBits = std::numeric_limits<double>::infinity();

/// [class][symbol], and in a last entry those symbols that are not known.
using ClassCounts = std::vector<std::vector<uint64_t>>;

struct CodingCandidate {
  uint32_t mantissaBits;
  ClassCounts counts;
  double bits = infiniteBits;
  /// Symbols in a code word.
  uint32_t group = 1;

  uint32_t classCount() const { return static_cast<uint32_t>(counts.size()); }
};

class BestSizeChoice {
public:
  /// `order` has the layout, storage and fold; `rows` are of all panels of `matrices` or of a
  /// sample of them.
  BestSizeChoice(ElementType element, const Format &order, const RowHistograms &rows,
                 const TensorDescription::Matrices &matrices)
      : element(element), order(order), rows(rows), matrices(matrices),
        panelStride(std::max<size_t>(1, rows.counted.size() / choicePanels)) {}

  /// The best format, `raw` for a tensor without elements, and the classes of its rows where all
  /// are known.
  ChosenFormat choose(ThreadPool &pool);

private:
  bool isSigned() const { return getTraits(element).signBits != 0; }
  bool countsFewSymbols() const;
  std::vector<CodingCandidate> makeCandidates(ThreadPool &pool);
  void addCandidates(uint32_t mantissaBits, const std::vector<ClassCounts> &counts,
                     std::vector<CodingCandidate> &candidates) const;
  void addPairs(CodingCandidate candidate, std::vector<CodingCandidate> &candidates) const;
  Format formatOf(uint32_t mantissaBits, uint32_t classCount, uint32_t group) const;
  double fixedBits(const CodingCandidate &candidate) const;
  double idealBits(const CodingCandidate &candidate, double *rounding) const;

  ElementType element;
  Format order;
  const RowHistograms &rows;
  const TensorDescription::Matrices &matrices;
  size_t panelStride;
  double elements = 0;
  /// Elements for each one that candidates' counts have.
  double scale = 1;
  /// Whether all symbols are known and pairs can be coded without escapes.
  bool hasFewSymbols = false;
  /// Rows sorted into each number of classes.
  std::vector<ClassedRows> classed;
};
} // namespace

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

bool BestSizeChoice::countsFewSymbols() const {
  if (isSigned() || !rows.isExact)
    return false;
  std::vector<uint64_t> counts = countsByClass(rows, {}, 1).front();
  return std::ranges::count_if(counts, [](uint64_t count) { return count != 0; }) <= maxPairEntries;
}

std::vector<CodingCandidate> BestSizeChoice::makeCandidates(ThreadPool &pool) {
  std::span<const uint32_t> classCounts = contextClassCounts;
  if (elements < smallTensorElements)
    classCounts = classCounts.first(smallContextClassCounts);
  RowClassifier classifier(rows, classCounts, panelStride, pool);
  classed = classifier.results();
  std::vector<ClassCounts> counts(1 + classed.size());
  pool.parallelFor(classed.size(), [&](uint64_t i, unsigned) {
    const ClassedRows &set = classed[i];
    counts[1 + i] = countsByClass(rows, set.classes, set.classCount, panelStride);
  });
  counts[0].push_back(counts[1][0]);
  for (size_t c = 1; c < counts[1].size(); ++c)
    for (size_t i = 0; i < counts[0][0].size(); ++i)
      counts[0][0][i] += counts[1][c][i];

  std::vector<CodingCandidate> candidates;
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
                                   std::vector<CodingCandidate> &candidates) const {
  double least = infiniteBits, rounding = 0;
  for (const ClassCounts &c : counts) {
    CodingCandidate candidate{mantissaBits, c};
    // Rounding is much the same for any number of classes.
    double ideal = idealBits(candidate, candidate.classCount() == 1 ? &rounding : nullptr);
    candidate.bits = fixedBits(candidate) + ideal + rounding;
    if (!isSigned())
      addPairs(candidate, candidates);
    if (candidate.bits >= least * (1 - leastGain))
      continue;
    least = candidate.bits;
    candidates.push_back(std::move(candidate));
  }
}

/// Masks and scales have few symbols, of less than a bit: pairs of them.
void BestSizeChoice::addPairs(CodingCandidate candidate,
                              std::vector<CodingCandidate> &candidates) const {
  ClassCounts known = candidate.counts;
  for (std::vector<uint64_t> &counts : known)
    counts.pop_back();
  CodecTraits traits;
  traits.maxLength = bestSizeMaxLength;
  Format format = formatOf(candidate.mantissaBits, candidate.classCount(), /*group=*/2);
  double bits = fixedBits(candidate) + estimatePairBits(format, traits, known) * scale;
  if (bits >= candidate.bits * (1 - leastGain))
    return;
  candidate.bits = bits;
  candidate.group = 2;
  candidates.push_back(std::move(candidate));
}

/// Raw fields and the classes of rows.
double BestSizeChoice::fixedBits(const CodingCandidate &candidate) const {
  const ElementTraits &traits = getTraits(element);
  uint32_t rawBits = traits.wordBits - traits.exponentBits - candidate.mantissaBits;
  double classBits = std::bit_width(candidate.classCount()) - 1;
  return elements * rawBits + static_cast<double>(matrices.panels() * panelRows) * classBits;
}

/// Code words, escape records and tables, if code words could have any fraction of bits; `rounding`
/// gets what whole bits add to that, where it is not null.
double BestSizeChoice::idealBits(const CodingCandidate &candidate, double *rounding) const {
  Format format = formatOf(candidate.mantissaBits, candidate.classCount(), /*group=*/1);
  CodecTraits traits;
  traits.rate = Rate::Prefix;
  traits.maxLength = bestSizeMaxLength;
  double bits = 0;
  for (const std::vector<uint64_t> &counts : candidate.counts) {
    ClassBits estimate =
        estimateClassBits(format, traits, std::span(counts).first(counts.size() - 1),
                          candidate.classCount(), rounding != nullptr);
    bits += static_cast<double>(counts.back() * (escapeRecordBits + bestSizeMaxLength)) +
            estimate.ideal;
    if (rounding)
      *rounding = estimate.rounding * scale;
  }
  return bits * scale;
}

ChosenFormat BestSizeChoice::choose(ThreadPool &pool) {
  ChosenFormat result;
  result.format = order;
  result.format.codec = rawFormat().codec;
  uint64_t counted = 0;
  for (size_t p = 0; p < rows.counted.size(); p += panelStride)
    for (uint16_t count : rows.counted[p].counts)
      counted += count;
  if (counted == 0)
    return result;
  elements = static_cast<double>(matrices.count * matrices.shape.rows * matrices.shape.columns);
  scale = elements / static_cast<double>(counted);

  hasFewSymbols = countsFewSymbols();
  std::vector<CodingCandidate> candidates = makeCandidates(pool);
  double best = infiniteBits;
  for (const CodingCandidate &candidate : candidates)
    best = std::min(best, candidate.bits);
  // Among equals the one with the fewest classes, for a decoder loads all their tables.
  const CodingCandidate *choice = nullptr;
  for (const CodingCandidate &candidate : candidates) {
    bool isEqual = candidate.bits <= best * (1 + leastGain);
    if (isEqual && (!choice || candidate.classCount() < choice->classCount()))
      choice = &candidate;
  }
  // Of exponents there is always something to save; of bytes, random ones are not worth a try.
  if (!isSigned() && best >= elements * getTraits(element).wordBits * (1 - leastByteGain))
    return result;
  result.format = formatOf(choice->mantissaBits, choice->classCount(), choice->group);
  if (panelStride == 1 && rows.stride == 1)
    for (ClassedRows &set : classed)
      if (set.classCount == choice->classCount())
        result.rowClasses = std::move(set.classes);
  return result;
}

Format BestSizeChoice::formatOf(uint32_t mantissaBits, uint32_t classCount, uint32_t group) const {
  Format format = order;
  format.codec = {"huffman", {bestSizeMaxLength, group}};
  format.codedMantissa = mantissaBits;
  format.rowClasses = classCount;
  // Escapes take code words of their own, which so few symbols have none to spare for.
  if (hasFewSymbols)
    format.escapes = Escapes::None;
  return format;
}

/// The exponent and as many mantissa bits as any candidate codes.
static FieldSplit bestSizeSplit(ElementType element) {
  const ElementTraits &traits = getTraits(element);
  // Words of 8 bits have so few symbols that all but the sign is coded.
  uint32_t most = traits.wordBits == 8 ? traits.mantissaBits : bestSizeMantissa;
  return splitOf(element, std::min<uint32_t>(most, traits.mantissaBits));
}

/// What of a format is not chosen but given.
static Format orderOf(const Format &format) {
  Format order;
  order.layout = format.layout;
  order.storage = format.storage;
  order.fold = format.fold;
  return order;
}

Format uwt::fastFormat(ElementType element) {
  const ElementTraits &traits = getTraits(element);
  Format format;
  format.codec = {"huffman", {fastMaxLength, traits.signBits ? 2u : 1u}};
  // Half a byte says little of the other half; whole ones have nothing to be put together from.
  format.codedMantissa = traits.signBits ? 0 : traits.mantissaBits;
  return format;
}

Expected<ChosenFormat> uwt::chooseFormat(FormatPolicy policy, const TensorDescription &description,
                                         std::span<const uint8_t> source, ThreadPool &pool,
                                         const PanelSample *sample) {
  ChosenFormat chosen;
  chosen.format = orderOf(description.format);
  if (policy == FormatPolicy::Fast) {
    Format fast = fastFormat(description.element);
    chosen.format.codec = fast.codec;
    chosen.format.codedMantissa = fast.codedMantissa;
    return chosen;
  }
  const ElementTraits &traits = getTraits(description.element);
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, description.matrices());
  UWT_ASSIGN_OR_RETURN(PanelSource panels, panelSource(description, source));
  uint64_t count = matrices.panels();
  if (sample) {
    panels = sampledSource(std::move(panels), *sample);
    count = sample->panels.size();
  }
  FieldSplit split = bestSizeSplit(description.element);
  if (uint64_t stride = count / choicePanels; traits.signBits == 0 && stride > 1) {
    RowHistograms few = countRows(panels, count, split, pool, stride);
    chosen = BestSizeChoice(description.element, orderOf(description.format), few, matrices)
                 .choose(pool);
    if (isRaw(chosen.format))
      return chosen;
    chosen.format = orderOf(description.format);
  }
  auto rows = std::make_shared<const RowHistograms>(countRows(panels, count, split, pool));
  chosen = BestSizeChoice(description.element, chosen.format, *rows, matrices).choose(pool);
  chosen.rows = std::move(rows);
  return chosen;
}
