//===- PassThreadsTest.cpp - Tests of PassThreads -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/PassThreads.h"
#include "mlir/IR/Threading.h"
#include "uwt/Compiler/Compile.h"
#include <atomic>
#include <gtest/gtest.h>

using namespace uwt;

TEST(PassThreadsTest, AGroupIsWaitedForAlone) {
  ThreadPool pool(3);
  PassThreads threads(pool);
  EXPECT_EQ(threads.getMaxConcurrency(), 3u);
  std::atomic<int> first = 0, second = 0, none = 0;
  {
    llvm::ThreadPoolTaskGroup a(threads), b(threads);
    for (int i = 0; i < 10; ++i) {
      a.async([&] { ++first; });
      b.async([&] { ++second; });
    }
    threads.async([&] { ++none; });
    a.wait();
    EXPECT_EQ(first, 10);
    EXPECT_EQ(second, 0);
    b.wait();
    EXPECT_EQ(second, 10);
    EXPECT_EQ(none, 0);
    a.async([&] { ++first; });
  }
  EXPECT_EQ(first, 11);
  threads.wait();
  EXPECT_EQ(none, 1);
}

// A task that waits for tasks of its own ends, as do those of other threads meanwhile.
TEST(PassThreadsTest, TasksMayHaveTasks) {
  ThreadPool pool(3);
  PassThreads threads(pool);
  auto context = makeContext();
  context->setThreadPool(threads);
  std::atomic<int> count = 0;
  mlir::parallelFor(context.get(), 0, 20, [&](size_t) {
    mlir::parallelFor(context.get(), 0, 20, [&](size_t) { ++count; });
  });
  EXPECT_EQ(count, 400);
}

// What passes over functions report comes in the order of the functions.
TEST(PassThreadsTest, RemarksComeInOrder) {
  ThreadPool pool(3);
  PassThreads threads(pool);
  auto context = makeContext();
  context->setThreadPool(threads);
  std::vector<std::string> seen;
  mlir::ScopedDiagnosticHandler handler(context.get(), [&](mlir::Diagnostic &diagnostic) {
    seen.push_back(diagnostic.str());
    return mlir::success();
  });
  std::vector<std::string> expected;
  for (int i = 0; i < 50; ++i)
    expected.push_back(std::to_string(i));
  mlir::parallelFor(context.get(), 0, 50,
                    [&](size_t i) { mlir::emitRemark(mlir::UnknownLoc::get(context.get())) << i; });
  EXPECT_EQ(seen, expected);
}
