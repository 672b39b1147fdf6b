//===- IntegerProduct.cpp - Products by integers, as defined --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Import/IntegerProduct.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace uwt;

static constexpr float smallestLargest = 0x1p-119f;

IntegerRow IntegerRow::of(std::span<const float> x, uint32_t bits) {
  IntegerRow row;
  row.integers.resize(x.size());
  if (!std::ranges::all_of(x, [](float value) { return std::isfinite(value); })) {
    row.scale = std::numeric_limits<float>::quiet_NaN();
    return row;
  }
  float largest = 0;
  for (float value : x)
    largest = std::max(largest, std::fabs(value));
  if (largest < smallestLargest)
    return row;
  row.scale = largest / static_cast<float>(largestInteger(bits));
  // To nearest, ties to even: the rounding that a process begins with.
  std::ranges::transform(x, row.integers.begin(), [&](float value) {
    return static_cast<int8_t>(std::nearbyint(value / row.scale));
  });
  return row;
}

static bool areIntegers(std::span<const float> numbers) {
  return std::ranges::all_of(numbers, [](float value) { return value == std::trunc(value); });
}

static Status checkIntegers(const QuantizedWeight &weight) {
  if (!weight.floats.empty() || !areIntegers(weight.values) || weight.tables > 1 ||
      !areIntegers(weight.zero.cells))
    return usageError("a product by integers needs codes and zeros that are integers");
  if (!weight.steps.empty() || !weight.gridColumns.empty() || weight.math != ElementType::F32)
    return usageError("a product by integers is of a weight without offsets, and with columns in "
                      "order");
  return ok();
}

/// integer-3: the column behind the group of `column`.
static uint64_t groupEnd(const QuantizedWeight &weight, uint64_t column) {
  const Grid &scale = weight.scale;
  uint64_t cell =
      scale.cellColumns == UINT64_MAX ? 0 : column / scale.cellColumns * scale.cellColumns;
  uint64_t end = cell + (column - cell) / maxIntegerGroup * maxIntegerGroup + maxIntegerGroup;
  if (scale.cellColumns != UINT64_MAX)
    end = std::min(end, scale.nextCell(column));
  return std::min(end, weight.columns);
}

/// integer-4: columns of a part.
static uint64_t partColumns(const QuantizedWeight &weight) {
  uint64_t cell = std::min<uint64_t>(weight.scale.cellColumns, maxIntegerGroup);
  return integerPart(static_cast<uint32_t>(cell));
}

Status uwt::integerProduct(const QuantizedWeight &weight, const IntegerRow &x, uint64_t first,
                           std::span<float> y) {
  UWT_RETURN_IF_ERROR(checkIntegers(weight));
  uint64_t part = partColumns(weight);
  for (uint64_t row = first; row < first + y.size(); ++row) {
    const uint8_t *codes = weight.codes.data() + row * weight.columns;
    float total = 0, sum = 0;
    for (uint64_t begin = 0, end = 0; begin < weight.columns; begin = end) {
      end = groupEnd(weight, begin);
      int64_t exact = 0;
      for (uint64_t k = begin; k < end; ++k) {
        float difference = weight.values[codes[k]] - weight.zero.at(row, k);
        exact += static_cast<int64_t>(difference) * x.integers[k];
      }
      // integer-4
      float scale = weight.scale.at(row, begin) * weight.factor;
      sum = std::fma(static_cast<float>(exact), scale, sum);
      if (end % part != 0 && end < weight.columns)
        continue;
      total += sum;
      sum = 0;
    }
    y[row - first] = total * x.scale; // integer-5
  }
  return ok();
}
