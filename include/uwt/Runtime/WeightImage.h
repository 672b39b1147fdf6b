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

/// The end of a format's text if columns have an order of their own.
inline constexpr std::string_view columnOrderSuffix = ", order=k";

/// What images and their parts begin at multiples of.
inline constexpr uint64_t imageAlignment = 64;

/// How an image begins. Offsets are from its begin, multiples of imageAlignment.
struct ImageHeader {
  char magic[8];
  /// Of the whole image.
  uint64_t bytes;
  uint32_t element, rank;
  /// Bits of the integers that products round x to, 0 where they are dense; and nothing.
  uint32_t integerBits, reserved;
  std::array<uint64_t, maxImageRank> shape;
  char format[maxImageFormat];
  struct Part {
    uint64_t begin, bytes;
  };
  /// With `order=k` in the format, `order` has the weight's column that each column of a matrix is,
  /// u32, matrix by matrix.
  Part panels, table, counts, order;
  /// By PlaneKind, as a WeightView has them; the index among them.
  std::array<Part, planeKinds> planes;
  /// Of the index plane, which has those of the panels.
  uint64_t indexChecksum;
  /// Of the bytes before this.
  uint64_t checksum;

  /// Sets magic and checksum.
  void seal();
  /// Returns whether this version of the library begins images so.
  bool hasMagic() const;
  /// Whether this version of the library has, and no byte has changed since.
  bool isSealed() const;
};

/// A dense tensor in memory, little-endian. Rows lie `rowStride` elements apart, and matrices (the
/// last two dimensions) `matrixStride`; 0 says that they follow one another.
struct DenseTensor {
  ElementType element = ElementType::BF16;
  std::vector<uint64_t> shape;
  /// The memory; elements outside of the tensor are not looked at.
  std::span<const uint8_t> bytes;
  uint64_t rowStride = 0, matrixStride = 0;
};

/// An image in somebody's memory, which outlives this.
class WeightImage {
public:
  /// Bytes that an image of such a tensor takes at most: a little more than the tensor. Errors:
  /// Usage (a rank below 2 or above maxImageRank, a format that is none for the element or whose
  /// units are not fixed, overflow).
  static Expected<uint64_t> maxBytes(const TensorDescription &description);

  /// Encodes a tensor in `format` into `memory`, which begins at a multiple of imageAlignment and
  /// may be longer than the image: maxBytes is always enough. Takes the format `raw` where padding
  /// could be infinities (mayPadWithInfinities). The same bytes for any number of threads. An error
  /// leaves no image in the memory, or the one that it had, as it was. Errors: Usage (as maxBytes;
  /// memory that is not aligned or does not suffice; strides that rows do not fit, or that leave
  /// tensor.bytes).
  static Expected<WeightImage> encode(const DenseTensor &tensor, const Format &format,
                                      std::span<uint8_t> memory, ThreadPool &pool);

  /// The same of a tensor of a container: coded anew panel by panel where it is stored by panels of
  /// its own shape's rows, else decoded first. The model of the image may come from the stored one,
  /// and then say otherwise than encode() which symbols have codes: an image of the same weight
  /// with other escapes. Errors: as encode, and Invalid or Io as reading it.
  static Expected<WeightImage> load(const TensorReader &reader, const Format &format,
                                    std::span<uint8_t> memory, ThreadPool &pool);

  /// Reads the header alone: in constant time, for every call. Its numbers are those that a writer
  /// gives, and its parts follow one another as the writer places them. Errors: Usage (memory that
  /// is not aligned to 64), Invalid (no image, one of another version, or one that is cut).
  static Expected<WeightImage> open(std::span<const uint8_t> image);

  /// Whether it can be multiplied by integers. Errors: Usage (codes that are no integers, so few
  /// columns that codes are not smaller than words), Unsupported (a panel that is held as words).
  Status checkIntegers() const;
  /// Sets integerBits() of an image; nothing else of it changes. Precondition: checkIntegers(), but
  /// for 0. Errors: as open.
  static Status setIntegerBits(std::span<uint8_t> image, uint32_t integerBits);

  /// Whether the rest is what code follows unchecked, and what decoding gives back: to be called
  /// once for an image that somebody else has made. Copies and decodes it. Errors: Invalid,
  /// Unsupported (an image of codes).
  Status check(ThreadPool &pool) const;

  /// Verifies that the numbers of columnOrder() are columns, each once per matrix: code reads and
  /// writes memory at them. Errors: Invalid.
  Status checkColumnOrder(uint64_t matrix) const;
  /// Verifies those of all matrices. Errors: as checkColumnOrder of one matrix.
  Status checkColumnOrder() const;

  ElementType element() const { return static_cast<ElementType>(header->element); }
  std::span<const uint64_t> shape() const { return {header->shape.data(), header->rank}; }
  const char *format() const { return header->format; }
  /// What panels are in, which kernels are for: the format without `order=k`.
  std::string_view formatOfPanels() const;
  /// The weight's column that each column of matrix `matrix` is; empty where all are their own.
  std::span<const uint32_t> columnOrder(uint64_t matrix = 0) const;
  uint64_t bytes() const { return header->bytes; }
  /// Bits of the integers that products round x to (docs/numerics.md, section "By integers"); 0
  /// where they are dense.
  uint32_t integerBits() const { return header->integerBits; }
  uint64_t matrices() const;
  /// Errors: Invalid or Usage, where a damaged header says nothing.
  Expected<TensorDescription> description() const;
  /// Of the dense tensor.
  Expected<uint64_t> tensorBytes() const;

  /// Of matrix `matrix`, below matrices(): rows and columns are the last two dimensions.
  WeightView view(uint64_t matrix = 0) const;

  /// Reads the tensor, and has what the image has not as decoding wants it.
  struct Decoder {
    /// Escape records, one after another.
    std::vector<uint8_t> patch;
    TensorDecoder tensor;
  };
  /// Errors: Invalid.
  Expected<Decoder> decoder() const;

  /// An image of codes as a weight with buffers of its own, which other images are made of. Its
  /// format is formatOfPanels(). Errors: Unsupported (an image of no codes: decoder() reads it),
  /// Invalid.
  Expected<LoadedWeight> copyCodes() const;

  /// The pieces of memory that an image consists of beside its header, by name.
  struct Part {
    const char *name;
    ImageHeader::Part part;
  };
  static constexpr size_t parts = 4 + planeKinds;
  /// Precondition: index < parts.
  Part part(size_t index) const;

private:
  explicit WeightImage(const uint8_t *begin)
      : begin(begin), header(reinterpret_cast<const ImageHeader *>(begin)) {}
  std::span<const uint8_t> bytesOf(const ImageHeader::Part &part) const {
    return {begin + part.begin, part.bytes};
  }
  bool hasPartsOf(const LoadedWeight &weight) const;
  bool hasZerosBetweenParts() const;
  /// Verifies the table, panels and planes of an image of codes. Errors: Invalid.
  Status checkCodes(const CodingPlan &plan) const;

  const uint8_t *begin;
  const ImageHeader *header;
};

} // namespace uwt

#endif // UWT_RUNTIME_WEIGHTIMAGE_H
