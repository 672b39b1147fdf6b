//===- CallTest.cpp - Calls of compiled code that fail --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/Call.h"
#include "uwt/Runtime/Abi.h"
#include "uwt/Runtime/Memory.h"
#include "uwt/Runtime/ThreadScope.h"
#include <atomic>
#include <cstring>
#include <gtest/gtest.h>
#include <string_view>

using namespace uwt;

namespace {

void fail(std::string_view text, int64_t count = 0, int64_t first = 0, int64_t second = 0) {
  uwt_fail(text.data(), static_cast<int64_t>(text.size()), count, first, second);
}

/// Bytes that are mapped and wait for nobody.
uint64_t bytesInUse() {
  AllocationStatistics statistics = allocationStatistics();
  return statistics.bytes - statistics.idleBytes;
}

TEST(CallTest, ReturnsWhatCompiledCodeFailsWith) {
  int steps = 0;
  Status status = callCompiled(
      [](void *context) {
        ++*static_cast<int *>(context);
        fail("m.mlir:3:8: index {0} of {1}, {2} and {x} stay", 2, 17, -4);
        ++*static_cast<int *>(context);
      },
      &steps);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().getKind(), ErrorKind::Invalid);
  EXPECT_EQ(status.error().message(), "m.mlir:3:8: index 17 of -4, {2} and {x} stay");
  EXPECT_EQ(steps, 1);
  EXPECT_TRUE(callCompiled([](void *) {}, nullptr));
}

TEST(CallTest, TextsWithoutValuesStay) {
  Status status = callCompiled([](void *) { fail("{0} {1} {"); }, nullptr);
  EXPECT_EQ(status.error().message(), "{0} {1} {");
}

TEST(CallTest, AFailedCallReleasesItsMemory) {
  uint64_t before = bytesInUse();
  Status status = callCompiled(
      [](void *) {
        void *released = uwt_allocate(100);
        uwt_allocate(3 << 20);
        uwt_release(released);
        uwt_allocate(5000);
        fail("no");
      },
      nullptr);
  EXPECT_FALSE(status);
  EXPECT_EQ(bytesInUse(), before);
}

TEST(CallTest, ResultsBelongToTheCaller) {
  void *result = nullptr;
  ASSERT_TRUE(callCompiled(
      [](void *context) { *static_cast<void **>(context) = uwt_allocate(256); }, &result));
  // A call that fails later has nothing to do with it.
  EXPECT_FALSE(callCompiled([](void *) { fail("no"); }, nullptr));
  std::memset(result, 1, 256);
  void *other = uwt_allocate(256);
  EXPECT_NE(other, result);
  uwt_release(other);
  uwt_release(result);
}

TEST(CallTest, CallsNest) {
  Status outer = callCompiled(
      [](void *) {
        static thread_local bool innerFailed;
        innerFailed = !callCompiled([](void *) { fail("inner"); }, nullptr);
        fail(innerFailed ? "outer" : "inner did not fail");
      },
      nullptr);
  EXPECT_EQ(outer.error().message(), "outer");
}

TEST(CallTest, OutOfMemoryIsAnError) {
  uint64_t before = bytesInUse();
  for (int64_t bytes : {int64_t(1) << 46, INT64_MAX, int64_t(-1)}) {
    Status status =
        callCompiled([](void *context) { uwt_allocate(*static_cast<int64_t *>(context)); }, &bytes);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().getKind(), ErrorKind::IO);
    EXPECT_EQ(status.error().message(), "out of memory: the system has no " +
                                            std::to_string(static_cast<uint64_t>(bytes)) +
                                            " bytes");
  }
  EXPECT_EQ(bytesInUse(), before);
}

TEST(CallTest, SizesThatWrapAreErrors) {
  auto multiply = [](int64_t bytes, int64_t size) {
    std::pair<int64_t, int64_t> factors(bytes, size);
    Status status = callCompiled(
        [](void *context) {
          auto *factors = static_cast<std::pair<int64_t, int64_t> *>(context);
          factors->first = uwt_multiply_size(factors->first, factors->second);
        },
        &factors);
    return status ? std::to_string(factors.first) : status.error().message();
  };
  EXPECT_EQ(multiply(4, 25), "100");
  EXPECT_EQ(multiply(4, 0), "0");
  EXPECT_EQ(multiply(int64_t(1) << 32, int64_t(1) << 30), "4611686018427387904");
  EXPECT_EQ(multiply(int64_t(1) << 32, int64_t(1) << 31),
            "out of memory: a tensor has 2147483648 times 4294967296 bytes");
  EXPECT_EQ(multiply(0, -2), "a tensor has a negative size: -2");
}

/// A loop of which some iterations fail; each allocates before.
struct FailingLoop {
  std::atomic<int> runs{0};
  static void body(void *context, int64_t begin, int64_t end) {
    auto *self = static_cast<FailingLoop *>(context);
    for (int64_t i = begin; i < end; ++i) {
      ++self->runs;
      void *memory = uwt_allocate(200);
      if (i % 100 == 99)
        fail("iteration {0}", 1, i % 100);
      uwt_release(memory);
    }
  }
  static void call(void *context) {
    void *held = uwt_allocate(1000);
    uwt_parallel_for(body, context, 100'000);
    uwt_release(held);
  }
};

TEST(CallTest, ALoopFailsWithItsFirstErrorAndStops) {
  for (unsigned threads : {1u, 2u, 4u}) {
    ThreadPool pool(threads);
    ThreadScope scope(&pool);
    uint64_t before = bytesInUse();
    FailingLoop loop;
    Status status = callCompiled(FailingLoop::call, &loop);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message(), "iteration 99");
    EXPECT_LT(loop.runs, 10'000);
    EXPECT_EQ(bytesInUse(), before);
    // The pool and the scope are as they were.
    std::atomic<int> ranges{0};
    uwt_parallel_for(
        [](void *context, int64_t, int64_t) { ++*static_cast<std::atomic<int> *>(context); },
        &ranges, 1000);
    EXPECT_EQ(ranges > 1, threads > 1);
  }
}

TEST(CallTest, ProgramsInCGetTheTextAndTheKind) {
  char message[8] = "";
  EXPECT_EQ(uwt_call([](void *) {}, nullptr, message, sizeof(message)), 0);
  auto body = [](void *) { fail("something"); };
  EXPECT_EQ(uwt_call(body, nullptr, message, sizeof(message)), 3);
  EXPECT_STREQ(message, "somethi");
  EXPECT_EQ(uwt_call(body, nullptr, nullptr, 0), 3);
}

TEST(CallDeathTest, OutsideOfACallTheProcessEnds) {
  EXPECT_DEATH(fail("nobody asks"), "uwt: error: nobody asks");
}

} // namespace
