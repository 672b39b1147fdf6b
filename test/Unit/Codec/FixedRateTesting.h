//===- FixedRateTesting.h - Plans and words for fixed-rate tests -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CODEC_FIXEDRATETESTING_H
#define UWT_TEST_UNIT_CODEC_FIXEDRATETESTING_H

#include "lib/Codec/Fixed/FixedRate.h"
#include "uwt/Codec/Panel.h"
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace uwt::test {

/// A format without its codec: tests give the model themselves, so that they
/// depend on the engines alone.
struct FixedCase {
  std::string name = {};
  /// Chunks of a code; their sum is its bits.
  std::vector<uint32_t> chunks = {4};
  Packing packing = Packing::Planes;
  Layout layout = Layout::Fragment16x16;
  Escapes escapes = Escapes::Patch;
  FieldSplit split = {16, 8, 7};
  /// The model: a window from this symbol, or its symbols in another order.
  uint16_t base = 0x78;
  bool palette = false;
  /// Planes: columns of a unit.
  uint32_t unitColumns = fixedUnitColumns;
};

inline CodingPlan makePlan(const FixedCase &c, uint64_t rows, uint64_t columns) {
  CodingPlan plan;
  plan.format.layout = c.layout;
  plan.format.packing = c.packing;
  plan.format.escapes = c.escapes;
  plan.split = c.split;
  plan.traits.rate = Rate::Fixed;
  plan.traits.chunks = c.chunks;
  for (uint32_t chunk : c.chunks)
    plan.traits.codeBits += chunk;
  plan.traits.unit = c.packing == Packing::InPlace
                         ? unitInPlace(plan.traits.codeBits)
                         : unitOfPlanes(c.split, plan.traits.codeBits, c.unitColumns);
  plan.matrix = {rows, columns};
  uint32_t count = 1u << plan.traits.codeBits;
  for (uint32_t code = 0; code < count; ++code)
    plan.model.symbols.push_back(
        static_cast<uint16_t>(c.base + (c.palette ? (code * 5 + 3) % count : code)));
  plan.model.commonest = plan.model.symbols[count - 3];
  return plan;
}

/// A panel of words with its storage; rows lie further apart than they are long.
struct Panel {
  Panel(uint32_t rows, uint64_t columns)
      : rows(rows), columns(columns), stride(columns + 3), words(rows * stride) {}

  uint16_t &at(uint64_t row, uint64_t column) { return words[row * stride + column]; }
  PanelWords view() const { return {words.data(), stride, rows, columns}; }
  MutablePanelWords mutableView() { return {words.data(), stride, rows, columns}; }
  bool operator==(const Panel &) const = default;

  uint32_t rows;
  uint64_t columns, stride;
  std::vector<uint16_t> words;
};

/// Words whose symbols are nearly all in the model: one in `escapeEvery` is any
/// word at all.
inline Panel randomPanel(const CodingPlan &plan, uint32_t rows, uint32_t escapeEvery,
                         uint32_t seed) {
  std::mt19937 random(seed);
  Panel panel(rows, plan.matrix.columns);
  for (uint64_t row = 0; row < rows; ++row)
    for (uint64_t column = 0; column < panel.columns; ++column) {
      uint32_t any = random() & ((1u << plan.split.wordBits) - 1);
      uint32_t symbol = plan.model.symbols[random() % plan.model.symbols.size()];
      uint32_t word = escapeEvery && random() % escapeEvery == 0
                          ? any
                          : plan.split.join(symbol, plan.split.rawOf(any));
      panel.at(row, column) = static_cast<uint16_t>(word);
    }
  return panel;
}

inline CodedPanel coded(const EncodedPanel &panel) {
  return {panel.raw, panel.code, 0, panel.patch, panel.counts};
}

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CODEC_FIXEDRATETESTING_H
