//===- KernelsTest.cpp - PTX of kernels as NVPTX writes it ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codegen/GPU/KernelTesting.h"
#include "lib/Emulator/PTX/Program.h"
#include "uwt/CudaTools/CompileKernels.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::cuda_tools;
using namespace uwt::emulator::ptx;
using namespace uwt::test;

namespace {

/// The entries of the PTX of kernels; none, with a failure, where that is not decoded.
std::vector<Program> decodeKernels(mlir::gpu::GPUModuleOp kernels, std::string_view target) {
  GpuCodeOptions options;
  options.output = GpuOutput::Ptx;
  auto code = compileKernels(kernels, **findGpuTarget(target), options);
  if (mlir::failed(code)) {
    ADD_FAILURE() << "no PTX is written";
    return {};
  }
  auto programs = parsePtx(code->ptx);
  if (programs)
    return *std::move(programs);
  ADD_FAILURE() << programs.error().message();
  return {};
}

bool contains(const std::vector<Program> &programs, Op op) {
  for (const Program &program : programs)
    for (const Instruction &code : program.code)
      if (code.op == op)
        return true;
  return false;
}

struct Kernel {
  Shape shape;
  std::string target;
  /// What its products and copies are made of.
  std::vector<Op> holds;
};

class PtxKernelsTest : public ::testing::TestWithParam<std::string> {};

TEST_P(PtxKernelsTest, ProductsAreDecoded) {
  const Kernel kernels[] = {
      {{512, 1088, 16}, "sm_80", {Op::Mma, Op::AsyncCopy}},
      {{512, 1088, 16}, "sm_90a", {Op::Mma, Op::BulkCopy, Op::MBarrierTest}},
      {{512, 1088, 96}, "sm_90a", {Op::BulkCopy}},
      {{512, 1088, 16}, "sm_120a", {Op::Mma}},
  };
  for (const Kernel &kernel : kernels) {
    KernelPins pins;
    pins.target = *findGpuTarget(kernel.target);
    Product product(GetParam(), kernel.shape, pins);
    ASSERT_EQ(product.prepare(), "");
    std::vector<Program> programs = decodeKernels(product.kernels(), kernel.target);
    EXPECT_EQ(programs.size(), product.entries().size());
    // Few rows of x are multiplied by threads that decode numeral systems from where these lie.
    bool isAns = checkFormat(*Format::parse(GetParam()), ElementType::BF16)->rate == Rate::Ans;
    for (Op op : kernel.holds)
      if (!isAns || op == Op::Mma || kernel.shape.m > 16)
        EXPECT_TRUE(contains(programs, op)) << kernel.target << " " << int(op);
    for (const Program &program : programs) {
      EXPECT_EQ(program.target, kernel.target);
      EXPECT_EQ(program.parameterBytes, program.parameters.size() * 8);
      EXPECT_GT(program.blockSize[0], 0u);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, PtxKernelsTest, ::testing::ValuesIn(formatsOfEachCodec()));

TEST(PtxModulesTest, ProductsOfWarpgroupsAreDecoded) {
  Product product("inplace<12>", {4096, 4096, 96}, {});
  ASSERT_EQ(product.prepare(), "");
  EXPECT_TRUE(contains(decodeKernels(product.kernels(), "sm_90a"), Op::Wgmma));
}

TEST(PtxModulesTest, TranscodesAreDecoded) {
  TranscodeModule transcode("huffman<12,2>", "inplace<12>", 128, 1024);
  ASSERT_EQ(transcode.prepare(), "");
  EXPECT_FALSE(decodeKernels(transcode.kernels().module, "sm_90a").empty());
}

} // namespace
