//===- CompactHeader.h - Header texts as a tensor ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In the compact form (file-13) a file has two tensors of its own: the texts of its header,
// compressed, and all planes one after another.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_COMPACTHEADER_H
#define UWT_LIB_CONTAINER_COMPACTHEADER_H

#include "ContainerFormat.h"

namespace uwt {

/// Names of the two tensors: a source has no such names (file-3).
inline constexpr std::string_view compactHeaderName = "file.uwt.header";
inline constexpr std::string_view compactPlanesName = "file.uwt.planes";
/// What planes are padded to there, and all planes together.
inline constexpr uint64_t compactPlaneAlignment = 4, compactPlanesAlignment = 16;

inline bool isCompactTensor(std::string_view name) {
  return name == compactHeaderName || name == compactPlanesName;
}

/// The entries of a header in the compact form: what would stand in `__metadata__`.
struct CompactHeader {
  SafetensorsHeader header;
  /// Where planes lie.
  std::span<const uint8_t> planes;

  /// Of an open file whose entry says that it is compact. With `check`, the checksum is compared.
  static Expected<CompactHeader> read(const SafetensorsFile &file, const FileEntry &entry,
                                      bool check);
};

} // namespace uwt

#endif // UWT_LIB_CONTAINER_COMPACTHEADER_H
