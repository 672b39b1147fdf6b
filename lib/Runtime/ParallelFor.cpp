//===- ParallelFor.cpp - Loops of compiled code ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/Abi.h"
#include "uwt/Runtime/ThreadScope.h"
#include <utility>

using namespace uwt;

/// The pool of the scope on this thread. Null inside a loop, so that loops in loops run alone:
/// on the pool's own threads there is no scope, and the caller's is put aside.
static thread_local ThreadPool *currentPool = nullptr;

ThreadScope::ThreadScope(ThreadPool *pool) : previous(std::exchange(currentPool, pool)) {}
ThreadScope::~ThreadScope() { currentPool = previous; }

namespace {
struct Loop {
  void (*body)(void *, int64_t, int64_t);
  void *context;
};
} // namespace

extern "C" void uwt_parallel_for(void (*body)(void *, int64_t, int64_t), void *context,
                                 int64_t count) {
  if (count <= 0)
    return;
  if (!currentPool || count == 1)
    return body(context, 0, count);
  ThreadPool *pool = std::exchange(currentPool, nullptr);
  Loop loop{body, context};
  pool->parallelRanges(
      static_cast<uint64_t>(count),
      [](void *all, uint64_t begin, uint64_t end, unsigned) {
        const auto *run = static_cast<const Loop *>(all);
        run->body(run->context, static_cast<int64_t>(begin), static_cast<int64_t>(end));
      },
      &loop);
  currentPool = pool;
}
