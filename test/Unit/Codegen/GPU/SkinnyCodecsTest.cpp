//===- SkinnyCodecsTest.cpp - Every codec in kernels of kind skinny -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever codec a kernel decodes, its sums are exact where sums are exact, and no planes make it
// leave a buffer.
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"
#include "lib/CudaTools/CudaTools.h"
#include <bit>
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::cuda_tools;
using namespace uwt::emulator;
using namespace uwt::test;

namespace {

constexpr KernelPins direct{.stages = 2, .groups = 4, .strategy = ProductStrategy::Direct};

class SkinnyCodecsTest : public ::testing::TestWithParam<std::string> {};

TEST_P(SkinnyCodecsTest, SumsAreExact) {
  // Tails in every dimension; weights with few escapes and with many.
  constexpr Shape shapes[] = {{17, 600, 3}, {65, 1040, 8}, {64, 2048, 9}, {100, 2100, 20}};
  for (const Shape &shape : shapes) {
    std::vector<uint16_t> x = drawExact(shape.m * shape.columns, 2, 1 << 30);
    Product product(GetParam(), shape, direct);
    ASSERT_EQ(product.prepare(), "");
    for (uint32_t rarity : {500, 20}) {
      SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns) +
                   ", one in " + std::to_string(rarity));
      std::vector<uint16_t> w = drawExact(shape.rows * shape.columns, rarity, rarity);
      auto weight = product.load(w);
      ASSERT_TRUE(weight) << weight.error().message();
      // Else the test would show that words are multiplied.
      if (rarity == 500)
        ASSERT_FALSE(weight->buffer(ArgumentKind::Code).bytes().empty());
      auto y = product.run(*weight, x, 3, rarity);
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(*y, exactProduct(w, x, shape));
    }
  }
}

TEST_P(SkinnyCodecsTest, BitsAreThoseOfTheRawTwin) {
  // Sums that are not exact, in one order: one workgroup, and one stream unit a strip.
  Shape shape{100, 1000, 7};
  std::vector<uint16_t> x = drawWeights(shape.m * shape.columns, 4, 1 << 30);
  const Product *twin = rawTwin(shape, direct);
  Product product(GetParam(), shape, direct);
  ASSERT_TRUE(twin);
  ASSERT_EQ(product.prepare(), "");
  for (uint32_t rarity : {600, 25}) {
    std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, rarity);
    auto raw = twin->load(w), weight = product.load(w);
    ASSERT_TRUE(raw) << raw.error().message();
    ASSERT_TRUE(weight) << weight.error().message();
    auto expected = twin->run(*raw, x, 1, 1), y = product.run(*weight, x, 1, 2);
    ASSERT_TRUE(expected) << expected.error().message();
    ASSERT_TRUE(y) << y.error().message();
    EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0) << "one in " << rarity;
  }
}

/// Of several stream units a strip, and of any number of workgroups.
TEST_P(SkinnyCodecsTest, BitsAreThoseFromWords) {
  Shape shape{100, 2500, 20};
  std::vector<uint16_t> x = drawWeights(shape.m * shape.columns, 4, 1 << 30);
  std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, 200);
  Product product(GetParam(), shape, direct);
  ASSERT_EQ(product.prepare(), "");
  auto weight = product.load(w), words = product.load(w, /*asWords=*/true);
  ASSERT_TRUE(weight) << weight.error().message();
  ASSERT_TRUE(words) << words.error().message();
  ASSERT_TRUE(words->buffer(ArgumentKind::Code).bytes().empty());
  for (unsigned ctas : {1, 3}) {
    auto expected = product.run(*words, x, ctas, 1), y = product.run(*weight, x, ctas, 2);
    ASSERT_TRUE(expected) << expected.error().message();
    ASSERT_TRUE(y) << y.error().message();
    EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0) << ctas;
  }
}

TEST_P(SkinnyCodecsTest, DamagedPlanesStayInBounds) {
  Shape shape{80, 1100, 5};
  Product product(GetParam(), shape, {});
  ASSERT_EQ(product.prepare(), "");
  std::vector<uint16_t> x = drawExact(shape.m * shape.columns, 2, 1 << 30);
  std::mt19937 random(11);
  for (uint32_t round = 0; round < 4; ++round) {
    auto weight = product.load(drawExact(shape.rows * shape.columns, 5, 60));
    ASSERT_TRUE(weight) << weight.error().message();
    EmulatedWeight damaged = *weight;
    for (ArgumentKind kind : {ArgumentKind::Raw, ArgumentKind::Code, ArgumentKind::Patch})
      // Single bytes, then all of them.
      damage(weight->buffer(kind), round < 2 ? 64 : 1, random);
    auto y = product.run(*weight, x, 2, round);
    // Records with one position: hardware writes one of them.
    bool isTwice =
        !y && y.error().message().find("another lane writes something else") != std::string::npos;
    ASSERT_TRUE(y || isTwice) << "round " << round << ": " << y.error().message();
  }
}

TEST_P(SkinnyCodecsTest, MachineCodeHasNoSpills) {
  if (auto found = findCudaTool(CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  Product product(GetParam(), {4096, 4096, 8}, {.stages = 3});
  ASSERT_EQ(product.prepare(), "");
  EXPECT_TRUE(product.assembles("sm_90a"));
}

/// Warps with many units, of several slices: what they bring ahead is that of the next one, which
/// may be of another panel, stored as words, or not there.
TEST(SkinnyStreams, WarpsTakeManyUnits) {
  Shape shape{200, 2100, 40};
  std::vector<uint16_t> x = drawExact(shape.m * shape.columns, 2, 1 << 30);
  std::vector<uint16_t> w = drawExact(shape.rows * shape.columns, 1, 300);
  // A panel without a pattern.
  std::mt19937 random(5);
  for (uint64_t i = 0; i < 64 * shape.columns; ++i)
    w[64 * shape.columns + i] = static_cast<uint16_t>((random() % 256) << 7);
  std::vector<uint16_t> exact = w;
  for (uint64_t i = 0; i < 64 * shape.columns; ++i)
    exact[64 * shape.columns + i] = 0;
  Product product("huffman<12,2>", shape, direct);
  ASSERT_EQ(product.prepare(), "");
  ASSERT_EQ(product.entries().back().strategy, "skinny-streams,m=24");
  auto weight = product.load(w);
  ASSERT_TRUE(weight) << weight.error().message();
  auto y = product.run(*weight, x, 1, 7);
  ASSERT_TRUE(y) << y.error().message();
  std::vector<float> expected = exactProduct(exact, x, shape);
  for (uint64_t m = 0; m < shape.m; ++m)
    for (uint64_t n = 0; n < shape.rows; ++n)
      if (n / 64 != 1)
        ASSERT_EQ((*y)[m * shape.rows + n], expected[m * shape.rows + n]) << m << ", " << n;
}

INSTANTIATE_TEST_SUITE_P(
    Formats, SkinnyCodecsTest,
    ::testing::ValuesIn(withOtherCodecs(
        withOtherCodecs(
            withOtherCodecs({"palette<4>", "window<3>", "bitplane<3>",
                             "window<4>, escapes=rows<64>", "palette<4>, escapes=rows<64>",
                             "palette<4>, coded=exponent+2", "inplace<11>",
                             "inplace<11>, escapes=rows<64>", "huffman<12,2>", "huffman<12,1>",
                             "huffman<12,2>, context=row_class<2>", "rice<1,8>"},
                            Rate::Fixed),
            Rate::Prefix),
        Rate::Ans)));

} // namespace
