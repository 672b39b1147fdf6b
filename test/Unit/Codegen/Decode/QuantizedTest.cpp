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
#include "DrawQuantized.h"
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

std::vector<float> decoded(const QuantizedWeight &weight, ElementType element) {
  std::vector<float> values;
  for (uint16_t word : decodedWords(weight, element))
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

/// Each format on the best target here, and on one of the others.
std::vector<ProductSpec> quantizedSpecs() {
  std::vector<const Target *> targets;
  for (const Target &target : allTargets())
    if (checkRunsHere(target))
      targets.push_back(&target);
  std::vector<ProductSpec> result;
  size_t turn = 0;
  auto add = [&](const char *format, const Target &target) {
    MatrixShape shape = quantizedShapes[turn % std::size(quantizedShapes)];
    result.push_back(specOf(format, shape.rows, shape.columns));
    result.back().target = target.name;
    // Bits are the same at every level: other targets take the one that compiles soonest.
    if (&target != targets.front())
      result.back().optimisation = 0;
    ElementType element = elementOfTurn(format, turn++);
    result.back().element = result.back().x = getTraits(element).name;
  };
  std::span<const char *const> formats = quantizedFormats();
  for (const char *format : formats)
    add(format, *targets.front());
  for (size_t i = 0; i < formats.size() && targets.size() > 1; ++i)
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
  QuantizedWeight weight = drawQuantized(spec.description().format, spec.rows, spec.columns, 1);
  checkProduct(spec, weight, wordsWhereSmaller(spec), {1, 2, 5, 17});
}

INSTANTIATE_TEST_SUITE_P(Formats, QuantizedTest, testing::ValuesIn(quantizedSpecs()),
                         [](const testing::TestParamInfo<ProductSpec> &info) {
                           return info.param.testName(info.index);
                         });

TEST(QuantizedStrategyTest, EveryStrategyHasTheSameBits) {
  for (const char *format :
       {"uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}",
        "uint<4>, zero={1x32, uint<4>}, scale={1x32, bf16}", "int<4>, scale={1x256, f16}",
        "int<4>, zero={1x32, int<4>}, scale={1x32, f16}", "int<8>, scale={row, f32}, factor=1/127",
        "uint<4>, zero={1x64, f16}, scale={1x64, f16}, math=f16", "f6E2M3FN, scale={1x32, bf16}",
        "float<2,0>, scale={1x32, f16}", "float<2,2>, scale={1x128, f16}",
        "uint<3>, zero=4, scale={1x64, f16}", "int<6>, scale={1x128, f16}",
        "f6E3M2FN, scale={1x32, f8E8M0FNU}", "f8E4M3FN, scale={1x32, f8E8M0FNU}"})
    for (const char *strategy : {"direct, tile_n = 16, tile_m = 1, tile_k = 64",
                                 "buffer, tile_n = 4, tile_m = 3, tile_k = 256",
                                 "buffer, tile_n = 16, tile_m = 1, tile_k = 1024"}) {
      ProductSpec spec = specOf(format, 130, 1025);
      spec.strategy = strategy;
      spec.m = 5;
      QuantizedWeight weight = drawQuantized(spec.description().format, spec.rows, spec.columns, 2);
      checkProduct(spec, weight, 0, {5});
    }
}

/// Exponents that are added to numbers end at that of the smallest normal weight.
TEST(QuantizedStrategyTest, PowersOfTwoReachTheSmallestWeight) {
  const std::pair<const char *, int> formats[] = {{"f6E3M2FN, scale={1x32, f8E8M0FNU}", -4},
                                                  {"f6E2M3FN, scale={1x64, f8E8M0FNU}", -3},
                                                  {"f8E4M3FN, scale={1x32, f8E8M0FNU}", -9},
                                                  {"f8E5M2, scale={row, f8E8M0FNU}", -16}};
  for (auto [format, smallest] : formats) {
    ProductSpec spec = specOf(format, 64, 512);
    QuantizedWeight weight = drawQuantized(spec.description().format, 64, 512, 4);
    for (size_t i = 0; i < weight.scale.cells.size(); ++i)
      weight.scale.cells[i] = std::ldexp(1.0f, i % 2 == 0 ? -126 - smallest : 1);
    checkProduct(spec, weight, 0, {1, 5});
  }
}

/// A weight of two panels, of which `change` makes the second one such that codes do not say it.
void checkSecondPanelIsWords(const char *format,
                             llvm::function_ref<void(QuantizedWeight &weight)> change,
                             const char *element = "bf16") {
  ProductSpec spec = specOf(format, 128, 512);
  spec.element = element;
  QuantizedWeight weight = drawQuantized(spec.description().format, 128, 512, 3);
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
    weight.scale.cells.back() = 0x1p120f;
    std::fill(weight.codes.end() - 512, weight.codes.end(), uint8_t(8));
  });
}

TEST(QuantizedWeightTest, FloatsOfSixBitsAreThoseOfMlir) {
  for (auto [name, semantics] : {std::pair{"f6E2M3FN", &llvm::APFloat::Float6E2M3FN()},
                                 {"f6E3M2FN", &llvm::APFloat::Float6E3M2FN()}}) {
    std::vector<float> values = QuantizedElement::find({name, {}})->values();
    ASSERT_EQ(values.size(), 64u);
    for (uint32_t code = 0; code < values.size(); ++code)
      EXPECT_EQ(
          std::bit_cast<uint32_t>(values[code]),
          std::bit_cast<uint32_t>(llvm::APFloat(*semantics, llvm::APInt(6, code)).convertToFloat()))
          << name << " " << code;
  }
}

/// Where kernels would multiply to infinity, or not divide exactly.
TEST(QuantizedWeightTest, ScalesThatKernelsDoNotTakeAreWords) {
  auto withScale = [](float scale) {
    return [scale](QuantizedWeight &weight) { weight.scale.cells.back() = scale; };
  };
  checkSecondPanelIsWords("f4E2M1FN, scale={1x32, f8E8M0FNU}", withScale(4));
  checkSecondPanelIsWords("f4E2M1FN, scale={1x64, f32}", withScale(0x1p114f));
  checkSecondPanelIsWords("f6E3M2FN, scale={1x32, f8E8M0FNU}", withScale(16));
  checkSecondPanelIsWords("float<1,2>, scale={1x32, f16}", withScale(2), "f16");
  checkSecondPanelIsWords("f8E4M3FN, scale={1x64, bf16}", withScale(256));
  checkSecondPanelIsWords("uint<4>, zero=8, scale={1x128, f16}", withScale(128), "f16");
  const char *divided = "uint<4>, scale={1x16, f8E4M3FN, divide={row, f32}}";
  for (auto [number, outer] : {std::pair{-0.0f, 1.0f}, {1.0f, 0x1p61f}, {1.0f, 0x1p-61f}})
    checkSecondPanelIsWords(divided, [&, number = number, outer = outer](QuantizedWeight &weight) {
      weight.scaleParts->numbers.cells.back() = number;
      weight.scaleParts->outer.cells.back() = outer;
      weight.scale = weight.scaleParts->product();
    });
}

/// Codes less zeros of every exponent, on both sides of what rounds to nearest and even.
TEST(QuantizedWeightTest, DifferencesAreRoundedAsTheyAre) {
  for (const Target &target : allTargets()) {
    if (!checkRunsHere(target))
      continue;
    for (const char *math : {"bf16", "f16"})
      for (const char *element : {"uint<4>", "uint<8>"}) {
        std::string cells = std::string("={1x64, ") + math + "}";
        ProductSpec spec =
            specOf(std::string(element) + ", zero" + cells + ", scale" + cells + ", math=" + math,
                   64, 512);
        spec.target = target.name;
        bool isHalf = std::string_view(math) == "f16";
        spec.element = spec.x = isHalf ? "bf16" : "f16";
        QuantizedWeight weight = drawQuantized(spec.description().format, 64, 512, 10);
        std::mt19937 random(11);
        for (float &zero : weight.zero.cells) {
          float magnitude = std::ldexp(1 + float(random() % 1024) / 1024, int(random() % 24) - 14);
          zero = roundedTo(isHalf ? ElementType::F16 : ElementType::BF16,
                           random() % 2 == 0 ? magnitude : -magnitude);
        }
        checkProduct(spec, weight, 0, {1});
      }
  }
}

/// In bf16 a multiply-add rounds the difference once, and value-2 rounds it to f32 before.
TEST(QuantizedWeightTest, DifferencesInBF16AreRoundedOnce) {
  auto roundedOnce = [](double exact) {
    float nearest = static_cast<float>(exact);
    // To odd, so that another rounding is as if there were none.
    bool isExact = static_cast<double>(nearest) == exact;
    auto bits = std::bit_cast<uint32_t>(nearest);
    if (!isExact && bits % 2 == 0)
      bits += std::abs(static_cast<double>(nearest)) < std::abs(exact) ? 1 : -1;
    return roundToBF16(std::bit_cast<float>(bits));
  };
  for (uint32_t zero = 0; zero < 0x10000; ++zero) {
    float number = std::bit_cast<float>(zero << 16);
    for (int code = 0; code < 256 && std::isfinite(number); ++code) {
      auto integer = static_cast<float>(code);
      ASSERT_EQ(roundToBF16(integer - number), roundedOnce(double(integer) - double(number)))
          << code << " - " << number;
    }
  }
}

// run-5
TEST(QuantizedWeightTest, OneOfTwoScalesGivesTheWeightsOfAnyScale) {
  EXPECT_EQ(heldFormat(*Format::parse("f4E2M1FN, scale={1x16, f8E4M3FN, divide={tensor, f32}}"),
                       ElementType::BF16)
                .str(),
            "f4E2M1FN, scale={1x16, f16E6M10U}");
  for (const char *format :
       {"f4E2M1FN, scale={1x16, f8E4M3FN}", "int<4>, scale={1x16, f8E4M3FN, scale={tensor, f32}}"})
    EXPECT_EQ(heldFormat(*Format::parse(format), ElementType::BF16).str(), format);
  const char *nested = "f4E2M1FN, scale={1x16, f8E4M3FN, scale={tensor, f32}}";
  EXPECT_EQ(heldFormat(*Format::parse(nested), ElementType::F16).str(), nested);

  // A row for each of many numbers from 1 to 2, with all codes.
  ProductSpec spec = specOf("f4E2M1FN, scale={row, f16E6M10U}", 64, 64);
  QuantizedWeight weight = drawQuantized(spec.description().format, 64, 64, 12);
  for (size_t i = 0; i < weight.codes.size(); ++i)
    weight.codes[i] = i % 16;
  ThreadPool pool(1);
  for (uint32_t mantissa = 0; mantissa < 1 << 23; mantissa += 64 * 37) {
    for (uint32_t row = 0; row < 64; ++row)
      weight.scale.cells[row] =
          std::bit_cast<float>(0x3F800000 | (mantissa + row * 37) % (1 << 23));
    auto loaded = LoadedWeight::fromQuantized(spec.description(), weight, pool);
    ASSERT_TRUE(loaded) << loaded.error().message();
    ASSERT_EQ(panelsOfWords(*loaded), 0u) << mantissa;
  }

  const char *format = "f4E2M1FN, scale={1x16, f16E6M10U}";
  for (float scale : {2.0f, -1.0f, 0x1p-64f, 0.0f})
    checkSecondPanelIsWords(format, [&](QuantizedWeight &weight) {
      weight.scale.cells.back() = scale;
      weight.codes.back() = 3;
    });
  spec = specOf(format, 64, 512);
  weight = drawQuantized(spec.description().format, 64, 512, 13);
  weight.scale.cells[3] = 0;
  std::fill_n(weight.codes.begin() + 3 * 16, 16, uint8_t(8));
  checkProduct(spec, weight, 0, {1});
}

/// Zeros of which kernels would not have a part exactly.
TEST(QuantizedWeightTest, ZerosThatKernelsDoNotTakeAreWords) {
  auto withZero = [](float zero) {
    return [zero](QuantizedWeight &weight) { weight.zero.cells.back() = zero; };
  };
  const char *half = "uint<4>, zero={1x64, f16}, scale={1x64, f16}, math=f16";
  checkSecondPanelIsWords(half, withZero(0x1.004p-6f), "f16");
  checkSecondPanelIsWords(half, withZero(100000), "f16");
  checkSecondPanelIsWords(half, withZero(1.0f / 3), "f16");
  checkSecondPanelIsWords("uint<4>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16",
                          withZero(0x1p-121f));
  const char *bytes = "uint<8>, zero={row, bf16}, scale={row, bf16}, math=bf16";
  checkSecondPanelIsWords(bytes, [](QuantizedWeight &weight) {
    // Other bits than those of differences that are not rounded.
    weight.math = ElementType::F32;
    std::fill_n(weight.zero.cells.begin(), 64, 0.0f);
    std::fill(weight.zero.cells.begin() + 64, weight.zero.cells.end(),
              roundedTo(ElementType::BF16, 0.3f));
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
      QuantizedWeight weight = drawQuantized(spec.description().format, 64, 256, 8);
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
    QuantizedWeight weight = drawQuantized(spec.description().format, 64, 256, 4);
    for (size_t i = 0; i < weight.scale.cells.size(); i += 3)
      weight.scale.cells[i] = i % 2 == 0 ? 0.0f : -0.0f;
    checkProduct(spec, weight, 0, {1});
  }
}

/// What a weight has that its format does not: all panels are words, and products right.
void checkAllPanelsAreWords(const char *format,
                            llvm::function_ref<void(QuantizedWeight &weight)> change) {
  ProductSpec spec = specOf(format, 80, 256);
  QuantizedWeight weight = drawQuantized(spec.description().format, 80, 256, 5);
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
  checkAllPanelsAreWords("int<8>, scale={row, f32}, factor=1/127",
                         [](QuantizedWeight &weight) { weight.factor = 1; });
  check([](QuantizedWeight &weight) { weight.addOffset(Grid::constant(1)); });
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
  QuantizedWeight weight = drawQuantized(spec.description().format, 64, 256, 9);
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
  QuantizedWeight weight = drawQuantized(spec.description().format, 64, 256, 6);
  for (uint32_t k = 0; k < 256; ++k)
    weight.gridColumns.push_back(k / 128 * 128);
  checkProduct(spec, weight, 0, {1});
}

} // namespace
