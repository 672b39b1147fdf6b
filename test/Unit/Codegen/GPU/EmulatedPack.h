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
#include <map>
#include <optional>

namespace uwt::testing {

/// A product's kernel of a pack.
struct PackedProduct {
  std::string format;
  ProductStrategy strategy;
  unsigned tiles;
  uint32_t mFrom, mTo;
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
  void addTranscode(const std::string &from, const std::string &to);
  const KernelPackWriter &pack() const { return writer; }
  const KernelEntry &lastEntry() const { return kernels.back().first; }

  /// The first parameter of an argument, or how many there are in all.
  static size_t parametersOf(const KernelEntry &entry,
                             std::optional<ArgumentKind> before = std::nullopt);
  /// As hardware runs a launch, but checks it: what is wrong comes to faults.
  void emulate(const test::FakeLaunch &launch);

  test::FakeCuda &fake;
  std::vector<std::string> faults;

private:
  void add(KernelEntry entry, mlir::gpu::GPUModuleOp module);

  uint64_t rows, columns;
  KernelPackWriter writer;
  uint32_t code = writer.addCode(CodeKind::Cubin, "sm_90a", test::sampleCubin());
  std::vector<std::unique_ptr<TranscodeModule>> transcodes;
  std::vector<std::unique_ptr<Product>> products;
  std::vector<std::pair<KernelEntry, std::unique_ptr<emulator::EmulatedKernel>>> kernels;
  std::map<std::string, size_t> names;
  uint64_t launches = 0;
};

} // namespace uwt::testing

#endif // UWT_TEST_UNIT_CODEGEN_GPU_EMULATEDPACK_H
