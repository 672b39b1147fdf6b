//===- FileStatus.h - What the system says of a file ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_FILESTATUS_H
#define UWT_LIB_CONTAINER_FILESTATUS_H

#include "uwt/Container/File.h"
#include <string>
#include <sys/stat.h>

namespace uwt {

inline FileIdentity identityOf(const struct stat &status) {
  return {status.st_dev,         status.st_ino,          static_cast<uint64_t>(status.st_size),
          status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
          status.st_ctim.tv_nsec};
}

/// Whether `path` still stands for the open file, which another process may have renamed, removed
/// or replaced.
inline bool isNameOf(const std::string &path, int descriptor) {
  struct stat opened, named;
  return ::fstat(descriptor, &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

inline FileMode permissionsOf(const struct stat &status) { return status.st_mode & 0777; }

} // namespace uwt

#endif // UWT_LIB_CONTAINER_FILESTATUS_H
