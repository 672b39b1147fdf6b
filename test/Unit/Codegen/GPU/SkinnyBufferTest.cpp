//===- SkinnyBufferTest.cpp - Weights decoded before on the emulator ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"
#include "lib/CudaTools/CudaTools.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::cuda_tools;
using namespace uwt::test;

namespace {

struct DecodedCase {
  const char *format;
  ProductStrategy strategy = ProductStrategy::Buffer;

  KernelPins options(const GpuTarget *target = nullptr) const {
    KernelPins options;
    options.stages = 2;
    options.groups = 2;
    options.strategy = strategy;
    options.target = target;
    return options;
  }
};

class SkinnyBufferTest : public ::testing::TestWithParam<DecodedCase> {};

/// The raw twin's bits, and so exact sums where sums are exact: from weights with no escapes, with
/// few and with many, for shapes with tails in every dimension, several slices and several
/// workgroups.
TEST_P(SkinnyBufferTest, BitsAreThoseOfTheRawTwin) {
  constexpr Shape shapes[] = {
      {1, 1, 1}, {17, 600, 3}, {65, 1040, 9}, {150, 1100, 33}, {70, 130, 300}};
  for (const Shape &shape : shapes) {
    SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns));
    std::vector<uint16_t> x = drawWeights(shape.m * shape.columns, 4, 1 << 30);
    Product one(GetParam().format, shape, GetParam().options());
    KernelPins direct = GetParam().options();
    direct.strategy = ProductStrategy::Direct;
    const Product *twin = rawTwin(shape, direct);
    ASSERT_EQ(one.prepare(), "");
    ASSERT_TRUE(twin);
    for (uint32_t rarity : {1 << 30, 400, 12}) {
      std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, rarity);
      // A panel without a pattern is stored as words.
      std::mt19937 random(rarity);
      for (uint64_t i = 64 * shape.columns; i < 128 * shape.columns && i < w.size(); ++i)
        w[i] = static_cast<uint16_t>((random() % 254) << 7 | random() % 128);
      auto expected = twin->run(w, x, 4, rarity), y = one.run(w, x, 4, rarity + 1);
      ASSERT_TRUE(expected) << expected.error().message();
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0) << "one in " << rarity;
    }
  }
}

TEST_P(SkinnyBufferTest, SumsAreExactOnAmpere) {
  Shape shape{70, 700, 19};
  const GpuTarget *ampere = *findGpuTarget("sm_80");
  Product product(GetParam().format, shape, GetParam().options(ampere));
  ASSERT_EQ(product.prepare(), "");
  std::vector<uint16_t> w = drawIntegers(shape.rows * shape.columns, 1),
                        x = drawIntegers(shape.m * shape.columns, 2);
  auto y = product.run(w, x, 3, 5);
  ASSERT_TRUE(y) << y.error().message();
  EXPECT_EQ(*y, exactProduct(w, x, shape));
}

TEST_P(SkinnyBufferTest, MachineCodeHasNoSpills) {
  if (auto found = findCudaTool(CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  // Products from words are the same for all formats.
  uint64_t most = GetParam().strategy == ProductStrategy::Buffer ? 64 : 256;
  for (uint64_t m = 64; m <= most; m *= 4) {
    Product product(GetParam().format, {4096, 4096, m}, {.strategy = GetParam().strategy});
    ASSERT_EQ(product.prepare(), "");
    EXPECT_TRUE(product.assembles("sm_90a")) << m;
  }
}

TEST_P(SkinnyBufferTest, DamagedPlanesStayInBounds) {
  Shape shape{80, 1100, 5};
  Product product(GetParam().format, shape, GetParam().options());
  ASSERT_EQ(product.prepare(), "");
  std::vector<uint16_t> x = drawExact(shape.m * shape.columns, 2, 1 << 30);
  std::mt19937 random(11);
  for (uint32_t rarity : {64, 1}) {
    auto weight = product.load(drawExact(shape.rows * shape.columns, 5, 60));
    ASSERT_TRUE(weight) << weight.error().message();
    for (ArgumentKind kind : {ArgumentKind::Raw, ArgumentKind::Code, ArgumentKind::Patch})
      damage(weight->buffer(kind), rarity, random);
    auto y = product.run(*weight, x, 2, rarity);
    // Records with one position: hardware writes one of them.
    bool isTwice =
        !y && y.error().message().find("another lane writes something else") != std::string::npos;
    ASSERT_TRUE(y || isTwice) << "one in " << rarity << ": " << y.error().message();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, SkinnyBufferTest,
    ::testing::Values(DecodedCase{"inplace<12>"}, DecodedCase{"inplace<11>, escapes=rows<64>"},
                      DecodedCase{"descend<5>"}, DecodedCase{"window<4>, escapes=rows<64>"},
                      DecodedCase{"huffman<12,2>"}, DecodedCase{"huffman<8,1>, escapes=rows<64>"},
                      DecodedCase{"rans<12>"}, DecodedCase{"rice<1,8>"},
                      DecodedCase{"huffman<12,2>", ProductStrategy::Exponents},
                      DecodedCase{"huffman<8,1>, escapes=rows<64>", ProductStrategy::Exponents},
                      DecodedCase{"huffman<12,1>, context=row_class<2>",
                                  ProductStrategy::Exponents},
                      DecodedCase{"huffman<12,2>", ProductStrategy::Codes},
                      DecodedCase{"huffman<8,1>, escapes=rows<64>", ProductStrategy::Codes},
                      DecodedCase{"huffman<12,1>, context=row_class<2>", ProductStrategy::Codes},
                      DecodedCase{"rice<1,8>", ProductStrategy::Codes}),
    [](const auto &info) { return "Case" + std::to_string(info.index); });

/// Formats that have no direct kernel, and prefix codes in wide slices.
TEST(SkinnyBuffer, IsChosenWhereDirectIsNotThereOrSlow) {
  auto strategyOf = [](const char *format, Shape shape, const char *target = "sm_90a") {
    KernelPins options;
    options.target = *findGpuTarget(target);
    Product product(format, shape, options);
    EXPECT_EQ(product.prepare(), "");
    return product.entries().back().strategy;
  };
  // Units of four groups: as long as a ring of them has room beside x.
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 4}), "skinny,m=8,stages=2,k=256");
  EXPECT_EQ(strategyOf("inplace<11>", {256, 256, 64}).substr(0, 7), "skinny,");
  EXPECT_EQ(strategyOf("inplace<11>", {256, 256, 104}).substr(0, 7), "skinny,");
  EXPECT_EQ(strategyOf("inplace<11>", {256, 256, 128}).substr(0, 7), "buffer,");
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 16}, "sm_80").substr(0, 7), "skinny,");
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 64}, "sm_80").substr(0, 7), "skinny,");
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 16}, "sm_86").substr(0, 7), "skinny,");
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 64}, "sm_89").substr(0, 7), "buffer,");
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 16}, "sm_120a").substr(0, 7), "skinny,");
  EXPECT_EQ(strategyOf("huffman<12,2>", {64, 1024, 33}).substr(0, 7), "shared,");
  EXPECT_EQ(strategyOf("huffman<12,2>", {64, 1024, 32}), "skinny-streams,m=32");
  EXPECT_EQ(strategyOf("huffman<12,2>", {64, 1024, 8}), "skinny-streams,m=8");
  EXPECT_EQ(strategyOf("huffman<12,2>", {64, 64, 8}).substr(0, 10), "exponents,");
  EXPECT_EQ(strategyOf("huffman<12,2>, escapes=rows<64>", {64, 1024, 8}).substr(0, 10),
            "exponents,");
  EXPECT_EQ(strategyOf("huffman<12,1>, coded=exponent+2", {64, 64, 8}).substr(0, 7), "buffer,");
  EXPECT_EQ(strategyOf("rans<12>", {64, 64, 8}).substr(0, 7), "buffer,");
  EXPECT_EQ(strategyOf("rans<12>", {64, 1024, 33}).substr(0, 7), "shared,");
  EXPECT_EQ(strategyOf("rans<12>", {64, 1024, 8}), "skinny-streams,m=8");
  EXPECT_EQ(strategyOf("huffman<12,2>", {64, 1024, 8}, "sm_80").substr(0, 7), "shared,");
  EXPECT_EQ(strategyOf("inplace<12>", {64, 256, 64}).substr(0, 7), "skinny,");
}

} // namespace
