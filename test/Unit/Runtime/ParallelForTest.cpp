//===- ParallelForTest.cpp - Loops of compiled code -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/Abi.h"
#include "uwt/Runtime/ThreadScope.h"
#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

using namespace uwt;

namespace {

/// Runs a loop and keeps what its ranges were.
struct Recorder {
  std::vector<std::atomic<int>> runs;
  std::atomic<int> ranges{0};
  std::mutex mutex;
  std::set<std::thread::id> threads;
  explicit Recorder(int64_t count) : runs(static_cast<size_t>(count)) {}

  static void body(void *context, int64_t begin, int64_t end) {
    auto *self = static_cast<Recorder *>(context);
    ++self->ranges;
    for (int64_t i = begin; i < end; ++i)
      ++self->runs[static_cast<size_t>(i)];
    std::lock_guard lock(self->mutex);
    self->threads.insert(std::this_thread::get_id());
  }
  void run() { uwt_parallel_for(body, this, static_cast<int64_t>(runs.size())); }
  bool once() const {
    return std::all_of(runs.begin(), runs.end(), [](const auto &count) { return count == 1; });
  }
};

TEST(ParallelForTest, RunsOnTheCallerWithoutAScope) {
  Recorder loop(100);
  loop.run();
  EXPECT_TRUE(loop.once());
  EXPECT_EQ(loop.ranges, 1);
  EXPECT_EQ(loop.threads, std::set{std::this_thread::get_id()});
}

TEST(ParallelForTest, EmptyLoopsCallNothing) {
  ThreadPool pool(2);
  ThreadScope scope(&pool);
  Recorder loop(0);
  loop.run();
  uwt_parallel_for(Recorder::body, &loop, -1);
  EXPECT_EQ(loop.ranges, 0);
}

TEST(ParallelForTest, SharesRangesInsideAScope) {
  ThreadPool pool(2);
  ThreadScope scope(&pool);
  Recorder loop(1000);
  loop.run();
  EXPECT_TRUE(loop.once());
  EXPECT_GT(loop.ranges, 4);
}

TEST(ParallelForTest, ScopesNestAndEnd) {
  ThreadPool pool(2);
  ThreadScope outer(&pool);
  {
    ThreadScope inner(nullptr);
    Recorder alone(50);
    alone.run();
    EXPECT_EQ(alone.ranges, 1);
  }
  Recorder shared(50);
  shared.run();
  EXPECT_GT(shared.ranges, 1);
}

TEST(ParallelForTest, LoopsInsideLoopsRunWhereTheyAre) {
  ThreadPool pool(3);
  ThreadScope scope(&pool);
  struct Outer {
    std::atomic<int> covered{0}, ranges{0};
  } outer;
  uwt_parallel_for(
      [](void *context, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          Recorder inner(16);
          inner.run();
          auto *self = static_cast<Outer *>(context);
          self->covered += inner.once();
          self->ranges += inner.ranges;
        }
      },
      &outer, 40);
  EXPECT_EQ(outer.covered, 40);
  EXPECT_EQ(outer.ranges, 40);
  Recorder after(50);
  after.run();
  EXPECT_GT(after.ranges, 1) << "the scope lives on after a loop";
}

} // namespace
