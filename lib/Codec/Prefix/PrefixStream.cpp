//===- PrefixStream.cpp - Panels of lane streams --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The frame of a prefix-coded panel: the blob with its unit starts, the header of a
// unit (where everything that a decoder relies on is checked), and the choice
// between the reference and the fast paths.
//
//===----------------------------------------------------------------------===//

#include "PrefixStream.h"
#include "../Fixed/FieldPlane.h"
#include "StreamFields.h"
#include <algorithm>
#include <string>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

uint32_t uwt::lanesOf(const PanelUnit &unit) {
  return unit.layout == Layout::RowMajor ? unit.rows : fragmentLanes;
}

uint32_t uwt::codeWordsOf(const PanelUnit &unit, uint32_t codeSymbols) {
  if (unit.layout == Layout::RowMajor)
    return (unit.columns + codeSymbols - 1) / codeSymbols;
  return unit.strips * unit.blocks * 8 / codeSymbols;
}

ElementCoordinate uwt::coordinateInLane(const PanelUnit &unit, uint32_t lane, uint32_t index) {
  if (unit.layout == Layout::RowMajor)
    return {lane, index}; // order-6
  // order-5: strip, block, register, half.
  uint32_t half = index % 2, reg = index / 2 % 4, block = index / 8;
  return {block / unit.blocks * stripRows + fragmentRow(lane, reg),
          block % unit.blocks * blockColumns + fragmentColumn(lane, reg, half)};
}

static Error leavesBlob(uint64_t number, const char *what, uint64_t end, uint64_t size) {
  return invalidError("unit " + std::to_string(number) + ": " + what + " ends at byte " +
                      std::to_string(end) + " of a blob of " + std::to_string(size) +
                      " bytes: the panel is damaged");
}

Status uwt::readStreamUnit(const CodingPlan &plan, std::span<const uint8_t> code, uint32_t rows,
                           uint64_t number, StreamUnitView &view) {
  uint64_t units = streamUnitCount(plan, rows);
  if (code.size() / 4 < units)
    return leavesBlob(number, "the list of units", units * 4, code.size());
  uint64_t begin = uint64_t(loadWord(code.data() + number * 4)) * 4; // prefix-3
  if (begin < units * 4 || begin + 4 > code.size())
    return invalidError("unit " + std::to_string(number) + " starts at byte " +
                        std::to_string(begin) + ", outside bytes " + std::to_string(units * 4) +
                        " to " + std::to_string(code.size()) + " of its blob");

  view.unit = streamUnit(plan, rows, number);
  view.number = number;
  view.begin = begin;
  view.lanes = lanesOf(view.unit);
  view.codeWords = codeWordsOf(view.unit, plan.traits.codeSymbols);

  // prefix-4.
  uint32_t header = loadWord(code.data() + begin);
  uint32_t shortest = header & 0x3FFF, width = header >> 14 & 15;
  view.records = uint64_t(header >> 18) * escapeRecordU32(plan.format);
  view.recordsBegin = begin + 4 + divideUp(uint64_t(view.lanes) * width, 32) * 4;
  view.streamBegin = view.recordsBegin + view.records * 4;
  if (view.streamBegin > code.size())
    return leavesBlob(number, "its header", view.streamBegin, code.size());
  const uint8_t *next = code.data() + begin + 4;
  uint64_t held = 0;
  uint32_t heldBits = 0, bits = 0;
  for (uint32_t lane = 0; lane < view.lanes; ++lane) {
    if (heldBits < width) {
      held |= uint64_t(loadWord(next)) << heldBits;
      heldBits += 32;
      next += 4;
    }
    view.start[lane] = bits;
    bits += shortest + static_cast<uint32_t>(held & ((1u << width) - 1));
    held >>= width;
    heldBits -= width;
  }
  view.start[view.lanes] = bits;
  view.end = view.streamBegin + divideUp(bits, 32) * 4;
  if (view.end > code.size())
    return leavesBlob(number, "its stream", view.end, code.size());
  if (view.records && !plan.hasEscapes())
    return invalidError("unit " + std::to_string(number) + " has " + std::to_string(header >> 18) +
                        " escape records in a format without escapes");
  return ok();
}

Status uwt::readNextStreamUnit(const CodingPlan &plan, std::span<const uint8_t> code, uint32_t rows,
                               uint64_t number, StreamUnitView &view) {
  uint64_t expected = number ? view.end : streamUnitCount(plan, rows) * 4;
  UWT_RETURN_IF_ERROR(readStreamUnit(plan, code, rows, number, view));
  if (view.begin != expected) // prefix-3
    return invalidError("unit " + std::to_string(number) + " starts at byte " +
                        std::to_string(view.begin) + " of its blob, expected " +
                        std::to_string(expected) + ": the panel is damaged");
  return ok();
}

std::vector<uint32_t> uwt::recordsOf(const StreamUnitView &view, std::span<const uint8_t> code) {
  std::vector<uint32_t> records(view.records);
  for (size_t i = 0; i < records.size(); ++i)
    records[i] = loadWord(code.data() + view.recordsBegin + 4 * i);
  return records;
}

uint64_t uwt::countPrefixEscapes(const CodingPlan &plan, uint32_t rows,
                                 std::span<const uint8_t> code) {
  uint64_t units = streamUnitCount(plan, rows), sum = 0;
  for (uint64_t number = 0; number < units && number < code.size() / 4; ++number) {
    uint64_t begin = uint64_t(loadWord(code.data() + number * 4)) * 4;
    if (begin + 4 <= code.size())
      sum += loadWord(code.data() + begin) >> 18; // prefix-4
  }
  return sum;
}

static void appendWord(std::vector<uint8_t> &code, uint32_t word) {
  code.resize(code.size() + 4);
  storeWord(code.data() + code.size() - 4, word);
}

bool uwt::appendStreamUnit(const CodingPlan &plan, std::span<const uint32_t> laneStarts,
                           std::span<const uint32_t> records, std::span<const uint8_t> stream,
                           std::vector<uint8_t> &code) {
  size_t lanes = laneStarts.size() - 1;
  uint32_t shortest = UINT32_MAX, longest = 0;
  for (size_t lane = 0; lane < lanes; ++lane) {
    uint32_t bits = laneStarts[lane + 1] - laneStarts[lane];
    shortest = std::min(shortest, bits);
    longest = std::max(longest, bits);
  }
  uint32_t width = 0;
  while ((longest - shortest) >> width)
    ++width;
  size_t count = records.size() / escapeRecordU32(plan.format);
  if (shortest > 0x3FFF || width > 15 || count > 0x3FFF) // prefix-4
    return false;

  appendWord(code, shortest | width << 14 | static_cast<uint32_t>(count) << 18);
  uint64_t held = 0;
  uint32_t heldBits = 0;
  for (size_t lane = 0; lane < lanes; ++lane) {
    held |= uint64_t(laneStarts[lane + 1] - laneStarts[lane] - shortest) << heldBits;
    heldBits += width;
    if (heldBits >= 32) {
      appendWord(code, static_cast<uint32_t>(held));
      held >>= 32;
      heldBits -= 32;
    }
  }
  if (heldBits)
    appendWord(code, static_cast<uint32_t>(held));
  for (uint32_t record : records)
    appendWord(code, record);
  code.insert(code.end(), stream.begin(), stream.end());
  code.resize(roundUp(code.size(), 4));
  return true;
}

void uwt::appendRunRecord(const CodingPlan &plan, const PanelUnit &unit, PanelWords words,
                          uint32_t row, uint32_t run, std::vector<uint32_t> &records) {
  // escape-3.
  size_t begin = records.size();
  records.resize(begin + runRecordU32);
  records[begin] = row * unit.runs() + run;
  const uint16_t *data = words.row(unit.firstRow + row) + unit.firstColumn;
  for (uint32_t i = 0; i < escapeRunColumns; ++i) {
    uint32_t column = run * escapeRunColumns + i;
    uint32_t symbol =
        column < unit.columns ? plan.split.symbolOf(data[column]) : plan.model.commonest;
    records[begin + 1 + i / 4] |= (symbol & 0xFF) << (i % 4 * 8);
  }
}

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

static bool encodePanelReference(const PrefixContext &context, PanelWords words,
                                 EncodedPanel &out) {
  const CodingPlan &plan = context.plan;
  std::vector<uint16_t> raw;
  for (uint32_t row = 0; row < words.rows; ++row)
    for (uint64_t column = 0; column < words.columns; ++column)
      raw.push_back(static_cast<uint16_t>(plan.split.rawOf(words.row(row)[column])));
  packField(plan.format.layout, words.rows, words.columns, defaultChunks(plan.split.rawBits()), raw,
            0, out.raw); // order-7

  for (uint64_t number = 0; number < streamUnitCount(plan, words.rows); ++number) {
    EncodedUnit unit;
    encodeUnitReference(context, streamUnit(plan, words.rows, number), words, unit);
    storeWord(out.code.data() + number * 4, static_cast<uint32_t>(out.code.size() / 4)); // prefix-3
    if (unit.overflow ||
        !appendStreamUnit(plan, unit.laneStarts, unit.records, unit.stream, out.code))
      return false;
    out.escapes += unit.records.size() / escapeRecordU32(plan.format);
  }
  return true;
}

void uwt::encodePrefix(const CodingPlan &plan, const PrefixTables &tables, PanelWords words,
                       std::span<const uint8_t> classes, CodePath path, EncodedPanel &out) {
  PrefixContext context{plan, tables, classes.first(std::min<size_t>(classes.size(), words.rows))};
  out.patch.clear();
  out.counts.clear();
  out.escapes = 0;
  out.raw.assign(fieldBytes(plan.format.layout, words.rows, words.columns, plan.split.rawBits()),
                 0);
  out.code.assign(streamUnitCount(plan, words.rows) * 4, 0);
  const PrefixKernels *kernels =
      tables.lookup == PrefixTables::Lookup::None ? nullptr : prefixKernels(path);
  out.overflow = !(kernels ? encodePanelFast(context, *kernels, words, out)
                           : encodePanelReference(context, words, out));
  out.code.resize(roundUp(out.code.size(), 16)); // prefix-3
}

static Status decodePanelReference(const PrefixContext &context, const CodedPanel &panel,
                                   MutablePanelWords out) {
  const CodingPlan &plan = context.plan;
  std::vector<uint16_t> raw(out.rows * out.columns);
  unpackField(plan.format.layout, out.rows, out.columns, defaultChunks(plan.split.rawBits()),
              panel.raw, raw);
  std::vector<uint16_t> symbols(maxLanes * streamUnitColumns);
  StreamUnitView view;
  for (uint64_t number = 0; number < streamUnitCount(plan, out.rows); ++number) {
    UWT_RETURN_IF_ERROR(readNextStreamUnit(plan, panel.code, out.rows, number, view));
    UWT_RETURN_IF_ERROR(
        decodeUnitReference(context, view, panel.code, symbols.data(), streamUnitColumns));
    for (uint32_t row = 0; row < view.unit.rows; ++row)
      for (uint32_t column = 0; column < view.unit.columns; ++column) {
        uint64_t at = (view.unit.firstRow + row) * out.columns + view.unit.firstColumn + column;
        out.row(view.unit.firstRow + row)[view.unit.firstColumn + column] = static_cast<uint16_t>(
            plan.split.join(symbols[row * streamUnitColumns + column], raw[at]));
      }
    UWT_RETURN_IF_ERROR(applyEscapes(plan, view.unit, number, recordsOf(view, panel.code), out));
  }
  return ok();
}

Status uwt::decodePrefix(const CodingPlan &plan, const PrefixTables &tables,
                         const CodedPanel &panel, std::span<const uint8_t> classes, CodePath path,
                         MutablePanelWords out) {
  PrefixContext context{plan, tables, classes.first(std::min<size_t>(classes.size(), out.rows))};
  const PrefixKernels *kernels =
      tables.lookup == PrefixTables::Lookup::None ? nullptr : prefixKernels(path);
  return kernels ? decodePanelFast(context, *kernels, path, panel, out)
                 : decodePanelReference(context, panel, out);
}

Status uwt::decodePrefixRow(const CodingPlan &plan, const PrefixTables &tables,
                            const CodedPanel &panel, std::span<const uint8_t> classes,
                            uint32_t panelRowCount, uint32_t row, std::span<uint16_t> out) {
  PrefixContext context{plan, tables,
                        classes.first(std::min<size_t>(classes.size(), panelRowCount))};
  std::vector<uint32_t> chunks = defaultChunks(plan.split.rawBits());
  const uint8_t *rawRow = panel.raw.data() + row * rowBytes(out.size(), chunks);
  std::vector<uint16_t> symbols, raw(streamUnitColumns);
  StreamUnitView view;
  for (uint64_t number = 0; number < streamUnitCount(plan, panelRowCount); ++number) {
    UWT_RETURN_IF_ERROR(readStreamUnit(plan, panel.code, panelRowCount, number, view));
    UWT_RETURN_IF_ERROR(decodeLaneReference(context, view, panel.code, row, symbols));
    unpackRowRaw(chunks, rawRow, out.size(), view.unit.firstColumn, view.unit.columns, raw.data());
    uint16_t *to = out.data() + view.unit.firstColumn;
    for (uint32_t column = 0; column < view.unit.columns; ++column)
      to[column] = static_cast<uint16_t>(plan.split.join(symbols[column], raw[column]));
    UWT_RETURN_IF_ERROR(
        applyEscapesToRow(plan, view.unit, number, recordsOf(view, panel.code), row, out));
  }
  return ok();
}
