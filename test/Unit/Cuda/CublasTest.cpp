//===- CublasTest.cpp - Dense products as PyTorch calls them --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/Cublas.h"
#include "CudaTesting.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;
using testing::ElementsAre;

namespace {
class CublasTest : public testing::Test {
protected:
  CublasTest() : fake(freshFakeCublas()) { freshFakeCuda(); }
  FakeGemms &fake;
  CudaDevicePtr device = *fakeDevice();
};
} // namespace

TEST_F(CublasTest, MultipliesAsALinearLayerDoes) {
  {
    auto library = Cublas::open(device, fakeCublasLtPath());
    ASSERT_TRUE(holds(library));
    int stream = 0;
    ASSERT_TRUE(
        holds((*library)->multiply(4096, 1024, 1, 0x100, 0x200, 0x300, {0x400, 4096}, &stream)));
    ASSERT_EQ(fake.gemms.size(), 1u);
    const FakeGemm &gemm = fake.gemms[0];
    // W transposed, x as it is; n, m, k; type and leading dimension of W, x and y; sums in FP32;
    // the library's choice.
    EXPECT_THAT(gemm.numbers,
                ElementsAre(1, 0, 4096, 1, 1024, 14, 1024, 14, 1024, 14, 4096, 68, 99));
    EXPECT_EQ(reinterpret_cast<uint64_t>(gemm.a), 0x100u);
    EXPECT_EQ(reinterpret_cast<uint64_t>(gemm.b), 0x200u);
    EXPECT_EQ(reinterpret_cast<uint64_t>(gemm.c), 0x300u);
    EXPECT_EQ(gemm.stream, &stream);
    EXPECT_EQ(gemm.workspaceBytes, 4096u);
  }
  EXPECT_EQ(fake.held, 0);
}

TEST_F(CublasTest, ErrorsSayWhatToDo) {
  EXPECT_EQ(messageOf(Cublas::open(device, "/nowhere/libcublasLt.so.12")),
            "cannot load cuBLAS '/nowhere/libcublas.so.13' or '/nowhere/libcublas.so.12'; install "
            "the CUDA toolkit's libcublas or PyPI's nvidia-cublas");
  fake.gemmResult = 15;
  auto library = Cublas::open(device, fakeCublasLtPath());
  ASSERT_TRUE(holds(library));
  Status failed = (*library)->multiply(8, 8, 1, 1, 1, 1, {}, nullptr);
  EXPECT_EQ(messageOf(failed), "cublasGemmEx gives 15; see whether another cuBLAS works, by "
                               "UWT_CUBLASLT beside it");
  EXPECT_EQ(failed.error().getKind(), ErrorKind::Unsupported);
  EXPECT_EQ(messageOf((*library)->multiply(uint64_t(1) << 31, 8, 1, 1, 1, 1, {}, nullptr)),
            "cublasGemmEx takes sizes of 31 bits, got n 2147483648, k 8, m 1");
  fake.createResult = 1;
  EXPECT_EQ(messageOf(Cublas::open(device, fakeCublasLtPath())),
            "cublasCreate gives 1; see whether another cuBLAS works, by UWT_CUBLASLT beside it");
}
