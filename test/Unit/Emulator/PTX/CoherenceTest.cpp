//===- CoherenceTest.cpp - What threads see of each other's writes --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The litmus tests that memory models are told apart by (Lustig, Sahasrabuddhe, Giroux: A Formal
// Analysis of the NVIDIA PTX Memory Consistency Model, ASPLOS 2019), over seeds: what PTX allows is
// seen, what it forbids is not.
//
//===----------------------------------------------------------------------===//

#include "uwt/Emulator/EmulatedProduct.h"
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

using namespace uwt;
using ::testing::HasSubstr;
using uwt::emulator::EmulatedKernel;
using uwt::emulator::EmulatedMemory;
using uwt::emulator::EmulationOptions;
using uwt::emulator::LaunchShape;

namespace {
using Outcomes = std::set<std::pair<uint32_t, uint32_t>>;

/// Two blocks of a thread each, of one cluster or of two. `zero` and `one` are what they run; d1
/// and d2 are two words in memory, 0 at first, d3 is where results go.
struct Litmus {
  std::string zero, one;
  uint32_t cluster = 1;
  unsigned seeds = 192;

  std::string text() const {
    std::string clusters = cluster == 1 ? "" : ".explicitcluster\n.reqnctapercluster 2, 1, 1\n";
    return ".version 8.0\n.target sm_90a\n.address_size 64\n.visible .entry k(.param .u64 out)\n" +
           clusters +
           "{\n.reg .pred %p<9>;\n.reg .b32 %r<9>;\n.reg .b64 %d<9>;\n.shared .align 8 .b8 "
           "words[64];\nld.param.b64 %d1, [out];\nadd.s64 %d2, %d1, 64;\nadd.s64 %d3, %d1, 128;\n"
           "mov.u32 %r1, %ctaid.x;\nmov.b32 %r2, 1;\nmov.b32 %r3, 2;\nsetp.ne.b32 %p1, %r1, 0;\n"
           "@%p1 bra one;\n" +
           zero + "bra done;\none:\n" + one + "done:\nret;\n}\n";
  }

  /// The two results, r4 and r5, of one seed: those of the block that stores them.
  Expected<std::pair<uint32_t, uint32_t>> run(uint64_t seed) const {
    UWT_ASSIGN_OR_RETURN(std::unique_ptr<EmulatedKernel> kernel,
                         EmulatedKernel::preparePtx(text(), "k"));
    EmulatedMemory out(256);
    std::ranges::fill(out.bytes(), uint8_t(0));
    LaunchShape shape;
    shape.grid[0] = 2;
    shape.block[0] = 1;
    EmulationOptions options;
    options.seed = seed;
    UWT_RETURN_IF_ERROR(kernel->launch(shape, {out.writable()}, options));
    std::pair<uint32_t, uint32_t> result;
    std::memcpy(&result.first, out.bytes().data() + 128, 4);
    std::memcpy(&result.second, out.bytes().data() + 132, 4);
    return result;
  }
  Outcomes outcomes() const {
    Outcomes all;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      auto result = run(seed);
      EXPECT_TRUE(result) << result.error().message();
      if (result)
        all.insert(*result);
    }
    return all;
  }
  std::string error() const {
    for (uint64_t seed = 1; seed <= seeds; ++seed)
      if (auto result = run(seed); !result)
        return result.error().message();
    return {};
  }
};

const std::string storeBoth = "st.global.b32 [%d3], %r4;\nst.global.b32 [%d3+4], %r5;\n";

/// Message passing: data, then flag; flag into r4, then data into r5.
Litmus messagePassing(const std::string &data, const std::string &store, const std::string &load,
                      uint32_t cluster, const std::string &readData = "ld.relaxed.gpu") {
  return {data + ".global.b32 [%d1], %r2;\n" + store + ".global.b32 [%d2], %r2;\n",
          load + ".global.b32 %r4, [%d2];\n" + readData + ".global.b32 %r5, [%d1];\n" + storeBoth,
          cluster};
}

const Outcomes inOrder = {{0, 0}, {0, 1}, {1, 1}};
const Outcomes any = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
} // namespace

TEST(PtxCoherence, RelaxedStoresOfAnotherBlockBecomeVisibleInAnyOrder) {
  for (uint32_t cluster : {1, 2}) {
    EXPECT_EQ(
        messagePassing("st.relaxed.gpu", "st.relaxed.gpu", "ld.relaxed.gpu", cluster).outcomes(),
        any);
    EXPECT_EQ(messagePassing("st.volatile", "st.volatile", "ld.volatile", cluster, "ld.volatile")
                  .outcomes(),
              any);
    // One half of the pattern is none.
    EXPECT_EQ(
        messagePassing("st.relaxed.gpu", "st.release.gpu", "ld.relaxed.gpu", cluster).outcomes(),
        any);
    EXPECT_EQ(
        messagePassing("st.relaxed.gpu", "st.relaxed.gpu", "ld.acquire.gpu", cluster).outcomes(),
        any);
  }
}

TEST(PtxCoherence, AReleaseAndAnAcquireOrderThem) {
  for (uint32_t cluster : {1, 2}) {
    EXPECT_EQ(
        messagePassing("st.relaxed.gpu", "st.release.gpu", "ld.acquire.gpu", cluster).outcomes(),
        inOrder);
    EXPECT_EQ(messagePassing("st.relaxed.gpu", "fence.acq_rel.gpu;\nst.relaxed.gpu",
                             "ld.relaxed.gpu", cluster, "fence.acq_rel.gpu;\nld.relaxed.gpu")
                  .outcomes(),
              inOrder);
    // An update between the two hands on what it has read (observation order).
    Litmus updated = messagePassing("st.relaxed.gpu", "st.release.gpu", "ld.acquire.gpu", cluster);
    updated.zero += "atom.relaxed.gpu.global.add.u32 %r6, [%d2], %r2;\n";
    EXPECT_EQ(updated.outcomes(), (Outcomes{{0, 0}, {0, 1}, {1, 1}, {2, 1}}));
    // A store between the two does not.
    Litmus stored = messagePassing("st.relaxed.gpu", "st.release.gpu", "ld.acquire.gpu", cluster);
    stored.zero += "st.relaxed.gpu.global.b32 [%d2], %r3;\n";
    EXPECT_THAT(stored.outcomes(), testing::Contains(std::pair(2U, 0U)));
  }
}

TEST(PtxCoherence, TheirScopesHaveToReachEachOther) {
  EXPECT_EQ(
      messagePassing("st.relaxed.gpu", "st.release.cluster", "ld.acquire.cluster", 2).outcomes(),
      inOrder);
  // Strong accesses that do not reach each other are no better than weak ones.
  EXPECT_THAT(
      messagePassing("st.relaxed.gpu", "st.release.cluster", "ld.acquire.cluster", 1).error(),
      HasSubstr("their scopes do not reach each other"));
  EXPECT_THAT(messagePassing("st.relaxed.gpu", "st.release.cta", "ld.acquire.gpu", 2).error(),
              HasSubstr("their scopes do not reach each other"));
  EXPECT_THAT((Litmus{"atom.relaxed.cta.global.add.u32 %r6, [%d1], %r2;\n",
                      "atom.relaxed.gpu.global.add.u32 %r6, [%d1], %r2;\n"})
                  .error(),
              HasSubstr("their scopes do not reach each other"));
}

TEST(PtxCoherence, WeakAccessesNeedTheOrder) {
  EXPECT_THAT(messagePassing("st", "st.release.gpu", "ld.acquire.gpu", 1, "ld").error(),
              HasSubstr("nothing orders the two"));
  // Behind the flag they are in order.
  Litmus behind = messagePassing("st", "st.release.gpu", "mov.b32 %r5, 1;\nld.acquire.gpu", 1,
                                 "setp.eq.b32 %p2, %r4, 0;\n@%p2 bra unread;\nld");
  behind.one.insert(behind.one.find("st.global"), "unread:\n");
  EXPECT_EQ(behind.outcomes(), (Outcomes{{0, 1}, {1, 1}}));
  // A weak write over what a strong read has seen, whichever comes first.
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    auto out =
        Litmus{"st.global.b32 [%d1], %r2;\n", "ld.relaxed.gpu.global.b32 %r4, [%d1];\n"}.run(seed);
    ASSERT_FALSE(out) << "seed " << seed;
    EXPECT_THAT(out.error().message(), HasSubstr("nothing orders the two"));
  }
}

TEST(PtxCoherence, FencesOfSequentialConsistencyHaveOneOrder) {
  // Store buffering: each writes its own word and reads the other's.
  auto buffering = [](const std::string &fence) {
    auto side = [&](const char *own, const char *other, const char *result) {
      return std::string("st.relaxed.gpu.global.b32 [") + own + "], %r2;\n" + fence +
             "ld.relaxed.gpu.global.b32 %r4, [" + other + "];\nst.global.b32 [" + result +
             "], %r4;\n";
    };
    Litmus litmus{side("%d1", "%d2", "%d3"), side("%d2", "%d1", "%d3+4")};
    litmus.cluster = 2;
    return litmus;
  };
  EXPECT_EQ(buffering("").outcomes(), any);
  EXPECT_EQ(buffering("fence.acq_rel.gpu;\n").outcomes(), any);
  EXPECT_EQ(buffering("fence.sc.gpu;\n").outcomes(), (Outcomes{{0, 1}, {1, 0}, {1, 1}}));
  EXPECT_EQ(buffering("membar.gl;\n").outcomes(), (Outcomes{{0, 1}, {1, 0}, {1, 1}}));
  EXPECT_EQ(buffering("fence.sc.cta;\n").outcomes(), any);
}

TEST(PtxCoherence, NobodySeesAWordGoBack) {
  for (uint32_t cluster : {1, 2}) {
    Litmus litmus{"st.relaxed.gpu.global.b32 [%d1], %r2;\nst.relaxed.gpu.global.b32 [%d1], %r3;\n",
                  "ld.relaxed.gpu.global.b32 %r4, [%d1];\nld.relaxed.gpu.global.b32 %r5, [%d1];\n" +
                      storeBoth,
                  cluster};
    for (auto [first, second] : litmus.outcomes())
      EXPECT_LE(first, second);
    EXPECT_THAT(litmus.outcomes(), testing::IsSupersetOf(Outcomes{{0, 1}, {0, 2}, {1, 2}, {2, 2}}));
  }
}

TEST(PtxCoherence, UpdatesReadTheNewest) {
  for (uint32_t cluster : {1, 2}) {
    std::string add = "atom.relaxed.gpu.global.add.u32 %r4, [%d1], %r2;\n";
    Litmus litmus{add + "st.global.b32 [%d3], %r4;\n", add + "st.global.b32 [%d3+4], %r4;\n",
                  cluster};
    EXPECT_EQ(litmus.outcomes(), (Outcomes{{0, 1}, {1, 0}}));
  }
}

// Rank 0 does something at d5, words of rank 1, which does something with them itself; both meet
// before and behind that.
Litmus sharedWords(const std::string &zero, const std::string &one) {
  std::string meet = "barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n";
  std::string clear = "st.shared.b32 [words], 0;\nst.shared.b32 [words+8], 0;\n" + meet;
  return {clear + "mov.b64 %d5, words;\nmapa.shared::cluster.u64 %d5, %d5, 1;\n" + zero + meet,
          clear + one + meet, 2};
}

TEST(PtxCoherence, SharedMemoryOfAClusterIsNoOther) {
  auto passing = [](const std::string &store, const std::string &load) {
    return sharedWords("st.relaxed.cluster.shared::cluster.b32 [%d5], %r2;\n" + store +
                           ".cluster.shared::cluster.b32 [%d5+8], %r2;\n",
                       load +
                           ".cluster.shared::cluster.b32 %r4, [words+8];\nld.relaxed.cluster"
                           ".shared::cluster.b32 %r5, [words];\n" +
                           storeBoth)
        .outcomes();
  };
  EXPECT_EQ(passing("st.relaxed", "ld.relaxed"), any);
  EXPECT_EQ(passing("st.release", "ld.acquire"), inOrder);
}

TEST(PtxCoherence, UpdatesOfSharedMemoryMayNotMeetWeakAccesses) {
  std::string add = "atom.relaxed.cluster.shared::cluster.add.u32 %r4, ";
  EXPECT_EQ(sharedWords(add + "[%d5], %r2;\n", add + "[words], %r2;\n").error(), "");
  EXPECT_THAT(sharedWords(add + "[%d5], %r2;\n", "st.shared.b32 [words], %r2;\n").error(),
              HasSubstr("with no barrier between the two"));
  EXPECT_THAT(sharedWords(add + "[%d5], %r2;\n", "ld.shared.b32 %r4, [words];\n").error(),
              HasSubstr("with no barrier between the two"));
  EXPECT_THAT(sharedWords("atom.relaxed.cta.shared::cluster.add.u32 %r4, [%d5], %r2;\n",
                          add + "[words], %r2;\n")
                  .error(),
              HasSubstr("with no barrier between the two"));
  EXPECT_THAT(sharedWords("", add + "[words+16], %r2;\n").error(),
              HasSubstr("which nothing has written"));
}
