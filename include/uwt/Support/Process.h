//===- Process.h - What a program sets up for itself ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_PROCESS_H
#define UWT_SUPPORT_PROCESS_H

namespace uwt {

/// For the start of a main function, before any file is opened. Of the descriptors 0 to 2, those
/// that are closed are taken, so that no file gets such a number and then all messages: reading and
/// writing them fails as it would have. Writing past the limit of file sizes (RLIMIT_FSIZE)
/// becomes an error of the write, and no signal.
void prepareProcess();

} // namespace uwt

#endif // UWT_SUPPORT_PROCESS_H
