//===- WeightRows.h - Rows of weights on a GPU ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight's elements as rows of dense memory: all of a matrix, or those that ids name. Calls
// neither allocate device memory nor wait, and may be captured in a CUDA graph.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_WEIGHTROWS_H
#define UWT_CUDA_WEIGHTROWS_H

#include "uwt/Cuda/Launch.h"

namespace uwt::cuda {

/// Dense row-major matrices of elements of 16 bits in device memory.
struct DenseMatrices {
  DeviceRange memory;
  /// Elements from row to row and from matrix to matrix; 0 where they follow one another.
  uint64_t rowStride = 0, matrixStride = 0;
};

struct DenseShape {
  uint64_t matrices = 1, rows = 0, columns = 0;
};

/// Whether matrices, `name` in words, lie in their memory, and as kernel `entry` takes them as `x`.
/// Gives them with their strides where there are elements. Errors: Usage.
Expected<DenseMatrices> checkDense(const std::string &name, const DenseMatrices &dense,
                                   const DenseShape &shape, const KernelEntry &entry);

/// Decodes matrices of a weight to dense rows. Immutable and thread-safe.
class RowDecoder {
public:
  /// The pack outlives the object. Errors: Unsupported (a pack without a kernel for it); those of
  /// KernelLauncher::create.
  static Expected<RowDecoder> create(DevicePack &pack, const DeviceWeightDescription &weight);

  /// Matrix `matrix` of the weight at `image` to `rows`, a matrix [n, k]. Errors, found before
  /// anything is launched: Usage (memory that is null or too small; rows that overlap, or are not
  /// aligned to 16 bytes, of other k than multiples of 8 to 2); the driver's.
  Status decode(uint64_t image, uint64_t matrix, const DenseMatrices &rows, void *stream) const;

private:
  explicit RowDecoder(KernelLauncher launcher, const DeviceWeightDescription &weight)
      : launcher(std::move(launcher)), weight(weight) {}
  KernelLauncher launcher;
  DeviceWeightDescription weight;
};

/// What is gathered.
struct GatherOperands {
  /// The image of the weight, and which of its matrices.
  uint64_t weight = 0, matrix = 0;
  /// `count` signed numbers of `idBytes` bytes, 4 or 8.
  DeviceRange ids;
  uint32_t idBytes = 8;
  uint64_t count = 0;
  /// A matrix [count, k].
  DenseMatrices rows;
  /// The address of a u32 of which bit 0 is set where an id is no row's, or 0.
  uint64_t outside = 0;
};

/// Gathers rows of a weight of a fixed rate. Immutable and thread-safe.
class RowGatherer {
public:
  /// The pack outlives the object. Errors: Unsupported (a format with streams, a pack without a
  /// kernel for it); those of KernelLauncher::create.
  static Expected<RowGatherer> create(DevicePack &pack, const DeviceWeightDescription &weight);

  /// Row ids[i] to row i; zeros where there is no such row. A count of 0 does nothing. Errors,
  /// found before anything is launched: Usage, as RowDecoder::decode; the driver's.
  Status gather(const GatherOperands &operands, void *stream) const;

private:
  explicit RowGatherer(KernelLauncher launcher, const DeviceWeightDescription &weight)
      : launcher(std::move(launcher)), weight(weight) {}
  KernelLauncher launcher;
  DeviceWeightDescription weight;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_WEIGHTROWS_H
