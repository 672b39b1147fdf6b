//===- PrefixModel.cpp - Alphabets and code tables ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Single symbols: each class decides alone which symbols to keep, and the alphabet is what any
// class keeps. In the order of their counts the first m symbols are kept; the cost as a
// function of m is first estimated for all m at once (every kept symbol takes at
// least 2^-maxLength of the code space, which is what makes rare ones expensive),
// then, where that may matter, computed exactly around the estimate's minimum.
//
// Pairs: the alphabet is the A commonest symbols for all classes; costs are
// exact for each A that is tried.
//
//===----------------------------------------------------------------------===//

#include "PrefixModel.h"
#include "../FixedLog2.h"
#include "../NonZero.h"
#include "SortCounts.h"
#include "uwt/Codec/Panel.h"
#include "uwt/Codec/PrefixCode.h"
#include <algorithm>
#include <limits>
#include <utility>

using namespace uwt;

static constexpr double infiniteCost = std::numeric_limits<double>::infinity();
/// Bits of a symbol in the alphabet and of a length in a table.
static constexpr double symbolCost = 16, lengthCost = 4;

/// Where no symbol has so large a share of all elements, exact costs would save 0.0001 bits a
/// weight, and take longer than all else that a model takes.
static constexpr uint64_t evenShare = 8;

static double log2Of(uint64_t value) { return static_cast<double>(fixedLog2(value)) / 65536; }

/// Symbols with a count, the greatest first, lower symbols first on ties; at
/// least symbol 0.
static std::vector<uint16_t> symbolsByCount(std::span<const uint64_t> counts) {
  std::vector<uint16_t> symbols;
  forNonZero(counts, [&](size_t symbol) {
    if (counts[symbol] != 0)
      symbols.push_back(static_cast<uint16_t>(symbol));
  });
  if (symbols.empty())
    symbols.push_back(0);
  sortByFallingCount(symbols, [&](uint16_t symbol) { return counts[symbol]; });
  return symbols;
}

/// Bits of the records of `escaped` out of `elements` elements.
static double recordBits(Escapes escapes, uint64_t escaped, uint64_t elements) {
  if (escapes == Escapes::Patch)
    return 32.0 * static_cast<double>(escaped);
  // escape-3: escapes that share a run share a record; taken to share none while
  // there are fewer than runs.
  uint64_t runs = std::min(escaped, elements / escapeRunColumns + 1);
  return runRecordU32 * 32.0 * static_cast<double>(runs);
}

/// Adds escaped elements to the entry whose code word they take: the escape, or
/// beneath records of runs the commonest symbol (escape-3). The escape always has a code word.
static void addEscapeEntry(Escapes escapes, uint64_t escaped, std::vector<uint64_t> &counts) {
  bool isRuns = escapes == Escapes::Rows64;
  counts[0] += isRuns ? escaped : 0;
  counts.push_back(std::max<uint64_t>(isRuns ? 0 : escaped, 1));
}

/// Bits of the code words of `counts`.
static double codeBitsOf(std::span<const uint64_t> counts, std::span<const uint8_t> lengths) {
  uint64_t bits = 0;
  for (size_t entry = 0; entry < counts.size(); ++entry)
    bits += counts[entry] * lengths[entry];
  return static_cast<double>(bits);
}

//===----------------------------------------------------------------------===//
// Single symbols
//===----------------------------------------------------------------------===//

namespace {
/// How many of a class's symbols to keep.
class KeptSymbols {
public:
  /// `sorted` are the class's counts, greatest first.
  KeptSymbols(const Format &format, const CodecTraits &traits, std::vector<uint64_t> sorted,
              uint32_t classes)
      : escapes(format.escapes), maxLength(traits.maxLength), sorted(std::move(sorted)),
        entryCost(lengthCost + symbolCost / classes) {
    most = std::min<size_t>(this->sorted.size(), (size_t(1) << maxLength) - 1);
    for (uint64_t count : this->sorted)
      elements += count;
    exact.assign(most + 1, -1);
  }

  /// The number kept of least estimated cost, and that cost in bits: an ideal
  /// code in which no code word is longer than maxLength.
  struct Estimate {
    size_t kept;
    double bits;
  };
  Estimate estimate() const;
  double exactCost(size_t kept);
  size_t choose();

private:
  Escapes escapes;
  uint32_t maxLength;
  std::vector<uint64_t> sorted;
  double entryCost;
  size_t most = 0;
  uint64_t elements = 0;
  /// Cost by number kept; negative where it has not been computed.
  std::vector<double> exact;
};
} // namespace

KeptSymbols::Estimate KeptSymbols::estimate() const {
  uint64_t least = std::max<uint64_t>(elements >> maxLength, 1);
  uint64_t keptSpace = 0, escaped = elements;
  double keptBits = 0;
  Estimate best = {1, infiniteCost};
  for (size_t kept = 1; kept <= most; ++kept) {
    uint64_t count = sorted[kept - 1];
    uint64_t space = std::max(count, least);
    keptSpace += space;
    escaped -= count;
    keptBits += static_cast<double>(count) * log2Of(space);
    uint64_t escapeSpace = std::max(escaped, least);
    double cost = static_cast<double>(elements) * log2Of(keptSpace + escapeSpace) - keptBits -
                  static_cast<double>(escaped) * log2Of(escapeSpace) +
                  recordBits(escapes, escaped, elements) + entryCost * static_cast<double>(kept);
    if (cost < best.bits)
      best = {kept, cost};
  }
  return best;
}

double KeptSymbols::exactCost(size_t kept) {
  if (kept < 1 || kept > most)
    return infiniteCost;
  if (exact[kept] >= 0)
    return exact[kept];
  std::vector<uint64_t> counts(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(kept));
  uint64_t escaped = elements;
  for (uint64_t count : counts)
    escaped -= count;
  addEscapeEntry(escapes, escaped, counts);
  std::vector<uint8_t> lengths = limitedCodeLengths(counts, maxLength);
  exact[kept] = codeBitsOf(counts, lengths) + recordBits(escapes, escaped, elements) +
                entryCost * static_cast<double>(kept);
  return exact[kept];
}

size_t KeptSymbols::choose() {
  if (elements == 0)
    return 0;
  size_t best = estimate().kept;
  // A second look costs time, and gains little for large alphabets, and where code words of whole
  // bits come near the estimate: those of the commonest symbols are the furthest from it.
  bool isEven = sorted.front() < elements / evenShare;
  if (isEven || most > 1024)
    return best;
  for (size_t distance : {8, 4, 2, 1}) {
    for (size_t candidate : {best - distance, best + distance})
      if (exactCost(candidate) < exactCost(best))
        best = candidate;
  }
  return best;
}

/// Lengths of one class for `alphabet`; symbols beyond `kept` are escaped.
static std::vector<uint8_t> classLengths(const CodecTraits &traits, Escapes escapes,
                                         std::span<const uint16_t> alphabet,
                                         std::span<const uint64_t> counts,
                                         std::span<const uint8_t> isKept) {
  std::vector<uint64_t> entries;
  uint64_t escaped = 0;
  for (uint64_t count : counts)
    escaped += count;
  for (uint16_t symbol : alphabet) {
    entries.push_back(isKept[symbol] ? counts[symbol] : 0);
    escaped -= entries.back();
  }
  // Padding and elements beneath records are the commonest symbol (order-7,
  // escape-3), so every class has to have a code word for it: in place of the rarest one that the
  // class keeps, where these leave none.
  entries[0] = std::max<uint64_t>(entries[0], 1);
  auto coded = std::ranges::count_if(entries, [](uint64_t count) { return count != 0; });
  if (escapes != Escapes::None && coded == ptrdiff_t(1) << traits.maxLength) {
    auto rarest =
        std::ranges::min_element(entries.begin() + 1, entries.end(), {},
                                 [](uint64_t count) { return count == 0 ? UINT64_MAX : count; });
    escaped += std::exchange(*rarest, 0);
  }
  if (escapes != Escapes::None)
    addEscapeEntry(escapes, escaped, entries);
  return limitedCodeLengths(entries, traits.maxLength);
}

static Error doesNotFit(const Format &format, uint64_t fitting, size_t symbols) {
  return usageError("codec " + format.codec.str() + " with escapes=none holds at most " +
                    std::to_string(fitting) + " different symbols, the tensor has " +
                    std::to_string(symbols) + "; use escapes=patch");
}

ClassBits uwt::estimateClassBits(const Format &format, const CodecTraits &traits,
                                 std::span<const uint64_t> counts, uint32_t classes,
                                 bool wantRounding) {
  std::vector<uint64_t> sorted = nonZeroOf(counts);
  if (sorted.empty())
    return {};
  sortByFallingCount(sorted, [](uint64_t count) { return count; });
  KeptSymbols symbols(format, traits, std::move(sorted), classes);
  KeptSymbols::Estimate estimate = symbols.estimate();
  return {estimate.bits, wantRounding ? symbols.exactCost(estimate.kept) - estimate.bits : 0};
}

static Expected<Model> buildSingles(const Format &format, const CodecTraits &traits,
                                    const SymbolStatistics &statistics) {
  bool hasEscapes = format.escapes != Escapes::None;
  size_t classes = statistics.counts.size();
  std::vector<uint16_t> occurring = symbolsByCount(statistics.total());
  if (!hasEscapes && occurring.size() > size_t(1) << traits.maxLength)
    return doesNotFit(format, uint64_t(1) << traits.maxLength, occurring.size());

  size_t symbols = std::max<size_t>(statistics.counts.front().size(), 1);
  std::vector<std::vector<uint8_t>> isKept(classes, std::vector<uint8_t>(symbols, !hasEscapes));
  std::vector<uint8_t> isInAlphabet(symbols, !hasEscapes);
  for (size_t c = 0; c < classes && hasEscapes; ++c) {
    std::vector<uint16_t> order = symbolsByCount(statistics.counts[c]);
    std::vector<uint64_t> sorted;
    for (uint16_t symbol : order)
      sorted.push_back(statistics.counts[c][symbol]);
    size_t kept =
        KeptSymbols(format, traits, std::move(sorted), static_cast<uint32_t>(classes)).choose();
    for (size_t i = 0; i < kept; ++i)
      isKept[c][order[i]] = isInAlphabet[order[i]] = 1;
  }

  Model model;
  isInAlphabet[occurring[0]] = 1;
  for (uint16_t symbol : occurring)
    if (isInAlphabet[symbol])
      model.symbols.push_back(symbol);
  for (size_t c = 0; c < classes; ++c)
    model.lengths.push_back(
        classLengths(traits, format.escapes, model.symbols, statistics.counts[c], isKept[c]));
  model.commonest = model.symbols[0];
  return model;
}

//===----------------------------------------------------------------------===//
// Pairs of symbols
//===----------------------------------------------------------------------===//

namespace {
/// Pair counts by rank, so that each alphabet size is a folding of one small table.
class PairModels {
public:
  PairModels(const Format &format, const CodecTraits &traits, const SymbolStatistics &statistics,
             std::span<const uint16_t> order, uint32_t most);

  /// Cost of the alphabet of the first `symbols` symbols, and its tables.
  double cost(uint32_t symbols, std::vector<std::vector<uint8_t>> &tables) const;

private:
  std::vector<uint64_t> entryCounts(size_t c, uint32_t symbols) const;

  const Format &format;
  const CodecTraits &traits;
  bool hasEscapes;
  uint32_t ranks;
  uint64_t elements = 0;
  /// Elements whose symbol has at least that rank.
  std::vector<uint64_t> escapedFrom;
  /// [class][first + second * ranks], the last rank for all other symbols.
  std::vector<std::vector<uint64_t>> pairs;
};
} // namespace

PairModels::PairModels(const Format &format, const CodecTraits &traits,
                       const SymbolStatistics &statistics, std::span<const uint16_t> order,
                       uint32_t most)
    : format(format), traits(traits), hasEscapes(format.escapes != Escapes::None), ranks(most + 1) {
  std::vector<uint64_t> total = statistics.total();
  std::vector<uint8_t> rankOf(total.size(), static_cast<uint8_t>(most));
  for (uint32_t rank = 0; rank < most; ++rank)
    rankOf[order[rank]] = static_cast<uint8_t>(rank);
  for (uint64_t count : total)
    elements += count;
  escapedFrom.push_back(elements);
  for (uint32_t rank = 0; rank < most; ++rank)
    escapedFrom.push_back(escapedFrom.back() - total[order[rank]]);

  for (const std::vector<uint64_t> &counts : statistics.pairs) {
    std::vector<uint64_t> &table = pairs.emplace_back(size_t(ranks) * ranks, 0);
    for (size_t second = 0, i = 0; second < total.size(); ++second) {
      // Rows of symbols that do not occur are all zero.
      if (total[second] == 0) {
        i += total.size();
        continue;
      }
      uint64_t *row = &table[size_t(rankOf[second]) * ranks];
      for (size_t first = 0; first < total.size(); ++first, ++i)
        row[rankOf[first]] += counts[i];
    }
  }
}

std::vector<uint64_t> PairModels::entryCounts(size_t c, uint32_t symbols) const {
  uint32_t entries = symbols + hasEscapes;
  // escape-3: beneath records of runs lies the commonest symbol.
  uint32_t escape = format.escapes == Escapes::Patch ? symbols : 0;
  std::vector<uint64_t> counts(size_t(entries) * entries, 0);
  for (uint32_t second = 0; second < ranks; ++second)
    for (uint32_t first = 0; first < ranks; ++first) {
      uint32_t x = first < symbols ? first : escape, y = second < symbols ? second : escape;
      counts[x + size_t(entries) * y] += pairs[c][first + size_t(ranks) * second];
    }
  // Every pair needs a code word: no element of it could be escaped otherwise.
  for (uint64_t &count : counts)
    count = std::max<uint64_t>(count, 1);
  return counts;
}

double PairModels::cost(uint32_t symbols, std::vector<std::vector<uint8_t>> &tables) const {
  double bits = symbolCost * symbols;
  if (hasEscapes)
    bits += recordBits(format.escapes, escapedFrom[symbols], elements);
  tables.clear();
  for (size_t c = 0; c < pairs.size(); ++c) {
    std::vector<uint64_t> counts = entryCounts(c, symbols);
    tables.push_back(limitedCodeLengths(counts, traits.maxLength));
    bits += codeBitsOf(counts, tables.back()) + lengthCost * static_cast<double>(counts.size());
  }
  return bits;
}

/// Most symbols of an alphabet whose pairs fit the code.
static uint32_t maxPairSymbols(const CodecTraits &traits, bool hasEscapes) {
  uint32_t entries = maxPairEntries;
  while (entries * entries > 1u << traits.maxLength)
    --entries;
  return entries - hasEscapes;
}

static Expected<Model> buildPairs(const Format &format, const CodecTraits &traits,
                                  const SymbolStatistics &statistics) {
  bool hasEscapes = format.escapes != Escapes::None;
  std::vector<uint16_t> order = symbolsByCount(statistics.total());
  uint32_t fitting = maxPairSymbols(traits, hasEscapes);
  if (!hasEscapes && order.size() > fitting)
    return doesNotFit(format, fitting, order.size());
  uint32_t most = std::min(fitting, static_cast<uint32_t>(order.size()));
  PairModels models(format, traits, statistics, order, most);

  Model model;
  double best = infiniteCost;
  uint32_t chosen = most, misses = 0;
  uint32_t least = hasEscapes ? 1 : most;
  // From the largest down; with many classes not all the way, for the time it takes.
  uint32_t patience = statistics.counts.size() == 1 ? most : 3;
  for (uint32_t symbols = most; symbols >= least && misses < patience; --symbols) {
    std::vector<std::vector<uint8_t>> tables;
    double cost = models.cost(symbols, tables);
    if (cost >= best) {
      ++misses;
      continue;
    }
    misses = 0;
    best = cost;
    chosen = symbols;
    model.lengths = std::move(tables);
  }
  model.symbols.assign(order.begin(), order.begin() + chosen);
  model.commonest = model.symbols[0];
  return model;
}

/// Bits of the code words of pairs of one class, and of their table; `order` has the symbols that
/// have any.
static double pairBitsOf(const CodecTraits &traits, std::span<const uint16_t> order,
                         std::span<const uint64_t> counts, bool hasEscapes) {
  std::vector<uint64_t> singles;
  uint64_t elements = 0, known = 0;
  for (uint64_t count : counts)
    elements += count;
  for (uint16_t symbol : order) {
    singles.push_back(counts[symbol]);
    known += counts[symbol];
  }
  if (hasEscapes)
    singles.push_back(elements - known);
  std::vector<uint64_t> pairs;
  for (uint64_t second : singles)
    for (uint64_t first : singles)
      pairs.push_back(
          1 + static_cast<uint64_t>(static_cast<double>(first) * static_cast<double>(second) /
                                    static_cast<double>(2 * elements + 1)));
  std::vector<uint8_t> lengths = limitedCodeLengths(pairs, traits.maxLength);
  return codeBitsOf(pairs, lengths) + lengthCost * static_cast<double>(pairs.size());
}

double uwt::estimatePairBits(const Format &format, const CodecTraits &traits,
                             std::span<const std::vector<uint64_t>> counts) {
  constexpr uint64_t rareShare = 64;
  bool hasEscapes = format.escapes != Escapes::None;
  std::vector<uint64_t> total(counts.front().size());
  for (const std::vector<uint64_t> &one : counts)
    for (size_t i = 0; i < total.size(); ++i)
      total[i] += one[i];
  std::vector<uint16_t> order = symbolsByCount(total);
  order.resize(std::min<size_t>(order.size(), maxPairSymbols(traits, hasEscapes)));
  uint64_t elements = 0, known = 0;
  for (uint64_t count : total)
    elements += count;
  for (uint16_t symbol : order)
    known += total[symbol];
  if (elements - known > elements / rareShare)
    return infiniteCost;
  double bits = recordBits(format.escapes, elements - known, elements) +
                symbolCost * static_cast<double>(order.size());
  for (const std::vector<uint64_t> &one : counts)
    bits += pairBitsOf(traits, order, one, hasEscapes);
  return bits;
}

Expected<Model> uwt::buildPrefixModel(const Format &format, const CodecTraits &traits,
                                      const SymbolStatistics &statistics) {
  return traits.codeSymbols == 2 ? buildPairs(format, traits, statistics)
                                 : buildSingles(format, traits, statistics);
}
