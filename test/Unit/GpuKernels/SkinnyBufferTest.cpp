//===- SkinnyBufferTest.cpp - Weights decoded before on the emulator ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"
#include "lib/GpuCode/CudaTools.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::testing;

namespace {

constexpr KernelOptions decodedBefore(const GpuTarget *target = nullptr) {
  KernelOptions options;
  options.stages = 2;
  options.groups = 2;
  options.strategy = ProductStrategy::Buffer;
  options.target = target;
  return options;
}

class SkinnyBufferTest : public ::testing::TestWithParam<std::string> {};

/// The raw twin's bits, and so exact sums where sums are exact: from weights with few escapes and
/// with many, for shapes with tails in every dimension, several slices and several workgroups.
TEST_P(SkinnyBufferTest, BitsAreThoseOfTheRawTwin) {
  constexpr Shape shapes[] = {
      {1, 1, 1}, {17, 600, 3}, {65, 1040, 9}, {150, 1100, 33}, {70, 130, 300}};
  for (const Shape &shape : shapes) {
    SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns));
    std::vector<uint16_t> x = drawWeights(shape.batch * shape.columns, 4, 1 << 30);
    Product one(GetParam(), shape, decodedBefore());
    KernelOptions direct = decodedBefore();
    direct.strategy = ProductStrategy::Direct;
    Product twin("raw", shape, direct);
    ASSERT_EQ(one.prepare(), "");
    ASSERT_EQ(twin.prepare(), "");
    for (uint32_t rarity : {400, 12}) {
      std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, rarity);
      auto expected = twin.run(w, x, 4, rarity), y = one.run(w, x, 4, rarity + 1);
      ASSERT_TRUE(expected) << expected.error().message();
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0) << "one in " << rarity;
    }
  }
}

TEST_P(SkinnyBufferTest, SumsAreExactOnAmpere) {
  Shape shape{70, 700, 19};
  const GpuTarget *ampere = *findGpuTarget("sm_80");
  Product product(GetParam(), shape, decodedBefore(ampere));
  ASSERT_EQ(product.prepare(), "");
  std::vector<uint16_t> w = drawIntegers(shape.rows * shape.columns, 1),
                        x = drawIntegers(shape.batch * shape.columns, 2);
  auto y = product.run(w, x, 3, 5);
  ASSERT_TRUE(y) << y.error().message();
  EXPECT_EQ(*y, exactProduct(w, x, shape));
}

TEST_P(SkinnyBufferTest, MachineCodeHasNoSpills) {
  if (auto found = findCudaTool(CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  Product product(GetParam(), {4096, 4096, 64}, {.strategy = ProductStrategy::Buffer});
  ASSERT_EQ(product.prepare(), "");
  EXPECT_TRUE(product.assembles("sm_90a"));
}

INSTANTIATE_TEST_SUITE_P(Formats, SkinnyBufferTest,
                         ::testing::Values("inplace<12>", "inplace<11>, escapes=rows<64>",
                                           "window<4>, escapes=rows<64>", "huffman<12,2>",
                                           "huffman<8,1>, escapes=rows<64>", "rice<1,8>"));

/// Formats that have no direct kernel, and prefix codes in wide slices.
TEST(SkinnyBuffer, IsChosenWhereDirectIsNotThereOrSlow) {
  auto strategyOf = [](const char *format, Shape shape, const char *target = "sm_90a") {
    KernelOptions options;
    options.target = *findGpuTarget(target);
    Product product(format, shape, options);
    EXPECT_EQ(product.prepare(), "");
    return product.entries().back().strategy;
  };
  // Units of four groups: as long as a ring of them has room beside x.
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 4}), "skinny,n=8,stages=3,k=256");
  EXPECT_EQ(strategyOf("inplace<11>", {256, 256, 64}).substr(0, 7), "skinny,");
  EXPECT_EQ(strategyOf("inplace<11>", {256, 256, 128}).substr(0, 7), "buffer,");
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 16}, "sm_80").substr(0, 7), "skinny,");
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 64}, "sm_80").substr(0, 7), "skinny,");
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 16}, "sm_86").substr(0, 7), "skinny,");
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 64}, "sm_89").substr(0, 7), "buffer,");
  EXPECT_EQ(strategyOf("inplace<11>", {64, 256, 16}, "sm_120a").substr(0, 7), "skinny,");
  EXPECT_EQ(strategyOf("huffman<12,2>", {64, 1024, 33}).substr(0, 7), "shared,");
  EXPECT_EQ(strategyOf("huffman<12,2>", {64, 1024, 32}), "skinny-streams,n=32");
  EXPECT_EQ(strategyOf("huffman<12,2>", {64, 1024, 8}), "skinny-streams,n=8");
  EXPECT_EQ(strategyOf("huffman<12,2>", {64, 64, 8}).substr(0, 7), "buffer,");
  EXPECT_EQ(strategyOf("huffman<12,2>, escapes=rows<64>", {64, 1024, 8}).substr(0, 7), "buffer,");
  EXPECT_EQ(strategyOf("huffman<12,2>", {64, 1024, 8}, "sm_80").substr(0, 7), "shared,");
  EXPECT_EQ(strategyOf("inplace<12>", {64, 256, 64}).substr(0, 7), "skinny,");
}

} // namespace
