//===- SkinnyTest.cpp - Kernels of kind skinny on the emulator ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where sums are exact, outputs are the exact products; from any format they have the bits of the
// raw twin: the same kernel from the same weights as raw. Whatever order warps, workgroups and
// copies come in.
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

/// With another weight's or x's shape each time: tails in every dimension.
constexpr Shape skinnyShapes[] = {{1, 1, 1},     {17, 33, 3},     {64, 64, 8},   {65, 257, 9},
                                  {130, 640, 5}, {192, 1030, 17}, {70, 200, 64}, {33, 150, 70}};

/// A format on a target.
struct SkinnyCase {
  const char *format, *target;
};

class SkinnyTest : public ::testing::TestWithParam<SkinnyCase> {
protected:
  static KernelPins onTarget(KernelPins options = {}) {
    options.target = *findGpuTarget(GetParam().target);
    return options;
  }
  static Product make(const Shape &shape, const KernelPins &options = {}) {
    return {GetParam().format, shape, onTarget(options)};
  }
};

TEST_P(SkinnyTest, ExactSumsAreExact) {
  for (const Shape &shape : skinnyShapes) {
    SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns));
    std::vector<uint16_t> w = drawIntegers(shape.rows * shape.columns, 1),
                          x = drawIntegers(shape.m * shape.columns, 2);
    std::vector<float> expected = exactProduct(w, x, shape);
    Product product = make(shape, {0, 2, 2});
    ASSERT_EQ(product.prepare(), "");
    for (unsigned workgroups : {1, 3, 5}) {
      auto y = product.run(w, x, workgroups, /*seed=*/workgroups);
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(*y, expected) << workgroups << " workgroups";
    }
  }
}

TEST_P(SkinnyTest, BitsAreThoseOfTheRawTwin) {
  Shape shape{150, 1100, 7};
  std::vector<uint16_t> x = drawWeights(shape.m * shape.columns, 4, 1 << 30);
  const Product *twin = rawTwin(shape, onTarget());
  ASSERT_TRUE(twin);
  Product product = make(shape);
  ASSERT_EQ(product.prepare(), "");
  // Escapes: few, and more than a stage has room for.
  for (uint32_t rarity : {400, 12}) {
    std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, rarity);
    auto expected = twin->run(w, x, 4, 10);
    ASSERT_TRUE(expected) << expected.error().message();
    for (uint64_t seed : {1, 2, 3}) {
      auto y = product.run(w, x, 4, seed);
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0)
          << "one in " << rarity << ", seed " << seed;
    }
  }
}

TEST_P(SkinnyTest, MachineCodeNeitherSpillsNorSerialises) {
  if (auto found = findCudaTool(CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  // In wide slices, what the last of an odd number of panels lacks takes the most registers.
  for (const Shape &shape : {Shape{4096, 4096, 8}, Shape{4096, 4096, 64}, Shape{130, 448, 100}}) {
    Product product = make(shape);
    ASSERT_EQ(product.prepare(), "");
    EXPECT_TRUE(product.assembles(GetParam().target))
        << shape.rows << " x " << shape.columns << ", m " << shape.m;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, SkinnyTest,
    ::testing::Values(SkinnyCase{"raw", "sm_90a"}, SkinnyCase{"inplace<12>", "sm_90a"},
                      SkinnyCase{"window<4>", "sm_90a"}, SkinnyCase{"raw", "sm_80"},
                      SkinnyCase{"inplace<12>", "sm_80"}, SkinnyCase{"window<4>", "sm_89"},
                      SkinnyCase{"inplace<11>", "sm_90a"}, SkinnyCase{"inplace<11>", "sm_89"},
                      SkinnyCase{"descend<5>", "sm_90a"}, SkinnyCase{"descend<5>", "sm_80"}));

} // namespace
