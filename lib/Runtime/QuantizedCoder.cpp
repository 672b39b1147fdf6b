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

#include "PackCodes.h"
#include "PanelCoder.h"
#include "WeightBuilder.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Format/QuantizedElement.h"
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

using namespace uwt;

static uint32_t bitsOf(float value) { return std::bit_cast<uint32_t>(value); }

//===----------------------------------------------------------------------===//
// Numbers that elements share
//===----------------------------------------------------------------------===//

namespace {
/// A number as a unit has it, and what compiled code makes of that: NaN where the type has no such
/// number.
struct StoredNumber {
  uint32_t bits = 0;
  float value = 0;
};
} // namespace

static constexpr StoredNumber noNumber = {0, std::numeric_limits<float>::quiet_NaN()};

/// Of a finite number.
using NumberStorer = StoredNumber (*)(float value);

static StoredNumber storedIfSame(uint32_t bits, float stored, float value) {
  return bitsOf(stored) == bitsOf(value) ? StoredNumber{bits, value} : noNumber;
}

static StoredNumber storedF32(float value) { return {bitsOf(value), value}; }

static StoredNumber storedBF16(float value) {
  constexpr uint32_t low = 0xFFFF;
  return bitsOf(value) & low ? noNumber : StoredNumber{bitsOf(value) >> 16, value};
}

static StoredNumber storedF16(float value) {
  uint32_t half = roundToF16(value);
  return storedIfSame(half, float16.valueOf(half), value);
}

/// Powers of two, and zero for those below the normal numbers.
static StoredNumber storedExponent(float value) {
  constexpr uint32_t mantissaBits = 23, sign = 0x80000000;
  uint32_t exponent = bitsOf(value) >> mantissaBits;
  if (bitsOf(value) & sign)
    return noNumber;
  return exponent == 0 ? StoredNumber() : storedIfSame(exponent, valueOfE8M0(exponent), value);
}

/// Floats whose bits are the upper ones of an f16 2^8 times as small.
static StoredNumber storedE4M3(float value) {
  uint32_t half = roundToF16(std::ldexp(value, -8));
  uint32_t code = (half >> 8 & 0x80) | (half >> 7 & 0x7F);
  return storedIfSame(code, float8E4M3.valueOf(code), value);
}

/// The largest number that is not above `value` (run-5), or the smallest one of all.
static StoredNumber storedPositive(float value) {
  uint32_t bits = bitsOf(value), smallest = positiveScaleBase;
  uint32_t code = bits < smallest ? 0 : (bits - smallest) >> positiveScaleShift;
  if (code > UINT16_MAX)
    return noNumber;
  return {code, std::bit_cast<float>(smallest + (code << positiveScaleShift))};
}

template <bool isSigned> static StoredNumber storedInteger(float value) {
  constexpr float smallest = isSigned ? -128 : 0;
  if (!(value >= smallest && value <= smallest + 255))
    return noNumber;
  auto integer = static_cast<int32_t>(value);
  return storedIfSame(static_cast<uint8_t>(integer), static_cast<float>(integer), value);
}

static NumberStorer storerOf(const Term &type) {
  constexpr std::pair<std::string_view, NumberStorer> storers[] = {{"f32", storedF32},
                                                                   {"bf16", storedBF16},
                                                                   {"f16", storedF16},
                                                                   {"f8E8M0FNU", storedExponent},
                                                                   {positiveScale, storedPositive}};
  for (auto [keyword, storer] : storers)
    if (type.keyword == keyword)
      return storer;
  QuantizedElement element = *QuantizedElement::find(type);
  if (element.kind)
    return storedE4M3;
  return element.isSigned ? storedInteger<true> : storedInteger<false>;
}

static bool isSameCell(const Grid &grid, uint64_t a, uint64_t b) {
  return a / grid.cellColumns == b / grid.cellColumns;
}

/// For each cell in memory of a row, the column of the weight's grids. Nothing where a cell's
/// columns do not share their numbers in the weight.
static std::optional<std::vector<uint64_t>> cellColumnsOf(const QuantizedWeight &weight,
                                                          const QuantizedUnit &unit) {
  uint64_t width = unit.columns / unit.cells;
  auto sharesAll = [&](uint64_t a, uint64_t b) {
    return isSameCell(weight.table, a, b) && isSameCell(weight.scale, a, b) &&
           isSameCell(weight.zero, a, b) &&
           std::ranges::all_of(weight.steps, [&](const WeightStep &step) {
             return isSameCell(step.numbers, a, b);
           });
  };
  std::vector<uint64_t> columns;
  for (uint64_t begin = 0; begin < weight.columns; begin += width) {
    uint64_t end = std::min(begin + width, weight.columns), first = weight.gridColumn(begin);
    for (uint64_t k = begin + 1; k < end; ++k)
      if (!sharesAll(first, weight.gridColumn(k)))
        return std::nullopt;
    columns.push_back(first);
  }
  return columns;
}

namespace {

/// A weight's grid as units have it.
struct PackedGrid {
  PackedGrid(const Grid &numbers, const GridParts *parts, const GridFormat *format,
             const QuantizedGrid &layout)
      : numbers(format && format->outer ? parts->numbers : numbers), parts(parts), format(format),
        layout(layout), stored(format ? storerOf(format->number) : nullptr),
        storedOuter(format && format->outer ? storerOf(format->outer->number) : nullptr) {}

  /// Whether the weight has two grids where the format has, and the cells of a unit one outer
  /// number. `columns` are those of the cells.
  static bool fits(const std::optional<GridParts> &parts, const GridFormat &format,
                   std::span<const uint64_t> columns, uint32_t cellsInUnit) {
    if (!format.outer)
      return true;
    if (!parts || parts->isDivided != format.isDivided)
      return false;
    for (size_t cell = 0; cell < columns.size(); ++cell)
      if (!isSameCell(parts->outer, columns[cell], columns[cell - cell % cellsInUnit]))
        return false;
    return true;
  }

  const Grid &numbers;
  const GridParts *parts;
  const GridFormat *format;
  const QuantizedGrid layout;
  const NumberStorer stored, storedOuter;
};

/// Scales from here on become infinite where compiled code multiplies them beforehand, of floats by
/// what their exponents' bias differs from that of f16 (packedScaleExponent() for the rest).
float scaleLimit(const Format &format, ElementType element) {
  if (std::optional<int> exponent = packedScaleExponent(format, element))
    return std::ldexp(1.0f, (element == ElementType::F16 ? 16 : 128) - *exponent);
  std::optional<SmallFloat> kind = QuantizedElement::find(format.element)->kind;
  if (!kind)
    return std::numeric_limits<float>::infinity();
  return std::ldexp(1.0f, 128 - (float16.bias() - kind->bias()));
}

/// What the elements of a cell share.
struct CellNumbers {
  float scale, zero;
  /// What codes stand for.
  std::span<const float> values;
  /// By step; 0 where there is none.
  std::array<float, maxSteps> ofSteps{};

  bool isSame(const CellNumbers &other) const {
    return values.data() == other.values.data() && bitsOf(scale) == bitsOf(other.scale) &&
           bitsOf(zero) == bitsOf(other.zero) &&
           std::ranges::equal(ofSteps, other.ofSteps, {}, bitsOf, bitsOf);
  }
};

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
        code(*QuantizedElement::find(plan.format.element)), unit(quantizedUnit(plan.format)),
        limit(scaleLimit(format, element)),
        scale(weight.scale, asPointer(weight.scaleParts), &*format.scale, unit.scale),
        zero(weight.zero, nullptr, asPointer(format.zeroGrid), unit.zero) {
    for (size_t i = 0; i < weight.steps.size(); ++i)
      steps.emplace_back(weight.steps[i].numbers, asPointer(weight.steps[i].parts),
                         &format.steps[i].format, unit.steps[i]);
  }

  template <typename T> static const T *asPointer(const std::optional<T> &value) {
    return value ? &*value : nullptr;
  }

  bool hasNumbers() const;
  void findExtremes();
  bool areAllPlain(std::span<const uint8_t> codes, const CellNumbers &numbers) const;
  void packGroup(uint64_t first, uint32_t rows, uint64_t u, uint32_t group, uint8_t *out) const;
  float packNumber(const PackedGrid &grid, uint64_t row, uint64_t column, uint32_t rowInStrip,
                   uint32_t inUnit, uint8_t *out) const;
  bool packPick(uint64_t row, uint64_t column, uint32_t rowInStrip, uint32_t inUnit,
                uint8_t *out) const;
  bool takesZero(float zero) const;
  bool haveBits(std::span<const uint8_t> codes, const CellNumbers &own,
                const CellNumbers &coded) const;
  bool hasBits(uint64_t row, uint64_t cell, const CellNumbers &coded) const;
  bool packCell(uint64_t row, uint32_t rowInStrip, uint64_t cell, uint8_t *out) const;
  /// value-2 to value-5.
  float valueOf(uint8_t code, ElementType math, const CellNumbers &numbers) const {
    float difference = numbers.values[code] - numbers.zero;
    if (math != ElementType::F32)
      difference = roundedTo(math, difference);
    float value = difference * numbers.scale * weight.factor;
    for (size_t i = 0; i < weight.steps.size(); ++i)
      value = weight.steps[i].role.apply(value, numbers.ofSteps[i]);
    return value;
  }
  uint32_t roundedBits(float value) const {
    return element == ElementType::F16 ? roundToF16(value) : roundToBF16(value);
  }
  bool isPlain(float value) const;

  const QuantizedWeight &weight;
  const Format &format;
  ElementType element;
  QuantizedElement code;
  QuantizedUnit unit;
  float limit;
  PackedGrid scale, zero;
  std::vector<PackedGrid> steps;
  /// Of each cell of a row in memory, the column of the weight's grids.
  std::vector<uint64_t> cellColumns;
  /// Codes of the numbers that are nearest to zero, but for zero, and farthest from it.
  std::optional<std::pair<uint8_t, uint8_t>> extremes;
  /// Above it, without their sign, codes of floats are infinities and NaN.
  uint8_t lastMagnitude = UINT8_MAX;
};

} // namespace

/// Whether the numbers of codes less zero are the format's.
bool QuantizedPacker::hasNumbers() const {
  if (weight.codeCount() != size_t(1) << code.bits || (weight.tables > 1 && !format.pick))
    return false;
  if (code.isTable)
    return weight.zero.cells.size() == 1 && bitsOf(weight.zero.cells.front()) == 0;
  std::vector<float> numbers = code.values();
  bool isConstant = weight.zero.cells.size() == 1;
  if (!format.zeroGrid && !isConstant)
    return false;
  float zero = format.zeroGrid ? 0 : weight.zero.cells.front();
  for (size_t i = 0; i < numbers.size(); ++i)
    if (bitsOf(weight.values[i] - zero) != bitsOf(numbers[i] - static_cast<float>(format.zero)))
      return false;
  return true;
}

std::optional<QuantizedPacker> QuantizedPacker::make(const QuantizedWeight &weight,
                                                     const CodingPlan &plan) {
  if (!weight.floats.empty() || weight.factor != plan.format.factor() ||
      weight.isTransposed != (plan.format.storage == Storage::KMajor) ||
      weight.columns != plan.matrix.columns || weight.rows % plan.matrix.rows != 0 ||
      (weight.isTransposed && weight.rows / weight.matrices != plan.matrix.rows) ||
      !std::ranges::equal(weight.steps, plan.format.steps, {}, &WeightStep::role, &GridStep::role))
    return std::nullopt;
  QuantizedUnit unit = quantizedUnit(plan.format);
  std::optional<std::vector<uint64_t>> columns = cellColumnsOf(weight, unit);
  if (!columns || !PackedGrid::fits(weight.scaleParts, *plan.format.scale, *columns, unit.cells))
    return std::nullopt;
  for (size_t i = 0; i < weight.steps.size(); ++i)
    if (!PackedGrid::fits(weight.steps[i].parts, plan.format.steps[i].format, *columns, unit.cells))
      return std::nullopt;
  QuantizedPacker packer(weight, plan);
  if (!packer.hasNumbers())
    return std::nullopt;
  packer.cellColumns = *std::move(columns);
  packer.findExtremes();
  return packer;
}

/// Where one table and one zero are those of all, and nothing is added: of numbers that are
/// multiplied alike these two say whether all are plain.
void QuantizedPacker::findExtremes() {
  if (unit.pick || unit.zero || !unit.steps.empty())
    return;
  float zero = weight.zero.cells.front();
  auto magnitude = [&](uint8_t code) { return std::abs(weight.values[code] - zero); };
  for (size_t i = 0; i < weight.values.size(); ++i) {
    auto number = static_cast<uint8_t>(i);
    if (!std::isfinite(magnitude(number)) || magnitude(number) == 0)
      continue;
    if (!extremes)
      extremes = {number, number};
    if (magnitude(number) < magnitude(extremes->first))
      extremes->first = number;
    if (magnitude(number) > magnitude(extremes->second))
      extremes->second = number;
  }
  if (code.kind && extremes)
    lastMagnitude = extremes->second & ((1u << (code.bits - 1)) - 1);
}

/// Whether a weight is zero, or finite and for bf16 not subnormal, before it is rounded and after.
bool QuantizedPacker::isPlain(float value) const {
  constexpr uint32_t smallestNormal = 0x00800000, magnitude = 0x7FFFFFFF;
  bool isHalf = element == ElementType::F16;
  // From `overflow` on f32 round to an infinity.
  uint32_t smallest = isHalf ? 0 : smallestNormal, overflow = isHalf ? 0x477FF000 : 0x7F7F8000;
  uint32_t bits = bitsOf(value) & magnitude;
  return bits == 0 || bits - smallest < overflow - smallest;
}

static void storeNumber(uint8_t *out, uint32_t at, uint32_t row, uint32_t bits, uint32_t number) {
  std::memcpy(out + at * 4 + row * bits / 8, &number, bits / 8);
}

/// Whether compiled code divides as it should: kernels do it by steps that must neither overflow
/// nor underflow, and that lose the sign of a zero.
static bool canDivide(float a, float b) {
  constexpr float smallest = 0x1p-60f, largest = 0x1p60f;
  auto isBetween = [](float x) { return std::abs(x) >= smallest && std::abs(x) <= largest; };
  return isBetween(b) && (isBetween(a) || std::bit_cast<uint32_t>(a) == 0);
}

/// Packs the numbers of a cell, and gives what compiled code makes of them: no number where it
/// would not be exact.
float QuantizedPacker::packNumber(const PackedGrid &grid, uint64_t row, uint64_t column,
                                  uint32_t rowInStrip, uint32_t inUnit, uint8_t *out) const {
  auto store = [](NumberStorer storer, float value) {
    return std::isfinite(value) ? storer(value) : noNumber;
  };
  StoredNumber number = store(grid.stored, grid.numbers.at(row, column));
  storeNumber(out, grid.layout.at(inUnit), rowInStrip, grid.layout.bits, number.bits);
  if (!grid.format->outer)
    return number.value;
  StoredNumber outer = store(grid.storedOuter, grid.parts->outer.at(row, column));
  storeNumber(out, grid.layout.outerAt(unit.cells), rowInStrip, grid.layout.outerBits, outer.bits);
  if (!grid.format->isDivided)
    return number.value * outer.value;
  bool isExact = canDivide(number.value, outer.value);
  return isExact ? number.value / outer.value : std::numeric_limits<float>::quiet_NaN();
}

/// Packs the number of a cell's table. False where it has more bits.
bool QuantizedPacker::packPick(uint64_t row, uint64_t column, uint32_t rowInStrip, uint32_t inUnit,
                               uint8_t *out) const {
  auto number = static_cast<uint32_t>(weight.table.at(row, column));
  storeNumber(out, unit.pick.at(inUnit), rowInStrip, unit.pick.bits, number);
  return number >> *pickBits(*format.pick) == 0;
}

/// Whether kernels that compute in the weight's own type have a zero as it is: they take a part of
/// it (packedScaleExponent).
bool QuantizedPacker::takesZero(float zero) const {
  std::optional<int> exponent = packedScaleExponent(format, element);
  if (!exponent || !format.hasFloatZeros())
    return true;
  float part = std::ldexp(zero, -*exponent);
  constexpr float smallestNormal = std::numeric_limits<float>::min();
  return element == ElementType::F16 ? float16.valueOf(roundToF16(part)) == part
                                     : zero == 0 || std::abs(part) >= smallestNormal;
}

/// Whether all weights of a cell are plain, as its extremes show. False where they do not.
bool QuantizedPacker::areAllPlain(std::span<const uint8_t> codes,
                                  const CellNumbers &numbers) const {
  if (!extremes)
    return false;
  float nearest = valueOf(extremes->first, format.math, numbers);
  float farthest = valueOf(extremes->second, format.math, numbers);
  // What becomes zero stands beside what is subnormal.
  if (nearest == 0 || !isPlain(nearest) || !isPlain(farthest))
    return false;
  uint32_t magnitudes = code.kind ? (1u << (code.bits - 1)) - 1 : 0;
  bool areNumbers = true;
  for (uint8_t each : codes)
    areNumbers &= (each & magnitudes) <= lastMagnitude;
  return areNumbers;
}

/// Whether compiled code computes the bits of the weights of such codes from such numbers.
bool QuantizedPacker::haveBits(std::span<const uint8_t> codes, const CellNumbers &own,
                               const CellNumbers &coded) const {
  bool isExact = true, isSame = own.isSame(coded) && weight.math == format.math;
  if (isSame && areAllPlain(codes, coded))
    return true;
  for (uint8_t code : codes) {
    float value = valueOf(code, format.math, coded);
    isExact &= isPlain(value);
    if (!isSame)
      isExact &= roundedBits(valueOf(code, weight.math, own)) == roundedBits(value);
  }
  return isExact;
}

/// Whether compiled code computes the bits of a cell's weights from such numbers.
bool QuantizedPacker::hasBits(uint64_t row, uint64_t cell, const CellNumbers &coded) const {
  if (!(std::abs(coded.scale) < limit && takesZero(coded.zero)))
    return false;
  uint64_t column = cellColumns[cell], width = unit.columns / unit.cells;
  CellNumbers own = {weight.scale.at(row, column), weight.zero.at(row, column),
                     weight.valuesAt(row, column)};
  for (size_t i = 0; i < weight.steps.size(); ++i)
    own.ofSteps[i] = weight.steps[i].numbers.at(row, column);
  // All codes of 4 bits are fewer than those of most cells.
  constexpr std::array<uint8_t, nibbleCodes> nibbles = {0, 1, 2,  3,  4,  5,  6,  7,
                                                        8, 9, 10, 11, 12, 13, 14, 15};
  size_t count = weight.codeCount();
  if (count <= nibbleCodes && haveBits(std::span(nibbles).first(count), own, coded))
    return true;
  // Columns that do not exist have code 0.
  uint64_t begin = cell * width, end = std::min(begin + width, weight.columns);
  if (end < begin + width && !haveBits(std::span(nibbles).first(1), own, coded))
    return false;
  return haveBits({weight.codes.data() + row * weight.columns + begin, end - begin}, own, coded);
}

/// A cell of a row, `cell` counted through the row. False where compiled code would not compute the
/// bits of its weights.
bool QuantizedPacker::packCell(uint64_t row, uint32_t rowInStrip, uint64_t cell,
                               uint8_t *out) const {
  uint64_t column = cellColumns[cell];
  auto inUnit = static_cast<uint32_t>(cell % unit.cells);
  auto pack = [&](const PackedGrid &grid) {
    return packNumber(grid, row, column, rowInStrip, inUnit, out);
  };
  CellNumbers coded = {pack(scale), unit.zero ? pack(zero) : weight.zero.at(row, column),
                       weight.valuesAt(row, column)};
  if (unit.pick && !packPick(row, column, rowInStrip, inUnit, out))
    return false;
  for (size_t i = 0; i < steps.size(); ++i)
    coded.ofSteps[i] = pack(steps[i]);
  bool isExact = hasBits(row, cell, coded);
  if (isExact || format.scale->number.keyword != positiveScale || std::isnan(coded.scale))
    return isExact;
  // The number above, run-5.
  float next = std::bit_cast<float>(bitsOf(coded.scale) + (1u << positiveScaleShift));
  StoredNumber above = storedPositive(next);
  coded.scale = above.value;
  storeNumber(out, unit.scale.at(inUnit), rowInStrip, unit.scale.bits, above.bits);
  return hasBits(row, cell, coded);
}

/// Floats of 7 bits have a copy of their sign above, so that compiled code finds it at the same bit
/// (run-1).
static void extendSigns(std::span<uint8_t> codes, const QuantizedElement &element,
                        uint32_t codeBits) {
  if (!element.kind || element.bits == codeBits)
    return;
  uint32_t sign = 1u << (element.bits - 1), all = (1u << codeBits) - 1;
  for (uint8_t &code : codes)
    code = static_cast<uint8_t>(((code ^ sign) - sign) & all);
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
  extendSigns(codes, code, unit.codeBits);
  packCodes(unit, codes, out + uint64_t(group) * unit.groupU32() * 4);
}

bool QuantizedPacker::pack(uint64_t first, uint32_t rows, std::span<uint8_t> out) const {
  uint64_t strips = divideUp(rows, stripRows), units = divideUp(weight.columns, unit.columns);
  std::ranges::fill(out, uint8_t(0));
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

/// The first row of a panel, of all matrices, one below the other.
static uint64_t firstRowOf(uint64_t panel, const MatrixShape &matrix) {
  return panel / matrix.panels() * matrix.rows + panel % matrix.panels() * panelRows;
}

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
    return packer && packer->pack(firstRowOf(panel, plan().matrix), rowsOf(panel), code);
  }

  const QuantizedPacker *packer;
  const PanelSource source;
};
} // namespace

Status uwt::withQuantizedCoder(const QuantizedWeight &weight, const TensorDescription &description,
                               ThreadPool &pool, const LoadOptions &options,
                               const std::function<Status(const PanelCoder &)> &use) {
  UWT_ASSIGN_OR_RETURN(CodingPlan plan, planWithoutModel(description, checkRunFormat));
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, description.matrices());
  std::optional<QuantizedPacker> packer;
  if (!options.asWords)
    if (std::optional<QuantizedPacker> made = QuantizedPacker::make(weight, plan))
      packer.emplace(*std::move(made));
  if (QuantizedElement::find(plan.format.element)->isTable) {
    // Above codes of fewer than 4 bits are others.
    for (uint64_t table = 0; table < weight.tables; ++table)
      for (size_t i = 0; i < nibbleCodes; ++i)
        plan.numbers.push_back(weight.values[table * weight.codeCount() + i % weight.codeCount()]);
  }
  std::vector<uint8_t> dense;
  PanelSource source;
  if (packer) {
    source = [&](uint64_t panel, std::vector<uint16_t> &scratch) {
      uint32_t rows = plan.matrix.rowsOfPanel(panel % plan.matrix.panels());
      scratch.resize(rows * weight.columns);
      weight.decodeRows(plan.element, firstRowOf(panel, plan.matrix), scratch);
      return PanelWords{scratch.data(), weight.columns, rows, weight.columns};
    };
  } else {
    dense = weight.decode(description.element, pool);
    TensorDescription words = description;
    words.format = rawFormat();
    words.format.storage = description.format.storage;
    UWT_ASSIGN_OR_RETURN(source, panelSource(words, dense));
  }
  QuantizedCoder coder(plan, matrices.panels(), packer ? &*packer : nullptr, std::move(source),
                       options.path);
  return use(coder);
}

Expected<LoadedWeight> uwt::codeQuantized(const QuantizedWeight &weight,
                                          const TensorDescription &description, ThreadPool &pool,
                                          const LoadOptions &options) {
  std::optional<LoadedWeight> loaded;
  auto code = [&](const PanelCoder &coder) -> Status {
    UWT_ASSIGN_OR_RETURN(loaded, codePanels(description, coder, pool, options));
    return ok();
  };
  if (!description.format.hasColumnOrder) {
    UWT_RETURN_IF_ERROR(withQuantizedCoder(weight, description, pool, options, code));
    return *std::move(loaded);
  }
  uint64_t cellColumns = description.format.scale->columnsOf(weight.columns);
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> order, weight.columnOrder(cellColumns));
  UWT_RETURN_IF_ERROR(
      withQuantizedCoder(weight.withColumns(order), description, pool, options, code));
  WeightBuilder builder(*std::move(loaded));
  builder.setOrder(order);
  return builder.finish();
}
