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

#include "uwt/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

/// Version of the manifest that this library writes, and the newest it reads.
inline constexpr uint32_t manifestVersion = 1;

struct ManifestFile {
  enum class Kind : uint8_t { Container, Carried, Rewritten };
  std::string path;
  Kind kind = Kind::Carried;
  uint64_t bytes = 0;
  /// XXH3 of the file; of a container, its header checksum.
  uint64_t checksum = 0;
  /// Containers: bytes of the original.
  uint64_t originalBytes = 0;
  /// Rewritten files: the original's text.
  std::string original;
};

struct Manifest {
  std::vector<ManifestFile> files;
  std::vector<std::string> folders;
  std::vector<std::string> leftOut;

  const ManifestFile *find(std::string_view path) const;
  std::string str() const;
  /// Any text may arrive; paths have been checked to stay inside the folder.
  /// Errors: Invalid, Unsupported.
  static Expected<Manifest> parse(std::string_view text);
};

/// The manifest of `folder`; nothing where it has none.
Expected<std::optional<Manifest>> readManifest(const std::string &folder);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_MANIFEST_H
