//===- ParallelTest.cpp - ThreadPool --------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Parallel.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <new>
#include <thread>
#include <vector>

using namespace uwt;

namespace {

/// As OpenMP's runtime, on threads of its own.
void runOnThreads(void (*body)(void *), void *context, unsigned threads, unsigned) {
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i)
    others.emplace_back(body, context);
  body(context);
  for (std::thread &other : others)
    other.join();
}

/// Takes fewer than it could have.
void runOnCaller(void (*body)(void *), void *context, unsigned, unsigned) { body(context); }

/// On threads of its own, and on teams.
class ThreadPoolTest : public testing::TestWithParam<ThreadTeam> {};
INSTANTIATE_TEST_SUITE_P(Teams, ThreadPoolTest, testing::Values(nullptr, runOnThreads, runOnCaller),
                         [](const auto &info) {
                           return std::string(info.index == 0   ? "None"
                                              : info.index == 1 ? "Threads"
                                                                : "Caller");
                         });

TEST_P(ThreadPoolTest, RunsEachIndexOnce) {
  for (unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads, GetParam());
    ASSERT_EQ(pool.size(), threads);
    std::vector<std::atomic<int>> runs(1000);
    std::atomic<int> foreignWorkers{0};
    pool.parallelFor(runs.size(), [&](uint64_t i, unsigned worker) {
      ++runs[i];
      foreignWorkers += worker >= threads;
    });
    for (const std::atomic<int> &count : runs)
      EXPECT_EQ(count, 1);
    EXPECT_EQ(foreignWorkers, 0);
  }
}

TEST_P(ThreadPoolTest, WorkersNeverShareANumber) {
  ThreadPool pool(4, GetParam());
  std::vector<std::atomic<int>> inside(pool.size());
  std::atomic<int> collisions{0};
  pool.parallelFor(2000, [&](uint64_t, unsigned worker) {
    collisions += inside[worker].fetch_add(1) != 0;
    inside[worker].fetch_sub(1);
  });
  EXPECT_EQ(collisions, 0);
}

TEST_P(ThreadPoolTest, RunsLoopAfterLoop) {
  ThreadPool pool(3, GetParam());
  std::atomic<uint64_t> sum{0};
  for (uint64_t count = 0; count < 200; ++count)
    pool.parallelFor(count, [&](uint64_t i, unsigned) { sum += i + 1; });
  EXPECT_EQ(sum, uint64_t(199) * 200 * 201 / 6);
}

/// How often each index was inside a range, and the ranges.
struct Covered {
  std::vector<std::atomic<int>> runs;
  std::atomic<int> ranges{0}, emptyRanges{0};
  explicit Covered(size_t count) : runs(count) {}

  static void run(void *context, uint64_t begin, uint64_t end, unsigned) {
    auto *self = static_cast<Covered *>(context);
    ++self->ranges;
    self->emptyRanges += begin >= end;
    for (uint64_t i = begin; i < end; ++i)
      ++self->runs[i];
  }
  bool once() const {
    return std::all_of(runs.begin(), runs.end(), [](const auto &count) { return count == 1; });
  }
};

TEST_P(ThreadPoolTest, RangesCoverEachIndexOnce) {
  for (unsigned threads : {1u, 2u, 7u})
    for (uint64_t count : {0u, 1u, 2u, 13u, 1000u}) {
      ThreadPool pool(threads, GetParam());
      Covered covered(count);
      pool.parallelRanges(count, Covered::run, &covered);
      EXPECT_TRUE(covered.once()) << threads << " threads, " << count;
      EXPECT_EQ(covered.emptyRanges, 0);
    }
}

TEST_P(ThreadPoolTest, ShortRangesLast) {
  ThreadPool pool(2, GetParam());
  Covered covered(1000);
  pool.parallelRanges(1000, Covered::run, &covered);
  // One range a thread would leave threads waiting; one an index is needlessly many.
  EXPECT_GT(covered.ranges, 4);
  EXPECT_LT(covered.ranges, 200);
}

TEST_P(ThreadPoolTest, ALoopInsideALoopRunsOnItsThread) {
  ThreadPool pool(3, GetParam());
  std::atomic<int> inner{0}, strangers{0};
  pool.parallelFor(20, [&](uint64_t, unsigned) {
    std::thread::id self = std::this_thread::get_id();
    pool.parallelFor(10, [&](uint64_t, unsigned worker) {
      ++inner;
      strangers += worker != 0 || std::this_thread::get_id() != self;
    });
  });
  EXPECT_EQ(inner, 200);
  EXPECT_EQ(strangers, 0);
}

TEST_P(ThreadPoolTest, SeveralThreadsMayShareAPool) {
  ThreadPool pool(2, GetParam());
  std::atomic<uint64_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([&] {
      for (int loop = 0; loop < 200; ++loop)
        pool.parallelFor(8, [&](uint64_t i, unsigned) { sum += i; });
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(sum, 3u * 200 * 28);
}

/// Workers that watch, workers that sleep, and more threads than processors all join.
TEST_P(ThreadPoolTest, LoopsAfterPausesFinish) {
  for (unsigned threads : {2u, 16u}) {
    ThreadPool pool(threads, GetParam());
    std::atomic<uint64_t> sum{0};
    for (int loop = 0; loop < 60; ++loop) {
      if (loop % 3 == 0)
        std::this_thread::sleep_for(std::chrono::microseconds(100 * (loop % 7)));
      pool.parallelFor(32, [&](uint64_t i, unsigned) { sum += i; });
    }
    EXPECT_EQ(sum, 60u * 496);
  }
}

TEST_P(ThreadPoolTest, MemoryThatIsOutReachesTheCaller) {
  for (unsigned threads : {1u, 3u}) {
    ThreadPool pool(threads, GetParam());
    for (uint64_t failing : {0, 7, 99})
      EXPECT_THROW(pool.parallelFor(100,
                                    [&](uint64_t i, unsigned) {
                                      if (i == failing)
                                        throw std::bad_alloc();
                                    }),
                   std::bad_alloc);
    std::atomic<uint64_t> sum{0};
    pool.parallelFor(32, [&](uint64_t i, unsigned) { sum += i; });
    EXPECT_EQ(sum, 496u);
  }
}

} // namespace
