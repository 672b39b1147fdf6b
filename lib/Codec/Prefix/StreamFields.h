//===- StreamFields.h - Symbols and raw fields of stream units --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Formats of variable rate keep the raw fields of their panels apart from the coded
// symbols. What joins both to words, and what splits words into both, is the same
// for all engines: here, over the kernels of an instruction set.
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_PREFIX_STREAMFIELDS_H
#define UWT_LIB_CODEC_PREFIX_STREAMFIELDS_H

#include "PrefixStreamKernels.h"
#include <span>
#include <vector>

namespace uwt {

/// Kernels of a path; null for the reference. Where a path is forced that this machine cannot run,
/// those of the best one below it.
const PrefixKernels *prefixKernels(CodePath path);

/// Where the raw fields of a fragment unit lie.
struct RawFields {
  size_t unitBytes, groupBytes;
  uint64_t begin;

  RawFields(const CodingPlan &plan, const PanelUnit &unit, uint32_t panelRowCount);
};

/// Words of a panel from symbols, top-aligned in 16 bits, and raw fields.
class FieldJoiner {
public:
  FieldJoiner(const CodingPlan &plan, std::span<const uint8_t> raw, CodePath path,
              MutablePanelWords out);
  ~FieldJoiner();

  /// Rows `rowInStrip` and `rowInStrip + 8` of a strip of a fragment unit.
  void joinPair(const PanelUnit &unit, const RawFields &fields, uint32_t strip, uint32_t rowInStrip,
                const uint16_t *low, const uint16_t *high);
  /// A row of a row_major unit.
  void joinRow(const PanelUnit &unit, uint32_t row, const uint16_t *symbols);
  /// All rows of a unit, `scratchStride` symbols each; those of rows of a strip that do not exist
  /// may be anything.
  void join(const PanelUnit &unit, const uint16_t *symbols);

private:
  using Merge = void (*)(const MergeJob &, bool stream);

  void joinReference(const PanelUnit &unit, const uint16_t *symbols);

  const CodingPlan &plan;
  std::span<const uint8_t> raw;
  const PrefixKernels *kernels;
  MutablePanelWords out;
  std::vector<uint32_t> chunks;
  Merge merge;
  uint32_t (*joinFirst)(const RowJob &);
  /// Of the reference: all raw fields of the panel.
  std::vector<uint16_t> rawValues;
  alignas(64) uint16_t unused[streamUnitColumns];
};

/// The opposite: raw fields of a panel's words to `raw`, and symbols of its units.
class FieldSplitter {
public:
  FieldSplitter(const CodingPlan &plan, PanelWords words, CodePath path, std::vector<uint8_t> &raw);

  /// Stores the raw fields of a unit and its symbols, right-aligned, `scratchStride` a row.
  /// Precondition: not the reference, which has packed all raw fields at once.
  void split(const PanelUnit &unit, uint16_t *symbols);

private:
  const uint16_t *stageRow(const PanelUnit &unit, uint32_t row, uint32_t columns,
                           uint16_t *copy) const;
  void splitFragment(const PanelUnit &unit, uint16_t *symbols);
  void splitRows(const PanelUnit &unit, uint16_t *symbols);

  const CodingPlan &plan;
  PanelWords words;
  std::vector<uint8_t> &raw;
  std::vector<uint32_t> chunks;
  void (*splitBy)(const SplitJob &);
  alignas(64) uint16_t copies[2][streamUnitColumns];
  /// What is split from rows that do not exist.
  alignas(64) uint16_t unused[scratchStride];
};

} // namespace uwt

#endif // UWT_LIB_CODEC_PREFIX_STREAMFIELDS_H
