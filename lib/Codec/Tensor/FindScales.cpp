//===- FindScales.cpp - Scales of rows and columns ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A scale is the logarithm of a mean magnitude, in steps of an octave. Rows have theirs first, then
// columns those of weights relative to their rows, then rows again relative to columns: the first
// round of alternating least squares, which leaves next to nothing to a second one. Means of
// magnitudes, not of squares: tails weigh less. All in integers.
//
//===----------------------------------------------------------------------===//

#include "../RowClasses.h"
#include "../Scales.h"
#include <algorithm>
#include <array>
#include <bit>
#include <limits>

using namespace uwt;

namespace {
/// Matrices with fewer rows have no scales of columns: these would cost as much as they say.
constexpr uint64_t leastRows = 16;
/// Fixed point of magnitudes relative to a scale: 2^24 is as large as the scale says.
constexpr uint32_t relativeBits = 24, mantissaPoint = 16;
/// Relative magnitudes are at most 2^15 times the scale.
constexpr int32_t maxOctaves = 15;
/// The scale of rows and columns in which all weights are zero.
constexpr int32_t noScale = std::numeric_limits<int32_t>::min();

/// Magnitudes of words relative to scales in steps of an octave.
class Magnitudes {
public:
  explicit Magnitudes(const CodingPlan &plan)
      : traits(getTraits(plan.element)), steps(static_cast<int32_t>(plan.format.scaleSteps)),
        stepShift(static_cast<uint32_t>(std::countr_zero(plan.format.scaleSteps))) {
    // 2^(-i / steps) by repeated square roots, as integers.
    uint64_t root = uint64_t(1) << 31;
    for (uint32_t i = 1; i < plan.format.scaleSteps; i *= 2)
      root = squareRoot(root << 32);
    fractions[0] = uint64_t(1) << 32;
    for (uint32_t i = 1; i < plan.format.scaleSteps; ++i)
      fractions[i] = fractions[i - 1] * root >> 32;
  }

  /// Infinities and NaNs count as zeros.
  uint64_t relative(uint16_t word, int32_t scale) const {
    int32_t exponent = exponentOf(word);
    uint64_t mantissa = word & ((1u << traits.mantissaBits) - 1);
    if (exponent == maxExponent())
      return 0;
    if (exponent != 0)
      mantissa |= uint64_t(1) << traits.mantissaBits;
    mantissa <<= mantissaPoint - traits.mantissaBits;
    int32_t octaves = std::max(exponent, 1) - (scale >> stepShift);
    octaves = std::min(octaves, maxOctaves) + int32_t(relativeBits - mantissaPoint);
    uint64_t value = mantissa * fractions[static_cast<uint32_t>(scale) & uint32_t(steps - 1)] >> 32;
    if (octaves < 0)
      return octaves > -64 ? value >> -octaves : 0;
    return value << octaves;
  }

  /// `scale` and what the mean of `count` magnitudes relative to it adds.
  int32_t scaleOf(uint64_t sum, uint64_t count, int32_t scale) const {
    if (sum == 0)
      return noScale;
    int64_t octaves = int64_t(fixedLog2(sum)) - fixedLog2(count) - (int64_t(relativeBits) << 16);
    return scale + static_cast<int32_t>((octaves * steps + (1 << 15)) >> 16);
  }

  int32_t exponentOf(uint16_t word) const {
    return word >> traits.mantissaBits & ((1 << traits.exponentBits) - 1);
  }
  /// Of infinities and NaNs; types without these have some values there, which matter little.
  int32_t maxExponent() const { return (1 << traits.exponentBits) - 1; }
  int32_t firstScale(int32_t exponent) const { return exponent * steps; }

private:
  static uint64_t squareRoot(uint64_t value) {
    uint64_t root = 0;
    for (uint64_t bit = uint64_t(1) << 31; bit; bit >>= 1)
      if ((root | bit) * (root | bit) <= value)
        root |= bit;
    return root;
  }

  const ElementTraits &traits;
  int32_t steps;
  uint32_t stepShift;
  std::array<uint64_t, maxScaleSteps> fractions{};
};

/// Sums of a column's relative magnitudes, and how many of its weights are negative.
struct ColumnSums {
  std::vector<uint64_t> magnitudes;
  std::vector<uint32_t> negative;
};

/// The scales of one matrix, whose panels are `panels` of the source.
class MatrixScaler {
public:
  MatrixScaler(const CodingPlan &plan, const PanelSource &source, uint64_t firstPanel,
               uint64_t panelCount, ThreadPool &pool)
      : plan(plan), source(source), firstPanel(firstPanel), panelCount(panelCount), pool(pool),
        magnitudes(plan), rows(panelCount * panelRows, noScale), columns(plan.matrix.columns) {}

  void run() {
    forPanels([&](uint64_t panel, unsigned, PanelWords words) { scaleRows(panel, words); });
    if (plan.matrix.rows < leastRows)
      return;
    std::vector<ColumnSums> sums(pool.size());
    forPanels([&](uint64_t panel, unsigned worker, PanelWords words) {
      addColumns(panel, words, sums[worker]);
    });
    scaleColumns(sums);
    forPanels([&](uint64_t panel, unsigned, PanelWords words) { scaleRows(panel, words); });
  }

  const CodingPlan &plan;
  const PanelSource &source;
  uint64_t firstPanel, panelCount;
  ThreadPool &pool;
  Magnitudes magnitudes;
  std::vector<int32_t> rows;
  struct Column {
    int32_t scale = 0;
    bool isNegative = false;
  };
  std::vector<Column> columns;

private:
  template <typename Visit> void forPanels(Visit visit) {
    std::vector<std::vector<uint16_t>> scratch(pool.size());
    pool.parallelFor(panelCount, [&](uint64_t panel, unsigned worker) {
      visit(panel, worker, source(firstPanel + panel, scratch[worker]));
    });
  }

  /// The largest finite exponent of a row gives the scale to begin with.
  int32_t firstScale(const uint16_t *row, uint64_t count) const {
    int32_t largest = 0;
    for (uint64_t c = 0; c < count; ++c)
      if (int32_t exponent = magnitudes.exponentOf(row[c]); exponent != magnitudes.maxExponent())
        largest = std::max(largest, exponent);
    return magnitudes.firstScale(largest);
  }

  void scaleRows(uint64_t panel, PanelWords words) {
    for (uint32_t r = 0; r < words.rows; ++r) {
      const uint16_t *row = words.row(r);
      int32_t &scale = rows[panel * panelRows + r];
      int32_t from = scale == noScale ? firstScale(row, words.columns) : scale;
      uint64_t sum = 0;
      for (uint64_t c = 0; c < words.columns; ++c)
        sum += magnitudes.relative(row[c], from + columns[c].scale);
      scale = magnitudes.scaleOf(sum, words.columns, from);
    }
  }

  void addColumns(uint64_t panel, PanelWords words, ColumnSums &sums) {
    sums.magnitudes.resize(words.columns);
    sums.negative.resize(words.columns);
    uint32_t signShift = getTraits(plan.element).wordBits - 1;
    for (uint32_t r = 0; r < words.rows; ++r) {
      int32_t scale = rows[panel * panelRows + r];
      if (scale == noScale)
        continue;
      const uint16_t *row = words.row(r);
      for (uint64_t c = 0; c < words.columns; ++c) {
        sums.magnitudes[c] += magnitudes.relative(row[c], scale);
        sums.negative[c] += row[c] >> signShift;
      }
    }
  }

  void scaleColumns(std::span<const ColumnSums> sums) {
    uint64_t count = std::ranges::count_if(rows, [](int32_t scale) { return scale != noScale; });
    for (uint64_t c = 0; c < columns.size(); ++c) {
      uint64_t magnitude = 0, negative = 0;
      for (const ColumnSums &one : sums)
        if (!one.magnitudes.empty()) {
          magnitude += one.magnitudes[c];
          negative += one.negative[c];
        }
      int32_t scale = magnitudes.scaleOf(magnitude, std::max<uint64_t>(count, 1), 0);
      columns[c] = {scale == noScale ? 0 : scale, plan.format.codedSign && 2 * negative > count};
    }
  }
};

/// Brings scales into 0 to 255: the largest ones, where they are further apart.
class ScaleRange {
public:
  void add(int32_t scale) {
    if (scale == noScale)
      return;
    least = std::min(least, scale);
    most = std::max(most, scale);
  }
  uint16_t stored(int32_t scale) const {
    if (scale == noScale || least > most)
      return 0;
    int32_t begin = std::max(least, most - static_cast<int32_t>(scaleMask));
    return static_cast<uint16_t>(std::max(scale - begin, 0));
  }

private:
  int32_t least = std::numeric_limits<int32_t>::max(), most = noScale;
};

/// The numbers of panels that follow one another in one matrix.
uint64_t panelsOfSameMatrix(std::span<const uint64_t> matrixOf, uint64_t first) {
  uint64_t end = first;
  while (end < matrixOf.size() && matrixOf[end] == matrixOf[first])
    ++end;
  return end - first;
}
} // namespace

TensorScales uwt::findScales(const CodingPlan &plan, const ScaledPanels &panels, uint64_t matrices,
                             ThreadPool &pool) {
  uint64_t count = panels.matrixOf.size();
  std::vector<int32_t> rows(count * panelRows, noScale), columns(matrices * plan.matrix.columns);
  TensorScales scales;
  scales.rows.resize(rows.size());
  scales.columns.resize(columns.size());
  for (uint64_t panel = 0; panel < count;) {
    uint64_t together = panelsOfSameMatrix(panels.matrixOf, panel);
    MatrixScaler scaler(plan, panels.source, panel, together, pool);
    scaler.run();
    std::ranges::copy(scaler.rows, rows.begin() + static_cast<ptrdiff_t>(panel * panelRows));
    for (uint64_t c = 0; c < scaler.columns.size(); ++c) {
      uint64_t at = panels.matrixOf[panel] * plan.matrix.columns + c;
      columns[at] = scaler.columns[c].scale;
      scales.columns[at] = static_cast<uint16_t>(scaler.columns[c].isNegative << columnSignShift);
    }
    panel += together;
  }
  ScaleRange ofRows, ofColumns;
  for (int32_t scale : rows)
    ofRows.add(scale);
  for (int32_t scale : columns)
    ofColumns.add(scale);
  for (size_t i = 0; i < rows.size(); ++i)
    scales.rows[i] = static_cast<uint8_t>(ofRows.stored(rows[i]));
  for (size_t i = 0; i < columns.size(); ++i)
    scales.columns[i] |= ofColumns.stored(columns[i]);
  return scales;
}

SymbolStatistics uwt::countRelative(const CodingPlan &plan, const ScaledPanels &panels,
                                    const TensorScales &scales, ThreadPool &pool) {
  uint32_t tables = plan.format.codeTables(), symbols = 1u << plan.split.symbolBits;
  struct Worker {
    std::vector<uint16_t> scratch, relative;
    std::vector<uint64_t> counts;
  };
  std::vector<Worker> workers(pool.size());
  pool.parallelFor(panels.matrixOf.size(), [&](uint64_t panel, unsigned number) {
    Worker &worker = workers[number];
    worker.counts.resize(size_t(tables) * symbols);
    PanelWords words = panels.source(panel, worker.scratch);
    PanelContext context = contextOf(scales, plan.matrix, panel, panels.matrixOf[panel]);
    makeRelative(plan, context, words, worker.relative);
    for (uint32_t r = 0; r < words.rows; ++r)
      for (uint64_t c = 0; c < words.columns; ++c) {
        uint32_t table = (context.rows[r] + context.columns[c]) & (tables - 1);
        uint32_t symbol = plan.split.symbolOf(worker.relative[r * words.columns + c]);
        ++worker.counts[table * symbols + symbol];
      }
  });
  SymbolStatistics statistics;
  statistics.split = plan.split;
  statistics.counts.assign(tables, std::vector<uint64_t>(symbols));
  for (const Worker &worker : workers)
    for (size_t i = 0; i < worker.counts.size(); ++i)
      statistics.counts[i / symbols][i % symbols] += worker.counts[i];
  return statistics;
}
