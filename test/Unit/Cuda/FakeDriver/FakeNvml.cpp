//===- FakeNvml.cpp - NVIDIA's management library without a GPU -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stands in for libnvidia-ml.so.1: a card whose clock rises by 15 MHz each time that somebody asks,
// up to 1,980, and which is at its power limit from 1,950 on.
//
//===----------------------------------------------------------------------===//

#include <algorithm>
#include <atomic>
#include <cstring>

#define EXPORT extern "C" __attribute__((visibility("default")))

static constexpr unsigned idleClock = 1905, step = 15, highestClock = 1980, cappedClock = 1950;
static std::atomic<unsigned> asked = 0;
static unsigned clockNow() { return std::min(idleClock + step * asked, highestClock); }

EXPORT int nvmlInit_v2() {
  asked = 0;
  return 0;
}
EXPORT int nvmlSystemGetDriverVersion(char *text, unsigned length) {
  std::strncpy(text, "580.65.06", length);
  return 0;
}
EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char *bus, void **device) {
  constexpr int notFound = 6;
  *device = &asked;
  return std::strcmp(bus, "0000:3B:00.0") == 0 ? 0 : notFound;
}
EXPORT int nvmlDeviceGetClockInfo(void *, unsigned kind, unsigned *clock) {
  constexpr unsigned sm = 1, memoryClock = 3201;
  if (kind == sm)
    ++asked;
  *clock = kind == sm ? clockNow() : memoryClock;
  return 0;
}
EXPORT int nvmlDeviceGetMaxClockInfo(void *, unsigned, unsigned *clock) {
  *clock = highestClock;
  return 0;
}
EXPORT int nvmlDeviceGetTemperature(void *, unsigned, unsigned *celsius) {
  *celsius = 61;
  return 0;
}
EXPORT int nvmlDeviceGetPowerUsage(void *, unsigned *milliwatts) {
  *milliwatts = clockNow() < cappedClock ? 420900 : 699500;
  return 0;
}
EXPORT int nvmlDeviceGetEnforcedPowerLimit(void *, unsigned *milliwatts) {
  *milliwatts = 700000;
  return 0;
}
EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(void *, unsigned long long *reasons) {
  constexpr unsigned long long powerCap = 4;
  *reasons = clockNow() < cappedClock ? 0 : powerCap;
  return 0;
}
