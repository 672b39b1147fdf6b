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
#include "StreamFields.h"
#include <algorithm>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

namespace {

class PanelDecoder {
public:
  PanelDecoder(const PrefixContext &context, const PrefixKernels &kernels, CodePath path,
               const CodedPanel &panel, MutablePanelWords out)
      : plan(context.plan), tables(context.tables), context(context), kernels(kernels),
        panel(panel), out(out), fields(plan, panel.raw, path, out) {}

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
        fields.joinPair(unit, raw, i / 2, g + i % 2,
                        symbols + (i / 2 * jointRows + i % 2) * scratchStride,
                        symbols + (i / 2 * jointRows + i % 2 + 2) * scratchStride);
    }
    return true;
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
        fields.joinRow(view.unit, row + lane, symbols + lane * scratchStride);
    }
    return true;
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
    fields.join(unit, plain.data());
    return ok();
  }

  const CodingPlan &plan;
  const PrefixTables &tables;
  const PrefixContext &context;
  const PrefixKernels &kernels;
  const CodedPanel &panel;
  MutablePanelWords out;
  FieldJoiner fields;
  std::vector<uint8_t> padded;
  alignas(64) uint16_t symbols[panelRows / stripRows * jointRows * scratchStride] = {};
};

} // namespace

Status uwt::decodePanelFast(const PrefixContext &context, const PrefixKernels &kernels,
                            CodePath path, const CodedPanel &panel, MutablePanelWords out) {
  return PanelDecoder(context, kernels, path, panel, out).run();
}
