//===- SimtTest.cpp - Products without tensor cores on the emulator -------===//
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

constexpr KernelPins withoutTensorCores(const GpuTarget *target = nullptr) {
  KernelPins options;
  options.instruction = ProductInstruction::Fma;
  options.target = target;
  return options;
}

class SimtTest : public ::testing::TestWithParam<std::string> {};

/// Tails in every dimension, fewer rows than a warp takes at once.
constexpr Shape simtShapes[] = {{1, 1, 1},     {17, 33, 7},   {64, 64, 8},   {65, 257, 9},
                                {130, 640, 4}, {33, 150, 17}, {80, 1040, 33}};

TEST_P(SimtTest, ExactSumsAreExact) {
  for (const Shape &shape : simtShapes) {
    SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns));
    std::vector<uint16_t> w = drawIntegers(shape.rows * shape.columns, 1),
                          x = drawIntegers(shape.m * shape.columns, 2);
    Product product(GetParam(), shape, withoutTensorCores());
    ASSERT_EQ(product.prepare(), "");
    EXPECT_EQ(product.entries().back().kind, GpuKernelKind::Simt);
    for (unsigned workgroups : {1, 3}) {
      auto y = product.run(w, x, workgroups, workgroups);
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(*y, exactProduct(w, x, shape)) << workgroups << " workgroups";
    }
  }
}

TEST_P(SimtTest, BitsAreThoseOfTheRawTwin) {
  Shape shape{70, 1100, 6};
  std::vector<uint16_t> x = drawWeights(shape.m * shape.columns, 4, 1 << 30);
  Product one(GetParam(), shape, withoutTensorCores());
  const Product *twin = rawTwin(shape, withoutTensorCores());
  ASSERT_EQ(one.prepare(), "");
  ASSERT_TRUE(twin);
  for (uint32_t rarity : {400, 12}) {
    std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, rarity);
    // Nobody shares a sum: any number of workgroups gives the same bits.
    auto expected = twin->run(w, x, 1, 10), y = one.run(w, x, 3, 1);
    ASSERT_TRUE(expected) << expected.error().message();
    ASSERT_TRUE(y) << y.error().message();
    EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0) << "one in " << rarity;
  }
}

/// What is behind the end of x belongs to others, who may have infinities there.
TEST_P(SimtTest, InfinitiesStayInTheirRows) {
  Shape shape{16, 33, 2};
  std::vector<uint16_t> w = drawIntegers(shape.rows * shape.columns, 1),
                        x = drawIntegers(shape.m * shape.columns, 2);
  std::vector<float> expected = exactProduct(w, x, shape);
  x[shape.columns] = 0x7F80;
  Product product(GetParam(), shape, withoutTensorCores());
  ASSERT_EQ(product.prepare(), "");
  auto y = product.run(w, x, 1, 1);
  ASSERT_TRUE(y) << y.error().message();
  for (uint64_t n = 0; n < shape.rows; ++n)
    EXPECT_EQ((*y)[n], expected[n]) << n;
}

TEST_P(SimtTest, MachineCodeHasNoSpills) {
  if (auto found = findCudaTool(CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  for (const char *name : {"sm_90a", "sm_80", "sm_120a"}) {
    Product product(GetParam(), {4096, 4096, 8}, withoutTensorCores(*findGpuTarget(name)));
    ASSERT_EQ(product.prepare(), "");
    EXPECT_TRUE(product.assembles(name)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, SimtTest,
                         ::testing::ValuesIn(withOtherCodecs({"raw", "inplace<12>",
                                                              "inplace<11>, escapes=rows<64>",
                                                              "huffman<12,2>"},
                                                             Rate::Fixed)));

} // namespace
