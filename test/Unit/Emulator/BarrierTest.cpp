//===- BarrierTest.cpp - Rings behind mbarriers, and broken ones ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulatorTesting.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;
using testing::AllOf;
using testing::HasSubstr;

namespace {

/// A producer warp copies tiles of 32 words into a ring of 3 stages; two consumer warps add
/// them up. Full barriers expect a producer and 128 bytes, empty ones two consumers.
const std::string ring = R"(
  %i = gpu.lane_id
  %w = gpu.subgroup_id : index
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %stages = arith.constant 3 : index
  %tiles = arith.constant 11 : index
  %c32 = arith.constant 32 : index
  %bytes = arith.constant 128 : index
  %expected = arith.constant 128 : index
  %consumers = arith.constant 2 : index
  %ticks = arith.constant 1000 : index
  %zero = arith.constant 0 : i32
  %true = arith.constant true
  %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
  %ring = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<96xi32, #shared>
  %full = nvgpu.mbarrier.create -> !bars
  %empty = nvgpu.mbarrier.create -> !bars
  %t = gpu.thread_id x
  %isFirst = arith.cmpi eq, %t, %c0 : index
  scf.if %isFirst {
    scf.for %s = %c0 to %stages step %c1 {
      nvgpu.mbarrier.init %full[%s], %c1 : !bars
      nvgpu.mbarrier.init %empty[%s], %consumers : !bars
    }
    nvvm.fence.mbarrier.init
  }
  gpu.barrier
  %isProducer = arith.cmpi eq, %w, %c0 : index
  %isLane0 = arith.cmpi eq, %i, %c0 : index
  scf.if %isProducer {
    scf.if %isLane0 {
      scf.for %k = %c0 to %tiles step %c1 {
        %s = arith.remui %k, %stages : index
        %round = arith.divui %k, %stages : index
        %odd = arith.remui %round, %c2 : index
        // A fresh barrier's phase of parity 1 counts as complete.
        %parity = arith.cmpi eq, %odd, %c0 : index
        nvgpu.mbarrier.try_wait.parity %empty[%s], %parity, %ticks : !bars loc("wait empty")
        nvgpu.mbarrier.arrive.expect_tx %full[%s], %expected : !bars
        %from = arith.muli %k, %c32 : index
        %to = arith.muli %s, %c32 : index
        "uwt.bulk_copy"(%in, %from, %ring, %to, %bytes, %full, %s)
            : (memref<?xi32, #global>, index, memref<96xi32, #shared>, index, index, !bars, index) -> () loc("copy")
      }
    }
  } else {
    %sum = scf.for %k = %c0 to %tiles step %c1 iter_args(%acc = %zero) -> (i32) {
      %s = arith.remui %k, %stages : index
      %round = arith.divui %k, %stages : index
      %odd = arith.remui %round, %c2 : index
      %parity = arith.cmpi eq, %odd, %c1 : index
      nvgpu.mbarrier.try_wait.parity %full[%s], %parity, %ticks : !bars loc("wait full")
      %base = arith.muli %s, %c32 : index
      %at = arith.addi %base, %i : index
      %x = memref.load %ring[%at] : memref<96xi32, #shared> loc("load")
      scf.if %isLane0 {
        %token = nvgpu.mbarrier.arrive %empty[%s] : !bars -> !nvgpu.mbarrier.token loc("free")
      }
      %next = arith.addi %acc, %x : i32
      scf.yield %next : i32
    }
    %before = arith.subi %w, %c1 : index
    %row = arith.muli %before, %c32 : index
    %index = arith.addi %row, %i : index
    memref.store %sum, %out[%index] : memref<?xi32, #global>
  })";

constexpr unsigned tiles = 11;

/// The error of each of `seeds` runs; checks the sums where there is none.
std::vector<std::string> runRing(const std::string &body, unsigned seeds = 40) {
  TestKernel kernel("%in: memref<?xi32, #global>, %out: memref<?xi32, #global>", body);
  std::vector<std::string> errors;
  DeviceBuffer<uint32_t> in(tiles * 32);
  for (unsigned i = 0; i < in.size(); ++i)
    in[i] = i * i;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    DeviceBuffer<uint32_t> out(64);
    errors.push_back(
        kernel.run({{1, 1, 1}, {96, 1, 1}, 384}, {in.constant(), out.argument()}, seed));
    for (unsigned i = 0; errors.back().empty() && i < 64; ++i) {
      uint32_t sum = 0;
      for (unsigned k = 0; k < tiles; ++k)
        sum += in[k * 32 + i % 32];
      EXPECT_EQ(out[i], sum) << "seed " << seed;
    }
  }
  return errors;
}

TEST(EmulatorBarrier, RingIsRightForManySeeds) {
  EXPECT_THAT(runRing(ring, 100), testing::Each(""));
}

class EmulatorMutation : public testing::TestWithParam<Mutation> {};

TEST_P(EmulatorMutation, IsCaughtWhateverTheSeed) {
  const Mutation &mutation = GetParam();
  std::vector<std::string> errors = runRing(replaced(ring, mutation.from, mutation.to));
  EXPECT_THAT(errors, testing::Each(
                          testing::AnyOf(HasSubstr(mutation.message), HasSubstr(mutation.other))));
  EXPECT_THAT(errors, testing::Contains(HasSubstr(mutation.message)));
}

INSTANTIATE_TEST_SUITE_P(
    Ring, EmulatorMutation,
    testing::Values(
        Mutation{
            "FullWaitRemoved",
            "nvgpu.mbarrier.try_wait.parity %full[%s], %parity, %ticks : !bars loc(\"wait full\")",
            "", "without a wait for phase 0 of mbarrier 0", "which nothing has written"},
        Mutation{"EmptyWaitRemoved",
                 "nvgpu.mbarrier.try_wait.parity %empty[%s], %parity, %ticks : !bars loc(\"wait "
                 "empty\")",
                 "", "copies over bytes [0, 128) of dynamic shared memory",
                 "arrives 1 time(s) at mbarrier 0"},
        Mutation{"WrongPhaseOfFull", "%parity = arith.cmpi eq, %odd, %c1 : index",
                 "%parity = arith.cmpi eq, %odd, %c0 : index", "'memref.load' (loc(\"load\"))",
                 "deadlock"},
        Mutation{"WrongPhaseOfEmpty", "%parity = arith.cmpi eq, %odd, %c0 : index",
                 "%parity = arith.cmpi eq, %odd, %c1 : index",
                 "in phase 0 with 2 of 2 arrivals pending", "deadlock"},
        Mutation{"OneArrivalTooFewExpected", "%consumers = arith.constant 2",
                 "%consumers = arith.constant 1", "with no barrier between the two", "mbarrier"},
        Mutation{"OneArrivalTooManyExpected", "%consumers = arith.constant 2",
                 "%consumers = arith.constant 3", "with 1 of 3 arrivals pending", "deadlock"},
        Mutation{"ExpectsTooManyBytes", "%expected = arith.constant 128",
                 "%expected = arith.constant 144", "and a tx-count of 16", "deadlock"},
        Mutation{"ExpectsTooFewBytes", "%expected = arith.constant 128",
                 "%expected = arith.constant 112", "and a tx-count of -16", "deadlock"},
        Mutation{"FenceRemoved", "nvvm.fence.mbarrier.init", "",
                 "lane 0: completes on mbarrier 0, which warp 0 initialises, with no "
                 "nvvm.fence.mbarrier.init or proxy fence after",
                 "deadlock"},
        Mutation{"AStageTooFew", "%to = arith.muli %s, %c32 : index",
                 "%two = arith.remui %k, %c2 : index\n%to = arith.muli %two, %c32 : index",
                 "copies over bytes", "dynamic shared memory"}),
    [](const auto &info) { return std::string(info.param.name); });

TEST(EmulatorBarrier, MessagesNameTheCause) {
  std::string noFull = replaced(
      ring, "nvgpu.mbarrier.try_wait.parity %full[%s], %parity, %ticks : !bars loc(\"wait full\")",
      "");
  EXPECT_THAT(runRing(noFull),
              testing::Contains(AllOf(
                  HasSubstr("lane 0: reads bytes [0, 4) of dynamic shared memory that "
                            "'uwt.bulk_copy' (loc(\"copy\")) writes, without a wait for phase 0 of "
                            "mbarrier 0"),
                  HasSubstr("'memref.load' (loc(\"load\"))"))));
  std::string noEmpty = replaced(
      ring,
      "nvgpu.mbarrier.try_wait.parity %empty[%s], %parity, %ticks : !bars loc(\"wait empty\")", "");
  EXPECT_THAT(runRing(noEmpty), testing::Contains(HasSubstr(
                                    "copies over bytes [0, 128) of dynamic shared memory that "
                                    "'uwt.bulk_copy' (loc(\"copy\")) writes, without a wait "
                                    "for phase 0 of mbarrier 0")));
  std::string extra =
      replaced(ring, "%consumers = arith.constant 2", "%consumers = arith.constant 3");
  EXPECT_THAT(
      runRing(extra),
      testing::Each(
          AllOf(HasSubstr("deadlock: warp 0 waits at 'nvgpu.mbarrier.try_wait.parity' (loc(\"wait "
                          "empty\")) for parity 0 of mbarrier 4, which is in phase 0 with 1 of 3 "
                          "arrivals pending and a tx-count of 0"),
                HasSubstr("; warp 1 waits at 'nvgpu.mbarrier.try_wait.parity' (loc(\"wait "
                          "full\")) for parity 1 of mbarrier 0, which is in phase 1 with 1 of 1 "
                          "arrivals pending"))));
}

TEST(EmulatorBarrier, UseBeforeInitialisationIsVisible) {
  std::string body = replaced(ring, "gpu.barrier", "");
  EXPECT_THAT(runRing(body),
              testing::Each(testing::AnyOf(
                  HasSubstr(", which nothing has initialised"),
                  HasSubstr(", which warp 0 initialises, with no barrier between the two"))));
}

TEST(EmulatorBarrier, CopyOverWhatThreadsWroteNeedsAFence) {
  // The ring is cleared before the roles part.
  const std::string clear = "%z = arith.constant dense<0> : vector<4xi32>\n"
                            "%c8 = arith.constant 8 : index\n"
                            "%c4 = arith.constant 4 : index\n"
                            "%some = arith.cmpi ult, %t, %c8 : index\n"
                            "%index4 = arith.muli %t, %c4 : index\n"
                            "scf.if %some {\n"
                            "vector.store %z, %ring[%index4] : memref<96xi32, #shared>, "
                            "vector<4xi32> loc(\"clear\")\n}\n";
  const std::string fence = "nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, "
                            "space = #nvvm.shared_space<cta>}\n";
  EXPECT_THAT(runRing(replaced(ring, "gpu.barrier", clear + fence + "gpu.barrier")),
              testing::Each(""));
  EXPECT_THAT(runRing(replaced(ring, "gpu.barrier", clear + "gpu.barrier")),
              testing::Each(HasSubstr("copies over bytes [0, 128) of dynamic shared memory that "
                                      "'vector.store' (loc(\"clear\")) of warp 0 writes, with no "
                                      "proxy fence (nvvm.fence.proxy) between the two")));
}

TEST(EmulatorBarrier, TokensTellWhenAPhaseIsOver) {
  TestKernel kernel("%out: memref<?xi32, #global>", R"(
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c7 = arith.constant 7 : i32
    %bars = nvgpu.mbarrier.create -> !bars
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %tile = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<64xi32, #shared>
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvgpu.mbarrier.init %bars[%c0], %c64 : !bars
    }
    gpu.barrier
    memref.store %c7, %tile[%t] : memref<64xi32, #shared>
    %token = nvgpu.mbarrier.arrive %bars[%c0] : !bars -> !nvgpu.mbarrier.token
    scf.while : () -> () {
      %done = nvgpu.mbarrier.test.wait %bars[%c0], %token : !bars, !nvgpu.mbarrier.token
      %true = arith.constant true
      %again = arith.xori %done, %true : i1
      scf.condition(%again)
    } do {
      scf.yield
    }
    %c63 = arith.constant 63 : index
    %j = arith.subi %c63, %t : index
    %x = memref.load %tile[%j] : memref<64xi32, #shared>
    memref.store %x, %out[%t] : memref<?xi32, #global>)");
  for (uint64_t seed = 0; seed < 10; ++seed) {
    DeviceBuffer<uint32_t> out(64);
    ASSERT_EQ(kernel.run({{1, 1, 1}, {64, 1, 1}, 256}, {out.argument()}, seed), "");
    for (unsigned i = 0; i < 64; ++i)
      EXPECT_EQ(out[i], 7u);
  }
}

TEST(EmulatorBarrier, MoreArrivalsThanTheCount) {
  TestKernel kernel("", R"(
    %c0 = arith.constant 0 : index
    %c33 = arith.constant 33 : index
    %c2 = arith.constant 2 : index
    %i = gpu.lane_id
    %bars = nvgpu.mbarrier.create -> !bars
    %first = arith.cmpi eq, %i, %c0 : index
    scf.if %first {
      nvgpu.mbarrier.init %bars[%c0], %c33 : !bars
      %t = nvgpu.mbarrier.arrive.nocomplete %bars[%c0], %c2 : !bars -> !nvgpu.mbarrier.token
      nvgpu.mbarrier.arrive.expect_tx %bars[%c0], %c2 : !bars
    }
    %u = nvgpu.mbarrier.arrive %bars[%c0] : !bars -> !nvgpu.mbarrier.token loc("arrive"))");
  EXPECT_EQ(kernel.run({}, {}),
            "'nvgpu.mbarrier.arrive' (loc(\"arrive\")): block (0, 0, 0), warp 0, lane 30: arrives "
            "1 time(s) at mbarrier 0, which is in phase 0 with 0 of 33 arrivals pending and a "
            "tx-count of 2");
}

/// Warp 0 copies 128 bytes, which warp 1 waits for.
std::string copyAndAnnounce(const std::string &arrive, unsigned seed) {
  const std::string body = R"(
    %i = gpu.lane_id
    %w = gpu.subgroup_id : index
    %c0 = arith.constant 0 : index
    %lanes = arith.constant 32 : index
    %ticks = arith.constant 1000 : index
    %false = arith.constant false
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %ring = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<32xi32, #shared>
    %full = nvgpu.mbarrier.create -> !bars
    %t = gpu.thread_id x
    %isFirst = arith.cmpi eq, %t, %c0 : index
    scf.if %isFirst {
      nvgpu.mbarrier.init %full[%c0], %lanes : !bars
    }
    gpu.barrier
    %isCopying = arith.cmpi eq, %w, %c0 : index
    scf.if %isCopying {
      %token = nvgpu.device_async_copy %in[%i], %ring[%i], 1
          : memref<?xi32, #global> to memref<32xi32, #shared>
      ARRIVE
    } else {
      nvgpu.mbarrier.try_wait.parity %full[%c0], %false, %ticks : !bars
      %x = memref.load %ring[%i] : memref<32xi32, #shared>
      memref.store %x, %out[%i] : memref<?xi32, #global>
    })";
  DeviceBuffer<uint32_t> in(32, 7), out(32);
  TestKernel kernel("%in: memref<?xi32, #global>, %out: memref<?xi32, #global>",
                    replaced(body, "ARRIVE", arrive));
  EXPECT_EQ(kernel.diagnostics(), "");
  std::string message =
      kernel.run({{1, 1, 1}, {64, 1, 1}, 128}, {in.constant(), out.argument()}, seed);
  EXPECT_TRUE(!message.empty() || out[31] == 7);
  return message;
}

TEST(EmulatorBarrier, CopiesOfThreadsAnnounceThemselves) {
  const std::string early =
      "%a = nvgpu.mbarrier.arrive %full[%c0] : !bars -> !nvgpu.mbarrier.token";
  bool isFound = false;
  for (unsigned seed = 0; seed < 8; ++seed) {
    EXPECT_EQ(copyAndAnnounce("uwt.async_arrive %full[%c0] : !bars", seed), "");
    std::string message = copyAndAnnounce(early, seed);
    isFound |= message.find("without a wait for group 0 of warp 0") != std::string::npos;
  }
  EXPECT_TRUE(isFound);
  EXPECT_THAT(copyAndAnnounce("", 1), HasSubstr("deadlock"));
  EXPECT_THAT(copyAndAnnounce("scf.if %isFirst {\nuwt.async_arrive %full[%c0] : !bars\n}", 1),
              HasSubstr("needs the whole warp"));
}

TEST(EmulatorBarrier, BytesAreExpectedBeforeTheArrival) {
  const std::string arrival = "nvgpu.mbarrier.arrive.expect_tx %full[%s], %expected : !bars",
                    copy = "-> () loc(\"copy\")";
  auto expecting = [&](const char *bytes) {
    std::string body =
        replaced(ring, arrival, "uwt.expect_bytes %full[%s], " + std::string(bytes) + " : !bars");
    return replaced(body, copy, copy + "\nnvgpu.mbarrier.arrive.expect_tx %full[%s], %c0 : !bars");
  };
  EXPECT_THAT(runRing(expecting("%expected")), testing::Each(""));
  EXPECT_THAT(runRing(expecting("%c32")), testing::Each(HasSubstr("deadlock")));
}

} // namespace
