//===- CodeFolder.cpp - Compiled code, kept in files ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A file is a line with the format's name, a line with the SHA-256 of key and object, and the
// object. Its time of change is when it was used last.
//
//===----------------------------------------------------------------------===//

#include "CodeFolder.h"
#include "uwt/Container/File.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace fs = std::filesystem;

namespace uwt {

static constexpr size_t digestLength = 64;
/// No object is larger.
static constexpr uint64_t largestFile = uint64_t(1) << 32;

static std::string digestOf(std::string_view key, std::string_view object) {
  Sha256Stream digest;
  for (std::string_view part : {key, object})
    digest.update({reinterpret_cast<const uint8_t *>(part.data()), part.size()});
  return digest.hexDigest();
}

/// Whether only this user can have written what `status` is of.
static bool isOurs(const struct stat &status) {
  return status.st_uid == ::geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

Expected<CodeFolder> CodeFolder::open(const std::string &path, const std::string &kind) {
  std::error_code error;
  fs::path folder(path);
  if (folder.has_parent_path())
    fs::create_directories(folder.parent_path(), error);
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    return ioError(path + ": cannot be made: " + std::generic_category().message(errno));
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    return ioError(path + ": is no folder");
  if (!isOurs(status))
    return usageError(path + ": others may write to this folder, and programs in it are run: take "
                             "one of your own");
  return CodeFolder(path, kind);
}

std::string CodeFolder::fileOf(std::string_view key) const {
  return (fs::path(path) / key).string() + suffix;
}

namespace {
/// A descriptor that is closed.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0)
      ::close(number);
  }
};
} // namespace

/// The bytes of a file that only this user can have written.
static std::optional<std::string> readOwn(const std::string &file) {
  Descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  struct stat status{};
  if (opened.number < 0 || ::fstat(opened.number, &status) != 0 || !S_ISREG(status.st_mode) ||
      !isOurs(status) || static_cast<uint64_t>(status.st_size) > largestFile)
    return std::nullopt;
  // Read, not mapped: a file that is cut short meanwhile is only damaged.
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  for (size_t at = 0; at < bytes.size();) {
    ssize_t count = ::read(opened.number, bytes.data() + at, bytes.size() - at);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return std::nullopt;
    at += static_cast<size_t>(count);
  }
  ::futimens(opened.number, nullptr);
  return bytes;
}

std::optional<std::string> CodeFolder::load(std::string_view key) const {
  size_t headerLength = firstLine.size() + digestLength + 1;
  std::optional<std::string> bytes = readOwn(fileOf(key));
  if (!bytes || bytes->size() < headerLength || !bytes->starts_with(firstLine))
    return std::nullopt;
  std::string_view object = std::string_view(*bytes).substr(headerLength);
  if (bytes->compare(firstLine.size(), digestLength, digestOf(key, object)) != 0)
    return std::nullopt;
  bytes->erase(0, headerLength);
  return bytes;
}

Status CodeFolder::store(std::string_view key, std::string_view object, uint64_t limit) const {
  if (object.size() > limit)
    return ok();
  FileMode mode = S_IRUSR | S_IWUSR;
  UWT_ASSIGN_OR_RETURN(auto file, AtomicFileWriter::create(fileOf(key), /*overwrite=*/true, mode));
  std::string header = firstLine + digestOf(key, object) + "\n";
  for (std::string_view part : {std::string_view(header), object})
    UWT_RETURN_IF_ERROR(file.append({reinterpret_cast<const uint8_t *>(part.data()), part.size()}));
  UWT_RETURN_IF_ERROR(file.commit());
  evict(limit);
  return ok();
}

void CodeFolder::evict(uint64_t limit) const {
  struct Kept {
    fs::file_time_type time;
    uint64_t bytes;
    fs::path file;
  };
  std::vector<Kept> files;
  uint64_t sum = 0;
  std::error_code ignored;
  for (fs::directory_iterator entry(path, ignored), end; entry != end; entry.increment(ignored)) {
    if (!entry->path().native().ends_with(suffix))
      continue;
    // What another process has just removed counts for nothing.
    uint64_t bytes = entry->file_size(ignored);
    if (ignored)
      continue;
    files.push_back({entry->last_write_time(ignored), bytes, entry->path()});
    sum += bytes;
  }
  std::ranges::sort(files, {}, &Kept::time);
  for (const Kept &kept : files) {
    if (sum <= limit)
      return;
    fs::remove(kept.file, ignored);
    sum -= kept.bytes;
  }
}

} // namespace uwt
