//===- ThreadScope.h - On which threads compiled code runs ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled code calls uwt_parallel_for without saying on which threads. Whoever
// calls compiled code says so for the time of the call, for its own thread.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_RUNTIME_THREADSCOPE_H
#define UWT_RUNTIME_THREADSCOPE_H

#include "uwt/Support/Parallel.h"

namespace uwt {

/// While it lives, uwt_parallel_for on this thread runs its loops on `pool`; with nullptr, and
/// where no scope lives, on the caller alone. Scopes nest. A pool may be shared by several
/// threads: one that finds it at work runs its loop alone.
class ThreadScope {
public:
  explicit ThreadScope(ThreadPool *pool);
  ~ThreadScope();
  ThreadScope(const ThreadScope &) = delete;
  ThreadScope &operator=(const ThreadScope &) = delete;

private:
  ThreadPool *previous;
};

} // namespace uwt

#endif // UWT_RUNTIME_THREADSCOPE_H
