//===- MachineTest.cpp - Small programs of PTX with known results ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Emulator/EmulatedProduct.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace uwt;
using ::testing::HasSubstr;
using uwt::emulator::EmulatedArgument;
using uwt::emulator::EmulatedKernel;
using uwt::emulator::EmulatedMemory;
using uwt::emulator::EmulationOptions;
using uwt::emulator::LaunchShape;

namespace {

/// A launch of an entry k(out, in): `out` has u32 elements, 0xffffffff at first; `in` counts up.
struct TestProgram {
  std::string body;
  uint32_t threads = 32, blocks = 1, cluster = 1;
  uint64_t sharedBytes = 4096;
  bool isFromBefore = false;

  std::string text() const {
    std::string clusters = cluster == 1 ? ""
                                        : ".explicitcluster\n.reqnctapercluster " +
                                              std::to_string(cluster) + ", 1, 1\n";
    return ".version 8.0\n.target sm_90a\n.address_size 64\n"
           ".extern .shared .align 128 .b8 dynamic[];\n"
           ".visible .entry k(.param .u64 out, .param .u64 in)\n" +
           clusters +
           "{\n.reg .pred %p<9>;\n.reg .b16 %h<9>;\n.reg .b32 %r<99>;\n.reg .b64 %d<99>;\n"
           ".shared .align 8 .b8 barriers[64];\n"
           // d1: out, d2: in, r1: thread, d3: out of the thread, r2: lane.
           "ld.param.b64 %d1, [out];\nld.param.b64 %d2, [in];\nmov.u32 %r1, %tid.x;\n"
           "mul.wide.u32 %d3, %r1, 4;\nadd.s64 %d3, %d1, %d3;\nmov.u32 %r2, %laneid;\n" +
           body + "\nret;\n}\n";
  }

  Expected<std::vector<uint32_t>> run(uint64_t seed = 1) const {
    UWT_ASSIGN_OR_RETURN(std::unique_ptr<EmulatedKernel> kernel,
                         EmulatedKernel::preparePtx(text(), "k"));
    EmulatedMemory out(4096), in(4096);
    std::ranges::fill(out.bytes(), uint8_t(0xff));
    for (uint32_t i = 0; i < 1024; ++i)
      std::memcpy(in.bytes().data() + 4 * i, &i, 4);
    LaunchShape shape;
    shape.grid[0] = blocks;
    shape.block[0] = threads;
    shape.dynamicSharedBytes = sharedBytes;
    EmulatedArgument input = std::as_const(in).readable();
    input.isFromBefore = isFromBefore;
    EmulationOptions options;
    options.seed = seed;
    UWT_RETURN_IF_ERROR(kernel->launch(shape, {out.writable(), input}, options));
    std::vector<uint32_t> result(1024);
    std::memcpy(result.data(), out.bytes().data(), 4096);
    return result;
  }

  /// The error of the first seed that has one; empty where none has.
  std::string error() const {
    for (uint64_t seed = 1; seed <= 12; ++seed)
      if (auto result = run(seed); !result)
        return result.error().message();
    return {};
  }
};

/// `out` of the first threads, for all of some seeds.
void expectOut(const TestProgram &program, llvm::function_ref<uint32_t(uint32_t)> expected,
               uint32_t count = 32) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    auto out = program.run(seed);
    ASSERT_TRUE(out) << out.error().message();
    for (uint32_t i = 0; i < count; ++i)
      ASSERT_EQ((*out)[i], expected(i)) << "thread " << i << ", seed " << seed;
  }
}

TEST(PtxMachineTest, LanesDivergeAndMeet) {
  // Each lane loops as often as its number says; odd ones add 100.
  expectOut({"mov.b32 %r3, 0;\nmov.b32 %r4, 0;\n"
             "again:\nsetp.ge.u32 %p1, %r3, %r2;\n@%p1 bra after;\n"
             "add.u32 %r4, %r4, %r3;\nadd.u32 %r3, %r3, 1;\nbra again;\n"
             "after:\nand.b32 %r5, %r2, 1;\nsetp.eq.b32 %p2, %r5, 0;\n@%p2 bra even;\n"
             "add.u32 %r4, %r4, 100;\neven:\nbar.warp.sync -1;\nst.global.b32 [%d3], %r4;"},
            [](uint32_t i) { return i * (i - 1) / 2 + (i % 2 ? 100 : 0); });
}

TEST(PtxMachineTest, PredicatesLeaveLanesOut) {
  expectOut({"setp.lt.u32 %p1, %r2, 5;\nmov.b32 %r3, 1;\n@%p1 mov.b32 %r3, 2;\n"
             "@!%p1 add.u32 %r3, %r3, 6;\nst.global.b32 [%d3], %r3;"},
            [](uint32_t i) { return i < 5 ? 2 : 7; });
}

TEST(PtxMachineTest, VectorsAreLoadedAndStored) {
  expectOut(
      {"mul.wide.u32 %d4, %r1, 16;\nadd.s64 %d5, %d2, %d4;\nadd.s64 %d6, %d1, %d4;\n"
       "ld.global.v4.b32 {%r3, %r4, %r5, %r6}, [%d5];\n"
       "st.global.v4.b32 [%d6], {%r6, %r5, %r4, %r3};"},
      [](uint32_t i) { return i / 4 * 4 + 3 - i % 4; }, 128);
}

TEST(PtxMachineTest, ShufflesAndVotes) {
  expectOut({"shfl.sync.bfly.b32 %r3, %r2, 1, 31, -1;\nshfl.sync.up.b32 %r4|%p1, %r2, 2, 0, -1;\n"
             "@!%p1 mov.b32 %r4, 50;\nsetp.lt.u32 %p2, %r2, 3;\n"
             "vote.sync.ballot.b32 %r5, %p2, -1;\nmad.lo.s32 %r3, %r4, 1000, %r3;\n"
             "mad.lo.s32 %r3, %r5, 1000000, %r3;\nst.global.b32 [%d3], %r3;"},
            [](uint32_t i) { return 7000000 + (i < 2 ? 50 : i - 2) * 1000 + (i ^ 1); });
}

TEST(PtxMachineTest, OneLaneIsElected) {
  auto out = TestProgram{"elect.sync _|%p1, -1;\n@%p1 st.global.b32 [%d1], %r2;\n"
                         "redux.sync.add.u32 %r3, %r2, -1;\n@%p1 st.global.b32 [%d1+4], %r3;"}
                 .run();
  ASSERT_TRUE(out) << out.error().message();
  EXPECT_LT((*out)[0], 32u);
  EXPECT_EQ((*out)[1], 496u);
}

// What a lane stores, and what its neighbour loads.
std::string neighbour(const std::string &between) {
  return "mul.wide.u32 %d4, %r2, 4;\nmov.b64 %d5, dynamic;\nadd.s64 %d5, %d5, %d4;\n"
         "xor.b32 %r3, %r2, 1;\nmul.wide.u32 %d6, %r3, 4;\nmov.b64 %d7, dynamic;\n"
         "add.s64 %d7, %d7, %d6;\nst.shared.b32 [%d5], %r2;\n" +
         between + "ld.shared.b32 %r4, [%d7];\nst.global.b32 [%d3], %r4;";
}

TEST(PtxMachineTest, ABarrierOfTheWarpOrdersItsLanes) {
  expectOut({neighbour("bar.warp.sync -1;\n")}, [](uint32_t i) { return i ^ 1; });
}

TEST(PtxMachineTest, NothingElseOrdersLanesOfAWarp) {
  EXPECT_THAT(TestProgram{neighbour("")}.error(), HasSubstr("with no barrier between the two"));
  EXPECT_THAT(TestProgram{neighbour("shfl.sync.idx.b32 %r9, %r2, 0, 31, -1;\n")}.error(),
              HasSubstr("with no barrier between the two"));
}

TEST(PtxMachineTest, AWriteOverWhatAnotherBlockReadsIsFoundWhicheverComesFirst) {
  TestProgram program{"mov.u32 %r3, %ctaid.x;\nsetp.eq.u32 %p1, %r3, 1;\n@%p1 bra writes;\n"
                      "ld.global.b32 %r4, [%d3];\nbra after;\n"
                      "writes:\nst.global.b32 [%d3], %r3;\nafter:"};
  program.blocks = 2;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    auto out = program.run(seed);
    ASSERT_FALSE(out) << "seed " << seed;
    EXPECT_THAT(out.error().message(), HasSubstr("and nothing orders the two"));
  }
  EXPECT_THAT(program.error(), HasSubstr("that block number 0, warp 0, lane 0 reads at "
                                         "'ld.global.b32 %r4, [%d3]'"));
  // A thread may write what it has read, and what others of its block have, behind a barrier.
  expectOut({"ld.global.b32 %r4, [%d3];\nbar.sync 0;\nsub.s64 %d4, %d3, %d1;\n"
             "neg.s64 %d4, %d4;\nadd.s64 %d4, %d4, %d1;\nst.global.b32 [%d4+124], %r2;"},
            [](uint32_t i) { return 31 - i; });
}

TEST(PtxMachineTest, WhoWaitsForLanesThatWaitElsewhereIsNamed) {
  EXPECT_THAT(
      (TestProgram{"setp.lt.u32 %p1, %r2, 16;\n@%p1 bra low;\nbar.warp.sync -1;\nbra done;\n"
                   "low:\nbar.warp.sync -1;\ndone:"})
          .error(),
      HasSubstr("deadlock"));
  EXPECT_THAT(
      (TestProgram{"setp.lt.u32 %p1, %r2, 16;\n@%p1 bra done;\nbar.warp.sync -1;\ndone:"}).error(),
      HasSubstr("which have ended"));
}

// Thread 0 of the second warp writes and arrives; the first warp waits for the phase and reads.
std::string handOver(const std::string &arrive, const std::string &parity) {
  return "setp.ne.b32 %p1, %r1, 0;\n@%p1 bra ready;\nmbarrier.init.shared.b64 [barriers], 1;\n"
         "ready:\nbar.sync 0;\nsetp.lt.u32 %p2, %r1, 32;\n@%p2 bra reader;\n"
         "setp.ne.b32 %p3, %r2, 0;\n@%p3 bra done;\nmov.b32 %r3, 77;\n"
         "st.shared.b32 [dynamic], %r3;\n" +
         arrive + "bra done;\nreader:\nmbarrier.try_wait.parity.shared.b64 %p4, [barriers], " +
         parity +
         ";\n@!%p4 bra reader;\nld.shared.b32 %r4, [dynamic];\nst.global.b32 [%d3], %r4;\ndone:";
}

TEST(PtxMachineTest, AnArrivalReleasesAndAWaitAcquires) {
  expectOut({handOver("mbarrier.arrive.shared.b64 %d9, [barriers];\n", "0"), 64},
            [](uint32_t) { return 77; });
  EXPECT_THAT((TestProgram{handOver("", "0"), 64}).error(), HasSubstr("deadlock"));
  // The phase before the first one has completed.
  EXPECT_THAT(
      (TestProgram{handOver("mbarrier.arrive.shared.b64 %d9, [barriers];\n", "1"), 64}).error(),
      testing::AnyOf(HasSubstr("with no barrier between the two"),
                     HasSubstr("which nothing has written"), HasSubstr("deadlock")));
}

// A bulk copy of 64 bytes by thread 0, of which `expected` are announced.
std::string bulkCopy(const std::string &fence, const std::string &expected,
                     const std::string &wait) {
  return "setp.ne.b32 %p1, %r1, 0;\n@%p1 bra ready;\nmbarrier.init.shared.b64 [barriers], 1;\n" +
         fence + "mbarrier.arrive.expect_tx.shared.b64 %d9, [barriers], " + expected +
         ";\nmov.b64 %d5, dynamic;\nmov.b64 %d6, barriers;\n"
         "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%d5], [%d2+128], 128, "
         "[%d6];\nready:\nbar.sync 0;\n" +
         wait +
         "mul.wide.u32 %d4, %r2, 4;\nmov.b64 %d7, dynamic;\nadd.s64 %d7, %d7, %d4;\n"
         "ld.shared.b32 %r4, [%d7];\nst.global.b32 [%d3], %r4;";
}
constexpr const char *untilFull =
    "again:\nmbarrier.test_wait.parity.shared.b64 %p4, [barriers], 0;\n@!%p4 bra again;\n";
constexpr const char *initFence = "fence.mbarrier_init.release.cluster;\n";

TEST(PtxMachineTest, ABulkCopyIsThereBehindItsPhase) {
  expectOut({bulkCopy(initFence, "128", untilFull)}, [](uint32_t i) { return i + 32; });
  EXPECT_THAT((TestProgram{bulkCopy(initFence, "128", "")}).error(),
              HasSubstr("without a wait for phase 0"));
  EXPECT_THAT((TestProgram{bulkCopy("", "128", untilFull)}).error(),
              HasSubstr("no fence.mbarrier_init or proxy fence"));
  EXPECT_THAT((TestProgram{bulkCopy(initFence, "144", untilFull)}).error(),
              HasSubstr("a tx-count of 16"));
}

TEST(PtxMachineTest, ABulkCopyOverWhatAThreadWroteNeedsTheProxyFence) {
  std::string write = "mov.b32 %r9, 1;\nst.shared.b32 [dynamic], %r9;\n";
  EXPECT_THAT((TestProgram{bulkCopy(initFence + write, "128", untilFull)}).error(),
              HasSubstr("no proxy fence"));
  expectOut({bulkCopy(initFence + write + "fence.proxy.async.shared::cta;\n", "128", untilFull)},
            [](uint32_t i) { return i + 32; });
}

// A copy of 4 bytes by each thread.
std::string asyncCopy(const std::string &wait) {
  return "mul.wide.u32 %d4, %r2, 4;\nmov.b64 %d5, dynamic;\nadd.s64 %d5, %d5, %d4;\n"
         "add.s64 %d6, %d2, %d4;\ncp.async.ca.shared.global [%d5], [%d6], 4;\n" +
         wait + "ld.shared.b32 %r4, [%d5];\nst.global.b32 [%d3], %r4;";
}

TEST(PtxMachineTest, CopiesOfAThreadAreThereBehindTheWait) {
  expectOut({asyncCopy("cp.async.commit_group;\ncp.async.wait_group 0;\n")},
            [](uint32_t i) { return i; });
  EXPECT_THAT((TestProgram{asyncCopy("cp.async.commit_group;\n")}).error(),
              HasSubstr("without a wait for its asynchronous copies"));
  EXPECT_THAT((TestProgram{asyncCopy("cp.async.commit_group;\ncp.async.wait_group 1;\n")}).error(),
              HasSubstr("without a wait for its asynchronous copies"));
}

TEST(PtxMachineTest, TheKernelBeforeIsWaitedFor) {
  std::string load = "ld.global.b32 %r4, [%d2+4];\nst.global.b32 [%d3], %r4;";
  TestProgram program{load};
  program.isFromBefore = true;
  EXPECT_THAT(program.error(), HasSubstr("behind griddepcontrol.wait"));
  program.body = "griddepcontrol.wait;\n" + load;
  expectOut(program, [](uint32_t) { return 1; });
}

// Thread 0 waits for the kernel before only when it has arrived; what it copies then says so.
TEST(PtxMachineTest, WhoSeesACopyThatWaitedForTheKernelBeforeIsBehindItToo) {
  std::string begin = "setp.ne.b32 %p1, %r1, 0;\n@%p1 bra ready;\n"
                      "mbarrier.init.shared.b64 [barriers], 1;\n" +
                      std::string(initFence) +
                      "ready:\nbar.sync 0;\n@%p1 bra copied;\n"
                      "mbarrier.arrive.expect_tx.shared.b64 %d9, [barriers], 128;\n"
                      "griddepcontrol.wait;\nmov.b64 %d5, dynamic;\nmov.b64 %d6, barriers;\n"
                      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%d5], "
                      "[%d2], 128, [%d6];\ncopied:\n",
              load = "ld.global.b32 %r4, [%d2+4];\nst.global.b32 [%d3], %r4;";
  TestProgram program{begin + untilFull + load};
  program.isFromBefore = true;
  expectOut(program, [](uint32_t) { return 1; });
  program.body = begin + load + untilFull;
  EXPECT_THAT(program.error(), HasSubstr("behind griddepcontrol.wait"));
}

// The blocks of a cluster: each stores to the next one's shared memory.
std::string clusterStore(const std::string &between) {
  return "mov.u32 %r5, %cluster_ctarank;\nxor.b32 %r6, %r5, 1;\nmov.b64 %d5, dynamic;\n"
         "mapa.shared::cluster.u64 %d6, %d5, %r6;\nadd.u32 %r7, %r5, 40;\n"
         "barrier.cluster.arrive;\nbarrier.cluster.wait;\n"
         "setp.ne.b32 %p1, %r2, 0;\n@%p1 bra stored;\n"
         "st.shared::cluster.b32 [%d6], %r7;\nstored:\n" +
         between +
         "setp.ne.b32 %p2, %r2, 0;\n@%p2 bra done;\nld.shared.b32 %r8, [dynamic];\n"
         "mul.wide.u32 %d7, %r5, 4;\nadd.s64 %d7, %d1, %d7;\nst.global.b32 [%d7], %r8;\ndone:";
}

TEST(PtxMachineTest, ClustersMeet) {
  std::string meet = "barrier.cluster.arrive;\nbarrier.cluster.wait;\n";
  expectOut({clusterStore(meet), 32, 2, 2}, [](uint32_t i) { return 41 - i; }, 2);
  EXPECT_THAT((TestProgram{clusterStore("barrier.cluster.arrive.relaxed;\nbarrier.cluster.wait;\n"),
                           32, 2, 2})
                  .error(),
              HasSubstr("with no barrier between the two"));
  EXPECT_NE((TestProgram{clusterStore(""), 32, 2, 2}).error(), "");
}

TEST(PtxMachineTest, WhatIsWrongIsNamedWithItsLine) {
  EXPECT_THAT((TestProgram{"st.global.b32 [%d2], %r1;"}).error(),
              HasSubstr("was passed to be read"));
  EXPECT_THAT((TestProgram{"st.global.b32 [%d1+4096], %r1;"}).error(),
              HasSubstr("of buffer 0, which has 4096 bytes"));
  EXPECT_THAT((TestProgram{"st.global.b32 [%d1+2], %r1;"}).error(), HasSubstr("not aligned"));
  EXPECT_THAT((TestProgram{"ld.shared.b32 %r3, [dynamic];"}).error(),
              HasSubstr("which nothing has written"));
  EXPECT_THAT((TestProgram{"ld.shared.b32 %r3, [dynamic+4096];"}).error(),
              HasSubstr("'ld.shared.b32 %r3, [dynamic+4096]' (line 18)"));
  EXPECT_THAT((TestProgram{"tanh.approx.f32 %r3, %r1;"}).error(), HasSubstr("tanh"));
}

} // namespace
