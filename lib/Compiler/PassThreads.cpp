//===- PassThreads.cpp - A pool's threads for MLIR's passes ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/PassThreads.h"

using namespace uwt;

void PassThreads::asyncEnqueue(Task task, llvm::ThreadPoolTaskGroup *group) {
  std::lock_guard lock(mutex);
  tasks[group].push_back(std::move(task));
}

void PassThreads::run(llvm::ThreadPoolTaskGroup *group) {
  std::vector<Task> taken;
  {
    std::lock_guard lock(mutex);
    taken.swap(tasks[group]);
    tasks.erase(group);
  }
  pool.parallelFor(taken.size(), [&](uint64_t i, unsigned) { taken[i](); });
}
