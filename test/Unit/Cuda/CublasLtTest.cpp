//===- CublasLtTest.cpp - Dense products by a fake cuBLASLt ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/CublasLt.h"
#include "Container/TestFiles.h"
#include "CudaTesting.h"
#include <cstdlib>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;
using testing::ElementsAre;

namespace {
class CublasLtTest : public testing::Test {
protected:
  CublasLtTest() : fake(freshFakeCublasLt()) {
    freshFakeCuda();
    device = *fakeDevice();
  }
  Expected<DenseProduct> product(uint32_t m = 8) {
    UWT_ASSIGN_OR_RETURN(auto library, CublasLt::open(device, fakeCublasLtPath()));
    return DenseProduct::create(library, 4096, 1024, m);
  }
  FakeCublas &fake;
  CudaDevicePtr device;
};

constexpr const char *advice = "; install the CUDA toolkit's libcublas or PyPI's nvidia-cublas, or "
                               "set UWT_CUBLASLT to a libcublasLt.so";
} // namespace

TEST_F(CublasLtTest, ThatIsMissingIsAClearError) {
  setenv("UWT_CUBLASLT", "/nowhere/a.so", 1);
  auto missing = CublasLt::open(device);
  unsetenv("UWT_CUBLASLT");
  EXPECT_EQ(messageOf(missing), std::string("cannot load cuBLASLt '/nowhere/a.so'") + advice);
  EXPECT_EQ(missing.error().getKind(), ErrorKind::Unsupported);
  EXPECT_EQ(messageOf(CublasLt::open(device, "libm.so.6")),
            std::string("libm.so.6 is no cuBLASLt of CUDA 12 or later: it has no cublasLtMatmul") +
                advice);
}

TEST_F(CublasLtTest, SaysItsVersion) {
  auto library = CublasLt::open(device, fakeCublasLtPath());
  ASSERT_TRUE(holds(library));
  EXPECT_EQ((*library)->version(), "13.0.2");
  EXPECT_EQ((*library)->path(), fakeCublasLtPath());
}

TEST_F(CublasLtTest, MultipliesRowsByRows) {
  {
    auto made = product();
    ASSERT_TRUE(holds(made));
    EXPECT_EQ(fake.asked, 16u);
    EXPECT_EQ(fake.workspaceLimit, 64u << 20);
    // One of nine does not work.
    EXPECT_EQ(made->algorithms(), 8u);
    made->choose(7);
    EXPECT_EQ(made->workspaceBytes(), 8u * 1024);
    DeviceRange workspace = {0x9000, 8 * 1024};
    ASSERT_TRUE(holds(made->launch(0x1000, 0x2000, 0x3000, workspace, nullptr)));
    ASSERT_EQ(fake.products.size(), 1u);
    const FakeProduct &seen = fake.products[0];
    EXPECT_THAT(seen.sizes, ElementsAre(1024, 4096, 1024, 8, 4096, 8));
    EXPECT_TRUE(seen.isTransposed);
    EXPECT_THAT((std::vector{seen.a, seen.b, seen.d, seen.algorithm}),
                ElementsAre(0x1000, 0x2000, 0x3000, 8));
    EXPECT_EQ(seen.workspaceBytes, 8u * 1024);
  }
  EXPECT_EQ(fake.held, 0);
}

TEST_F(CublasLtTest, RefusesOperandsThatDoNotFit) {
  auto made = product();
  ASSERT_TRUE(holds(made));
  made->choose(3);
  EXPECT_EQ(messageOf(made->launch(0x1008, 0x2000, 0x3000, {0x9000, 1 << 20}, nullptr)),
            "weight is null, or not aligned to 16 bytes");
  EXPECT_EQ(messageOf(made->launch(0x1000, 0x2000, 0, {0x9000, 1 << 20}, nullptr)),
            "y is null, or not aligned to 16 bytes");
  EXPECT_EQ(messageOf(made->launch(0x1000, 0x2000, 0x3000, {0x9000, 4095}, nullptr)),
            "workspace has 4095 bytes, and the algorithm needs 4096");
  EXPECT_EQ(messageOf(product(0)), "a dense product has no size of 0, got n 4096, k 1024, m 0");
  fake.algorithms = 0;
  EXPECT_EQ(messageOf(product()), "cuBLASLt 13.0.2 has no algorithm for n 4096, k 1024, m 8 in "
                                  "BF16; use another version, by UWT_CUBLASLT");
}

TEST_F(CublasLtTest, FailsAnywhereWithoutALeak) {
  for (const char *name :
       {"cublasLtCreate", "cublasLtMatmulDescCreate", "cublasLtMatmulDescSetAttribute",
        "cublasLtMatrixLayoutCreate", "cublasLtMatmulPreferenceCreate",
        "cublasLtMatmulPreferenceSetAttribute", "cublasLtMatmulAlgoGetHeuristic"}) {
    fake.failIn = name;
    EXPECT_EQ(messageOf(product()), std::string(name) +
                                        ": an internal operation failed (14); see whether another "
                                        "cuBLASLt works, by UWT_CUBLASLT");
    EXPECT_EQ(fake.held, 0) << name;
  }
}
