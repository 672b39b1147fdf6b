//===- FolderOutput.h - A folder of many files, written as one --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules write-5 and write-6 of docs/container.md: a target folder is the old model or the new one.
// Files are written into a hidden folder beside the target, the stage, which then gets the target's
// name. A folder that cannot be exchanged, or that holds no model but other files, is written in
// place, and has a mark until it is complete.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_FOLDEROUTPUT_H
#define UWT_LIB_CONTAINER_FOLDEROUTPUT_H

#include "FileTree.h"
#include <set>

namespace uwt {

/// Files that are going to be written.
struct FolderRequest {
  /// The folder that the output is made from, whose permissions new folders get.
  std::string source;
  std::string target;
  /// Paths of all files that the model in `target` has.
  std::set<std::string, std::less<>> files;
  /// Paths of files that may stay beside them, though a loader would find them.
  std::set<std::string, std::less<>> allowed;
  /// True if a model that is there is replaced.
  bool overwrite = false;
  /// True if other processes write files of the same model meanwhile (folder-10).
  bool shared = false;
};

/// One thread at a time.
class FolderOutput {
public:
  /// Decides where files are written and makes that folder. Nothing that a reader sees has changed
  /// then. Errors: Usage (a model file in the target that is no part of the model, without
  /// `overwrite`), IO.
  static Expected<FolderOutput> open(FolderRequest request);
  FolderOutput(FolderOutput &&other) noexcept;
  FolderOutput &operator=(FolderOutput &&) = delete;
  ~FolderOutput();

  /// Folder in which files are written.
  const std::string &folder() const { return staged ? stage : request.target; }
  bool isStage() const { return staged; }
  /// Returns whether files that are there and right are kept; and whether wrong ones are replaced.
  bool keepsFiles() const { return staged || !request.overwrite; }
  bool replacesFiles() const { return staged || request.overwrite; }
  /// Returns whether files of the target are kept, so that all of them have to be right before the
  /// first one is written.
  bool continuesInPlace() const { return !staged && !request.overwrite; }

  /// Precedes the first file that is written.
  Status begin();
  /// Makes what was written the target.
  Status publish();
  /// Follows a failure: removes what was made for nothing, all of it if `takesBack`, and says in
  /// the error where complete files wait for the next run.
  Status giveUp(Status failure, bool takesBack = false);

  /// Folders that were made, in that order.
  std::vector<std::string> made;
  /// Files of the model that was replaced which the new one does not have.
  std::vector<std::string> removed;
  std::vector<std::string> warnings;

private:
  /// Contents of the target.
  enum class State : uint8_t { Absent, Empty, Unfinished, Model, Other };

  explicit FolderOutput(FolderRequest request) : request(std::move(request)) {}
  Status findPaths();
  Expected<State> stateOf();
  Status checkForeign() const;
  Expected<bool> chooseStage(State state);
  Status openStage();
  Status cleanStage(const std::string &relative);
  Status lock(const std::string &path);
  bool isPlanned(std::string_view path) const { return request.files.contains(path); }
  bool hasPlanned(const std::string &folder) const;
  Status carryOver(const std::string &relative);
  Status carryFile(const std::string &relative);
  Status replaceModel();
  Status finishInPlace();

  FolderRequest request;
  /// The target without links in its last component, and what is written until it has that name.
  std::string real, stage;
  bool staged = false;
  int locked = -1;
  /// Paths in the target of files of the model that is there.
  std::set<std::string, std::less<>> modelFiles;
};

} // namespace uwt

#endif // UWT_LIB_CONTAINER_FOLDEROUTPUT_H
