//===- StreamFields.cpp - Symbols and raw fields of stream units ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamFields.h"
#include "../Fixed/FieldPlane.h"
#include <algorithm>

using namespace uwt;

const PrefixKernels *uwt::prefixKernels(CodePath path) {
  SimdLevel host = hostSimdLevel();
  if (path == CodePath::Reference)
    return nullptr;
  if (path == CodePath::Avx512 && host >= SimdLevel::Avx512)
    return &avx512PrefixKernels();
  if (path >= CodePath::Avx2 && host >= SimdLevel::Avx2)
    return &avx2PrefixKernels();
  if (path >= CodePath::Neon && host == SimdLevel::Neon)
    return &neonPrefixKernels();
  return &portablePrefixKernels();
}

RawFields::RawFields(const CodingPlan &plan, const PanelUnit &unit, uint32_t panelRowCount) {
  unitBytes = size_t(unitBitBytes) * plan.split.rawBits();
  size_t strips = divideUp(panelRowCount, stripRows);
  groupBytes = unitBytes * strips; // order-4
  begin = unit.firstColumn / fixedUnitColumns * groupBytes + unit.firstRow / stripRows * unitBytes;
}

//===----------------------------------------------------------------------===//
// Joining
//===----------------------------------------------------------------------===//

FieldJoiner::FieldJoiner(const CodingPlan &plan, std::span<const uint8_t> raw, CodePath path,
                         MutablePanelWords out)
    : plan(plan), raw(raw), kernels(prefixKernels(path)), out(out),
      chunks(defaultChunks(plan.split.rawBits())), merge(nullptr), joinFirst(nullptr) {
  if (!kernels) {
    rawValues.resize(out.rows * out.columns);
    unpackField(plan.format.layout, out.rows, out.columns, chunks, raw, rawValues);
    return;
  }
  if (plan.split.wordBits != 16 || chunks.empty())
    return;
  merge = kernels->mergeAny;
  joinFirst = kernels->joinRowAny;
  // Some kernels are for words whose sign is above the symbol.
  auto prefer = [](auto &kernel, auto other) { kernel = other ? other : kernel; };
  if (plan.split.signBits == 1 && plan.split.symbolBits == 8) {
    prefer(merge, kernels->merge8);
    prefer(joinFirst, kernels->joinRow8);
  }
  if (plan.split.signBits == 1 && plan.split.symbolBits == 10) {
    prefer(merge, kernels->merge6);
    prefer(joinFirst, kernels->joinRow6);
  }
}

FieldJoiner::~FieldJoiner() {
  if (kernels && kernels->fence)
    kernels->fence();
}

/// Whole groups go straight to the output, the last part of a row by way of a buffer.
void FieldJoiner::joinPair(const PanelUnit &unit, const RawFields &fields, uint32_t strip,
                           uint32_t rowInStrip, const uint16_t *low, const uint16_t *high) {
  uint32_t row = strip * stripRows + rowInStrip;
  uint32_t whole = unit.columns / fixedUnitColumns, rest = unit.columns % fixedUnitColumns;
  auto outRow = [&](uint32_t r) {
    return r < unit.rows ? out.row(unit.firstRow + r) + unit.firstColumn : unused;
  };
  if (row >= unit.rows)
    return;
  MergeJob job{&plan.split,
               chunks,
               low,
               high,
               raw.data() + fields.begin + strip * fields.unitBytes,
               fields.groupBytes,
               rowInStrip,
               whole,
               outRow(row),
               outRow(row + 8)};
  bool aligned =
      out.streaming &&
      ((reinterpret_cast<uintptr_t>(job.outLow) | reinterpret_cast<uintptr_t>(job.outHigh)) & 63) ==
          0;
  merge ? merge(job, aligned) : mergeRowsPortable(job);
  if (!rest)
    return;
  alignas(64) uint16_t last[2][fixedUnitColumns];
  uint16_t *to[2] = {job.outLow + whole * fixedUnitColumns, job.outHigh + whole * fixedUnitColumns};
  job.low += whole * fixedUnitColumns;
  job.high += whole * fixedUnitColumns;
  job.raw += whole * fields.groupBytes;
  job.groups = 1;
  job.outLow = last[0];
  job.outHigh = last[1];
  merge ? merge(job, false) : mergeRowsPortable(job);
  for (int i = 0; i < 2; ++i)
    std::copy_n(last[i], rest, to[i]);
}

void FieldJoiner::joinRow(const PanelUnit &unit, uint32_t row, const uint16_t *symbols) {
  uint64_t panelRow = unit.firstRow + row;
  const uint8_t *rawRow = raw.data() + panelRow * rowBytes(out.columns, chunks);
  RowJob job{&plan.split, chunks,           symbols,      rawRow,
             out.columns, unit.firstColumn, unit.columns, out.row(panelRow) + unit.firstColumn};
  uint32_t done = joinFirst ? joinFirst(job) : 0;
  job.symbols += done;
  job.first += done;
  job.count -= done;
  job.out += done;
  joinRowPortable(job);
}

void FieldJoiner::joinReference(const PanelUnit &unit, const uint16_t *symbols) {
  for (uint32_t row = 0; row < unit.rows; ++row)
    for (uint32_t column = 0; column < unit.columns; ++column) {
      uint64_t panelRow = unit.firstRow + row, panelColumn = unit.firstColumn + column;
      uint32_t symbol = symbols[row * scratchStride + column] >> (16 - plan.split.symbolBits);
      out.row(panelRow)[panelColumn] = static_cast<uint16_t>(
          plan.split.join(symbol, rawValues[panelRow * out.columns + panelColumn]));
    }
}

void FieldJoiner::join(const PanelUnit &unit, const uint16_t *symbols) {
  if (!kernels)
    return joinReference(unit, symbols);
  if (unit.layout == Layout::RowMajor) {
    for (uint32_t row = 0; row < unit.rows; ++row)
      joinRow(unit, row, symbols + row * scratchStride);
    return;
  }
  RawFields fields(plan, unit, out.rows);
  for (uint32_t strip = 0; strip < unit.strips; ++strip)
    for (uint32_t row = 0; row < stripRows / 2; ++row) {
      const uint16_t *low = symbols + (strip * stripRows + row) * scratchStride;
      joinPair(unit, fields, strip, row, low, low + 8 * scratchStride);
    }
}

//===----------------------------------------------------------------------===//
// Splitting
//===----------------------------------------------------------------------===//

FieldSplitter::FieldSplitter(const CodingPlan &plan, PanelWords words, CodePath path,
                             std::vector<uint8_t> &raw)
    : plan(plan), words(words), raw(raw), chunks(defaultChunks(plan.split.rawBits())),
      splitBy(nullptr) {
  raw.assign(fieldBytes(plan.format.layout, words.rows, words.columns, plan.split.rawBits()), 0);
  const PrefixKernels *kernels = prefixKernels(path);
  if (kernels) {
    bool isWide = plan.split.wordBits == 16 && plan.split.signBits == 1;
    splitBy = isWide && plan.split.symbolBits == 10 ? kernels->split6 : nullptr;
    return;
  }
  std::vector<uint16_t> values;
  for (uint32_t row = 0; row < words.rows; ++row)
    for (uint64_t column = 0; column < words.columns; ++column)
      values.push_back(static_cast<uint16_t>(plan.split.rawOf(words.row(row)[column])));
  packField(plan.format.layout, words.rows, words.columns, chunks, values, 0, raw); // order-7
}

/// A row's words with zeros up to `columns` (order-7): `copy`, or the row itself.
const uint16_t *FieldSplitter::stageRow(const PanelUnit &unit, uint32_t row, uint32_t columns,
                                        uint16_t *copy) const {
  if (row >= unit.rows) {
    std::fill_n(copy, columns, 0);
    return copy;
  }
  const uint16_t *own = words.row(unit.firstRow + row) + unit.firstColumn;
  if (columns == unit.columns)
    return own;
  std::copy_n(own, unit.columns, copy);
  std::fill(copy + unit.columns, copy + columns, 0);
  return copy;
}

void FieldSplitter::splitFragment(const PanelUnit &unit, uint16_t *symbols) {
  RawFields fields(plan, unit, words.rows);
  uint32_t groups = static_cast<uint32_t>(divideUp(unit.columns, fixedUnitColumns));
  for (uint32_t strip = 0; strip < unit.strips; ++strip)
    for (uint32_t g = 0; g < stripRows / 2; ++g) {
      uint32_t row = strip * stripRows + g;
      uint16_t *low = symbols + row * scratchStride;
      SplitJob job{&plan.split,
                   chunks,
                   stageRow(unit, row, groups * fixedUnitColumns, copies[0]),
                   stageRow(unit, row + 8, groups * fixedUnitColumns, copies[1]),
                   raw.data() + fields.begin + strip * fields.unitBytes,
                   fields.groupBytes,
                   g,
                   groups,
                   row < unit.rows ? low : unused,
                   row + 8 < unit.rows ? low + 8 * scratchStride : unused};
      splitBy ? splitBy(job) : splitRowsPortable(job);
    }
}

void FieldSplitter::splitRows(const PanelUnit &unit, uint16_t *symbols) {
  uint64_t bytes = rowBytes(words.columns, chunks);
  for (uint32_t row = 0; row < unit.rows; ++row) {
    const uint16_t *own = words.row(unit.firstRow + row) + unit.firstColumn;
    splitRowFields({&plan.split, chunks, own, raw.data() + (unit.firstRow + row) * bytes,
                    words.columns, unit.firstColumn, unit.columns, unit.columns,
                    symbols + row * scratchStride, unused});
  }
}

void FieldSplitter::split(const PanelUnit &unit, uint16_t *symbols) {
  unit.layout == Layout::RowMajor ? splitRows(unit, symbols) : splitFragment(unit, symbols);
}
