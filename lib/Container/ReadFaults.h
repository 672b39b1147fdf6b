//===- ReadFaults.h - Mapped files that cannot be read ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading a mapped page that its file no longer has, or that the disk does not give, raises SIGBUS.
// A handler puts zeros in its place and marks the mapping; whoever has read it looks at the mark
// before the result leaves the library (MappedFile::checkRead). systemd's journal reads its
// files this way. A system call that reads such a page fails with EFAULT, without a signal.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_READFAULTS_H
#define UWT_LIB_CONTAINER_READFAULTS_H

#include <cstdint>
#include <span>

namespace uwt {

/// Adds a mapping to those that the handler serves; installs it the first time, unless
/// catchReadFaults(false) was called (File.h). Thread-safe, as those below.
void watchReads(std::span<const uint8_t> mapping);
/// To be called before the mapping ends.
void endWatch(std::span<const uint8_t> mapping);
/// Whether reading the mapping that `address` lies in has failed since it was added.
bool hasReadFault(const uint8_t *address);
/// Does what the handler does for a system call that could not read at `address`. False where no
/// mapping is there.
bool serveReadFault(const uint8_t *address);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_READFAULTS_H
