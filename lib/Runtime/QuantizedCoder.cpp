//===- QuantizedCoder.cpp - Weights in memory from their codes ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled code computes the weights of a cell by the rules that QuantizedWeight::decode
// follows, and rounds as the target does where nothing is subnormal, infinite or NaN. A panel with
// a cell of which that is not so is stored as words (run-2).
//
//===----------------------------------------------------------------------===//

#include "PanelCoder.h"
#include "WeightBuilder.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Format/QuantizedElement.h"
#include <bit>
#include <cmath>
#include <cstring>

using namespace uwt;

static constexpr uint32_t rowsInBlock = 8, blocksInGroup = 4, pairsInBlock = 8;

static uint32_t bitsOf(float value) { return std::bit_cast<uint32_t>(value); }

//===----------------------------------------------------------------------===//
// Numbers that elements share
//===----------------------------------------------------------------------===//

/// A scale as the bits of its type, or nothing where it is no number of it.
static std::optional<uint32_t> scaleBits(float scale, std::string_view type) {
  uint32_t bits = bitsOf(scale);
  constexpr uint32_t exponentMask = 0xFF, bf16Low = 0xFFFF, f32Mantissa = 0x7FFFFF;
  uint32_t exponent = bits >> 23 & exponentMask;
  if (exponent == exponentMask)
    return std::nullopt;
  if (type == "f32")
    return bits;
  if (type == "bf16")
    return bits & bf16Low ? std::nullopt : std::optional(bits >> 16);
  if (type == "f8E8M0FNU") {
    // The exponent 0 stands for a subnormal.
    bool isPower = bits >> 31 == 0 && (bits & f32Mantissa) == 0 && exponent != 0;
    return isPower ? std::optional(exponent) : std::nullopt;
  }
  uint32_t half = roundToF16(scale);
  return bitsOf(float16.valueOf(half)) == bits ? std::optional(half) : std::nullopt;
}

static bool isSameCell(const Grid &grid, uint64_t a, uint64_t b) {
  return a / grid.cellColumns == b / grid.cellColumns;
}

/// For each cell in memory of a row, the column of the weight's grids. Nothing where a cell's
/// columns do not share their numbers in the weight.
static std::optional<std::vector<uint64_t>> cellColumnsOf(const QuantizedWeight &weight,
                                                          const QuantizedUnit &unit) {
  uint64_t width = unit.columns / unit.cells;
  std::vector<uint64_t> columns;
  for (uint64_t begin = 0; begin < weight.columns; begin += width) {
    uint64_t end = std::min(begin + width, weight.columns), first = weight.gridColumn(begin);
    for (uint64_t k = begin + 1; k < end; ++k)
      if (!isSameCell(weight.scale, first, weight.gridColumn(k)) ||
          !isSameCell(weight.zero, first, weight.gridColumn(k)))
        return std::nullopt;
    columns.push_back(first);
  }
  return columns;
}

namespace {

/// Packs the panels of one weight.
class QuantizedPacker {
public:
  /// Nothing where the weight is none that the format has.
  static std::optional<QuantizedPacker> make(const QuantizedWeight &weight, const CodingPlan &plan);

  /// The part of plane `code` of the rows from `first` on. False where compiled code would not
  /// compute the weight's own bits.
  bool pack(uint64_t first, uint32_t rows, std::span<uint8_t> out) const;

private:
  QuantizedPacker(const QuantizedWeight &weight, const CodingPlan &plan)
      : weight(weight), format(plan.format), element(plan.element),
        unit(quantizedUnit(plan.format)) {
    std::ranges::copy_if(weight.values, std::back_inserter(finite),
                         [](float value) { return std::isfinite(value); });
  }

  bool hasNumbers() const;
  bool convertScales();
  bool hasSpecials(uint64_t first, uint32_t rows) const;
  void packGroup(uint64_t first, uint32_t rows, uint64_t u, uint32_t group, uint8_t *out) const;
  bool packCell(uint64_t row, uint32_t rowInStrip, uint64_t cell, uint8_t *out) const;
  bool isExact(float zero, float scale) const;

  const QuantizedWeight &weight;
  const Format &format;
  ElementType element;
  QuantizedUnit unit;
  /// The values of codes that are numbers.
  std::vector<float> finite;
  /// The weight's scales as bits of the format's type, for each of its cells.
  std::vector<uint32_t> scales;
  /// Of each cell of a row in memory, the column of the weight's grids.
  std::vector<uint64_t> cellColumns;
};

} // namespace

/// Whether the numbers of codes less zero are the format's.
bool QuantizedPacker::hasNumbers() const {
  QuantizedElement element = *QuantizedElement::find(format.element);
  std::vector<float> numbers = element.values();
  bool isConstant = weight.zero.cells.size() == 1;
  if (weight.values.size() != numbers.size() || (!format.zeroGrid && !isConstant))
    return false;
  float zero = format.zeroGrid ? 0 : weight.zero.cells.front();
  for (size_t code = 0; code < numbers.size(); ++code)
    if (bitsOf(weight.values[code] - zero) !=
        bitsOf(numbers[code] - static_cast<float>(format.zero)))
      return false;
  float smallest = element.isSigned ? -128 : 0, largest = element.isSigned ? 127 : 255;
  auto isByte = [&](float number) {
    return bitsOf(number) == bitsOf(std::floor(number)) && number >= smallest && number <= largest;
  };
  return !format.zeroGrid || std::ranges::all_of(weight.zero.cells, isByte);
}

/// False where a scale is no number of the format's type.
bool QuantizedPacker::convertScales() {
  for (float scale : weight.scale.cells) {
    std::optional<uint32_t> bits = scaleBits(scale, format.scale->number.keyword);
    if (!bits)
      return false;
    scales.push_back(*bits);
  }
  return true;
}

std::optional<QuantizedPacker> QuantizedPacker::make(const QuantizedWeight &weight,
                                                     const CodingPlan &plan) {
  const MatrixShape &matrix = plan.matrix;
  if (!weight.floats.empty() || weight.matrices != 1 || weight.isTransposed ||
      weight.rows != matrix.rows || weight.columns != matrix.columns || weight.factor != 1 ||
      weight.offset)
    return std::nullopt;
  QuantizedPacker packer(weight, plan);
  std::optional<std::vector<uint64_t>> columns = cellColumnsOf(weight, packer.unit);
  if (!columns || !packer.hasNumbers() || !packer.convertScales())
    return std::nullopt;
  packer.cellColumns = *std::move(columns);
  return packer;
}

/// Whether a code of these rows stands for an infinity or NaN.
bool QuantizedPacker::hasSpecials(uint64_t first, uint32_t rows) const {
  if (finite.size() == weight.values.size())
    return false;
  std::span<const uint8_t> codes = weight.codes;
  return std::ranges::any_of(codes.subspan(first * weight.columns, rows * weight.columns),
                             [&](uint8_t code) { return !std::isfinite(weight.values[code]); });
}

/// Whether every weight of a cell is zero, or finite and for bf16 not subnormal, before it is
/// rounded and after. Compiled code multiplies scales of floats of 8 bits by 2^8 beforehand.
bool QuantizedPacker::isExact(float zero, float scale) const {
  constexpr uint32_t smallestNormal = 0x00800000, magnitude = 0x7FFFFFFF;
  bool isHalf = element == ElementType::F16;
  // From `overflow` on f32 round to an infinity.
  uint32_t smallest = isHalf ? 0 : smallestNormal, overflow = isHalf ? 0x477FF000 : 0x7F7F8000;
  constexpr float largestScale = 0x1p119f;
  bool exact = unit.hasNibbles() || std::abs(scale) < largestScale;
  for (float value : finite) {
    uint32_t bits = bitsOf((value - zero) * scale) & magnitude;
    exact &= bits == 0 || bits - smallest < overflow - smallest;
  }
  return exact;
}

static void storeNumber(uint8_t *out, uint32_t at, uint32_t row, uint32_t bits, uint32_t number) {
  std::memcpy(out + at * 4 + row * bits / 8, &number, bits / 8);
}

/// A cell of a row, `cell` counted through the row.
bool QuantizedPacker::packCell(uint64_t row, uint32_t rowInStrip, uint64_t cell,
                               uint8_t *out) const {
  uint64_t column = cellColumns[cell];
  float scale = weight.scale.at(row, column), zero = weight.zero.at(row, column);
  auto inUnit = static_cast<uint32_t>(cell % unit.cells);
  storeNumber(out, unit.scaleAt(inUnit), rowInStrip, unit.scaleBits,
              scales[weight.scale.cellOf(row, column)]);
  if (unit.zeroBits != 0)
    storeNumber(out, unit.zeroAt(inUnit), rowInStrip, unit.zeroBits,
                static_cast<uint32_t>(static_cast<int32_t>(zero)));
  return isExact(zero, scale);
}

/// Of a group's codes [16][64] those of rows `row` and `row` + 8, of 8 bits (run-1).
static void packBytes(const uint8_t *codes, uint32_t row, uint8_t *out) {
  constexpr uint32_t registerWords = 32, half = blockColumns / 2;
  for (uint32_t r = 0; r < 4; ++r) {
    // Word 2 * (4t + b) + h is column 16b + 2t + h of the half that r has.
    uint8_t *to = out + r * registerWords;
    const uint8_t *from = codes + (row + rowsInBlock * (r % 2)) * fixedUnitColumns + half * (r / 2);
    for (uint32_t t = 0; t < 4; ++t)
      for (uint32_t block = 0; block < blocksInGroup; ++block)
        std::memcpy(to + 2 * (4 * t + block), from + block * blockColumns + 2 * t, 2);
  }
}

/// The same of 4 bits.
static void packNibbles(const uint8_t *codes, uint32_t row, uint8_t *out) {
  constexpr uint32_t half = blockColumns / 2;
  const uint8_t *upper = codes + row * fixedUnitColumns;
  const uint8_t *lower = upper + rowsInBlock * fixedUnitColumns;
  for (uint32_t block = 0; block < blocksInGroup; ++block)
    for (uint32_t pair = 0; pair < pairsInBlock; ++pair) {
      uint32_t k = block * blockColumns + pair;
      auto word = static_cast<uint16_t>(upper[k] | lower[k] << 4 | upper[k + half] << 8 |
                                        lower[k + half] << 12);
      uint32_t at = (pair / 2 * blocksInGroup + block) * 2 + pair % 2;
      std::memcpy(out + at * 2, &word, 2);
    }
}

/// The codes of a group of 64 columns, of `rows` rows from `first` on, in unit `u` of their strip.
void QuantizedPacker::packGroup(uint64_t first, uint32_t rows, uint64_t u, uint32_t group,
                                uint8_t *out) const {
  std::array<uint8_t, stripRows * fixedUnitColumns> codes{};
  uint64_t column = u * unit.columns + group * fixedUnitColumns;
  uint64_t left = weight.columns - std::min(weight.columns, column);
  uint64_t count = std::min<uint64_t>(fixedUnitColumns, left);
  for (uint32_t row = 0; row < rows && count != 0; ++row)
    std::memcpy(&codes[row * fixedUnitColumns],
                weight.codes.data() + (first + row) * weight.columns + column, count);
  auto *pack = unit.hasNibbles() ? packNibbles : packBytes;
  for (uint32_t g = 0; g < rowsInBlock; ++g)
    pack(codes.data(), g, out + uint64_t(unit.rowAt(g, group)) * 4);
}

bool QuantizedPacker::pack(uint64_t first, uint32_t rows, std::span<uint8_t> out) const {
  uint64_t strips = divideUp(rows, stripRows), units = divideUp(weight.columns, unit.columns);
  std::ranges::fill(out, uint8_t(0));
  if (hasSpecials(first, rows))
    return false;
  bool isExact = true;
  for (uint64_t u = 0; u < units; ++u)
    for (uint64_t strip = 0; strip < strips; ++strip) {
      uint8_t *to = out.data() + (u * strips + strip) * unit.u32() * 4;
      auto inStrip = static_cast<uint32_t>(std::min<uint64_t>(stripRows, rows - strip * stripRows));
      uint64_t row = first + strip * stripRows;
      for (uint32_t group = 0; group < unit.groups(); ++group)
        packGroup(row, inStrip, u, group, to);
      uint64_t end = std::min<uint64_t>(cellColumns.size(), (u + 1) * unit.cells);
      for (uint64_t cell = u * unit.cells; cell < end; ++cell)
        for (uint32_t i = 0; i < inStrip; ++i)
          isExact &= packCell(row + i, i, cell, to);
    }
  return isExact;
}

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

namespace {
class QuantizedCoder final : public PanelCoder {
public:
  /// Where there is no `packer`, all panels are words.
  QuantizedCoder(const CodingPlan &plan, uint64_t panels, const QuantizedPacker *packer,
                 PanelSource source, CodePath path)
      : PanelCoder(plan, panels, path), packer(packer), source(std::move(source)) {}

private:
  Expected<PanelWords> wordsOf(uint64_t panel, PanelWorker &worker) const override {
    return source(panel, worker.words);
  }
  bool codeDirectly(uint64_t panel, std::span<uint8_t> code, EncodedPanel &) const override {
    return packer && packer->pack(panel * panelRows, rowsOf(panel), code);
  }

  const QuantizedPacker *packer;
  const PanelSource source;
};
} // namespace

Expected<LoadedWeight> uwt::codeQuantized(const QuantizedWeight &weight,
                                          const TensorDescription &description, ThreadPool &pool,
                                          const LoadOptions &options) {
  UWT_ASSIGN_OR_RETURN(CodingPlan plan, planWithoutModel(description, checkRunFormat));
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, description.matrices());
  std::optional<QuantizedPacker> packer;
  if (!options.asWords)
    if (std::optional<QuantizedPacker> made = QuantizedPacker::make(weight, plan))
      packer.emplace(*std::move(made));
  std::vector<uint8_t> dense;
  PanelSource source;
  if (packer) {
    source = [&](uint64_t panel, std::vector<uint16_t> &scratch) {
      uint32_t rows = plan.matrix.rowsOfPanel(panel);
      scratch.resize(rows * weight.columns);
      weight.decodeRows(plan.element, panel * panelRows, scratch);
      return PanelWords{scratch.data(), weight.columns, rows, weight.columns};
    };
  } else {
    dense = weight.decode(description.element, pool);
    TensorDescription words = description;
    words.format = rawFormat();
    UWT_ASSIGN_OR_RETURN(source, panelSource(words, dense));
  }
  QuantizedCoder coder(plan, matrices.panels(), packer ? &*packer : nullptr, std::move(source),
                       options.path);
  return codePanels(description, coder, pool, options);
}
