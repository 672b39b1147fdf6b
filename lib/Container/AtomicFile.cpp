//===- AtomicFile.cpp - Crash-safe writing --------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules write-1 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "FileNames.h"
#include "FileStatus.h"
#include "FileTree.h"
#include "uwt/Container/File.h"
#include "uwt/Container/FileOperations.h"
#include <cassert>
#include <filesystem>
#include <sys/stat.h>
#include <utility>

namespace uwt {

static std::string targetFolder(const std::string &path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

AtomicFileWriter::AtomicFileWriter(AtomicFileWriter &&other) noexcept
    : target(std::move(other.target)), temporary(std::move(other.temporary)),
      descriptor(std::exchange(other.descriptor, -1)), overwrite(other.overwrite), mode(other.mode),
      end(other.end) {}

AtomicFileWriter &AtomicFileWriter::operator=(AtomicFileWriter &&other) noexcept {
  if (this == &other)
    return *this;
  discard();
  target = std::move(other.target);
  temporary = std::move(other.temporary);
  descriptor = std::exchange(other.descriptor, -1);
  overwrite = other.overwrite;
  mode = other.mode;
  end = other.end;
  return *this;
}

AtomicFileWriter::~AtomicFileWriter() { discard(); }

void AtomicFileWriter::discard() {
  if (descriptor < 0)
    return;
  // Removed before the lock ends, so that no other process's file is removed. Nothing
  // can be done about a failure: the next run takes the file over.
  if (isNameOf(temporary, descriptor))
    (void)static_cast<bool>(fileOperations().remove(temporary));
  (void)static_cast<bool>(fileOperations().close(descriptor, temporary));
  descriptor = -1;
}

std::string partialPath(const std::string &target) {
  std::string name = std::filesystem::path(target).filename().string();
  return targetFolder(target) + "/" + fittingName("." + name, partialSuffix);
}

/// Finds what is in the way of a new file before any work is done for it.
static Status checkTarget(const std::string &target, bool overwrite) {
  if (std::filesystem::path(target).filename().empty())
    return usageError(target + ": not the name of a file");
  struct stat there;
  if (::lstat(target.c_str(), &there) == 0) {
    if (S_ISDIR(there.st_mode))
      return usageError(target + ": is a folder; give the name of a file");
    if (!S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode))
      return usageError(target + ": is a device, a pipe or a socket, which a file cannot replace; "
                                 "give another name");
    if (!overwrite)
      return usageError(target + ": exists already; use -f to overwrite it");
  }
  std::string folder = targetFolder(target);
  if (::stat(folder.c_str(), &there) != 0 && errno == ENOENT)
    return ioError(target + ": the folder " + folder + " does not exist; make it first");
  return ok();
}

Expected<AtomicFileWriter> AtomicFileWriter::create(const std::string &target, bool overwrite,
                                                    std::optional<FileMode> mode, FileMode atMost) {
  UWT_RETURN_IF_ERROR(checkTarget(target, overwrite));
  // Nothing may throw between the file's creation and its owner.
  std::string name = target, temporary = partialPath(target);
  // With a mode of its own, the file is the owner's alone until it has that.
  UWT_ASSIGN_OR_RETURN(int descriptor,
                       fileOperations().createLocked(temporary, mode ? 0600 : 0666 & atMost));
  return AtomicFileWriter(std::move(name), std::move(temporary), descriptor, overwrite, mode);
}

Status AtomicFileWriter::append(std::span<const uint8_t> bytes) { return writeAt(end, bytes); }

Status AtomicFileWriter::writeAt(uint64_t offset, std::span<const uint8_t> bytes) {
  assert(descriptor >= 0 && "written after commit");
  if (bytes.empty())
    return ok();
  UWT_RETURN_IF_ERROR(fileOperations().write(descriptor, bytes, offset, target));
  end = std::max<uint64_t>(end, offset + bytes.size());
  return ok();
}

Status AtomicFileWriter::rewindTo(uint64_t offset) {
  UWT_RETURN_IF_ERROR(fileOperations().truncate(descriptor, offset, target));
  end = offset;
  return ok();
}

Status AtomicFileWriter::commit() {
  FileOperations &operations = fileOperations();
  if (mode)
    UWT_RETURN_IF_ERROR(operations.setMode(descriptor, *mode, target));
  UWT_RETURN_IF_ERROR(operations.sync(descriptor, target));
  // Where a file system has no locks, another machine may write the same file.
  if (!isNameOf(temporary, descriptor))
    return ioError(target + ": another process writes this file too, and has removed what this one "
                            "had written; wait for it to end");
  UWT_RETURN_IF_ERROR(operations.rename(temporary, target, overwrite));
  // The temporary name is gone: from here on there is nothing to discard.
  int committed = std::exchange(descriptor, -1);
  Status closed = operations.close(committed, target);
  UWT_RETURN_IF_ERROR(operations.syncFolder(targetFolder(target)));
  return closed;
}

Status writeWholeFile(const std::string &path, std::span<const uint8_t> bytes, bool overwrite,
                      std::optional<FileMode> mode, FileMode atMost) {
  UWT_ASSIGN_OR_RETURN(AtomicFileWriter writer,
                       AtomicFileWriter::create(path, overwrite, mode, atMost));
  UWT_RETURN_IF_ERROR(writer.append(bytes));
  return writer.commit();
}

FileMode modeWithin(std::span<const std::string> paths) {
  FileMode mode = anyMode;
  auto restrict = [&](const std::string &path) {
    struct stat there;
    if (::stat(path.c_str(), &there) == 0 && S_ISREG(there.st_mode))
      mode &= permissionsOf(there) | 0600;
  };
  for (const std::string &path : paths) {
    if (!isFolder(path)) {
      restrict(path);
      continue;
    }
    auto tree = FileTree::read(path);
    // What cannot be looked at could be private.
    if (!tree)
      mode &= 0600;
    for (const TreeFile &file : tree ? tree->files : std::vector<TreeFile>())
      restrict(file.full);
  }
  return mode;
}

Expected<std::string> readTextFile(const std::string &path, uint64_t limit) {
  UWT_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  if (file.bytes().size() > limit)
    return invalidError(path + ": " + std::to_string(file.bytes().size()) +
                        " bytes, expected at most " + std::to_string(limit));
  std::string text(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
  UWT_RETURN_IF_ERROR(file.checkRead());
  return text;
}

} // namespace uwt
