//===- CudaTesting.cpp - A fake GPU and a small pack ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaTesting.h"
#include <dlfcn.h>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;

std::string uwt::test::fakeDriverPath() { return UWT_FAKE_CUDA; }
std::string uwt::test::incompleteDriverPath() { return UWT_FAKE_CUDA_WITHOUT_LAUNCH; }
std::string uwt::test::goldenPack(const std::string &name) {
  return std::string(UWT_GOLDEN_PACKS) + "/" + name;
}

std::string uwt::test::fakeCublasLtPath() { return UWT_FAKE_CUBLASLT; }
std::string uwt::test::fakeNvmlPath() { return UWT_FAKE_NVML; }
std::string uwt::test::gpuSamplePath() { return UWT_GPU_SAMPLE; }

FakeCublas &uwt::test::freshFakeCublasLt() {
  void *library = dlopen(UWT_FAKE_CUBLASLT, RTLD_NOW | RTLD_LOCAL);
  FakeCublas &fake = *reinterpret_cast<FakeCublas *(*)()>(dlsym(library, "fakeCublasState"))();
  return fake = FakeCublas();
}

FakeGemms &uwt::test::freshFakeCublas() {
  void *library = dlopen(UWT_FAKE_CUBLAS, RTLD_NOW | RTLD_LOCAL);
  FakeGemms &fake = *reinterpret_cast<FakeGemms *(*)()>(dlsym(library, "fakeGemmsState"))();
  return fake = FakeGemms();
}

FakeCuda &uwt::test::freshFakeCuda(const std::string &path) {
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  auto get = reinterpret_cast<FakeCuda *(*)()>(dlsym(library, "fakeCudaState"));
  FakeCuda &fake = *get();
  // A mutex cannot be assigned.
  fake.~FakeCuda();
  return *new (&fake) FakeCuda();
}

std::string uwt::test::copyOfFakeDriver(const TemporaryFolder &folder) {
  std::string path = folder / "libcuda.so.1";
  writeBytes(path, readBytes(fakeDriverPath()));
  return path;
}

Expected<CudaDevicePtr> uwt::test::fakeDevice(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(std::shared_ptr<const CudaDriver> driver, CudaDriver::open(path));
  return CudaDevice::open(driver, 0);
}
