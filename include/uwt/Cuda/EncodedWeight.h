//===- EncodedWeight.h - Weights that a device has coded --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the host adds where kernel `encode` (kind transcode) codes a weight: the table by which
// symbols become codes, and, from the escapes that the kernel has counted, where each panel's parts
// go; and how both halves come together.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_ENCODEDWEIGHT_H
#define UWT_CUDA_ENCODEDWEIGHT_H

#include "uwt/Cuda/WeightKernels.h"
#include "uwt/Pack/Abi.h"

namespace uwt::cuda {

/// The table of a model with codes of 4 bits and symbols of at most 8.
EncodeTable encodeTable(const CodingPlan &plan);

/// How a weight lies in device memory.
struct EncodedTables {
  DeviceTables tables;
  /// Bytes of the planes.
  uint64_t words = 0, raw = 0, code = 0, patch = 0;
};

/// From the number of escapes of each unit, panel by panel in stored order (order-4), matrix by
/// matrix. Panels that do not get smaller (panel-1), or have more than 255 escapes in a unit, are
/// stored as words.
/// Errors: Usage (another number of units, a format that kernel `encode` does not make);
/// Unsupported (more records than a table counts).
Expected<EncodedTables> encodedTables(const CodingPlan &plan, std::span<const uint16_t> counts);

/// A weight in device memory that becomes one of another format there, in memory of the caller's:
/// count() says how much that takes, then write() makes the image. Movable; one thread at a time.
class DeviceTranscode {
public:
  /// To the format of `plan`, whose model is to be used. The pack outlives the object. Errors:
  /// Unsupported (a pack without kernels for it, a plan of which mayPadWithInfinities()); Usage
  /// (elements that are not of 16 bits); those of KernelLauncher::create.
  static Expected<DeviceTranscode> create(DevicePack &pack, const DeviceWeightDescription &source,
                                          CodingPlan plan);

  /// Scratch memory of both steps, aligned to 256 bytes, with any contents.
  uint64_t scratchBytes() const;
  /// Counts escapes of the weight at `image`, and waits. Gives the description of what is to be
  /// made. Errors: Usage (memory that is null, misaligned or too small); those of encodedTables()
  /// and of the driver.
  Expected<DeviceWeightDescription> count(uint64_t image, DeviceRange scratch,
                                          const CudaStream &stream);
  /// Writes the image of what count() has described to memory of exactly its bytes, aligned to 256,
  /// and waits: with the bytes that an upload of the same weight would have written. The source and
  /// the scratch memory are as count() has left them. Errors: Usage (no count() before, memory of
  /// another size); the driver's.
  Status write(const DeviceBuffer &result, const CudaStream &stream);

private:
  DeviceTranscode(CudaDevicePtr device, const DeviceWeightDescription &source, CodingPlan plan,
                  WeightDecoder decoder, KernelLauncher encoder)
      : device(std::move(device)), source(source), plan(std::move(plan)),
        decoder(std::move(decoder)), encoder(std::move(encoder)) {}
  uint64_t units() const;
  uint64_t countStride() const;
  Expected<DeviceRange> wordsOf(uint64_t matrix, const CudaStream &stream);
  Status encode(std::span<const DeviceRange> extras, const CudaStream &stream) const;
  Expected<std::vector<uint16_t>> countUnits(const CudaStream &stream);
  Status writeTables(const DeviceBuffer &result, const CudaStream &stream) const;

  CudaDevicePtr device;
  DeviceWeightDescription source;
  CodingPlan plan;
  WeightDecoder decoder;
  /// Takes nothing of the source but what extras say: one serves all matrices.
  KernelLauncher encoder;

  // Of the last count().
  uint64_t sourceImage = 0;
  EncodeTable codes{};
  /// In scratch memory: the EncodeTable, counts, and plane words of one matrix, and which.
  DeviceRange table, counts, decoded;
  std::optional<uint64_t> decodedMatrix;
  EncodedTables layout;
  std::optional<DeviceWeightDescription> result;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_ENCODEDWEIGHT_H
