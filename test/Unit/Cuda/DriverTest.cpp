//===- DriverTest.cpp - Finding and using the CUDA driver -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/Driver.h"
#include "Container/TestFiles.h"
#include "CudaTesting.h"
#include <cstdlib>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;
using testing::ElementsAre;

static const std::string update = "; update it";

TEST(Driver, ThatIsMissingIsAClearError) {
  auto driver = CudaDriver::open("/nowhere/libcuda.so.1");
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().getKind(), ErrorKind::Unsupported);
  EXPECT_EQ(driver.error().message(),
            "cannot load the CUDA driver '/nowhere/libcuda.so.1'; install the NVIDIA driver, or "
            "set UWT_CUDA_DRIVER to its libcuda.so.1 (running on a CPU needs neither)");
}

TEST(Driver, IsNamedByTheEnvironment) {
  freshFakeCuda();
  setenv("UWT_CUDA_DRIVER", "/nowhere/else.so", 1);
  EXPECT_THAT(messageOf(CudaDriver::open()), testing::HasSubstr("'/nowhere/else.so'"));
  setenv("UWT_CUDA_DRIVER", fakeDriverPath().c_str(), 1);
  auto driver = CudaDriver::open();
  unsetenv("UWT_CUDA_DRIVER");
  ASSERT_TRUE(holds(driver));
  EXPECT_EQ((*driver)->path(), fakeDriverPath());
  EXPECT_EQ((*driver)->version(), 13000);
  EXPECT_EQ(*driver, *CudaDriver::open(fakeDriverPath()));
}

TEST(Driver, OfAnotherKindIsRefused) {
  EXPECT_EQ(messageOf(CudaDriver::open("libm.so.6")),
            "libm.so.6 is not a CUDA driver: it has no cuDriverGetVersion; set UWT_CUDA_DRIVER to "
            "the NVIDIA driver's libcuda.so.1");
}

TEST(Driver, ThatLacksAFunctionIsTooOld) {
  EXPECT_EQ(messageOf(CudaDriver::open(incompleteDriverPath())),
            incompleteDriverPath() + ": the NVIDIA driver has no cuLaunchKernelEx" + update);
}

namespace {
/// The fake driver under a path of its own, so that it is loaded anew.
class DriverLoad : public testing::Test {
protected:
  DriverLoad() : path(copyOfFakeDriver(folder)), fake(freshFakeCuda(path)) {}
  TemporaryFolder folder;
  std::string path;
  FakeCuda &fake;
};
} // namespace

TEST_F(DriverLoad, OfAnOldVersionIsRefused) {
  fake.version = 11080;
  EXPECT_EQ(messageOf(CudaDriver::open(path)),
            path + ": the NVIDIA driver is too old: it supports CUDA 11.8, and 12.0 is needed" +
                update);
}

TEST_F(DriverLoad, OfTheToolkitIsRefused) {
  fake.versionResult = 34;
  EXPECT_EQ(messageOf(CudaDriver::open(path)),
            path + " is not a CUDA driver that works: cuDriverGetVersion gives 34, as the CUDA "
                   "toolkit's stub does; set UWT_CUDA_DRIVER to the NVIDIA driver's libcuda.so.1");
}

TEST_F(DriverLoad, WithoutAGpuIsAClearError) {
  std::string expected = path + ": there is no GPU that CUDA can use; see what nvidia-smi lists "
                                "and whether CUDA_VISIBLE_DEVICES hides it";
  fake.initResult = 100;
  EXPECT_EQ(messageOf(CudaDriver::open(path)), expected);
  fake.initResult = 0;
  fake.devices = 0;
  EXPECT_EQ(messageOf(CudaDriver::open(path)), expected);
  // A failure is not remembered: the GPU may come.
  fake.devices = 1;
  EXPECT_TRUE(holds(CudaDriver::open(path)));
}

TEST_F(DriverLoad, ReportsAnErrorThatItDoesNotKnow) {
  fake.initResult = 999;
  auto driver = CudaDriver::open(path);
  EXPECT_EQ(messageOf(driver), "cuInit: unknown error (999, no description); see whether "
                               "nvidia-smi finds the GPU in order");
  EXPECT_EQ(driver.error().getKind(), ErrorKind::IO);
}

TEST(Device, KnowsWhatItIs) {
  freshFakeCuda();
  auto device = fakeDevice();
  ASSERT_TRUE(holds(device));
  const DeviceProperties &properties = (*device)->properties();
  EXPECT_EQ(properties.name, "Fake GPU");
  EXPECT_EQ(properties.target, "sm_90");
  EXPECT_EQ(properties.multiprocessors, 132u);
  EXPECT_EQ(properties.sharedBytes, 232448u);
  EXPECT_EQ(properties.l2Bytes, 50u << 20);
  EXPECT_EQ(properties.memoryBytes, uint64_t(1) << 37);
}

TEST(Device, ThatIsNotThereIsAnError) {
  freshFakeCuda().devices = 2;
  auto driver = CudaDriver::open(fakeDriverPath());
  ASSERT_TRUE(holds(driver));
  EXPECT_EQ(messageOf(CudaDevice::open(*driver, 2)),
            "there is no device 2; the last of 2 is device 1");
}

TEST(Device, MemoryHoldsWhatIsWritten) {
  FakeCuda &fake = freshFakeCuda();
  {
    auto device = fakeDevice();
    auto stream = CudaStream::create(*device);
    ASSERT_TRUE(holds(stream));
    auto buffer = DeviceBuffer::allocate(*device, 8);
    ASSERT_TRUE(holds(buffer));
    EXPECT_TRUE(holds(buffer->fill(7, stream->get())));
    EXPECT_TRUE(holds(buffer->write(2, Bytes{1, 2, 3}, stream->get())));
    Bytes read(8);
    EXPECT_TRUE(holds(buffer->read(0, read, stream->get())));
    EXPECT_TRUE(holds(stream->synchronize()));
    EXPECT_THAT(read, ElementsAre(7, 7, 1, 2, 3, 7, 7, 7));
    EXPECT_EQ(messageOf(buffer->write(6, Bytes{1, 2, 3}, stream->get())),
              "cannot write 3 bytes at 6 of a device buffer of 8");
    EXPECT_EQ(messageOf(buffer->read(UINT64_MAX, read, stream->get())),
              "cannot read 8 bytes at 18446744073709551615 of a device buffer of 8");
  }
  EXPECT_EQ(fake.held(), 0u);
}

TEST(Device, ThatIsFullSaysWhatToDo) {
  FakeCuda &fake = freshFakeCuda();
  auto device = fakeDevice();
  fake.failAt = static_cast<long>(fake.calls.size());
  fake.failure = 2;
  auto buffer = DeviceBuffer::allocate(*device, 1000);
  EXPECT_EQ(messageOf(buffer),
            "cuMemAlloc of 1000 bytes on device 0: CUDA_ERROR_OUT_OF_MEMORY (2, out of memory); "
            "free device memory, or load fewer weights");
}

TEST(Device, LoadsCodeOrSaysWhyNot) {
  FakeCuda &fake = freshFakeCuda();
  auto device = fakeDevice();
  Bytes image(100);
  auto module = CudaModule::load(*device, image);
  ASSERT_TRUE(holds(module));
  auto function = (*module)->function("f");
  ASSERT_TRUE(holds(function));
  auto resources = (*module)->resources(*function);
  ASSERT_TRUE(holds(resources));
  EXPECT_EQ(resources->registers, 96u);
  EXPECT_EQ(resources->maxThreads, 1024u);

  fake.moduleLog = "ptxas fatal: no such target\nmore";
  fake.failAt = static_cast<long>(fake.calls.size());
  fake.failure = 209;
  auto failed = CudaModule::load(*device, image);
  EXPECT_EQ(messageOf(failed),
            "cuModuleLoadDataEx of 100 bytes on Fake GPU (sm_90) [ptxas fatal: no such target]: "
            "CUDA_ERROR_NO_BINARY_FOR_GPU (209, no kernel image is available); the pack has no "
            "code for this GPU: make one for its target");
  EXPECT_EQ(failed.error().getKind(), ErrorKind::Unsupported);
}

TEST(Device, TimesWithEvents) {
  freshFakeCuda();
  auto device = fakeDevice();
  auto stream = CudaStream::create(*device);
  auto begin = CudaEvent::create(*device), end = CudaEvent::create(*device);
  ASSERT_TRUE(holds(begin) && holds(end));
  EXPECT_TRUE(holds(begin->record(stream->get())));
  EXPECT_TRUE(holds(end->record(stream->get())));
  EXPECT_TRUE(holds(end->holdBack(stream->get())));
  auto elapsed = begin->millisecondsUntil(*end);
  ASSERT_TRUE(holds(elapsed));
  EXPECT_EQ(*elapsed, 1.5f);
}
