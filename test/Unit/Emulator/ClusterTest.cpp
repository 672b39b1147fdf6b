//===- ClusterTest.cpp - Blocks that share copies, and broken ones --------===//
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
using testing::AnyOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;

namespace {

/// Two blocks of two warps: the producer of each copies its half of a tile of 32 words into the
/// rings of both, and the consumer of each adds up the tiles.
const std::string clusterRing = R"(
  %i = gpu.lane_id
  %w = gpu.subgroup_id : index
  %b = gpu.block_id x
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %tiles = arith.constant 7 : index
  %part = arith.constant 64 : index
  %expected = arith.constant 128 : index
  %ticks = arith.constant 1000 : index
  %zero = arith.constant 0 : i32
  %both = arith.constant 3 : i16
  %rank = arith.remui %b, %c2 : index
  %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
  %ring = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<64xi32, #shared>
  %full = nvgpu.mbarrier.create -> !bars
  %empty = nvgpu.mbarrier.create -> !bars
  %t = gpu.thread_id x
  %isFirst = arith.cmpi eq, %t, %c0 : index
  scf.if %isFirst {
    scf.for %s = %c0 to %c2 step %c1 {
      nvgpu.mbarrier.init %full[%s], %c1 : !bars
      nvgpu.mbarrier.init %empty[%s], %c2 : !bars
    }
    nvvm.fence.mbarrier.init
  }
  nvvm.cluster.arrive
  nvvm.cluster.wait
  %isProducer = arith.cmpi eq, %w, %c0 : index
  %isLane0 = arith.cmpi eq, %i, %c0 : index
  %isLane01 = arith.cmpi ult, %i, %c2 : index
  scf.if %isProducer {
    scf.if %isLane0 {
      scf.for %k = %c0 to %tiles step %c1 {
        %s = arith.remui %k, %c2 : index
        %round = arith.divui %k, %c2 : index
        %odd = arith.remui %round, %c2 : index
        %parity = arith.cmpi eq, %odd, %c0 : index
        nvgpu.mbarrier.try_wait.parity %empty[%s], %parity, %ticks : !bars
        nvgpu.mbarrier.arrive.expect_tx %full[%s], %expected : !bars
        %mine = arith.muli %rank, %c16 : index
        %tile = arith.muli %k, %c32 : index
        %from = arith.addi %tile, %mine : index
        %stage = arith.muli %s, %c32 : index
        %to = arith.addi %stage, %mine : index
        uwt.bulk_copy %in[%from], %ring[%to], %part, %full[%s] multicast %both
            : memref<?xi32, #global>, memref<64xi32, #shared>, !bars
      }
    }
  } else {
    %sum = scf.for %k = %c0 to %tiles step %c1 iter_args(%acc = %zero) -> (i32) {
      %s = arith.remui %k, %c2 : index
      %round = arith.divui %k, %c2 : index
      %odd = arith.remui %round, %c2 : index
      %parity = arith.cmpi eq, %odd, %c1 : index
      nvgpu.mbarrier.try_wait.parity %full[%s], %parity, %ticks : !bars
      %base = arith.muli %s, %c32 : index
      %at = arith.addi %base, %i : index
      %x = memref.load %ring[%at] : memref<64xi32, #shared>
      scf.if %isLane01 {
        uwt.remote_arrive %empty[%s] of %i : !bars
      }
      %next = arith.addi %acc, %x : i32
      scf.yield %next : i32
    }
    %row = arith.muli %b, %c32 : index
    %index = arith.addi %row, %i : index
    memref.store %sum, %out[%index] : memref<?xi32, #global>
  }
  // Others may still copy and arrive here.
  nvvm.cluster.arrive
  nvvm.cluster.wait)";

constexpr unsigned clusterTiles = 7;
const std::string pairs = "attributes {nvvm.cluster_dim = array<i32: 2, 1, 1>}";

/// The error of each of many seeds; checks the sums of both clusters where there is none.
std::vector<std::string> runClusterRing(const std::string &body) {
  TestKernel kernel("%in: memref<?xi32, #global>, %out: memref<?xi32, #global>", body, pairs);
  std::vector<std::string> errors;
  DeviceBuffer<uint32_t> in(clusterTiles * 32);
  for (unsigned i = 0; i < in.size(); ++i)
    in[i] = i * i;
  for (unsigned seed = 0; seed < 40; ++seed) {
    DeviceBuffer<uint32_t> out(128);
    errors.push_back(
        kernel.run({{4, 1, 1}, {64, 1, 1}, 256}, {in.constant(), out.argument()}, seed));
    for (unsigned i = 0; errors.back().empty() && i < out.size(); ++i) {
      uint32_t sum = 0;
      for (unsigned k = 0; k < clusterTiles; ++k)
        sum += in[k * 32 + i % 32];
      EXPECT_EQ(out[i], sum) << "seed " << seed;
    }
  }
  return errors;
}

TEST(EmulatorCluster, RingsOfTwoBlocksAreRightForManySeeds) {
  EXPECT_THAT(runClusterRing(clusterRing), Each(""));
}

class EmulatorClusterMutation : public testing::TestWithParam<Mutation> {};

TEST_P(EmulatorClusterMutation, IsCaughtWhateverTheSeed) {
  const Mutation &mutation = GetParam();
  std::vector<std::string> errors =
      runClusterRing(replaced(clusterRing, mutation.from, mutation.to));
  EXPECT_THAT(errors, Each(AnyOf(HasSubstr(mutation.message), HasSubstr(mutation.other))));
  EXPECT_THAT(errors, Contains(HasSubstr(mutation.message)));
}

const Mutation clusterMutations[] = {
    {"BlockLeftOut", "constant 3 : i16", "constant 1 : i16", "deadlock", "a tx-count of 64"},
    {"NoBlockAtAll", "constant 3 : i16", "constant 0 : i16", "the multicast mask is 0", "deadlock"},
    {"BlockThatIsNotThere", "constant 3 : i16", "constant 7 : i16",
     "names block rank 2 of a cluster of 2", "names block rank 2 of a cluster of 2"},
    {"EmptyWaitRemoved", "nvgpu.mbarrier.try_wait.parity %empty[%s], %parity, %ticks : !bars", "",
     "arrives 1 time(s) at mbarrier", "copies over"},
    {"OwnBarrierOnly", "of %i : !bars", "of %rank : !bars", "copies over", "mbarrier"},
    {"RankThatIsNotThere", "of %i : !bars", "of %c2 : !bars",
     "names block rank 2 of a cluster of 2", "names block rank 2 of a cluster of 2"},
    {"ClusterNotMetFirst", "nvvm.cluster.arrive\n  nvvm.cluster.wait\n  %isProducer",
     "gpu.barrier\n  %isProducer", "initialises, with no barrier between the two",
     "which nothing has initialised"},
    {"ClusterNotMetLast",
     "// Others may still copy and arrive here.\n  nvvm.cluster.arrive\n  nvvm.cluster.wait", "",
     "of block rank", ""},
    {"WaitsBeforeItArrives", "nvvm.cluster.arrive\n  nvvm.cluster.wait\n  %isProducer",
     "nvvm.cluster.wait\n  %isProducer", "without having arrived", "without having arrived"},
    {"ArrivesTwice", "nvvm.cluster.arrive\n  nvvm.cluster.wait\n  %isProducer",
     "nvvm.cluster.arrive\n  nvvm.cluster.arrive\n  nvvm.cluster.wait\n  %isProducer",
     "arrives a second time", "arrives a second time"},
};

INSTANTIATE_TEST_SUITE_P(Rings, EmulatorClusterMutation, testing::ValuesIn(clusterMutations),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(EmulatorCluster, GridIsOfWholeClusters) {
  TestKernel kernel("", "%c0 = arith.constant 0 : index", pairs);
  EXPECT_EQ(kernel.run({{3, 1, 1}, {32, 1, 1}, 0}, {}),
            "'k': expected whole clusters of 2 blocks, got a grid of 3 x 1 x 1");
  EXPECT_EQ(kernel.run({{4, 1, 1}, {32, 1, 1}, 0}, {}), "");
}

TEST(EmulatorCluster, ClustersAreRows) {
  TestKernel kernel("", "%c0 = arith.constant 0 : index",
                    "attributes {nvvm.cluster_dim = array<i32: 2, 2, 1>}");
  EXPECT_THAT(kernel.run({{4, 2, 1}, {32, 1, 1}, 0}, {}),
              HasSubstr("it takes 1 to 16 blocks in a row"));
}

/// Who has ended is not waited for.
TEST(EmulatorCluster, MeetsThoseThatAreLeft) {
  TestKernel kernel("", R"(
  %w = gpu.subgroup_id : index
  %c0 = arith.constant 0 : index
  %isFirst = arith.cmpi eq, %w, %c0 : index
  scf.if %isFirst {
    nvvm.cluster.arrive
    nvvm.cluster.wait
  })",
                    pairs);
  for (unsigned seed = 0; seed < 8; ++seed)
    EXPECT_EQ(kernel.run({{2, 1, 1}, {64, 1, 1}, 0}, {}, seed), "");
}

} // namespace
