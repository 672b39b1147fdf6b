//===- FakeDriver.h - A CUDA driver without a GPU ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A shared library that stands in for libcuda.so.1: device memory is host memory,
// launches are written down, every call can be told to fail, and what is not given back is
// counted. Calls that need a current context fail without one, and calls that CUDA refuses while a
// stream is captured fail then. Kernels do what a test says. Where a process of its own runs on it,
// the environment says which driver it is (FakeCuda::readEnvironment).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CUDA_FAKEDRIVER_FAKEDRIVER_H
#define UWT_TEST_UNIT_CUDA_FAKEDRIVER_FAKEDRIVER_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace uwt::test {

/// What a launch was given.
struct FakeLaunch {
  std::string function;
  uint32_t grid = 0, threads = 0, sharedBytes = 0, cluster = 0;
  bool dependent = false;
  void *stream = nullptr;
  /// The parameters, 8 bytes each.
  std::vector<uint64_t> parameters;
};

/// What was put on a stream: a launch, or an event to be recorded or waited for.
struct FakeStep {
  enum Kind { Launch, Record, Wait } kind;
  void *stream;
  /// Of Record and Wait.
  void *event = nullptr;
  /// Of Launch.
  std::string function = {};
};

/// The state of the library. Locked by its functions; tests read it while none runs.
struct FakeCuda {
  // What it pretends to be.
  int version = 13000, devices = 1, major = 9, minor = 0, multiprocessors = 132;
  int sharedBytes = 232448, maxThreads = 1024, ctasThatFit = 4, clustersThatFit = 40;
  int initResult = 0, versionResult = 0;
  std::string moduleLog;
  /// Machine code of a later ABI version of ELF is refused, as by a driver that does not know it;
  /// that of CUDA 13 too where `version` is older. PTX is compiled up to the version, or not at all
  /// where there is no compiler.
  int newestAbi = 255;
  double newestPtx = 99;
  bool compilesPtx = true;
  /// Parameters that a launch has: of functions by name, and of all others.
  std::map<std::string, size_t> parameterCounts;
  size_t parameterCount = 0;
  /// What a kernel does, when it is launched or its graph is; nothing without.
  std::function<void(const FakeLaunch &)> onLaunch;
  /// Milliseconds between two events.
  std::function<float()> elapsed = [] { return 1.5F; };
  /// The call number `failAt` (of those that take something, from 0) fails with `failure`.
  long failAt = -1;
  int failure = 1;
  /// Launches of this function fault: what comes after, of any kind, fails with `fault`, as of a
  /// device whose context is lost.
  std::string faultIn;
  int fault = 700;
  /// Launches of this function never end: who waits for one waits for ever.
  std::string endlessIn;

  // What happened.
  std::vector<std::string> calls;
  std::vector<FakeLaunch> launches;
  std::vector<FakeStep> steps;
  std::map<int, int> functionAttributes;

  // What is held.
  std::map<uint64_t, size_t> memory;
  std::set<void *> handles;
  int contexts = 0;
  /// Contexts that were made current and not taken away again, of all threads.
  int current = 0;
  void *capturing = nullptr;
  std::vector<FakeLaunch> captured;
  std::map<void *, std::vector<FakeLaunch>> graphs;
  bool isLost = false, isBusy = false;
  /// Sets `version`, `faultIn` and `endlessIn` from FAKE_CUDA_VERSION, FAKE_CUDA_FAULT and
  /// FAKE_CUDA_ENDLESS, where they are set.
  void readEnvironment();
  size_t held() const {
    return memory.size() + handles.size() + static_cast<size_t>(contexts + current);
  }

  std::mutex mutex;
};

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CUDA_FAKEDRIVER_FAKEDRIVER_H
