//===- PanelIndex.h - The directory of a tensor's panels --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The index plane (docs/formats.md, "Plane index"): header, directory and
// escape counts around a codec's model. Encoder and decoder share the
// arithmetic that is written here once.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_TENSOR_PANELINDEX_H
#define UWT_LIB_CODEC_TENSOR_PANELINDEX_H

#include "uwt/Codec/Tensor.h"

namespace uwt {

inline constexpr uint32_t indexHeaderWords = 4;
inline constexpr uint32_t storedAsWordsBit = 0x80000000u;
inline constexpr uint64_t codeOffsetBytes = 16;

/// Bits of a row's class in a directory entry: log2(k).
uint32_t rowClassBits(const Format &format);
/// u32 of a directory entry under this plan.
uint32_t directoryEntryWords(const CodingPlan &plan);
/// True where panels have offsets into the plane `code` (variable rate).
inline bool hasCodeOffsets(const CodingPlan &plan) { return isVariable(plan.traits.rate); }
/// True where panels have records in the plane `patch` and counts in the index.
inline bool hasPatch(const CodingPlan &plan) {
  return plan.traits.rate == Rate::Fixed && plan.format.escapes != Escapes::None;
}
/// Bytes of an escape count: 1 for fragment layout, 2 for row_major.
inline uint32_t countBytes(const CodingPlan &plan) {
  return plan.format.layout == Layout::RowMajor ? 2 : 1;
}

/// The bits of a panel's checksum that its entry has (index-1).
inline uint64_t checksumMask(const CodingPlan &plan) {
  return plan.format.shortIndex ? UINT32_MAX : UINT64_MAX;
}

/// A panel in the directory.
struct DirectoryEntry {
  bool asWords = false;
  uint64_t slot = 0;
  /// Byte offsets of the panel's parts in their planes, and sizes. Parts that a
  /// panel does not have are empty.
  std::array<uint64_t, planeKinds> offset{};
  std::array<uint64_t, planeKinds> size{};
  /// First escape count among all of the tensor's, and number of them.
  uint64_t countBegin = 0, countEnd = 0;
  uint64_t checksum = 0;
};

/// Fixed sizes of a panel of `rows` rows: fills size of Words or of Raw and Code
/// (0 for variable-rate code), and Low of panel `panel` where `hasLow`.
void setPanelSizes(const CodingPlan &plan, uint64_t panel, uint32_t rows, bool hasLow,
                   DirectoryEntry &entry);

/// A tensor's index as read from its plane.
struct TensorIndex {
  CodingPlan plan;
  std::vector<DirectoryEntry> entries;
  /// Row classes, 64 a panel, empty without context.
  std::vector<uint8_t> rowClasses;
  /// Empty but for context=scale.
  TensorScales scales;
  std::vector<uint32_t> counts;
  /// Bytes of each plane that are in use.
  std::array<uint64_t, planeKinds> used{};
};

/// Reads and checks the index plane: whatever follows from it lies inside the
/// planes, whose sizes are `planeSizes`.
Expected<TensorIndex> readIndex(const TensorDescription &description,
                                std::span<const uint8_t> indexPlane,
                                const std::array<uint64_t, planeKinds> &planeSizes,
                                std::optional<uint64_t> checksum);

/// Whether the entry's fields hold its offsets and its slot. Errors: Usage.
Status checkEntry(const DirectoryEntry &entry);

/// Collects the directory while panels are coded, in order.
class IndexWriter {
public:
  explicit IndexWriter(const CodingPlan &plan) : plan(plan) {}

  /// Adds a panel. `classes` are its row classes (64, or empty).
  void add(const DirectoryEntry &entry, std::span<const uint8_t> classes,
           std::span<const uint32_t> counts);
  /// The whole plane, given the bytes in use of the others, and the scales of `matrices` where the
  /// format has some.
  std::vector<uint32_t> finish(const Codec &codec, const TensorScales &scales, uint64_t matrices,
                               const std::array<uint64_t, planeKinds> &used) const;

private:
  void addShort(const DirectoryEntry &entry);
  void addWhole(const DirectoryEntry &entry);

  const CodingPlan &plan;
  std::vector<uint32_t> directory;
  std::vector<uint8_t> counts;
  uint64_t panels = 0;
  uint32_t panelsAsWords = 0;
};

} // namespace uwt

#endif // UWT_LIB_CODEC_TENSOR_PANELINDEX_H
