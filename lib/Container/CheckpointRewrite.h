//===- CheckpointRewrite.h - Files that change with the weights -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules folder-2 and folder-5 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_CHECKPOINTREWRITE_H
#define UWT_LIB_CONTAINER_CHECKPOINTREWRITE_H

#include "FileTree.h"
#include "uwt/Container/Container.h"
#include "uwt/Support/Json.h"
#include <map>

namespace uwt {

/// Bytes of a file beside the weights that is read whole, at most.
inline constexpr uint64_t textLimit = uint64_t(1) << 30;

bool isWeightFile(const TreeFile &file);
/// The error for a folder that has none. Says what it has in place of them (ForeignFile.cpp).
Error noWeights(const std::string &folder);
bool isIndexFile(const TreeFile &file);
/// Where a file lies in the compressed folder: weights and indexes get other names, so that
/// loaders that do not know UWT do not find them (folder-1, folder-2).
std::string storedPath(const TreeFile &file);
/// Weights in another file type (folder-5).
bool isDuplicateWeights(const TreeFile &file);
/// Returns whether loaders find weights by a file of that name: weights of any type, indexes,
/// `uwt.json`.
bool namesWeights(std::string_view path);
/// Returns whether loaders find a file of that name beside weights by themselves, and take it for a
/// part of the model: configurations and vocabularies.
bool describesWeights(std::string_view path);

/// The value of an index: `weight_map` is an object that has only names of weight files in the
/// index's own folder or below it. A byte-order mark is passed over. Errors: Invalid.
Expected<JsonValue> parseIndex(std::string_view text);

/// "a, b and 3 more", of the first texts.
std::string someOf(const std::vector<std::string> &texts);

/// Finds what indexes name and what is not there (folder-2). Headers are all that it needs.
class IndexCheck {
public:
  /// Errors: Invalid (as parseIndex), IO.
  Status read(const TreeFile &index, const FileTree &tree);
  /// Takes the header of a weight file at `path` in the tree.
  void look(std::string_view path, const SafetensorsHeader &header);
  /// Says what was found, after all headers. Errors: Invalid (a missing file, unless `incomplete`).
  Status report(bool incomplete, std::vector<std::string> &warnings) const;

private:
  struct Gaps {
    const TreeFile *index;
    /// Missing files, and how many tensors the index says they have.
    std::map<std::string, uint64_t> files;
    std::vector<std::string> tensors;
  };
  std::vector<Gaps> gaps;
  /// Numbers of indexes and the names that they look for, by files that are there.
  std::map<std::string, std::vector<std::pair<size_t, std::string>>, std::less<>> wanted;
  /// What otherSpelling gives of missing files.
  std::map<std::string, std::string> spellings;
};

/// The index of the compressed files; `containers` are by the paths of their originals in
/// the tree. Names of what is not there are left out.
Expected<std::string> rewriteIndex(std::string_view text, const TreeFile &index,
                                   const std::map<std::string, Container, std::less<>> &containers);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_CHECKPOINTREWRITE_H
