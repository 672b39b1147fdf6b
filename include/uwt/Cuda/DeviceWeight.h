//===- DeviceWeight.h - A weight in device memory ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Brings a LoadedWeight to a GPU, to memory of whoever calls or to memory of its own: its planes as
// they are, and the two structures that only kernels read (uwt/Pack/Abi.h). These are made from the
// checked panel entries and escape counts alone; what planes hold is not looked at.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_DEVICEWEIGHT_H
#define UWT_CUDA_DEVICEWEIGHT_H

#include "uwt/Cuda/Device.h"
#include "uwt/Pack/Abi.h"
#include "uwt/Pack/KernelPack.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <array>
#include <vector>

namespace uwt::cuda {

/// Entries (DeviceEscapeEntry) of a panel in the escape table, without padding.
uint64_t escapeEntriesInPanel(const CodingPlan &plan);

/// Whether escapes are in plane `patch`, found through the escape table: fixed rates with escapes.
bool hasEscapeEntries(const CodingPlan &plan);

/// What is made for the device, in host memory (the emulator's too).
struct DeviceTables {
  /// An entry a panel.
  std::vector<DevicePanelEntry> panels;
  /// The escape table: all panels' entries; empty where the format has none.
  std::vector<DeviceEscapeEntry> escapes;
  /// The weight's decode table. Behind that of a prefix code stands, in both halves, the base of
  /// the window of sixteen symbols that most of the code words decode to (0 where symbols have more
  /// than 8 bits).
  std::vector<uint32_t> table;
};

/// Errors: Usage (a dense weight), Unsupported (escapes of layout row_major, whose records are in
/// no strips; a plane `patch` of 2^32 u32 and more).
Expected<DeviceTables> deviceTables(const LoadedWeight &weight);

/// The bytes of what kernels take of a weight, by ArgumentKind from Panels to Classes; empty where
/// it has none. Valid as long as both arguments.
using BufferContents =
    std::array<std::span<const uint8_t>, static_cast<size_t>(ArgumentKind::Classes) + 1>;
BufferContents bufferContents(const LoadedWeight &weight, const DeviceTables &tables);

/// Whether a buffer has an index by panel, so that each matrix has its own range of it.
constexpr bool goesByPanel(ArgumentKind kind) {
  return kind == ArgumentKind::Panels || kind == ArgumentKind::Low || kind == ArgumentKind::Classes;
}

class DevicePack;

/// What a weight is, and where its buffers lie in a piece of device memory: its *device image*,
/// which has no pointers. It says nothing of where that memory is: with an address it is a view of
/// a weight. A value, which may be copied at will.
class DeviceWeightDescription {
public:
  static constexpr size_t bufferKinds = static_cast<size_t>(ArgumentKind::Classes) + 1;
  /// Offset in the image and bytes; 0 bytes at offset 0, where the image begins with zeros, of what
  /// the weight does not have.
  struct Buffer {
    uint64_t begin = 0, bytes = 0;
  };

  DeviceWeightDescription() = default;
  /// Buffers of so many bytes, by ArgumentKind, one after another.
  DeviceWeightDescription(const TensorDescription::Matrices &matrices, Format format,
                          ElementType element, const std::array<uint64_t, bufferKinds> &bytes);
  /// Buffers where they are said to be. Errors: Usage (a format that is none for the element),
  /// Invalid (buffers that are not aligned, do not fit the shape, or leave the image of `bytes`
  /// bytes).
  static Expected<DeviceWeightDescription> create(const TensorDescription::Matrices &matrices,
                                                  Format format, ElementType element,
                                                  uint64_t bytes,
                                                  std::span<const Buffer, bufferKinds> buffers);

  /// n and k of each matrix, and how many there are.
  uint64_t rows() const { return shape.rows; }
  uint64_t columns() const { return shape.columns; }
  uint64_t matrices() const { return count; }
  /// What kernels have to be made for.
  const Format &format() const { return runFormat; }
  ElementType element() const { return type; }
  /// Of the image.
  uint64_t bytes() const { return imageBytes; }
  /// By ArgumentKind, of all matrices.
  std::span<const Buffer, bufferKinds> buffers() const { return byKind; }

  /// A plane or structure of the weight whose image is at `image`, or, for one matrix, the range of
  /// it that this has where it has an index by panel (panels, low, classes). `kind` is one of
  /// Panels to Classes.
  DeviceRange bufferAt(uint64_t image, ArgumentKind kind, std::optional<uint64_t> matrix) const;

private:
  MatrixShape shape;
  uint64_t count = 0, imageBytes = 0;
  Format runFormat;
  ElementType type = ElementType::BF16;
  std::array<Buffer, bufferKinds> byKind{};
};

/// What a device image is written from. The weight's buffers outlive it; the weight itself may
/// move.
class DeviceImageSource {
public:
  /// Errors: those of deviceTables.
  static Expected<DeviceImageSource> create(const LoadedWeight &weight);
  // Not copyable: pieces point into the tables.
  DeviceImageSource(DeviceImageSource &&) = default;
  DeviceImageSource &operator=(DeviceImageSource &&) = default;

  const DeviceWeightDescription &description() const { return what; }
  /// Writes the image to memory of description().bytes() bytes.
  void write(std::span<uint8_t> image) const;
  /// Puts the copies to device memory of so many bytes on a stream, which reads this until it has
  /// done them. Errors: the driver's.
  Status copy(const DeviceBuffer &image, void *stream) const;

private:
  DeviceImageSource() = default;
  struct Piece {
    uint64_t to;
    std::span<const uint8_t> from;
  };

  DeviceWeightDescription what;
  DeviceTables tables;
  std::vector<Piece> pieces;
};

/// A weight in device memory of its own. Immutable; movable.
class DeviceWeight : public DeviceWeightDescription {
public:
  /// Uploads, and waits until it is done. Errors: those of deviceTables and of the driver.
  static Expected<DeviceWeight> upload(CudaDevicePtr device, const LoadedWeight &weight,
                                       const CudaStream &stream);

  /// The same weight in the format of `plan`, whose model is to be used, coded on the device by
  /// kernels of kind transcode; waits until it is done. Meanwhile the device holds a decoded
  /// matrix too. Errors: those of DeviceTranscode and of the driver.
  Expected<DeviceWeight> transcode(DevicePack &pack, const CodingPlan &plan,
                                   const CudaStream &stream) const;

  /// The weight that upload() makes of what LoadedWeight::fromDecoder gives for `runFormat`, but
  /// coded on the pack's device: the host only copies what is stored, unless all panels are words
  /// because of infinities, or `runFormat` has another fold. Errors: those of both, and of
  /// transcodePlan().
  static Expected<DeviceWeight> load(DevicePack &pack, const TensorDecoder &stored,
                                     const Format &runFormat, ThreadPool &pool,
                                     const CudaStream &stream);

  /// The image, and its buffers (DeviceWeightDescription::bufferAt).
  uint64_t address() const { return memory.address(); }
  DeviceRange buffer(ArgumentKind kind, uint64_t matrix) const {
    return bufferAt(address(), kind, matrix);
  }
  /// Reads all bytes(), and waits until it is done: equal for equal weights in one format, whether
  /// the host or the device coded them.
  Expected<std::vector<uint8_t>> read(const CudaStream &stream) const;

private:
  DeviceWeight(const DeviceWeightDescription &description, CudaDevicePtr device,
               DeviceBuffer memory)
      : DeviceWeightDescription(description), owner(std::move(device)), memory(std::move(memory)) {}

  CudaDevicePtr owner;
  DeviceBuffer memory;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_DEVICEWEIGHT_H
