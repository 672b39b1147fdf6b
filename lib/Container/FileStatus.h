//===- FileStatus.h - What the system says of a file ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_FILESTATUS_H
#define UWT_LIB_CONTAINER_FILESTATUS_H

#include "uwt/Container/File.h"
#include <sys/stat.h>

namespace uwt {

inline FileIdentity identityOf(const struct stat &status) {
  return {status.st_dev, status.st_ino, static_cast<uint64_t>(status.st_size),
          status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

inline FileMode permissionsOf(const struct stat &status) { return status.st_mode & 0777; }

} // namespace uwt

#endif // UWT_LIB_CONTAINER_FILESTATUS_H
