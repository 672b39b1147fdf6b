//===- ChooseScales.cpp - Formats with scales of rows and columns ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Symbols are counted once, with their signs and with as many mantissa bits as may pay; counts of
// fewer bits are sums of these.
//
//===----------------------------------------------------------------------===//

#include "ChooseScales.h"
#include "../Ans/AnsModel.h"
#include "../Scales.h"

using namespace uwt;

namespace {
/// Finer steps save next to nothing (16: 0.0002 bits a weight of a Gaussian matrix), coarser ones
/// cost 0.001 to 0.002.
constexpr uint32_t chosenSteps = 8;
/// Of natural weights a fourth mantissa bit is noise.
constexpr unsigned maxMantissaBits = 3;

/// [table][symbol]
using TableCounts = std::vector<std::vector<uint64_t>>;

void dropMantissaBit(TableCounts &counts) {
  for (std::vector<uint64_t> &table : counts) {
    for (size_t i = 0; i < table.size() / 2; ++i)
      table[i] = table[2 * i] + table[2 * i + 1];
    table.resize(table.size() / 2);
  }
}

TableCounts withoutSigns(TableCounts counts) {
  for (std::vector<uint64_t> &table : counts) {
    size_t half = table.size() / 2;
    for (size_t i = 0; i < half; ++i)
      table[i] += table[half + i];
    table.resize(half);
  }
  return counts;
}

class ScaleChooser {
public:
  ScaleChooser(ElementType element, const Format &order,
               const TensorDescription::Matrices &matrices, const PanelSource &panels,
               const PanelSample *sample, ThreadPool &pool)
      : matrices(matrices), panels(panels), sample(sample), pool(pool) {
    plan.element = element;
    plan.format = order;
    plan.format.scaleSteps = chosenSteps;
    plan.format.codedSign = true;
    plan.format.codedMantissa = std::min(maxMantissaBits, getTraits(element).mantissaBits);
    plan.split = splitOf(element, plan.format);
    plan.matrix = matrices.shape;
  }

  std::optional<ScaleChoice> run() {
    uint64_t count = sample ? sample->panels.size() : matrices.panels();
    if (getTraits(plan.element).signBits == 0 || count == 0)
      return std::nullopt;
    for (uint64_t i = 0; i < count; ++i)
      matrixOf.push_back((sample ? sample->panels[i] : i) / matrices.shape.panels());
    ScaledPanels scaled{panels, matrixOf};
    auto scales = std::make_shared<TensorScales>(findScales(plan, scaled, matrices.count, pool));
    TableCounts counts = countRelative(plan, scaled, *scales, pool).counts;
    scaleCounts(counts);
    for (;; --plan.format.codedMantissa) {
      add(counts, *scales, /*codedSign=*/true);
      add(withoutSigns(counts), *scales, /*codedSign=*/false);
      if (plan.format.codedMantissa == 0)
        break;
      dropMantissaBit(counts);
    }
    if (!best.format.codedSign)
      for (uint16_t &column : scales->columns)
        column &= scaleMask;
    best.scales = std::move(scales);
    return std::move(best);
  }

private:
  double elements() const {
    return static_cast<double>(matrices.count * matrices.shape.rows * matrices.shape.columns);
  }

  /// Tables cost what they cost, so counts are of as many elements as the tensor has.
  void scaleCounts(TableCounts &counts) {
    uint64_t counted = 0;
    for (const std::vector<uint64_t> &table : counts)
      for (uint64_t count : table)
        counted += count;
    double each = elements() / static_cast<double>(std::max<uint64_t>(counted, 1));
    uint64_t whole = std::max<uint64_t>(1, static_cast<uint64_t>(each));
    rest = each / static_cast<double>(whole);
    for (std::vector<uint64_t> &table : counts)
      for (uint64_t &count : table)
        count *= whole;
  }

  /// Bits of the index of a tensor of which there may be a sample only.
  double scaleBits(const TensorScales &scales, const Format &format) const {
    CodingPlan sampled = plan;
    sampled.format = format;
    sampled.matrix.rows = matrixOf.size() * panelRows;
    std::vector<uint32_t> ofRows, ofColumns;
    writeScales(sampled, {scales.rows, std::vector<uint16_t>(matrices.shape.columns)},
                /*matrices=*/1, ofRows);
    sampled.matrix.rows = 0;
    writeScales(sampled, scales, matrices.count, ofColumns);
    double panelsEach =
        static_cast<double>(matrices.panels()) / static_cast<double>(matrixOf.size());
    return 32 * (static_cast<double>(ofRows.size()) * panelsEach +
                 static_cast<double>(ofColumns.size()));
  }

  void add(const TableCounts &counts, const TensorScales &scales, bool codedSign) {
    add(counts, scales, codedSign, /*exactTables=*/false);
    if (plan.format.exactTables)
      add(counts, scales, codedSign, /*exactTables=*/true);
  }

  void add(const TableCounts &counts, const TensorScales &scales, bool codedSign,
           bool exactTables) {
    ScaleChoice candidate;
    candidate.format = plan.format;
    candidate.format.codedSign = codedSign;
    candidate.format.exactTables = exactTables;
    Expected<CodecTraits> traits = checkFormat(candidate.format, plan.element);
    if (!traits)
      return;
    double raw = splitOf(plan.element, candidate.format).rawBits();
    candidate.bits = elements() * raw + scaleBits(scales, candidate.format) +
                     estimateAnsBits(*traits, counts, {}) * rest;
    if (best.bits == 0 || candidate.bits < best.bits)
      best = std::move(candidate);
  }

  CodingPlan plan;
  const TensorDescription::Matrices &matrices;
  const PanelSource &panels;
  const PanelSample *sample;
  ThreadPool &pool;
  std::vector<uint64_t> matrixOf;
  /// Elements for each one that counts stand for.
  double rest = 1;
  ScaleChoice best;
};
} // namespace

std::optional<ScaleChoice> uwt::chooseScales(ElementType element, const Format &order,
                                             const TensorDescription::Matrices &matrices,
                                             const PanelSource &panels, const PanelSample *sample,
                                             ThreadPool &pool) {
  return ScaleChooser(element, order, matrices, panels, sample, pool).run();
}
