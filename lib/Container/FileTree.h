//===- FileTree.h - The files of a folder -----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_FILETREE_H
#define UWT_LIB_CONTAINER_FILETREE_H

#include "FileNames.h"
#include "uwt/Container/File.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

/// A file below a folder. Links have been followed.
struct TreeFile {
  /// Relative to the folder, with '/'.
  std::string path;
  std::string full;
  uint64_t bytes = 0;
  FileMode mode = 0;
  /// When the folder was read.
  FileIdentity identity;

  std::string_view name() const { return nameOf(path); }
  /// Relative path of the folder that it lies in; empty for the top.
  std::string_view folder() const { return folderOf(path); }
};

/// Everything in a folder, sorted by path.
struct FileTree {
  std::string root;
  std::vector<TreeFile> files;
  std::vector<std::string> emptyFolders;
  /// What is never part of a model (isNeverOfModel).
  std::vector<std::string> leftOut;
  /// Links to files and folders outside of the folder, but for those of a hub cache into its own
  /// `blobs`.
  std::vector<std::string> linksOut;

  const TreeFile *find(std::string_view path) const;

  /// Errors: IO (cannot be read, a link to nothing), Usage (a link to a folder that
  /// it lies in, links that lead to one folder again and again, something that is no file), Invalid
  /// (a folder that a run has not finished).
  static Expected<FileTree> read(const std::string &root);
  /// The same of a folder that is written, finished or not.
  static Expected<FileTree> readOutput(const std::string &root);
  /// An IO error where a file has been replaced, or written to, since then.
  Status checkUnchanged() const;
};

/// Names of everything in a folder, in no order. Errors: IO.
Expected<std::vector<std::string>> entryNamesOf(const std::string &folder);
bool isFolder(const std::string &path);
bool fileExists(const std::string &path);
/// Whether one folder is, or lies in, the other. Neither has to exist.
bool isNested(const std::string &a, const std::string &b);
/// Makes `path` and the folders above it.
Status makeFolders(const std::string &path);
/// Makes the folder `relative` below `to`, and those above it up to `to`, with the permissions
/// of the same folders below `from`, less the umask. Appends what it made to `made`.
Status makeFoldersLike(const std::string &from, const std::string &to, std::string_view relative,
                       std::vector<std::string> &made);
/// Removes those of the folders that are empty: what a run that fails has made for nothing.
/// `made` has a folder behind the one that it lies in.
void removeEmptyFolders(const std::vector<std::string> &made);
/// Removes the temporary file that a killed run has left of `target`, unless
/// another process is writing it.
Status removeStalePartial(const std::string &target);

/// XXH3 of a file's bytes.
Expected<uint64_t> hashFile(const std::string &path);
/// Whether two files have the same bytes.
Expected<bool> sameBytes(const std::string &a, const std::string &b);
/// Copies `from` to `to` through AtomicFileWriter and gives the XXH3 of its
/// bytes; does not put the copy in place where that is not `expected`, or where `from` changes
/// meanwhile.
Expected<uint64_t> copyFile(const std::string &from, const std::string &to, bool overwrite,
                            FileMode mode, std::optional<uint64_t> expected);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_FILETREE_H
