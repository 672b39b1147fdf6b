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

/// Checks that every file that an index names is among `tree`.
Status checkIndex(std::string_view text, const TreeFile &index, const FileTree &tree);

/// The index of the compressed files; `containers` are by the paths of their originals in
/// the tree.
Expected<std::string> rewriteIndex(std::string_view text, const TreeFile &index,
                                   const std::map<std::string, Container, std::less<>> &containers);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_CHECKPOINTREWRITE_H
