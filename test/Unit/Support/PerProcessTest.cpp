//===- PerProcessTest.cpp - State that a fork does not break --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/PerProcess.h"
#include <gtest/gtest.h>
#include <mutex>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <vector>

using namespace uwt;

namespace {

struct Counted {
  std::mutex mutex;
  int value = 0;
};

TEST(PerProcess, IsOneObjectForAllThreads) {
  for (int turn = 0; turn < 200; ++turn) {
    PerProcess<Counted> state;
    std::vector<Counted *> found(4);
    std::vector<std::thread> threads;
    for (Counted *&each : found)
      threads.emplace_back([&state, &each] { each = &state.get(); });
    for (std::thread &thread : threads)
      thread.join();
    EXPECT_EQ(std::set<Counted *>(found.begin(), found.end()).size(), 1u);
  }
}

TEST(PerProcess, AForkedProcessHasItsOwn) {
  PerProcess<Counted> state;
  state.get().value = 7;
  // As a thread holds it that the other process does not have.
  std::unique_lock lock(state.get().mutex);
  pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    Counted &own = state.get();
    std::lock_guard ownLock(own.mutex);
    bool isNew = own.value == 0;
    own.value = 8;
    ::_exit(isNew && &state.get() == &own ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(state.get().value, 7);
}

} // namespace
