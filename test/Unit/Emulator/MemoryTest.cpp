//===- MemoryTest.cpp - Accesses and what is wrong with them --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulatorTesting.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::emulator;
using namespace uwt::test;

namespace {

/// Each thread writes its index and reads the mirrored one.
const std::string reversal = R"(
  %i = gpu.thread_id x
  %c127 = arith.constant 127 : index
  %c0 = arith.constant 0 : index
  %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
  %tile = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<128xi32, #shared>
  %x = memref.load %in[%i] : memref<?xi32, #global>
  memref.store %x, %tile[%i] : memref<128xi32, #shared> loc("store")
  gpu.barrier
  %j = arith.subi %c127, %i : index
  %y = memref.load %tile[%j] : memref<128xi32, #shared> loc("load")
  memref.store %y, %out[%i] : memref<?xi32, #global>)";
const char twoBuffers[] = "%in: memref<?xi32, #global>, %out: memref<?xi32, #global>";
const LaunchShape fourWarps = {{1, 1, 1}, {128, 1, 1}, 512};

TEST(EmulatorMemory, ReversalThroughSharedMemory) {
  TestKernel kernel(twoBuffers, reversal);
  DeviceBuffer<uint32_t> in(128), out(128);
  for (unsigned i = 0; i < 128; ++i)
    in[i] = 1000 + i;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    ASSERT_EQ(kernel.run(fourWarps, {in.constant(), out.argument()}, seed), "");
    for (unsigned i = 0; i < 128; ++i)
      EXPECT_EQ(out[i], 1127 - i);
  }
  EXPECT_EQ(kernel.counters().sharedLoadBytes, 512u);
  EXPECT_EQ(kernel.counters().globalStoreBytes, 512u);
  EXPECT_EQ(kernel.counters().barriers, 4u);
}

TEST(EmulatorMemory, MissingBarrierIsARaceWhateverTheOrder) {
  // Written once more before, so that who reads too early finds something.
  const std::string store = "memref.store %x, %tile[%i] : memref<128xi32, #shared> ";
  const std::string body = replaced(reversal, store + "loc(\"store\")\n  gpu.barrier",
                                    store + "\n  gpu.barrier\n  " + store + "loc(\"store\")");
  TestKernel kernel(twoBuffers, body);
  DeviceBuffer<uint32_t> in(128), out(128);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::string error = kernel.run(fourWarps, {in.constant(), out.argument()}, seed);
    EXPECT_THAT(error, testing::HasSubstr("with no barrier between the two")) << seed;
    EXPECT_THAT(error, testing::HasSubstr("'memref.store' (loc(\"store\"))")) << seed;
    EXPECT_THAT(error, testing::HasSubstr("'memref.load' (loc(\"load\"))")) << seed;
  }
}

TEST(EmulatorMemory, RaceNamesBothAccesses) {
  TestKernel kernel("", R"(
    %w = gpu.subgroup_id : index
    %c0 = arith.constant 0 : index
    %n = arith.index_cast %w : index to i32
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %tile = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<4xi32, #shared>
    memref.store %n, %tile[%c0] : memref<4xi32, #shared> loc("store"))");
  EXPECT_THAT(kernel.run({{1, 1, 1}, {64, 1, 1}, 16}, {}),
              testing::AnyOf(
                  "'memref.store' (loc(\"store\")): block (0, 0, 0), warp 1, lane 0: writes bytes "
                  "[0, 4) of dynamic shared memory that 'memref.store' (loc(\"store\")) of warp 0 "
                  "writes, with no barrier between the two",
                  "'memref.store' (loc(\"store\")): block (0, 0, 0), warp 0, lane 0: writes bytes "
                  "[0, 4) of dynamic shared memory that 'memref.store' (loc(\"store\")) of warp 1 "
                  "writes, with no barrier between the two"));
}

TEST(EmulatorMemory, NextRoundWithoutBarrierOverwritesWhatIsStillRead) {
  const std::string body = reversal + R"(
    memref.store %y, %tile[%i] : memref<128xi32, #shared> loc("second"))";
  DeviceBuffer<uint32_t> in(128), out(128);
  TestKernel kernel(twoBuffers, body);
  for (uint64_t seed = 0; seed < 10; ++seed) {
    std::string error = kernel.run(fourWarps, {in.constant(), out.argument()}, seed);
    EXPECT_THAT(error, testing::HasSubstr("with no barrier between the two")) << seed;
    EXPECT_THAT(error, testing::HasSubstr("loc(\"second\")")) << seed;
    EXPECT_THAT(error, testing::HasSubstr("loc(\"load\")")) << seed;
  }
}

TEST(EmulatorMemory, UninitialisedRead) {
  const std::string body =
      replaced(reversal, "memref.store %x, %tile[%i]", "memref.store %x, %tile[%c0]");
  TestKernel kernel(twoBuffers, body);
  DeviceBuffer<uint32_t> in(128), out(128);
  EXPECT_EQ(kernel.run({{1, 1, 1}, {32, 1, 1}, 512}, {in.constant(), out.argument()}),
            "'memref.load' (loc(\"load\")): block (0, 0, 0), warp 0, lane 0: reads bytes [508, "
            "512) of dynamic shared memory, which nothing has written");
}

TEST(EmulatorMemory, OutOfBounds) {
  TestKernel kernel(twoBuffers, reversal);
  DeviceBuffer<uint32_t> in(128), out(100);
  EXPECT_THAT(kernel.run(fourWarps, {in.constant(), out.argument()}),
              testing::HasSubstr("warp 3, lane 4: index 100 of dimension 0 and 1 element(s) do not "
                                 "fit in its size of 100, in argument 1"));
  LaunchShape small = fourWarps;
  small.dynamicSharedBytes = 256;
  EXPECT_THAT(kernel.run(small, {in.constant(), out.argument()}),
              testing::HasSubstr("of dynamic shared memory, which has 256 bytes"));
}

TEST(EmulatorMemory, PrefetchStaysInItsBuffer) {
  TestKernel kernel("%in: memref<?xi32, #global>", R"(
    %i = gpu.thread_id x
    memref.prefetch %in[%i], read, locality<2>, data : memref<?xi32, #global>)");
  DeviceBuffer<uint32_t> in(32), less(31);
  EXPECT_EQ(kernel.run({{1, 1, 1}, {32, 1, 1}, 0}, {in.constant()}), "");
  EXPECT_THAT(kernel.run({{1, 1, 1}, {32, 1, 1}, 0}, {less.constant()}),
              testing::HasSubstr("lane 31: index 31 of dimension 0 and 1 element(s) do not "
                                 "fit in its size of 31, in argument 0"));
}

TEST(EmulatorMemory, WriteToAnArgumentThatIsRead) {
  TestKernel kernel(twoBuffers, reversal);
  DeviceBuffer<uint32_t> in(128), out(128);
  EXPECT_THAT(kernel.run(fourWarps, {in.constant(), out.constant()}),
              testing::HasSubstr("writes argument 1, which was passed to be read"));
}

TEST(EmulatorMemory, MisalignedVector) {
  TestKernel kernel("%in: memref<?xi32, #global>", R"(
    %i = gpu.thread_id x
    %v = vector.load %in[%i] : memref<?xi32, #global>, vector<4xi32> loc("load"))");
  DeviceBuffer<uint32_t> in(128);
  EXPECT_EQ(kernel.run({}, {in.constant()}),
            "'vector.load' (loc(\"load\")): block (0, 0, 0), warp 0, lane 1: accesses bytes [4, "
            "20) of argument 0, which must begin at a multiple of 16");
}

TEST(EmulatorMemory, BlocksRaceInGlobalMemoryUnlessAtomicsOrderThem) {
  const std::string add = "uwt.atomic_add %one to %out[%c0] : memref<?xi32, #global>";
  const std::string body = R"(
    %b = gpu.block_id x
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %old = uwt.atomic_add %one to %out[%c0] : memref<?xi32, #global>
    %x = memref.load %out[%c1] : memref<?xi32, #global>
    %y = arith.addi %x, %one : i32
    memref.store %y, %out[%c1] : memref<?xi32, #global> loc("store")
    %new = uwt.atomic_add %one to %out[%c0] : memref<?xi32, #global>)";
  const LaunchShape shape = {{3, 1, 1}, {1, 1, 1}};
  DeviceBuffer<uint32_t> out(2);
  TestKernel ordered("%out: memref<?xi32, #global>", body);
  ASSERT_EQ(ordered.run(shape, {out.argument()}), "");
  EXPECT_EQ(out[0], 6u);
  EXPECT_EQ(out[1], 3u);
  for (const char *other :
       {"arith.constant 0 : i32",
        "memref.atomic_rmw addi %one, %out[%c0] : (i32, memref<?xi32, #global>) -> i32"}) {
    SCOPED_TRACE(other);
    TestKernel racing("%out: memref<?xi32, #global>",
                      replaced(body, "%new = " + add, std::string("%new = ") + other));
    EXPECT_THAT(racing.run(shape, {out.argument()}),
                testing::HasSubstr("and nothing orders the two"));
  }
}

/// Of two blocks the second one reads in `lane` what the first one wrote, which lane 0 acquires.
std::string handOver(unsigned lane, const std::string &between) {
  const std::string body = R"(
    %b = gpu.block_id x
    %i = gpu.lane_id
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %reader = arith.constant LANE : index
    %one = arith.constant 1 : i32
    %zero = arith.constant 0 : i32
    %all = arith.constant -1 : i32
    %width = arith.constant 32 : i32
    %own = arith.addi %b, %c1 : index
    %other = arith.subi %c2, %b : index
    %isFirst = arith.cmpi eq, %i, %c0 : index
    %before = scf.if %isFirst -> i32 {
      memref.store %one, %out[%own] : memref<?xi32, #global>
      %old = uwt.atomic_add %one to %out[%c0] : memref<?xi32, #global>
      scf.yield %old : i32
    } else {
      scf.yield %zero : i32
    }
    %known, %valid = gpu.shuffle idx %before, %zero, %width : i32
    BETWEEN
    %isSecond = arith.cmpi eq, %known, %one : i32
    %isReader = arith.cmpi eq, %i, %reader : index
    %reads = arith.andi %isSecond, %isReader : i1
    scf.if %reads {
      %x = memref.load %out[%other] : memref<?xi32, #global>
      memref.store %x, %out[%own] : memref<?xi32, #global>
    })";
  DeviceBuffer<uint32_t> out(3);
  TestKernel kernel("%out: memref<?xi32, #global>",
                    replaced(replaced(body, "LANE", std::to_string(lane)), "BETWEEN", between));
  EXPECT_EQ(kernel.diagnostics(), "");
  return kernel.run({{2, 1, 1}, {32, 1, 1}}, {out.argument()});
}

TEST(EmulatorMemory, ShufflesOrderNoMemory) {
  EXPECT_EQ(handOver(0, ""), "");
  EXPECT_THAT(handOver(3, ""),
              testing::HasSubstr("which only lane 0 has acquired: the others need a barrier of the "
                                 "warp after it (nvvm.bar.warp.sync)"));
  EXPECT_EQ(handOver(3, "nvvm.bar.warp.sync %all : i32"), "");
}

TEST(EmulatorMemory, LanesOfOneStoreMustAgree) {
  TestKernel kernel("%out: memref<?xi32, #global>", R"(
    %i = gpu.lane_id
    %c0 = arith.constant 0 : index
    %n = arith.index_cast %i : index to i32
    memref.store %n, %out[%c0] : memref<?xi32, #global>)");
  DeviceBuffer<uint32_t> out(1);
  EXPECT_THAT(kernel.run({}, {out.argument()}),
              testing::HasSubstr("to which another lane writes something else"));
}

TEST(EmulatorMemory, ViewsSubviewsAndAllocas) {
  TestKernel kernel("%out: memref<4x32xi32, #global>", R"(
    %i = gpu.lane_id
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c7 = arith.constant 7 : i32
    %n = arith.index_cast %i : index to i32
    %own = memref.alloca() : memref<2xi32, #gpu.address_space<private>>
    memref.store %n, %own[%c1] : memref<2xi32, #gpu.address_space<private>>
    %x = memref.load %own[%c1] : memref<2xi32, #gpu.address_space<private>>
    %row = memref.subview %out[%c2, 0] [1, 32] [1, 1] : memref<4x32xi32, #global>
        to memref<32xi32, strided<[1], offset: ?>, #global>
    memref.store %x, %row[%i] : memref<32xi32, strided<[1], offset: ?>, #global>
    %d = memref.dim %out, %c1 : memref<4x32xi32, #global>
    %e = arith.index_cast %d : index to i32
    memref.store %e, %out[%c3, %i] : memref<4x32xi32, #global>)");
  DeviceBuffer<uint32_t> out(128);
  ASSERT_EQ(kernel.run({}, {out.argument()}), "");
  for (unsigned i = 0; i < 32; ++i) {
    EXPECT_EQ(out[64 + i], i);
    EXPECT_EQ(out[96 + i], 32u);
  }
}

/// Conflicts when each lane of one warp writes `type` at word `stride` times its number.
uint64_t conflictsOf(unsigned stride, const std::string &type) {
  std::string store = type == "i32"
                          ? "memref.store %c, %t[%at] : memref<4096xi32, #shared>"
                          : "vector.store %v, %t[%at] : memref<4096xi32, #shared>, " + type;
  TestKernel kernel("", R"(
    %i = gpu.lane_id
    %c0 = arith.constant 0 : index
    %stride = arith.constant )" +
                            std::to_string(stride) + R"( : index
    %at = arith.muli %i, %stride : index
    %c = arith.constant 0 : i32
    %v = arith.constant dense<0> : )" +
                            (type == "i32" ? "vector<4xi32>" : type) + R"(
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %t = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<4096xi32, #shared>
    )" + store);
  EXPECT_EQ(kernel.run({{1, 1, 1}, {32, 1, 1}, 16384}, {}), "");
  return kernel.counters().bankConflicts;
}

TEST(EmulatorMemory, BankConflictsOfKnownPatterns) {
  EXPECT_EQ(conflictsOf(1, "i32"), 0u);
  EXPECT_EQ(conflictsOf(0, "i32"), 0u);
  EXPECT_EQ(conflictsOf(2, "i32"), 1u);
  EXPECT_EQ(conflictsOf(32, "i32"), 31u);
  EXPECT_EQ(conflictsOf(33, "i32"), 0u);
  EXPECT_EQ(conflictsOf(4, "vector<4xi32>"), 0u);
  EXPECT_EQ(conflictsOf(8, "vector<4xi32>"), 4u);
  EXPECT_EQ(conflictsOf(32, "vector<4xi32>"), 28u);
  EXPECT_EQ(conflictsOf(2, "vector<2xi32>"), 0u);
  EXPECT_EQ(conflictsOf(4, "vector<2xi32>"), 2u);
}

TEST(EmulatorMemory, AsynchronousCopiesOfThreads) {
  const std::string body = R"(
    %i = gpu.thread_id x
    %c4 = arith.constant 4 : index
    %at = arith.muli %i, %c4 : index
    %c0 = arith.constant 0 : index
    %c3 = arith.constant 3 : index
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %t = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<128xi32, #shared>
    %copy = nvgpu.device_async_copy %in[%at], %t[%at], 4, %c3 : memref<?xi32, #global> to memref<128xi32, #shared>
    %group = nvgpu.device_async_create_group %copy
    nvgpu.device_async_wait %group {numGroups = 0 : i32}
    %v = vector.load %t[%at] : memref<128xi32, #shared>, vector<4xi32> loc("load")
    vector.store %v, %out[%at] : memref<?xi32, #global>, vector<4xi32>)";
  DeviceBuffer<uint32_t> in(128, 5), out(128);
  TestKernel kernel(twoBuffers, body);
  TestKernel early(twoBuffers, replaced(body, "numGroups = 0", "numGroups = 1"));
  for (uint64_t seed = 0; seed < 10; ++seed) {
    ASSERT_EQ(kernel.run({{1, 1, 1}, {32, 1, 1}, 512}, {in.constant(), out.argument()}, seed), "");
    for (unsigned i = 0; i < 128; ++i)
      EXPECT_EQ(out[i], i % 4 == 3 ? 0u : 5u);
    EXPECT_THAT(early.run({{1, 1, 1}, {32, 1, 1}, 512}, {in.constant(), out.argument()}, seed),
                testing::HasSubstr("writes, without a wait for group 0 of warp 0"));
  }
}

} // namespace
