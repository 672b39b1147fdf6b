//===- EncodedWeight.h - Weights that a device has coded --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the host adds where kernel `encode` (kind transcode) codes a weight: the table by which
// symbols become codes, and, from the escapes that the kernel has counted, where each panel's parts
// go; and how both halves come together. The weight is one in device memory, of another format, or
// dense matrices there.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_ENCODEDWEIGHT_H
#define UWT_CUDA_ENCODEDWEIGHT_H

#include "uwt/Cuda/WeightKernels.h"
#include "uwt/Cuda/WeightRows.h"
#include "uwt/Pack/Abi.h"
#include <functional>

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

/// The same where all panels are stored as words: of the format raw, or since columns beyond k
/// would be infinite.
EncodedTables wordTables(const CodingPlan &plan, uint64_t matrices);

/// The steps that all weights share which a device codes. Movable; one thread at a time.
class ImageCoder {
public:
  /// Launches kernel `encode` for a matrix, with these operands behind its source; of the format
  /// raw one, plane `words` of the matrix.
  using Launch = std::function<Status(uint64_t matrix, std::span<const DeviceRange> operands)>;

  ImageCoder(CudaDevicePtr device, uint64_t matrices, CodingPlan plan)
      : plan(std::move(plan)), device(std::move(device)), matrices(matrices) {}

  uint64_t scratchBytes() const;
  /// Counts escapes where the plan has a model, and describes what is to be made; waits.
  Expected<DeviceWeightDescription> count(DeviceRange scratch, const Launch &launch,
                                          const CudaStream &stream);
  /// Forgets what was counted.
  void reset() { result.reset(); }
  Status write(const DeviceBuffer &memory, const Launch &launch, const CudaStream &stream) const;

  bool makesWords() const { return plan.traits.rate == Rate::Words; }
  CodingPlan plan;

private:
  uint64_t units() const;
  uint64_t countStride() const;
  Expected<std::vector<uint16_t>> countUnits(const Launch &launch, const CudaStream &stream) const;
  Expected<EncodedTables> makeLayout(const Launch &launch, const CudaStream &stream) const;
  Status writeTables(const DeviceBuffer &result, const CudaStream &stream) const;

  CudaDevicePtr device;
  uint64_t matrices;
  EncodeTable codes{};
  /// In scratch memory: the EncodeTable, and counts.
  DeviceRange table, counts;
  EncodedTables layout;
  std::optional<DeviceWeightDescription> result;
};

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
  DeviceTranscode(const DeviceWeightDescription &source, ImageCoder coder, WeightDecoder decoder,
                  std::optional<KernelLauncher> encoder)
      : source(source), coder(std::move(coder)), decoder(std::move(decoder)),
        encoder(std::move(encoder)) {}
  Expected<DeviceRange> wordsOf(uint64_t matrix, const CudaStream &stream);
  Status encode(uint64_t matrix, std::span<const DeviceRange> operands, const CudaStream &stream);
  bool decodesToScratch() const;

  DeviceWeightDescription source;
  ImageCoder coder;
  WeightDecoder decoder;
  /// Takes nothing of the source but what operands say: one serves all matrices. None where
  /// decoding is all.
  std::optional<KernelLauncher> encoder;

  // Of the last count().
  uint64_t sourceImage = 0;
  /// In scratch memory: plane words of one matrix, and which.
  DeviceRange decoded;
  std::optional<uint64_t> decodedMatrix;
};

/// Dense matrices that become a weight there, in memory of the caller's, in the steps of a
/// DeviceTranscode. Movable; one thread at a time.
class DeviceEncode {
public:
  /// The pack outlives the object. Errors: Usage (a format that is none for the element);
  /// Unsupported (a pack without kernels for it, a format that only the host makes); those of
  /// KernelLauncher::create.
  static Expected<DeviceEncode> create(DevicePack &pack, ElementType element,
                                       const TensorDescription::Matrices &matrices,
                                       const Format &format);

  uint64_t scratchBytes() const;
  /// As DeviceTranscode::count, after the symbols were counted: the model is that of these
  /// matrices. Errors also: Usage (matrices that leave their memory, more than 2^32 - 1 rows, rows
  /// that overlap or are not aligned to 16 bytes, of other columns than multiples of 8 to 2).
  Expected<DeviceWeightDescription> count(const DenseMatrices &source, DeviceRange scratch,
                                          const CudaStream &stream);
  /// As DeviceTranscode::write.
  Status write(const DeviceBuffer &result, const CudaStream &stream) const;

private:
  DeviceEncode(CudaDevicePtr device, const DeviceWeightDescription &dense, ImageCoder coder,
               KernelLauncher encoder, std::optional<KernelLauncher> histogram)
      : device(std::move(device)), dense(dense), coder(std::move(coder)),
        encoder(std::move(encoder)), histogram(std::move(histogram)) {}
  LaunchOperands operandsOf(uint64_t matrix, std::span<const DeviceRange> extras) const;
  Status encode(uint64_t matrix, std::span<const DeviceRange> operands,
                const CudaStream &stream) const;
  Status countSymbols(DeviceRange symbols, const CudaStream &stream);

  CudaDevicePtr device;
  DeviceWeightDescription dense;
  ImageCoder coder;
  KernelLauncher encoder;
  /// None where no model is made.
  std::optional<KernelLauncher> histogram;
  /// Of the last count(), with its strides.
  DenseMatrices source;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_ENCODEDWEIGHT_H
