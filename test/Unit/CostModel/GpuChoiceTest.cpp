//===- GpuChoiceTest.cpp - Where GPUs decode the weights of products ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/GpuChoice.h"
#include <array>
#include <gtest/gtest.h>
#include <set>

using namespace uwt;

namespace {
using enum GpuStrategy;
using enum GpuInstruction;

constexpr int64_t kilobyte = 1024;

/// Has all kernels but those of some strategies, and those of more panels than some.
struct SomeKernels : BuildableKernels {
  GpuProduct facts;
  std::set<GpuStrategy> missing;
  unsigned maxPanels = 2;
  /// Of shared memory that stages take for a column group, and of a format's units.
  int64_t groupBytes = 8 * kilobyte;
  unsigned unitGroups = 1;

  explicit SomeKernels(const char *target, std::optional<uint64_t> m = std::nullopt) {
    facts.target = *findGpuTarget(target);
    facts.n = 128;
    facts.m = m;
  }
  GpuProduct product() const override { return facts; }
  Expected<RingMemory> ringMemory(const GpuChoice &choice, bool ofAnyFormat) const override {
    RingMemory memory;
    memory.stageBytes = memory.weightBytes = groupBytes * choice.groups;
    memory.unitGroups = ofAnyFormat ? 1 : unitGroups;
    return memory;
  }
  Status canBuild(const GpuChoice &choice) const override {
    if (choice.panels > maxPanels)
      return unsupportedError("panels");
    if (missing.count(choice.strategy) != 0)
      return unsupportedError("no " + std::to_string(static_cast<int>(choice.strategy)));
    return ok();
  }
};

using Row = std::tuple<uint64_t, GpuStrategy, unsigned>;

std::vector<Row> rowsOf(const SomeKernels &kernels) {
  std::vector<Row> rows;
  auto ranges = chooseGpuRanges(kernels);
  for (const GpuRange &range : *ranges)
    rows.emplace_back(range.limit, range.choice.strategy, range.choice.slice);
  return rows;
}
} // namespace

TEST(GpuChoice, PrefixCodesAreDecodedElsewhereWhereSlicesGetWider) {
  SomeKernels hopper("sm_90a");
  hopper.facts.hasStreams = true;
  EXPECT_EQ(rowsOf(hopper), (std::vector<Row>{{8, Direct, 8},
                                              {16, Direct, 16},
                                              {32, Direct, 32},
                                              {64, Shared, 64},
                                              {128, Shared, 128},
                                              {UINT64_MAX, Exponents, 256}}));
  SomeKernels ampere("sm_80");
  ampere.facts.hasStreams = true;
  ampere.missing = {Direct};
  EXPECT_EQ(rowsOf(ampere),
            (std::vector<Row>{
                {8, Shared, 8}, {16, Shared, 16}, {32, Shared, 32}, {UINT64_MAX, Shared, 64}}));
}

TEST(GpuChoice, FixedRatesAreDecodedWhereTheyAreMultiplied) {
  SomeKernels hopper("sm_90a");
  for (const auto &[limit, strategy, slice] : rowsOf(hopper))
    EXPECT_EQ(strategy, Direct) << limit;
  hopper.missing = {Direct};
  for (const auto &[limit, strategy, slice] : rowsOf(hopper))
    EXPECT_EQ(strategy, Buffer) << limit;
}

TEST(GpuChoice, AKnownMComesInEqualSlices) {
  EXPECT_EQ(rowsOf(SomeKernels("sm_90a", 300)), (std::vector<Row>{{UINT64_MAX, Direct, 152}}));
  EXPECT_EQ(rowsOf(SomeKernels("sm_80", 72)), (std::vector<Row>{{UINT64_MAX, Direct, 40}}));
  EXPECT_EQ(rowsOf(SomeKernels("sm_90a", 0)), (std::vector<Row>{{UINT64_MAX, Direct, 8}}));
}

TEST(GpuChoice, SlicesAreNarrowerWhereRegistersAreFew) {
  SomeKernels hopper("sm_90a");
  EXPECT_EQ(widestSlice(hopper.facts, Direct, Wgmma), maxMTiles);
  EXPECT_EQ(widestSlice(hopper.facts, Shared, Wgmma), 16u);
  hopper.facts.n = 100;
  EXPECT_EQ(widestSlice(hopper.facts, Direct, Wgmma), 12u);
  EXPECT_EQ(widestSlice(hopper.facts, Direct, Mma), 8u);
  hopper.facts.hasStreams = true;
  EXPECT_EQ(widestSlice(hopper.facts, Direct, Mma), maxMTilesOfStreams);
}

TEST(GpuChoice, RingsHoldAsManyWeightsAsAreOfUse) {
  const GpuTarget &target = **findGpuTarget("sm_90a");
  auto stages = [&](unsigned ctas, int64_t weightBytes, int64_t xBytes) {
    return stagesOfUse(target, ctas, {weightBytes + xBytes, weightBytes, /*otherBytes=*/0});
  };
  // 90 KB of weights in all, of one CTA or of two.
  EXPECT_EQ(stages(1, 16 * kilobyte, 0), 5);
  EXPECT_EQ(stages(2, 12 * kilobyte, 0), 3);
  EXPECT_EQ(stages(2, 16 * kilobyte, 0), 2);
  // No fewer than two, of one CTA three.
  EXPECT_EQ(stages(2, 32 * kilobyte, 0), 2);
  EXPECT_EQ(stages(1, 48 * kilobyte, 0), 3);
  // No more than fit, and than a ring may have.
  EXPECT_EQ(stages(2, 16 * kilobyte, 32 * kilobyte), 2);
  EXPECT_EQ(stages(1, kilobyte, 0), maxRingStages);
}

TEST(GpuChoice, SharedMemoryKeepsMoreCtasThanPlannedAway) {
  for (const GpuTarget &target : allGpuTargets())
    for (unsigned ctas : {1, 2, 3}) {
      int64_t bytes = sharedBytesOfCtas(target, ctas);
      auto held = [&](int64_t ofEach) { return target.sharedBytesPerSm / (ofEach + kilobyte); };
      EXPECT_EQ(held(bytes), ctas) << target.name;
      EXPECT_EQ(held(bytes - 16), ctas + 1) << target.name;
    }
}

TEST(GpuChoice, PinsAreKept) {
  SomeKernels hopper("sm_90a", 8);
  hopper.facts.n = 100;
  auto choice = chooseGpuKernel(hopper, {Buffer, 32});
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->strategy, Buffer);
  EXPECT_EQ(choice->slice, 96u);
  GpuPins pins;
  pins.mTiles = 4;
  pins.stages = 2;
  pins.groups = 6;
  pins.cluster = 8;
  pins.instruction = Mma;
  choice = chooseGpuKernel(hopper, pins);
  EXPECT_EQ(*choice, (GpuChoice{Direct, Mma, 32, 1, 8, 2, 2, 6, 1}));
}

TEST(GpuChoice, PinsThatNoKernelHasAreErrors) {
  SomeKernels hopper("sm_90a", 8);
  auto messageOf = [&](const GpuPins &pins) {
    return chooseGpuKernel(hopper, pins).error().message();
  };
  GpuPins pins;
  pins.cluster = 3;
  EXPECT_EQ(messageOf(pins), "expects a cluster of 1, 2, 4 or 8 CTAs, got 3");
  for (auto [mTiles, stages, groups] : {std::tuple{33U, 0U, 0U}, {0U, 1U, 0U}, {0U, 0U, 3U}}) {
    pins = {};
    pins.mTiles = mTiles;
    pins.stages = stages;
    pins.groups = groups;
    EXPECT_EQ(messageOf(pins), "expects 1 to 32 m tiles, at least 2 stages and an even number of "
                               "groups, got " +
                                   std::to_string(mTiles) + ", " + std::to_string(stages) +
                                   " and " + std::to_string(groups));
  }
}

TEST(GpuChoice, WideSlicesAreMultipliedByWarpgroups) {
  SomeKernels hopper("sm_90a", 16);
  EXPECT_EQ(chooseGpuKernel(hopper)->instruction, Mma);
  hopper.facts.m = 24;
  GpuChoice choice = *chooseGpuKernel(hopper);
  EXPECT_EQ(choice.instruction, Wgmma);
  EXPECT_EQ(choice.panels, 2u);
  // Clusters are for those who ask for them.
  hopper.facts.m = 64;
  hopper.facts.n = 4096;
  EXPECT_EQ(chooseGpuKernel(hopper)->cluster, 1u);
  GpuPins pins;
  pins.cluster = 4;
  EXPECT_EQ(chooseGpuKernel(hopper, pins)->cluster, 4u);
  hopper.facts.target = *findGpuTarget("sm_80");
  choice = *chooseGpuKernel(hopper);
  EXPECT_EQ(choice.instruction, Mma);
  EXPECT_EQ(choice.panels, 1u);
  EXPECT_EQ(choice.cluster, 1u);
}

TEST(GpuChoice, RingsTakeTheRoomThatThereIs) {
  // 227 KB a CTA: of two, two stages of 32 KB of each are of use; then smaller ones, then of one.
  SomeKernels hopper("sm_90a", 8);
  auto ringOf = [&](int64_t groupBytes) {
    hopper.groupBytes = groupBytes;
    GpuChoice choice = *chooseGpuKernel(hopper);
    return std::array{choice.ctas, choice.stages, choice.groups};
  };
  EXPECT_EQ(ringOf(8 * kilobyte), (std::array{2U, 2U, 4U}));
  EXPECT_EQ(ringOf(16 * kilobyte), (std::array{2U, 2U, 2U}));
  EXPECT_EQ(ringOf(19264), (std::array{1U, 3U, 4U}));
  EXPECT_EQ(ringOf(32 * kilobyte), (std::array{1U, 3U, 2U}));
  // Two of wide slices do not have the registers.
  hopper.facts.m = 40;
  EXPECT_EQ(ringOf(8 * kilobyte), (std::array{1U, 3U, 4U}));
  EXPECT_EQ(ringOf(1 * kilobyte), (std::array{1U, 8U, 4U}));
}

TEST(GpuChoice, StagesHaveWholeUnitsOfKTilesOfAnyFormat) {
  SomeKernels hopper("sm_90a", 8);
  hopper.groupBytes = 16 * kilobyte;
  hopper.unitGroups = 4;
  GpuChoice choice = *chooseGpuKernel(hopper);
  EXPECT_EQ(choice.groups, 4u);
  EXPECT_EQ(choice.kTiles, 2u);
  EXPECT_EQ(choice.ctas, 2u);
}

TEST(GpuChoice, DecodersHaveOnePanelWhereTwoHaveNoRoom) {
  SomeKernels hopper("sm_90a", 64);
  hopper.facts.hasStreams = true;
  EXPECT_EQ(chooseGpuKernel(hopper)->panels, 2u);
  hopper.maxPanels = 1;
  GpuChoice choice = *chooseGpuKernel(hopper);
  EXPECT_EQ(choice.strategy, Shared);
  EXPECT_EQ(choice.panels, 1u);
}

TEST(GpuChoice, StreamsHaveNoRing) {
  SomeKernels hopper("sm_90a", 8);
  hopper.facts.hasStreams = true;
  EXPECT_EQ(*chooseGpuKernel(hopper), (GpuChoice{Direct, Mma, 8, 1, 1, 2}));
  hopper.facts.m = 16;
  EXPECT_EQ(*chooseGpuKernel(hopper), (GpuChoice{Direct, Mma, 16}));
}

TEST(GpuChoice, WithoutTensorCoresThereIsOneKernel) {
  SomeKernels mixed("sm_90a");
  mixed.facts.hasMatrixInstruction = false;
  EXPECT_EQ(rowsOf(mixed), (std::vector<Row>{{UINT64_MAX, Buffer, 4}}));
  mixed.facts.hasOnlyWords = true;
  EXPECT_EQ(rowsOf(mixed), (std::vector<Row>{{UINT64_MAX, Direct, 4}}));
  EXPECT_EQ(chooseGpuKernel(mixed)->instruction, Fma);
  SomeKernels pinned("sm_90a", 8);
  GpuPins pins;
  pins.instruction = Fma;
  EXPECT_EQ(chooseGpuKernel(pinned, pins)->slice, 4u);
}

TEST(GpuChoice, TheErrorSaysWhyThePreferredStrategyIsNotThere) {
  SomeKernels none("sm_90a", 300);
  none.facts.hasStreams = true;
  none.missing = {Direct, Shared, Exponents, Buffer};
  auto choice = chooseGpuKernel(none);
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().message(), "no " + std::to_string(static_cast<int>(Exponents)));
}
