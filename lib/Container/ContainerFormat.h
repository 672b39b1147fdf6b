//===- ContainerFormat.h - Names and entries of a container -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections "The file" and "Checksums" of docs/container.md as data: what the
// writer puts into a header and what the reader takes out of it.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_CONTAINERFORMAT_H
#define UWT_LIB_CONTAINER_CONTAINERFORMAT_H

#include "uwt/Container/Container.h"

namespace uwt {

inline constexpr std::string_view fileEntryKey = "uwt";
inline constexpr std::string_view originalHeaderKey = "uwt.original";
/// Between a tensor's name and that of a plane.
inline constexpr std::string_view planeInfix = ".uwt.";
inline constexpr std::string_view entrySuffix = ".uwt";
inline constexpr uint64_t planeAlignment = 256;
/// What knows the compact form.
inline constexpr uint32_t compactReader = 6;
/// Reader version that knows the packed form.
inline constexpr uint32_t packedReader = 8;

/// Most runs of rows that an entry has (diff-7).
inline constexpr size_t maxBaseRuns = 32;

/// file-4.
std::string planeTensorName(std::string_view tensor, PlaneKind kind);
const SafetensorsDtype &planeDtype(PlaneKind kind);
inline uint64_t paddedPlaneBytes(uint64_t bytes, uint64_t alignment) {
  return roundUp(bytes, alignment);
}

/// What number `index` of `count` has of `bytes`: equal shares, whose sum is right.
inline uint64_t shareOf(uint64_t bytes, uint64_t index, uint64_t count) {
  return bytes / count + (index < bytes % count ? 1 : 0);
}

/// What the bytes [begin, begin + bytes) of `all` have of `shared`: shares whose sum is right.
uint64_t shareOfRange(uint64_t shared, uint64_t begin, uint64_t bytes, uint64_t all);

/// Fails for names and metadata keys that a source may not have (file-3).
Status checkSourceNames(const SafetensorsHeader &header);

/// What the file entry says. Digits of `raw` and `rawSha256` are in byte order of
/// the raw tensors' names.
struct FileEntry {
  uint64_t headerChecksum = 0, contentChecksum = 0;
  /// Version 1 is what containers without anything newer ask for.
  uint64_t container = containerVersion, reader = 1;
  uint64_t options = 0;
  /// Of the compact form (file-13): bytes of the text, and the checksum of the tensor with it.
  std::optional<uint64_t> text, compact;
  std::vector<uint64_t> raw;
  std::string sha256;
  std::vector<std::string> rawSha256;
  /// diff-5: in order.
  std::vector<BaseFile> base;

  std::string str() const;
  static Expected<FileEntry> parse(std::string_view text);
};

/// The entry of a compressed or shared tensor, of a stack, or of a bundle; `sha256` are the digits
/// of all members or nothing.
std::string tensorEntryText(const TensorEntry &entry, std::string_view sha256);

/// What such an entry says: format, element, planeBytes, indexChecksum, sameAs, members, bundled,
/// dtype and shape of `stored`, and the digits of each member.
struct ParsedEntry {
  TensorEntry stored;
  std::vector<std::string> sha256;
};
Expected<ParsedEntry> parseTensorEntry(std::string_view text);

/// check-1 over the length and text of a header; nothing where the digits do not
/// lie where a writer puts them.
std::optional<uint64_t> headerChecksum(std::span<const uint8_t> prefix);
/// check-2.
uint64_t contentChecksum(const SafetensorsHeader &header);

/// A tensor as a writer has stored it.
struct StoredTensor {
  TensorEntry entry;
  /// Where its planes, or its raw bytes, begin in the data.
  std::array<uint64_t, planeKinds> planeBegin{};
  uint64_t rawBegin = 0;
  /// Of a stack or bundle: its members, as numbers of the header's tensors; empty for tensors that
  /// are alone.
  std::vector<size_t> members;
};

/// Bytes that a tensor's names, offsets and entry take in the header's text.
uint64_t headerCost(const StoredTensor &stored);

/// Of a file whose header would have so many bytes.
Error headerLimitError(uint64_t bytes);

/// Everything that a header says.
struct ContainerHeader {
  /// In the order of the original's header.
  std::vector<StoredTensor> tensors;
  const MetadataEntries *metadata = nullptr;
  std::string_view originalText;
  uint64_t options = 0;
  std::string sha256;
  /// Files of the base model that differences are from, in order.
  std::vector<BaseFile> base;
  /// Whether the compact form is written: planes are padded to compactPlaneAlignment.
  bool isCompact = false;
  /// Of the compact form: the text, compressed; the bytes of the text; those of all planes, which
  /// come first; and where the compressed text begins in the data.
  std::vector<uint8_t> compressedText;
  uint64_t textBytes = 0, planesBytes = 0, textBegin = 0;

  uint64_t planePadding() const;
  /// Makes `compressedText` from the entries (file-14).
  void compressText();
  /// The text without padding and with checksums of zero.
  std::string text() const;
  /// Length and padded text, with checksums: data begin at `prefixBytes`, which is
  /// at least 8 + text().size().
  Expected<std::vector<uint8_t>> prefix(uint64_t prefixBytes) const;

private:
  MetadataEntries tensorEntries() const;
};

} // namespace uwt

#endif // UWT_LIB_CONTAINER_CONTAINERFORMAT_H
