//===- CudaTesting.h - A fake GPU and a small pack --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CUDA_CUDATESTING_H
#define UWT_TEST_UNIT_CUDA_CUDATESTING_H

#include "Container/TestFiles.h"
#include "Cuda/FakeDriver/FakeCublas.h"
#include "Cuda/FakeDriver/FakeCublasLt.h"
#include "Cuda/FakeDriver/FakeDriver.h"
#include "uwt/Cuda/Device.h"
#include "uwt/Pack/KernelPack.h"
#include <string>
#include <vector>

namespace uwt::test {

/// Paths of the libraries of FakeDriver/.
std::string fakeDriverPath();
std::string incompleteDriverPath();
/// A copy of the fake driver, with a state of its own: a process loads each path once.
std::string copyOfFakeDriver(const TemporaryFolder &folder);
std::string fakeCublasLtPath();
std::string fakeNvmlPath();
/// A file of test/Golden/packs/v1.
std::string goldenPack(const std::string &name);
/// Results of uwt-bench that the scripts are tested with.
std::string gpuSamplePath();

/// A fake driver's state, as it is after loading: whatever a test before has set is gone.
FakeCuda &freshFakeCuda(const std::string &path = fakeDriverPath());
FakeCublas &freshFakeCublasLt();
FakeGemms &freshFakeCublas();
/// The fake driver and its device 0.
Expected<cuda::CudaDevicePtr> fakeDevice(const std::string &path = fakeDriverPath());

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CUDA_CUDATESTING_H
