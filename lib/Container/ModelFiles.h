//===- ModelFiles.h - Which files of a folder are its model -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules model-1 to model-3 of docs/container.md. The one place that knows how folders name their
// weight files.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_MODELFILES_H
#define UWT_LIB_CONTAINER_MODELFILES_H

#include "FileTree.h"
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace uwt {

/// An index that decides in which file each tensor is.
struct ModelIndex {
  /// Relative to the folder, as all paths here are.
  std::string path;
  /// Tensors and their files, by name.
  std::vector<std::pair<std::string, std::string>> fileOf;
  /// The files that it names, sorted, each once.
  std::vector<std::string> files;

  /// The file of a tensor; null if the index does not name it.
  const std::string *find(std::string_view name) const;
  bool names(std::string_view file) const;
};

struct ModelFiles {
  struct File {
    const TreeFile *file;
    /// Number of the folder that was decided for: files with another number are another model's.
    unsigned part;
  };
  struct Other {
    const TreeFile *file;
    /// The reason why it is not part of the model: "model.safetensors goes before it".
    std::string why;
  };
  /// By path.
  std::vector<File> files;
  std::vector<Other> others;
  std::vector<ModelIndex> indexes;
  /// Files that an index, or the numbers of shards, ask for and that are not there.
  std::vector<std::string> missing;
};

/// Decides which of the tree's weight files are the model. Errors: Invalid (an index that cannot be
/// read), IO.
Expected<ModelFiles> chooseModelFiles(const FileTree &tree);

/// The path in `tree` that differs from `path` in upper and lower case alone: the end of a message
/// about a file that is not there; else empty.
std::string otherSpelling(const FileTree &tree, std::string_view path);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_MODELFILES_H
