//===- AnsPanels.cpp - Panels of interleaved lanes ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Panels to words and back: units of a panel or of several are decoded together, and
// the reference decodes again what a fast path finds wrong.
//
//===----------------------------------------------------------------------===//

#include "../Fixed/FieldPlane.h"
#include "../Prefix/StreamFields.h"
#include "../Scales.h"
#include "AnsStream.h"
#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

using namespace uwt;

static AnsContext ansContextOf(const CodingPlan &plan, const AnsTables &tables,
                               const PanelContext &context, uint32_t rows) {
  std::span<const uint8_t> ofRows = context.rows;
  return {plan, tables, {ofRows.first(std::min<size_t>(ofRows.size(), rows)), context.columns}};
}

/// Columns of a unit whose symbols lie in scratch rows at a time, from column `begin` on.
static PanelUnit columnsOf(PanelUnit unit, uint32_t begin) {
  unit.firstColumn += begin;
  unit.columns = std::min(unit.columns - begin, streamUnitColumns);
  unit.blocks = static_cast<uint32_t>(divideUp(unit.columns, blockColumns));
  return unit;
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

namespace {

/// A path that this machine can run, or the best one below it.
DecodeAnsRun decodeRunOf(CodePath path) {
  SimdLevel host = hostSimdLevel();
  if (path == CodePath::Avx512 && host >= SimdLevel::Avx512)
    return decodeAnsRunAvx512;
  if (path >= CodePath::Avx2 && host >= SimdLevel::Avx2)
    return decodeAnsRunAvx2;
  return decodeAnsRunPortable;
}

/// The stream of a unit that is being decoded, up to the end of what may be read.
class AnsUnitReader {
public:
  /// `tail` is the number of bytes behind `code` that may be read.
  bool open(const AnsContext &context, std::span<const uint8_t> code, size_t tail, uint32_t rows,
            uint64_t number, AnsRunJob &job) {
    if (!readAnsUnit(context.plan, code, rows, number, view))
      return false;
    std::ranges::copy(view.states, job.states);
    job.escapes = 0;
    origin = view.wordsBegin * 2;
    begin = job.next = code.data() + origin;
    end = code.data() + code.size() + tail;
    isPadded = false;
    return true;
  }

  /// Makes sure that a run may be read from `next`: the last words move to where zeros follow
  /// them, so that what takes too many of them ends elsewhere. False where they all have been
  /// taken.
  bool prepareRun(const uint8_t *&next) {
    if (next <= end && static_cast<size_t>(end - next) >= ansRunBytes)
      return true;
    if (isPadded)
      return false;
    size_t rest = next < end ? static_cast<size_t>(end - next) : 0;
    padded.assign(rest + 2 * ansRunBytes, 0);
    if (rest)
      std::memcpy(padded.data(), next, rest);
    origin += static_cast<uint64_t>(next - begin);
    begin = next = padded.data();
    end = begin + padded.size();
    isPadded = true;
    return true;
  }

  bool isSound(std::span<const uint8_t> code, const AnsRunJob &job) const {
    AnsUnitEnd last;
    last.position = (origin + static_cast<uint64_t>(job.next - begin)) / 2;
    std::copy_n(job.states, ansLanes, last.states.begin());
    return static_cast<bool>(checkAnsEnd(code, view, last));
  }

  AnsUnitView view;

private:
  /// Byte of the blob at which `begin` lies.
  uint64_t origin = 0;
  const uint8_t *begin = nullptr, *end = nullptr;
  std::vector<uint8_t> padded;
  bool isPadded = false;
};

/// A panel that is being decoded.
struct AnsPanel {
  AnsPanel(const CodingPlan &plan, const AnsTables &tables, std::span<const uint8_t> code,
           size_t codeTail, const PanelContext &panelContext, uint32_t rows)
      : context(ansContextOf(plan, tables, panelContext, rows)), code(code), codeTail(codeTail),
        rows(rows), units(streamUnitCount(plan, rows)) {
    for (uint32_t row = 0; row < panelRows; ++row)
      ofRows[row] = context.ofRow(row);
  }

  AnsContext context;
  std::span<const uint8_t> code;
  size_t codeTail;
  uint32_t rows;
  uint64_t units;
  uint32_t ofRows[panelRows];
  uint64_t escapes = 0;
};

/// A unit of a panel.
struct AnsPanelUnit {
  AnsPanel *panel;
  uint64_t number;
};

/// Decodes units together: their chains of multiplications and lookups do not wait for each other.
class AnsUnitsDecoder {
public:
  explicit AnsUnitsDecoder(CodePath path)
      : decodeRun(decodeRunOf(path)), symbols(std::make_unique_for_overwrite<uint16_t[]>(
                                          maxAnsJobs * stripRows * scratchStride)) {}

  /// Decodes up to maxAnsJobs units of the same rows and columns, and hands the parts of the i-th
  /// to `take(i, part, symbols)`: its strips, streamUnitColumns at a time, with top-aligned symbols
  /// in scratch rows. False where a unit is damaged.
  template <typename Take> bool decode(std::span<const AnsPanelUnit> units, Take take) {
    for (size_t i = 0; i < units.size(); ++i)
      if (!open(units[i], i))
        return false;
    const PanelUnit &unit = readers[0].view.unit;
    AnsRuns runs(unit);
    uint32_t row = 0, column = 0;
    auto takeParts = [&] {
      for (uint32_t i = 0; i < units.size(); ++i)
        take(i, partOf(readers[i].view.unit, row, column), symbolsOf(i));
    };
    for (uint32_t k = 0; k < runs.size(); ++k) {
      AnsRun run = runs[k];
      uint32_t runRow = run.row / stripRows * stripRows;
      uint32_t runColumn = run.column / streamUnitColumns * streamUnitColumns;
      if (runRow != row || runColumn != column)
        takeParts();
      row = runRow;
      column = runColumn;
      if (!decodeOne(units, run, row, column))
        return false;
    }
    for (size_t i = 0; i < units.size(); ++i) {
      if (!readers[i].isSound(units[i].panel->code, jobs[i]))
        return false;
      units[i].panel->escapes += jobs[i].escapes;
    }
    if (runs.size())
      takeParts();
    return true;
  }

private:
  static PanelUnit partOf(PanelUnit unit, uint32_t row, uint32_t column) {
    unit.firstRow += row;
    unit.rows = std::min(unit.rows - row, stripRows);
    unit.strips = 1;
    return columnsOf(unit, column);
  }
  uint16_t *symbolsOf(size_t i) { return symbols.get() + i * stripRows * scratchStride; }

  bool open(const AnsPanelUnit &unit, size_t i) {
    const AnsPanel &panel = *unit.panel;
    jobs[i].ofTensor = &panel.context.tables;
    jobs[i].stride = scratchStride;
    return readers[i].open(panel.context, panel.code, panel.codeTail, panel.rows, unit.number,
                           jobs[i]);
  }

  /// A run of all units, whose symbols go to the part that begins at `row` and `column`.
  bool decodeOne(std::span<const AnsPanelUnit> units, const AnsRun &run, uint32_t row,
                 uint32_t column) {
    for (size_t i = 0; i < units.size(); ++i) {
      const AnsPanel &panel = *units[i].panel;
      const PanelUnit &unit = readers[i].view.unit;
      jobs[i].ofRows = panel.ofRows + unit.firstRow + run.row;
      jobs[i].ofColumns = panel.context.ofColumns(unit.firstColumn + run.column);
      jobs[i].symbols = symbolsOf(i) + (run.row - row) * scratchStride + run.column - column;
      if (!readers[i].prepareRun(jobs[i].next))
        return false;
    }
    return decodeRun({jobs, units.size()}, run);
  }

  DecodeAnsRun decodeRun;
  std::unique_ptr<uint16_t[]> symbols;
  AnsUnitReader readers[maxAnsJobs];
  AnsRunJob jobs[maxAnsJobs];
};

/// Decodes units of the same columns and height together: strips of a panel, or units of panels
/// that are alike. `take(panel, part, symbols)` as of AnsUnitsDecoder, with the panel's index.
template <typename Take> bool decodeFast(std::span<AnsPanel> panels, CodePath path, Take take) {
  AnsUnitsDecoder decoder(path);
  const CodingPlan &plan = panels[0].context.plan;
  const uint64_t groups = divideUp(plan.matrix.columns, streamUnitWidth(plan));
  std::array<AnsPanelUnit, maxAnsJobs> units;
  uint32_t count = 0, height = 0;
  auto decodeUnits = [&] {
    bool isDecoded =
        decoder.decode(std::span(units).first(count),
                       [&](uint32_t i, const PanelUnit &part, const uint16_t *symbols) {
                         take(static_cast<size_t>(units[i].panel - panels.data()), part, symbols);
                       });
    count = 0;
    return isDecoded;
  };
  for (uint64_t group = 0; group < groups; ++group) {
    for (AnsPanel &panel : panels)
      for (uint64_t number = group; number < panel.units; number += groups) {
        uint32_t rows = streamUnit(plan, panel.rows, number).rows;
        if ((count == maxAnsJobs || (count && rows != height)) && !decodeUnits())
          return false;
        units[count++] = {&panel, number};
        height = rows;
      }
    if (count && !decodeUnits())
      return false;
  }
  return true;
}

template <typename Take> Status decodeReference(AnsPanel &panel, Take take) {
  const CodingPlan &plan = panel.context.plan;
  panel.escapes = 0;
  std::vector<uint16_t> symbols(size_t(panelRows) * scratchStride);
  for (uint64_t number = 0; number < panel.units; ++number) {
    AnsUnitView view;
    UWT_RETURN_IF_ERROR(readAnsUnit(plan, panel.code, panel.rows, number, view));
    size_t stride = view.unit.columns;
    std::vector<uint16_t> all(view.unit.rows * stride);
    UWT_RETURN_IF_ERROR(
        decodeAnsUnitReference(panel.context, view, panel.code, all.data(), stride, panel.escapes));
    for (uint32_t begin = 0; begin < view.unit.columns; begin += streamUnitColumns) {
      PanelUnit part = columnsOf(view.unit, begin);
      for (uint32_t row = 0; row < part.rows; ++row)
        std::copy_n(all.data() + row * stride + begin, part.columns,
                    symbols.data() + row * scratchStride);
      take(part, symbols.data());
    }
  }
  return ok();
}

} // namespace

Status uwt::decodeAns(const CodingPlan &plan, const AnsTables &tables, const CodedPanel &panel,
                      const PanelContext &context, CodePath path, MutablePanelWords out) {
  StreamPanel one = {panel, context, out};
  if (path != CodePath::Reference && decodeAnsTogether(plan, tables, {&one, 1}, path))
    return ok();
  // What a fast path finds wrong the reference decodes again, and words.
  FieldJoiner fields(plan, panel.raw, path, out);
  AnsPanel decoding(plan, tables, panel.code, panel.codeTail, context, out.rows);
  UWT_RETURN_IF_ERROR(
      decodeReference(decoding, [&](const PanelUnit &part, const uint16_t *symbols) {
        fields.join(part, symbols);
      }));
  if (plan.format.hasScales())
    makeAbsolute(plan, context, out);
  return ok();
}

uint32_t uwt::ansPanelsTogether(const CodingPlan &plan) {
  uint64_t groups = divideUp(plan.matrix.columns, streamUnitWidth(plan));
  return streamUnitCount(plan, panelRows) == groups ? maxAnsJobs : 1;
}

bool uwt::decodeAnsTogether(const CodingPlan &plan, const AnsTables &tables,
                            std::span<const StreamPanel> panels, CodePath path) {
  {
    std::array<std::optional<FieldJoiner>, maxAnsJobs> fields;
    std::vector<AnsPanel> decoding;
    decoding.reserve(panels.size());
    for (const StreamPanel &panel : panels) {
      fields[decoding.size()].emplace(plan, panel.coded.raw, path, panel.out);
      decoding.emplace_back(plan, tables, panel.coded.code, panel.coded.codeTail, panel.context,
                            panel.out.rows);
    }
    auto join = [&](size_t i, const PanelUnit &part, const uint16_t *symbols) {
      fields[i]->join(part, symbols);
    };
    if (!decodeFast(decoding, path, join))
      return false;
  }
  if (plan.format.hasScales())
    for (const StreamPanel &panel : panels)
      makeAbsolute(plan, panel.context, panel.out);
  return true;
}

uint64_t uwt::countAnsEscapes(const CodingPlan &plan, const AnsTables &tables, uint32_t rows,
                              const PanelContext &context, std::span<const uint8_t> code) {
  AnsPanel panel(plan, tables, code, /*codeTail=*/0, context, rows);
  auto ignore = [](const PanelUnit &, const uint16_t *) {};
  if (decodeFast(
          std::span(&panel, 1), bestCodePath(),
          [&](size_t, const PanelUnit &part, const uint16_t *symbols) { ignore(part, symbols); }))
    return panel.escapes;
  return decodeReference(panel, ignore) ? panel.escapes : 0;
}

Status uwt::decodeAnsRow(const CodingPlan &plan, const AnsTables &tables, const CodedPanel &panel,
                         const PanelContext &context, uint32_t panelRowCount, uint32_t row,
                         std::span<uint16_t> out) {
  // The state of a lane is known once all before it have been decoded.
  std::vector<uint16_t> words(panelRowCount * out.size());
  UWT_RETURN_IF_ERROR(decodeAns(plan, tables, panel, context, bestCodePath(),
                                {words.data(), out.size(), panelRowCount, out.size()}));
  std::copy_n(words.begin() + static_cast<ptrdiff_t>(row * out.size()), out.size(), out.begin());
  return ok();
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

namespace {

/// A path that this machine can run, or the best one below it.
EncodeAnsRun encodeRunOf(CodePath path) {
  bool isWide = path == CodePath::Avx512 && hostSimdLevel() >= SimdLevel::Avx512;
  return isWide ? encodeAnsRunAvx512 : encodeAnsRunPortable;
}

/// A panel that is being encoded, unit by unit in any order.
class AnsPanelEncoder {
public:
  AnsPanelEncoder(const CodingPlan &plan, const AnsTables &tables, const PanelToEncode &panel,
                  CodePath path)
      : context(ansContextOf(plan, tables, panel.context, panel.words.rows)), out(*panel.out),
        units(streamUnitCount(plan, panel.words.rows)), words(relativeOf(panel)),
        fields(plan, words, path, out.raw) {
    out.patch.clear();
    out.counts.clear();
    out.escapes = 0;
    out.overflow = false;
    for (uint32_t row = 0; row < panelRows; ++row)
      ofRows[row] = context.ofRow(row);
  }

  PanelUnit unit(uint64_t number) const { return streamUnit(context.plan, words.rows, number); }

  /// Stores the raw fields of a unit, and its symbols in rows of `stride`.
  void split(const PanelUnit &unit, uint16_t *symbols, size_t stride, uint16_t *scratch) {
    if (stride == scratchStride)
      return fields.split(unit, symbols);
    for (uint32_t begin = 0; begin < unit.columns; begin += streamUnitColumns) {
      PanelUnit columns = columnsOf(unit, begin);
      fields.split(columns, scratch);
      for (uint32_t row = 0; row < unit.rows; ++row)
        std::copy_n(scratch + row * scratchStride, columns.columns,
                    symbols + size_t(row) * stride + begin);
    }
  }

  bool encodeReference() {
    for (uint64_t number = 0; number < units.size(); ++number)
      if (!encodeAnsUnitReference(context, unit(number), words, out.escapes, units[number]))
        return false;
    return true;
  }

  /// What units have become, one after another behind the list of where they start (ans-6).
  void finish() {
    out.code.assign(units.empty() ? 0 : (units.size() - 1) * 4, 0);
    for (size_t i = 0; i < units.size(); ++i) {
      if (i)
        storeWord(out.code.data() + (i - 1) * 4, static_cast<uint32_t>(out.code.size() / 2));
      out.code.insert(out.code.end(), units[i].begin(), units[i].end());
    }
    out.code.resize(roundUp(out.code.size(), 16));
  }

  AnsContext context;
  EncodedPanel &out;
  std::vector<std::vector<uint8_t>> units;
  uint32_t ofRows[panelRows];

private:
  PanelWords relativeOf(const PanelToEncode &panel) {
    if (!context.plan.format.hasScales())
      return panel.words;
    makeRelative(context.plan, panel.context, panel.words, relative);
    return {relative.data(), panel.words.columns, panel.words.rows, panel.words.columns};
  }

  std::vector<uint16_t> relative;
  PanelWords words;
  FieldSplitter fields;
};

/// A unit of a panel.
struct AnsUnitToEncode {
  AnsPanelEncoder *panel;
  uint64_t number;
};

/// Encodes units together, as AnsUnitsDecoder decodes them.
class AnsUnitsEncoder {
public:
  explicit AnsUnitsEncoder(CodePath path) : encodeRun(encodeRunOf(path)) {}

  /// Encodes up to maxAnsJobs units of the same rows and columns; false where a symbol cannot be
  /// coded.
  bool encode(std::span<const AnsUnitToEncode> units) {
    const PanelUnit shape = units[0].panel->unit(units[0].number);
    prepare(shape);
    for (size_t i = 0; i < units.size(); ++i)
      open(units[i], i);
    AnsRuns runs(shape);
    for (uint32_t k = runs.size(); k-- > 0;)
      if (!encodeOne(units, runs[k]))
        return false;
    for (size_t i = 0; i < units.size(); ++i) {
      const uint16_t *end = words.get() + (i + 1) * wordsOfUnit;
      appendAnsUnit({jobs[i].states, ansLanesOf(shape)}, {jobs[i].next, end},
                    units[i].panel->units[units[i].number]);
      units[i].panel->out.escapes += jobs[i].escapes;
    }
    return true;
  }

private:
  /// Makes room for units of this shape.
  void prepare(const PanelUnit &unit) {
    // A word and an escape an element.
    wordsOfUnit = size_t(unit.rows) * unit.columns * 2;
    stride = unit.columns <= streamUnitColumns ? scratchStride : unit.columns;
    symbolsOfUnit = roundUp(unit.rows, stripRows) * stride;
    size_t size = std::max(wordsOfUnit, symbolsOfUnit) * maxAnsJobs;
    if (size <= room)
      return;
    room = size;
    words = std::make_unique_for_overwrite<uint16_t[]>(room);
    symbols = std::make_unique_for_overwrite<uint16_t[]>(room);
    scratch = std::make_unique_for_overwrite<uint16_t[]>(size_t(panelRows) * scratchStride);
  }

  void open(const AnsUnitToEncode &of, size_t i) {
    PanelUnit unit = of.panel->unit(of.number);
    of.panel->split(unit, symbols.get() + i * symbolsOfUnit, stride, scratch.get());
    firstRows[i] = unit.firstRow;
    firstColumns[i] = unit.firstColumn;
    jobs[i].ofTensor = &of.panel->context.tables;
    jobs[i].stride = stride;
    jobs[i].escapes = 0;
    jobs[i].next = words.get() + (i + 1) * wordsOfUnit;
    std::ranges::fill(jobs[i].states, 0);
  }

  bool encodeOne(std::span<const AnsUnitToEncode> units, const AnsRun &run) {
    for (size_t i = 0; i < units.size(); ++i) {
      const AnsPanelEncoder &panel = *units[i].panel;
      jobs[i].ofRows = panel.ofRows + firstRows[i] + run.row;
      jobs[i].ofColumns = panel.context.ofColumns(firstColumns[i] + run.column);
      jobs[i].symbols = symbols.get() + i * symbolsOfUnit + run.row * stride + run.column;
      if (!beginAnsLanes(jobs[i], run))
        return false;
    }
    return encodeRun({jobs, units.size()}, run);
  }

  EncodeAnsRun encodeRun;
  size_t wordsOfUnit = 0, symbolsOfUnit = 0, stride = 0, room = 0;
  std::unique_ptr<uint16_t[]> words, symbols, scratch;
  uint32_t firstRows[maxAnsJobs];
  uint64_t firstColumns[maxAnsJobs];
  AnsEncodeJob jobs[maxAnsJobs];
};

/// Units of the same columns and height together; false where a symbol of one cannot be coded.
bool encodeFast(std::span<const std::unique_ptr<AnsPanelEncoder>> panels, CodePath path) {
  AnsUnitsEncoder encoder(path);
  const CodingPlan &plan = panels[0]->context.plan;
  const uint64_t groups = divideUp(plan.matrix.columns, streamUnitWidth(plan));
  std::vector<AnsUnitToEncode> units;
  auto encodeUnits = [&] {
    bool isEncoded = units.empty() || encoder.encode(units);
    units.clear();
    return isEncoded;
  };
  uint32_t height = 0;
  for (uint64_t group = 0; group < groups; ++group) {
    for (const std::unique_ptr<AnsPanelEncoder> &panel : panels)
      for (uint64_t number = group; number < panel->units.size(); number += groups) {
        uint32_t rows = panel->unit(number).rows;
        if ((units.size() == maxAnsJobs || rows != height) && !encodeUnits())
          return false;
        units.push_back({panel.get(), number});
        height = rows;
      }
    if (!encodeUnits())
      return false;
  }
  return true;
}

} // namespace

void uwt::encodeAns(const CodingPlan &plan, const AnsTables &tables, PanelWords words,
                    const PanelContext &context, CodePath path, EncodedPanel &out) {
  PanelToEncode panel = {words, context, &out};
  encodeAnsTogether(plan, tables, {&panel, 1}, path);
}

void uwt::encodeAnsTogether(const CodingPlan &plan, const AnsTables &tables,
                            std::span<const PanelToEncode> panels, CodePath path) {
  std::vector<std::unique_ptr<AnsPanelEncoder>> encoders;
  for (const PanelToEncode &panel : panels)
    encoders.push_back(std::make_unique<AnsPanelEncoder>(plan, tables, panel, path));
  bool isEncoded = path == CodePath::Reference
                       ? std::ranges::all_of(encoders, &AnsPanelEncoder::encodeReference)
                       : encodeFast(encoders, path);
  if (!isEncoded && panels.size() > 1) {
    for (const PanelToEncode &panel : panels)
      encodeAnsTogether(plan, tables, {&panel, 1}, path);
    return;
  }
  for (const std::unique_ptr<AnsPanelEncoder> &encoder : encoders) {
    encoder->out.overflow = !isEncoded;
    encoder->finish();
  }
}
