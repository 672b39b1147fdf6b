//===- ContainerState.h - An open container ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_CONTAINERSTATE_H
#define UWT_LIB_CONTAINER_CONTAINERSTATE_H

#include "ContainerFormat.h"

namespace uwt {

/// Where an entry's bytes are in the file.
struct StoredParts {
  std::array<const SafetensorsTensor *, planeKinds> planes{};
  const SafetensorsTensor *raw = nullptr;
  /// The entry that is stored for a shared one.
  std::optional<size_t> sameAs;
};

struct Container::State {
  SafetensorsFile file;
  ReadOptions options;
  bool isContainer = false;
  /// check-1 failed while check-2 held.
  bool savedAgain = false;
  FileEntry fileEntry;
  /// Of the original; of plain files, the file's own.
  const SafetensorsHeader *original = nullptr;
  SafetensorsHeader parsedOriginal;
  std::string_view originalText;
  /// In the order of the original's header, and the same order again.
  std::vector<TensorEntry> entries;
  std::vector<StoredParts> parts;

  explicit State(SafetensorsFile file) : file(std::move(file)) {}

  Status readPlain();
  Status readContainer();
  Status checkHeader();
  Status readEntry(size_t i, std::vector<bool> &used);
  Status readCompressed(size_t i, std::vector<bool> &used);
  Status linkShared();
  Status takeRawChecksums();
  Status checkAllUsed(const std::vector<bool> &used) const;
};

/// "tensor 'name'", as errors begin.
std::string tensorLabel(const TensorEntry &entry);

/// `message` without the path that stands in front of it, for findings that name
/// the file themselves.
std::string withoutPath(const std::string &message, const std::string &path);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_CONTAINERSTATE_H
