//===- ChooseFold.cpp - What a tensor's shape says of its order -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule choice-6 of docs/container.md: an order costs what it pads (order-7), a directory entry a
// panel, and a start and lengths of lanes a stream unit.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Tensor.h"
#include <limits>

using namespace uwt;

namespace {
/// Bytes beside each element that are little enough for a matrix as it is or with merged columns,
/// which products run from, and for strips of 16 rows.
constexpr double matrixOverhead = 1.0 / 8, stripOverhead = 1.0 / 64;
/// About the bytes of a panel in the directory, of a stream unit's start and header, and of the
/// length of one of its lanes.
constexpr double panelBytes = 20, unitBytes = 8, laneBytes = 5.0 / 8;
constexpr double infinite = std::numeric_limits<double>::infinity();
/// Rows that are decoded together in row_major, and what their length is a multiple of.
constexpr uint64_t jointFlatRows = 8, rowMultiple = 16;
} // namespace

/// About the bytes that are stored beside each element, a byte for one that is padded. Infinite
/// where the shape does not take the order or has no elements.
static double overheadOf(std::span<const uint64_t> shape, const Format &order) {
  TensorDescription description;
  description.shape.assign(shape.begin(), shape.end());
  description.format = order;
  auto matrices = description.matrices();
  if (!matrices || matrices->count == 0)
    return infinite;
  auto [rows, columns] = matrices->shape;
  uint64_t panels = matrices->shape.panels();
  uint64_t units = panels, lanes = fragmentLanes, padded = rows * columns;
  if (order.layout == Layout::RowMajor) {
    units = panels * divideUp(columns, streamUnitColumns);
    lanes = std::min<uint64_t>(rows, panelRows);
  } else {
    uint64_t strips = divideUp(rows, stripRows);
    padded = strips * stripRows * roundUp(columns, fixedUnitColumns);
    if (columns > wholePanelUnitColumns)
      units = strips * divideUp(columns, streamUnitColumns);
  }
  auto elements = static_cast<double>(matrices->elements);
  return (static_cast<double>(padded) - elements + static_cast<double>(panels) * panelBytes +
          static_cast<double>(units) * (unitBytes + static_cast<double>(lanes) * laneBytes)) /
         elements;
}

static Format ordered(Layout layout, Fold fold) {
  Format order;
  order.layout = layout;
  order.fold = fold;
  return order;
}

/// The cheapest of `candidates`, the first among equals.
static Format cheapest(std::span<const uint64_t> shape, std::span<const Format> candidates) {
  Format best = candidates.front();
  double least = overheadOf(shape, best);
  for (const Format &order : candidates.subspan(1))
    if (double overhead = overheadOf(shape, order); overhead < least) {
      least = overhead;
      best = order;
    }
  return best;
}

/// Rows that lie one after another, a multiple of eight of them.
static std::vector<Format> rowOrders(uint64_t elements) {
  std::vector<Format> orders;
  auto add = [&](uint64_t rows) {
    uint64_t columns = roundUp(divideUp(elements, rows), rowMultiple);
    if (columns <= streamUnitColumns)
      orders.push_back(
          ordered(Layout::RowMajor, {Fold::Kind::Flat, static_cast<uint32_t>(columns)}));
  };
  for (uint64_t rows = jointFlatRows; rows <= panelRows; rows += jointFlatRows)
    add(rows);
  if (orders.empty())
    add(roundUp(divideUp(elements, streamUnitColumns), jointFlatRows));
  return orders;
}

/// Rows as they are, or of a length that fills units. Elements without a sign are read by the codec
/// library alone, which has no use for fragments, and rows have longer lanes.
static Format chooseRows(const TensorDescription &description) {
  Format none = ordered(Layout::RowMajor, Fold());
  auto matrices = description.matrices();
  auto elements = description.elements();
  if (!matrices || !elements || *elements == 0)
    return none;
  bool hasJointRows = matrices->shape.rows >= jointFlatRows;
  if (hasJointRows && overheadOf(description.shape, none) <= stripOverhead)
    return none;
  std::vector<Format> candidates = rowOrders(*elements);
  if (hasJointRows)
    candidates.insert(candidates.begin(), none);
  return cheapest(description.shape, candidates);
}

/// Layout and fold for a tensor of this shape.
static Format chooseOrder(std::span<const uint64_t> shape, bool allowsRows) {
  Format none;
  if (overheadOf(shape, none) <= matrixOverhead)
    return none;
  for (uint32_t columns = 2; columns < shape.size(); ++columns) {
    Format order = ordered(Layout::Fragment16x16, {Fold::Kind::Columns, columns});
    if (overheadOf(shape, order) <= matrixOverhead)
      return order;
  }
  std::vector<Format> candidates = {none};
  for (uint32_t columns = wholePanelUnitColumns; columns >= fixedUnitColumns; columns /= 2)
    candidates.push_back(ordered(Layout::Fragment16x16, {Fold::Kind::Flat, columns}));
  Format best = cheapest(shape, candidates);
  TensorDescription description;
  description.shape.assign(shape.begin(), shape.end());
  auto elements = description.elements();
  double overhead = overheadOf(shape, best);
  if (!allowsRows || !elements || overhead == infinite || overhead <= stripOverhead)
    return best;
  candidates = rowOrders(*elements);
  candidates.insert(candidates.begin(), best);
  return cheapest(shape, candidates);
}

Format uwt::inChosenOrder(Format format, ElementType element, std::span<const uint64_t> shape) {
  if (format.fold != Fold() || format.layout != Layout::Fragment16x16 ||
      format.storage != Storage::NMajor)
    return format;
  Format byRows = format;
  byRows.layout = Layout::RowMajor;
  bool allowsRows = format.codec.keyword.empty() || checkFormat(byRows, element);
  bool wantsRows = allowsRows && getTraits(element).signBits == 0;
  Format order = wantsRows ? chooseRows({element, {shape.begin(), shape.end()}, {}})
                           : chooseOrder(shape, allowsRows);
  format.layout = order.layout;
  format.fold = order.fold;
  return format;
}
