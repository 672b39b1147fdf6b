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

#include "uwt/Container/File.h"
#include "uwt/Container/FileOperations.h"
#include <cassert>
#include <filesystem>
#include <sys/stat.h>
#include <utility>

namespace uwt {

static std::string folderOf(const std::string &path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

AtomicFileWriter::AtomicFileWriter(AtomicFileWriter &&other) noexcept
    : target(std::move(other.target)), temporary(std::move(other.temporary)),
      descriptor(std::exchange(other.descriptor, -1)), overwrite(other.overwrite), end(other.end) {}

AtomicFileWriter &AtomicFileWriter::operator=(AtomicFileWriter &&other) noexcept {
  if (this == &other)
    return *this;
  discard();
  target = std::move(other.target);
  temporary = std::move(other.temporary);
  descriptor = std::exchange(other.descriptor, -1);
  overwrite = other.overwrite;
  end = other.end;
  return *this;
}

AtomicFileWriter::~AtomicFileWriter() { discard(); }

void AtomicFileWriter::discard() {
  if (descriptor < 0)
    return;
  // Removed before the lock ends, so that no other process's file is removed. Nothing
  // can be done about a failure: the next run takes the file over.
  (void)static_cast<bool>(fileOperations().remove(temporary));
  (void)static_cast<bool>(fileOperations().close(descriptor, temporary));
  descriptor = -1;
}

Expected<AtomicFileWriter> AtomicFileWriter::create(const std::string &target, bool overwrite) {
  std::filesystem::path path(target);
  if (path.filename().empty())
    return usageError(target + ": not the name of a file");
  struct stat there;
  if (::lstat(target.c_str(), &there) == 0) {
    if (S_ISDIR(there.st_mode))
      return usageError(target + ": is a folder; give the name of a file");
    if (!overwrite)
      return usageError(target + ": exists already; use -f to overwrite it");
  }
  std::string temporary =
      folderOf(target) + "/." + path.filename().string() + std::string(partialSuffix);
  UWT_ASSIGN_OR_RETURN(int descriptor, fileOperations().createLocked(temporary));
  return AtomicFileWriter(target, std::move(temporary), descriptor, overwrite);
}

Status AtomicFileWriter::append(std::span<const uint8_t> bytes) { return writeAt(end, bytes); }

Status AtomicFileWriter::writeAt(uint64_t offset, std::span<const uint8_t> bytes) {
  assert(descriptor >= 0 && "written after commit");
  if (bytes.empty())
    return success();
  UWT_RETURN_IF_ERROR(fileOperations().write(descriptor, bytes, offset, target));
  end = std::max<uint64_t>(end, offset + bytes.size());
  return success();
}

Status AtomicFileWriter::rewindTo(uint64_t offset) {
  UWT_RETURN_IF_ERROR(fileOperations().truncate(descriptor, offset, target));
  end = offset;
  return success();
}

Status AtomicFileWriter::commit() {
  FileOperations &operations = fileOperations();
  UWT_RETURN_IF_ERROR(operations.sync(descriptor, target));
  UWT_RETURN_IF_ERROR(operations.rename(temporary, target, overwrite));
  // The temporary name is gone: from here on there is nothing to discard.
  int committed = std::exchange(descriptor, -1);
  Status closed = operations.close(committed, target);
  UWT_RETURN_IF_ERROR(operations.syncFolder(folderOf(target)));
  return closed;
}

Status writeWholeFile(const std::string &path, std::span<const uint8_t> bytes, bool overwrite) {
  UWT_ASSIGN_OR_RETURN(AtomicFileWriter writer, AtomicFileWriter::create(path, overwrite));
  UWT_RETURN_IF_ERROR(writer.append(bytes));
  return writer.commit();
}

Expected<std::string> readTextFile(const std::string &path, uint64_t limit) {
  UWT_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  if (file.bytes().size() > limit)
    return invalidError(path + ": " + std::to_string(file.bytes().size()) +
                        " bytes, expected at most " + std::to_string(limit));
  return std::string(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
}

} // namespace uwt
