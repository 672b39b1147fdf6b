//===- Scales.cpp - Words relative to scales of rows and columns ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Scales.h"
#include "Golomb.h"
#include "PanelRows.h"
#include "WideCall.h"
#include "uwt/Support/CheckedMath.h"
#include <algorithm>
#include <array>

using namespace uwt;

PanelContext uwt::contextOf(const TensorScales &scales, const MatrixShape &shape, uint64_t panel,
                            uint64_t matrix) {
  return {std::span(scales.rows).subspan(panel * panelRows, panelRows),
          std::span(scales.columns).subspan(matrix * shape.columns, shape.columns)};
}

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

namespace {
/// Where a word has its exponent and its sign.
struct WordFields {
  uint16_t exponent;
  uint32_t exponentShift, signShift, stepShift;

  explicit WordFields(const CodingPlan &plan) {
    const ElementTraits &traits = getTraits(plan.element);
    exponentShift = traits.mantissaBits;
    exponent = static_cast<uint16_t>(((1u << traits.exponentBits) - 1) << exponentShift);
    signShift = traits.wordBits - 1u;
    stepShift = static_cast<uint32_t>(std::countr_zero(plan.format.scaleSteps));
  }
};

/// scale-3: moves a row's exponents, modulo their size, by the octaves of its scales times
/// `direction`, and changes the signs of columns that say so. Words of 16 bits throughout.
template <int direction>
[[gnu::always_inline]] inline void moveRow(uint16_t *row, uint64_t count, uint8_t rowScale,
                                           const uint16_t *columns, WordFields fields) {
  // Masks tell the compiler that words stay words.
  const uint32_t down = fields.stepShift & 15, up = fields.exponentShift & 15;
  const uint32_t signShift = fields.signShift & 15;
  for (uint64_t c = 0; c < count; ++c) {
    auto scale = static_cast<uint16_t>(rowScale + (columns[c] & scaleMask));
    auto whole = static_cast<uint16_t>(scale >> down);
    auto octaves = static_cast<uint16_t>(whole << up);
    auto moved = static_cast<uint16_t>(row[c] + direction * octaves);
    auto isNegative = static_cast<uint16_t>(columns[c] >> columnSignShift);
    auto sign = static_cast<uint16_t>(isNegative << signShift);
    row[c] =
        static_cast<uint16_t>(((row[c] & ~fields.exponent) | (moved & fields.exponent)) ^ sign);
  }
}
} // namespace

void uwt::makeRelative(const CodingPlan &plan, const PanelContext &context, PanelWords words,
                       std::vector<uint16_t> &out) {
  const WordFields fields(plan);
  out.resize(words.rows * words.columns);
  for (uint32_t r = 0; r < words.rows; ++r) {
    uint16_t *row = out.data() + r * words.columns;
    std::copy_n(words.row(r), words.columns, row);
    callWide<moveRow<-1>>(row, words.columns, context.rows[r], context.columns.data(), fields);
  }
}

void uwt::makeAbsolute(const CodingPlan &plan, const PanelContext &context,
                       MutablePanelWords words) {
  const WordFields fields(plan);
  for (uint32_t r = 0; r < words.rows; ++r)
    callWide<moveRow<1>>(words.row(r), words.columns, context.rows[r], context.columns.data(),
                         fields);
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

namespace {
constexpr uint32_t orderBits = 3, maxOrder = (1u << orderBits) - 1;

/// scale-4: numbers around their median.
struct NumberSeries {
  uint32_t center = 0, order = 0;

  uint32_t distance(uint32_t value) const {
    return zigzag(static_cast<int32_t>(value) - static_cast<int32_t>(center));
  }
};

/// The series of numbers below 2^columnSignShift that occur as often as `counts` say.
NumberSeries seriesOf(const std::array<uint64_t, scaleMask + 1> &counts) {
  NumberSeries series;
  uint64_t all = 0, before = 0;
  for (uint64_t count : counts)
    all += count;
  while (series.center < scaleMask && (before += counts[series.center]) * 2 < all)
    ++series.center;
  uint64_t least = UINT64_MAX;
  for (uint32_t order = 0; order <= maxOrder; ++order) {
    uint64_t bits = 0;
    for (uint32_t value = 0; value < counts.size(); ++value)
      bits += counts[value] * golombBits(series.distance(value), order);
    if (bits < least)
      series.order = order;
    least = std::min(least, bits);
  }
  return series;
}

class ScaleReader {
public:
  explicit ScaleReader(std::span<const uint32_t> words) : bits(words) {}

  Status begin() {
    UWT_ASSIGN_OR_RETURN(series.center, bits.nextBits(columnSignShift));
    UWT_ASSIGN_OR_RETURN(series.order, bits.nextBits(orderBits));
    return ok();
  }
  Expected<uint32_t> next() {
    UWT_ASSIGN_OR_RETURN(uint32_t distance, bits.next(2 * scaleMask, series.order));
    int32_t value = static_cast<int32_t>(series.center) + unzigzag(distance);
    if (value < 0 || value > static_cast<int32_t>(scaleMask))
      return invalidError("a scale of the model is " + std::to_string(value) + ", expected 0 to " +
                          std::to_string(scaleMask));
    return static_cast<uint32_t>(value);
  }
  GolombReader bits;

private:
  NumberSeries series;
};
} // namespace

void uwt::writeScales(const CodingPlan &plan, const TensorScales &scales, uint64_t matrices,
                      std::vector<uint32_t> &words) {
  uint64_t panels = matrices * plan.matrix.panels();
  GolombWriter writer(words);
  auto begin = [&](const std::array<uint64_t, scaleMask + 1> &counts) {
    NumberSeries series = seriesOf(counts);
    writer.putBits(series.center, columnSignShift);
    writer.putBits(series.order, orderBits);
    return series;
  };
  std::array<uint64_t, scaleMask + 1> counts{};
  forEachRow(plan.matrix, panels, [&](uint64_t at) { ++counts[scales.rows[at]]; });
  NumberSeries series = begin(counts);
  forEachRow(plan.matrix, panels,
             [&](uint64_t at) { writer.put(series.distance(scales.rows[at]), series.order); });
  for (uint64_t matrix = 0; matrix < matrices; ++matrix) {
    auto columns =
        std::span(scales.columns).subspan(matrix * plan.matrix.columns, plan.matrix.columns);
    counts.fill(0);
    for (uint16_t column : columns)
      ++counts[column & scaleMask];
    series = begin(counts);
    for (uint16_t column : columns) {
      writer.put(series.distance(column & scaleMask), series.order);
      if (plan.format.codedSign)
        writer.putBits(column >> columnSignShift, 1);
    }
  }
}

Expected<TensorScales> uwt::readScales(const CodingPlan &plan, uint64_t matrices,
                                       std::span<const uint32_t> words, size_t &used) {
  // A scale takes a bit or more, and what the directory has of a panel a u32.
  uint64_t panels = matrices * plan.matrix.panels(), bits = uint64_t(words.size()) * 32;
  std::optional<uint64_t> columns = checkedMultiply(matrices, plan.matrix.columns);
  if (!columns || *columns > bits || panels > words.size())
    return invalidError("plane index is too short for the scales of " + std::to_string(matrices) +
                        " matrices");
  TensorScales scales;
  scales.rows.resize(panels * panelRows);
  ScaleReader reader(words);
  UWT_RETURN_IF_ERROR(reader.begin());
  Status failure = ok();
  forEachRow(plan.matrix, panels, [&](uint64_t at) {
    if (!failure)
      return;
    Expected<uint32_t> scale = reader.next();
    if (scale)
      scales.rows[at] = static_cast<uint8_t>(*scale);
    else
      failure = scale.takeError();
  });
  UWT_RETURN_IF_ERROR(std::move(failure));
  scales.columns.reserve(*columns);
  for (uint64_t matrix = 0; matrix < matrices; ++matrix) {
    UWT_RETURN_IF_ERROR(reader.begin());
    for (uint64_t column = 0; column < plan.matrix.columns; ++column) {
      UWT_ASSIGN_OR_RETURN(uint32_t scale, reader.next());
      uint32_t sign = 0;
      if (plan.format.codedSign) {
        UWT_ASSIGN_OR_RETURN(sign, reader.bits.nextBits(1));
      }
      scales.columns.push_back(static_cast<uint16_t>(scale | sign << columnSignShift));
    }
  }
  if (!reader.bits.isPaddedWithZeros())
    return invalidError("padding after the model's scales is not zero");
  used = reader.bits.used();
  return scales;
}
