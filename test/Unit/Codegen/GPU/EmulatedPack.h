//===- EmulatedPack.h - Real kernels on an emulated GPU ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A fake driver whose launches are run by the emulator: real kernels with the arguments that the
// runtime gives them, from packs with their entries.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CODEGEN_GPU_EMULATEDPACK_H
#define UWT_TEST_UNIT_CODEGEN_GPU_EMULATEDPACK_H

#include "Cuda/CudaTesting.h"
#include "KernelTesting.h"
#include "Pack/SamplePack.h"
#include <cstring>
#include <map>
#include <optional>

namespace uwt::test {

/// Memory of nobody in the library, aligned as a device's.
class DeviceMemory {
public:
  explicit DeviceMemory(uint64_t bytes)
      : size(bytes), data(static_cast<uint8_t *>(
                         std::aligned_alloc(256, roundUp(std::max<uint64_t>(bytes, 1), 256)))) {
    std::memset(data, 0, roundUp(std::max<uint64_t>(bytes, 1), 256));
  }
  ~DeviceMemory() { std::free(data); }
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;
  uint64_t address() const { return reinterpret_cast<uint64_t>(data); }
  cuda::DeviceRange range() const { return {address(), size}; }
  std::span<uint8_t> bytes() const { return {data, size}; }
  template <typename T> std::vector<T> read() const {
    std::vector<T> items(size / sizeof(T));
    std::memcpy(items.data(), data, items.size() * sizeof(T));
    return items;
  }

private:
  uint64_t size;
  uint8_t *data;
};

/// A product's kernel of a pack.
struct PackedProduct {
  std::string format;
  ProductStrategy strategy;
  unsigned tiles;
  uint32_t mFrom, mTo;
  bool grouped = false;
};

class EmulatedPack {
public:
  /// For weights of so many rows and columns. The fake driver is this object's while it lives.
  EmulatedPack(uint64_t rows, uint64_t columns);
  ~EmulatedPack();
  EmulatedPack(const EmulatedPack &) = delete;
  EmulatedPack &operator=(const EmulatedPack &) = delete;

  /// Fail the test where there are no such kernels.
  void addProduct(const PackedProduct &product);
  void addTranscode(const std::string &from, const std::string &to,
                    const std::string &element = "bf16");
  /// The kernel that gathers rows.
  void addGather(const std::string &format) { addTranscode(format, ""); }
  const KernelPackWriter &pack() const { return writer; }
  const KernelEntry &lastEntry() const { return kernels.back().entry; }

  /// The first parameter of an argument, or how many there are in all.
  static size_t parametersOf(const KernelEntry &entry,
                             std::optional<ArgumentKind> before = std::nullopt);
  /// As hardware runs a launch, but checks it: what is wrong comes to faults.
  void emulate(const test::FakeLaunch &launch);

  test::FakeCuda &fake;
  std::vector<std::string> faults;

private:
  struct Kernel {
    KernelEntry entry;
    /// What runs it: of a transcode the module, as its kernel `number`, from IR and PTX.
    std::unique_ptr<emulator::EmulatedKernel> product;
    const TranscodeModule *transcode = nullptr;
    size_t number = 0;
  };
  void add(Kernel kernel);

  uint64_t rows, columns;
  KernelPackWriter writer;
  uint32_t code = writer.addCode(CodeKind::Cubin, "sm_90a", test::sampleCubin());
  std::vector<std::unique_ptr<TranscodeModule>> transcodes;
  std::vector<std::unique_ptr<Product>> products;
  std::vector<Kernel> kernels;
  std::map<std::string, size_t> names;
  uint64_t launches = 0;
};

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CODEGEN_GPU_EMULATEDPACK_H
