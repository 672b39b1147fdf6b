//===- SkinnyWarpgroupTest.cpp - Products by warpgroups on the emulator ---===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As SkinnyTest, for an m that wgmma serves; and kernels that were changed for the worse.
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"
#include "lib/CudaTools/CudaTools.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::cuda_tools;
using namespace uwt::test;
using ::testing::HasSubstr;

namespace {

/// Tails in every dimension, panels of one to four strips, odd numbers of groups, two slices.
constexpr Shape warpgroupShapes[] = {
    {1, 1, 17},      {17, 33, 20},   {64, 64, 24},  {65, 257, 33},   {130, 640, 48},
    {192, 1030, 17}, {70, 200, 64},  {33, 150, 70}, {130, 130, 129}, {70, 140, 256},
    {128, 140, 256}, {192, 70, 300}, {70, 330, 96}};

class SkinnyWarpgroupTest : public ::testing::TestWithParam<std::string> {};

TEST_P(SkinnyWarpgroupTest, ExactSumsAreExact) {
  for (const Shape &shape : warpgroupShapes) {
    SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.columns));
    std::vector<uint16_t> w = drawIntegers(shape.rows * shape.columns, 1),
                          x = drawIntegers(shape.m * shape.columns, 2);
    std::vector<float> expected = exactProduct(w, x, shape);
    Product product(GetParam(), shape, {0, shape.m > 24 ? 2U : 3U, 2});
    ASSERT_EQ(product.prepare(), "");
    for (unsigned workgroups : {1, 3}) {
      auto y = product.run(w, x, workgroups, workgroups);
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(*y, expected) << workgroups << " workgroups";
    }
  }
}

/// Two kernels from the same weights, with few escapes, with more than a stage has room for, and
/// with so many that units of four groups are stored as words.
void expectSameBits(const std::string &format, const KernelPins &options,
                    const std::string &otherFormat, const KernelPins &otherOptions,
                    unsigned workgroups) {
  Shape shape{150, 1100, 19};
  std::vector<uint16_t> x = drawWeights(shape.m * shape.columns, 4, 1 << 30);
  Product one(format, shape, options), other(otherFormat, shape, otherOptions);
  ASSERT_EQ(one.prepare(), "");
  ASSERT_EQ(other.prepare(), "");
  for (uint32_t rarity : {400, 25, 12}) {
    std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 3, rarity);
    auto expected = other.run(w, x, workgroups, 10);
    ASSERT_TRUE(expected) << expected.error().message();
    for (uint64_t seed : {1, 2}) {
      auto y = one.run(w, x, workgroups, seed);
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0)
          << "one in " << rarity << ", seed " << seed;
    }
  }
}

constexpr KernelPins ring{0, 3, 2};

TEST_P(SkinnyWarpgroupTest, BitsAreThoseOfTheRawTwin) {
  expectSameBits(GetParam(), ring, "raw", ring, /*workgroups=*/4);
}

/// Where nobody shares a panel, both kernels add in the order of k.
TEST_P(SkinnyWarpgroupTest, BitsAreThoseOfProductsOfSingleWarps) {
  KernelPins alone = ring;
  alone.instruction = ProductInstruction::Mma;
  expectSameBits(GetParam(), ring, GetParam(), alone, /*workgroups=*/1);
}

/// No spill, no C75xx, no operand overwritten under a product: any of these is a failure.
TEST_P(SkinnyWarpgroupTest, MachineCodeIsClean) {
  for (CudaTool tool : {CudaTool::Ptxas, CudaTool::Nvdisasm})
    if (auto found = findCudaTool(tool, ""); !found)
      GTEST_SKIP() << found.error().message();
  GpuCodeOptions options;
  options.output = GpuOutput::Report;
  // ptxas takes seconds a shape. What the profile lacks (test_kernel_profiles.py): a last panel
  // that is not full and an odd number of groups, which take registers too.
  std::vector<Shape> compiled = {{4104, 2880, 104}};
  if (GetParam() == "inplace<12>")
    compiled.insert(compiled.end(), {{4096, 4096, 96}, {4096, 4096, 192}});
  for (const Shape &shape : compiled) {
    Product product(GetParam(), shape, {});
    ASSERT_EQ(product.prepare(), "");
    EXPECT_TRUE(
        mlir::succeeded(compileKernels(product.kernels(), **findGpuTarget("sm_90a"), options)))
        << shape.rows << " rows, m " << shape.m;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, SkinnyWarpgroupTest,
                         ::testing::ValuesIn(withOtherCodecs({"raw", "inplace<12>", "window<4>",
                                                              "palette<4>", "inplace<11>",
                                                              "inplace<11>, escapes=rows<64>"},
                                                             Rate::Fixed)));

/// The first error of some seed of the kernels that `mutate` has changed; "wrong sums" where there
/// is none, but the result is another.
std::string runMutated(const std::string &format,
                       llvm::function_ref<void(mlir::gpu::GPUModuleOp)> mutate) {
  Shape shape{128, 768, 20};
  Product product(format, shape, {0, 2, 2});
  if (std::string problem = product.prepare(); !problem.empty())
    return problem;
  mutate(product.kernels());
  if (std::string problem = product.finish(); !problem.empty())
    return problem;
  std::vector<uint16_t> w = drawIntegers(shape.rows * shape.columns, 1),
                        x = drawIntegers(shape.m * shape.columns, 2);
  for (uint64_t seed = 0; seed < 6; ++seed) {
    auto y = product.run(w, x, 2, seed);
    if (!y)
      return y.error().message();
    if (*y != exactProduct(w, x, shape))
      return "wrong sums";
  }
  return "nothing";
}

constexpr const char *mutatedFormats[] = {"raw", "inplace<12>", "window<4>"};

TEST(SkinnyWarpgroupMutation, WaitGroupOffByOneIsFound) {
  for (const char *format : mutatedFormats)
    EXPECT_THAT(runMutated(format,
                           [](mlir::gpu::GPUModuleOp kernels) {
                             kernels.walk([](WarpgroupWaitOp wait) {
                               if (!wait.getAccumulators().empty())
                                 wait.setPending(1);
                             });
                           }),
                HasSubstr("of its products, but may leave 1 of"))
        << format;
}

TEST(SkinnyWarpgroupMutation, StageHandedBackUnderAProductIsFound) {
  for (const char *format : mutatedFormats)
    EXPECT_THAT(runMutated(format,
                           [](mlir::gpu::GPUModuleOp kernels) {
                             kernels.walk([](mlir::nvgpu::MBarrierArriveOp arrive) {
                               mlir::Operation *branch = arrive->getParentOp();
                               for (auto wait : branch->getBlock()->getOps<WarpgroupWaitOp>())
                                 if (!wait.getAccumulators().empty())
                                   return wait->moveAfter(branch);
                             });
                           }),
                ::testing::AllOf(HasSubstr("copies over bytes"), HasSubstr("of its products")))
        << format;
}

TEST(SkinnyWarpgroupMutation, WrongDescriptorIsFound) {
  for (const char *format : mutatedFormats)
    EXPECT_NE(runMutated(format,
                         [](mlir::gpu::GPUModuleOp kernels) {
                           kernels.walk([](WarpgroupMmaOp mma) { mma.setStride(128); });
                         }),
              "nothing")
        << format;
}

} // namespace
