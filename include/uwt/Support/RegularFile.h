//===- RegularFile.h - Small files, read whole ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_REGULARFILE_H
#define UWT_SUPPORT_REGULARFILE_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <string>

namespace uwt {

/// Reads a regular file of at most `limit` bytes. Opening waits for nobody: a FIFO, a device, a
/// socket or a folder is an error at once. Errors: Io; Invalid (a file that is larger).
Expected<std::string> readRegularFile(const std::string &path, uint64_t limit);

/// Reads the first `bytes` bytes of a regular file, or all of a shorter one. Errors: Io.
Expected<std::string> readBegin(const std::string &path, uint64_t bytes);

} // namespace uwt

#endif // UWT_SUPPORT_REGULARFILE_H
