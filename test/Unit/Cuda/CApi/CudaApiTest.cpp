//===- CudaApiTest.cpp - Products on a fake GPU, from C -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaApi.h"
#include "Container/TestFiles.h"
#include "Cuda/FakeDriver/FakeDriver.h"
#include "Pack/SamplePack.h"
#include "uwt/Container/Compress.h"
#include <cstdlib>
#include <dlfcn.h>

using namespace uwt::test;

namespace {

/// A model of one matrix, a pack, and the fake driver where the library looks for one.
class CudaApi : public testing::Test {
protected:
  CudaApi() : model(folder / "model.safetensors"), pack(folder / "kernels.uwtpack") {
    setenv("UWT_CUDA_DRIVER", UWT_FAKE_CUDA, 1);
    void *library = dlopen(UWT_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    fake = reinterpret_cast<FakeCuda *(*)()>(dlsym(library, "fakeCudaState"))();
    // A mutex cannot be assigned.
    fake->~FakeCuda();
    new (fake) FakeCuda();
    writeTensors(model, {{"w", "BF16", {130, 272}, bf16Weights(130 * 272, 5)}});
    EXPECT_TRUE(holds(samplePack().write(pack, false)));
  }
  std::string run() {
    UWTError *error = multiplyOnGpu(model.c_str(), pack.c_str(), nullptr, &facts);
    std::string message = error ? uwtErrorMessage(error) : "no error";
    uwtErrorDestroy(error);
    return message;
  }
  TemporaryFolder folder;
  std::string model, pack;
  FakeCuda *fake;
  CudaApiFacts facts{};
};

} // namespace

TEST_F(CudaApi, GoesFromFilesToALaunch) {
  ASSERT_EQ(run(), "no error");
  EXPECT_EQ(facts.devices, 1u);
  EXPECT_STREQ(facts.name, "Fake GPU");
  EXPECT_STREQ(facts.target, "sm_90");
  EXPECT_STREQ(facts.kernel, "uwt_skinny_inplace12_n8");
  EXPECT_EQ(facts.rows, 130u);
  EXPECT_EQ(facts.columns, 272u);
  EXPECT_EQ(facts.matrices, 1u);
  EXPECT_EQ(facts.counterBytes, 12u);
  EXPECT_EQ(facts.workspaceBytes, 1992u);
  EXPECT_EQ(facts.mFrom, 1u);
  EXPECT_EQ(facts.mTo, 8u);
  // Once alone, then as two layers.
  ASSERT_EQ(fake->launches.size(), 3u);
  for (const FakeLaunch &launch : fake->launches)
    EXPECT_EQ(launch.function, "uwt_skinny_inplace12_n8");
  EXPECT_EQ(fake->held(), 0u);
}

TEST_F(CudaApi, GivesErrorsAsValues) {
  fake->devices = 3;
  pack = "/nowhere/a.uwtpack";
  EXPECT_EQ(run().substr(0, pack.size()), pack);
  EXPECT_EQ(facts.devices, 3u);
  UWTCudaDevice *device = nullptr;
  UWTError *error = uwtCudaDeviceOpen(3, &device);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(uwtErrorKind(error), UWT_ERROR_USAGE);
  EXPECT_STREQ(uwtErrorMessage(error), "there is no device 3; the last of 3 is device 2");
  uwtErrorDestroy(error);
  EXPECT_EQ(fake->held(), 0u);
}

TEST_F(CudaApi, AsksForOperandsThatWereInitialised) {
  UWTCudaOperands operands{};
  UWTError *error = uwtCudaLaunch(nullptr, &operands, nullptr);
  ASSERT_NE(error, nullptr);
  EXPECT_STREQ(uwtErrorMessage(error),
               "the operands have size 0: set them with uwtCudaOperandsInit");
  uwtErrorDestroy(error);
}

TEST_F(CudaApi, LoadsOnTheDeviceWhatIsCompressed) {
  UWTContext *context = nullptr;
  UWTContainer *container = nullptr;
  UWTCudaDevice *device = nullptr;
  UWTCudaPack *kernels = nullptr;
  UWTCudaWeight *weight = nullptr;
  ASSERT_EQ(uwtContextCreate(1, &context), nullptr);
  ASSERT_EQ(uwtContainerOpen(model.c_str(), nullptr, &container), nullptr);
  ASSERT_EQ(uwtCudaDeviceOpen(0, &device), nullptr);
  ASSERT_EQ(uwtCudaPackOpen(device, pack.c_str(), &kernels), nullptr);
  UWTError *error = uwtCudaWeightLoad(context, kernels, container, "w", "inplace<12>", &weight);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(uwtErrorKind(error), UWT_ERROR_USAGE);
  EXPECT_STREQ(uwtErrorMessage(error),
               "tensor 'w' is not compressed, and a device codes anew what is: load it with "
               "uwtCudaWeightUpload");
  uwtErrorDestroy(error);
  uwtContainerDestroy(container);

  std::string compressed = folder / "model.uwt.safetensors";
  uwt::CompressOptions options;
  const char *stored = "huffman<12,2>, fold=flat<272>";
  options.format = *uwt::Format::parse(stored);
  ASSERT_TRUE(holds(uwt::compressFile(model, compressed, options)));
  ASSERT_EQ(uwtContainerOpen(compressed.c_str(), nullptr, &container), nullptr);
  // As it is stored no kernel is needed.
  error = uwtCudaWeightLoad(context, kernels, container, "w", stored, &weight);
  ASSERT_EQ(error, nullptr) << uwtErrorMessage(error);
  EXPECT_EQ(uwtCudaWeightColumns(weight), 272u);
  uwtCudaWeightDestroy(weight);
  // The host undoes a fold.
  error = uwtCudaWeightLoad(context, kernels, container, "w", "inplace<12>", &weight);
  ASSERT_EQ(error, nullptr) << uwtErrorMessage(error);
  uwtCudaWeightDestroy(weight);
  // The sample has `encode` alone.
  error =
      uwtCudaWeightLoad(context, kernels, container, "w", "inplace<12>, fold=flat<272>", &weight);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(uwtErrorKind(error), UWT_ERROR_UNSUPPORTED);
  uwtErrorDestroy(error);
  uwtContainerDestroy(container);
  uwtCudaPackDestroy(kernels);
  uwtCudaDeviceDestroy(device);
  uwtContextDestroy(context);
  EXPECT_EQ(fake->held(), 0u);
}
