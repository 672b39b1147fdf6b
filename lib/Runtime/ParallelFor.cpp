//===- ParallelFor.cpp - Loops of compiled code ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/Abi.h"
#include "uwt/Runtime/Call.h"
#include "uwt/Runtime/ThreadScope.h"
#include <atomic>
#include <optional>
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
  std::atomic<bool> hasFailed{false};
  /// Of the range that failed first.
  std::optional<Error> error;
};

struct Range {
  const Loop *loop;
  int64_t begin, end;
};
} // namespace

/// A range is a call of its own: between it and the call that the loop is part of lie the pool's
/// frames, or it runs on another thread.
static void runRange(void *all, uint64_t begin, uint64_t end, unsigned) {
  auto *loop = static_cast<Loop *>(all);
  if (loop->hasFailed.load(std::memory_order_relaxed))
    return;
  Range range{loop, static_cast<int64_t>(begin), static_cast<int64_t>(end)};
  Status status = callCompiled(
      [](void *context) {
        const auto *range = static_cast<const Range *>(context);
        range->loop->body(range->loop->context, range->begin, range->end);
      },
      &range);
  if (!status && !loop->hasFailed.exchange(true))
    loop->error = status.takeError();
}

/// Whether all ranges ended well; else the call's error is set.
static bool runOnPool(ThreadPool &pool, void (*body)(void *, int64_t, int64_t), void *context,
                      int64_t count) {
  Loop loop{body, context, false, std::nullopt};
  pool.parallelRanges(static_cast<uint64_t>(count), runRange, &loop);
  if (!loop.error)
    return true;
  setCallError(*std::move(loop.error));
  return false;
}

extern "C" void uwt_parallel_for(void (*body)(void *, int64_t, int64_t), void *context,
                                 int64_t count) {
  if (count <= 0)
    return;
  if (!currentPool || count == 1)
    return body(context, 0, count);
  ThreadPool *pool = std::exchange(currentPool, nullptr);
  bool isDone = runOnPool(*pool, body, context, count);
  currentPool = pool;
  if (!isDone)
    leaveCall();
}
