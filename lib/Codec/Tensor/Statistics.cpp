//===- Statistics.cpp - Histograms and entropies --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each thread counts into tables of u32 that stay in cache and adds them to
// sums of u64 before they can overflow. A thread has several copies of a table,
// used in turn: equal symbols follow one another all the time, and a counter's
// next increment would have to wait for its last one.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Statistics.h"
#include "../NonZero.h"
#include "uwt/Support/Cpu.h"
#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <memory>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace uwt;

namespace {
/// Where counts lie in a word, or in two adjacent ones.
struct CounterLayout {
  unsigned shift;
  unsigned bits;
  bool pairs;
  /// Copies of each table, 1 or 4.
  unsigned copies;

  size_t entries() const { return size_t(1) << (pairs ? 2 * bits : bits); }
  /// A copy begins a cache line after a power of two, lest all of them compete for the same sets.
  size_t copyStride() const { return entries() + 16; }
};

/// Most elements that are counted before tables are added to sums.
constexpr uint64_t flushInterval = uint64_t(1) << 31;
constexpr uint64_t rowPiece = uint64_t(1) << 24;
/// Tensors below this count into single tables: clearing and adding copies would cost more.
constexpr uint64_t fewElements = uint64_t(1) << 19;

/// The tables and sums of one thread.
class Counter {
public:
  Counter(const CounterLayout &layout, uint32_t classes)
      : layout(layout), classes(classes), tables(classes * tableSize()) {}

  /// Counts symbols, or pairs of symbols at 2i and 2i + 1, of a row.
  void countRow(const uint16_t *row, uint64_t columns, uint32_t rowClass) {
    for (uint64_t done = 0; done < columns; done += rowPiece) {
      uint64_t count = std::min(rowPiece, columns - done);
      pending += count;
      if (pending > flushInterval)
        flush(count);
      countPiece(row + done, count, tables.data() + rowClass * tableSize());
    }
  }

  /// Adds the counts of all classes to `counts`, [class][entry].
  void addTo(std::vector<std::vector<uint64_t>> &counts) const {
    for (size_t c = 0; c < classes; ++c) {
      for (unsigned copy = 0; copy < layout.copies; ++copy)
        add(std::span(tables).subspan(c * tableSize() + copy * layout.copyStride(),
                                      layout.entries()),
            counts[c]);
      if (!sums.empty())
        add(std::span(sums[c]), counts[c]);
    }
  }

private:
  void countPiece(const uint16_t *row, uint64_t count, uint32_t *table) const;

  template <typename Count>
  static void add(std::span<const Count> from, std::vector<uint64_t> &counts) {
    // Of what does not occur, tables are no longer in the first cache.
    forNonZero(from, [&](size_t i) { counts[i] += from[i]; });
  }

  /// Empties the tables before they can overflow.
  void flush(uint64_t nextPending) {
    std::vector<std::vector<uint64_t>> all(classes, std::vector<uint64_t>(layout.entries()));
    addTo(all);
    sums = std::move(all);
    std::ranges::fill(tables, 0);
    pending = nextPending;
  }

  /// Of a class.
  size_t tableSize() const { return layout.copies * layout.copyStride(); }

  CounterLayout layout;
  size_t classes;
  /// [class][copy and entry]
  std::vector<uint32_t> tables;
  /// [class][entry] of what tables held before; empty unless they were emptied.
  std::vector<std::vector<uint64_t>> sums;
  uint64_t pending = 0;
};
} // namespace

static uint64_t load64(const uint16_t *words) {
  uint64_t value;
  std::memcpy(&value, words, sizeof(value));
  return value;
}

static constexpr uint64_t everyWord = 0x0001000100010001;

static void countSingles(const uint16_t *row, uint64_t count, const CounterLayout &layout,
                         uint32_t *table) {
  const unsigned shift = layout.shift;
  const uint64_t mask = (uint64_t(1) << layout.bits) - 1, masks = mask * everyWord;
  const size_t stride = layout.copies > 1 ? layout.copyStride() : 0;
  uint64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    uint64_t symbols = load64(row + i) >> shift & masks;
    ++table[symbols & 0xffff];
    ++table[stride + (symbols >> 16 & 0xffff)];
    ++table[2 * stride + (symbols >> 32 & 0xffff)];
    ++table[3 * stride + (symbols >> 48)];
  }
  for (; i < count; ++i)
    ++table[row[i] >> shift & mask];
}

static void countPairs(const uint16_t *row, uint64_t count, const CounterLayout &layout,
                       uint32_t *table) {
  const unsigned shift = layout.shift, bits = layout.bits;
  const uint64_t first = (uint64_t(1) << bits) - 1, second = first << bits;
  const size_t stride = layout.copies > 1 ? layout.copyStride() : 0;
  uint64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    uint64_t words = load64(row + i) >> shift;
    ++table[(words & first) | (words >> (16 - bits) & second)];
    words >>= 32;
    ++table[stride + ((words & first) | (words >> (16 - bits) & second))];
  }
  if (i + 2 <= count)
    ++table[(row[i] >> shift & first) | uint64_t(row[i + 1] >> shift & first) << bits];
}

#if defined(__x86_64__)
/// `pext` puts the symbols of four words side by side: the indices of two pairs. Older machines
/// have it in microcode, so this runs on those with AVX-512 only.
__attribute__((target("bmi2"))) static void
countPairsBmi2(const uint16_t *row, uint64_t count, const CounterLayout &layout, uint32_t *table) {
  const unsigned pairBits = 2 * layout.bits;
  const uint64_t fields = (((uint64_t(1) << layout.bits) - 1) << layout.shift) * everyWord;
  const uint64_t pairMask = (uint64_t(1) << pairBits) - 1;
  const size_t stride = layout.copies > 1 ? layout.copyStride() : 0;
  uint64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    uint64_t low = _pext_u64(load64(row + i), fields),
             high = _pext_u64(load64(row + i + 4), fields);
    ++table[low & pairMask];
    ++table[stride + (low >> pairBits)];
    ++table[2 * stride + (high & pairMask)];
    ++table[3 * stride + (high >> pairBits)];
  }
  countPairs(row + i, count - i, layout, table);
}
#endif

void Counter::countPiece(const uint16_t *row, uint64_t count, uint32_t *table) const {
  if (!layout.pairs)
    return countSingles(row, count, layout, table);
#if defined(__x86_64__)
  if (hostSimdLevel() == SimdLevel::Avx512)
    return countPairsBmi2(row, count, layout, table);
#endif
  countPairs(row, count, layout, table);
}

/// Counters of the threads that had work, after all panels. Calls `oddColumn(worker, class, word)`
/// with last columns that have no partner.
template <typename OddColumn>
static std::vector<std::unique_ptr<Counter>>
countPanels(const PanelSource &source, uint64_t panels, CounterLayout layout,
            std::span<const uint8_t> classes, uint32_t classCount, ThreadPool &pool,
            OddColumn oddColumn) {
  std::vector<std::vector<uint16_t>> scratch(pool.size());
  std::vector<std::unique_ptr<Counter>> counters(pool.size());
  uint64_t elements = 0;
  if (panels > 0) {
    PanelWords first = source(0, scratch[0]);
    elements = panels * first.rows * first.columns;
  }
  // Large tables, and those of many classes, would leave the cache if there were copies.
  bool isLarge = layout.entries() * classCount > 65536;
  layout.copies = isLarge || elements < fewElements ? 1 : 4;

  pool.parallelFor(panels, [&](uint64_t p, unsigned worker) {
    if (!counters[worker])
      counters[worker] = std::make_unique<Counter>(layout, classCount);
    PanelWords words = source(p, scratch[worker]);
    for (uint32_t r = 0; r < words.rows; ++r) {
      uint32_t rowClass = classes.empty() ? 0 : classes[p * panelRows + r];
      counters[worker]->countRow(words.row(r), words.columns, rowClass);
      if (words.columns % 2 != 0)
        oddColumn(worker, rowClass, words.row(r)[words.columns - 1]);
    }
  });
  std::erase(counters, nullptr);
  return counters;
}

static void ignoreOddColumn(unsigned, uint32_t, uint16_t) {}

std::vector<uint64_t> uwt::countWords(const PanelSource &source, uint64_t panels, unsigned wordBits,
                                      ThreadPool &pool) {
  CounterLayout layout{0, wordBits, false, 1};
  std::vector<std::vector<uint64_t>> counts(1, std::vector<uint64_t>(layout.entries()));
  for (const auto &counter : countPanels(source, panels, layout, {}, 1, pool, ignoreOddColumn))
    counter->addTo(counts);
  return std::move(counts[0]);
}

/// Adds each pair's count to those of its symbols.
static void addMarginals(std::span<const uint64_t> pairs, unsigned bits,
                         std::vector<uint64_t> &counts) {
  size_t symbols = size_t(1) << bits;
  for (size_t second = 0; second < symbols; ++second) {
    std::span<const uint64_t> row = pairs.subspan(second << bits, symbols);
    uint64_t sum = 0;
    for (size_t first = 0; first < symbols; ++first) {
      counts[first] += row[first];
      sum += row[first];
    }
    counts[second] += sum;
  }
}

static void countSymbolPairs(const PanelSource &source, uint64_t panels,
                             std::span<const uint8_t> classes, uint32_t classCount,
                             ThreadPool &pool, SymbolStatistics &statistics) {
  const FieldSplit &split = statistics.split;
  CounterLayout layout{split.rawLowBits, split.symbolBits, true, 1};
  // [worker][class][symbol] of last columns without a partner.
  std::vector<std::vector<std::vector<uint64_t>>> odd(pool.size(), statistics.counts);
  auto counters = countPanels(source, panels, layout, classes, classCount, pool,
                              [&](unsigned worker, uint32_t rowClass, uint16_t word) {
                                ++odd[worker][rowClass][split.symbolOf(word)];
                              });
  statistics.pairs.assign(classCount, std::vector<uint64_t>(layout.entries()));
  for (const auto &counter : counters)
    counter->addTo(statistics.pairs);
  for (uint32_t c = 0; c < classCount; ++c) {
    addMarginals(statistics.pairs[c], split.symbolBits, statistics.counts[c]);
    for (const auto &counts : odd)
      for (size_t i = 0; i < counts[c].size(); ++i)
        statistics.counts[c][i] += counts[c][i];
  }
}

SymbolStatistics uwt::countSymbols(const PanelSource &source, uint64_t panels,
                                   const FieldSplit &split, bool wantPairs,
                                   std::span<const uint8_t> classes, uint32_t classCount,
                                   ThreadPool &pool) {
  assert((classes.empty() || classes.size() == panels * panelRows) && "a class a row");
  SymbolStatistics statistics;
  statistics.split = split;
  CounterLayout layout{split.rawLowBits, split.symbolBits, false, 1};
  statistics.counts.resize(classCount);
  for (std::vector<uint64_t> &counts : statistics.counts)
    counts.resize(layout.entries());
  if (wantPairs) {
    countSymbolPairs(source, panels, classes, classCount, pool, statistics);
    return statistics;
  }
  for (const auto &counter :
       countPanels(source, panels, layout, classes, classCount, pool, ignoreOddColumn))
    counter->addTo(statistics.counts);
  return statistics;
}

namespace {
/// Sums up the entropy of counts.
class EntropySum {
public:
  void add(uint64_t count) {
    if (count == 0)
      return;
    total += static_cast<double>(count);
    weighted += static_cast<double>(count) * std::log2(static_cast<double>(count));
  }
  /// In bits. A single symbol may come out a rounding error below 0.
  double bits() const {
    return total == 0 ? 0 : std::max(0.0, std::log2(total) - weighted / total);
  }

private:
  double total = 0, weighted = 0;
};
} // namespace

EntropyBounds uwt::entropyBounds(std::span<const WordCount> words, ElementType element) {
  if (words.empty())
    return {};
  FieldSplit split = splitOf(element, 0);
  std::vector<uint64_t> exponents(size_t(1) << split.symbolBits);
  EntropySum joint, exponent;
  for (const WordCount &one : words) {
    exponents[split.symbolOf(one.word)] += one.count;
    joint.add(one.count);
  }
  for (uint64_t count : exponents)
    exponent.add(count);
  return {split.signBits ? exponent.bits() + split.rawBits() : joint.bits(), joint.bits()};
}

EntropyBounds uwt::entropyBounds(std::span<const uint64_t> wordCounts, ElementType element) {
  return entropyBounds(occurring(wordCounts), element);
}

std::vector<WordCount> uwt::occurring(std::span<const uint64_t> wordCounts) {
  std::vector<WordCount> words;
  for (size_t word = 0; word < wordCounts.size(); ++word)
    if (wordCounts[word] != 0)
      words.push_back({static_cast<uint16_t>(word), wordCounts[word]});
  return words;
}

uint16_t uwt::lowHalfBits(std::span<const uint8_t> elements) {
  uint16_t bits = 0;
  // The low half is the first two bytes of four.
  for (size_t at = 0; at + 4 <= elements.size(); at += 4)
    bits |= static_cast<uint16_t>(elements[at] | elements[at + 1] << 8);
  return bits;
}

uint32_t uwt::topLowBits(uint16_t bits) {
  return bits == 0 ? 0 : wholeLowBits - std::countr_zero(bits);
}

void WordCounter::add(ElementType element, std::span<const uint8_t> bytes) {
  auto count = [&](uint16_t word) {
    if (table[word]++ == 0)
      seen.push_back(word);
  };
  const ElementTraits &traits = getTraits(element);
  size_t size = traits.bytes, wordBytes = traits.wordBits / 8;
  for (size_t at = size - wordBytes; at < bytes.size(); at += size) {
    uint16_t word = 0;
    std::memcpy(&word, bytes.data() + at, wordBytes);
    count(word);
  }
}

std::vector<WordCount> WordCounter::take() {
  std::vector<WordCount> words;
  words.reserve(seen.size());
  for (uint16_t word : seen) {
    words.push_back({word, table[word]});
    table[word] = 0;
  }
  seen.clear();
  return words;
}
