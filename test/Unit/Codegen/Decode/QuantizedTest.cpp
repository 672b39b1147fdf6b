//===- QuantizedTest.cpp - Products from codes of quantised weights -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every format of quantised weights, on every target that this machine runs: products equal, bit
// for bit, those of the floats that QuantizedWeight::decode makes of the same codes.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Quantized.h"
#include "ProductJit.h"
#include "Runtime/ExpectedProduct.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Runtime/LoadedWeight.h"
#include "uwt/Runtime/ThreadScope.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::test;

namespace {

/// Numbers of bf16 or f16.
std::vector<float> drawNumbers(uint64_t count, std::mt19937 &random, bool isHalf) {
  std::normal_distribution<float> normal;
  std::vector<float> numbers(count);
  for (float &number : numbers)
    number = isHalf ? float16.valueOf(roundToF16(normal(random)))
                    : std::bit_cast<float>(uint32_t(roundToBF16(normal(random))) << 16);
  return numbers;
}

/// One of the numbers that codes stand for.
float drawOf(const std::vector<float> &values, std::mt19937 &random) {
  float value = values[random() % values.size()];
  return std::isfinite(value) ? value : drawOf(values, random);
}

/// A number of that type that cells share, of either sign where it has one.
float drawNumber(const Term &number, std::mt19937 &random) {
  std::string_view type = number.keyword;
  if (std::optional<QuantizedElement> element = QuantizedElement::find(number))
    return drawOf(element->values(), random);
  float scale = std::ldexp(1.0f + float(random() % 1024) / 1024, -4 - int(random() % 6));
  if (type == "f8E8M0FNU")
    return std::ldexp(1.0f, std::ilogb(scale));
  if (type == "bf16")
    scale = std::bit_cast<float>(uint32_t(roundToBF16(scale)) << 16);
  if (type == "f32")
    scale *= 1 + float(random() % 4096) * 0x1p-23f;
  return random() % 8 == 0 ? -scale : scale;
}

Grid drawGrid(const CellFormat &format, uint64_t rows, uint64_t columns,
              llvm::function_ref<float()> draw) {
  Grid grid;
  grid.cellRows = format.cellRows == 0 ? rows : format.cellRows;
  grid.cellColumns = format.cellColumns == 0 ? columns : format.cellColumns;
  grid.columns = divideUp(columns, grid.cellColumns);
  grid.cells.resize(grid.columns * divideUp(rows, grid.cellRows));
  std::ranges::generate(grid.cells, draw);
  return grid;
}

/// A weight that the format has, with all codes that are numbers.
QuantizedWeight drawWeight(const Format &format, uint64_t rows, uint64_t columns, uint32_t seed) {
  std::mt19937 random(seed);
  QuantizedWeight weight;
  weight.rows = rows;
  weight.columns = columns;
  QuantizedElement element = *QuantizedElement::find(format.element);
  weight.values =
      element.isTable ? drawNumbers(size_t(1) << element.bits, random, false) : element.values();
  while (weight.codes.size() < rows * columns) {
    auto code = static_cast<uint8_t>(random() % weight.values.size());
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
    if (grid.isDivided)
      for (float &number : parts->outer.cells)
        number *= 0x1p12f;
    return parts->product();
  };
  weight.scale = draw(*format.scale, weight.scaleParts);
  if (format.offset)
    weight.offset = draw(*format.offset, weight.offsetParts);
  weight.zero = Grid::constant(static_cast<float>(format.zero));
  if (format.zeroGrid)
    weight.zero = drawGrid(*format.zeroGrid, rows, columns,
                           [&] { return weight.values[random() % weight.values.size()]; });
  return weight;
}

std::vector<float> decoded(const QuantizedWeight &weight, ElementType element) {
  std::vector<uint16_t> words(weight.rows * weight.columns);
  weight.decodeRows(element, 0, words);
  std::vector<float> values;
  for (uint16_t word : words)
    values.push_back(element == ElementType::F16 ? float16.valueOf(word)
                                                 : std::bit_cast<float>(uint32_t(word) << 16));
  return values;
}

uint64_t panelsOfWords(const LoadedWeight &weight) {
  return std::ranges::count_if(weight.panels(),
                               [](const PanelEntry &panel) { return panel.storedAsWords != 0; });
}

/// Compiles a product for the format, runs it on rows of x, and compares every bit.
void checkProduct(ProductSpec spec, const QuantizedWeight &weight, uint64_t expectedWords,
                  std::initializer_list<uint64_t> mValues) {
  SCOPED_TRACE(spec.moduleText());
  auto product = ProductJit::compile(spec);
  ASSERT_TRUE(product) << product.error().message();
  ThreadPool pool(2);
  ThreadScope scope(&pool);
  auto loaded = LoadedWeight::fromQuantized(spec.description(), weight, pool);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(panelsOfWords(*loaded), expectedWords);
  std::vector<float> w = decoded(weight, spec.description().element);
  for (uint64_t m : mValues) {
    std::mt19937 random(7);
    std::vector<float> x = drawNumbers(m * spec.columns, random, spec.x == "f16");
    std::vector<uint16_t> words;
    for (float number : x)
      words.push_back(spec.x == "f16" ? roundToF16(number) : roundToBF16(number));
    std::vector<float> expected = expectedProduct(w, x, spec.rows, spec.columns, m);
    std::vector<float> y = (*product)->run(loaded->view(), words.data(), m, spec.columns);
    EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(y)),
                                   std::as_bytes(std::span(expected).first(y.size()))))
        << "m " << m;
  }
}

ProductSpec specOf(std::string format, uint64_t rows, uint64_t columns) {
  ProductSpec spec;
  spec.rows = rows;
  spec.columns = columns;
  spec.format = std::move(format);
  return spec;
}

/// Each element, each type of number, each width of cells.
const char *const formats[] = {
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
    "uint<3>, zero={1x128, uint<3>}, scale={1x128, f16}",
    "int<2>, scale={1x64, bf16}",
    "uint<5>, zero=16, scale={1x128, f16}",
    "int<6>, scale={1x64, bf16}",
    "uint<4>, zero={1x16, uint<4>}, scale={1x16, bf16}",
    "int<8>, scale={1x16, f8E4M3FN}",
    "uint<8>, zero={1x16, uint<8>}, scale={1x16, f16}, offset={1x16, bf16}",
    "f8E4M3FN, scale={1x64, f32}, offset={1x64, f32}",
    "table<4>, scale={1x64, f32}",
    "table<4>, scale={1x32, f8E8M0FNU}",
    "table<3>, scale={1x16, f16}",
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
};

struct Shape {
  uint64_t rows, columns;
};
constexpr Shape shapes[] = {{1, 1}, {17, 33}, {65, 64}, {64, 1000}, {130, 257}, {33, 640}};

/// Each format on the best target here, and on one of the others.
std::vector<ProductSpec> specs() {
  std::vector<const Target *> targets;
  for (const Target &target : allTargets())
    if (checkRunsHere(target))
      targets.push_back(&target);
  std::vector<ProductSpec> result;
  size_t turn = 0;
  auto add = [&](const char *format, const Target &target) {
    Shape shape = shapes[turn % std::size(shapes)];
    result.push_back(specOf(format, shape.rows, shape.columns));
    result.back().target = target.name;
    result.back().element = result.back().x = turn++ % 3 == 1 ? "f16" : "bf16";
  };
  for (const char *format : formats)
    add(format, *targets.front());
  for (size_t i = 0; i < std::size(formats) && targets.size() > 1; ++i)
    add(formats[i], *targets[1 + i % (targets.size() - 1)]);
  return result;
}

/// A panel of fewer bytes as words is stored so.
uint64_t wordsWhereSmaller(const ProductSpec &spec) {
  QuantizedUnit unit = quantizedUnit(spec.description().format);
  uint64_t words = 0;
  for (uint64_t row = 0; row < spec.rows; row += panelRows) {
    uint64_t strips = divideUp(std::min<uint64_t>(panelRows, spec.rows - row), stripRows);
    uint64_t codes = strips * divideUp(spec.columns, unit.columns) * unit.u32() * 4;
    words += codes >= strips * stripRows * roundUp(spec.columns, fixedUnitColumns) * 2;
  }
  return words;
}

struct QuantizedTest : testing::TestWithParam<ProductSpec> {};

TEST_P(QuantizedTest, HasTheBitsOfTheFloats) {
  const ProductSpec &spec = GetParam();
  QuantizedWeight weight = drawWeight(spec.description().format, spec.rows, spec.columns, 1);
  checkProduct(spec, weight, wordsWhereSmaller(spec), {1, 2, 5, 17});
}

INSTANTIATE_TEST_SUITE_P(Formats, QuantizedTest, testing::ValuesIn(specs()),
                         [](const testing::TestParamInfo<ProductSpec> &info) {
                           return info.param.testName(info.index);
                         });

TEST(QuantizedStrategyTest, EveryStrategyHasTheSameBits) {
  for (const char *format : {formats[1], formats[3], formats[4], formats[13]})
    for (const char *strategy : {"direct, tile_n = 16, tile_m = 1, tile_k = 64",
                                 "buffer, tile_n = 4, tile_m = 3, tile_k = 256",
                                 "buffer, tile_n = 16, tile_m = 1, tile_k = 1024"}) {
      ProductSpec spec = specOf(format, 130, 1025);
      spec.strategy = strategy;
      spec.m = 5;
      QuantizedWeight weight = drawWeight(spec.description().format, spec.rows, spec.columns, 2);
      checkProduct(spec, weight, 0, {5});
    }
}

/// A weight of two panels, of which `change` makes the second one such that codes do not say it.
void checkSecondPanelIsWords(const char *format,
                             llvm::function_ref<void(QuantizedWeight &weight)> change,
                             const char *element = "bf16") {
  ProductSpec spec = specOf(format, 128, 512);
  spec.element = element;
  QuantizedWeight weight = drawWeight(spec.description().format, 128, 512, 3);
  change(weight);
  ThreadPool pool(1);
  auto loaded = LoadedWeight::fromQuantized(spec.description(), weight, pool);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->panels()[0].storedAsWords, 0u);
  EXPECT_EQ(loaded->panels()[1].storedAsWords, 1u);
}

// run-2
TEST(QuantizedWeightTest, PanelsWithOddNumbersAreWords) {
  const char *wide = "uint<4>, zero=8, scale={1x128, f32}";
  checkSecondPanelIsWords("uint<4>, zero=8, scale={1x128, f16}",
                          [](QuantizedWeight &weight) { weight.scale.cells.back() = 1.0f / 3; });
  // Of the last row: too large for a bf16, and a weight below the normal numbers.
  for (float scale : {0x1p126f, 0x1p-126f * 0.5f})
    checkSecondPanelIsWords(wide,
                            [&](QuantizedWeight &weight) { weight.scale.cells.back() = scale; });
  const char *bytes = "f8E4M3FN, scale={row, f32}";
  checkSecondPanelIsWords(bytes, [](QuantizedWeight &weight) { weight.codes.back() = 0x7F; });
  checkSecondPanelIsWords(bytes, [](QuantizedWeight &weight) {
    weight.scale.cells.back() = 0x1p119f;
    std::fill(weight.codes.end() - 512, weight.codes.end(), uint8_t(8));
  });
}

TEST(QuantizedWeightTest, SmallHalvesAreRoundedAsTheyAre) {
  for (const Target &target : allTargets()) {
    if (!checkRunsHere(target))
      continue;
    for (const char *format : {"uint<4>, zero=8, scale={1x128, f32}", "int<8>, scale={row, f32}"}) {
      ProductSpec spec = specOf(format, 64, 256);
      spec.element = spec.x = "f16";
      spec.target = target.name;
      QuantizedWeight weight = drawWeight(spec.description().format, 64, 256, 8);
      for (float &scale : weight.scale.cells)
        scale = std::ldexp(scale, -14);
      checkProduct(spec, weight, 0, {1});
    }
  }
}

TEST(QuantizedWeightTest, HalvesThatOverflowAreWords) {
  checkSecondPanelIsWords(
      "int<8>, scale={row, f32}",
      [](QuantizedWeight &weight) {
        weight.scale.cells.back() = 65520.0f / 127;
        weight.codes.back() = 127;
      },
      "f16");
}

TEST(QuantizedWeightTest, ZeroScalesAndNegativeZerosHaveTheirBits) {
  for (const char *format :
       {"uint<4>, zero=8, scale={1x128, f16}", "f8E4M3FN, scale={row, bf16}"}) {
    ProductSpec spec = specOf(format, 64, 256);
    QuantizedWeight weight = drawWeight(spec.description().format, 64, 256, 4);
    for (size_t i = 0; i < weight.scale.cells.size(); i += 3)
      weight.scale.cells[i] = i % 2 == 0 ? 0.0f : -0.0f;
    checkProduct(spec, weight, 0, {1});
  }
}

/// What a weight has that its format does not: all panels are words, and products right.
void checkAllPanelsAreWords(const char *format,
                            llvm::function_ref<void(QuantizedWeight &weight)> change) {
  ProductSpec spec = specOf(format, 80, 256);
  QuantizedWeight weight = drawWeight(spec.description().format, 80, 256, 5);
  change(weight);
  checkProduct(spec, weight, 2, {2});
}

TEST(QuantizedWeightTest, WeightsOfAnotherFormatAreWords) {
  const char *plain = "uint<4>, zero=8, scale={1x128, f16}";
  auto check = [&](llvm::function_ref<void(QuantizedWeight & weight)> change) {
    checkAllPanelsAreWords(plain, change);
  };
  check([](QuantizedWeight &weight) { weight.zero = Grid::constant(7); });
  check([](QuantizedWeight &weight) { weight.values[3] = 2.5f; });
  check([](QuantizedWeight &weight) { weight.factor = 0.5f; });
  check([](QuantizedWeight &weight) { weight.offset = Grid::constant(1); });
  check([](QuantizedWeight &weight) {
    weight.scale.cellColumns = 64;
    weight.scale.columns = 4;
    weight.scale.cells.resize(80 * 4, 0.25f);
  });
  // Groups in an order of their own (act-order).
  check([](QuantizedWeight &weight) {
    for (uint32_t k = 0; k < 256; ++k)
      weight.gridColumns.push_back(k % 2 * 128);
  });
}

/// Blocks of zeros have the smallest exponent, which is below the normal numbers.
TEST(QuantizedWeightTest, SmallestExponentsOfZerosAreCodes) {
  ProductSpec spec = specOf("f4E2M1FN, scale={1x32, f8E8M0FNU}", 64, 256);
  QuantizedWeight weight = drawWeight(spec.description().format, 64, 256, 9);
  weight.scale.cells[3] = 0x1p-127f;
  std::fill_n(weight.codes.begin() + 3 * 32, 32, uint8_t(8));
  checkProduct(spec, weight, 0, {1});
  weight.codes[3 * 32] = 1;
  checkProduct(spec, weight, 1, {1});
}

/// Of two grids, what they are made of has to be there, and to be the format's.
TEST(QuantizedWeightTest, GridsOfOtherPartsAreWords) {
  const char *nested = "f4E2M1FN, scale={1x16, f8E4M3FN, divide={tensor, f32}}";
  checkAllPanelsAreWords(nested, [](QuantizedWeight &weight) { weight.scaleParts.reset(); });
  checkAllPanelsAreWords(nested, [](QuantizedWeight &weight) {
    weight.scaleParts->isDivided = false;
    weight.scale = weight.scaleParts->product();
  });
  checkAllPanelsAreWords(nested, [](QuantizedWeight &weight) {
    for (float &scale : weight.scale.cells)
      scale *= 2;
  });
  checkAllPanelsAreWords("int<4>, scale={1x32, uint<8>, scale={1x256, f16}}",
                         [](QuantizedWeight &weight) {
                           Grid &outer = weight.scaleParts->outer;
                           outer = {1, 32, 8, std::vector<float>(outer.cells.size() * 8)};
                           for (size_t i = 0; i < outer.cells.size(); ++i)
                             outer.cells[i] = std::ldexp(1.0f, -int(i % 8));
                           weight.scale = weight.scaleParts->product();
                         });
}

TEST(QuantizedWeightTest, GroupsInOrderNeedNoOrder) {
  ProductSpec spec = specOf("uint<4>, zero=8, scale={1x128, f16}", 64, 256);
  QuantizedWeight weight = drawWeight(spec.description().format, 64, 256, 6);
  for (uint32_t k = 0; k < 256; ++k)
    weight.gridColumns.push_back(k / 128 * 128);
  checkProduct(spec, weight, 0, {1});
}

} // namespace
