//===- DrawQuantized.cpp - Quantised weights for tests --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DrawQuantized.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Format/Floats.h"
#include "uwt/Format/QuantizedElement.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

namespace uwt::test {

static const char *const formats[] = {
    "uint<4>, zero=8, scale={1x128, bf16}",
    "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}",
    "uint<4>, zero={1x64, uint<4>}, scale={1x64, f32}",
    "uint<4>, zero={1x32, uint<4>}, scale={1x32, bf16}",
    "int<4>, scale={1x256, f16}",
    "int<4>, scale={row, f32}",
    "int<4>, scale={tensor, f32}",
    "f4E2M1FN, scale={1x32, f8E8M0FNU}",
    "f4E2M1FN, scale={1x64, f16}",
    "uint<8>, zero=128, scale={row, bf16}",
    "uint<8>, zero={1x64, uint<8>}, scale={1x64, f16}",
    "int<8>, scale={1x32, f16}",
    "int<8>, zero={row, int<8>}, scale={row, bf16}",
    "int<4>, zero={1x32, int<4>}, scale={1x32, f16}",
    "int<8>, scale={1x512, f32}",
    "f8E4M3FN, scale={128x128, f32}",
    "f8E4M3FN, scale={16x64, bf16}",
    "f8E4M3FN, scale={1x32, f8E8M0FNU}",
    "f8E5M2, scale={tensor, f32}",
    "f8E5M2, scale={1x32, f8E8M0FNU}",
    "f8E4M3FN, scale={row, f8E8M0FNU}",
    "uint<3>, zero={1x128, uint<3>}, scale={1x128, f16}",
    "int<2>, scale={1x64, bf16}",
    "uint<5>, zero=16, scale={1x128, f16}",
    "int<6>, scale={1x64, bf16}",
    "uint<1>, scale={1x128, f16}",
    "int<3>, scale={1x128, bf16}",
    "int<5>, zero={row, int<5>}, scale={row, f32}",
    "uint<6>, zero={1x128, uint<6>}, scale={1x128, f16}",
    "uint<4>, zero={1x16, uint<4>}, scale={1x16, bf16}",
    "int<8>, scale={1x16, f8E4M3FN}",
    "uint<8>, zero={1x16, uint<8>}, scale={1x16, f16}, offset={1x16, bf16}",
    "f8E4M3FN, scale={1x64, f32}, offset={1x64, f32}",
    "table<4>, scale={1x64, f32}",
    "table<4>, scale={1x32, f8E8M0FNU}",
    "table<3>, scale={1x16, f16}",
    "table<2>, scale={1x128, bf16}",
    "table<1>, scale={1x64, f16}",
    "table<4>, pick={1x64, uint<2>}, scale={1x64, f16}",
    "table<3>, pick={1x128, uint<2>}, scale={1x128, f16}",
    "table<4>, pick={1x16, uint<1>}, scale={1x16, bf16}",
    "table<4>, pick={1x32, uint<8>}, scale={1x32, f32}, offset={1x32, f16}",
    "table<2>, pick={128x128, uint<5>}, scale={128x128, f8E8M0FNU}",
    "table<4>, pick={row, uint<16>}, scale={row, f16}",
    "f4E2M1FN, scale={1x16, f8E4M3FN, divide={tensor, f32}}",
    "f4E2M1FN, scale={1x16, f8E4M3FN, scale={tensor, f32}}",
    "uint<4>, scale={1x32, f16}, offset={1x32, f16}",
    "int<4>, scale={row, f32}, offset={row, bf16}",
    "uint<2>, scale={1x16, uint<4>, scale={1x256, f16}}, offset={1x16, uint<4>, scale={1x256, "
    "f16}}",
    "uint<3>, zero=4, scale={1x16, int<6>, scale={1x256, f16}}",
    "uint<4>, scale={1x32, uint<6>, scale={1x256, f16}}, offset={1x32, uint<6>, scale={1x256, "
    "f16}}",
    "uint<5>, scale={1x32, uint<6>, scale={1x256, bf16}}, offset={1x32, uint<6>, divide={row, "
    "f32}}",
    "uint<6>, zero=32, scale={1x16, int<8>, scale={1x256, f16}}",
    "int<4>, scale={1x256, uint<8>, divide={1x512, f32}}",
    "int<8>, scale={row, f32}, factor=1/127",
    "uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}, factor=1/3, offset={1x64, f32}",
    "f8E4M3FN, scale={1x16, f32}, factor=1/6",
    "uint<4>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16",
    "uint<4>, zero={1x64, f16}, scale={1x64, f16}, math=f16",
    "uint<8>, zero={row, bf16}, scale={row, bf16}, math=bf16",
    "uint<8>, zero={1x128, f16}, scale={1x128, f16}, math=f16",
    "uint<3>, zero={1x32, bf16}, scale={1x32, f32}, math=bf16",
    "uint<1>, zero={1x32, f32}, scale={1x32, f32}",
    "uint<6>, zero={1x16, f16}, scale={1x16, f8E4M3FN}, math=f16",
    "int<4>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16",
    "uint<2>, zero={tensor, f16}, scale={tensor, bf16}, math=f16",
    "f4E2M1FN, scale={1x16, f16E6M10U}",
    "f4E2M1FN, scale={row, f16E6M10U}",
    "f6E2M3FN, scale={1x32, bf16}",
    "f6E2M3FN, scale={1x32, f8E8M0FNU}",
    "f6E2M3FN, scale={1x128, f16}",
    "f6E3M2FN, scale={1x32, f8E8M0FNU}",
    "f6E3M2FN, scale={1x64, f16}",
    "f6E3M2FN, scale={row, f32}, offset={row, bf16}",
    "float<1,1>, scale={1x64, bf16}",
    "float<2,0>, scale={1x32, f16}",
    "float<1,2>, scale={1x16, f32}",
    "float<3,0>, scale={1x32, f16}",
    "float<2,2>, scale={1x128, bf16}",
    "float<2,2>, scale={1x64, f16}",
    "float<1,3>, scale={1x32, f16}",
    "float<4,0>, scale={1x64, f32}",
    "float<4,0>, scale={row, f16}",
    "float<3,1>, scale={1x32, f32}",
    "float<4,1>, scale={1x16, f16}",
    "float<3,3>, scale={tensor, bf16}",
    "float<4,2>, scale={1x128, f16}",
    "float<1,6>, scale={1x64, f16}",
    "float<1,6>, scale={1x32, bf16}",
    "float<4,3>, scale={1x64, bf16}",
    "float<2,5>, scale={1x16, f16, scale={row, f32}}, factor=1/6",
    "bipolar<8>, scale={1x128, f16}",
    "bipolar<8>, scale={1x16, f32}, offset={1x16, f32}",
    // Of test/TestCodec.
    "squares<5>, scale={1x64, bf16}",
    "squares<6>, scale={1x16, f16}",
    "squares<7>, scale={row, f16}, factor=1/3",
    "uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}, gain={1x64, bf16}",
    "int<8>, scale={1x32, f16}, offset={1x32, f16}, gain={1x32, f32}",
    "f8E4M3FN, scale={row, f32}, gain={row, f16}",
    "table<4>, scale={1x32, f16}, gain={1x32, uint<6>, scale={1x256, f16}}",
};

std::span<const char *const> quantizedFormats() { return formats; }

ElementType elementOfTurn(const char *format, size_t turn) {
  bool isHalf = turn % 3 == 1 && checkRunFormat(*Format::parse(format), ElementType::F16);
  return isHalf ? ElementType::F16 : ElementType::BF16;
}

std::vector<float> drawNumbers(uint64_t count, std::mt19937 &random, bool isHalf) {
  std::normal_distribution<float> normal;
  std::vector<float> numbers(count);
  for (float &number : numbers)
    number = isHalf ? float16.valueOf(roundToF16(normal(random)))
                    : std::bit_cast<float>(uint32_t(roundToBF16(normal(random))) << 16);
  return numbers;
}

/// One of the numbers that codes stand for.
static float drawOf(const std::vector<float> &values, std::mt19937 &random) {
  float value = values[random() % values.size()];
  return std::isfinite(value) ? value : drawOf(values, random);
}

/// A number of that type that cells share, of either sign where it has one.
static float drawNumber(const Term &number, std::mt19937 &random) {
  std::string_view type = number.keyword;
  if (std::optional<QuantizedElement> element = QuantizedElement::find(number))
    return drawOf(element->values(), random);
  float scale = std::ldexp(1.0f + float(random() % 1024) / 1024, -4 - int(random() % 6));
  if (type == "f8E8M0FNU")
    return std::ldexp(1.0f, std::ilogb(scale));
  if (type == "bf16")
    scale = std::bit_cast<float>(uint32_t(roundToBF16(scale)) << 16);
  if (type == "f32" || type == positiveScale)
    scale *= 1 + float(random() % 4096) * 0x1p-23f;
  if (type == positiveScale)
    return std::ldexp(scale, int(random() % 50) - 46);
  return random() % 8 == 0 ? -scale : scale;
}

/// A number of that type beside an integer, large enough for kernels that take a part of it.
static float drawZeroNear(float integer, const Term &type, std::mt19937 &random) {
  float zero = integer + 16 * drawNumber(type, random);
  return type.keyword == "f32"
             ? zero
             : roundedTo(type.keyword == "f16" ? ElementType::F16 : ElementType::BF16, zero);
}

static Grid drawGrid(const CellFormat &format, uint64_t rows, uint64_t columns,
                     const std::function<float()> &draw) {
  Grid grid;
  grid.cellRows = format.rowsOf(rows);
  grid.cellColumns = format.columnsOf(columns);
  grid.columns = divideUp(columns, grid.cellColumns);
  grid.cells.resize(grid.columns * divideUp(rows, grid.cellRows));
  std::ranges::generate(grid.cells, draw);
  return grid;
}

QuantizedWeight drawQuantized(const Format &format, uint64_t rows, uint64_t columns,
                              uint32_t seed) {
  std::mt19937 random(seed);
  QuantizedWeight weight;
  weight.rows = rows;
  weight.columns = columns;
  QuantizedElement element = *QuantizedElement::find(format.element);
  if (format.pick) {
    weight.tables = std::min(rows + 1, uint64_t(1) << *pickBits(*format.pick));
    weight.table = drawGrid(*format.pick, rows, columns,
                            [&] { return static_cast<float>(random() % weight.tables); });
  }
  weight.values = element.isTable
                      ? drawNumbers((size_t(1) << element.bits) * weight.tables, random, false)
                      : element.values();
  while (weight.codes.size() < rows * columns) {
    auto code = static_cast<uint8_t>(random() % weight.codeCount());
    if (std::isfinite(weight.values[code]))
      weight.codes.push_back(code);
  }
  auto draw = [&](const GridFormat &grid, std::optional<GridParts> &parts) {
    auto drawCells = [&](const CellFormat &cells) {
      return drawGrid(cells, rows, columns, [&] { return drawNumber(cells.number, random); });
    };
    if (!grid.outer)
      return drawCells(grid);
    parts = {drawCells(grid), drawCells(*grid.outer), grid.isDivided};
    if (grid.isDivided) {
      for (float &number : parts->outer.cells)
        number *= 0x1p12f;
      // A negative zero is none of codes (run-2).
      for (float &number : parts->numbers.cells)
        number += 0.0f;
    }
    return parts->product();
  };
  weight.scale = draw(*format.scale, weight.scaleParts);
  for (const GridStep &step : format.steps) {
    WeightStep drawn{step.role, {}};
    drawn.numbers = draw(step.format, drawn.parts);
    weight.steps.push_back(std::move(drawn));
  }
  weight.factor = format.factor();
  weight.math = format.math;
  weight.zero = Grid::constant(static_cast<float>(format.zero));
  if (format.zeroGrid)
    weight.zero = drawGrid(*format.zeroGrid, rows, columns, [&] {
      float zero = weight.values[random() % weight.values.size()];
      return format.hasFloatZeros() ? drawZeroNear(zero, format.zeroGrid->number, random) : zero;
    });
  return weight;
}

std::vector<uint16_t> decodedWords(const QuantizedWeight &weight, ElementType element) {
  std::vector<uint16_t> words(weight.rows * weight.columns);
  weight.decodeRows(element, 0, words);
  return words;
}

} // namespace uwt::test
