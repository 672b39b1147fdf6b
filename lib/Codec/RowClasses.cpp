//===- RowClasses.cpp - Rows sorted by their symbols ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each class of each number of classes has a lane, so that one pass over a
// row's counters gives its cost in all of them. Everything is
// integer arithmetic: classes decide about bytes.
//
//===----------------------------------------------------------------------===//

#include "RowClasses.h"
#include "FixedLog2.h"
#include "NonZero.h"
#include "WideCall.h"
#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace uwt;

namespace {
/// Rounds of refinement; one more changes files of weights by less than 0.0002 bits a weight.
constexpr unsigned refinements = 3;
/// Panels that classes learn from, spread evenly: more rows do not make better classes. Of matrices
/// of few panels it is a part of these.
constexpr size_t learningPanels = 16, learningShare = 4;
/// Fractions of a symbol in which rows' means are told apart.
constexpr uint32_t meanBins = 64;
constexpr uint32_t startBins = windowCounters * meanBins;
/// From 1/65536 bit to 1/1024, so that 8 bits are startBins.
constexpr uint32_t entropyShift = 6;

using Scores = std::array<uint32_t, classLanes>;
} // namespace

//===----------------------------------------------------------------------===//
// Sums of rows
//===----------------------------------------------------------------------===//

/// Adds rows, each to the sums of its class; without `classes`, all to the same.
[[gnu::always_inline]] static inline void addRows(const uint16_t *counts, uint32_t rowCount,
                                                  uint32_t width, const uint8_t *classes,
                                                  uint32_t *sums) {
  for (uint32_t r = 0; r < rowCount; ++r) {
    const uint16_t *row = counts + size_t(r) * width;
    uint32_t *own = sums + (classes ? size_t(classes[r]) * width : 0);
    for (uint32_t i = 0; i < width; ++i)
      own[i] += row[i];
  }
}

namespace {
/// Sums up counted panels by class.
class ClassSums {
public:
  ClassSums(const RowHistograms &rows, uint32_t classCount)
      : rows(rows), small(size_t(classCount) * rows.width),
        counts(classCount, std::vector<uint64_t>(
                               (size_t(1) << (rows.split.symbolBits - rows.droppedBits)) + 1)) {}

  void add(const RowHistograms::Panel &panel, const uint8_t *classes) {
    callWide<addRows>(static_cast<const uint16_t *>(panel.counts.get()), panel.rows, rows.width,
                      classes, small.data());
    added += panel.rows;
    if (added > maxAdded)
      flush();
    for (const RowHistograms::Rare &rare : panel.rare) {
      std::vector<uint64_t> &own = counts[classes ? classes[rare.row] : 0];
      own[rare.symbol] += rare.count;
      own.back() -= rare.count;
    }
  }

  std::vector<std::vector<uint64_t>> take() {
    flush();
    return std::move(counts);
  }

private:
  /// So many rows of 16-bit counts fit 32 bits.
  static constexpr uint64_t maxAdded = uint64_t(1) << 15;

  void flush() {
    size_t symbols = std::min<size_t>(rows.symbols, counts[0].size() - 1);
    for (size_t c = 0; c < counts.size(); ++c) {
      const uint32_t *sums = &small[c * rows.width];
      for (size_t i = 0; i < symbols; ++i)
        counts[c][rows.base + i] += sums[i];
      if (rows.symbols < rows.width)
        counts[c].back() += sums[rows.width - 1];
    }
    std::ranges::fill(small, 0);
    added = 0;
  }

  const RowHistograms &rows;
  /// [class][symbol of the window], of the rows that were added since.
  std::vector<uint32_t> small;
  uint64_t added = 0;
  std::vector<std::vector<uint64_t>> counts;
};
} // namespace

std::vector<std::vector<uint64_t>> uwt::countsByClass(const RowHistograms &rows,
                                                      std::span<const uint8_t> classes,
                                                      uint32_t classCount, size_t panelStride) {
  ClassSums sums(rows, classCount);
  for (size_t p = 0; p < rows.counted.size(); p += panelStride)
    sums.add(rows.counted[p], classes.empty() ? nullptr : &classes[p * panelRows]);
  return sums.take();
}

//===----------------------------------------------------------------------===//
// Costs of rows
//===----------------------------------------------------------------------===//

static void scoreRow(const uint16_t *counts, uint32_t width, const int16_t *costs, uint32_t lanes,
                     Scores &scores) {
  scores.fill(0);
  for (uint32_t i = 0; i < width; i += 2) {
    if ((counts[i] | counts[i + 1]) == 0)
      continue;
    uint32_t first = counts[i], second = counts[i + 1];
    const int16_t *cost = costs + i * classLanes;
    for (uint32_t lane = 0; lane < lanes; ++lane)
      scores[lane] += first * static_cast<uint32_t>(cost[2 * lane]) +
                      second * static_cast<uint32_t>(cost[2 * lane + 1]);
  }
}

#if defined(__x86_64__)
/// Whether four counters are: far from a row's usual symbols most are.
static bool areZero(const uint16_t *counts) {
  uint64_t four;
  std::memcpy(&four, counts, sizeof(four));
  return four == 0;
}

/// `Parts` times eight lanes. Far from a row's usual symbols there are none.
template <uint32_t Parts>
__attribute__((target("avx2"))) static void scoreRowAvx2(const uint16_t *counts, uint32_t width,
                                                         const int16_t *costs, Scores &scores) {
  __m256i sum[Parts];
  for (__m256i &part : sum)
    part = _mm256_setzero_si256();
  for (uint32_t i = 0; i < width; i += 2) {
    uint32_t pair;
    std::memcpy(&pair, counts + i, sizeof(pair));
    if (pair == 0)
      continue;
    __m256i count = _mm256_set1_epi32(static_cast<int>(pair));
    for (uint32_t part = 0; part < Parts; ++part) {
      const auto *cost =
          reinterpret_cast<const __m256i *>(costs + i * classLanes + size_t(part) * 16);
      sum[part] = _mm256_add_epi32(sum[part], _mm256_madd_epi16(count, _mm256_loadu_si256(cost)));
    }
  }
  for (uint32_t part = 0; part < Parts; ++part)
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(&scores[size_t(part) * 8]), sum[part]);
}

/// Two pairs of symbols at a time; `Parts` times sixteen lanes.
template <uint32_t Parts>
__attribute__((target("avx512f,avx512bw"))) static void
scoreRowAvx512(const uint16_t *counts, uint32_t width, const int16_t *costs, Scores &scores) {
  __m512i sum[2][Parts];
  for (auto &parts : sum)
    for (__m512i &part : parts)
      part = _mm512_setzero_si512();
  for (uint32_t i = 0; i < width; i += 4) {
    if (areZero(counts + i))
      continue;
    for (uint32_t second = 0; second < 2; ++second) {
      uint32_t pair;
      std::memcpy(&pair, counts + i + 2 * second, sizeof(pair));
      __m512i count = _mm512_set1_epi32(static_cast<int>(pair));
      for (uint32_t part = 0; part < Parts; ++part) {
        const int16_t *cost = costs + (i + 2 * second) * classLanes + part * 32;
        sum[second][part] =
            _mm512_add_epi32(sum[second][part], _mm512_madd_epi16(count, _mm512_loadu_si512(cost)));
      }
    }
  }
  for (uint32_t part = 0; part < Parts; ++part)
    _mm512_storeu_si512(&scores[part * 16], _mm512_add_epi32(sum[0][part], sum[1][part]));
}
#endif

/// Sets the scores of the first `lanes` lanes.
static void scoreRowBest(const uint16_t *counts, uint32_t width, const int16_t *costs,
                         uint32_t lanes, Scores &scores) {
#if defined(__x86_64__)
  if (hostSimdLevel() == SimdLevel::Avx512)
    return lanes <= 16 ? scoreRowAvx512<1>(counts, width, costs, scores)
                       : scoreRowAvx512<2>(counts, width, costs, scores);
  if (hostSimdLevel() == SimdLevel::Avx2)
    return lanes <= 8    ? scoreRowAvx2<1>(counts, width, costs, scores)
           : lanes <= 16 ? scoreRowAvx2<2>(counts, width, costs, scores)
                         : scoreRowAvx2<4>(counts, width, costs, scores);
#endif
  scoreRow(counts, width, costs, lanes, scores);
}

static uint8_t cheapest(const Scores &scores, uint32_t firstLane, uint32_t classCount) {
  uint32_t best = 0;
  for (uint32_t c = 1; c < classCount; ++c)
    if (scores[firstLane + c] < scores[firstLane + best])
      best = c;
  return static_cast<uint8_t>(best);
}

//===----------------------------------------------------------------------===//
// RowClassifier
//===----------------------------------------------------------------------===//

RowClassifier::RowClassifier(const RowHistograms &rows, std::span<const uint32_t> classCounts,
                             size_t panelStride, ThreadPool &pool)
    : rows(rows), pool(pool), panelStride(panelStride),
      learningStride(std::max({size_t(1), rows.counted.size() / learningPanels,
                               std::min(learningShare, rows.counted.size() / 2)})),
      sums(size_t(classLanes) * rows.width), costs(size_t(classLanes) * rows.width) {
  for (uint32_t classCount : classCounts) {
    firstLane.push_back(lanes);
    lanes += classCount;
    sets.push_back({classCount, std::vector<uint8_t>(rows.counted.size() * panelRows)});
  }
  assert(lanes <= classLanes && "too many classes for one refinement");
  startFromQuantiles();
  for (unsigned round = 1; round <= refinements; ++round) {
    sumClasses();
    makeCosts();
    chooseClasses(round < refinements ? learningStride : panelStride);
  }
}

std::vector<uint8_t> RowClassifier::takeAll(uint32_t classCount) {
  size_t set = std::ranges::find(sets, classCount, &ClassedRows::classCount) - sets.begin();
  pool.parallelFor(rows.counted.size(), [&](uint64_t p, unsigned) {
    if (p % panelStride != 0)
      assign(rows.counted[p], set, &sets[set].classes[p * panelRows]);
  });
  return std::move(sets[set].classes);
}

template <typename Function> void RowClassifier::forPanels(size_t stride, Function function) {
  pool.parallelFor(divideUp(rows.counted.size(), stride),
                   [&](uint64_t i, unsigned worker) { function(i * stride, worker); });
}

/// Mean symbol of a row, as a bin.
[[gnu::always_inline]] static inline uint32_t meanBin(const uint16_t *counts, uint32_t symbols) {
  uint32_t count = 0, weighted = 0;
  for (uint32_t i = 0; i < symbols; ++i) {
    count += counts[i];
    weighted += counts[i] * i;
  }
  return count == 0 ? 0 : static_cast<uint32_t>(uint64_t(weighted) * meanBins / count);
}

/// Entropy of a row's symbols, as a bin.
static uint32_t entropyBin(const uint16_t *counts, uint32_t symbols) {
  uint64_t count = 0, weighted = 0;
  forNonZero(std::span(counts, symbols), [&](size_t i) {
    if (counts[i] == 0)
      return;
    count += counts[i];
    weighted += uint64_t(counts[i]) * fixedLog2(counts[i]);
  });
  if (count == 0)
    return 0;
  uint64_t bits = fixedLog2(count) - std::min<uint64_t>(weighted / count, fixedLog2(count));
  return static_cast<uint32_t>(std::min<uint64_t>(bits >> entropyShift, startBins - 1));
}

/// Rows are alike at first whose exponents have the same mean. Symbols without a sign are in no
/// order (two's complement wraps around, packed weights have several in a byte): there it is their
/// entropy.
void RowClassifier::startFromQuantiles() {
  auto *binOf = rows.split.signBits ? callWide<meanBin, const uint16_t *, uint32_t> : entropyBin;
  std::vector<uint16_t> bins(rows.counted.size() * panelRows);
  forPanels(learningStride, [&](uint64_t p, unsigned) {
    const RowHistograms::Panel &panel = rows.counted[p];
    for (uint32_t r = 0; r < panel.rows; ++r)
      bins[p * panelRows + r] =
          static_cast<uint16_t>(binOf(&panel.counts[size_t(r) * rows.width], rows.symbols));
  });

  std::vector<uint64_t> below(startBins + 1);
  for (size_t p = 0; p < rows.counted.size(); p += learningStride)
    for (uint32_t r = 0; r < rows.counted[p].rows; ++r)
      ++below[bins[p * panelRows + r] + 1];
  for (uint32_t bin = 0; bin < startBins; ++bin)
    below[bin + 1] += below[bin];

  uint64_t total = below.back();
  for (ClassedRows &set : sets)
    for (size_t p = 0; p < rows.counted.size(); p += learningStride)
      for (uint32_t r = 0; r < rows.counted[p].rows; ++r) {
        uint32_t bin = bins[p * panelRows + r];
        uint64_t middle = (below[bin] + below[bin + 1]) / 2;
        set.classes[p * panelRows + r] = static_cast<uint8_t>(middle * set.classCount / total);
      }
}

void RowClassifier::sumClasses() {
  std::vector<std::vector<uint32_t>> partial(pool.size());
  forPanels(learningStride, [&](uint64_t p, unsigned worker) {
    if (partial[worker].empty())
      partial[worker].resize(sums.size());
    const RowHistograms::Panel &panel = rows.counted[p];
    for (size_t set = 0; set < sets.size(); ++set)
      callWide<addRows>(static_cast<const uint16_t *>(panel.counts.get()), panel.rows, rows.width,
                        static_cast<const uint8_t *>(&sets[set].classes[p * panelRows]),
                        &partial[worker][size_t(firstLane[set]) * rows.width]);
  });
  std::fill(sums.begin(), sums.end(), 0);
  for (const std::vector<uint32_t> &part : partial)
    for (size_t i = 0; i < part.size(); ++i)
      sums[i] += part[i];
}

/// A symbol's cost is its ideal code length, as if each symbol had been seen once more: a class
/// that never had a symbol can take a row that has it.
void RowClassifier::makeCosts() {
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    const uint32_t *sum = &sums[size_t(lane) * rows.width];
    uint64_t total = rows.width;
    for (uint32_t i = 0; i < rows.width; ++i)
      total += sum[i];
    uint32_t logTotal = fixedLog2(total);
    for (uint32_t i = 0; i < rows.width; ++i)
      costs[(i / 2 * classLanes + lane) * 2 + i % 2] =
          static_cast<int16_t>((logTotal - fixedLog2(uint64_t(sum[i]) + 1)) >> 8);
  }
}

void RowClassifier::chooseClasses(size_t stride) {
  forPanels(stride, [&](uint64_t p, unsigned) {
    const RowHistograms::Panel &panel = rows.counted[p];
    Scores scores;
    for (uint32_t r = 0; r < panel.rows; ++r) {
      scoreRowBest(&panel.counts[size_t(r) * rows.width], rows.width, costs.data(), lanes, scores);
      for (size_t set = 0; set < sets.size(); ++set)
        sets[set].classes[p * panelRows + r] =
            cheapest(scores, firstLane[set], sets[set].classCount);
    }
  });
}

void RowClassifier::assign(const RowHistograms::Panel &panel, size_t set, uint8_t *classes) const {
  Scores scores;
  // Lanes behind the set's say nothing.
  uint32_t scored = firstLane[set] + sets[set].classCount;
  for (uint32_t r = 0; r < panel.rows; ++r) {
    scoreRowBest(&panel.counts[size_t(r) * rows.width], rows.width, costs.data(), scored, scores);
    classes[r] = cheapest(scores, firstLane[set], sets[set].classCount);
  }
}

//===----------------------------------------------------------------------===//
// Public functions
//===----------------------------------------------------------------------===//

std::vector<uint8_t> uwt::sortRowClasses(const RowHistograms &rows, uint32_t classCount,
                                         const PanelSource &source, ThreadPool &pool) {
  if (classCount <= 1)
    return std::vector<uint8_t>(rows.panels * panelRows);
  RowClassifier classifier(rows, {&classCount, 1}, 1, pool);
  const std::vector<uint8_t> &counted = classifier.results()[0].classes;
  if (rows.stride == 1)
    return counted;

  // The sample has shown the classes; now all rows choose theirs.
  std::vector<uint8_t> classes(rows.panels * panelRows);
  std::vector<RowCounter> counters(pool.size(), RowCounter(rows));
  std::vector<std::vector<uint16_t>> scratch(pool.size());
  pool.parallelFor(rows.panels, [&](uint64_t p, unsigned worker) {
    RowHistograms::Panel panel;
    counters[worker].count(source(p, scratch[worker]), 0, panel);
    classifier.assign(panel, 0, &classes[p * panelRows]);
  });
  return classes;
}

std::vector<uint8_t> uwt::sortRowClasses(const PanelSource &source, uint64_t panels,
                                         const FieldSplit &split, uint32_t classCount,
                                         ThreadPool &pool) {
  return sortRowClasses(countRows(source, panels, split, pool), classCount, source, pool);
}

SymbolStatistics uwt::classStatistics(const RowHistograms &rows, std::span<const uint8_t> classes,
                                      uint32_t classCount, const PanelSource &source,
                                      ThreadPool &pool) {
  if (!rows.isExact)
    return countSymbols(source, rows.panels, rows.split, false, classes, classCount, pool);
  SymbolStatistics statistics;
  statistics.split = rows.split;
  statistics.counts = countsByClass(rows, classes, classCount);
  // Nothing is unknown.
  for (std::vector<uint64_t> &counts : statistics.counts)
    counts.pop_back();
  return statistics;
}
