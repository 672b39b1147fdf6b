//===- FixedRate.cpp - Panels of fixed-rate codecs ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks over the units of a panel with a kernel a unit. There is no codec by
// name here: a code is an index into the model's symbols.
//
//===----------------------------------------------------------------------===//

#include "FixedRate.h"
#include "FixedRateWalk.h"
#include <algorithm>
#include <bit>
#include <cassert>
#include <numeric>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

uint32_t uwt::escapeRecordU32(const Format &format) {
  return format.escapes == Escapes::Rows64 ? runRecordU32 : 1;
}

FixedPanelSizes uwt::fixedPanelSizes(const CodingPlan &plan, uint32_t rows) {
  // panel-3.
  FixedPanelSizes sizes;
  uint64_t columns = plan.matrix.columns, units = fixedUnitCount(plan, rows);
  if (plan.format.layout == Layout::RowMajor) {
    sizes.raw = fieldBytes(plan.format.layout, rows, columns, plan.split.rawBits());
    sizes.code = fieldBytes(plan.format.layout, rows, columns, plan.traits.chunks);
  } else {
    sizes.raw = units * plan.traits.unit.rawU32 * 4;
    sizes.code = units * plan.traits.unit.codeU32 * 4;
  }
  sizes.counts = plan.hasEscapes() ? units : 0;
  return sizes;
}

//===----------------------------------------------------------------------===//
// What kernels need
//===----------------------------------------------------------------------===//

FixedCoding::FixedCoding(const CodingPlan &plan)
    : split(plan.split), codeBits(plan.traits.codeBits),
      rawChunks(defaultChunks(plan.split.rawBits())), codeChunks(plan.traits.chunks),
      base(plan.model.symbols.empty() ? 0 : plan.model.symbols[0]),
      symbolWords(size_t(1) << codeBits) {
  const std::vector<uint16_t> &symbols = plan.model.symbols;
  isWindow = symbols.size() == symbolWords.size();
  for (size_t code = 0; code < std::min(symbols.size(), symbolWords.size()); ++code) {
    isWindow &= symbols[code] == base + code;
    symbolWords[code] = static_cast<uint16_t>(symbols[code] << split.rawLowBits);
  }
  for (uint32_t i = 0; i < 32; ++i)
    smallTable[i] = codeBits <= smallCodeBits ? symbolWords[i % symbolWords.size()] : 0;
}

FixedEncoding::FixedEncoding(const CodingPlan &plan, const SymbolNumbers &symbolNumbers)
    : FixedCoding(plan), numbers(symbolNumbers.all()) {
  uint16_t number = numbers[plan.model.commonest];
  commonestCode = number == SymbolNumbers::none ? 0 : number;
  paddingWord = symbolWords[commonestCode];
  hasByteTable = numbers.size() <= 256 && codeBits <= smallCodeBits;
  for (size_t symbol = 0; hasByteTable && symbol < 256; ++symbol) {
    uint16_t code = symbol < numbers.size() ? numbers[symbol] : SymbolNumbers::none;
    byteTable[symbol] = static_cast<uint8_t>(
        code == SymbolNumbers::none ? escapeFlag | commonestCode : uint32_t(code));
  }
}

CodePath uwt::codePathOf(SimdLevel level) {
  switch (level) {
  case SimdLevel::Avx512:
    return CodePath::Avx512;
  case SimdLevel::Avx2:
    return CodePath::Avx2;
  case SimdLevel::Neon:
    return CodePath::Neon;
  case SimdLevel::Scalar:
    break;
  }
  return CodePath::Scalar;
}

CodePath uwt::bestCodePath() { return codePathOf(hostSimdLevel()); }

const FixedKernels *uwt::fixedKernels(CodePath path) {
  if (path == CodePath::Reference)
    return nullptr;
#if defined(__x86_64__)
  SimdLevel host = hostSimdLevel();
  if (path == CodePath::Avx512 && host >= SimdLevel::Avx512)
    return &avx512FixedKernels();
  if (path >= CodePath::Avx2 && host >= SimdLevel::Avx2)
    return &avx2FixedKernels();
#elif defined(__aarch64__)
  if (path >= CodePath::Neon)
    return &neonFixedKernels();
#endif
  return &scalarFixedKernels();
}

//===----------------------------------------------------------------------===//
// Escape records
//===----------------------------------------------------------------------===//

void uwt::countEscapes(const CodingPlan &plan, uint64_t index, uint32_t count, EncodedPanel &out) {
  if (!plan.hasEscapes()) {
    out.overflow |= count != 0;
    return;
  }
  out.overflow |= count > (plan.format.layout == Layout::RowMajor ? 0xFFFFu : 0xFFu);
  out.counts[index] = count;
  out.escapes += count;
}

namespace {

/// The records of one unit after another.
class RecordReader {
public:
  RecordReader(const CodingPlan &plan, const CodedPanel &panel)
      : panel(panel), size(escapeRecordU32(plan.format)) {}

  /// Precondition: asked for units 0, 1, 2 ... in order.
  std::span<const uint32_t> next(uint64_t unit) {
    size_t count = size_t(panel.counts[unit]) * size;
    assert(count <= panel.patch.size() - used && "the caller checks counts");
    used += count;
    return panel.patch.subspan(used - count, count);
  }

private:
  const CodedPanel &panel;
  size_t size, used = 0;
};

} // namespace

Status uwt::applyAllEscapes(const CodingPlan &plan, const CodedPanel &panel,
                            MutablePanelWords out) {
  RecordReader reader(plan, panel);
  for (uint64_t index = 0; index < panel.counts.size(); ++index)
    UWT_RETURN_IF_ERROR(
        applyEscapes(plan, fixedUnit(plan, out.rows, index), index, reader.next(index), out));
  return ok();
}

/// Appends the patch records of a unit whose words are `words`, from the masks of its
/// kernel's calls, one for each so many blocks as there are `registers` in a mask. The bits of a
/// step and block, register beside register, are those of 32 positions (escape-2).
static void appendMaskedEscapes(uint32_t blocks, uint32_t registers, const uint32_t *masks,
                                const uint16_t *words, size_t stride,
                                std::vector<uint32_t> &records) {
  PanelUnit unit;
  unit.blocks = blocks;
  for (uint32_t block = 0; block < blocks; ++block) {
    const uint32_t *ofCall = masks + block / registers * 8 * registers;
    uint32_t inCall = block % registers;
    uint32_t shift = registers == 4 ? 2 * inCall : 2 * (inCall / 4);
    uint32_t first = registers == 4 ? 0 : inCall % 4 * 4;
    for (uint32_t i = 0; i < 8; ++i) {
      uint32_t bits = 0;
      for (uint32_t r = 0; r < 4; ++r)
        bits |= (ofCall[i * registers + first + r] >> shift & 0x03030303) << 2 * r;
      for (; bits; bits &= bits - 1) {
        uint32_t position = (block * 8 + i) * 32 + static_cast<uint32_t>(std::countr_zero(bits));
        ElementCoordinate at = coordinateInUnit(unit, position);
        records.push_back(position << 16 | words[at.row * stride + at.column]);
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Fragments
//===----------------------------------------------------------------------===//

namespace {

/// The unit kernels of a plan under one signature: planes, whose kernels take a group of 64 columns
/// at a time, or one of the two in-place packings.
struct UnitCoder {
  UnitCoder(const CodingPlan &plan, const FixedKernels &kernels)
      : kernels(kernels), unit(plan.traits.unit), inPlace(plan.format.packing == Packing::InPlace) {
  }

  /// Registers of a lane whose escapes are in a mask, so that a kernel's call makes eight times as
  /// many masks: those of the columns that it codes at once.
  uint32_t registersInMask() const {
    return (inPlace ? unit.columns : fixedUnitColumns) / blockColumns;
  }

  void decode(const FixedCoding &coding, const CodedPanel &panel, uint64_t index, uint16_t *out,
              size_t stride) const {
    const uint8_t *raw = panel.raw.data() + index * unit.rawU32 * 4;
    const uint8_t *code = panel.code.data() + index * unit.codeU32 * 4;
    if (inPlace) {
      auto decodeInPlace = unit.groups() > 1 ? kernels.decodeInPlace11 : kernels.decodeInPlace12;
      return decodeInPlace(coding, code, out, stride);
    }
    for (uint32_t group = 0; group < unit.groups(); ++group)
      kernels.decodeUnit(coding, raw + group * unit.rawGroupStride * 4,
                         code + group * unit.codeGroupStride * 4, out + group * fixedUnitColumns,
                         stride);
  }

  bool encode(const FixedEncoding &coding, const uint16_t *words, size_t stride, uint64_t index,
              EncodedPanel &out, uint32_t *escapes) const {
    uint8_t *raw = out.raw.data() + index * unit.rawU32 * 4;
    uint8_t *code = out.code.data() + index * unit.codeU32 * 4;
    if (inPlace) {
      auto encodeInPlace = unit.groups() > 1 ? kernels.encodeInPlace11 : kernels.encodeInPlace12;
      return encodeInPlace(coding, words, stride, code, escapes);
    }
    bool escaped = false;
    for (uint32_t group = 0; group < unit.groups(); ++group)
      escaped |= kernels.encodeUnit(
          coding, words + group * fixedUnitColumns, stride, raw + group * unit.rawGroupStride * 4,
          code + group * unit.codeGroupStride * 4, escapes + group * 8 * registersInMask());
    return escaped;
  }

private:
  const FixedKernels &kernels;
  UnitGeometry unit;
  bool inPlace;
};

/// Encodes units in any order and keeps their patch records until they can be laid in the
/// order of units.
class FragmentEncoder {
public:
  FragmentEncoder(const CodingPlan &plan, const FixedKernels &kernels, const SymbolNumbers &numbers,
                  PanelWords words, EncodedPanel &out)
      : plan(plan), numbers(numbers), words(words), out(out), coding(plan, numbers),
        coder(plan, kernels), blocks(fixedUnitColumnsOf(plan) / blockColumns),
        recordsOf(fixedUnitCount(plan, words.rows)) {}

  void operator()(uint64_t index, const uint16_t *data, size_t stride) {
    uint32_t masks[8 * maxUnitColumns / blockColumns];
    if (!coder.encode(coding, data, stride, index, out, masks))
      return;
    size_t start = records.size();
    appendMaskedEscapes(blocks, coder.registersInMask(), masks, data, stride, records);
    recordsOf[index] = {start, records.size() - start};
  }

  uint16_t padding() const { return coding.paddingWord; }

  void finish() {
    for (uint64_t index = 0; index < recordsOf.size(); ++index) {
      auto [start, count] = recordsOf[index];
      if (count && plan.format.escapes == Escapes::Rows64)
        count = appendRuns(index);
      else if (count && plan.format.escapes == Escapes::Patch)
        out.patch.insert(out.patch.end(), &records[start], &records[start] + count);
      countEscapes(plan, index, static_cast<uint32_t>(count), out);
    }
  }

private:
  struct Range {
    size_t start = 0, count = 0;
  };

  /// Writes records of whole runs, and codes the unit once more with the commonest
  /// symbol beneath them.
  uint32_t appendRuns(uint64_t index) {
    PanelUnit unit = fixedUnit(plan, words.rows, index);
    PaddedUnit padded(fixedUnitColumnsOf(plan));
    padded.fill(words, unit.firstRow, unit.rows, unit.firstColumn, unit.columns, padding());
    for (uint32_t row = 0; row < unit.rows; ++row)
      coverEscapedRuns(plan, numbers, padded.data() + row * padded.stride(), unit.columns);
    uint32_t masks[8 * maxUnitColumns / blockColumns];
    coder.encode(coding, padded.data(), padded.stride(), index, out, masks);
    return appendEscapes(plan, numbers, unit, words, out.patch);
  }

  const CodingPlan &plan;
  const SymbolNumbers &numbers;
  PanelWords words;
  EncodedPanel &out;
  FixedEncoding coding;
  UnitCoder coder;
  uint32_t blocks;
  /// Patch records, unit after unit as they came, and where those of each unit are.
  std::vector<uint32_t> records;
  std::vector<Range> recordsOf;
};

/// Decodes units in any order, escapes included.
class FragmentDecoder {
public:
  FragmentDecoder(const CodingPlan &plan, const FixedKernels &kernels, const CodedPanel &panel,
                  uint32_t rows)
      : plan(plan), panel(panel), rows(rows), coding(plan), coder(plan, kernels) {
    RecordReader reader(plan, panel);
    for (uint64_t index = 0; index < panel.counts.size(); ++index)
      records.push_back(reader.next(index));
  }

  void operator()(uint64_t index, uint16_t *to, size_t stride) const {
    coder.decode(coding, panel, index, to, stride);
  }
  /// `to` holds the unit's existing words.
  void finish(uint64_t index, uint16_t *to, size_t stride) {
    if (index >= records.size() || records[index].empty())
      return;
    PanelUnit unit = fixedUnit(plan, rows, index);
    unit.firstRow = 0;
    unit.firstColumn = 0;
    MutablePanelWords words = {to, stride, unit.rows, unit.columns};
    failed |= !applyEscapes(plan, unit, index, records[index], words);
  }
  bool hasFailed() const { return failed; }

private:
  const CodingPlan &plan;
  const CodedPanel &panel;
  uint32_t rows;
  FixedCoding coding;
  UnitCoder coder;
  std::vector<std::span<const uint32_t>> records;
  bool failed = false;
};

} // namespace

static void encodeFragments(const CodingPlan &plan, const FixedKernels &kernels,
                            const SymbolNumbers &numbers, PanelWords words, EncodedPanel &out) {
  FragmentEncoder encoder(plan, kernels, numbers, words, out);
  encodeByStrips(words, fixedUnitColumnsOf(plan), encoder.padding(), encoder);
  encoder.finish();
}

static Status decodeFragments(const CodingPlan &plan, const FixedKernels &kernels,
                              const CodedPanel &panel, MutablePanelWords out) {
  FragmentDecoder decoder(plan, kernels, panel, out.rows);
  decodeByStrips(kernels, out, fixedUnitColumnsOf(plan), decoder);
  // Every path names the first wrong record in the order of units.
  return decoder.hasFailed() ? applyAllEscapes(plan, panel, out) : ok();
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Appends the patch records of a row of a unit.
static void appendRowEscapes(const PanelUnit &unit, uint32_t row, const uint32_t *masks,
                             const uint16_t *words, std::vector<uint32_t> &records) {
  for (uint32_t i = 0; i < divideUp(unit.columns, 32); ++i)
    for (uint32_t bits = masks[i]; bits; bits &= bits - 1) {
      uint32_t column = 32 * i + static_cast<uint32_t>(std::countr_zero(bits));
      records.push_back(positionInUnit(unit, {row, column}) << 16 | words[column]);
    }
}

/// Codes the rows of one unit; returns its number of records.
static uint32_t encodeRowUnit(const CodingPlan &plan, const FixedKernels &kernels,
                              const FixedEncoding &coding, const SymbolNumbers &numbers,
                              const PanelUnit &unit, PanelWords words, EncodedPanel &out) {
  uint64_t rawBytes = rowBytes(words.columns, coding.rawChunks);
  uint64_t codeBytes = rowBytes(words.columns, coding.codeChunks);
  uint64_t begin = unit.firstColumn, end = begin + unit.columns;
  bool escaped = false, inRuns = plan.format.escapes == Escapes::Rows64;
  size_t start = out.patch.size();
  std::vector<uint16_t> covered;
  for (uint32_t row = 0; row < words.rows; ++row) {
    uint8_t *raw = out.raw.data() + row * rawBytes, *code = out.code.data() + row * codeBytes;
    const uint16_t *data = words.row(row) + begin;
    uint32_t masks[streamUnitColumns / 32];
    if (!kernels.encodeRow(coding, data, words.columns, begin, end, raw, code, masks))
      continue;
    escaped = true;
    if (!inRuns) {
      appendRowEscapes(unit, row, masks, data, out.patch);
      continue;
    }
    covered.assign(data, data + unit.columns);
    coverEscapedRuns(plan, numbers, covered.data(), unit.columns);
    kernels.encodeRow(coding, covered.data(), words.columns, begin, end, raw, code, masks);
  }
  if (escaped && inRuns)
    return appendEscapes(plan, numbers, unit, words, out.patch);
  auto count = static_cast<uint32_t>(out.patch.size() - start);
  if (!plan.hasEscapes())
    out.patch.clear();
  return count;
}

static void encodeRows(const CodingPlan &plan, const FixedKernels &kernels,
                       const SymbolNumbers &numbers, PanelWords words, EncodedPanel &out) {
  FixedEncoding coding(plan, numbers);
  for (uint64_t index = 0; index < fixedUnitCount(plan, words.rows); ++index) {
    PanelUnit unit = fixedUnit(plan, words.rows, index);
    uint32_t count = encodeRowUnit(plan, kernels, coding, numbers, unit, words, out);
    countEscapes(plan, index, count, out);
  }
}

static void decodeRow(const FixedCoding &coding, const FixedKernels &kernels,
                      const CodedPanel &panel, uint32_t row, std::span<uint16_t> out) {
  const uint8_t *raw = panel.raw.data() + row * rowBytes(out.size(), coding.rawChunks);
  const uint8_t *code = panel.code.data() + row * rowBytes(out.size(), coding.codeChunks);
  kernels.decodeRow(coding, raw, code, out.size(), out.data());
}

static Status decodeRows(const CodingPlan &plan, const FixedKernels &kernels,
                         const CodedPanel &panel, MutablePanelWords out) {
  FixedCoding coding(plan);
  for (uint32_t row = 0; row < out.rows; ++row)
    decodeRow(coding, kernels, panel, row, {out.row(row), static_cast<size_t>(out.columns)});
  return applyAllEscapes(plan, panel, out);
}

//===----------------------------------------------------------------------===//
// The interface of Panel.h
//===----------------------------------------------------------------------===//

void uwt::encodeFixed(const CodingPlan &plan, PanelWords words, CodePath path, EncodedPanel &out) {
  FixedPanelSizes sizes = fixedPanelSizes(plan, words.rows);
  // Not cleared: kernels write every byte.
  out.raw.resize(sizes.raw);
  out.code.resize(sizes.code);
  out.patch.clear();
  out.counts.assign(sizes.counts, 0);
  out.escapes = 0;
  out.overflow = false;
  SymbolNumbers numbers(plan.split, plan.model);
  const FixedKernels *kernels = fixedKernels(path);
  if (!kernels)
    encodeFixedReference(plan, numbers, words, out);
  else if (plan.format.layout == Layout::RowMajor)
    encodeRows(plan, *kernels, numbers, words, out);
  else
    encodeFragments(plan, *kernels, numbers, words, out);
  out.escapes = std::accumulate(out.counts.begin(), out.counts.end(), uint64_t(0));
}

Status uwt::decodeFixed(const CodingPlan &plan, const CodedPanel &panel, CodePath path,
                        MutablePanelWords out) {
  const FixedKernels *kernels = fixedKernels(path);
  if (!kernels)
    return decodeFixedReference(plan, panel, out);
  if (plan.format.layout == Layout::RowMajor)
    return decodeRows(plan, *kernels, panel, out);
  return decodeFragments(plan, *kernels, panel, out);
}

Status uwt::decodeFixedRow(const CodingPlan &plan, const CodedPanel &panel, uint32_t panelRowCount,
                           uint32_t row, std::span<uint16_t> out) {
  decodeRow(FixedCoding(plan), *fixedKernels(bestCodePath()), panel, row, out);
  RecordReader reader(plan, panel);
  for (uint64_t index = 0; index < panel.counts.size(); ++index)
    UWT_RETURN_IF_ERROR(applyEscapesToRow(plan, fixedUnit(plan, panelRowCount, index), index,
                                          reader.next(index), row, out));
  return ok();
}
