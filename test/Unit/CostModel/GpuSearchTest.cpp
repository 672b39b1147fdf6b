//===- GpuSearchTest.cpp - The fastest of a product's kernels -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/GpuSearch.h"
#include "uwt/CostModel/KernelProfiles.h"
#include <gtest/gtest.h>

using namespace uwt;

namespace {
using enum GpuStrategy;
using enum GpuInstruction;

/// Kernels of a matrix with words alone, and stages of so many bytes for a column group and panel.
struct WordKernels : BuildableKernels {
  GpuProduct facts;
  int64_t groupBytes = 8192;

  explicit WordKernels(uint64_t n, std::optional<uint64_t> m) {
    facts.target = *findGpuTarget("sm_90a");
    facts.n = n;
    facts.m = m;
    facts.hasOnlyWords = true;
  }
  GpuProduct product() const override { return facts; }
  Expected<RingMemory> ringMemory(const GpuChoice &choice, bool) const override {
    RingMemory memory;
    memory.stageBytes =
        groupBytes * choice.groups * choice.panels + int64_t(2) * 64 * choice.groups * choice.slice;
    return memory;
  }
  Status canBuild(const GpuChoice &choice) const override {
    bool fits = choice.ctas <= maxCtas(choice);
    bool isOne = choice.instruction == Mma && choice.panels > 1;
    bool hasRoom =
        stagesThatFit(*facts.target, choice.ctas, *ringMemory(choice, false)) >= choice.stages;
    return fits && !isOne && hasRoom ? ok() : Status(unsupportedError("not this one"));
  }
};

/// One profile for all slices: of a kernel whose ring is as good as its stages.
struct Searched {
  const GpuBoard &board = *usualBoard(**findGpuTarget("sm_90a"));
  KernelProfile profile;
  Searched() {
    profile.instructions = 1;
    profile.stages = 3;
    profile.stageWeights = 64 * 256;
    profile.copying.tripInstructions = 100;
    profile.copying.tripLoads = 1;
  }
  GpuSearch search(uint64_t k) { return {board, k, {profileOf()}, {}, false}; }
  GpuSearch::ProfileOf profileOf() {
    return [this](uint64_t) { return &profile; };
  }
  double timeOf(const WordKernels &kernels, const GpuChoice &choice, uint64_t m) {
    return predictChoice(kernels.facts, choice, m, search(4096), profileOf())->total;
  }
};
} // namespace

TEST(GpuSearch, ProfilesFollowTheChoice) {
  KernelProfile like;
  like.tileN = 128;
  like.stageWeights = 128 * 128;
  like.copying = {10, 50, 80, 2, 4, 4, 16, true};
  KernelProfile one = profileOfChoice({Direct, Mma, 16, 1, 4, 2, 3, 4, 1}, like, 2);
  EXPECT_EQ(one.tileN, 64u);
  EXPECT_EQ(one.consumerWarps, 4u);
  EXPECT_EQ(one.stageWeights, 64 * 256);
  EXPECT_EQ(one.clusterFences, 2u);
  // Each panel has a copying thread of its own. Four column groups in place of two.
  EXPECT_EQ(one.copying.lastInstructions, 50);
  EXPECT_EQ(one.copying.tripLoads, 4);
  EXPECT_EQ(one.copying.tableBytes, 32);
  EXPECT_EQ(profileOfChoice({Direct, Mma, 16, 1, 1, 2, 3, 4, 1}, like, 2).clusterFences, 0u);
}

TEST(GpuSearch, TakesNoKernelThatIsWorseThanTheRules) {
  Searched searched;
  for (uint64_t n : {1024U, 4096U, 7168U})
    for (uint64_t m : {1U, 16U, 40U, 64U, 256U, 300U}) {
      WordKernels kernels(n, m);
      GpuSearch search = searched.search(4096);
      GpuChoice rules = *chooseGpuKernel(kernels);
      GpuChoice found = searchGpuRanges(kernels, {}, search)->front().choice;
      double time = searched.timeOf(kernels, found, m);
      EXPECT_LE(time, searched.timeOf(kernels, rules, m));
      for (const GpuChoice &other : otherChoices(kernels, {}, rules, m, /*ofAnyFormat=*/true)) {
        // Warps of one panel are left out where the rules have those of two.
        bool isLeftOut =
            other.slice <= 64 && other.panels * other.ctas == 1 && rules.panels * rules.ctas > 1;
        if (!isLeftOut)
          EXPECT_GE(searched.timeOf(kernels, other, m) * 1.03, time) << n << " " << m;
      }
    }
}

TEST(GpuSearch, PinsAreKept) {
  Searched searched;
  WordKernels kernels(4096, 64);
  GpuPins pins;
  pins.cluster = 2;
  pins.groups = 2;
  pins.stages = 3;
  for (const GpuChoice &each :
       otherChoices(kernels, pins, *chooseGpuKernel(kernels, pins), 64, false)) {
    EXPECT_EQ(each.cluster, 2u);
    EXPECT_EQ(each.groups, 2u);
    EXPECT_EQ(each.stages, 3u);
  }
  GpuChoice found = searchGpuRanges(kernels, pins, searched.search(4096))->front().choice;
  EXPECT_EQ(found.cluster, 2u);
}

TEST(GpuSearch, WithoutAProfileRulesDecide) {
  WordKernels kernels(4096, std::nullopt);
  Searched searched;
  GpuSearch none{searched.board, 4096, {[](uint64_t) { return nullptr; }}, {}, false};
  auto rules = *chooseGpuRanges(kernels), found = *searchGpuRanges(kernels, {}, none);
  ASSERT_EQ(found.size(), rules.size());
  for (size_t i = 0; i < rules.size(); ++i) {
    EXPECT_EQ(found[i].choice, rules[i].choice);
    EXPECT_EQ(found[i].limit, rules[i].limit);
  }
}

TEST(GpuSearch, RangesKeepTheirSlices) {
  WordKernels kernels(4096, std::nullopt);
  Searched searched;
  auto rules = *chooseGpuRanges(kernels),
       found = *searchGpuRanges(kernels, {}, searched.search(14336));
  ASSERT_EQ(found.size(), rules.size());
  for (size_t i = 0; i < rules.size(); ++i)
    EXPECT_EQ(found[i].choice.slice, rules[i].choice.slice);
}

TEST(GpuSearch, ItIsCheap) {
  // Of one range of m at most so many predictions, of some microseconds each.
  WordKernels kernels(4096, 300);
  GpuChoice rules = *chooseGpuKernel(kernels);
  EXPECT_LE(otherChoices(kernels, {}, rules, 300, false).size(), 96u);
}
