//===- Parallel.h - A parallel loop -----------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A fixed pool of threads that runs one loop at a time. The order in which
// indices run is not defined, so callers write results by index: what they
// produce may not depend on the number of threads.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_PARALLEL_H
#define UWT_SUPPORT_PARALLEL_H

#include <cstdint>
#include <functional>
#include <memory>

namespace uwt {

class ThreadPool {
public:
  /// `threads` = 0 means one a processor; 1 runs everything on the caller.
  explicit ThreadPool(unsigned threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned size() const;

  /// Calls `body(i, worker)` for each i in [0, count), worker in [0, size()),
  /// and returns when all have ended. Not reentrant; one caller at a time.
  void parallelFor(uint64_t count, const std::function<void(uint64_t i, unsigned worker)> &body);

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace uwt

#endif // UWT_SUPPORT_PARALLEL_H
