//===- SkinnyQuantizedTest.cpp - Kernels that run from codes --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every format of quantised weights: products on the emulator, from IR and from PTX, equal, bit for
// bit, those from the words that QuantizedWeight::decode makes of the same codes.
//
//===----------------------------------------------------------------------===//

#include "Codegen/Decode/DrawQuantized.h"
#include "KernelTesting.h"
#include "uwt/Codec/Panel.h"
#include "uwt/Format/Floats.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::emulator;
using namespace uwt::test;

namespace {

/// Numbers near 1.
std::vector<uint16_t> drawInputs(const Shape &shape, ElementType element) {
  std::mt19937 random(5);
  bool isHalf = element == ElementType::F16;
  std::vector<uint16_t> words;
  for (float number : drawNumbers(shape.m * shape.columns, random, isHalf))
    words.push_back(isHalf ? roundToF16(number) : roundToBF16(number));
  return words;
}

Expected<EmulatedWeight> loadQuantized(const std::string &format, const QuantizedWeight &weight,
                                       ElementType element) {
  ThreadPool pool(1);
  UWT_ASSIGN_OR_RETURN(Format parsed, Format::parse(format));
  TensorDescription description{element, {weight.rows, weight.columns}, parsed};
  UWT_ASSIGN_OR_RETURN(LoadedWeight loaded, LoadedWeight::fromQuantized(description, weight, pool));
  for (const PanelEntry &panel : loaded.panels())
    if (panel.storedAsWords)
      return invalidError("a panel is stored as words");
  return EmulatedWeight::make(loaded);
}

/// A product whose sums are in one order, and a product of words in the same order.
void expectBitsOfWords(const std::string &format, const Shape &shape, const KernelPins &pins) {
  QuantizedWeight weight = drawQuantized(*Format::parse(format), shape.rows, shape.columns, 1);
  const Product *twin = rawTwin(shape, pins);
  ASSERT_TRUE(twin);
  Product product(format, shape, pins);
  ASSERT_EQ(product.prepare(), "");
  auto raw = twin->load(decodedWords(weight, pins.element));
  auto codes = loadQuantized(format, weight, pins.element);
  ASSERT_TRUE(raw) << raw.error().message();
  ASSERT_TRUE(codes) << codes.error().message();
  std::vector<uint16_t> x = drawInputs(shape, pins.element);
  auto expected = twin->run(*raw, x, 1, 1), y = product.run(*codes, x, 1, 2);
  ASSERT_TRUE(expected) << expected.error().message();
  ASSERT_TRUE(y) << y.error().message();
  EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0);
}

class SkinnyQuantizedTest : public ::testing::TestWithParam<size_t> {
protected:
  const char *format() const { return quantizedFormats()[GetParam()]; }
  /// Both types in turn.
  ElementType element() const { return elementOfTurn(format(), GetParam()); }
};

TEST_P(SkinnyQuantizedTest, BitsAreThoseOfWords) {
  // Tails in every dimension.
  expectBitsOfWords(
      format(), {83, 1048, 7},
      {.stages = 2, .groups = 4, .strategy = ProductStrategy::Direct, .element = element()});
}

INSTANTIATE_TEST_SUITE_P(Formats, SkinnyQuantizedTest,
                         ::testing::Range<size_t>(0, quantizedFormats().size()));

/// Differences that are rounded, in the weight's own type where that is theirs, and in f32.
TEST(SkinnyQuantizedTest, FloatZerosHaveTheBitsOfEachType) {
  for (const char *format : {"uint<4>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16",
                             "uint<4>, zero={1x64, f16}, scale={1x64, f16}, math=f16",
                             "uint<8>, zero={row, f16}, scale={row, f16}, math=f16"})
    for (ElementType element : {ElementType::BF16, ElementType::F16}) {
      SCOPED_TRACE(format);
      expectBitsOfWords(
          format, {48, 256, 8},
          {.stages = 2, .groups = 2, .strategy = ProductStrategy::Direct, .element = element});
    }
}

/// Floats of every split of their bits, in the weight's own type and in f32.
TEST(SkinnyQuantizedTest, FloatsOfAnyBitsHaveTheBitsOfBothTypes) {
  for (uint32_t exponentBits = 1; exponentBits <= 4; ++exponentBits)
    for (uint32_t mantissaBits = 0; exponentBits + mantissaBits < 8; ++mantissaBits)
      for (ElementType element : {ElementType::BF16, ElementType::F16})
        for (const char *scale : {"f16", "f32"}) {
          std::string format = "float<" + std::to_string(exponentBits) + "," +
                               std::to_string(mantissaBits) + ">, scale={1x32, " + scale + "}";
          if (exponentBits + mantissaBits < 2)
            continue;
          SCOPED_TRACE(format);
          expectBitsOfWords(
              format, {16, 64, 8},
              {.stages = 2, .groups = 2, .strategy = ProductStrategy::Direct, .element = element});
        }
}

TEST(SkinnyQuantizedTest, IntegersOfAnyBitsHaveTheBitsOfBothTypes) {
  for (uint32_t bits = 1; bits <= 8; ++bits)
    for (const char *element : {"uint", "int"})
      for (ElementType type : {ElementType::BF16, ElementType::F16})
        for (const char *scale : {"f16", "f32"}) {
          std::string format =
              element + ("<" + std::to_string(bits)) + ">, scale={1x64, " + scale + "}";
          SCOPED_TRACE(format);
          expectBitsOfWords(
              format, {48, 128, 8},
              {.stages = 2, .groups = 2, .strategy = ProductStrategy::Direct, .element = type});
        }
}

/// In the other kinds of kernels: by warpgroups, decoded before, by fused multiply-additions, and
/// copied by threads.
TEST(SkinnyQuantizedTest, EveryKindOfKernelHasTheBits) {
  const GpuTarget *older = *findGpuTarget("sm_80");
  for (const char *format :
       {"uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}",
        "f4E2M1FN, scale={1x16, f8E4M3FN, divide={tensor, f32}}", "table<4>, scale={1x64, f32}",
        "table<4>, pick={1x64, uint<3>}, scale={1x64, f16}", "int<8>, scale={1x512, f32}",
        "int<8>, scale={row, f32}, factor=1/127", "f4E2M1FN, scale={1x16, f16E6M10U}",
        "uint<4>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16", "f6E2M3FN, scale={1x32, bf16}",
        "float<2,2>, scale={row, f32}"}) {
    SCOPED_TRACE(format);
    expectBitsOfWords(format, {130, 600, 40}, {.stages = 2, .groups = 2});
    expectBitsOfWords(format, {70, 600, 20}, {.strategy = ProductStrategy::Buffer});
    expectBitsOfWords(
        format, {70, 300, 3},
        {.strategy = ProductStrategy::Buffer, .instruction = ProductInstruction::Fma});
    expectBitsOfWords(format, {70, 600, 20}, {.target = older});
  }
}

} // namespace
