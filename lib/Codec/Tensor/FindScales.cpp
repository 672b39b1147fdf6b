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

#include "../FixedLog2.h"
#include "../Scales.h"
#include "../WideCall.h"
#include <algorithm>
#include <array>
#include <bit>
#include <limits>

using namespace uwt;

namespace {
/// Matrices with fewer rows have no scales of columns: these would cost as much as they say.
constexpr uint64_t leastRows = 16;
/// Magnitudes have 16 bits, of which the highest is a one in those with the row's largest exponent.
constexpr uint32_t magnitudeBits = 16;
/// Fixed point of what scales multiply magnitudes by, and the octaves that these are at most.
constexpr uint32_t factorBits = 16;
constexpr int32_t maxOctaves = 10;
/// The scale of rows and columns in which all weights are zero.
constexpr int32_t noScale = std::numeric_limits<int32_t>::min();

/// Where a word has its exponent and its mantissa.
struct WordLayout {
  uint32_t mantissaBits, maxExponent, signShift;

  explicit WordLayout(const ElementTraits &traits)
      : mantissaBits(traits.mantissaBits), maxExponent((1u << traits.exponentBits) - 1),
        signShift(traits.wordBits - 1u) {}
};

/// Of infinities and NaNs it is 0; types without these have some values there, which matter little.
[[gnu::always_inline]] inline uint32_t finiteExponent(uint32_t word, const WordLayout &layout) {
  uint32_t exponent = word >> layout.mantissaBits & layout.maxExponent;
  return exponent == layout.maxExponent ? 0 : exponent;
}

[[gnu::always_inline]] inline uint32_t largestExponent(const uint16_t *row, uint64_t count,
                                                       WordLayout layout) {
  uint32_t largest = 1;
  for (uint64_t c = 0; c < count; ++c)
    largest = std::max(largest, finiteExponent(row[c], layout));
  return largest;
}

/// Magnitudes of a row, relative to its largest exponent. Infinities and NaNs count as zeros.
[[gnu::always_inline]] inline void takeMagnitudes(const uint16_t *row, uint64_t count,
                                                  WordLayout layout, uint32_t largest,
                                                  uint32_t *magnitudes) {
  const uint32_t one = 1u << layout.mantissaBits;
  const uint32_t point = magnitudeBits - 1 - layout.mantissaBits;
  for (uint64_t c = 0; c < count; ++c) {
    uint32_t word = row[c], stored = word >> layout.mantissaBits & layout.maxExponent;
    uint32_t mantissa = (word & (one - 1)) | (stored == 0 ? 0 : one);
    uint32_t below = std::min<uint32_t>(largest - std::max(stored, 1u), 31);
    magnitudes[c] = stored == layout.maxExponent ? 0 : mantissa << point >> below;
  }
}

/// The sum of magnitudes times factors.
[[gnu::always_inline]] inline uint64_t sumScaled(const uint32_t *magnitudes,
                                                 const uint32_t *factors, uint64_t count) {
  uint64_t sum = 0;
  for (uint64_t c = 0; c < count; ++c)
    sum += uint64_t(magnitudes[c]) * factors[c];
  return sum;
}

[[gnu::always_inline]] inline void addScaled(const uint32_t *magnitudes, uint32_t factor,
                                             uint64_t count, uint64_t *sums) {
  for (uint64_t c = 0; c < count; ++c)
    sums[c] += uint64_t(magnitudes[c]) * factor;
}

[[gnu::always_inline]] inline void addSigns(const uint16_t *row, uint64_t count, WordLayout layout,
                                            uint32_t *negative) {
  for (uint64_t c = 0; c < count; ++c)
    negative[c] += uint32_t(row[c]) >> layout.signShift;
}

/// Scales in steps of an octave, and the factors that they stand for.
class OctaveSteps {
public:
  explicit OctaveSteps(uint32_t steps)
      : steps(static_cast<int32_t>(steps)), shift(std::countr_zero(steps)) {
    // 2^(i / steps) by repeated square roots, as integers.
    uint64_t root = uint64_t(2) << 31;
    for (uint32_t i = 1; i < steps; i *= 2)
      root = squareRoot(root << 31);
    powers[0] = uint64_t(1) << 31;
    for (uint32_t i = 1; i < steps; ++i)
      powers[i] = powers[i - 1] * root >> 31;
  }

  /// 2^(scale / steps) with factorBits behind the point.
  uint32_t factor(int32_t scale) const {
    int32_t octaves = std::clamp(scale >> shift, -maxOctaves, maxOctaves);
    uint64_t power = powers[static_cast<uint32_t>(scale) & uint32_t(steps - 1)];
    return static_cast<uint32_t>(power >> (31 - int32_t(factorBits) - octaves));
  }
  /// The scale of the mean of `count` products of magnitudes and factors.
  int32_t scaleOfMean(uint64_t sum, uint64_t count) const {
    constexpr int64_t point = int64_t(magnitudeBits - 1 + factorBits) << 16;
    if (sum == 0)
      return noScale;
    int64_t octaves = int64_t(fixedLog2(sum)) - fixedLog2(count) - point;
    return static_cast<int32_t>((octaves * steps + (1 << 15)) >> 16);
  }
  int32_t scaleOfExponent(uint32_t exponent) const {
    return static_cast<int32_t>(exponent) * steps;
  }

private:
  static uint64_t squareRoot(uint64_t value) {
    uint64_t root = 0;
    for (uint64_t bit = uint64_t(1) << 31; bit; bit >>= 1)
      if ((root | bit) * (root | bit) <= value)
        root |= bit;
    return root;
  }

  int32_t steps, shift;
  std::array<uint64_t, maxScaleSteps> powers{};
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
      : rows(panelCount * panelRows, noScale), columns(plan.matrix.columns), plan(plan),
        source(source), firstPanel(firstPanel), panelCount(panelCount), pool(pool),
        steps(plan.format.scaleSteps), layout(getTraits(plan.element)),
        factors(plan.matrix.columns, 1u << factorBits) {}

  void run() {
    forRows([&](uint64_t at, unsigned, const Row &row) { scaleRow(at, row); });
    if (plan.matrix.rows < leastRows)
      return;
    std::vector<ColumnSums> sums(pool.size());
    forRows([&](uint64_t at, unsigned worker, const Row &row) { addRow(at, row, sums[worker]); });
    scaleColumns(sums);
    forRows([&](uint64_t at, unsigned, const Row &row) { scaleRow(at, row); });
  }

  std::vector<int32_t> rows;
  struct Column {
    int32_t scale = 0;
    bool isNegative = false;
  };
  std::vector<Column> columns;

private:
  struct Row {
    std::span<const uint16_t> words;
    uint32_t largestExponent;
    const uint32_t *magnitudes;
  };

  template <typename Visit> void forRows(Visit visit) {
    struct Worker {
      std::vector<uint16_t> scratch;
      std::vector<uint32_t> magnitudes;
    };
    std::vector<Worker> workers(pool.size());
    pool.parallelFor(panelCount, [&](uint64_t panel, unsigned number) {
      Worker &worker = workers[number];
      PanelWords words = source(firstPanel + panel, worker.scratch);
      worker.magnitudes.resize(words.columns);
      for (uint32_t r = 0; r < words.rows; ++r) {
        const uint16_t *row = words.row(r);
        uint32_t largest = callWide<largestExponent>(row, words.columns, layout);
        callWide<takeMagnitudes>(row, words.columns, layout, largest, worker.magnitudes.data());
        visit(panel * panelRows + r, number,
              Row{{row, words.columns}, largest, worker.magnitudes.data()});
      }
    });
  }

  void scaleRow(uint64_t at, const Row &row) {
    uint64_t sum = callWide<sumScaled>(row.magnitudes, factors.data(), row.words.size());
    int32_t scale = steps.scaleOfMean(sum, row.words.size());
    rows[at] = scale == noScale ? noScale : scale + steps.scaleOfExponent(row.largestExponent);
  }

  void addRow(uint64_t at, const Row &row, ColumnSums &sums) const {
    if (rows[at] == noScale)
      return;
    sums.magnitudes.resize(row.words.size());
    sums.negative.resize(row.words.size());
    uint32_t factor = steps.factor(steps.scaleOfExponent(row.largestExponent) - rows[at]);
    callWide<addScaled>(row.magnitudes, factor, row.words.size(), sums.magnitudes.data());
    callWide<addSigns>(row.words.data(), row.words.size(), layout, sums.negative.data());
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
      int32_t scale = steps.scaleOfMean(magnitude, std::max<uint64_t>(count, 1));
      scale = scale == noScale ? 0 : scale;
      columns[c] = {scale, plan.format.codedSign && 2 * negative > count};
      factors[c] = steps.factor(-scale);
    }
  }

  const CodingPlan &plan;
  const PanelSource &source;
  uint64_t firstPanel, panelCount;
  ThreadPool &pool;
  OctaveSteps steps;
  WordLayout layout;
  /// What each column's scale multiplies by.
  std::vector<uint32_t> factors;
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

/// The number of each word's counter: its table above its symbol.
[[gnu::always_inline]] static inline void takeCounterNumbers(const uint16_t *words, uint64_t count,
                                                             uint32_t rowScale,
                                                             const uint16_t *columns,
                                                             uint32_t tableMask, FieldSplit split,
                                                             uint32_t *numbers) {
  for (uint64_t c = 0; c < count; ++c)
    numbers[c] =
        ((rowScale + columns[c]) & tableMask) << split.symbolBits | split.symbolOf(words[c]);
}

SymbolStatistics uwt::countRelative(const CodingPlan &plan, const ScaledPanels &panels,
                                    const TensorScales &scales, ThreadPool &pool) {
  uint32_t tables = plan.format.codeTables(), symbols = 1u << plan.split.symbolBits;
  struct Worker {
    std::vector<uint16_t> scratch, relative;
    std::vector<uint32_t> numbers;
    std::vector<uint64_t> counts;
  };
  std::vector<Worker> workers(pool.size());
  pool.parallelFor(panels.matrixOf.size(), [&](uint64_t panel, unsigned number) {
    Worker &worker = workers[number];
    worker.counts.resize(size_t(tables) * symbols);
    PanelWords words = panels.source(panel, worker.scratch);
    worker.numbers.resize(words.columns);
    PanelContext context = contextOf(scales, plan.matrix, panel, panels.matrixOf[panel]);
    makeRelative(plan, context, words, worker.relative);
    for (uint32_t r = 0; r < words.rows; ++r) {
      const uint16_t *row = &worker.relative[r * words.columns];
      callWide<takeCounterNumbers>(row, words.columns, context.rows[r], context.columns.data(),
                                   tables - 1, plan.split, worker.numbers.data());
      for (uint32_t counter : worker.numbers)
        ++worker.counts[counter];
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
