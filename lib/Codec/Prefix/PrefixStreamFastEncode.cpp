//===- PrefixStreamFastEncode.cpp - Prefix codes, fast encoding -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Units are coded two rows (four lanes) at a time in fragments, a row at a time
// in row_major: words are split into raw fields, which go straight to their
// plane, and symbols; then lane after lane is put into the unit's stream. Rows that do not
// fill a fixed unit, and those with runs that are stored verbatim, are staged in a copy.
//
//===----------------------------------------------------------------------===//

#include "../Fixed/FieldPlane.h"
#include "PrefixStreamKernels.h"
#include <algorithm>

using namespace uwt;

namespace {

constexpr size_t maxStrips = panelRows / stripRows;
/// Columns that the strips of a unit have together: 1,024, or four times 512.
constexpr size_t maxStripColumns = maxStrips * wholePanelUnitColumns;

class PanelEncoder {
public:
  PanelEncoder(const PrefixContext &context, const PrefixKernels &kernels, PanelWords words,
               EncodedPanel &out)
      : plan(context.plan), tables(context.tables), context(context), kernels(kernels),
        words(words), out(out), chunks(defaultChunks(plan.split.rawBits())),
        paddingWord(static_cast<uint16_t>(plan.split.join(tables.commonest, 0))), // order-7
        isLong(tables.longest > 14) {
    bool wide = plan.split.wordBits == 16 && plan.split.signBits == 1;
    split = wide && plan.split.symbolBits == 10 ? kernels.split6 : nullptr;
    usesPairVectors = tables.pairVectors && kernels.splitPairs;
    laneStarts.reserve(panelRows + 1);
  }

  bool run() {
    for (uint64_t number = 0; number < streamUnitCount(plan, words.rows); ++number) {
      unit = streamUnit(plan, words.rows, number);
      storeWord(out.code.data() + number * 4,
                static_cast<uint32_t>(out.code.size() / 4)); // prefix-3
      if (!encodeUnit())
        return false;
    }
    return true;
  }

private:
  bool encodeUnit() {
    records.clear();
    laneStarts.clear();
    missing = false;
    if (plan.format.escapes == Escapes::Rows64)
      findRuns();
    uint64_t most =
        uint64_t(lanesOf(unit)) * codeWordsOf(unit, tables.codeSymbols) * tables.longest;
    if (streamBytes < most / 8 + 16) {
      streamBytes = most / 8 + 16;
      stream = std::make_unique_for_overwrite<uint8_t[]>(streamBytes);
    }
    BitWriter writer(stream.get());
    unit.layout == Layout::RowMajor ? encodeRowUnit(writer) : encodeFragmentUnit(writer);
    laneStarts.push_back(static_cast<uint32_t>(writer.bits()));
    if (missing)
      return false;
    if (plan.format.escapes == Escapes::Patch)
      std::sort(records.begin(), records.end()); // escape-1
    out.escapes += records.size() / escapeRecordU32(plan.format);
    auto used = std::span<const uint8_t>(stream.get(), (writer.bits() + 7) / 8);
    return appendStreamUnit(plan, laneStarts, records, used, out.code);
  }

  //===--- Rows ---------------------------------------------------------===//

  /// Columns of a row with its padding: whole fixed units, or whole pairs.
  uint32_t stagedColumns() const {
    return static_cast<uint32_t>(
        roundUp(unit.columns, unit.layout == Layout::RowMajor ? 2 : fixedUnitColumns));
  }
  const uint16_t *wordsOf(uint32_t row) const {
    return words.row(unit.firstRow + row) + unit.firstColumn;
  }

  /// A row's words as they are coded, with padding up to stagedColumns(): `copy`, or the row
  /// itself.
  const uint16_t *stageRow(uint32_t row, uint16_t *copy) const {
    uint32_t staged = stagedColumns();
    if (row >= unit.rows) {
      std::fill_n(copy, staged, paddingWord);
      return copy;
    }
    const uint16_t *own = wordsOf(row);
    const bool *runs = escapedRuns ? escapedRuns.get() + row * unit.runs() : nullptr;
    bool hasRuns = runs && std::find(runs, runs + unit.runs(), true) != runs + unit.runs();
    if (staged == unit.columns && !hasRuns)
      return own;
    std::copy_n(own, unit.columns, copy);
    std::fill(copy + unit.columns, copy + staged, paddingWord);
    // escape-3: the code beneath a run is the commonest symbol's, the raw
    // fields are its own.
    for (uint32_t column = 0; hasRuns && column < unit.columns; ++column)
      if (runs[column / escapeRunColumns])
        copy[column] = static_cast<uint16_t>(
            plan.split.join(tables.commonest, plan.split.rawOf(copy[column])));
    return copy;
  }

  /// Runs with an element that takes an escape, and their records.
  void findRuns() {
    if (!escapedRuns)
      escapedRuns = std::make_unique<bool[]>(panelRows * (streamUnitColumns / escapeRunColumns));
    std::fill_n(escapedRuns.get(), panelRows * (streamUnitColumns / escapeRunColumns), false);
    for (uint32_t row = 0; row < unit.rows; ++row) {
      const PrefixClass &of = context.classOf(unit, row);
      const uint16_t *own = wordsOf(row);
      for (uint32_t column = 0; column < unit.columns; column += tables.codeSymbols)
        if (escapesAt(of, own, column))
          escapedRuns[row * unit.runs() + column / escapeRunColumns] = true;
      for (uint32_t run = 0; run < unit.runs(); ++run)
        if (escapedRuns[row * unit.runs() + run])
          appendRunRecord(plan, unit, words, row, run, records);
    }
  }
  /// Whether an existing element of the code word at `column` takes an escape.
  bool escapesAt(const PrefixClass &of, const uint16_t *row, uint32_t column) const {
    uint32_t first = plan.split.symbolOf(row[column]);
    if (tables.codeSymbols == 1)
      return of.encode[first] & encode_entry::firstEscapes;
    bool both = column + 1 < unit.columns;
    uint32_t second = both ? plan.split.symbolOf(row[column + 1]) : tables.commonest;
    uint32_t entry = of.encode[tables.numbers[first] + tables.pairStride * tables.numbers[second]];
    uint32_t wanted = encode_entry::firstEscapes | (both ? encode_entry::secondEscapes : 0);
    return entry & wanted;
  }

  //===--- Escapes ------------------------------------------------------===//

  void noteElement(ElementCoordinate at) {
    if (plan.format.escapes == Escapes::Patch && existsInUnit(unit, at))
      records.push_back(positionInUnit(unit, at) << 16 | wordsOf(at.row)[at.column]); // escape-1
  }
  static void note(void *self, uint32_t element, const uint32_t *entries, uint32_t count) {
    auto &encoder = *static_cast<PanelEncoder *>(self);
    uint32_t codeSymbols = encoder.tables.codeSymbols;
    for (uint32_t i = 0; i < count; ++i, element += codeSymbols) {
      encoder.missing |= (entries[i] & encode_entry::noCode) != 0;
      if (entries[i] & encode_entry::firstEscapes)
        encoder.noteElement(coordinateInLane(encoder.unit, encoder.lane, element));
      if (entries[i] & encode_entry::secondEscapes)
        encoder.noteElement(coordinateInLane(encoder.unit, encoder.lane, element + 1));
    }
  }

  //===--- fragment -----------------------------------------------------===//

  void encodeFragmentUnit(BitWriter &writer) {
    const uint32_t groups = stagedColumns() / fixedUnitColumns;
    const size_t stripStride = groups * fixedUnitColumns;
    const size_t unitBytes = size_t(unitBitBytes) * plan.split.rawBits();
    const size_t groupBytes = unitBytes * divideUp(words.rows, stripRows); // order-4
    uint8_t *raw = out.raw.data() + unit.firstColumn / fixedUnitColumns * groupBytes +
                   unit.firstRow / stripRows * unitBytes;
    for (uint32_t g = 0; g < 8; ++g) {
      for (uint32_t strip = 0; strip < unit.strips; ++strip) {
        uint32_t row = strip * stripRows + g;
        const uint16_t *a = stageRow(row, copies[0]), *b = stageRow(row + 8, copies[1]);
        if (usesPairVectors)
          splitPairs(strip, {tables.pairVectors.get(), a, b, raw + strip * unitBytes, groupBytes, g,
                             groups, joined + strip * groups * 16, escapesFound});
        else
          splitRows({&plan.split, chunks, a, b, raw + strip * unitBytes, groupBytes, g, groups,
                     low + strip * stripStride, high + strip * stripStride});
      }
      for (uint32_t t = 0; t < 4; ++t) {
        lane = 4 * g + t;
        laneStarts.push_back(static_cast<uint32_t>(writer.bits()));
        usesPairVectors ? putJoined(t, groups, writer) : putLane(g, t, stripStride, writer);
      }
    }
  }

  void splitRows(const SplitJob &job) {
    split ? split(job) : splitRowsPortable(job);
    if (tables.codeSymbols == 2)
      for (uint32_t i = 0; i < job.groups * fixedUnitColumns; ++i) {
        job.symbolsLow[i] = tables.numbers[job.symbolsLow[i]];
        job.symbolsHigh[i] = tables.numbers[job.symbolsHigh[i]];
      }
  }

  void splitPairs(uint32_t strip, const PairSplitJob &job) {
    uint32_t found = kernels.splitPairs(job);
    for (uint32_t i = 0; i < found; ++i) {
      uint32_t row = strip * stripRows + job.rowInStrip + (job.escapes[i] & 1) * 8;
      noteElement({row, job.escapes[i] >> 1});
    }
    missing |= found && !tables.escapes;
  }

  void putLane(uint32_t g, uint32_t t, size_t stripStride, BitWriter &writer) {
    const uint32_t *codes[maxStrips * 2];
    for (uint32_t strip = 0; strip < unit.strips; ++strip) {
      codes[strip * 2] = context.classOf(unit, strip * stripRows + g).encode.data();
      codes[strip * 2 + 1] = context.classOf(unit, strip * stripRows + g + 8).encode.data();
    }
    LaneCodeJob job{low + 2 * t, high + 2 * t,      stripStride, codes, unit.strips, unit.blocks,
                    0,           tables.pairStride, note,        this};
    (tables.codeSymbols == 1 ? kernels.fragmentCodeSingle
                             : kernels.fragmentCodePair)[isLong](job, writer);
  }

  /// Four code words of a block are one u64, its length in the highest byte.
  void putJoined(uint32_t t, uint32_t groups, BitWriter &writer) {
    BitWriter local = writer;
    for (uint32_t strip = 0; strip < unit.strips; ++strip) {
      const uint64_t *from = joined + strip * groups * 16 + 2 * t;
      uint32_t block = 0;
      auto put = [&](uint32_t i) __attribute__((always_inline)) {
        uint64_t codes = from[(i & 1) + (i >> 1) * 8];
        local.put(codes & ((1ull << 48) - 1), codes >> 56);
      };
      for (; block + 4 <= unit.blocks; block += 4, from += 16)
        put(0), put(1), put(2), put(3);
      for (uint32_t i = 0; block < unit.blocks; ++block, ++i)
        put(i);
    }
    writer = local;
  }

  //===--- row_major ----------------------------------------------------===//

  void encodeRowUnit(BitWriter &writer) {
    const uint64_t rawRow = rowBytes(words.columns, chunks);
    for (lane = 0; lane < unit.rows; ++lane) {
      laneStarts.push_back(static_cast<uint32_t>(writer.bits()));
      const uint16_t *row = stageRow(lane, copies[0]);
      splitRowFields({&plan.split, chunks, row, out.raw.data() + (unit.firstRow + lane) * rawRow,
                      words.columns, unit.firstColumn, unit.columns, stagedColumns(), low, high});
      if (tables.codeSymbols == 2)
        for (uint32_t i = 0; i < stagedColumns(); ++i)
          low[i] = tables.numbers[low[i]];
      const uint32_t *codes = context.classOf(unit, lane).encode.data();
      LaneCodeJob job{
          low,  nullptr, 0, &codes, 0, 0, codeWordsOf(unit, tables.codeSymbols), tables.pairStride,
          note, this};
      (tables.codeSymbols == 1 ? kernels.rowCodeSingle : kernels.rowCodePair)[isLong](job, writer);
    }
  }

  const CodingPlan &plan;
  const PrefixTables &tables;
  const PrefixContext &context;
  const PrefixKernels &kernels;
  PanelWords words;
  EncodedPanel &out;
  std::vector<uint32_t> chunks;
  uint16_t paddingWord;
  bool isLong;
  void (*split)(const SplitJob &);
  bool usesPairVectors;

  /// Of the unit and lane at hand.
  PanelUnit unit;
  uint32_t lane = 0;
  bool missing = false;
  std::vector<uint32_t> records, laneStarts;
  std::unique_ptr<uint8_t[]> stream;
  uint64_t streamBytes = 0;
  std::unique_ptr<bool[]> escapedRuns;
  alignas(64) uint16_t copies[2][streamUnitColumns];
  alignas(64) uint16_t low[maxStripColumns], high[maxStripColumns];
  alignas(64) uint64_t joined[maxStripColumns / fixedUnitColumns * 16];
  uint32_t escapesFound[2 * streamUnitColumns];
};

} // namespace

bool uwt::encodePanelFast(const PrefixContext &context, const PrefixKernels &kernels,
                          PanelWords words, EncodedPanel &out) {
  return PanelEncoder(context, kernels, words, out).run();
}
