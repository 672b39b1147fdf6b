//===- AnsStream.cpp - Panels of interleaved lanes ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tables of a tensor and the frame of a panel: the blob with its units' starts,
// the states that begin a unit, and the choice between reference and fast paths.
//
//===----------------------------------------------------------------------===//

#include "AnsStream.h"
#include "../Fixed/FieldPlane.h"
#include "../Prefix/StreamFields.h"
#include "../Scales.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

void AnsTablesDeleter::operator()(AnsTables *tables) const { delete tables; }

AnsTablesPtr uwt::makeAnsTables(const CodingPlan &plan) {
  return AnsTablesPtr(new AnsTables(plan));
}

static AnsSymbol ansSymbol(uint32_t frequency, uint32_t start, uint32_t frequencyBits) {
  uint64_t one = uint64_t(1) << (32 + frequencyBits);
  return {frequency, start, frequency ? divideUp(one, frequency) : 0};
}

/// Sets an entry's symbol, or all symbols of its group.
static void setSymbols(AnsSymbol entry, uint16_t first, uint32_t groupBits,
                       std::span<AnsSymbol> table) {
  entry.groupBits = static_cast<uint8_t>(groupBits);
  for (uint32_t i = 0; i < 1u << groupBits; ++i) {
    entry.inGroup = static_cast<uint8_t>(i);
    table[first + i] = entry;
  }
}

AnsTables::AnsTables(const CodingPlan &plan)
    : split(plan.split), frequencyBits(plan.traits.frequencyBits), groupBits(plan.traits.groupBits),
      groups(plan.model.groups), tables(static_cast<uint32_t>(plan.model.weights.size())),
      symbols(plan.model.symbols), encode(size_t(tables) << split.symbolBits) {
  for (size_t i = 0; i < symbols.size(); ++i)
    topSymbols[i] = static_cast<uint16_t>(symbols[i] << (16 - split.symbolBits));
  isContiguous = symbols.empty() || symbols.back() - symbols.front() + 1u == symbols.size();
  decode.reserve(size_t(tables) << frequencyBits);
  for (uint32_t c = 0; c < tables; ++c) {
    // ans-2: entries take their frequencies one after another.
    std::vector<uint32_t> frequencies = ansFrequencies(plan.model.weights[c], frequencyBits);
    std::vector<AnsSymbol> entries;
    uint32_t start = 0;
    appendAnsEntries(frequencies, decode);
    for (uint32_t frequency : frequencies) {
      entries.push_back(ansSymbol(frequency, start, frequencyBits));
      start += frequency;
    }
    AnsSymbol escape = entries.back();
    escape.isEscape = true;
    std::span<AnsSymbol> table(encode.data() + (size_t(c) << split.symbolBits),
                               size_t(1) << split.symbolBits);
    std::ranges::fill(table, escape);
    for (size_t i = 0; i < symbols.size(); ++i)
      if (entries[i].frequency) // ans-7
        setSymbols(entries[i], symbols[i], i >= firstGroup() ? groupBits : 0, table);
  }
}

uint32_t uwt::leastStateBefore(const AnsSymbol &symbol, uint32_t frequencyBits, uint32_t least) {
  uint32_t high = least >> frequencyBits, low = least & ((1u << frequencyBits) - 1);
  uint32_t offset = low < symbol.start ? 0 : std::min(low - symbol.start, symbol.frequency);
  // What codes to `least` is this, of which the lowest bits are those of the symbol in its group.
  uint32_t before = high * symbol.frequency + offset;
  return (before - symbol.inGroup + (1u << symbol.groupBits) - 1) >> symbol.groupBits;
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

static Error damagedUnit(uint64_t number, const std::string &what) {
  return invalidError("unit " + std::to_string(number) + ": " + what + ": the panel is damaged");
}

/// Where unit `number` starts, in u16: behind the list of all starts but the first (ans-6).
static uint64_t startOf(std::span<const uint8_t> code, uint64_t units, uint64_t number) {
  return number ? loadWord(code.data() + (number - 1) * 4) : (units - 1) * 2;
}

/// ans-6: four bits a lane say how many bits its state has, then come those below the highest one.
static Status readStates(std::span<const uint8_t> code, AnsUnitView &view) {
  uint64_t bit = view.wordsBegin * 16, last = view.end * 16;
  uint32_t lanes = ansLanesOf(view.unit);
  auto take = [&](uint32_t count) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < count; ++i, ++bit)
      if (bit < last)
        value |= uint32_t(code[bit / 8] >> bit % 8 & 1) << i;
    return value;
  };
  std::array<uint32_t, ansLanes> lengths{};
  for (uint32_t lane = 0; lane < lanes; ++lane)
    lengths[lane] = 16 + take(4);
  for (uint32_t lane = 0; lane < lanes; ++lane)
    view.states[lane] = 1u << lengths[lane] | take(lengths[lane]);
  uint64_t begin = divideUp(bit, 16);
  if (begin > view.end)
    return damagedUnit(view.number,
                       "its states end at byte " + std::to_string(begin * 2) + ", behind its end");
  if (take(static_cast<uint32_t>(begin * 16 - bit)) != 0)
    return damagedUnit(view.number, "padding after its states is not zero");
  view.wordsBegin = begin;
  return ok();
}

Status uwt::readAnsUnit(const CodingPlan &plan, std::span<const uint8_t> code, uint32_t rows,
                        uint64_t number, AnsUnitView &view) {
  uint64_t units = streamUnitCount(plan, rows), size = code.size() / 2;
  if ((units - 1) * 2 > size)
    return damagedUnit(number, "the list of units ends behind its blob");
  view.unit = streamUnit(plan, rows, number);
  view.number = number;
  view.states = {};
  view.wordsBegin = startOf(code, units, number);
  view.isLast = number + 1 == units;
  view.end = view.isLast ? size : startOf(code, units, number + 1);
  if (view.wordsBegin < (units - 1) * 2 || view.wordsBegin > view.end || view.end > size)
    return damagedUnit(number, "it takes bytes " + std::to_string(view.wordsBegin * 2) + " to " +
                                   std::to_string(view.end * 2) + " of a blob of " +
                                   std::to_string(code.size()));
  return readStates(code, view);
}

Status uwt::checkAnsEnd(std::span<const uint8_t> code, const AnsUnitView &view,
                        const AnsUnitEnd &end) {
  for (uint32_t lane = 0; lane < ansLanesOf(view.unit); ++lane)
    if (end.states[lane] > leastAnsState)
      return damagedUnit(view.number, "lane " + std::to_string(lane) + " ends in state " +
                                          std::to_string(end.states[lane]));
  if (view.isLast && end.position <= view.end && view.end - end.position < 8) {
    auto rest = code.subspan(end.position * 2);
    if (std::ranges::all_of(rest, [](uint8_t byte) { return byte == 0; }))
      return ok();
    return damagedUnit(view.number, "padding after its words is not zero");
  }
  if (!view.isLast && end.position == view.end)
    return ok();
  return damagedUnit(view.number, "its words end at byte " + std::to_string(end.position * 2) +
                                      " of its blob, expected " + std::to_string(view.end * 2));
}

static void appendHalfWord(std::vector<uint8_t> &code, uint16_t word) {
  code.push_back(static_cast<uint8_t>(word));
  code.push_back(static_cast<uint8_t>(word >> 8));
}

void uwt::appendAnsUnit(std::span<const uint32_t> states, std::span<const uint16_t> words,
                        std::vector<uint8_t> &code) {
  uint64_t held = 0;
  uint32_t heldBits = 0;
  auto put = [&](uint32_t value, uint32_t count) {
    held |= uint64_t(value) << heldBits;
    heldBits += count;
    for (; heldBits >= 16; heldBits -= 16, held >>= 16)
      appendHalfWord(code, static_cast<uint16_t>(held));
  };
  for (uint32_t state : states)
    put(std::bit_width(state) - 17, 4);
  for (uint32_t state : states) {
    uint32_t length = std::bit_width(state) - 1;
    put(state ^ 1u << length, length);
  }
  if (heldBits)
    appendHalfWord(code, static_cast<uint16_t>(held));
  size_t begin = code.size();
  code.resize(begin + words.size() * 2);
  for (size_t i = 0; i < words.size(); ++i) {
    uint16_t word = words[words.size() - 1 - i];
    std::memcpy(code.data() + begin + 2 * i, &word, sizeof(word));
  }
}

//===----------------------------------------------------------------------===//
// Panels
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

/// The columns of a unit whose symbols are joined at a time, from column `begin` on.
PanelUnit partOf(PanelUnit unit, uint32_t begin) {
  unit.firstColumn += begin;
  unit.columns = std::min(unit.columns - begin, streamUnitColumns);
  unit.blocks = static_cast<uint32_t>(divideUp(unit.columns, blockColumns));
  return unit;
}

class AnsPanelDecoder {
public:
  AnsPanelDecoder(const AnsContext &context, std::span<const uint8_t> code, size_t codeTail,
                  CodePath path, uint32_t rows)
      : context(context), code(code), codeTail(codeTail), path(path), rows(rows),
        units(streamUnitCount(context.plan, rows)), symbols(size_t(panelRows) * scratchStride) {}

  /// Decodes all units and hands their parts with top-aligned symbols to `take(part, symbols)`; a
  /// row takes scratchStride of them. What a fast path finds wrong the reference decodes again, and
  /// words.
  template <typename Take> Status run(Take take) {
    if (path != CodePath::Reference && runFast(take))
      return ok();
    escapes = 0;
    for (uint64_t number = 0; number < units; ++number)
      UWT_RETURN_IF_ERROR(runReference(number, take));
    return ok();
  }

  uint64_t escapes = 0;

private:
  template <typename Take> Status runReference(uint64_t number, Take take) {
    AnsUnitView view;
    UWT_RETURN_IF_ERROR(readAnsUnit(context.plan, code, rows, number, view));
    size_t stride = view.unit.columns;
    std::vector<uint16_t> all(view.unit.rows * stride);
    UWT_RETURN_IF_ERROR(decodeAnsUnitReference(context, view, code, all.data(), stride, escapes));
    for (uint32_t begin = 0; begin < view.unit.columns; begin += streamUnitColumns) {
      PanelUnit part = partOf(view.unit, begin);
      for (uint32_t row = 0; row < part.rows; ++row)
        std::copy_n(all.data() + row * stride + begin, part.columns,
                    symbols.data() + row * scratchStride);
      take(part, symbols.data());
    }
    return ok();
  }

  /// Units of the same columns are decoded together, a strip each: their chains of
  /// multiplications and lookups do not wait for each other.
  template <typename Take> bool runFast(Take take) {
    uint64_t groups = divideUp(context.plan.matrix.columns, streamUnitWidth(context.plan));
    for (uint64_t group = 0; group < groups; ++group)
      for (uint64_t number = group; number < units;) {
        uint32_t count = 1;
        uint32_t height = streamUnit(context.plan, rows, number).rows;
        while (count < maxAnsJobs && number + count * groups < units &&
               streamUnit(context.plan, rows, number + count * groups).rows == height)
          ++count;
        if (!decodeTogether(number, groups, count, take))
          return false;
        number += count * groups;
      }
    return true;
  }

  /// Symbols of the i-th of the units that are decoded together; these have 16 rows each, or there
  /// is one.
  uint16_t *symbolsOf(uint32_t i) { return symbols.data() + size_t(i) * stripRows * scratchStride; }

  template <typename Take>
  bool decodeTogether(uint64_t first, uint64_t stride, uint32_t count, Take take) {
    for (uint32_t i = 0; i < count; ++i) {
      jobs[i].ofTensor = &context.tables;
      if (!readers[i].open(context, code, codeTail, rows, first + i * stride, jobs[i]))
        return false;
    }
    AnsRuns runs(readers[0].view.unit);
    uint32_t begin = 0;
    auto takeParts = [&] {
      for (uint32_t i = 0; i < count; ++i)
        take(partOf(readers[i].view.unit, begin), symbolsOf(i));
    };
    for (uint32_t i = 0; i < runs.size(); ++i) {
      AnsRun run = runs[i];
      // Only units of one strip have more columns than a part.
      if (run.column >= begin + streamUnitColumns) {
        takeParts();
        begin += streamUnitColumns;
      }
      if (!decodeRun(run, begin, count))
        return false;
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (!readers[i].isSound(code, jobs[i]))
        return false;
      escapes += jobs[i].escapes;
    }
    if (runs.size())
      takeParts();
    return true;
  }

  /// The same run of all units that are decoded together, whose part begins at column `begin`.
  bool decodeRun(const AnsRun &run, uint32_t begin, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      setLanes(run, begin, i);
      if (!readers[i].prepareRun(jobs[i].next))
        return false;
    }
    return decodeRunOf(path)({jobs, count}, run);
  }

  void setLanes(const AnsRun &run, uint32_t begin, uint32_t number) {
    AnsRunJob &job = jobs[number];
    const PanelUnit &unit = readers[number].view.unit;
    job.ofColumns = context.ofColumns(unit.firstColumn + run.column);
    for (uint32_t lane = 0; lane < ansLanes; ++lane) {
      uint32_t row = run.row + std::min(lane, run.lanes - 1);
      job.ofRows[lane] = context.ofRow(unit.firstRow + row);
      // Lanes without a row write where nobody reads.
      job.symbols[lane] =
          lane < run.lanes ? symbolsOf(number) + row * scratchStride + run.column - begin : unused;
    }
  }

  const AnsContext &context;
  std::span<const uint8_t> code;
  size_t codeTail;
  CodePath path;
  uint32_t rows;
  uint64_t units;
  std::vector<uint16_t> symbols;
  AnsUnitReader readers[maxAnsJobs];
  AnsRunJob jobs[maxAnsJobs];
  uint16_t unused[blockColumns];
};

/// Splits units into raw fields and symbols, and codes these.
class AnsPanelEncoder {
public:
  AnsPanelEncoder(const AnsContext &context, PanelWords words, CodePath path, EncodedPanel &out)
      : context(context), words(words), path(path), out(out),
        fields(context.plan, words, path, out.raw) {}

  /// False where a symbol cannot be coded.
  bool encode(const PanelUnit &unit) {
    if (path == CodePath::Reference)
      return encodeAnsUnitReference(context, unit, words, out.escapes, out.code);
    part.resize(size_t(panelRows) * scratchStride);
    if (unit.columns <= streamUnitColumns) {
      fields.split(unit, part.data());
      return encodeAnsUnitFast(context, unit, part.data(), scratchStride, out.escapes, out.code);
    }
    all.resize(size_t(unit.rows) * unit.columns);
    for (uint32_t begin = 0; begin < unit.columns; begin += streamUnitColumns) {
      PanelUnit columns = partOf(unit, begin);
      fields.split(columns, part.data());
      for (uint32_t row = 0; row < unit.rows; ++row)
        std::copy_n(part.data() + row * scratchStride, columns.columns,
                    all.data() + size_t(row) * unit.columns + begin);
    }
    return encodeAnsUnitFast(context, unit, all.data(), unit.columns, out.escapes, out.code);
  }

private:
  const AnsContext &context;
  PanelWords words;
  CodePath path;
  EncodedPanel &out;
  FieldSplitter fields;
  std::vector<uint16_t> part, all;
};

} // namespace

static AnsContext ansContextOf(const CodingPlan &plan, const AnsTables &tables,
                               const PanelContext &context, uint32_t rows) {
  std::span<const uint8_t> ofRows = context.rows;
  return {plan, tables, {ofRows.first(std::min<size_t>(ofRows.size(), rows)), context.columns}};
}

void uwt::encodeAns(const CodingPlan &plan, const AnsTables &tables, PanelWords words,
                    const PanelContext &panelContext, CodePath path, EncodedPanel &out) {
  AnsContext context = ansContextOf(plan, tables, panelContext, words.rows);
  out.patch.clear();
  out.counts.clear();
  out.escapes = 0;
  out.overflow = false;
  std::vector<uint16_t> relative;
  if (plan.format.hasScales()) {
    makeRelative(plan, panelContext, words, relative);
    words = {relative.data(), words.columns, words.rows, words.columns};
  }
  uint64_t units = streamUnitCount(plan, words.rows);
  out.code.assign(units ? (units - 1) * 4 : 0, 0);
  AnsPanelEncoder encoder(context, words, path, out);
  for (uint64_t number = 0; number < units; ++number) {
    if (number)
      storeWord(out.code.data() + (number - 1) * 4, static_cast<uint32_t>(out.code.size() / 2));
    out.overflow = !encoder.encode(streamUnit(plan, words.rows, number));
    if (out.overflow)
      return;
  }
  out.code.resize(roundUp(out.code.size(), 16)); // ans-6
}

Status uwt::decodeAns(const CodingPlan &plan, const AnsTables &tables, const CodedPanel &panel,
                      const PanelContext &panelContext, CodePath path, MutablePanelWords out) {
  AnsContext context = ansContextOf(plan, tables, panelContext, out.rows);
  bool hasScales = plan.format.hasScales();
  // Relative words are read again at once.
  out.streaming = out.streaming && !hasScales;
  {
    FieldJoiner fields(plan, panel.raw, path, out);
    AnsPanelDecoder decoder(context, panel.code, panel.codeTail, path, out.rows);
    UWT_RETURN_IF_ERROR(decoder.run(
        [&](const PanelUnit &unit, const uint16_t *symbols) { fields.join(unit, symbols); }));
  }
  if (hasScales)
    makeAbsolute(plan, panelContext, out);
  return ok();
}

uint64_t uwt::countAnsEscapes(const CodingPlan &plan, const AnsTables &tables, uint32_t rows,
                              const PanelContext &panelContext, std::span<const uint8_t> code) {
  AnsContext context = ansContextOf(plan, tables, panelContext, rows);
  AnsPanelDecoder decoder(context, code, 0, bestCodePath(), rows);
  Status status = decoder.run([](const PanelUnit &, const uint16_t *) {});
  return status ? decoder.escapes : 0;
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
