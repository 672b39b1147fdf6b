//===- SkinnySharedTest.cpp - Warps that decode for others ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"
#include "lib/CudaTools/CudaTools.h"
#include <cstring>
#include <gtest/gtest.h>
#include <set>

using namespace uwt;
using namespace uwt::cuda_tools;
using namespace uwt::test;

namespace {

KernelPins sharedOn(const char *target, unsigned cluster = 0) {
  KernelPins options;
  options.strategy = ProductStrategy::Shared;
  options.target = *findGpuTarget(target);
  options.cluster = cluster;
  return options;
}

struct SharedCase {
  const char *format, *target;
  unsigned cluster = 0;
};

class SkinnySharedTest : public ::testing::TestWithParam<SharedCase> {
protected:
  KernelPins options() const { return sharedOn(GetParam().target, GetParam().cluster); }
};

TEST_P(SkinnySharedTest, SumsAreExact) {
  // Tails in every dimension, units of several strips, slices; few escapes and many.
  constexpr Shape shapes[] = {{17, 600, 3}, {130, 1040, 40}, {200, 2100, 136}};
  for (const Shape &shape : shapes) {
    std::vector<uint16_t> x = drawExact(shape.m * shape.columns, 2, 1 << 30);
    Product product(GetParam().format, shape, options());
    ASSERT_EQ(product.prepare(), "");
    ASSERT_EQ(product.entries().back().strategy.substr(0, 7), "shared,");
    for (uint32_t rarity : {500, 20}) {
      // In the largest, which takes longest, of many alone.
      if (shape.rows == 200 && rarity == 500)
        continue;
      SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns) + ", " +
                   std::to_string(shape.m) + ", one in " + std::to_string(rarity));
      std::vector<uint16_t> w = drawExact(shape.rows * shape.columns, rarity, rarity);
      auto weight = product.load(w);
      ASSERT_TRUE(weight) << weight.error().message();
      ASSERT_FALSE(weight->buffer(ArgumentKind::Code).bytes().empty());
      auto y = product.run(*weight, x, 4, rarity);
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(*y, exactProduct(w, x, shape));
    }
  }
}

TEST_P(SkinnySharedTest, BitsAreThoseOfTheRawTwin) {
  // Sums that are not exact, in one order: one cluster has all steps of a panel.
  Shape shape{100, 2200, 37};
  std::vector<uint16_t> x = drawWeights(shape.m * shape.columns, 4, 1 << 30);
  std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, 200);
  KernelPins twinOptions = options();
  twinOptions.strategy = ProductStrategy::Direct;
  const Product *twin = rawTwin(shape, twinOptions);
  Product product(GetParam().format, shape, options());
  ASSERT_TRUE(twin);
  ASSERT_EQ(product.prepare(), "");
  auto raw = twin->load(w), weight = product.load(w);
  ASSERT_TRUE(raw) << raw.error().message();
  ASSERT_TRUE(weight) << weight.error().message();
  auto expected = twin->run(*raw, x, 1, 1);
  ASSERT_TRUE(expected) << expected.error().message();
  for (uint32_t seed : {1, 2, 3}) {
    auto y = product.run(*weight, x, 1, seed + 10);
    ASSERT_TRUE(y) << y.error().message();
    EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0) << "seed " << seed;
  }
}

/// Where clusters share a panel, shares end with units, as no raw kernel's do: the twin is the
/// kernel itself, from words.
TEST_P(SkinnySharedTest, BitsOfSharedPanelsAreThoseFromWords) {
  Shape shape{150, 4200, 37};
  std::vector<uint16_t> x = drawWeights(shape.m * shape.columns, 4, 1 << 30);
  std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, 200);
  Product product(GetParam().format, shape, options());
  ASSERT_EQ(product.prepare(), "");
  auto weight = product.load(w), words = product.load(w, /*asWords=*/true);
  ASSERT_TRUE(weight) << weight.error().message();
  ASSERT_TRUE(words) << words.error().message();
  ASSERT_TRUE(words->buffer(ArgumentKind::Code).bytes().empty());
  unsigned cluster = product.entries().back().launch.cluster;
  std::set<std::vector<float>> orders;
  for (unsigned clusters : {2, 5}) {
    auto expected = product.run(*words, x, clusters * cluster, clusters);
    auto y = product.run(*weight, x, clusters * cluster, clusters + 10);
    ASSERT_TRUE(expected) << expected.error().message();
    ASSERT_TRUE(y) << y.error().message();
    EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0) << clusters;
    orders.insert(*y);
  }
  EXPECT_GT(orders.size(), 1u) << "sums are the same in any order";
}

TEST_P(SkinnySharedTest, DamagedPlanesStayInBounds) {
  Shape shape{80, 1100, 20};
  Product product(GetParam().format, shape, options());
  ASSERT_EQ(product.prepare(), "");
  std::vector<uint16_t> x = drawExact(shape.m * shape.columns, 2, 1 << 30);
  std::mt19937 random(11);
  for (uint32_t round = 0; round < 3; ++round) {
    auto weight = product.load(drawExact(shape.rows * shape.columns, 5, 60));
    ASSERT_TRUE(weight) << weight.error().message();
    for (ArgumentKind kind : {ArgumentKind::Raw, ArgumentKind::Code})
      // Single bytes, then all of them.
      damage(weight->buffer(kind), round < 2 ? 64 : 1, random);
    auto y = product.run(*weight, x, 2, round);
    ASSERT_TRUE(y) << "round " << round << ": " << y.error().message();
  }
}

TEST_P(SkinnySharedTest, MachineCodeHasNoSpills) {
  if (auto found = findCudaTool(CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  // The others' shared memory has no room for x of more rows.
  bool isHopper = std::string_view(GetParam().target) == "sm_90a";
  for (uint64_t m : {uint64_t(8), uint64_t(isHopper ? 128 : 32)}) {
    Product product(GetParam().format, {4096, 4096, m}, sharedOn(GetParam().target));
    ASSERT_EQ(product.prepare(), "");
    EXPECT_TRUE(product.assembles(GetParam().target)) << m;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Targets, SkinnySharedTest,
    ::testing::Values(SharedCase{"huffman<12,2>", "sm_90a", 1},
                      SharedCase{"huffman<12,2>", "sm_90a", 2},
                      SharedCase{"huffman<12,2>", "sm_80"}, SharedCase{"huffman<12,1>", "sm_89"},
                      SharedCase{"huffman<12,2>, context=row_class<2>", "sm_90a"},
                      SharedCase{"rice<1,8>", "sm_120a"}, SharedCase{"rans<12>", "sm_90a", 1},
                      SharedCase{"rans<12>, tables=exact", "sm_90a", 1},
                      SharedCase{"rans<11>, coded=exponent+2, context=row_class<4>", "sm_80"}),
    [](const auto &info) { return "Case" + std::to_string(info.index); });

} // namespace
