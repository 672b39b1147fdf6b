//===- QuantizedDraw.cpp - Quantised weights that are drawn ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedDraw.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Support/Random.h"
#include <algorithm>
#include <cmath>
#include <iterator>

using namespace uwt;
using namespace uwt::bench;

/// The standard deviation of weights that are drawn (makeSynthetic).
static constexpr double deviation = 0.02;

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// Numbers of a table that lie closer to each other near zero, as those of NF4, and have all bits
/// of an f32; or integers.
static std::vector<float> tableOf(uint32_t bits, DrawnValues values) {
  int count = 1 << bits, middle = count / 2;
  std::vector<float> table;
  for (int i = 0; i < count; ++i) {
    float at = float(2 * i + 1 - count) / float(count);
    table.push_back(values == DrawnValues::Exact ? float(i - middle)
                                                 : at * (0.6F + 0.4F * at * at) / 1.03F);
  }
  return table;
}

/// So many tables: the first one, and the same with the other sign in turn.
static std::vector<float> tablesOf(const std::vector<float> &first, uint64_t tables) {
  std::vector<float> values;
  for (uint64_t table = 0; table < tables; ++table)
    std::ranges::transform(first, std::back_inserter(values),
                           [&](float number) { return table % 2 == 0 ? number : -number; });
  return values;
}

namespace {
/// The numbers of an element's codes.
struct Range {
  float least = 0, most = 0;

  explicit Range(std::span<const float> numbers) {
    for (float number : numbers)
      if (std::isfinite(number)) {
        least = std::min(least, number);
        most = std::max(most, number);
      }
  }
  double middle() const { return (double(least) + most) / 2; }
  /// The standard deviation of a normal distribution that the range clips rarely.
  double spread() const { return (double(most) - least) / 6; }
  /// The power of two whose multiples, up to 256 of them, reach the largest number.
  double unit() const { return std::exp2(std::ceil(std::log2(std::max(-least, most) / 256.0))); }
};
} // namespace

/// The codes that are drawn: those of numbers, or of multiples of a unit.
static std::vector<uint8_t> usableCodes(std::span<const float> numbers, DrawnValues values) {
  double unit = Range(numbers).unit();
  std::vector<uint8_t> usable;
  for (size_t code = 0; code < numbers.size(); ++code) {
    double number = numbers[code];
    if (std::isfinite(number) && (values == DrawnValues::Plausible || std::fmod(number, unit) == 0))
      usable.push_back(static_cast<uint8_t>(code));
  }
  return usable;
}

static uint8_t nearestCode(std::span<const float> numbers, const std::vector<uint8_t> &usable,
                           double wanted) {
  return *std::ranges::min_element(usable, {},
                                   [&](uint8_t code) { return std::abs(numbers[code] - wanted); });
}

/// Codes of a normal distribution to take elements from: one in eight is any, so that all occur.
static std::vector<uint8_t> deckOf(std::span<const float> numbers, DrawnValues values,
                                   Random &random) {
  constexpr size_t cards = 4096;
  std::vector<uint8_t> usable = usableCodes(numbers, values), deck(cards);
  Range range(numbers);
  for (size_t i = 0; i < cards; ++i)
    deck[i] = i % 8 == 0
                  ? usable[i / 8 % usable.size()]
                  : nearestCode(numbers, usable, range.middle() + range.spread() * random.normal());
  return deck;
}

static std::vector<uint8_t> drawCodes(const std::vector<uint8_t> &deck, uint64_t rows,
                                      uint64_t columns, uint64_t seed, ThreadPool &pool) {
  std::vector<uint8_t> codes(rows * columns);
  pool.parallelFor(rows, [&](uint64_t row, unsigned) {
    Random random(seed * 0x2545f4914f6cdd1d + row * 0xd1342543de82ef95);
    for (uint64_t k = 0; k < columns; ++k)
      codes[row * columns + k] = deck[random.below(deck.size())];
  });
  return codes;
}

//===----------------------------------------------------------------------===//
// Numbers that elements share
//===----------------------------------------------------------------------===//

namespace {
/// A type of numbers that cells share.
class NumberType {
public:
  explicit NumberType(const Term &term) : keyword(term.keyword) {
    std::optional<QuantizedElement> element = QuantizedElement::find(term);
    if (!element)
      return;
    for (float number : element->values())
      if (std::isfinite(number) && number != 0)
        numbers.push_back(number);
    std::ranges::sort(numbers);
    // Of one bit with a sign there is none that is positive.
    if (numbers.back() > 0)
      std::erase_if(numbers, [](float number) { return number < 0; });
  }

  /// What numbers have beside a coarser grid: in the middle of those of few bits.
  double typical() const { return numbers.empty() ? 1 : std::abs(numbers.back()) / 4; }
  bool isFloat() const { return numbers.empty() && keyword != "f8E8M0FNU"; }

  /// The number nearest to a positive one; of those that the loader rounds itself, any f32.
  float nearest(double wanted) const {
    if (keyword == "f8E8M0FNU")
      return static_cast<float>(std::exp2(std::round(std::log2(wanted))));
    if (keyword == "bf16")
      return roundedTo(ElementType::BF16, static_cast<float>(wanted));
    if (keyword == "f16")
      return roundedTo(ElementType::F16, static_cast<float>(std::max(wanted, 0x1p-14)));
    if (numbers.empty())
      return static_cast<float>(keyword == positiveScale ? std::clamp(wanted, 0x1p-60, 1.75)
                                                         : wanted);
    auto above = std::ranges::lower_bound(numbers, static_cast<float>(wanted));
    if (above == numbers.begin())
      return numbers.front();
    if (above == numbers.end() || wanted - *(above - 1) < *above - wanted)
      return *(above - 1);
    return *above;
  }

  /// One of two powers of two, which every type of floats has: larger ones may overflow where
  /// kernels multiply them (run-4). Of integers 1.
  float powerOfTwo(bool isLarger) const { return nearest(isLarger ? 1 : 0.5); }

private:
  std::string keyword;
  /// Of few bits: all that are positive, in order.
  std::vector<float> numbers;
};

/// Draws the grids of a weight.
class GridDraw {
public:
  GridDraw(const Format &format, QuantizedWeight &weight, DrawnValues values, uint64_t seed)
      : format(format), weight(weight), values(values), random(seed), range(weight.values) {}

  void draw() {
    if (format.pick)
      weight.table =
          cellsOf(*format.pick, [&] { return static_cast<float>(random.below(weight.tables)); });
    double size = deviation / range.spread();
    weight.scale = drawGrid(*format.scale, size, format.divisor, weight.scaleParts);
    if (format.zeroGrid)
      weight.zero = cellsOf(*format.zeroGrid, [&] { return drawZero(format.zeroGrid->number); });
    for (const GridStep &step : format.steps)
      drawStep(step, size);
  }

private:
  void drawStep(const GridStep &step, double size) {
    bool isAdded = step.role.operation == StepOperation::Add;
    // What brings codes without a sign back to around zero.
    double offset = size * std::max(std::abs(range.middle()), 1.0);
    WeightStep drawn{step.role, {}};
    drawn.numbers = drawGrid(step.format, isAdded ? offset : 1, 1, drawn.parts);
    if (isAdded && NumberType(step.format.number).isFloat() && !step.format.outer && !isExact())
      for (float &number : drawn.numbers.cells)
        number = -number;
    weight.steps.push_back(std::move(drawn));
  }

  bool isExact() const { return values == DrawnValues::Exact; }

  template <typename Draw> Grid cellsOf(const CellFormat &cells, Draw draw) {
    Grid grid;
    grid.cellRows = cells.rowsOf(weight.rows);
    grid.cellColumns = cells.columnsOf(weight.columns);
    grid.columns = divideUp(weight.columns, grid.cellColumns);
    grid.cells.resize(grid.columns * divideUp(weight.rows, grid.cellRows));
    std::ranges::generate(grid.cells, draw);
    return grid;
  }

  /// Numbers of about a size, or powers of two, times `multiple` where they can be.
  Grid drawCells(const CellFormat &cells, double size, uint32_t multiple) {
    NumberType type(cells.number);
    auto times = static_cast<float>(type.isFloat() ? multiple : 1);
    return cellsOf(cells, [&] {
      if (isExact())
        return times * type.powerOfTwo(random.next() % 2 == 1);
      return type.nearest(size * std::exp(0.3 * random.normal()));
    });
  }

  Grid drawGrid(const GridFormat &grid, double size, uint32_t multiple,
                std::optional<GridParts> &parts) {
    if (!grid.outer)
      return drawCells(grid, size, multiple);
    double inner = NumberType(grid.number).typical();
    double outer = grid.isDivided ? inner / size : size / inner;
    parts = {drawCells(grid, inner, 1),
             drawCells(*grid.outer, outer, grid.isDivided ? 1 : multiple), grid.isDivided};
    return parts->product();
  }

  /// A zero point around the middle of the codes.
  float drawZero(const Term &number) {
    double wanted = range.middle() + 0.25 * range.spread() * random.normal();
    if (number == format.element)
      return weight.values[nearestCode(weight.values, codes, wanted)];
    // Kernels take a part of it, which an f16 has of numbers of few bits alone (run-4).
    double step = isExact() ? 1 : 0.125;
    auto zero = static_cast<float>(std::round(wanted / step) * step);
    return number.keyword == "f32"
               ? zero
               : roundedTo(number.keyword == "f16" ? ElementType::F16 : ElementType::BF16, zero);
  }

  const Format &format;
  QuantizedWeight &weight;
  DrawnValues values;
  Random random;
  Range range;
  std::vector<uint8_t> codes = usableCodes(weight.valuesOf(0), values);
};
} // namespace

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

QuantizedWeight uwt::bench::drawQuantized(const Format &format, uint64_t rows, uint64_t columns,
                                          DrawnValues values, uint64_t seed, ThreadPool &pool) {
  QuantizedElement element = *QuantizedElement::find(format.element);
  Random random(seed ^ 0x5851f42d4c957f2d);
  QuantizedWeight weight;
  weight.rows = rows;
  weight.columns = columns;
  weight.values = element.isTable ? tableOf(element.bits, values) : element.values();
  if (format.pick) {
    weight.tables = std::min(rows, uint64_t(1) << *pickBits(*format.pick));
    weight.values = tablesOf(weight.values, weight.tables);
  }
  weight.factor = format.factor();
  weight.math = format.math;
  weight.zero = Grid::constant(static_cast<float>(format.zero));
  weight.codes = drawCodes(deckOf(weight.valuesOf(0), values, random), rows, columns, seed, pool);
  GridDraw(format, weight, values, random.next()).draw();
  return weight;
}

DenseWords uwt::bench::wordsOf(const QuantizedWeight &weight, ThreadPool &pool) {
  DenseWords words(weight.rows * weight.columns);
  weight.decode(ElementType::BF16,
                {reinterpret_cast<uint8_t *>(words.data()), words.size() * sizeof(uint16_t)}, pool);
  return words;
}
