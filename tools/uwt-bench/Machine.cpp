//===- Machine.cpp - What was measured on ---------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include <array>
#include <dlfcn.h>
#include <unistd.h>

using namespace uwt;
using namespace uwt::bench;

// Of NVML's API (public facts): results, clock and sensor numbers.
static constexpr int nvmlSuccess = 0;
static constexpr unsigned clockSm = 1, clockMemory = 2, sensorGpu = 0;

template <typename Function> static Function lookUp(void *library, const char *symbol) {
  return library ? reinterpret_cast<Function>(dlsym(library, symbol)) : nullptr;
}

Management::Management(const cuda::CudaDevice &device) {
  Expected<std::string> bus = device.busId();
  void *found = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
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

std::optional<GpuClocks> Management::clocks() const {
  if (!handle)
    return std::nullopt;
  GpuClocks clocks;
  auto clock = lookUp<int (*)(void *, unsigned, unsigned *)>(library, "nvmlDeviceGetClockInfo");
  auto temperature =
      lookUp<int (*)(void *, unsigned, unsigned *)>(library, "nvmlDeviceGetTemperature");
  auto power = lookUp<int (*)(void *, unsigned *)>(library, "nvmlDeviceGetPowerUsage");
  unsigned milliwatts = 0;
  bool isKnown = clock && temperature && power &&
                 clock(handle, clockSm, &clocks.smMegahertz) == nvmlSuccess &&
                 clock(handle, clockMemory, &clocks.memoryMegahertz) == nvmlSuccess &&
                 temperature(handle, sensorGpu, &clocks.celsius) == nvmlSuccess &&
                 power(handle, &milliwatts) == nvmlSuccess;
  clocks.watts = milliwatts / 1000;
  return isKnown ? std::optional(clocks) : std::nullopt;
}

std::string uwt::bench::hostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}
