//===- ChooseRowClasses.cpp - Codes of classes of rows --------------------===//
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
// Row histograms hold two mantissa bits: of natural weights the others are noise. More of them
// pay where values are not what their type says (those of FP8, or dequantised ones, in BF16), which
// counts of whole magnitudes show. Where such values are too many for prefix codes, best-size takes
// numeral systems: with two mantissa bits they are smaller than prefix codes of all, and quicker.
//
//===----------------------------------------------------------------------===//

#include "ChooseRowClasses.h"
#include "../Ans/AnsModel.h"
#include "../FixedLog2.h"
#include "../NonZero.h"
#include "../Prefix/PrefixModel.h"
#include "../RowClasses.h"
#include "FewValues.h"
#include "MagnitudeCounts.h"
#include <algorithm>
#include <limits>
#include <optional>

using namespace uwt;

namespace {
constexpr uint32_t bestSizeMaxLength = 12;
constexpr uint32_t frequencyBits = 12;
/// Small tensors have at most 8 classes of prefix codes: 16 gain next to nothing there.
constexpr uint32_t contextClassCounts[] = {2, 4, 8, 16};
constexpr size_t smallContextClassCounts = 3;
constexpr uint64_t smallTensorElements = uint64_t(1) << 20;
/// In larger tensors two mantissa bits pay for their tables.
constexpr uint64_t fewMantissaElements = uint64_t(1) << 17;
/// More mantissa bits than row histograms hold save so much at least: their codes take longer.
constexpr double leastFineGain = 1.0 / 512;
/// Of tensors with so many elements every so manyth row shows whether finer codes may pay.
constexpr double probedElements = 1 << 17;
constexpr uint32_t probeStride = 4;
/// Bytes of which less than that part is saved are not coded: as much is for units and panels.
constexpr double leastByteGain = 1.0 / 256;
constexpr uint32_t escapeRecordBits = 32;
constexpr double infiniteBits = std::numeric_limits<double>::infinity();

struct CodingCandidate {
  uint32_t mantissaBits;
  uint32_t classCount;
  Rate rate = Rate::Prefix;
  double bits = infiniteBits;
  /// Of one class: what no code takes less than.
  double leastBits = infiniteBits;
  /// Symbols in a code word.
  uint32_t group = 1;
};

class ClassChooser {
public:
  /// `order` has the layout, storage and fold; `rows` are of all `panels` of `matrices` or of a
  /// sample of them.
  ClassChooser(FormatPolicy policy, ElementType element, const Format &order,
               const RowHistograms &rows, const TensorDescription::Matrices &matrices,
               const PanelSource &panels, uint32_t newestReader)
      : isSmallest(policy == FormatPolicy::Smallest), element(element), order(order), rows(rows),
        matrices(matrices), panels(panels), newestReader(newestReader),
        panelStride(std::max<size_t>(1, rows.counted.size() / choicePanels)) {}

  ClassChoice choose(ThreadPool &pool);

private:
  bool isSigned() const { return getTraits(element).signBits != 0; }
  /// Codes of whole bits a code word: symbols of less than a bit go in pairs.
  bool wantsPairs() const { return !isSigned() && !isSmallest; }
  /// Numeral systems where best-size has prefix codes otherwise.
  bool mayTakeNumerals() const {
    return !isSmallest && isSigned() && newestReader >= readerOf(numeralFormat());
  }
  /// More mantissa bits than row histograms hold save so much at least.
  double fineGain() const { return isSmallest ? leastGain : leastFineGain; }
  bool countsFewSymbols() const;
  std::vector<CodingCandidate> makeCandidates(ThreadPool &pool);
  void countRowSymbols(ThreadPool &pool);
  const CodingCandidate *smallest(std::span<const CodingCandidate> candidates) const;
  uint32_t countedMantissa() const {
    return rows.split.symbolBits - getTraits(element).exponentBits;
  }
  ClassCounts countMagnitudes(std::span<const uint8_t> classes, uint32_t classCount,
                              uint32_t rowStride, ThreadPool &pool) const;
  std::vector<uint32_t> promisingMantissaBits(double enoughLeast, double enough, size_t maxSymbols,
                                              ClassCounts counts) const;
  void addFineCandidates(std::vector<CodingCandidate> &candidates, ThreadPool &pool);
  void addNumeralCandidates(std::vector<CodingCandidate> &candidates) const;
  std::shared_ptr<const SymbolStatistics> statisticsOf(const CodingCandidate &choice) const;
  double leastBits(uint32_t mantissaBits, const ClassCounts &classes) const;
  void scaleCounts(ClassCounts &counts) const;
  void addCandidates(uint32_t mantissaBits, const std::vector<ClassCounts> &counts, double enough,
                     std::vector<CodingCandidate> &candidates) const;
  void addPairs(CodingCandidate candidate, const ClassCounts &counts,
                std::vector<CodingCandidate> &candidates) const;
  Format formatOf(const CodingCandidate &candidate) const;
  double fixedBits(uint32_t mantissaBits, size_t classCount) const;
  double idealBits(uint32_t mantissaBits, const ClassCounts &classes, double *rounding) const;
  double numeralBits(const ClassCounts &classes) const;

  bool isSmallest;
  ElementType element;
  Format order;
  const RowHistograms &rows;
  const TensorDescription::Matrices &matrices;
  const PanelSource &panels;
  uint32_t newestReader;
  size_t panelStride;
  double elements = 0;
  /// Elements for each one that is counted, in whole ones, and the rest of that as a factor.
  uint64_t wholeScale = 1;
  double scale = 1;
  /// Whether all symbols are known and pairs can be coded without escapes.
  bool hasFewSymbols = false;
  /// Sorts rows into each number of classes.
  std::optional<RowClassifier> classifier;
  /// Those of all symbols that are counted.
  ExponentSet exponents;
  /// Without classes, and by each number of them.
  std::vector<ClassCounts> rowCounts;
  /// By as many classes as the best candidate of fewer mantissa bits has, of all panels that other
  /// counts are of; empty where finer codes do not pay.
  ClassCounts magnitudes;
};
} // namespace

Format uwt::numeralFormat() {
  Format format;
  format.codec = {"rans", {frequencyBits}};
  return format;
}

bool ClassChooser::countsFewSymbols() const {
  if (isSigned() || !rows.isExact)
    return false;
  std::vector<uint64_t> counts = countsByClass(rows, {}, 1).front();
  return std::ranges::count_if(counts, [](uint64_t count) { return count != 0; }) <= maxPairEntries;
}

std::vector<CodingCandidate> ClassChooser::makeCandidates(ThreadPool &pool) {
  std::span<const uint32_t> classCounts = contextClassCounts;
  if (elements < smallTensorElements && !isSmallest)
    classCounts = classCounts.first(smallContextClassCounts);
  classifier.emplace(rows, classCounts, panelStride, pool);
  countRowSymbols(pool);

  std::vector<CodingCandidate> candidates;
  addCandidates(countedMantissa(), rowCounts, infiniteBits, candidates);
  if (elements >= fewMantissaElements)
    return candidates;
  std::vector<ClassCounts> counts = rowCounts;
  for (uint32_t bits = countedMantissa(); bits-- > 0;) {
    double least = infiniteBits;
    for (const CodingCandidate &candidate : candidates)
      least = std::min(least, candidate.bits);
    for (ClassCounts &one : counts)
      dropMantissaBit(one);
    addCandidates(bits, counts, least * (1 + leastGain), candidates);
  }
  return candidates;
}

/// Fills rowCounts.
void ClassChooser::countRowSymbols(ThreadPool &pool) {
  std::span<const ClassedRows> classed = classifier->results();
  rowCounts.resize(1 + classed.size());
  pool.parallelFor(classed.size(), [&](uint64_t i, unsigned) {
    const ClassedRows &set = classed[i];
    rowCounts[1 + i] = countsByClass(rows, set.classes, set.classCount, panelStride);
  });
  rowCounts[0] = sumOfClasses(rowCounts[1]);
  // Numeral systems of `smallest` have tables of all exponents.
  exponents = isSmallest || !rows.isExact
                  ? ExponentSet::all(getTraits(element).exponentBits)
                  : ExponentSet::occurring(rowCounts[0].front(), countedMantissa());
  for (ClassCounts &classes : rowCounts) {
    for (std::vector<uint64_t> &counts : classes)
      counts = exponents.select(counts, countedMantissa());
    scaleCounts(classes);
  }
}

/// Tables cost what they cost, so counts are of as many elements as the tensor has.
void ClassChooser::scaleCounts(ClassCounts &counts) const {
  for (std::vector<uint64_t> &one : counts)
    for (uint64_t &count : one)
      count *= wholeScale;
}

/// From every `rowStride`-th row of the panels that other counts are of; classes are of all rows.
ClassCounts ClassChooser::countMagnitudes(std::span<const uint8_t> classes, uint32_t classCount,
                                          uint32_t rowStride, ThreadPool &pool) const {
  // Classes are of counted panels, which follow one another in `few`.
  std::vector<uint8_t> fewClasses;
  for (size_t p = 0; p < rows.counted.size() && !classes.empty(); p += panelStride) {
    std::span<const uint8_t> ofPanel = classes.subspan(p * panelRows, panelRows);
    fewClasses.insert(fewClasses.end(), ofPanel.begin(), ofPanel.end());
  }
  PanelSource few = [this, rowStride](uint64_t i, std::vector<uint16_t> &scratch) {
    PanelWords words = panels(i * panelStride * rows.stride, scratch);
    words.rows = divideUp(words.rows, rowStride);
    words.stride *= rowStride;
    return words;
  };
  ClassCounts counts = uwt::countMagnitudes(few, divideUp(rows.counted.size(), panelStride),
                                            element, exponents, fewClasses, classCount, pool);
  scaleCounts(counts);
  return counts;
}

/// What countSymbols gives, where all symbols of the tensor have been counted for this candidate.
std::shared_ptr<const SymbolStatistics>
ClassChooser::statisticsOf(const CodingCandidate &choice) const {
  bool isWhole = panelStride == 1 && rows.stride == 1 && wholeScale == 1 && choice.group == 1;
  bool isFine = choice.mantissaBits > countedMantissa();
  bool isCounted = isFine || (choice.mantissaBits == countedMantissa() && rows.isExact);
  if (!isWhole || !isCounted)
    return nullptr;
  ClassCounts classes =
      isFine ? magnitudes : *std::ranges::find(rowCounts, choice.classCount, &ClassCounts::size);
  uint32_t bits = isFine ? getTraits(element).mantissaBits : countedMantissa();
  for (; bits > choice.mantissaBits; --bits)
    dropMantissaBit(classes);
  if (choice.classCount == 1)
    classes = sumOfClasses(classes);

  auto statistics = std::make_shared<SymbolStatistics>();
  statistics->split = splitOf(element, choice.mantissaBits);
  for (const std::vector<uint64_t> &counts : classes)
    statistics->counts.push_back(exponents.expand(counts, choice.mantissaBits));
  return statistics;
}

/// Bits that no code of these symbols can do without: each symbol that occurs is in the tables, or
/// escaped, which costs no less.
double ClassChooser::leastBits(uint32_t mantissaBits, const ClassCounts &classes) const {
  const uint32_t leastBitsOfSymbol = isSmallest ? 2 : classes.size() == 1 ? 16 : 4;
  double bits = fixedBits(mantissaBits, classes.size()), codeBits = 0;
  uint64_t counted = 0;
  for (const std::vector<uint64_t> &counts : classes) {
    std::vector<uint64_t> occurring = nonZeroOf(std::span(counts));
    uint64_t total = 0;
    double weighted = 0;
    for (uint64_t count : occurring) {
      total += count;
      weighted += static_cast<double>(count) * fixedLog2(count);
    }
    if (total == 0)
      continue;
    counted += total;
    codeBits += (static_cast<double>(total) * fixedLog2(total) - weighted) / 65536;
    bits += static_cast<double>(occurring.size() * leastBitsOfSymbol);
  }
  return counted == 0 ? bits : bits + codeBits * elements / static_cast<double>(counted);
}

/// The numbers of mantissa bits above those of row histograms that may take less than `enough` bits
/// without classes, with at most `maxSymbols` symbols, and of which no code takes `enoughLeast`, by
/// `counts` of all of these bits. Few rows show it: their entropy is rather too low than too high,
/// and so is the number of their symbols.
std::vector<uint32_t> ClassChooser::promisingMantissaBits(double enoughLeast, double enough,
                                                          size_t maxSymbols,
                                                          ClassCounts counts) const {
  std::vector<uint32_t> promising;
  for (uint32_t bits = getTraits(element).mantissaBits; bits > countedMantissa(); --bits) {
    size_t symbols = counts.front().size() - std::ranges::count(counts.front(), 0u);
    // Frequencies take longer to find than the lengths of prefix codes.
    if (symbols <= maxSymbols && leastBits(bits, counts) < enoughLeast &&
        (isSmallest || fixedBits(bits, 1) + idealBits(bits, counts, nullptr) < enough))
      promising.push_back(bits);
    dropMantissaBit(counts);
  }
  return promising;
}

/// Adds candidates of more mantissa bits than row histograms hold, where these pay without classes;
/// then also with as many classes as the best of `candidates` has. Where values are few, numerals
/// before them.
void ClassChooser::addFineCandidates(std::vector<CodingCandidate> &candidates, ThreadPool &pool) {
  uint32_t most = getTraits(element).mantissaBits, counted = countedMantissa();
  if (most <= counted)
    return;
  uint32_t stride = elements < probedElements || isSmallest ? 1 : probeStride;
  ClassCounts probe = countMagnitudes({}, 1, stride, pool);
  for (uint64_t &count : probe.front())
    count *= stride;
  bool takesNumerals = mayTakeNumerals() && haveFewValues(probe.front(), most, stride * wholeScale);
  if (takesNumerals)
    addNumeralCandidates(candidates);
  double enoughLeast = infiniteBits, enough = infiniteBits;
  for (const CodingCandidate &candidate : candidates) {
    enoughLeast = std::min(enoughLeast, candidate.leastBits * (1 - fineGain()));
    if (candidate.classCount == 1)
      enough = std::min(enough, candidate.bits * (1 - fineGain()));
  }
  size_t maxSymbols = takesNumerals ? maxPrefixSymbols : std::numeric_limits<size_t>::max();
  std::vector<uint32_t> promising =
      promisingMantissaBits(enoughLeast, enough, maxSymbols, std::move(probe));
  if (promising.empty())
    return;

  const CodingCandidate *coarse = smallest(candidates);
  double enoughOfAll = coarse->bits * (1 - fineGain());
  std::span<const uint8_t> classes;
  for (const ClassedRows &set : classifier->results())
    if (set.classCount == coarse->classCount)
      classes = set.classes;
  magnitudes = countMagnitudes(classes, coarse->classCount, /*rowStride=*/1, pool);
  std::vector<ClassCounts> counts = {sumOfClasses(magnitudes)};
  if (coarse->classCount > 1)
    counts.push_back(magnitudes);
  std::vector<CodingCandidate> fine;
  for (uint32_t bits = most; bits > counted; --bits) {
    double worthIt = enoughOfAll;
    for (const CodingCandidate &candidate : fine)
      worthIt = std::min(worthIt, candidate.bits * (1 + leastGain));
    if (std::ranges::find(promising, bits) != promising.end())
      addCandidates(bits, counts, worthIt, fine);
    for (ClassCounts &one : counts)
      dropMantissaBit(one);
  }
  for (CodingCandidate &candidate : fine)
    if (candidate.bits < enoughOfAll)
      candidates.push_back(candidate);
}

/// Numeral systems cost what entropy says, so two mantissa bits of few values are smaller than
/// prefix codes of all of them.
void ClassChooser::addNumeralCandidates(std::vector<CodingCandidate> &candidates) const {
  for (const ClassCounts &counts : rowCounts) {
    auto classCount = static_cast<uint32_t>(counts.size());
    CodingCandidate candidate{countedMantissa(), classCount, Rate::Ans};
    ClassCounts all;
    for (const std::vector<uint64_t> &one : counts) {
      all.push_back(exponents.expand(one, countedMantissa()));
      all.back().push_back(one.back());
    }
    candidate.bits = fixedBits(candidate.mantissaBits, classCount) + numeralBits(all) * scale;
    candidates.push_back(candidate);
  }
}

/// Adds those of `counts`, by rising number of classes, in which more classes promise a gain, and
/// that may take no more than `enough`.
void ClassChooser::addCandidates(uint32_t mantissaBits, const std::vector<ClassCounts> &counts,
                                 double enough, std::vector<CodingCandidate> &candidates) const {
  double least = infiniteBits, rounding = 0;
  for (const ClassCounts &c : counts) {
    bool isOne = c.size() == 1;
    // Prefix codes of one class show how much rounding adds for all.
    bool mayBeTooMany = enough != infiniteBits && (isSmallest || !isOne);
    if (mayBeTooMany && leastBits(mantissaBits, c) > enough)
      continue;
    CodingCandidate candidate{mantissaBits, static_cast<uint32_t>(c.size()),
                              isSmallest ? Rate::Ans : Rate::Prefix};
    // Rounding is much the same for any number of classes.
    double ideal = idealBits(mantissaBits, c, isOne ? &rounding : nullptr);
    candidate.bits = fixedBits(mantissaBits, c.size()) + ideal + rounding;
    if (isOne)
      candidate.leastBits = leastBits(mantissaBits, c);
    if (wantsPairs())
      addPairs(candidate, c, candidates);
    if (candidate.bits >= least * (1 - leastGain))
      continue;
    least = candidate.bits;
    candidates.push_back(candidate);
  }
}

/// Masks and scales have few symbols, of less than a bit: pairs of them.
void ClassChooser::addPairs(CodingCandidate candidate, const ClassCounts &counts,
                            std::vector<CodingCandidate> &candidates) const {
  ClassCounts known = counts;
  for (std::vector<uint64_t> &ofClass : known)
    ofClass.pop_back();
  CodecTraits traits;
  traits.maxLength = bestSizeMaxLength;
  candidate.group = 2;
  Format format = formatOf(candidate);
  double bits = fixedBits(candidate.mantissaBits, candidate.classCount) +
                estimatePairBits(format, traits, known) * scale;
  if (bits >= candidate.bits * (1 - leastGain))
    return;
  candidate.bits = bits;
  candidates.push_back(candidate);
}

/// Raw fields and the classes of rows.
double ClassChooser::fixedBits(uint32_t mantissaBits, size_t classCount) const {
  const ElementTraits &traits = getTraits(element);
  uint32_t rawBits = traits.wordBits - traits.exponentBits - mantissaBits;
  double classBits = std::bit_width(classCount) - 1;
  return elements * rawBits + static_cast<double>(matrices.panels() * panelRows) * classBits;
}

/// Code words, escape records and tables, if code words could have any fraction of bits; `rounding`
/// gets what whole bits add to that, where it is not null.
double ClassChooser::idealBits(uint32_t mantissaBits, const ClassCounts &classes,
                               double *rounding) const {
  if (isSmallest)
    return numeralBits(classes) * scale;
  auto classCount = static_cast<uint32_t>(classes.size());
  Format format = formatOf({mantissaBits, classCount});
  CodecTraits traits;
  traits.rate = Rate::Prefix;
  traits.maxLength = bestSizeMaxLength;
  double bits = 0;
  for (const std::vector<uint64_t> &counts : classes) {
    ClassBits estimate =
        estimateClassBits(format, traits, std::span(counts).first(counts.size() - 1), classCount,
                          rounding != nullptr);
    bits += static_cast<double>(counts.back() * (escapeRecordBits + bestSizeMaxLength)) +
            estimate.ideal;
    if (rounding)
      *rounding = estimate.rounding * scale;
  }
  return bits * scale;
}

/// The same of what is counted, by numeral systems.
double ClassChooser::numeralBits(const ClassCounts &classes) const {
  ClassCounts counts = classes;
  std::vector<uint64_t> unknown;
  for (std::vector<uint64_t> &ofClass : counts) {
    unknown.push_back(ofClass.back());
    ofClass.pop_back();
  }
  CodecTraits traits;
  traits.frequencyBits = frequencyBits;
  return estimateAnsBits(traits, counts, unknown);
}

/// Among equals the one with the fewest classes, for a decoder loads all their tables.
const CodingCandidate *ClassChooser::smallest(std::span<const CodingCandidate> candidates) const {
  double best = infiniteBits;
  for (const CodingCandidate &candidate : candidates)
    best = std::min(best, candidate.bits);
  const CodingCandidate *choice = nullptr;
  for (const CodingCandidate &candidate : candidates) {
    bool isEqual = candidate.bits <= best * (1 + leastGain);
    if (isEqual && (!choice || candidate.classCount < choice->classCount))
      choice = &candidate;
  }
  return choice;
}

ClassChoice ClassChooser::choose(ThreadPool &pool) {
  ClassChoice choice;
  ChosenFormat &result = choice.chosen;
  result.format = order;
  result.format.codec = rawFormat().codec;
  uint64_t counted = 0;
  for (size_t p = 0; p < rows.counted.size(); p += panelStride)
    counted += uint64_t(rows.counted[p].rows) * rows.columns;
  if (counted == 0)
    return choice;
  elements = static_cast<double>(matrices.count * matrices.shape.rows * matrices.shape.columns);
  scale = elements / static_cast<double>(counted);
  wholeScale = std::max<uint64_t>(1, static_cast<uint64_t>(scale));
  scale /= static_cast<double>(wholeScale);

  hasFewSymbols = countsFewSymbols();
  std::vector<CodingCandidate> candidates = makeCandidates(pool);
  addFineCandidates(candidates, pool);
  const CodingCandidate *best = smallest(candidates);
  // Of exponents there is always something to save; of bytes, random ones are not worth a try.
  if (!isSigned() && best->bits >= elements * getTraits(element).wordBits * (1 - leastByteGain))
    return choice;
  result.format = formatOf(*best);
  choice.bits = best->bits;
  result.statistics = statisticsOf(*best);
  if (rows.stride == 1 && best->classCount > 1)
    result.rowClasses = classifier->takeAll(best->classCount);
  return choice;
}

Format ClassChooser::formatOf(const CodingCandidate &candidate) const {
  Format format = order;
  format.codedMantissa = candidate.mantissaBits;
  format.rowClasses = candidate.classCount;
  if (candidate.rate == Rate::Ans) {
    format.codec = numeralFormat().codec;
    return format;
  }
  format.codec = {"huffman", {bestSizeMaxLength, candidate.group}};
  // Escapes take code words of their own, which so few symbols have none to spare for.
  if (hasFewSymbols)
    format.escapes = Escapes::None;
  return format;
}

ClassChoice uwt::chooseRowClasses(FormatPolicy policy, ElementType element, const Format &order,
                                  const RowHistograms &rows,
                                  const TensorDescription::Matrices &matrices,
                                  const PanelSource &panels, uint32_t newestReader,
                                  ThreadPool &pool) {
  return ClassChooser(policy, element, order, rows, matrices, panels, newestReader).choose(pool);
}
