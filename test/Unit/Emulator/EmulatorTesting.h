//===- EmulatorTesting.h - Kernels as text ----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parses a gpu.func and runs it. Operations that a test wants to see in a message carry a
// location: loc("store").
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_EMULATOR_EMULATORTESTING_H
#define UWT_TEST_UNIT_EMULATOR_EMULATORTESTING_H

#include "uwt/Emulator/Emulator.h"
#include <memory>
#include <string>
#include <vector>

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace uwt::test {

/// A buffer aligned as device memory is.
template <typename T> class DeviceBuffer {
public:
  explicit DeviceBuffer(size_t count, T value = T())
      : storage(count * sizeof(T) / 16 + 1), count(count) {
    for (size_t i = 0; i < count; ++i)
      data()[i] = value;
  }
  T *data() { return reinterpret_cast<T *>(storage.data()); }
  T &operator[](size_t i) { return data()[i]; }
  size_t size() const { return count; }
  emulator::EmulatedArgument argument() {
    return emulator::EmulatedArgument::buffer(data(), count * sizeof(T));
  }
  emulator::EmulatedArgument constant() {
    return emulator::EmulatedArgument::buffer(static_cast<const void *>(data()), count * sizeof(T));
  }

private:
  struct alignas(16) Unit {
    unsigned char bytes[16];
  };
  std::vector<Unit> storage;
  size_t count;
};

/// A kernel @k(`arguments`) `attributes` { `body` }, and what went wrong with it.
class TestKernel {
public:
  TestKernel(const std::string &arguments, const std::string &body,
             const std::string &attributes = "");
  ~TestKernel();

  /// Runs it; the error's text, or nothing.
  std::string run(const emulator::LaunchShape &shape,
                  const std::vector<emulator::EmulatedArgument> &arguments, uint64_t seed = 0);
  /// Diagnostics of parsing and preparing.
  const std::string &diagnostics() const { return messages; }
  const emulator::EmulationCounters &counters() const { return lastCounters; }

private:
  std::string messages;
  emulator::EmulationCounters lastCounters;
  std::unique_ptr<mlir::MLIRContext> context;
  std::unique_ptr<emulator::EmulatedKernel> kernel;
};

/// `text` with each `from` replaced; ends the test if there is none.
std::string replaced(std::string text, const std::string &from, const std::string &to);

/// A kernel's text with each `from` replaced.
struct Mutation {
  const char *name, *from, *to;
  /// With every seed messages hold one of the two, with some the first.
  const char *message, *other;
};

/// A small integer as bf16 or f16.
uint16_t halfWord(int value, bool isBf16);

} // namespace uwt::test

#endif // UWT_TEST_UNIT_EMULATOR_EMULATORTESTING_H
