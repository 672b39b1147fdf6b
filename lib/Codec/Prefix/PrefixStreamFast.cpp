//===- PrefixStreamFast.cpp - Prefix codes, fast panels -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Drives the loops of an instruction set over a panel. The loops know neither edges nor
// damage: rows and columns that do not exist are staged here, a stream whose end is
// near the end of readable memory is copied first, and a unit whose
// lanes do not end where they should is decoded again by the reference, which
// says what is wrong with it.
//
//===----------------------------------------------------------------------===//

#include "../Fixed/FieldPlane.h"
#include "PrefixStreamKernels.h"
#include <algorithm>

using namespace uwt;

namespace {

/// Where the raw fields of a fragment unit lie.
struct RawFields {
  size_t unitBytes, groupBytes;
  uint64_t begin;

  RawFields(const CodingPlan &plan, const PanelUnit &unit, uint32_t panelRowCount) {
    unitBytes = size_t(unitBitBytes) * plan.split.rawBits();
    size_t strips = divideUp(panelRowCount, stripRows);
    groupBytes = unitBytes * strips; // order-4
    begin =
        unit.firstColumn / fixedUnitColumns * groupBytes + unit.firstRow / stripRows * unitBytes;
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

namespace {

class PanelDecoder {
public:
  PanelDecoder(const PrefixContext &context, const PrefixKernels &kernels, const CodedPanel &panel,
               MutablePanelWords out)
      : plan(context.plan), tables(context.tables), context(context), kernels(kernels),
        panel(panel), out(out), chunks(defaultChunks(plan.split.rawBits())) {
    uint32_t symbolBits = plan.split.symbolBits;
    bool wide = plan.split.wordBits == 16;
    merge = wide && symbolBits == 8    ? kernels.merge8
            : wide && symbolBits == 10 ? kernels.merge6
                                       : nullptr;
    joinFirst = wide && symbolBits == 8    ? kernels.joinRow8
                : wide && symbolBits == 10 ? kernels.joinRow6
                                           : nullptr;
  }

  Status run() {
    StreamUnitView view;
    for (uint64_t number = 0; number < streamUnitCount(plan, out.rows); ++number) {
      UWT_RETURN_IF_ERROR(readNextStreamUnit(plan, panel.code, out.rows, number, view));
      if (!trustsTables(view) || !decodeFast(view))
        UWT_RETURN_IF_ERROR(decodeAgain(view));
      if (view.records)
        UWT_RETURN_IF_ERROR(
            applyEscapes(plan, view.unit, number, recordsOf(view, panel.code), out));
    }
    if (kernels.fence)
      kernels.fence();
    return ok();
  }

private:
  /// Lookups give a symbol for any bits: that is right where every code word
  /// exists, and where only the code word 0 does and the stream is all zeros.
  bool trustsTables(const StreamUnitView &view) const {
    bool complete = true, single = true;
    uint32_t rows =
        view.unit.layout == Layout::RowMajor ? view.unit.rows : view.unit.strips * stripRows;
    for (uint32_t row = 0; row < rows; ++row) {
      PrefixClass::Cover cover = context.classOf(view.unit, row).cover;
      complete &= cover == PrefixClass::Cover::Complete;
      single &= cover == PrefixClass::Cover::Single;
    }
    if (complete || !single)
      return complete;
    auto stream = panel.code.subspan(view.streamBegin, view.end - view.streamBegin);
    return std::all_of(stream.begin(), stream.end(), [](uint8_t byte) { return byte == 0; });
  }

  /// The unit's stream with all bytes behind it that lanes may read.
  const uint8_t *readableStream(const StreamUnitView &view) {
    uint64_t need = (view.start[view.lanes] + uint64_t(view.codeWords) * tables.longest) / 8 + 16;
    if (need <= panel.code.size() - view.streamBegin + panel.codeTail)
      return panel.code.data() + view.streamBegin;
    padded.assign(need, 0);
    std::copy(panel.code.begin() + static_cast<ptrdiff_t>(view.streamBegin),
              panel.code.begin() + static_cast<ptrdiff_t>(view.end), padded.begin());
    return padded.data();
  }

  const void *lookupOf(const PanelUnit &unit, uint32_t row) const {
    const PrefixClass &of = context.classOf(unit, row);
    return tables.lookup == PrefixTables::Lookup::Single
               ? static_cast<const void *>(of.narrow.data())
               : of.wide.data();
  }
  DecodeLanes choose(const DecodeLanes *single, const DecodeLanes *wide,
                     const DecodeLanes *pair) const {
    bool isLong = tables.longest > 14;
    return tables.lookup == PrefixTables::Lookup::Single
               ? single[isLong]
               : (tables.lookup == PrefixTables::Lookup::Pair ? pair : wide)[isLong];
  }

  bool decodeFast(const StreamUnitView &view) {
    const uint8_t *stream = readableStream(view);
    return view.unit.layout == Layout::RowMajor ? decodeRowUnit(view, stream)
                                                : decodeFragmentUnit(view, stream);
  }

  bool decodeFragmentUnit(const StreamUnitView &view, const uint8_t *stream) {
    const PanelUnit &unit = view.unit;
    RawFields raw(plan, unit, out.rows);
    const void *lookups[panelRows / stripRows * jointRows];
    LaneJob job{};
    job.stream = stream;
    job.tables = lookups;
    job.mask = (1ull << tables.longest) - 1;
    job.strips = unit.strips;
    job.blocks = unit.blocks;
    job.symbols = symbols;
    job.aheadStrip = raw.unitBytes;
    job.aheadGroup = raw.groupBytes;
    DecodeLanes lanes =
        choose(kernels.fragmentSingle, kernels.fragmentSingleWide, kernels.fragmentPair);
    for (uint32_t g = 0; g < 8; g += 2) {
      for (uint32_t i = 0; i < unit.strips * jointRows; ++i)
        lookups[i] = lookupOf(unit, i / jointRows * stripRows + g + i % 2 + i % jointRows / 2 * 8);
      job.start = view.start.data() + 4 * g;
      job.end = job.start + 1;
      // The first chunk of lanes 4g ... 4g + 7 is 128 bytes of 512; what lies 512
      // behind it is the second one, or as much of it as matters.
      // Whole words have no raw field, and nothing to ask for.
      job.ahead = panel.raw.empty() ? stream : panel.raw.data() + raw.begin + g * 64;
      job.aheadChunk = plan.split.rawBits() == 6 ? 512 - g * 32 : 512;
      if (!lanes(job))
        return false;
      for (uint32_t i = 0; i < unit.strips * 2; ++i)
        mergePair(unit, raw, i / 2, g + i % 2,
                  symbols + (i / 2 * jointRows + i % 2) * scratchStride,
                  symbols + (i / 2 * jointRows + i % 2 + 2) * scratchStride, merge);
    }
    return true;
  }

  using Merge = void (*)(const MergeJob &, bool);

  /// Rows `g` and `g + 8` of a strip from their symbols: whole groups straight to the output,
  /// the last part of a row by way of a buffer.
  void mergePair(const PanelUnit &unit, const RawFields &raw, uint32_t strip, uint32_t g,
                 const uint16_t *low, const uint16_t *high, Merge by) {
    uint32_t row = strip * stripRows + g;
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
                 panel.raw.data() + raw.begin + strip * raw.unitBytes,
                 raw.groupBytes,
                 g,
                 whole,
                 outRow(row),
                 outRow(row + 8)};
    bool aligned =
        out.streaming &&
        ((reinterpret_cast<uintptr_t>(job.outLow) | reinterpret_cast<uintptr_t>(job.outHigh)) &
         63) == 0;
    by ? by(job, aligned) : mergeRowsPortable(job);
    if (!rest)
      return;
    alignas(64) uint16_t last[2][fixedUnitColumns];
    uint16_t *to[2] = {job.outLow + whole * fixedUnitColumns,
                       job.outHigh + whole * fixedUnitColumns};
    job.low += whole * fixedUnitColumns;
    job.high += whole * fixedUnitColumns;
    job.raw += whole * raw.groupBytes;
    job.groups = 1;
    job.outLow = last[0];
    job.outHigh = last[1];
    by ? by(job, false) : mergeRowsPortable(job);
    for (int i = 0; i < 2; ++i)
      std::copy_n(last[i], rest, to[i]);
  }

  bool decodeRowUnit(const StreamUnitView &view, const uint8_t *stream) {
    const void *lookups[jointLanes];
    LaneJob job{};
    job.stream = stream;
    job.tables = lookups;
    job.mask = (1ull << tables.longest) - 1;
    job.codeWords = view.codeWords;
    job.symbols = symbols;
    DecodeLanes lanes = choose(kernels.rowsSingle, kernels.rowsSingleWide, kernels.rowsPair);
    for (uint32_t row = 0; row < view.lanes; row += jointLanes) {
      uint32_t count = std::min<uint32_t>(jointLanes, view.lanes - row);
      // Where fewer rows are left, the last one runs more than once.
      uint32_t starts[jointLanes], ends[jointLanes];
      for (uint32_t lane = 0; lane < jointLanes; ++lane) {
        uint32_t from = row + std::min(lane, count - 1);
        lookups[lane] = lookupOf(view.unit, from);
        starts[lane] = view.start[from];
        ends[lane] = view.start[from + 1];
      }
      job.start = starts;
      job.end = ends;
      if (!lanes(job))
        return false;
      for (uint32_t lane = 0; lane < count; ++lane)
        joinRow(view.unit, row + lane, symbols + lane * scratchStride);
    }
    return true;
  }

  /// A row of a row_major unit from its top-aligned symbols.
  void joinRow(const PanelUnit &unit, uint32_t row, const uint16_t *from) {
    uint64_t panelRow = unit.firstRow + row;
    const uint8_t *rawRow = panel.raw.data() + panelRow * rowBytes(out.columns, chunks);
    RowJob job{&plan.split, chunks,           from,         rawRow,
               out.columns, unit.firstColumn, unit.columns, out.row(panelRow) + unit.firstColumn};
    uint32_t done = joinFirst ? joinFirst(job) : 0;
    job.symbols += done;
    job.first += done;
    job.count -= done;
    job.out += done;
    joinRowPortable(job);
  }

  /// By the reference, which also words the errors.
  Status decodeAgain(const StreamUnitView &view) {
    const PanelUnit &unit = view.unit;
    // Padding rows too, since rows are merged in pairs.
    std::vector<uint16_t> plain(size_t(maxLanes) * scratchStride);
    UWT_RETURN_IF_ERROR(
        decodeUnitReference(context, view, panel.code, plain.data(), scratchStride));
    for (uint16_t &symbol : plain)
      symbol = static_cast<uint16_t>(symbol << (16 - plan.split.symbolBits));
    RawFields raw(plan, unit, out.rows);
    for (uint32_t row = 0; row < unit.rows; ++row) {
      const uint16_t *from = plain.data() + row * scratchStride;
      if (unit.layout == Layout::RowMajor)
        joinRow(unit, row, from);
      else if (row % stripRows < 8)
        mergePair(unit, raw, row / stripRows, row % stripRows, from, from + 8 * scratchStride,
                  nullptr);
    }
    return ok();
  }

  const CodingPlan &plan;
  const PrefixTables &tables;
  const PrefixContext &context;
  const PrefixKernels &kernels;
  const CodedPanel &panel;
  MutablePanelWords out;
  std::vector<uint32_t> chunks;
  Merge merge;
  uint32_t (*joinFirst)(const RowJob &);
  std::vector<uint8_t> padded;
  alignas(64) uint16_t symbols[panelRows / stripRows * jointRows * scratchStride] = {};
  alignas(64) uint16_t unused[streamUnitColumns];
};

} // namespace

Status uwt::decodePanelFast(const PrefixContext &context, const PrefixKernels &kernels,
                            const CodedPanel &panel, MutablePanelWords out) {
  return PanelDecoder(context, kernels, panel, out).run();
}
