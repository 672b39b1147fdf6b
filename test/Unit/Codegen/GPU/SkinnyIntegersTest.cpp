//===- SkinnyIntegersTest.cpp - Kernels of products by integers -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels on the emulator, from IR and from PTX, beside uwt::integerProduct, which is the rule
// (docs/numerics.md). CPUs have the same bits (IntegerTest.cpp).
//
//===----------------------------------------------------------------------===//

#include "Codegen/Decode/DrawIntegers.h"
#include "KernelTesting.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::emulator;
using namespace uwt::test;

namespace {

Expected<EmulatedWeight> load(const std::string &format, const QuantizedWeight &weight,
                              ElementType element) {
  ThreadPool pool(1);
  UWT_ASSIGN_OR_RETURN(Format parsed, Format::parse(format));
  TensorDescription description{element, {weight.rows, weight.columns}, parsed};
  UWT_ASSIGN_OR_RETURN(LoadedWeight loaded, LoadedWeight::fromQuantized(description, weight, pool));
  return EmulatedWeight::make(loaded);
}

void expectBitsOfTheRule(const std::string &format, const Shape &shape, KernelPins pins,
                         std::initializer_list<unsigned> ctas = {1, 3}) {
  SCOPED_TRACE(format);
  if (pins.integerBits == 0)
    pins.integerBits = 8;
  QuantizedWeight weight = drawQuantized(*Format::parse(format), shape.rows, shape.columns, 1);
  Product product(format, shape, pins);
  ASSERT_EQ(product.prepare(), "");
  auto codes = load(format, weight, pins.element);
  ASSERT_TRUE(codes) << codes.error().message();
  DrawnX x = drawX(shape.m, shape.columns, pins.element == ElementType::F16 ? "f16" : "bf16");
  std::vector<uint16_t> words(x.bytes.size() / 2);
  std::memcpy(words.data(), x.bytes.data(), x.bytes.size());
  std::vector<float> expected = integerOutputs(weight, x, shape.m, pins.integerBits);
  for (unsigned count : ctas) {
    auto y = product.run(*codes, words, count, /*seed=*/2);
    ASSERT_TRUE(y) << y.error().message();
    expectSameBits(*y, expected);
  }
}

class SkinnyIntegersTest : public ::testing::TestWithParam<size_t> {
protected:
  std::string format() const { return integerFormats()[GetParam()]; }
  ElementType element() const { return elementOfTurn(integerFormats()[GetParam()], GetParam()); }
};

// integer-1, integer-2, integer-3, integer-4, integer-5
TEST_P(SkinnyIntegersTest, BitsAreThoseOfTheRule) {
  // Tails in every dimension.
  expectBitsOfTheRule(format(), {83, 1048, 11}, {.stages = 2, .groups = 4, .element = element()});
}

INSTANTIATE_TEST_SUITE_P(Formats, SkinnyIntegersTest,
                         ::testing::Range<size_t>(0, integerFormats().size()));

TEST(SkinnyIntegersTest, EveryTileAndTargetHasTheBits) {
  const GpuTarget *older = *findGpuTarget("sm_80");
  for (const char *format :
       {"uint<4>, zero=8, scale={1x128, f16}", "uint<4>, zero={1x32, uint<4>}, scale={1x32, bf16}",
        "int<8>, scale={1x512, f32}", "uint<8>, zero={row, uint<8>}, scale={row, f32}"}) {
    // Without a loop in stages, with one of more m tiles, and with several slices.
    expectBitsOfTheRule(format, {128, 1024, 8}, {.stages = 3, .groups = 4});
    expectBitsOfTheRule(format, {64, 512, 64}, {.stages = 2, .groups = 2});
    expectBitsOfTheRule(format, {70, 640, 40}, {.tiles = 3, .stages = 2, .groups = 2});
    expectBitsOfTheRule(format, {200, 600, 9}, {.stages = 2, .groups = 2, .cluster = 2}, {2, 4});
    expectBitsOfTheRule(format, {70, 600, 20}, {.target = older});
  }
}

/// Of more than 16 rows of x, with one panel and two, groups of one unit, of several and of all,
/// and a last panel without some of its strips.
TEST(SkinnyIntegersTest, WarpgroupsHaveTheBits) {
  for (const char *format :
       {"uint<4>, zero=8, scale={1x128, f16}",
        "uint<4>, zero={1x128, uint<4>}, scale={1x128, bf16}", "int<8>, scale={1x512, f32}",
        "uint<8>, zero={row, uint<8>}, scale={row, f32}", "uint<2>, zero=2, scale={1x64, bf16}",
        "uint<6>, zero=32, scale={1x128, bf16}"}) {
    expectBitsOfTheRule(format, {256, 1024, 64}, {.stages = 3, .groups = 4});
    expectBitsOfTheRule(format, {64, 512, 24}, {.stages = 2, .groups = 2});
    expectBitsOfTheRule(format, {70, 1280, 40}, {.tiles = 3, .stages = 2, .groups = 4});
    expectBitsOfTheRule(format, {200, 4608, 33}, {.stages = 2, .groups = 4, .cluster = 2}, {2, 4});
  }
}

TEST(SkinnyIntegersTest, MachineCodeOfWarpgroupsHasNoSpills) {
  if (auto found = cuda_tools::findCudaTool(cuda_tools::CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  // With sums of x, which take registers, and groups that units add up to.
  for (const char *format : {"uint<4>, zero=8, scale={1x128, f16}", "int<8>, scale={row, f32}",
                             "uint<3>, zero={1x512, uint<3>}, scale={1x512, bf16}",
                             "uint<8>, zero={row, uint<8>}, scale={row, f32}"})
    for (uint64_t n : {64, 4096}) {
      Product product(format, {n, 4096, 64}, {.tiles = 8, .integerBits = 8});
      ASSERT_EQ(product.prepare(), "");
      EXPECT_TRUE(product.assembles("sm_90a")) << format << " " << n;
    }
}

TEST(SkinnyIntegersTest, IntegersOfFewerBitsHaveTheBits) {
  for (unsigned bits : {2, 4, 6})
    for (const char *format :
         {"int<4>, scale={row, f16}", "int<6>, scale={1x128, f16}", "uint<2>, scale={1x64, bf16}"})
      expectBitsOfTheRule(format, {83, 600, 9}, {.stages = 2, .groups = 2, .integerBits = bits});
}

/// Output tiles that CTAs share, in parts of 2,048 columns and of 1,536, of which the last is
/// short.
TEST(SkinnyIntegersTest, PartsAreAddedInOrder) {
  for (const char *format :
       {"uint<4>, zero=8, scale={1x128, f16}", "uint<4>, zero={1x32, uint<4>}, scale={1x32, bf16}",
        "int<8>, scale={1x384, bf16}", "uint<8>, zero={row, uint<8>}, scale={row, f32}"})
    for (uint64_t columns : {2048, 4096, 6500}) {
      SCOPED_TRACE(columns);
      expectBitsOfTheRule(format, {100, columns, 9}, {.stages = 2, .groups = 4}, {1, 3, 5, 16});
      expectBitsOfTheRule(format, {130, columns, 3}, {.stages = 2, .groups = 2, .cluster = 2},
                          {2, 6});
      // Slices whose last cluster has a CTA without a panel.
      expectBitsOfTheRule(format, {130, columns, 40},
                          {.tiles = 2, .stages = 2, .groups = 2, .cluster = 2}, {6});
    }
}

/// Numbers that k-tiles do not divide parts by.
TEST(SkinnyIntegersTest, KTilesThatCutPartsAreRefused) {
  Product product("int<8>, scale={1x1152, bf16}", {64, 4096, 8},
                  {.stages = 2, .groups = 4, .integerBits = 8});
  EXPECT_NE(product.prepare(), "");
}

// run-2
TEST(SkinnyIntegersTest, WeightsWithPanelsOfWordsAreRefused) {
  std::string format = "uint<4>, zero=8, scale={1x128, f32}";
  Shape shape = {128, 512, 1};
  QuantizedWeight weight = drawQuantized(*Format::parse(format), shape.rows, shape.columns, 1);
  weight.scale.cells.back() = 0x1p126f;
  Product product(format, shape, {.integerBits = 8});
  ASSERT_EQ(product.prepare(), "");
  auto codes = load(format, weight, ElementType::BF16);
  ASSERT_TRUE(codes) << codes.error().message();
  auto y = product.run(*codes, std::vector<uint16_t>(shape.columns), 1, 1);
  ASSERT_FALSE(y);
  EXPECT_NE(y.error().message().find("a part of the weight is held as floats"), std::string::npos)
      << y.error().message();
}

} // namespace
