//===- WeightImage.h - A loaded weight as one piece of memory ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For frameworks that own all memory: a header, the buffers of a WeightView (Abi.h) and the index
// that decoding needs, one after another, without a pointer. So it may be copied, moved to another
// process, and kept in a tensor of bytes. It is not a file format: another version of the library
// refuses it.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_RUNTIME_WEIGHTIMAGE_H
#define UWT_RUNTIME_WEIGHTIMAGE_H

#include "uwt/Runtime/LoadedWeight.h"

namespace uwt {

/// The most dimensions of an image's tensor, and bytes of its format's text with the zero behind.
inline constexpr uint32_t maxImageRank = 4, maxImageFormat = 80;

/// How an image begins. Offsets are from its begin, multiples of 64.
struct ImageHeader {
  char magic[8];
  /// Of the whole image.
  uint64_t bytes;
  uint32_t element, rank;
  std::array<uint64_t, maxImageRank> shape;
  char format[maxImageFormat];
  struct Part {
    uint64_t begin, bytes;
  };
  Part panels, table, counts, classes;
  /// By PlaneKind, as a WeightView has them; the index among them.
  std::array<Part, planeKinds> planes;
  /// The patch plane as it is stored, which decoding reads: its panels are not aligned.
  Part storedPatch;
  /// Of the index plane, which has those of the panels.
  uint64_t indexChecksum;
  /// Of the bytes before this.
  uint64_t checksum;
};

/// What an image is written from.
class WeightImageSource {
public:
  /// Encodes a tensor's bytes (row-major, little-endian) in `description.format`; as `raw` where
  /// its padding could be infinities (mayPadWithInfinities). Errors: Usage for bytes that do not
  /// fit the shape, a rank above maxImageRank, and a format that is none for the element or whose
  /// units are not fixed.
  static Expected<WeightImageSource> encode(const TensorDescription &description,
                                            std::span<const uint8_t> bytes, ThreadPool &pool);

  uint64_t bytes() const { return header.bytes; }
  /// Writes the image to memory of bytes() bytes, which an image aligned to 64 begins.
  void write(std::span<uint8_t> image) const;

private:
  WeightImageSource(LoadedWeight weight, MemoryPlanes stored, uint64_t indexChecksum);

  LoadedWeight weight;
  /// Its index and patch planes are kept.
  MemoryPlanes stored;
  ImageHeader header{};
};

/// An image in somebody's memory, which outlives this.
class WeightImage {
public:
  /// Reads the header alone: in constant time, for every call. Errors: Usage (memory that is not
  /// aligned to 64), Invalid (no image, one of another version, or one that is cut).
  static Expected<WeightImage> open(std::span<const uint8_t> image);

  /// Whether the rest is what code follows unchecked, and what decoding gives back: to be called
  /// once for an image that somebody else has made. Takes as long as copying it. Errors: Invalid.
  Status check(ThreadPool &pool) const;

  ElementType element() const { return static_cast<ElementType>(header->element); }
  std::span<const uint64_t> shape() const { return {header->shape.data(), header->rank}; }
  const char *format() const { return header->format; }
  uint64_t bytes() const { return header->bytes; }
  uint64_t matrices() const;
  /// Errors: Invalid or Usage, where a damaged header says nothing.
  Expected<TensorDescription> description() const;
  /// Of the dense tensor.
  Expected<uint64_t> tensorBytes() const;

  /// Of matrix `matrix`, below matrices(): rows and columns are the last two dimensions.
  WeightView view(uint64_t matrix = 0) const;
  /// Errors: Invalid.
  Expected<TensorDecoder> decoder() const;

private:
  explicit WeightImage(const uint8_t *begin)
      : begin(begin), header(reinterpret_cast<const ImageHeader *>(begin)) {}
  std::span<const uint8_t> part(const ImageHeader::Part &of) const {
    return {begin + of.begin, of.bytes};
  }
  bool hasPartsOf(const LoadedWeight &weight) const;

  const uint8_t *begin;
  const ImageHeader *header;
};

} // namespace uwt

#endif // UWT_RUNTIME_WEIGHTIMAGE_H
