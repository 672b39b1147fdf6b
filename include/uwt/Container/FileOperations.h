//===- FileOperations.h - The system calls on files -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every change that this library makes to a file system, and every file that it opens or maps, goes
// through one object of this interface, so that tests can make the n-th step fail, or end the
// process there. What is read is read from mappings (ReadFaults.h).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_FILEOPERATIONS_H
#define UWT_CONTAINER_FILEOPERATIONS_H

#include "uwt/Support/Error.h"
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace uwt {

/// Operations on a file system. The base class is the real one; tests override
/// what shall fail. All errors are ErrorKind::IO with the path in front.
/// Thread-safe where descriptors differ.
class FileOperations {
public:
  virtual ~FileOperations();

  /// Opens a file for reading, following links. Does not wait for the writer of a pipe.
  virtual Expected<int> openToRead(const std::string &path);
  /// Maps the first `bytes` of an open file, at least one, for reading.
  virtual Expected<const uint8_t *> map(int descriptor, size_t bytes, const std::string &path);

  /// Makes the file `path` with the permission bits `mode`, less the umask, and takes an
  /// exclusive lock on it. What a killed process of this user has left there is removed
  /// first; nothing that exists is ever written to. Fails where another process holds
  /// the lock, and where `path` is anything else than such a file: a link, a file of another
  /// user, a file with a second name.
  virtual Expected<int> createLocked(const std::string &path, uint32_t mode);
  /// Gives an open file these permission bits; file systems without any keep theirs.
  virtual Status setMode(int descriptor, uint32_t mode, const std::string &path);
  /// Opens a file without a name in `folder`, for reading and writing.
  virtual Expected<int> createUnnamed(const std::string &folder);
  /// Writes all of `bytes` at `offset`. `path` is for messages.
  virtual Status write(int descriptor, std::span<const uint8_t> bytes, uint64_t offset,
                       const std::string &path);
  /// Cuts the file off at `size`.
  virtual Status truncate(int descriptor, uint64_t size, const std::string &path);
  virtual Status sync(int descriptor, const std::string &path);
  virtual Status close(int descriptor, const std::string &path);
  /// Gives `from` the name `to`, in one step. Without `overwrite`, an existing
  /// `to` is an error and stays.
  virtual Status rename(const std::string &from, const std::string &to, bool overwrite);
  virtual Status remove(const std::string &path);
  /// Makes a folder with the permission bits `mode`, less the umask; its parent must exist. An
  /// existing folder is a success and keeps its own.
  virtual Status makeFolder(const std::string &path, uint32_t mode);
  /// Removes an empty folder.
  virtual Status removeFolder(const std::string &path);
  virtual Status syncFolder(const std::string &path);

  /// Opens a folder and locks it: alone, or shared with all who ask for that. Fails if another
  /// process holds a lock that excludes this one. File systems without locks go without.
  virtual Expected<int> lockFolder(const std::string &path, bool shared);
  /// Gives a file a second name. Links are not followed. False if the file system, or the file's
  /// owner, does not allow that.
  virtual Expected<bool> link(const std::string &from, const std::string &to);
  /// Exchanges two names in one step. False if the file system cannot.
  virtual Expected<bool> exchange(const std::string &a, const std::string &b);
  /// Gives the folder `to` the permissions and, as far as allowed, the owner and group of `from`.
  virtual Status copyOwner(const std::string &from, const std::string &to);
};

/// The operations in use in this process.
FileOperations &fileOperations();

/// Replaces them, for tests only: nullptr brings the real ones back. Not
/// thread-safe; call it while nothing is being written.
void setFileOperationsForTesting(FileOperations *operations);

} // namespace uwt

#endif // UWT_CONTAINER_FILEOPERATIONS_H
