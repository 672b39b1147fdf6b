//===- GpuBenchMachineTest.cpp - Clocks, and when times settle ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaTesting.h"
#include "uwt-bench/Machine.h"
#include "uwt-bench/Timing.h"
#include <algorithm>
#include <cstdlib>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::bench;
using namespace uwt::cuda;
using namespace uwt::test;
using testing::ElementsAre;

TEST(GpuLoadTest, SumsUpWhatAMachineDid) {
  EXPECT_FALSE(summarise({}));
  auto load = summarise(
      {{1980, 3201, 61, 699, 0x24}, {1965, 3201, 60, 420, 0}, {1710, 2619, 64, 690, 0x4}});
  ASSERT_TRUE(load);
  EXPECT_EQ(load->states, 3u);
  EXPECT_EQ(load->leastSmClock, 1710u);
  EXPECT_EQ(load->medianSmClock, 1965u);
  EXPECT_EQ(load->leastMemoryClock, 2619u);
  EXPECT_EQ(load->celsius, 64u);
  EXPECT_EQ(load->watts, 699u);
  EXPECT_THAT(load->limits, ElementsAre("power cap", "software thermal slowdown"));
}

TEST(GpuLoadTest, IsSampledWhileTheMachineWorks) {
  setenv("UWT_NVML", fakeNvmlPath().c_str(), 1);
  freshFakeCuda();
  auto device = fakeDevice();
  ASSERT_TRUE(holds(device));
  Management management(**device);
  unsetenv("UWT_NVML");
  EXPECT_EQ(management.driverVersion(), "580.65.06");
  EXPECT_EQ(management.powerLimitWatts(), 700u);
  EXPECT_EQ(management.highestSmClock(), 1980u);
  LoadSampler sampler(management, std::chrono::milliseconds(1));
  std::optional<GpuLoad> load;
  // The clock is at its highest after five questions.
  for (int i = 0; i < 5000 && !(load && load->leastSmClock == 1980); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (auto taken = sampler.take())
      load = taken;
  }
  ASSERT_TRUE(load);
  EXPECT_EQ(load->leastSmClock, 1980u);
  EXPECT_EQ(load->watts, 699u);
  EXPECT_THAT(load->limits, ElementsAre("power cap"));
}

TEST(GpuLoadTest, IsNotKnownWithoutTheLibrary) {
  setenv("UWT_NVML", "/nowhere/libnvidia-ml.so.1", 1);
  freshFakeCuda();
  Management management(**fakeDevice());
  unsetenv("UWT_NVML");
  LoadSampler sampler(management, std::chrono::milliseconds(1));
  EXPECT_FALSE(management.state());
  EXPECT_FALSE(sampler.take());
  EXPECT_EQ(management.powerLimitWatts(), 0u);
}

namespace {
/// Launches until samples are taken, of a device whose graphs take `milliseconds` in turn.
unsigned launchesToSettle(std::vector<float> milliseconds, double least, double most) {
  FakeCuda &fake = freshFakeCuda();
  auto device = fakeDevice();
  auto stream = CudaStream::create(*device);
  size_t next = 0;
  fake.elapsed = [&] { return milliseconds[std::min(next++, milliseconds.size() - 1)]; };
  EXPECT_TRUE(holds(
      timeGraph(*device, *stream, {1, 1, least, most}, [](unsigned, void *) { return ok(); })));
  fake.elapsed = nullptr;
  return static_cast<unsigned>(std::ranges::count(fake.calls, "cuGraphLaunch")) - 1;
}
} // namespace

TEST(GpuTiming, WarmsUpUntilTimesAgree) {
  std::vector<float> rising(20, 10);
  std::ranges::fill(rising.begin(), rising.begin() + 10, 20.0F);
  EXPECT_EQ(launchesToSettle(rising, 0, 10), 10u);
  // Now the second five differ from the first, and the third from the second.
  rising[7] = 30;
  EXPECT_EQ(launchesToSettle(rising, 0, 10), 20u);
  // At least for a time, and not for ever.
  EXPECT_EQ(launchesToSettle({10}, 0.3, 10), 30u);
  EXPECT_EQ(launchesToSettle(rising, 0, 0.09), 5u);
}
