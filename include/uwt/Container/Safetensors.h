//===- Safetensors.h - The file format around the weights -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading and writing of safetensors with its whole contract enforced: a header
// of at most 100,000,000 bytes, no name twice, tensors that cover the data without holes or
// overlaps, offsets that match dtype and shape, known dtypes, valid UTF-8.
// docs/container.md, section "safetensors", numbers the rules.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_SAFETENSORS_H
#define UWT_CONTAINER_SAFETENSORS_H

#include "uwt/Container/File.h"
#include "uwt/Support/Error.h"
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace uwt {

/// Bytes of a header's JSON text at most (st-2).
inline constexpr uint64_t safetensorsHeaderLimit = 100'000'000;

/// A dtype of safetensors.
struct SafetensorsDtype {
  /// As in the header: "BF16".
  std::string_view name;
  /// Bits of an element; not always whole bytes.
  unsigned bits;

  /// The name for C: it is a literal of the table of dtypes, and so ends with a zero.
  const char *cName() const {
    return name.data(); // NOLINT(bugprone-suspicious-stringview-data-usage)
  }
};
std::span<const SafetensorsDtype> safetensorsDtypes();
/// The dtype of that name, or nullptr.
const SafetensorsDtype *findSafetensorsDtype(std::string_view name);

/// One tensor of a header.
struct SafetensorsTensor {
  std::string name;
  const SafetensorsDtype *dtype = nullptr;
  std::vector<uint64_t> shape;
  /// Where its bytes lie in the data, which starts after the header.
  uint64_t begin = 0, end = 0;

  uint64_t bytes() const { return end - begin; }
};

using MetadataEntries = std::vector<std::pair<std::string, std::string>>;

/// Bytes of a tensor of `dtype` and `shape`; an invalid-input error where they
/// overflow 64 bits or are no whole number of bytes.
Expected<uint64_t> safetensorsBytes(const SafetensorsDtype &dtype, std::span<const uint64_t> shape);

/// A checked header.
struct SafetensorsHeader {
  /// In the order of the header's text.
  std::vector<SafetensorsTensor> tensors;
  /// Entries of `__metadata__`, in the order of the header's text.
  MetadataEntries metadata;
  bool hasMetadata = false;

  const SafetensorsTensor *find(std::string_view name) const;
  const std::string *findMetadata(std::string_view key) const;
  /// Indices into `tensors` by rising (begin, end): the order of the data.
  std::vector<size_t> dataOrder() const;
  /// Indices into `tensors` by rising bytes of their names.
  const std::vector<size_t> &nameOrder() const { return byName; }
  /// Indices into `metadata` by rising bytes of their keys.
  const std::vector<size_t> &keyOrder() const { return byKey; }

  /// Parses and checks the JSON text of a header in front of `dataBytes` bytes
  /// of data; without that number, data end where the last tensor ends. Any text may
  /// arrive. Errors: Invalid, with the offset in the file or the tensor's name.
  static Expected<SafetensorsHeader> parse(std::string_view text,
                                           std::optional<uint64_t> dataBytes);

private:
  /// Indices into `tensors` and `metadata`, by rising name.
  std::vector<size_t> byName, byKey;
};

/// A mapped safetensors file. Immutable and thread-safe.
class SafetensorsFile {
public:
  /// Errors: IO, Invalid; the path stands in front.
  static Expected<SafetensorsFile> open(const std::string &path);

  const std::string &path() const { return file.path(); }
  uint64_t fileBytes() const { return file.bytes().size(); }
  FileMode mode() const { return file.mode(); }
  /// As those of MappedFile.
  Status checkRead() const { return file.checkRead(); }
  Status checkUnchanged() const { return file.checkUnchanged(); }
  const SafetensorsHeader &header() const { return parsed; }
  /// The header's JSON text with its padding, as it lies in the file.
  std::string_view headerText() const { return text; }
  /// Everything before the data: the length and the text.
  std::span<const uint8_t> prefix() const { return file.bytes().first(8 + text.size()); }
  std::span<const uint8_t> data() const { return file.bytes().subspan(8 + text.size()); }
  std::span<const uint8_t> tensorBytes(const SafetensorsTensor &tensor) const {
    return data().subspan(tensor.begin, tensor.end - tensor.begin);
  }

private:
  SafetensorsFile(MappedFile file, std::string_view text, SafetensorsHeader parsed)
      : file(std::move(file)), text(text), parsed(std::move(parsed)) {}
  MappedFile file;
  std::string_view text;
  SafetensorsHeader parsed;
};

/// The JSON text of a header, in the order given, without padding. Offsets are those in
/// `tensors`; nothing is checked.
std::string safetensorsHeaderText(std::span<const SafetensorsTensor> tensors,
                                  const MetadataEntries &metadata);
/// Pads `text` with spaces so that the data behind it starts at a multiple of
/// `alignment`.
void padSafetensorsHeader(std::string &text, uint64_t alignment);

/// A tensor to be written.
struct SafetensorsOutput {
  std::string name;
  const SafetensorsDtype *dtype = nullptr;
  std::vector<uint64_t> shape;
  std::span<const uint8_t> bytes;
};
/// Writes a plain safetensors file, tensors in the order given, data aligned to
/// 64 bytes. Errors: Usage (bytes that do not fit the shape, a name twice, an existing
/// file without `overwrite`), IO.
Status writeSafetensors(const std::string &path, std::span<const SafetensorsOutput> tensors,
                        const MetadataEntries &metadata, bool overwrite, FileMode atMost = anyMode);

} // namespace uwt

#endif // UWT_CONTAINER_SAFETENSORS_H
