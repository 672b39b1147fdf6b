//===- FolderOutput.cpp - A folder of many files, written as one ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules write-5 and write-6 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "FolderOutput.h"
#include "CheckpointRewrite.h"
#include "FileStatus.h"
#include "Manifest.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Container/FileOperations.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace uwt {

namespace fs = std::filesystem;

static constexpr std::string_view unfinishedText =
    "uwt writes this folder, or was interrupted: run the same command again.\n";

FolderOutput::FolderOutput(FolderOutput &&other) noexcept
    : made(std::move(other.made)), removed(std::move(other.removed)),
      warnings(std::move(other.warnings)), request(std::move(other.request)),
      real(std::move(other.real)), stage(std::move(other.stage)), staged(other.staged),
      locked(std::exchange(other.locked, -1)), modelFiles(std::move(other.modelFiles)) {}

FolderOutput::~FolderOutput() {
  if (locked >= 0)
    ::close(locked);
}

//===----------------------------------------------------------------------===//
// Where
//===----------------------------------------------------------------------===//

static std::string parentOf(const std::string &path) {
  std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

/// Returns whether a file system, or a part of one, is mounted there: such a folder keeps its name.
static bool isMountPoint(const std::string &path) {
  struct stat there, above;
  if (::stat(path.c_str(), &there) != 0 || ::stat(parentOf(path).c_str(), &above) != 0)
    return false;
  if (there.st_dev != above.st_dev)
    return true;
#ifdef STATX_ATTR_MOUNT_ROOT
  struct statx more;
  if (::statx(AT_FDCWD, path.c_str(), 0, 0, &more) == 0)
    return (more.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
#endif
  return false;
}

/// Returns whether the working directory is `path` or lies in it.
static bool isWorkedIn(const std::string &path) {
  std::error_code failure;
  std::string inside = fs::current_path(failure).string() + "/";
  std::string folder = fs::canonical(path, failure).string() + "/";
  return !failure && inside.starts_with(folder);
}

/// The real name of a link, of "." and of "..", so that a name can be made beside it.
Status FolderOutput::findPaths() {
  real = request.target;
  while (real.size() > 1 && real.ends_with('/'))
    real.pop_back();
  std::string name(nameOf(real));
  struct stat there;
  bool isLink = ::lstat(real.c_str(), &there) == 0 && S_ISLNK(there.st_mode);
  if (isLink || name.empty() || name == "." || name == "..") {
    std::error_code failure;
    real = fs::canonical(real, failure).string();
    if (failure)
      return ioError(request.target + ": cannot be read: " + failure.message());
  }
  stage = partialPath(real);
  return ok();
}

/// Returns where the model that is replaced lies for a moment if the file system cannot exchange
/// names.
static std::string asidePath(const std::string &real) { return partialPath(real + ".old"); }

Expected<FolderOutput::State> FolderOutput::stateOf() {
  if (!isFolder(request.target))
    return State::Absent;
  if (fileExists(joinPath(request.target, unfinishedName)))
    return State::Unfinished;
  UWT_ASSIGN_OR_RETURN(std::vector<std::string> names, entryNamesOf(request.target));
  if (names.empty())
    return State::Empty;
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::readOutput(request.target));
  std::set<std::string_view> weightFolders;
  for (const TreeFile &file : tree.files)
    if (namesWeights(file.path))
      weightFolders.insert(file.folder());
  if (weightFolders.empty())
    return State::Other;
  for (const TreeFile &file : tree.files)
    if (namesWeights(file.path) ||
        (describesWeights(file.path) && weightFolders.contains(file.folder())))
      modelFiles.insert(file.path);
  if (auto manifest = readManifest(request.target); manifest && *manifest)
    for (const ManifestFile &file : (*manifest)->files)
      if (tree.find(file.path))
        modelFiles.insert(file.path);
  return State::Model;
}

/// Weights in the target that are not this model's would be taken for a part of it.
Status FolderOutput::checkForeign() const {
  for (const std::string &path : modelFiles)
    if (namesWeights(path) && !isPlanned(path) && !request.allowed.contains(path))
      return usageError(joinPath(request.target, path) +
                        ": is no part of the model that is written, but would be read as one; "
                        "remove it, name another output, or use -f to replace the model that is "
                        "there");
  return ok();
}

/// Returns whether the stage is to be used. Makes, locks and cleans it then.
Expected<bool> FolderOutput::chooseStage(State state) {
  bool isReplaced = state == State::Model && request.overwrite;
  bool wanted = state == State::Absent || isReplaced ||
                (state == State::Empty && (fileExists(stage) || !isWorkedIn(real)));
  if (!wanted)
    return false;
  bool isFixed = state != State::Absent && isMountPoint(real);
  Status opened = ok();
  if (!isFixed) {
    opened = openStage();
    if (opened)
      return true;
    bool isDenied = state != State::Absent && ::access(parentOf(real).c_str(), W_OK) != 0;
    if (!isDenied)
      return opened.takeError();
  }
  if (isReplaced)
    warnings.push_back(
        request.target + ": cannot be exchanged as a whole (" +
        (isFixed ? "it is a mount point" : "the folder that it lies in is read-only") +
        "): its files are replaced one after another, and readers refuse the folder "
        "until all are");
  return false;
}

Status FolderOutput::lock(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(locked, fileOperations().lockFolder(path, request.shared));
  return ok();
}

Status FolderOutput::openStage() {
  constexpr unsigned tries = 8;
  for (unsigned i = 0; i < tries; ++i) {
    struct stat there;
    bool exists = ::lstat(stage.c_str(), &there) == 0;
    if (exists && (!S_ISDIR(there.st_mode) || there.st_uid != ::geteuid()))
      return ioError(stage +
                     ": is in the way, and no folder that an earlier run of yours has left: "
                     "remove it");
    UWT_RETURN_IF_ERROR(makeFoldersLike(request.source, stage, "", made));
    Status done = lock(stage);
    if (done && isNameOf(stage, locked))
      return cleanStage("");
    if (done)
      ::close(std::exchange(locked, -1));
    // Another process has put it in place, or removed it, since.
    if (fileExists(stage))
      return done;
  }
  return ioError(stage + ": other processes make and remove this folder; wait for them to end");
}

bool FolderOutput::hasPlanned(const std::string &folder) const {
  auto first = request.files.lower_bound(folder + "/");
  return first != request.files.end() && first->starts_with(folder + "/");
}

/// Removes what a killed run has left of another model, and what it had to carry over.
Status FolderOutput::cleanStage(const std::string &relative) {
  UWT_ASSIGN_OR_RETURN(std::vector<std::string> names, entryNamesOf(joinPath(stage, relative)));
  for (const std::string &name : names) {
    std::string path = joinPath(relative, name), full = joinPath(stage, path);
    struct stat there;
    if (::lstat(full.c_str(), &there) != 0)
      continue;
    if (S_ISDIR(there.st_mode)) {
      UWT_RETURN_IF_ERROR(cleanStage(path));
      if (!hasPlanned(path))
        UWT_RETURN_IF_ERROR(fileOperations().removeFolder(full));
      continue;
    }
    bool isWrittenNow = request.shared && name.ends_with(partialSuffix);
    bool isGood = isPlanned(path) && S_ISREG(there.st_mode);
    if (isGood || isWrittenNow)
      continue;
    Status gone = fileOperations().remove(full);
    if (!gone && fileExists(full))
      return gone;
  }
  return ok();
}

Expected<FolderOutput> FolderOutput::open(FolderRequest request) {
  FolderOutput output(std::move(request));
  UWT_RETURN_IF_ERROR(output.findPaths());
  // A run that was killed between two names.
  std::string aside = asidePath(output.real);
  if (!fileExists(output.real) && isFolder(aside))
    UWT_RETURN_IF_ERROR(fileOperations().rename(aside, output.real, /*overwrite=*/false));
  UWT_ASSIGN_OR_RETURN(State state, output.stateOf());
  if (state == State::Model && !output.request.overwrite)
    UWT_RETURN_IF_ERROR(output.checkForeign());
  UWT_ASSIGN_OR_RETURN(output.staged, output.chooseStage(state));
  if (!output.staged)
    UWT_RETURN_IF_ERROR(output.lock(output.real));
  return output;
}

//===----------------------------------------------------------------------===//
// In place
//===----------------------------------------------------------------------===//

Status FolderOutput::begin() {
  if (staged)
    return ok();
  bool isComplete = std::all_of(request.files.begin(), request.files.end(), [&](const auto &path) {
    return fileExists(joinPath(request.target, path));
  });
  std::string mark = joinPath(request.target, unfinishedName);
  if (isComplete && !request.overwrite && !fileExists(mark))
    return ok();
  // write-6: the mark first.
  UWT_RETURN_IF_ERROR(writeWholeFile(mark, asBytes(unfinishedText), /*overwrite=*/true));
  if (!request.overwrite || request.shared)
    return ok();
  for (const std::string &path : modelFiles) {
    bool isEntry = path.ends_with(".json");
    if (isPlanned(path) ? !isEntry : request.allowed.contains(path))
      continue;
    UWT_RETURN_IF_ERROR(fileOperations().remove(joinPath(request.target, path)));
    if (!isPlanned(path))
      removed.push_back(path);
  }
  return fileOperations().syncFolder(request.target);
}

Status FolderOutput::finishInPlace() {
  std::string mark = joinPath(request.target, unfinishedName);
  if (!fileExists(mark))
    return ok();
  UWT_RETURN_IF_ERROR(fileOperations().remove(mark));
  return fileOperations().syncFolder(request.target);
}

//===----------------------------------------------------------------------===//
// By a stage
//===----------------------------------------------------------------------===//

/// Gives a file of the user, which is in neither model, a name in the stage.
Status FolderOutput::carryFile(const std::string &relative) {
  std::string from = joinPath(request.target, relative), to = joinPath(stage, relative);
  std::vector<std::string> ignored;
  UWT_RETURN_IF_ERROR(makeFoldersLike(request.target, stage, folderOf(relative), ignored));
  UWT_ASSIGN_OR_RETURN(bool isLinked, fileOperations().link(from, to));
  if (isLinked)
    return ok();
  struct stat there;
  if (::lstat(from.c_str(), &there) != 0 || !S_ISREG(there.st_mode))
    return ioError(from + ": cannot be moved to the new folder, which replaces this one; move it "
                          "away, or name another output");
  auto copied = copyFile(from, to, /*overwrite=*/true, permissionsOf(there), std::nullopt);
  return copied ? ok() : Status(copied.takeError());
}

/// Carries what no model has, and notes what the new one does not have of the old one.
Status FolderOutput::carryOver(const std::string &relative) {
  std::string folder = joinPath(request.target, relative);
  UWT_ASSIGN_OR_RETURN(std::vector<std::string> names, entryNamesOf(folder));
  std::vector<std::string> ignored;
  if (names.empty())
    return makeFoldersLike(request.target, stage, relative, ignored);
  std::sort(names.begin(), names.end());
  for (const std::string &name : names) {
    std::string path = joinPath(relative, name), full = joinPath(request.target, path);
    struct stat there;
    if (::lstat(full.c_str(), &there) != 0 || name.ends_with(partialSuffix))
      continue;
    bool isNewFolder = hasPlanned(path);
    if (S_ISDIR(there.st_mode)) {
      UWT_RETURN_IF_ERROR(carryOver(path));
    } else if (isPlanned(path) || (isNewFolder && S_ISLNK(there.st_mode))) {
      continue;
    } else if (modelFiles.contains(path) && !request.allowed.contains(path)) {
      removed.push_back(path);
    } else if (isNewFolder) {
      return usageError(full + ": is a file, where the model has a folder; move it away, or name "
                               "another output");
    } else {
      UWT_RETURN_IF_ERROR(carryFile(path));
    }
  }
  return ok();
}

/// Removes a folder with everything in it. What cannot be removed stays, for the next run.
static void removeTree(const std::string &folder) {
  auto names = entryNamesOf(folder);
  for (const std::string &name : names ? *names : std::vector<std::string>()) {
    std::string full = joinPath(folder, name);
    struct stat there;
    if (::lstat(full.c_str(), &there) != 0)
      continue;
    if (S_ISDIR(there.st_mode))
      removeTree(full);
    else
      (void)bool(fileOperations().remove(full));
  }
  (void)bool(fileOperations().removeFolder(folder));
}

Status FolderOutput::replaceModel() {
  FileOperations &operations = fileOperations();
  UWT_RETURN_IF_ERROR(carryOver(""));
  UWT_RETURN_IF_ERROR(operations.copyOwner(real, stage));
  UWT_RETURN_IF_ERROR(operations.syncFolder(stage));
  bool wasWorkedIn = isWorkedIn(real);
  UWT_ASSIGN_OR_RETURN(bool isExchanged, operations.exchange(stage, real));
  std::string old = stage;
  if (!isExchanged) {
    old = asidePath(real);
    removeTree(old);
    UWT_RETURN_IF_ERROR(operations.rename(real, old, /*overwrite=*/false));
    Status placed = operations.rename(stage, real, /*overwrite=*/false);
    if (!placed) {
      (void)bool(operations.rename(old, real, /*overwrite=*/false));
      return placed;
    }
  }
  UWT_RETURN_IF_ERROR(operations.syncFolder(parentOf(real)));
  removeTree(old);
  if (wasWorkedIn)
    warnings.push_back(request.target + ": is the working directory, and was replaced as a whole; "
                                        "enter it again with cd \"$PWD\"");
  return ok();
}

Status FolderOutput::publish() {
  if (!staged)
    return finishInPlace();
  FileOperations &operations = fileOperations();
  modelFiles.clear();
  UWT_ASSIGN_OR_RETURN(State now, stateOf());
  if (now == State::Model && request.overwrite)
    return replaceModel();
  if (now != State::Absent && now != State::Empty)
    return usageError(request.target +
                      ": was made by another process meanwhile; the new files are "
                      "in " +
                      stage);
  UWT_RETURN_IF_ERROR(operations.syncFolder(stage));
  if (now == State::Empty)
    UWT_RETURN_IF_ERROR(operations.copyOwner(real, stage));
  UWT_RETURN_IF_ERROR(operations.rename(stage, real, now == State::Empty));
  return operations.syncFolder(parentOf(real));
}

Status FolderOutput::giveUp(Status failure, bool takesBack) {
  if (request.shared)
    return failure;
  if (staged && takesBack)
    removeTree(stage);
  else if (takesBack)
    (void)bool(finishInPlace());
  removeEmptyFolders(made);
  if (!staged || !fileExists(stage) || failure.error().getKind() == ErrorKind::Usage)
    return failure;
  return Error(failure.error().getKind(), failure.error().message() + "; complete files wait in " +
                                              stage + " for the same command to continue");
}

} // namespace uwt
