//===- Machine.cpp - What was measured on ---------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include <algorithm>
#include <array>
#include <cstdlib>
#include <dlfcn.h>
#include <unistd.h>
#include <utility>

using namespace uwt;
using namespace uwt::bench;

// Of NVML's API (public facts): results, clock and sensor numbers, and bits of clock event reasons.
static constexpr int nvmlSuccess = 0;
static constexpr unsigned clockSm = 1, clockMemory = 2, sensorGpu = 0;
static constexpr std::pair<uint64_t, const char *> limitNames[] = {
    {0x1, "idle"},
    {0x2, "application clocks"},
    {0x4, "power cap"},
    {0x8, "hardware slowdown"},
    {0x10, "sync boost"},
    {0x20, "software thermal slowdown"},
    {0x40, "hardware thermal slowdown"},
    {0x80, "power brake"},
    {0x100, "display clocks"}};

template <typename Function> static Function lookUp(void *library, const char *symbol) {
  return library ? reinterpret_cast<Function>(dlsym(library, symbol)) : nullptr;
}

Management::Management(const cuda::CudaDevice &device) {
  Expected<std::string> bus = device.busId();
  const char *named = std::getenv("UWT_NVML");
  void *found = dlopen(named && *named ? named : "libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  auto start = lookUp<int (*)()>(found, "nvmlInit_v2");
  if (!bus || !start || start() != nvmlSuccess)
    return;
  library = found;
  auto byBus = lookUp<int (*)(const char *, void **)>(library, "nvmlDeviceGetHandleByPciBusId_v2");
  if (byBus && byBus(bus->c_str(), &handle) != nvmlSuccess)
    handle = nullptr;
}

std::string Management::driverVersion() const {
  std::array<char, 96> text{};
  auto get = lookUp<int (*)(char *, unsigned)>(library, "nvmlSystemGetDriverVersion");
  if (!get || get(text.data(), text.size() - 1) != nvmlSuccess)
    return "";
  return text.data();
}

unsigned Management::powerLimitWatts() const {
  unsigned milliwatts = 0;
  auto get = lookUp<int (*)(void *, unsigned *)>(library, "nvmlDeviceGetEnforcedPowerLimit");
  return handle && get && get(handle, &milliwatts) == nvmlSuccess ? milliwatts / 1000 : 0;
}

unsigned Management::highestSmClock() const {
  unsigned clock = 0;
  auto get = lookUp<int (*)(void *, unsigned, unsigned *)>(library, "nvmlDeviceGetMaxClockInfo");
  return handle && get && get(handle, clockSm, &clock) == nvmlSuccess ? clock : 0;
}

std::optional<GpuState> Management::state() const {
  if (!handle)
    return std::nullopt;
  GpuState state;
  auto clock = lookUp<int (*)(void *, unsigned, unsigned *)>(library, "nvmlDeviceGetClockInfo");
  auto temperature =
      lookUp<int (*)(void *, unsigned, unsigned *)>(library, "nvmlDeviceGetTemperature");
  auto power = lookUp<int (*)(void *, unsigned *)>(library, "nvmlDeviceGetPowerUsage");
  auto limits = lookUp<int (*)(void *, unsigned long long *)>(
      library, "nvmlDeviceGetCurrentClocksThrottleReasons");
  unsigned milliwatts = 0;
  bool isKnown = clock && temperature && power &&
                 clock(handle, clockSm, &state.smClock) == nvmlSuccess &&
                 clock(handle, clockMemory, &state.memoryClock) == nvmlSuccess &&
                 temperature(handle, sensorGpu, &state.celsius) == nvmlSuccess &&
                 power(handle, &milliwatts) == nvmlSuccess;
  state.watts = milliwatts / 1000;
  unsigned long long bits = 0;
  if (limits && limits(handle, &bits) == nvmlSuccess)
    state.limits = bits;
  return isKnown ? std::optional(state) : std::nullopt;
}

std::optional<GpuLoad> uwt::bench::summarise(std::vector<GpuState> states) {
  if (states.empty())
    return std::nullopt;
  std::ranges::sort(states, {}, &GpuState::smClock);
  GpuLoad load;
  load.states = static_cast<unsigned>(states.size());
  load.leastSmClock = states.front().smClock;
  load.medianSmClock = states[states.size() / 2].smClock;
  load.leastMemoryClock = std::ranges::min(states, {}, &GpuState::memoryClock).memoryClock;
  load.celsius = std::ranges::max(states, {}, &GpuState::celsius).celsius;
  load.watts = std::ranges::max(states, {}, &GpuState::watts).watts;
  for (auto [bit, name] : limitNames)
    if (std::ranges::any_of(states, [&](const GpuState &one) { return one.limits & bit; }))
      load.limits.emplace_back(name);
  return load;
}

LoadSampler::LoadSampler(const Management &management, std::chrono::milliseconds interval)
    : management(management) {
  if (management.state())
    thread = std::thread([this, interval] { run(interval); });
}

LoadSampler::~LoadSampler() {
  if (!thread.joinable())
    return;
  {
    std::lock_guard lock(mutex);
    isEnding = true;
  }
  ended.notify_all();
  thread.join();
}

void LoadSampler::run(std::chrono::milliseconds interval) {
  std::unique_lock lock(mutex);
  while (!isEnding) {
    lock.unlock();
    std::optional<GpuState> now = management.state();
    lock.lock();
    if (now)
      states.push_back(*now);
    ended.wait_for(lock, interval, [this] { return isEnding; });
  }
}

std::optional<GpuLoad> LoadSampler::take() {
  std::lock_guard lock(mutex);
  return summarise(std::exchange(states, {}));
}

std::string uwt::bench::hostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}
