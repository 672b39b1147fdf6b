//===- FileOperations.cpp - The system calls on files ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/FileOperations.h"
#include "FileStatus.h"
#include "ReadFaults.h"
#include "uwt/Container/File.h"
#include "uwt/Support/Temporaries.h"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace uwt {

static Error systemError(const std::string &path, const char *what) {
  return ioError(path + ": " + what + ": " + std::strerror(errno));
}

FileOperations::~FileOperations() = default;

Expected<int> FileOperations::openToRead(const std::string &path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return systemError(path, "cannot open");
  return descriptor;
}

Expected<const uint8_t *> FileOperations::map(int descriptor, size_t bytes,
                                              const std::string &path) {
  void *mapping = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (mapping == MAP_FAILED)
    return systemError(path, "cannot map");
  return static_cast<const uint8_t *>(mapping);
}

/// An exclusive lock on an open file, unless another process has one. File systems without
/// locks give other errors: there, one goes without.
static Status lock(int descriptor, const std::string &path) {
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return ioError(path + ": another process is writing this file; wait for it to end");
  return ok();
}

/// Removes the file that a killed process of this user has left at `path`. Anything else
/// that is there could have been put there by someone else, to be written to.
static Status removeLeftover(const std::string &path) {
  struct stat there;
  if (::lstat(path.c_str(), &there) != 0)
    return errno == ENOENT ? ok() : Status(systemError(path, "cannot look at"));
  if (!S_ISREG(there.st_mode) || there.st_uid != ::geteuid() || there.st_nlink != 1)
    return ioError(path + ": is in the way, and no file that an earlier run of yours has left: it "
                          "is a link or another user's; remove it");
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0)
    return errno == ENOENT ? ok() : Status(systemError(path, "cannot open"));
  Status status = lock(descriptor, path);
  if (status && isNameOf(path, descriptor) && ::unlink(path.c_str()) != 0)
    status = systemError(path, "cannot remove");
  ::close(descriptor);
  return status;
}

Expected<int> FileOperations::createLocked(const std::string &path, uint32_t mode) {
  while (true) {
    constexpr int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int descriptor = ::open(path.c_str(), flags, static_cast<mode_t>(mode));
    if (descriptor < 0 && errno == EEXIST) {
      UWT_RETURN_IF_ERROR(removeLeftover(path));
      continue;
    }
    if (descriptor < 0)
      return systemError(path, "cannot create");
    Status locked = lock(descriptor, path);
    if (locked && isNameOf(path, descriptor)) {
      rememberTemporary(path);
      return descriptor;
    }
    ::close(descriptor);
    if (!locked)
      return locked.takeError();
  }
}

Status FileOperations::setMode(int descriptor, uint32_t mode, const std::string &path) {
  if (::fchmod(descriptor, static_cast<mode_t>(mode)) == 0 || errno == EPERM || errno == ENOTSUP)
    return ok();
  return systemError(path, "cannot set the permissions");
}

Expected<int> FileOperations::createUnnamed(const std::string &folder) {
#ifdef O_TMPFILE
  int unnamed = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (unnamed >= 0)
    return unnamed;
#endif
  // Not every file system has files without a name: take one away.
  std::string name = folder + "/.scratch-XXXXXX" + std::string(partialSuffix);
  int descriptor = ::mkostemps(name.data(), static_cast<int>(partialSuffix.size()), O_CLOEXEC);
  if (descriptor < 0)
    return systemError(folder, "cannot create a temporary file");
  ::unlink(name.c_str());
  return descriptor;
}

Status FileOperations::write(int descriptor, std::span<const uint8_t> bytes, uint64_t offset,
                             const std::string &path) {
  while (!bytes.empty()) {
    ssize_t written = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR)
      continue;
    // Not this file is at fault: whoever has mapped the other one finds out.
    if (written < 0 && errno == EFAULT && serveReadFault(bytes.data()))
      continue;
    if (written < 0)
      return systemError(path, "cannot write");
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return ok();
}

Status FileOperations::truncate(int descriptor, uint64_t size, const std::string &path) {
  return ::ftruncate(descriptor, static_cast<off_t>(size)) == 0
             ? ok()
             : Status(systemError(path, "cannot shorten"));
}

Status FileOperations::sync(int descriptor, const std::string &path) {
  return ::fsync(descriptor) == 0 ? ok() : Status(systemError(path, "cannot flush to disk"));
}

Status FileOperations::close(int descriptor, const std::string &path) {
  return ::close(descriptor) == 0 ? ok() : Status(systemError(path, "cannot close"));
}

Status FileOperations::rename(const std::string &from, const std::string &to, bool overwrite) {
  if (overwrite) {
    if (std::rename(from.c_str(), to.c_str()) != 0)
      return systemError(to, "cannot put the new file in place");
    forgetTemporary(from);
    return ok();
  }
  // A link, unlike rename, never replaces what is there.
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    forgetTemporary(from);
    return ok();
  }
  if (errno == EEXIST)
    return usageError(to + ": exists already; use -f to overwrite it");
  // File systems without hard links.
  struct stat there;
  if (::lstat(to.c_str(), &there) == 0)
    return usageError(to + ": exists already; use -f to overwrite it");
  return rename(from, to, true);
}

Status FileOperations::remove(const std::string &path) {
  if (::unlink(path.c_str()) != 0)
    return systemError(path, "cannot remove");
  forgetTemporary(path);
  return ok();
}

Status FileOperations::makeFolder(const std::string &path, uint32_t mode) {
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0)
    return ok();
  Error error = systemError(path, "cannot make the folder");
  struct stat there;
  if (::stat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode))
    return ok();
  return error;
}

Status FileOperations::removeFolder(const std::string &path) {
  return ::rmdir(path.c_str()) == 0 ? ok() : Status(systemError(path, "cannot remove the folder"));
}

Status FileOperations::syncFolder(const std::string &path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return systemError(path, "cannot open the folder");
  int result = ::fsync(descriptor);
  // Some file systems cannot flush folders, and say EINVAL.
  Status status = result == 0 || errno == EINVAL
                      ? ok()
                      : Status(systemError(path, "cannot flush the folder to disk"));
  ::close(descriptor);
  return status;
}

Expected<int> FileOperations::lockFolder(const std::string &path, bool shared) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0)
    return systemError(path, "cannot open the folder");
  bool isHeld =
      ::flock(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (!isHeld)
    return descriptor;
  ::close(descriptor);
  return ioError(path + ": another process is writing this folder; wait for it to end");
}

Expected<bool> FileOperations::link(const std::string &from, const std::string &to) {
  if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0) == 0)
    return true;
  if (errno == EPERM || errno == EACCES || errno == EXDEV || errno == EMLINK ||
      errno == EOPNOTSUPP || errno == ENOSYS)
    return false;
  return systemError(to, "cannot link");
}

Expected<bool> FileOperations::exchange(const std::string &a, const std::string &b) {
#ifdef RENAME_EXCHANGE
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0)
    return true;
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
    return systemError(b, "cannot put the new folder in place");
#endif
  (void)a, (void)b;
  return false;
}

Status FileOperations::copyOwner(const std::string &from, const std::string &to) {
  struct stat there;
  if (::stat(from.c_str(), &there) != 0)
    return systemError(from, "cannot look at");
  // Before the mode, since a change of the owner takes bits of it away.
  bool isOwned = ::chown(to.c_str(), there.st_uid, there.st_gid) == 0;
  if (!isOwned && errno != EPERM && errno != EINVAL && errno != ENOTSUP)
    return systemError(to, "cannot set the owner");
  if (::chmod(to.c_str(), there.st_mode & 07777) != 0 && errno != EPERM && errno != ENOTSUP)
    return systemError(to, "cannot set the permissions");
  return ok();
}

static FileOperations *replacement = nullptr;

FileOperations &fileOperations() {
  static FileOperations real;
  return replacement ? *replacement : real;
}

void setFileOperationsForTesting(FileOperations *operations) { replacement = operations; }

} // namespace uwt
