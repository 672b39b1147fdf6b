//===- FakeTranscode.h - Kernels of kind transcode, faked -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CUDA_FAKETRANSCODE_H
#define UWT_TEST_UNIT_CUDA_FAKETRANSCODE_H

#include "Cuda/FakeDriver/FakeDriver.h"
#include "uwt/Pack/KernelPack.h"
#include "uwt/Runtime/LoadedWeight.h"

namespace uwt::test {

/// What kernels `transcode`, `encode` and `encode_rows` do with one weight, by the host's codec:
/// launches go matrix by matrix, from the first one on. `histogram` counts what it is given.
class FakeTranscode {
public:
  /// The weight in format raw, and in the one that is made.
  FakeTranscode(LoadedWeight raw, LoadedWeight result);

  /// Both kernels for weights in `format`, or `encode` alone where that is raw.
  static void addKernels(KernelPackWriter &pack, uint32_t code, const std::string &format,
                         const std::string &result);
  /// Kernels `histogram` and `encode_rows` from dense rows to a format.
  static void addDenseKernels(KernelPackWriter &pack, uint32_t code, const std::string &result);
  /// Parameters of each, for the fake driver.
  static const std::map<std::string, size_t> &parameterCounts();

  /// Does the work of a launch of either; fails the test where it is not given what it needs.
  void compute(const FakeLaunch &launch);

  /// Begins anew after a transcode that has failed half-way.
  void restart() { decodes = counted = encodes = 0; }

  const LoadedWeight &result() const { return coded; }
  /// Of a matrix.
  uint64_t units() const;

private:
  uint64_t next(uint64_t &launches) const;
  void countSymbols(const FakeLaunch &launch) const;
  void encode(const FakeLaunch &launch, size_t first);
  void count(uint8_t *counts, uint64_t matrix) const;
  std::span<const uint8_t> wordsOf(uint64_t matrix) const;

  LoadedWeight raw, coded;
  uint64_t matrices, decodes = 0, counted = 0, encodes = 0;
};

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CUDA_FAKETRANSCODE_H
