//===- LowHalves.cpp - Low halves by row, by word, and coded --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows lie one after another in any layout, so that each can have a size of its own and
// be read alone. The fast path handles eight columns of a chunk as two u64 of four halves.
//
//===----------------------------------------------------------------------===//

#include "LowHalves.h"
#include "Ans/AnsModel.h"
#include "Fixed/FieldPlane.h"
#include "PanelRows.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Rows (low-2)
//===----------------------------------------------------------------------===//

static constexpr uint32_t lowGroupColumns = 8;

/// The lowest `chunk` bits of four halves.
static constexpr uint64_t maskOfFour(uint32_t chunk) {
  return ((uint64_t(1) << chunk) - 1) * 0x0001000100010001u;
}

/// Puts the lowest bits of four halves side by side. Precondition: there are no others.
template <uint32_t chunk> static uint64_t joinFourLow(uint64_t halves) {
  if constexpr (chunk == 8) {
    halves = (halves | halves >> 8) & 0x0000FFFF0000FFFFu;
    return (halves | halves >> 16) & 0xFFFFFFFFu;
  }
  constexpr uint32_t step = 16 - chunk;
  uint64_t joined = halves | halves >> step | halves >> 2 * step | halves >> 3 * step;
  return joined & ((uint64_t(1) << 4 * chunk) - 1);
}

/// The inverse.
template <uint32_t chunk> static uint64_t splitFourLow(uint64_t joined) {
  if constexpr (chunk == 8) {
    joined = (joined | joined << 16) & 0x0000FFFF0000FFFFu;
    return (joined | joined << 8) & maskOfFour(8);
  }
  constexpr uint32_t step = 16 - chunk;
  uint64_t halves = joined | joined << step | joined << 2 * step | joined << 3 * step;
  return halves & maskOfFour(chunk);
}

/// Packs bits [shift, shift + chunk) of eight halves.
template <uint32_t chunk> static uint64_t packLowGroup(const uint16_t *halves, uint32_t shift) {
  uint64_t four[2];
  std::memcpy(four, halves, sizeof(four));
  uint64_t first = joinFourLow<chunk>(four[0] >> shift & maskOfFour(chunk));
  return first | joinFourLow<chunk>(four[1] >> shift & maskOfFour(chunk)) << 4 * chunk;
}

/// Adds them to eight halves.
template <uint32_t chunk>
static void unpackLowGroup(uint64_t packed, uint32_t shift, uint16_t *halves) {
  uint64_t four[2];
  std::memcpy(four, halves, sizeof(four));
  four[0] |= splitFourLow<chunk>(packed & ((uint64_t(1) << 4 * chunk) - 1)) << shift;
  four[1] |= splitFourLow<chunk>(packed >> 4 * chunk) << shift;
  std::memcpy(halves, four, sizeof(four));
}

template <uint32_t chunk>
static void packLowChunk(const uint16_t *halves, uint64_t columns, uint32_t shift, uint8_t *out) {
  uint64_t column = 0;
  for (; column + lowGroupColumns <= columns; column += lowGroupColumns, out += chunk) {
    uint64_t packed = packLowGroup<chunk>(halves + column, shift);
    std::memcpy(out, &packed, chunk);
  }
  if (column == columns)
    return;
  uint16_t rest[lowGroupColumns] = {};
  std::copy(halves + column, halves + columns, rest);
  uint64_t packed = packLowGroup<chunk>(rest, shift);
  std::memcpy(out, &packed, rowChunkBytes(columns - column, chunk));
}

template <uint32_t chunk>
static void unpackLowChunk(const uint8_t *in, uint64_t columns, uint32_t shift, uint16_t *halves) {
  uint64_t column = 0;
  for (; column + lowGroupColumns <= columns; column += lowGroupColumns, in += chunk) {
    uint64_t packed = 0;
    std::memcpy(&packed, in, chunk);
    unpackLowGroup<chunk>(packed, shift, halves + column);
  }
  if (column == columns)
    return;
  uint64_t packed = 0;
  std::memcpy(&packed, in, rowChunkBytes(columns - column, chunk));
  uint16_t rest[lowGroupColumns] = {};
  unpackLowGroup<chunk>(packed, shift, rest);
  for (size_t i = 0; column < columns; ++i, ++column)
    halves[column] |= rest[i];
}

/// Calls `visit(chunk, shift)` for the chunks of the top `bits` bits of a half: a chunk's lowest
/// bit in the half is `shift`.
template <typename Visit> static void forEachLowChunk(uint32_t bits, Visit visit) {
  uint32_t shift = wholeLowBits - bits;
  for (uint32_t chunk = wholeLowBits; chunk; chunk /= 2)
    if (bits & chunk) {
      visit(chunk, shift);
      shift += chunk;
    }
}

static void packLowRow(const uint16_t *halves, uint64_t columns, uint32_t bits, uint8_t *out) {
  forEachLowChunk(bits, [&](uint32_t chunk, uint32_t shift) {
    switch (chunk) {
    case 16:
      std::memcpy(out, halves, columns * 2);
      break;
    case 8:
      packLowChunk<8>(halves, columns, shift, out);
      break;
    case 4:
      packLowChunk<4>(halves, columns, shift, out);
      break;
    case 2:
      packLowChunk<2>(halves, columns, shift, out);
      break;
    default:
      packLowChunk<1>(halves, columns, shift, out);
    }
    out += rowChunkBytes(columns, chunk);
  });
}

static void unpackLowRow(const uint8_t *in, uint64_t columns, uint32_t bits, uint16_t *halves) {
  if (bits == wholeLowBits) {
    std::memcpy(halves, in, columns * 2);
    return;
  }
  std::fill_n(halves, columns, uint16_t(0));
  forEachLowChunk(bits, [&](uint32_t chunk, uint32_t shift) {
    switch (chunk) {
    case 8:
      unpackLowChunk<8>(in, columns, shift, halves);
      break;
    case 4:
      unpackLowChunk<4>(in, columns, shift, halves);
      break;
    case 2:
      unpackLowChunk<2>(in, columns, shift, halves);
      break;
    default:
      unpackLowChunk<1>(in, columns, shift, halves);
    }
    in += rowChunkBytes(columns, chunk);
  });
}

/// The oracle: a row is a field of its own.
static void packLowRowByReference(const uint16_t *halves, uint64_t columns, uint32_t bits,
                                  std::span<uint8_t> out) {
  std::vector<uint16_t> values(halves, halves + columns);
  for (uint16_t &value : values)
    value = static_cast<uint16_t>(uint32_t(value) >> (wholeLowBits - bits));
  packField(Layout::RowMajor, 1, columns, defaultChunks(bits), values, 0, out);
}

static void unpackLowRowByReference(std::span<const uint8_t> in, uint64_t columns, uint32_t bits,
                                    uint16_t *halves) {
  unpackField(Layout::RowMajor, 1, columns, defaultChunks(bits), in, {halves, columns});
  for (uint64_t column = 0; column < columns; ++column)
    halves[column] = static_cast<uint16_t>(uint32_t(halves[column]) << (wholeLowBits - bits));
}

static uint64_t lowRowBytes(uint64_t columns, uint32_t bits) {
  uint64_t bytes = 0;
  forEachLowChunk(bits, [&](uint32_t chunk, uint32_t) { bytes += rowChunkBytes(columns, chunk); });
  return bytes;
}

uint64_t uwt::lowRowsBytes(uint64_t columns, std::span<const uint8_t> rowBits) {
  uint64_t bytes = 0;
  for (uint8_t bits : rowBits)
    bytes += lowRowBytes(columns, bits);
  return bytes;
}

void uwt::encodeLowRows(PanelWords low, std::span<const uint8_t> rowBits, CodePath path,
                        std::vector<uint8_t> &out) {
  out.resize(lowRowsBytes(low.columns, rowBits));
  uint8_t *at = out.data();
  for (uint32_t row = 0; row < low.rows; ++row) {
    uint64_t bytes = lowRowBytes(low.columns, rowBits[row]);
    if (path == CodePath::Reference)
      packLowRowByReference(low.row(row), low.columns, rowBits[row], {at, bytes});
    else
      packLowRow(low.row(row), low.columns, rowBits[row], at);
    at += bytes;
  }
}

void uwt::decodeLowRows(std::span<const uint8_t> in, std::span<const uint8_t> rowBits,
                        CodePath path, MutablePanelWords out) {
  for (uint32_t row = 0; row < out.rows; ++row) {
    uint64_t bytes = lowRowBytes(out.columns, rowBits[row]);
    if (path == CodePath::Reference)
      unpackLowRowByReference(in.first(bytes), out.columns, rowBits[row], out.row(row));
    else
      unpackLowRow(in.data(), out.columns, rowBits[row], out.row(row));
    in = in.subspan(bytes);
  }
}

//===----------------------------------------------------------------------===//
// The index
//===----------------------------------------------------------------------===//

/// low-3: a run of rows, its bits below their number less 1.
static constexpr uint32_t runBits = 16, runLengthOffset = 5;
static constexpr uint64_t longestRun = uint64_t(1) << (runBits - runLengthOffset);

static void writeRowBits(const CodingPlan &plan, uint64_t panels, std::vector<uint32_t> &words) {
  std::vector<uint16_t> runs;
  uint64_t length = 0;
  uint8_t bits = 0;
  auto endRun = [&] {
    if (length != 0)
      runs.push_back(static_cast<uint16_t>((length - 1) << runLengthOffset | bits));
    length = 0;
  };
  forEachRow(plan.matrix, panels, [&](uint64_t row) {
    uint8_t own = plan.low.rowBits[row];
    if (own != bits || length == longestRun)
      endRun();
    bits = own;
    ++length;
  });
  endRun();
  size_t begin = words.size();
  words.resize(begin + divideUp(runs.size(), 2));
  if (!runs.empty())
    std::memcpy(&words[begin], runs.data(), runs.size() * sizeof(uint16_t));
}

static Expected<std::vector<uint8_t>> readRowBits(const CodingPlan &plan, uint64_t panels,
                                                  std::span<const uint32_t> words, size_t &used) {
  std::vector<uint8_t> rowBits(panels * panelRows);
  size_t runs = 0;
  uint32_t bits = 0;
  uint64_t length = 0;
  bool isShort = false;
  forEachRow(plan.matrix, panels, [&](uint64_t row) {
    if (length == 0 && runs == words.size() * 2) {
      isShort = true;
      return;
    }
    if (length == 0) {
      uint32_t run = words[runs / 2] >> runs % 2 * runBits & 0xFFFF;
      bits = run & ((1u << runLengthOffset) - 1);
      length = (run >> runLengthOffset) + 1;
      ++runs;
    }
    rowBits[row] = static_cast<uint8_t>(bits);
    --length;
  });
  if (isShort)
    return invalidError("plane index ends within the bits of rows of low halves");
  if (length != 0)
    return invalidError("the bits of rows of low halves are for " + std::to_string(length) +
                        " rows more than there are");
  if (auto wrong = std::ranges::find_if(rowBits, [](uint8_t b) { return b > wholeLowBits; });
      wrong != rowBits.end())
    return invalidError("a row of low halves has " + std::to_string(*wrong) +
                        " bits, expected 0 to 16");
  if (runs % 2 != 0 && words[runs / 2] >> runBits != 0)
    return invalidError("padding after the bits of rows of low halves is not zero");
  used = divideUp(runs, 2);
  return rowBits;
}

static Expected<std::vector<uint32_t>> readPalette(std::span<const uint32_t> words, size_t &used) {
  if (words.empty())
    return invalidError("plane index ends before the palette of low halves");
  uint32_t size = words[0];
  if (size > maxPaletteValues || size > words.size() - 1)
    return invalidError("the palette of low halves has " + std::to_string(size) +
                        " values, expected at most " + std::to_string(maxPaletteValues) +
                        " and no more than the " + std::to_string(words.size() - 1) +
                        " u32 that follow");
  std::vector<uint32_t> palette(words.begin() + 1, words.begin() + 1 + size);
  for (size_t i = 1; i < palette.size(); ++i)
    if (palette[i - 1] >> wholeLowBits >= palette[i] >> wholeLowBits)
      return invalidError("the palette of low halves is not in order of rising words at entry " +
                          std::to_string(i));
  used = 1 + size;
  return palette;
}

void uwt::writeLowModel(const CodingPlan &plan, uint64_t panels, std::vector<uint32_t> &words) {
  switch (plan.format.lowHalves) {
  case LowHalves::TopBits:
    return;
  case LowHalves::Rows:
    return writeRowBits(plan, panels, words);
  case LowHalves::Palette:
    words.push_back(static_cast<uint32_t>(plan.low.palette.size()));
    words.insert(words.end(), plan.low.palette.begin(), plan.low.palette.end());
    return;
  case LowHalves::Coded:
    writeAnsModel(plan.low.code, {}, words);
    words.insert(words.end(), plan.low.codeSizes.begin(), plan.low.codeSizes.end());
    // An estimate knows no sizes.
    words.resize(words.size() + panels - plan.low.codeSizes.size());
  }
}

Expected<LowModel> uwt::readLowModel(const CodingPlan &plan, uint64_t panels,
                                     std::span<const uint32_t> words, size_t &used) {
  LowModel model;
  used = 0;
  if (plan.format.lowHalves == LowHalves::Rows) {
    UWT_ASSIGN_OR_RETURN(model.rowBits, readRowBits(plan, panels, words, used));
  } else if (plan.format.lowHalves == LowHalves::Palette) {
    UWT_ASSIGN_OR_RETURN(model.palette, readPalette(words, used));
  }
  if (plan.format.lowHalves != LowHalves::Coded)
    return model;
  UWT_ASSIGN_OR_RETURN(model.code, readAnsModel(/*tables=*/1, {}, LowCoder::split, words, used));
  if (panels > words.size() - used)
    return invalidError("plane index ends within the sizes of coded low halves");
  std::span<const uint32_t> sizes = words.subspan(used, panels);
  model.codeSizes.assign(sizes.begin(), sizes.end());
  used += panels;
  return model;
}

//===----------------------------------------------------------------------===//
// Coded low halves (low-5)
//===----------------------------------------------------------------------===//

CodecTraits LowCoder::traits() {
  CodecTraits traits;
  traits.rate = Rate::Ans;
  traits.frequencyBits = 12;
  return traits;
}

LowCoder::LowCoder(const CodingPlan &tensor) {
  plan.format.layout = tensor.format.layout;
  plan.element = tensor.element;
  plan.split = split;
  plan.traits = traits();
  plan.matrix = tensor.matrix;
  plan.model = tensor.low.code;
  tables = makeAnsTables(plan);
}

bool LowCoder::encode(PanelWords low, CodePath path, std::vector<uint8_t> &out) const {
  EncodedPanel coded;
  encodeAns(plan, *tables, low, {}, path, coded);
  Layout layout = plan.format.layout;
  bool isCoded = !coded.overflow &&
                 coded.code.size() < fieldBytes(layout, low.rows, low.columns, wholeLowBits);
  if (isCoded)
    out = std::move(coded.code);
  else
    encodeWords(layout, wholeLowBits, low, path, out);
  return isCoded;
}

Status LowCoder::decode(std::span<const uint8_t> code, size_t tail, CodePath path,
                        MutablePanelWords out) const {
  CodedPanel panel;
  panel.code = code;
  panel.codeTail = tail;
  return decodeAns(plan, *tables, panel, {}, path, out);
}

uint64_t uwt::storedLowBytes(const CodingPlan &plan, uint64_t panel, uint32_t rows) {
  const Format &format = plan.format;
  switch (format.lowHalves) {
  case LowHalves::TopBits:
    return fieldBytes(format.layout, rows, plan.matrix.columns, format.lowBits);
  case LowHalves::Rows:
    return lowRowsBytes(
        plan.matrix.columns,
        std::span<const uint8_t>(plan.low.rowBits).subspan(panel * panelRows, rows));
  case LowHalves::Coded:
    if (plan.low.codeSizes[panel] != 0)
      return plan.low.codeSizes[panel] * LowCoder::codeAlignment;
    return fieldBytes(format.layout, rows, plan.matrix.columns, wholeLowBits);
  case LowHalves::Palette:
    break;
  }
  return 0;
}

//===----------------------------------------------------------------------===//
// Palettes (low-4)
//===----------------------------------------------------------------------===//

static constexpr uint32_t isKnownBit = 1u << wholeLowBits;

LowTable::LowTable(std::span<const uint32_t> palette) : entries(size_t(1) << 16) {
  for (uint32_t value : palette)
    entries[value >> wholeLowBits] = isKnownBit | (value & (isKnownBit - 1));
}

Status LowTable::find(PanelWords words, uint16_t *out) const {
  uint32_t all = isKnownBit;
  for (uint32_t row = 0; row < words.rows; ++row)
    for (uint64_t column = 0; column < words.columns; ++column) {
      uint32_t entry = entries[words.row(row)[column]];
      all &= entry;
      *out++ = static_cast<uint16_t>(entry);
    }
  if (all & isKnownBit)
    return ok();
  return invalidError("a word has no low half in the palette");
}

//===----------------------------------------------------------------------===//
// All forms
//===----------------------------------------------------------------------===//

LowDecoder::LowDecoder(const CodingPlan &plan) : plan(plan) {
  if (plan.format.lowHalves == LowHalves::Palette)
    table.emplace(plan.low.palette);
  if (plan.format.lowHalves == LowHalves::Coded)
    coder.emplace(plan);
}

/// Rows are not coded alone, so all of the panel's are decoded.
Expected<PanelWords> LowDecoder::decodeCode(const LowPart &part, PanelWords words, CodePath path,
                                            std::vector<uint16_t> &scratch) const {
  uint64_t columns = words.columns;
  scratch.resize(part.rows * columns);
  UWT_RETURN_IF_ERROR(
      coder->decode(part.bytes, part.tail, path, {scratch.data(), columns, part.rows, columns}));
  return PanelWords{scratch.data() + part.begin * columns, columns, words.rows, columns};
}

Expected<PanelWords> LowDecoder::decode(const LowPart &part, PanelWords words, CodePath path,
                                        std::vector<uint16_t> &scratch) const {
  std::span<const uint8_t> bytes = part.bytes;
  if (bytes.empty() && !needsWords())
    return PanelWords();
  const Format &format = plan.format;
  if (coder && plan.low.codeSizes[part.panel] != 0)
    return decodeCode(part, words, path, scratch);
  uint64_t columns = words.columns;
  scratch.resize(words.rows * columns);
  MutablePanelWords low = {scratch.data(), columns, words.rows, columns};
  if (needsWords()) {
    UWT_RETURN_IF_ERROR(table->find(words, scratch.data()));
  } else if (format.lowHalves == LowHalves::Rows) {
    auto rowBits =
        std::span<const uint8_t>(plan.low.rowBits).subspan(part.panel * panelRows, part.rows);
    bytes = bytes.subspan(lowRowsBytes(columns, rowBits.first(part.begin)));
    decodeLowRows(bytes, rowBits.subspan(part.begin, words.rows), path, low);
  } else {
    // Of row_major, rows can be taken out.
    uint64_t rowBytes = bytes.size() / part.rows;
    if (format.layout == Layout::RowMajor)
      bytes = bytes.subspan(part.begin * rowBytes, words.rows * rowBytes);
    decodeLow(format, bytes, path, low);
  }
  return PanelWords{scratch.data(), columns, words.rows, columns};
}
