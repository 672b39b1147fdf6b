//===- PassThreads.h - A pool's threads for MLIR's passes -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_PASSTHREADS_H
#define UWT_COMPILER_PASSTHREADS_H

#include "uwt/Support/Parallel.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/ThreadPool.h"
#include <mutex>
#include <vector>

namespace uwt {

/// Lets an MLIRContext run passes over functions on the threads of a ThreadPool:
///
///   PassThreads threads(pool);
///   std::unique_ptr<mlir::MLIRContext> context = makeContext();
///   context->setThreadPool(threads);
///
/// Tasks begin when somebody waits for their group, or for those without one. The pool outlives it,
/// and it outlives the context. Thread-safe.
class PassThreads : public llvm::ThreadPoolInterface {
public:
  explicit PassThreads(ThreadPool &pool) : pool(pool) {}

  void wait() override { run(nullptr); }
  void wait(llvm::ThreadPoolTaskGroup &group) override { run(&group); }
  unsigned getMaxConcurrency() const override { return pool.size(); }

private:
  using Task = llvm::unique_function<void()>;

  void asyncEnqueue(Task task, llvm::ThreadPoolTaskGroup *group) override;
  void run(llvm::ThreadPoolTaskGroup *group);

  ThreadPool &pool;
  std::mutex mutex;
  llvm::DenseMap<llvm::ThreadPoolTaskGroup *, std::vector<Task>> tasks;
};

} // namespace uwt

#endif // UWT_COMPILER_PASSTHREADS_H
