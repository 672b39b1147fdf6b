//===- QuantizedFacts.cpp - What quantised weights hold -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedFacts.h"
#include "../text/Text.h"
#include "InspectReport.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

using namespace uwt;
using namespace uwt::tool;

static void countCodes(const QuantizedWeight &weight, QuantizedFacts &facts) {
  std::array<uint64_t, 256> counts{};
  for (uint8_t code : weight.codes)
    ++counts[code];
  auto all = static_cast<double>(weight.codes.size());
  for (unsigned code = 0; code < counts.size(); ++code) {
    if (counts[code] == 0)
      continue;
    float number =
        weight.tables == 1 ? weight.values[code] : std::numeric_limits<float>::quiet_NaN();
    facts.codes.push_back({code, number, counts[code]});
    double share = static_cast<double>(counts[code]) / all;
    facts.codeEntropy -= share * std::log2(share);
  }
}

static void countTables(const QuantizedWeight &weight, QuantizedFacts &facts) {
  if (weight.tables == 1)
    return;
  facts.tables.resize(weight.tables);
  for (float table : weight.table.cells)
    ++facts.tables[static_cast<size_t>(table)];
}

static std::optional<GridFacts> factsOfGrid(const Grid &grid, const QuantizedWeight &weight) {
  if (grid.cells.size() <= 1)
    return std::nullopt;
  GridFacts facts;
  facts.cells = grid.cells.size();
  facts.cellRows = std::min(grid.cellRows, weight.rows);
  // Grids whose columns are in an order of their own have cells of a column.
  facts.cellColumns = weight.gridColumns.empty() ? std::min(grid.cellColumns, weight.columns)
                                                 : divideUp(weight.columns, grid.columns);
  std::map<int, uint64_t> octaves;
  std::vector<float> magnitudes;
  bool isFirst = true;
  for (float number : grid.cells) {
    facts.zeros += number == 0;
    facts.notFinite += !std::isfinite(number);
    if (!std::isfinite(number))
      continue;
    facts.least = isFirst ? number : std::min(facts.least, number);
    facts.most = isFirst ? number : std::max(facts.most, number);
    isFirst = false;
    if (number == 0)
      continue;
    magnitudes.push_back(std::fabs(number));
    ++octaves[std::ilogb(number)];
  }
  facts.octaves.assign(octaves.begin(), octaves.end());
  if (magnitudes.empty())
    return facts;
  auto middle = magnitudes.begin() + static_cast<ptrdiff_t>((magnitudes.size() - 1) / 2);
  std::ranges::nth_element(magnitudes, middle);
  facts.median = *middle;
  float largest = 0;
  for (size_t cell = 0; cell < grid.cells.size(); ++cell) {
    float magnitude = std::fabs(grid.cells[cell]);
    if (!std::isfinite(magnitude))
      continue;
    facts.outliers += magnitude >= outlierFactor * facts.median;
    if (magnitude <= largest)
      continue;
    largest = magnitude;
    facts.largestRow = cell / grid.columns * facts.cellRows;
    facts.largestColumn = cell % grid.columns * facts.cellColumns;
  }
  return facts;
}

/// Of a weight that is stored as a matrix of another shape, in the order of its own elements.
static void moveLargest(const QuantizedWeight &stored, std::span<const uint64_t> shape,
                        std::optional<GridFacts> &grid) {
  if (!grid || shape.size() != 2 || stored.isTransposed || shape[1] == stored.columns)
    return;
  uint64_t element = grid->largestRow * stored.columns + grid->largestColumn;
  grid->largestRow = element / shape[1];
  grid->largestColumn = element % shape[1];
}

Expected<std::vector<QuantizedFacts>>
uwt::tool::collectQuantizedFacts(std::span<const ImportedWeight *const> weights, ThreadPool &pool) {
  std::vector<QuantizedFacts> all;
  for (const ImportedWeight *weight : weights) {
    if (!weight->refusal.empty())
      continue;
    Expected<QuantizedWeight> read = weight->read(pool);
    if (!read)
      return read.takeError().in(weight->name);
    if (!read->floats.empty())
      continue;
    QuantizedFacts &facts = all.emplace_back();
    facts.weight = weight;
    countCodes(*read, facts);
    countTables(*read, facts);
    facts.scale = factsOfGrid(read->scale, *read);
    facts.zero = factsOfGrid(read->zero, *read);
    for (std::optional<GridFacts> *grid : {&facts.scale, &facts.zero})
      moveLargest(*read, weight->shape, *grid);
    for (const WeightStep &step : read->steps) {
      auto &[role, ofStep] = facts.steps.emplace_back(step.role, factsOfGrid(step.numbers, *read));
      moveLargest(*read, weight->shape, ofStep);
    }
    facts.hasColumnOrder = !read->gridColumns.empty() && !std::ranges::is_sorted(read->gridColumns);
  }
  return all;
}

//===----------------------------------------------------------------------===//
// As text
//===----------------------------------------------------------------------===//

/// A number of up to five digits.
static std::string numberText(float number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.5g", static_cast<double>(number));
  return text;
}

static std::string gridText(std::string_view role, const GridFacts &grid, bool hasOutliers) {
  std::string text = fieldText(
      role, formatCount(grid.cells) + " of " + std::to_string(grid.cellRows) + " x " +
                std::to_string(grid.cellColumns) + " weights, " + numberText(grid.least) + " to " +
                numberText(grid.most) + ", median magnitude " + numberText(grid.median));
  if (grid.zeros)
    text += fieldText("  are 0", formatCount(grid.zeros));
  if (grid.notFinite)
    text += fieldText("  not finite", formatCount(grid.notFinite));
  if (!hasOutliers)
    return text;
  std::string outliers = plural(grid.outliers, "group") + " of " + numberText(outlierFactor) +
                         " times the median or more";
  if (grid.outliers)
    outliers += ", the largest from row " + std::to_string(grid.largestRow) + ", column " +
                std::to_string(grid.largestColumn);
  text += fieldText("  outliers", outliers);
  Bars bars;
  for (auto [octave, count] : grid.octaves)
    bars.emplace_back("2^" + std::to_string(octave), count);
  return text + barsText(bars);
}

static constexpr size_t maxBars = 32;

static std::string tablesText(const QuantizedFacts &facts) {
  size_t tables = facts.tables.size();
  uint64_t cells = std::accumulate(facts.tables.begin(), facts.tables.end(), uint64_t(0));
  std::string text = fieldText("tables", formatCount(tables) + ", of which " + formatCount(cells) +
                                             " cells have one each");
  if (tables > maxBars)
    return text;
  Bars bars;
  for (size_t table = 0; table < tables; ++table)
    bars.emplace_back("table " + std::to_string(table), facts.tables[table]);
  return text + barsText(bars);
}

/// Of many codes, neighbours by their numbers share a bar.
static Bars codeBars(std::vector<CodeCount> codes, bool haveNumbers) {
  size_t step = divideUp(codes.size(), maxBars);
  if (step > 1)
    std::ranges::stable_sort(codes, {}, [](const CodeCount &one) {
      return std::isnan(one.number) ? std::numeric_limits<float>::infinity() : one.number;
    });
  Bars bars;
  for (size_t begin = 0; begin < codes.size(); begin += step) {
    std::span some = std::span(codes).subspan(begin, std::min(step, codes.size() - begin));
    uint64_t count = 0;
    for (const CodeCount &one : some)
      count += one.count;
    std::string label =
        haveNumbers ? numberText(some.front().number) : "code " + std::to_string(some.front().code);
    if (some.size() > 1)
      label += " to " + numberText(some.back().number);
    bars.emplace_back(label, count);
  }
  return bars;
}

std::string uwt::tool::quantizedDetailText(const QuantizedFacts &facts) {
  const ImportedWeight &weight = *facts.weight;
  std::string parts;
  for (const std::string &part : weight.parts)
    parts += (parts.empty() ? "" : ", ") + printable(part);
  std::string text = printable(weight.name) + "\n";
  text += fieldText("quantised", std::string(weight.recipe) + ": " + weight.format);
  text += fieldText("shape", formatShape(weight.shape));
  if (!parts.empty())
    text += fieldText("made of", parts);
  std::string stored;
  if (weight.storedBytes != weight.bytes)
    stored = ", stored in " + formatNumber(bitsPer(weight.storedBytes, weight.elements()), 3);
  text += fieldText("bits a weight",
                    formatNumber(bitsPer(weight.bytes, weight.elements()), 3) + stored);
  if (facts.hasColumnOrder)
    text += fieldText("columns", "belong to groups in an order of their own");
  text += fieldText("codes", formatCount(facts.codes.size()) + " occur, entropy " +
                                 formatNumber(facts.codeEntropy, 3) + " bits");
  text += barsText(codeBars(facts.codes, facts.tables.empty()));
  if (!facts.tables.empty())
    text += tablesText(facts);
  if (facts.scale)
    text += gridText("scales", *facts.scale, /*hasOutliers=*/true);
  if (facts.zero)
    text += gridText("zero points", *facts.zero, /*hasOutliers=*/false);
  for (const auto &[role, grid] : facts.steps)
    if (grid)
      text += gridText(std::string(role.key) + "s", *grid, /*hasOutliers=*/false);
  return text;
}

//===----------------------------------------------------------------------===//
// As JSON
//===----------------------------------------------------------------------===//

static Json gridJson(const std::optional<GridFacts> &grid) {
  if (!grid)
    return {};
  Json octaves = Json::array();
  for (auto [octave, count] : grid->octaves)
    octaves.push_back({octave, count});
  return {{"cells", grid->cells},
          {"cell", {grid->cellRows, grid->cellColumns}},
          {"least", grid->least},
          {"most", grid->most},
          {"median_magnitude", grid->median},
          {"zeros", grid->zeros},
          {"not_finite", grid->notFinite},
          {"octaves", std::move(octaves)},
          {"outliers", grid->outliers},
          {"largest_at", {grid->largestRow, grid->largestColumn}}};
}

void uwt::tool::addQuantizedFacts(const QuantizedFacts &facts, Json &object) {
  Json codes = Json::array();
  for (const CodeCount &one : facts.codes)
    codes.push_back({one.code, one.number, one.count});
  object["codes"] = std::move(codes);
  object["code_entropy"] = facts.codeEntropy;
  object["tables"] = facts.tables.empty() ? Json() : Json(facts.tables);
  object["scale"] = gridJson(facts.scale);
  object["zero"] = gridJson(facts.zero);
  for (const GridRole &role : allGridRoles())
    object[role.key] = nullptr;
  for (const auto &[role, grid] : facts.steps)
    object[role.key] = gridJson(grid);
  object["column_order"] = facts.hasColumnOrder;
}
