//===- ControlTest.cpp - Divergence, lanes, launches ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulatorTesting.h"
#include <bit>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::emulator;
using namespace uwt::test;

namespace {

/// What the kernel below computes.
uint32_t collatz(uint32_t thread) {
  uint32_t total = 0;
  for (uint32_t k = thread % 3; k < thread; k += 5) {
    uint32_t n = thread + k, steps = 0;
    while (n > 1) {
      n = n % 2 == 0 ? n / 2 : 3 * n + 1;
      ++steps;
    }
    total += k % 2 == 1 ? steps : 100;
  }
  return total;
}

TEST(EmulatorControl, LanesDivergeInNestedControlFlow) {
  TestKernel kernel("%out: memref<?xi32, #global>", R"(
    %i = gpu.global_id x
    %n0 = arith.index_cast %i : index to i32
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c3 = arith.constant 3 : i32
    %c5 = arith.constant 5 : i32
    %c100 = arith.constant 100 : i32
    %low = arith.remui %n0, %c3 : i32
    %total = scf.for %k = %low to %n0 step %c5 iter_args(%sum = %c0) -> (i32) : i32 {
      %start = arith.addi %n0, %k : i32
      %last:2 = scf.while (%n = %start, %s = %c0) : (i32, i32) -> (i32, i32) {
        %go = arith.cmpi ugt, %n, %c1 : i32
        scf.condition(%go) %s, %n : i32, i32
      } do {
      ^bb0(%s: i32, %n: i32):
        %bit = arith.remui %n, %c2 : i32
        %even = arith.cmpi eq, %bit, %c0 : i32
        %next = scf.if %even -> (i32) {
          %h = arith.divui %n, %c2 : i32
          scf.yield %h : i32
        } else {
          %t = arith.muli %n, %c3 : i32
          %u = arith.addi %t, %c1 : i32
          scf.yield %u : i32
        }
        %more = arith.addi %s, %c1 : i32
        scf.yield %next, %more : i32, i32
      }
      %kbit = arith.remui %k, %c2 : i32
      %odd = arith.cmpi eq, %kbit, %c1 : i32
      %add = scf.if %odd -> (i32) {
        scf.yield %last#0 : i32
      } else {
        scf.yield %c100 : i32
      }
      %new = arith.addi %sum, %add : i32
      scf.yield %new : i32
    }
    memref.store %total, %out[%i] : memref<?xi32, #global>)");
  DeviceBuffer<uint32_t> out(96 * 2);
  // The last warp of a block has 16 lanes.
  ASSERT_EQ(kernel.run({{4, 1, 1}, {48, 1, 1}}, {out.argument()}), "");
  for (unsigned i = 0; i < out.size(); ++i)
    EXPECT_EQ(out[i], collatz(i)) << i;
}

TEST(EmulatorControl, CarriedValuesSwap) {
  TestKernel kernel("%out: memref<?xi32, #global>", R"(
    %i = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %a = arith.constant 1 : i32
    %b = arith.constant 2 : i32
    %r:2 = scf.for %k = %c0 to %i step %c1 iter_args(%x = %a, %y = %b) -> (i32, i32) {
      scf.yield %y, %x : i32, i32
    }
    memref.store %r#0, %out[%i] : memref<?xi32, #global>)");
  DeviceBuffer<uint32_t> out(32);
  ASSERT_EQ(kernel.run({}, {out.argument()}), "");
  for (unsigned i = 0; i < 32; ++i)
    EXPECT_EQ(out[i], 1 + i % 2) << i;
}

TEST(EmulatorControl, ShufflesAndVotes) {
  TestKernel kernel("%out: memref<?xi32, #global>", R"(
    %i = gpu.lane_id
    %n = arith.index_cast %i : index to i32
    %w = arith.constant 32 : i32
    %c3 = arith.constant 3 : i32
    %all = arith.constant -1 : i32
    %c32 = arith.constant 32 : index
    %x, %px = gpu.shuffle xor %n, %c3, %w : i32
    %u, %pu = gpu.shuffle up %n, %c3, %w : i32
    %d, %pd = gpu.shuffle down %n, %c3, %w : i32
    %j, %pj = gpu.shuffle idx %n, %c3, %w : i32
    %low = arith.cmpi ult, %n, %c3 : i32
    %votes = nvvm.vote.sync ballot %all, %low -> i32
    %a1 = arith.addi %i, %c32 : index
    %a2 = arith.addi %a1, %c32 : index
    %a3 = arith.addi %a2, %c32 : index
    %a4 = arith.addi %a3, %c32 : index
    memref.store %x, %out[%i] : memref<?xi32, #global>
    memref.store %u, %out[%a1] : memref<?xi32, #global>
    memref.store %d, %out[%a2] : memref<?xi32, #global>
    memref.store %j, %out[%a3] : memref<?xi32, #global>
    memref.store %votes, %out[%a4] : memref<?xi32, #global>)");
  DeviceBuffer<uint32_t> out(160);
  ASSERT_EQ(kernel.run({}, {out.argument()}), "");
  for (unsigned i = 0; i < 32; ++i) {
    EXPECT_EQ(out[i], i ^ 3);
    EXPECT_EQ(out[32 + i], i >= 3 ? i - 3 : i);
    EXPECT_EQ(out[64 + i], i + 3 < 32 ? i + 3 : i);
    EXPECT_EQ(out[96 + i], 3u);
    EXPECT_EQ(out[128 + i], 7u);
  }
  EXPECT_EQ(kernel.counters().shuffles, 5u);
}

TEST(EmulatorControl, ShuffleFromALaneThatIsNotHere) {
  TestKernel kernel("", R"(
    %i = gpu.lane_id
    %c16 = arith.constant 16 : index
    %w = arith.constant 32 : i32
    %o = arith.constant 16 : i32
    %low = arith.cmpi ult, %i, %c16 : index
    scf.if %low {
      %x, %p = gpu.shuffle xor %o, %o, %w : i32 loc("shuffle")
    })");
  EXPECT_EQ(kernel.run({}, {}), "'gpu.shuffle' (loc(\"shuffle\")): block (0, 0, 0), warp 0, lane "
                                "0: reads lane 16, which is not here");
}

TEST(EmulatorControl, BarrierInADivergentBranchSaysWhoIsMissing) {
  TestKernel kernel("", R"(
    %i = gpu.lane_id
    %c16 = arith.constant 16 : index
    %high = arith.cmpi uge, %i, %c16 : index
    scf.if %high {
      gpu.barrier loc("barrier")
    })");
  EXPECT_EQ(kernel.run({}, {}),
            "'gpu.barrier' (loc(\"barrier\")): block (0, 0, 0), warp 0, lane 16: needs the whole "
            "warp; lanes 0x0000ffff are not here");
}

TEST(EmulatorControl, BarrierThatAWarpDoesNotReachIsADeadlock) {
  TestKernel kernel("", R"(
    %w = gpu.subgroup_id : index
    %c1 = arith.constant 1 : index
    %first = arith.cmpi ult, %w, %c1 : index
    scf.if %first {
      gpu.barrier loc("barrier")
    })");
  EXPECT_EQ(kernel.run({{1, 1, 1}, {64, 1, 1}}, {}),
            "'k': block (0, 0, 0): deadlock: warp 0 waits at 'gpu.barrier' (loc(\"barrier\")); "
            "warp 1 has ended");
}

TEST(EmulatorControl, EndlessLoopEnds) {
  TestKernel kernel("", R"(
    %true = arith.constant true
    scf.while : () -> () {
      scf.condition(%true)
    } do {
      scf.yield
    })");
  EXPECT_EQ(kernel.run({}, {}),
            "'k': block (0, 0, 0): the launch has not ended within its limit of operations");
}

TEST(EmulatorControl, LaunchesThatDoNotFitAreRefused) {
  TestKernel kernel("%a: memref<16xi32, #global>, %n: i32", "");
  DeviceBuffer<uint32_t> a(15);
  std::vector<EmulatedArgument> arguments = {a.argument(), EmulatedArgument::integer(1)};
  EXPECT_EQ(kernel.run({}, {}), "'k': expected 2 arguments, got 0");
  EXPECT_EQ(kernel.run({}, arguments),
            "'k': argument 0: expected a buffer of at least 64 bytes, got 60");
  EXPECT_EQ(kernel.run({{1, 1, 1}, {2048, 1, 1}}, arguments),
            "'k': expected 1 to 1024 threads a block, got 2048");
  EXPECT_EQ(kernel.run({{1, 1, 1}, {32, 1, 1}, 300000}, arguments),
            "'k': expected at most 232448 bytes of shared memory, got 300000");
  TestKernel sized("", "", "attributes {known_block_size = array<i32: 64, 1, 1>}");
  EXPECT_EQ(sized.run({{1, 1, 1}, {64, 1, 1}}, {}), "");
  EXPECT_EQ(sized.run({}, {}), "'k': expected blocks of 64 x 1 x 1 threads, got 32 x 1 x 1");
}

} // namespace
