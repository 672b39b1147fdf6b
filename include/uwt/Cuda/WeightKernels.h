//===- WeightKernels.h - Kernels of a pack for a weight ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that takes time is done when these objects are made: kernels are chosen, and their
// code is loaded. They know what the weight is and not where: its address is an operand of each
// launch, so weights with one description may share them, and memory may move. Launches neither
// allocate device memory nor wait, and may be captured in a CUDA graph.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_WEIGHTKERNELS_H
#define UWT_CUDA_WEIGHTKERNELS_H

#include "uwt/Cuda/Launch.h"
#include <optional>
#include <span>
#include <vector>

namespace uwt::cuda {

/// Products of a weight for each m up to a largest one. Immutable and thread-safe.
class WeightKernels {
public:
  /// For each m from 1 to `maxM` the kernel that the pack has for it. The pack outlives the
  /// object. Errors: Usage (an `maxM` of 0), those of DevicePack::select (an m without a kernel)
  /// and KernelLauncher::create.
  static Expected<WeightKernels> create(DevicePack &pack, const DeviceWeightDescription &weight,
                                        uint32_t maxM);

  const DeviceWeightDescription &weight() const { return what; }
  uint32_t maxM() const { return most; }
  /// The one that multiplies m rows, for an m from 1 to maxM(). Errors: Usage (another m).
  Expected<const KernelLauncher *> find(uint32_t m) const;
  /// Scratch memory with which every m up to this one can be launched: bytes of workspace and of
  /// counters, both aligned to 256 bytes. Errors: Usage (an m above maxM()).
  struct Scratch {
    uint64_t workspaceBytes = 0, counterBytes = 0;
  };
  Expected<Scratch> scratch(uint32_t m) const;

  /// KernelLauncher::launch of the kernel for operands.m.
  Status launch(const LaunchOperands &operands, void *stream) const;
  /// Rows offsets[i] to offsets[i + 1] - 1 of x and y by matrix i, for each matrix of the weight,
  /// as launches one after another; `offsets` is host memory, operands.m the rows of x and y, and
  /// operands.matrix is not looked at. Errors, found before anything is launched: Usage (offsets of
  /// another number, that fall, or beyond m; operands of an epilogue); those of launch().
  Status launchGroups(const LaunchOperands &operands, std::span<const uint64_t> offsets,
                      void *stream) const;

private:
  WeightKernels(const DeviceWeightDescription &weight, uint32_t maxM) : what(weight), most(maxM) {}
  struct Group;
  Status checkOffsets(const LaunchOperands &operands, std::span<const uint64_t> offsets) const;
  Expected<Group> groupOf(const LaunchOperands &operands, std::span<const uint64_t> offsets,
                          uint64_t matrix) const;

  DeviceWeightDescription what;
  uint32_t most;
  /// In rising order; each serves m from its first one to the next range's.
  struct Range {
    uint32_t from;
    KernelLauncher launcher;
  };
  std::vector<Range> ranges;
};

/// Decodes a weight: each matrix to plane `words` of the format raw, two bytes an element in the
/// stored order, padding included (order-2 to order-7 of docs/formats.md). Immutable and
/// thread-safe.
class WeightDecoder {
public:
  /// The pack outlives the object. Errors: Unsupported (a pack without a kernel that decodes the
  /// weight, elements that are not of 16 bits); Invalid (a weight in format raw without its words);
  /// those of KernelLauncher::create.
  static Expected<WeightDecoder> create(DevicePack &pack, const DeviceWeightDescription &weight);

  /// Of the words of a matrix.
  uint64_t bytes() const;
  /// Where a weight at `image` that is stored raw has the words of a matrix; nothing for others.
  std::optional<DeviceRange> storedWords(uint64_t image, uint64_t matrix) const;
  /// Decodes matrix `matrix` of the weight at `image` to `words`, exactly bytes() bytes that are
  /// aligned to 256. Errors, found before anything is launched: Usage; the driver's.
  Status decode(uint64_t image, uint64_t matrix, DeviceRange words, void *stream) const;

private:
  WeightDecoder(CudaDevicePtr device, const DeviceWeightDescription &weight)
      : device(std::move(device)), weight(weight) {}

  CudaDevicePtr device;
  DeviceWeightDescription weight;
  /// None for a weight that is stored raw.
  std::optional<KernelLauncher> launcher;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_WEIGHTKERNELS_H
