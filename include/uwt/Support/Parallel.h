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
// Loops of some microseconds are its common case: a worker that has nothing to do
// watches for the next loop for a while before it sleeps, a loop never waits for workers
// that have not joined it, and it allocates nothing.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_PARALLEL_H
#define UWT_SUPPORT_PARALLEL_H

#include <cstdint>
#include <functional>
#include <memory>

namespace uwt {

/// Runs `body(context)` on `threads` threads at once, the caller's among them, and returns when all
/// have: threads of somebody else, as GOMP_parallel of OpenMP's runtime gives them, whose type this
/// is. It may take fewer. `flags` are 0.
using ThreadTeam = void (*)(void (*body)(void *context), void *context, unsigned threads,
                            unsigned flags);

class ThreadPool {
public:
  /// `threads` = 0 means one a processor; 1 runs everything on the caller. With a team, loops run
  /// on that, and the pool has no threads of its own: where a program has other threads that wait
  /// for work as these do, the two would take processors from each other.
  explicit ThreadPool(unsigned threads = 0, ThreadTeam team = nullptr);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned size() const;

  /// Calls `body(i, worker)` for each i in [0, count), worker in [0, size()),
  /// and returns when all have ended. While the pool runs another loop (of another thread, or the
  /// one that this call is made from), the caller runs this one alone, as worker 0. Where a body
  /// throws std::bad_alloc, calls that have not begun are left out, and this one throws it; bodies
  /// throw nothing else.
  void parallelFor(uint64_t count, const std::function<void(uint64_t i, unsigned worker)> &body);

  /// The same for ranges that cover [0, count) once; none is empty. They begin large and
  /// get shorter, so that all threads end at about the same time.
  using RangeBody = void (*)(void *context, uint64_t begin, uint64_t end, unsigned worker);
  void parallelRanges(uint64_t count, RangeBody body, void *context);

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace uwt

#endif // UWT_SUPPORT_PARALLEL_H
