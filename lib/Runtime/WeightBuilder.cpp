//===- WeightBuilder.cpp - Puts a LoadedWeight together -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightBuilder.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

/// What planes that are not there point to.
static constexpr size_t zeroBytes = 4096;
alignas(bufferAlignment) static const uint8_t zeros[zeroBytes] = {};

void FirstPanelError::report(uint64_t panel, Error error) {
  std::lock_guard lock(mutex);
  if (first && firstPanel <= panel)
    return;
  first = std::move(error);
  firstPanel = panel;
}

Status FirstPanelError::take() { return first ? Status(*std::move(first)) : ok(); }

WeightBuilder::WeightBuilder(const TensorDescription &description) { weight.what = description; }

void WeightBuilder::setPanels(uint64_t panels) {
  weight.panelBuffer = Buffer(panels * sizeof(PanelEntry));
  countUsed(weight.panelBuffer.size());
}

std::span<uint8_t> WeightBuilder::makeBuffer(PlaneKind kind, uint64_t bytes) {
  if (bytes != 0)
    weight.planeBuffers[numberOf(kind)] = Buffer(bytes);
  return weight.planeBuffers[numberOf(kind)].span();
}

std::span<uint8_t> WeightBuilder::makeCounts(uint64_t bytes) {
  weight.countBuffer = Buffer(bytes);
  countUsed(bytes);
  return weight.countBuffer.span();
}

std::span<uint8_t> WeightBuilder::makeClasses(uint64_t panels) {
  weight.classBuffer = Buffer(panels * panelRows);
  return weight.classBuffer.span();
}

void WeightBuilder::setOrder(std::span<const uint32_t> order) {
  weight.orderBuffer = Buffer(order.size_bytes());
  countUsed(order.size_bytes());
  std::ranges::copy(std::as_bytes(order),
                    std::as_writable_bytes(weight.orderBuffer.span()).begin());
}

std::span<uint8_t> WeightBuilder::makeDense(uint64_t bytes) {
  weight.denseBuffer = Buffer(bytes);
  countUsed(bytes);
  return weight.denseBuffer.span();
}

Status WeightBuilder::setPlan(const CodingPlan &plan) {
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> table, decodeTable(plan));
  setPlan(plan, {reinterpret_cast<const uint8_t *>(table.data()), table.size() * 4});
  return ok();
}

void WeightBuilder::setPlan(const CodingPlan &plan, std::span<const uint8_t> table) {
  weight.coding = plan;
  if (table.empty())
    return;
  weight.tableBuffer = Buffer(table.size());
  countUsed(table.size());
  std::memcpy(weight.tableBuffer.data(), table.data(), table.size());
}

Status WeightBuilder::setFormatOf(const LoadedWeight &coded) {
  weight.what = coded.description();
  std::span<const uint8_t> classes = coded.classBuffer.span();
  weight.classBuffer = Buffer(classes.size());
  if (!classes.empty())
    std::memcpy(weight.classBuffer.data(), classes.data(), classes.size());
  return setPlan(coded.plan());
}

LoadedWeight WeightBuilder::finish() {
  auto orZeros = [](const Buffer &buffer) { return buffer.data() ? buffer.data() : zeros; };
  WeightView &view = weight.pointers;
  view.panels = orZeros(weight.panelBuffer);
  view.table = orZeros(weight.tableBuffer);
  view.counts = orZeros(weight.countBuffer);
  view.words = orZeros(weight.planeBuffers[numberOf(PlaneKind::Words)]);
  view.raw = orZeros(weight.planeBuffers[numberOf(PlaneKind::Raw)]);
  view.code = orZeros(weight.planeBuffers[numberOf(PlaneKind::Code)]);
  view.patch = orZeros(weight.planeBuffers[numberOf(PlaneKind::Patch)]);
  view.low = orZeros(weight.planeBuffers[numberOf(PlaneKind::Low)]);
  view.classes = orZeros(weight.classBuffer);
  view.order = orZeros(weight.orderBuffer);
  view.dense = weight.denseBuffer.data();
  view.rows = weight.coding.matrix.rows;
  view.columns = weight.coding.matrix.columns;
  return std::move(weight);
}

uint64_t uwt::packCounts(Layout layout, std::span<const uint32_t> counts, uint8_t *out) {
  uint64_t bytes = layout == Layout::RowMajor ? 2 : 1;
  for (size_t i = 0; out && i < counts.size(); ++i)
    for (uint64_t byte = 0; byte < bytes; ++byte)
      out[i * bytes + byte] = static_cast<uint8_t>(counts[i] >> (8 * byte));
  return counts.size() * bytes;
}
