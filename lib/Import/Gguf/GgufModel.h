//===- GgufModel.h - A model in one GGUF file or several --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_GGUF_GGUFMODEL_H
#define UWT_LIB_IMPORT_GGUF_GGUFMODEL_H

#include "GgufFile.h"
#include "uwt/Container/File.h"

namespace uwt {

/// Files that weights are read from (gguf-8 of docs/quantised.md).
struct GgufModel {
  /// One behind the other, as `GgufTensor::file` counts them.
  std::vector<MappedFile> files;
  /// The metadata of the first file, and the tensors of all.
  GgufHeader header;

  /// Opens a file, and of a split model all that belong to it, whichever `path` is. Errors: Invalid
  /// (damaged, or files are missing or do not belong together), Unsupported, IO.
  static Expected<GgufModel> open(const std::string &path);

  std::string_view architecture() const;
  /// A number of heads: `absent` if the file has no such key, 0 if it has one for each layer.
  uint64_t heads(std::string_view key, uint64_t absent) const;
  std::span<const uint8_t> bytesOf(const GgufTensor &tensor) const {
    return files[tensor.file].bytes().subspan(tensor.begin, tensor.bytes);
  }
  /// An IO error if some bytes could not be read.
  Status checkRead() const;
};

} // namespace uwt

#endif // UWT_LIB_IMPORT_GGUF_GGUFMODEL_H
