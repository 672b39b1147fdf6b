//===- Machine.h - What was measured on ------------------------*- C++ -*--===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_MACHINE_H
#define UWT_TOOLS_UWTBENCH_MACHINE_H

#include "uwt/Cuda/Device.h"
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace uwt::bench {

/// A GPU's state at a moment. Clocks are in MHz.
struct GpuState {
  unsigned smClock = 0, memoryClock = 0, celsius = 0, watts = 0;
  /// What holds the clocks down, as bits of NVML (nvmlClocksEventReasons).
  uint64_t limits = 0;
};

/// What a GPU's states have been for a while.
struct GpuLoad {
  unsigned states = 0;
  /// Of all states: the lowest clocks, their median, and the highest of the rest.
  unsigned leastSmClock = 0, medianSmClock = 0, leastMemoryClock = 0, celsius = 0, watts = 0;
  /// What held the clocks down at least once: "power cap".
  std::vector<std::string> limits;
};

/// Sums states up; nothing where there are none.
std::optional<GpuLoad> summarise(std::vector<GpuState> states);

/// NVIDIA's management library, where it is there: it only says what the machine does. The
/// environment variable UWT_NVML names another one. Thread-safe.
class Management {
public:
  /// Finds the library and the device in it; without either nothing is known.
  explicit Management(const cuda::CudaDevice &device);

  /// Of the NVIDIA driver, "550.54.15"; empty where not known.
  std::string driverVersion() const;
  /// What the card may take, and its highest clock; 0 where not known.
  unsigned powerLimitWatts() const;
  unsigned highestSmClock() const;
  std::optional<GpuState> state() const;

private:
  void *library = nullptr, *handle = nullptr;
};

/// Asks for the GPU's state again and again, by a thread of its own, while it lives.
class LoadSampler {
public:
  explicit LoadSampler(const Management &management,
                       std::chrono::milliseconds interval = std::chrono::milliseconds(20));
  ~LoadSampler();
  LoadSampler(const LoadSampler &) = delete;
  LoadSampler &operator=(const LoadSampler &) = delete;
  /// What has been since the last call; nothing where nothing is known.
  std::optional<GpuLoad> take();

private:
  void run(std::chrono::milliseconds interval);

  const Management &management;
  std::mutex mutex;
  std::condition_variable ended;
  bool isEnding = false;
  std::vector<GpuState> states;
  std::thread thread;
};

/// The host's name; empty where it has none.
std::string hostName();

} // namespace uwt::bench

#endif // UWT_TOOLS_UWTBENCH_MACHINE_H
