//===- Process.cpp - What a program sets up for itself --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Process.h"
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <initializer_list>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

/// Memory that is freed stays with the process: the next tensor's tables take its place, where new
/// pages would have to be cleared.
static void keepFreedMemory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

void uwt::prepareProcess() {
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF)
      continue;
    // Opened the wrong way round: what fails on a closed descriptor fails on this one. All below
    // are open, so this is the lowest free number.
    int access = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", access) != descriptor)
      _exit(126);
  }
  ::signal(SIGXFSZ, SIG_IGN);
  keepFreedMemory();
}
