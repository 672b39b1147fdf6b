//===- Manifest.h - The list of a compressed model's files ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule folder-4 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_MANIFEST_H
#define UWT_LIB_CONTAINER_MANIFEST_H

#include "uwt/Container/File.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

/// Version of the manifest that this library writes, and the newest it reads. In version 1, files
/// had the names of the originals, and modes were not recorded.
inline constexpr uint32_t manifestVersion = 2;

struct ManifestFile {
  enum class Kind : uint8_t { Container, Carried, Rewritten };
  /// Where the file lies in the compressed folder, and in the original one.
  std::string path, originalPath;
  Kind kind = Kind::Carried;
  uint64_t bytes = 0;
  /// XXH3 of the file; of a container, its header checksum.
  uint64_t checksum = 0;
  /// Containers: bytes of the original.
  uint64_t originalBytes = 0;
  /// Rewritten files: the original's text.
  std::string original;
  /// Of the original; not known in version 1.
  std::optional<FileMode> mode;

  /// Bytes of what decompressing gives back.
  uint64_t restoredBytes() const;
};

struct Manifest {
  std::vector<ManifestFile> files;
  std::vector<std::string> folders;
  std::vector<std::string> leftOut;

  /// Sorts everything as it is written.
  void sort();
  std::string str() const;
  /// Any text may arrive. Every path is one that compressing writes (isModelPath), no file has
  /// the path of another file or of a folder. Errors: Invalid, Unsupported.
  static Expected<Manifest> parse(std::string_view text);
};

/// Finds what a manifest cannot hold or would not be accepted back with. A usage error that names
/// the file below `root`.
Status checkManifest(const Manifest &manifest, const std::string &root);

/// The manifest of `folder`; nothing where it has none.
Expected<std::optional<Manifest>> readManifest(const std::string &folder);
/// The same; a usage error where it has none.
Expected<Manifest> requireManifest(const std::string &folder);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_MANIFEST_H
