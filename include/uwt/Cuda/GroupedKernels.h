//===- GroupedKernels.h - Products by matrices of a stack -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Grouped products, as a layer of experts has them: x comes in slices of so many rows, and a table
// in device memory says how many slices there are, and which matrix of the weight multiplies each.
// Nobody on the host knows either, so one launch, which a CUDA graph may hold, serves whatever
// experts are chosen.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_GROUPEDKERNELS_H
#define UWT_CUDA_GROUPEDKERNELS_H

#include "uwt/Cuda/Launch.h"
#include <vector>

namespace uwt::cuda {

/// The kernels of a pack that multiply groups by a weight's matrices, one for each size of slices.
/// Immutable and thread-safe.
class GroupedKernels {
public:
  /// The pack outlives the object. Errors: Unsupported (a pack without such kernels), those of
  /// DevicePack::select and KernelLauncher::create.
  static Expected<GroupedKernels> create(DevicePack &pack, const DeviceWeightDescription &weight);

  const DeviceWeightDescription &weight() const { return what; }
  /// Rows of a slice, where a matrix has about so many rows of x: of the smallest slices that hold
  /// them, else of the largest.
  uint32_t sliceFor(uint32_t rows) const;
  /// Workspace and counters of a launch of up to `slices` slices of `slice` rows (LaunchSize).
  /// Errors: Usage (slices that no kernel has, too many).
  Expected<LaunchSize> size(uint32_t slice, uint32_t slices) const;
  /// Rows of x and y of slice i, from `slice` · i on, by the matrix that operands.slices names:
  /// an i32 that says how many slices there are, at most operands.m / `slice`, then one for each
  /// with its matrix, or the last one for a number that is none's. Rows of slices beyond are not
  /// written.
  /// Errors, found before anything is launched: Usage; the driver's.
  Status launch(uint32_t slice, const LaunchOperands &operands, void *stream) const;

private:
  explicit GroupedKernels(const DeviceWeightDescription &weight) : what(weight) {}
  Expected<const KernelLauncher *> find(uint32_t slice) const;

  DeviceWeightDescription what;
  /// By the size of slices, in rising order.
  std::vector<KernelLauncher> launchers;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_GROUPEDKERNELS_H
