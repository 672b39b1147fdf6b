//===- QuantizedFacts.h - What quantised weights hold -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Facts about the codes and the grids of quantised weights: how often codes occur, how large
// scales are and which groups stand out.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_INSPECT_QUANTIZEDFACTS_H
#define UWT_TOOLS_UWT_INSPECT_QUANTIZEDFACTS_H

#include "../text/Json.h"
#include "uwt/Import/ImportedWeights.h"

namespace uwt::tool {

/// A code of a weight, the number that it stands for (NaN where tables have several), and how many
/// elements have it.
struct CodeCount {
  unsigned code;
  float number;
  uint64_t count;
};

/// Facts about the numbers of a grid.
struct GridFacts {
  /// Cells, and elements of a whole one.
  uint64_t cells = 0, cellRows = 0, cellColumns = 0;
  /// Of all numbers.
  float least = 0, most = 0;
  /// Of magnitudes, of those that are finite and not 0.
  float median = 0;
  uint64_t zeros = 0, notFinite = 0;
  /// Magnitudes by the exponent of two that they begin with, in rising order.
  std::vector<std::pair<int, uint64_t>> octaves;
  /// Cells whose magnitude is outlierFactor times the median or more, and the largest of them.
  uint64_t outliers = 0;
  uint64_t largestRow = 0, largestColumn = 0;
};
inline constexpr float outlierFactor = 4;

struct QuantizedFacts {
  const ImportedWeight *weight = nullptr;
  /// Those that occur, in rising order.
  std::vector<CodeCount> codes;
  /// Of a weight with several tables, of each how many cells have it.
  std::vector<uint64_t> tables;
  /// Fewest bits that a code for single codes needs.
  double codeEntropy = 0;
  /// Of a row of `scale=`, `zero=` and `offset=`, where there is more than one number of it.
  std::optional<GridFacts> scale, zero;
  std::vector<std::pair<GridRole, std::optional<GridFacts>>> steps;
  /// Whether columns belong to cells in an order of their own.
  bool hasColumnOrder = false;
};

/// Facts about each of `weights` that can be read and that has codes, in their order. Errors: as
/// reading a weight, with its name.
Expected<std::vector<QuantizedFacts>>
collectQuantizedFacts(std::span<const ImportedWeight *const> weights, ThreadPool &pool);

/// Everything about a weight, for a terminal.
std::string quantizedDetailText(const QuantizedFacts &facts);
/// The members `codes`, `code_entropy`, `tables`, `scale`, `zero` and `offset` of a weight
/// (uwt.inspect/1).
void addQuantizedFacts(const QuantizedFacts &facts, Json &object);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_INSPECT_QUANTIZEDFACTS_H
