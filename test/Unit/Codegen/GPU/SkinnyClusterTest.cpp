//===- SkinnyClusterTest.cpp - Clusters that share x on the emulator ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

/// Fewer bands than a cluster has workgroups, one more, tails in every dimension, slices.
constexpr Shape clusterShapes[] = {{1, 1, 17},     {17, 33, 20},   {65, 257, 33},  {130, 640, 5},
                                   {192, 1030, 9}, {300, 200, 64}, {520, 150, 70}, {700, 70, 129}};

constexpr KernelPins inClusters(unsigned cluster) {
  KernelPins options;
  options.stages = 2;
  options.groups = 2;
  options.cluster = cluster;
  return options;
}

class SkinnyClusterTest : public ::testing::TestWithParam<std::tuple<const char *, unsigned>> {
protected:
  std::string format() const { return std::get<0>(GetParam()); }
  unsigned cluster() const { return std::get<1>(GetParam()); }
};

TEST_P(SkinnyClusterTest, ExactSumsAreExact) {
  for (const Shape &shape : clusterShapes) {
    SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns));
    std::vector<uint16_t> w = drawIntegers(shape.rows * shape.columns, 1),
                          x = drawIntegers(shape.m * shape.columns, 2);
    std::vector<float> expected = exactProduct(w, x, shape);
    Product product(format(), shape, inClusters(cluster()));
    ASSERT_EQ(product.prepare(), "");
    for (unsigned clusters : {1, 3}) {
      auto y = product.run(w, x, clusters * cluster(), clusters);
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(*y, expected) << clusters << " clusters";
    }
  }
}

TEST_P(SkinnyClusterTest, BitsAreThoseOfTheRawTwin) {
  Shape shape{330, 1100, 35};
  std::vector<uint16_t> x = drawWeights(shape.m * shape.columns, 4, 1 << 30);
  Product one(format(), shape, inClusters(cluster()));
  const Product *twin = rawTwin(shape, inClusters(cluster()));
  ASSERT_EQ(one.prepare(), "");
  ASSERT_TRUE(twin);
  for (uint32_t rarity : {400, 12}) {
    std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, rarity);
    auto expected = twin->run(w, x, 3 * cluster(), 10);
    ASSERT_TRUE(expected) << expected.error().message();
    for (uint64_t seed : {1, 2}) {
      auto y = one.run(w, x, 3 * cluster(), seed);
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0)
          << "one in " << rarity << ", seed " << seed;
    }
  }
}

/// Where nobody shares a panel, sums do not depend on who shares x.
TEST_P(SkinnyClusterTest, BitsAreThoseOfAWorkgroupAlone) {
  Shape shape{150, 700, 35};
  std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, 400),
                        x = drawWeights(shape.m * shape.columns, 4, 1 << 30);
  Product one(format(), shape, inClusters(cluster())), alone(format(), shape, inClusters(1));
  ASSERT_EQ(one.prepare(), "");
  ASSERT_EQ(alone.prepare(), "");
  auto expected = alone.run(w, x, 1, 7), y = one.run(w, x, cluster(), 8);
  ASSERT_TRUE(expected) << expected.error().message();
  ASSERT_TRUE(y) << y.error().message();
  EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0);
}

INSTANTIATE_TEST_SUITE_P(Formats, SkinnyClusterTest,
                         ::testing::Combine(::testing::Values("raw", "inplace<12>", "palette<4>",
                                                              "inplace<11>", "descend<5>"),
                                            ::testing::Values(2U, 4U)));

} // namespace
