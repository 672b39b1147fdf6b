//===- FormatCost.cpp - What a format costs a kernel ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/FormatCost.h"
#include "uwt/Codec/AnsCode.h"
#include "uwt/Codec/Panel.h"
#include "uwt/Codec/Quantized.h"
#include <algorithm>
#include <cmath>
#include <vector>

using namespace uwt;

namespace {
/// Scales of rows are taken at this many quantiles of their distribution; as many as row
/// classes can be.
constexpr uint32_t scaleSteps = 16;
constexpr double scaleSigma = 0.3;
/// Student's t has this many times the standard deviation of its normal.
constexpr double weightScale = 0.02;
/// Probabilities become counts of a tensor of so many elements.
constexpr double countedElements = 0x1p28;
constexpr double countedPairs = countedElements / 2;
constexpr double escapeRecordBits = 32;
/// rows<64> (escape-3).
constexpr double rowsRecordBits = runRecordU32 * 32, runElements = escapeRunColumns;
/// A u8 a fixed unit of 1,024 elements.
constexpr double escapeCountBits = 8.0 / 1024;
/// prefix-4: what a lane of a stream unit adds to the words of its 512 elements: its length's
/// difference to the shortest, and its part of the unit's head and padding.
constexpr double laneBits = 7.0 / 512;
/// ans-6: about 12 bits of each state that say nothing, and where the unit starts, a unit of
/// 16,384.
constexpr double stateBits = (12.0 * ansLanes + 32) / 16384;

/// Probabilities of symbols, in one row class.
using Probabilities = std::vector<double>;
} // namespace

/// P(|t| <= x) of Student's t with 4 degrees of freedom.
static double withinT4(double x) {
  double s = x * x / (4 + x * x);
  double root = std::sqrt(s);
  return root * (3 - s) / 2;
}

/// The value below which a standard normal deviate lies with probability `p`, by bisection.
static double normalQuantile(double p) {
  double low = -8, high = 8;
  while (high - low > 1e-9) {
    double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < p ? low : high) = middle;
  }
  return low;
}

/// The smallest magnitude whose symbol is `symbol`.
static double magnitudeOf(uint32_t symbol, const FieldSplit &split, const ElementTraits &traits) {
  unsigned codedMantissa = traits.mantissaBits - split.rawLowBits;
  double step = std::ldexp(1, -static_cast<int>(codedMantissa));
  uint32_t exponent = symbol >> codedMantissa;
  double fraction = (symbol & ((1u << codedMantissa) - 1)) * step;
  int bias = (1 << (traits.exponentBits - 1)) - 1;
  return exponent == 0 ? std::ldexp(fraction, 1 - bias)
                       : std::ldexp(1 + fraction, static_cast<int>(exponent) - bias);
}

/// Symbols of weights whose rows have the scale of quantile `step`. 8-bit elements are scaled to
/// their range, as quantisers do.
static Probabilities symbolsAt(uint32_t step, const FieldSplit &split,
                               const ElementTraits &traits) {
  double z = normalQuantile((step + 0.5) / scaleSteps);
  double scale = std::exp(scaleSigma * z) * (traits.wordBits == 8 ? 8 : weightScale);
  uint32_t symbols = 1u << split.symbolBits;
  Probabilities p(symbols);
  for (uint32_t s = 0; s < symbols; ++s) {
    double above = s + 1 == symbols ? 1 : withinT4(magnitudeOf(s + 1, split, traits) / scale);
    p[s] = above - withinT4(magnitudeOf(s, split, traits) / scale);
  }
  return p;
}

/// [class][symbol]: rows with equal scales are in one class.
static std::vector<Probabilities>
classProbabilities(const FieldSplit &split, const ElementTraits &traits, uint32_t classes) {
  std::vector<Probabilities> result(classes, Probabilities(size_t(1) << split.symbolBits, 0));
  for (uint32_t step = 0; step < scaleSteps; ++step) {
    Probabilities &sum = result[step * classes / scaleSteps];
    Probabilities one = symbolsAt(step, split, traits);
    for (size_t s = 0; s < one.size(); ++s)
      sum[s] += one[s] / scaleSteps;
  }
  return result;
}

static SymbolStatistics statisticsOf(const std::vector<Probabilities> &classes,
                                     const FieldSplit &split, bool wantPairs) {
  SymbolStatistics statistics;
  statistics.split = split;
  for (const Probabilities &p : classes) {
    std::vector<uint64_t> &counts = statistics.counts.emplace_back();
    for (double one : p)
      counts.push_back(static_cast<uint64_t>(std::llround(one * countedElements)));
    if (!wantPairs)
      continue;
    double share = 0;
    for (double one : p)
      share += one;
    std::vector<uint64_t> &pairs = statistics.pairs.emplace_back(p.size() * p.size());
    for (size_t second = 0; second < p.size(); ++second)
      for (size_t first = 0; first < p.size(); ++first)
        pairs[first + second * p.size()] =
            static_cast<uint64_t>(std::llround(p[first] * p[second] / share * countedPairs));
  }
  return statistics;
}

/// Bits an element for escape records, where `escaped` is the probability of an escape.
static double recordBits(Escapes escapes, double escaped) {
  switch (escapes) {
  case Escapes::None:
    return 0;
  case Escapes::Patch:
    return escaped * escapeRecordBits;
  case Escapes::Rows64:
    return (1 - std::pow(1 - escaped, runElements)) * rowsRecordBits / runElements;
  }
  return 0;
}

/// Bits of a code an element, with its escapes.
static ExpectedSize fixedSize(const Format &format, const CodecTraits &traits, const Model &model,
                              const std::vector<Probabilities> &classes) {
  double covered = 0;
  for (uint16_t symbol : model.symbols)
    for (const Probabilities &p : classes)
      covered += p[symbol];
  double escaped = std::max(0.0, 1 - covered);
  double bits = traits.codeBits + recordBits(format.escapes, escaped);
  if (format.escapes == Escapes::None)
    return {bits, 0};
  return {bits + escapeCountBits, escaped};
}

/// Mean length of code words an element, and the probability of an escape.
static double prefixBits(const Format &format, const CodecTraits &traits, const Model &model,
                         const std::vector<Probabilities> &classes) {
  size_t known = model.symbols.size();
  double bits = 0, escaped = 0;
  for (size_t c = 0; c < classes.size(); ++c) {
    const std::vector<uint8_t> &lengths = model.lengths[std::min(c, model.lengths.size() - 1)];
    double sum = 0, share = 0;
    for (double p : classes[c])
      share += p;
    std::vector<double> entries;
    for (uint16_t symbol : model.symbols)
      entries.push_back(classes[c][symbol]);
    for (double p : entries)
      sum += p;
    double rest = std::max(0.0, share - sum);
    entries.push_back(rest);
    size_t width = traits.codeSymbols == 1 ? lengths.size()
                                           : static_cast<size_t>(std::sqrt(double(lengths.size())));
    escaped += rest;
    for (size_t i = 0; i < std::min(width, known + 1); ++i) {
      if (traits.codeSymbols == 1) {
        // A symbol without a code word in this class is an escape there.
        bool isCoded = lengths[i] != 0 || i == known;
        bits += entries[i] * (isCoded ? lengths[i] : lengths.back());
        escaped += isCoded ? 0 : entries[i];
        continue;
      }
      for (size_t j = 0; j < std::min(width, known + 1); ++j)
        bits += entries[i] * entries[j] / share * lengths[i + width * j] / 2;
    }
  }
  return bits + recordBits(format.escapes, escaped) + laneBits;
}

/// Mean bits an element of numeral systems, with what the states of a unit's lanes take.
static double ansBits(const CodecTraits &traits, const Model &model,
                      const std::vector<Probabilities> &classes) {
  double bits = 0;
  for (size_t c = 0; c < classes.size(); ++c) {
    std::vector<uint32_t> frequencies =
        ansFrequencies(model, std::min(c, ansTables(model) - 1), traits.frequencyBits);
    double escaped = 0;
    auto bitsOf = [&](size_t entry) {
      return traits.frequencyBits - std::log2(frequencies[entry]);
    };
    for (double p : classes[c])
      escaped += p;
    for (size_t i = 0; i < model.symbols.size(); ++i) {
      if (frequencies[i] == 0)
        continue;
      bits += classes[c][model.symbols[i]] * bitsOf(i);
      escaped -= classes[c][model.symbols[i]];
    }
    bits += std::max(0.0, escaped) * (ansEscapeBits + bitsOf(model.symbols.size()));
  }
  return bits + stateBits;
}

ExpectedSize uwt::expectedSize(const Format &format, ElementType element) {
  if (format.hasScales()) {
    // Rows of one scale, as these weights have, gain nothing from scales.
    Format plain = format;
    plain.scaleSteps = 0;
    plain.codedSign = false;
    return expectedSize(plain, element);
  }
  if (format.isQuantized()) {
    QuantizedUnit unit = quantizedUnit(format);
    return {32.0 * unit.u32() / (stripRows * unit.columns), 0};
  }
  const ElementTraits &elementTraits = getTraits(element);
  uint32_t lowBits = elementTraits.lowBits ? format.lowBits : 0;
  double whole = elementTraits.wordBits + lowBits;
  Expected<CodecTraits> traits = checkFormat(format, element);
  Expected<const Codec *> codec = findCodec(format.codec.keyword);
  if (!traits || !codec || traits->rate == Rate::Words)
    return {whole, 0};
  FieldSplit split = splitOf(element, format);
  std::vector<Probabilities> classes = classProbabilities(split, elementTraits, format.rowClasses);
  Expected<Model> model =
      (*codec)->buildModel(format, statisticsOf(classes, split, traits->codeSymbols == 2));
  // escapes=none of a codec that these weights do not fit: a tensor that is stored so has others.
  ExpectedSize size{static_cast<double>(traits->codeBits), 0};
  if (model && traits->rate == Rate::Fixed)
    size = fixedSize(format, *traits, *model, classes);
  else if (model && traits->rate == Rate::Ans)
    size.bitsPerWeight = ansBits(*traits, *model, classes);
  else if (model)
    size.bitsPerWeight = prefixBits(format, *traits, *model, classes);
  size.bitsPerWeight += split.rawBits() + lowBits;
  return size.bitsPerWeight < whole ? size : ExpectedSize{whole, 0};
}

uint32_t uwt::kernelUnitColumns(const Format &format, ElementType element) {
  CodecTraits traits = *checkRunFormat(format, element);
  return isVariable(traits.rate) ? streamUnitColumns : traits.unit.columns;
}
