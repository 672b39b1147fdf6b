//===- ParallelTest.cpp - ThreadPool --------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Parallel.h"
#include <atomic>
#include <gtest/gtest.h>
#include <vector>

using namespace uwt;

namespace {

TEST(ThreadPoolTest, RunsEachIndexOnce) {
  for (unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
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

TEST(ThreadPoolTest, WorkersNeverShareANumber) {
  ThreadPool pool(4);
  std::vector<std::atomic<int>> inside(pool.size());
  std::atomic<int> collisions{0};
  pool.parallelFor(2000, [&](uint64_t, unsigned worker) {
    collisions += inside[worker].fetch_add(1) != 0;
    inside[worker].fetch_sub(1);
  });
  EXPECT_EQ(collisions, 0);
}

TEST(ThreadPoolTest, RunsLoopAfterLoop) {
  ThreadPool pool(3);
  std::atomic<uint64_t> sum{0};
  for (uint64_t count = 0; count < 200; ++count)
    pool.parallelFor(count, [&](uint64_t i, unsigned) { sum += i + 1; });
  EXPECT_EQ(sum, uint64_t(199) * 200 * 201 / 6);
}

} // namespace
