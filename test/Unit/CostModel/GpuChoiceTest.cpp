//===- GpuChoiceTest.cpp - Where GPUs decode the weights of products ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/GpuChoice.h"
#include <gtest/gtest.h>
#include <set>

using namespace uwt;

namespace {
using enum GpuStrategy;

/// Has all kernels but those of some strategies.
struct SomeKernels : BuildableKernels {
  GpuProduct facts;
  std::set<GpuStrategy> missing;

  explicit SomeKernels(const char *target, std::optional<uint64_t> m = std::nullopt) {
    facts.target = *findGpuTarget(target);
    facts.n = 128;
    facts.m = m;
  }
  GpuProduct product() const override { return facts; }
  Status canBuild(const GpuChoice &choice) const override {
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
  hopper.facts.hasPrefixCode = true;
  EXPECT_EQ(rowsOf(hopper), (std::vector<Row>{{8, Direct, 8},
                                              {16, Direct, 16},
                                              {32, Direct, 32},
                                              {64, Shared, 64},
                                              {128, Shared, 128},
                                              {UINT64_MAX, Exponents, 256}}));
  SomeKernels ampere("sm_80");
  ampere.facts.hasPrefixCode = true;
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

TEST(GpuChoice, AKnownBatchComesInEqualSlices) {
  EXPECT_EQ(rowsOf(SomeKernels("sm_90a", 300)), (std::vector<Row>{{UINT64_MAX, Direct, 152}}));
  EXPECT_EQ(rowsOf(SomeKernels("sm_80", 72)), (std::vector<Row>{{UINT64_MAX, Direct, 40}}));
  EXPECT_EQ(rowsOf(SomeKernels("sm_90a", 0)), (std::vector<Row>{{UINT64_MAX, Direct, 8}}));
}

TEST(GpuChoice, SlicesAreNarrowerWhereRegistersAreFew) {
  SomeKernels hopper("sm_90a");
  EXPECT_EQ(widestSlice(hopper.facts, Direct), maxMTiles);
  EXPECT_EQ(widestSlice(hopper.facts, Shared), 16u);
  hopper.facts.n = 100;
  EXPECT_EQ(widestSlice(hopper.facts, Direct), 12u);
  hopper.facts.allowsWarpgroups = false;
  EXPECT_EQ(widestSlice(hopper.facts, Direct), 8u);
  hopper.facts.hasPrefixCode = true;
  EXPECT_EQ(widestSlice(hopper.facts, Direct), maxMTilesOfStreams);
}

TEST(GpuChoice, PinsAreKept) {
  SomeKernels hopper("sm_90a", 8);
  auto choice = chooseGpuKernel(hopper, {Buffer, 100});
  EXPECT_EQ(choice->strategy, Buffer);
  EXPECT_EQ(choice->slice, 256u);
}

TEST(GpuChoice, WithoutTensorCoresThereIsOneKernel) {
  SomeKernels mixed("sm_90a");
  mixed.facts.onlySlice = 4;
  EXPECT_EQ(rowsOf(mixed), (std::vector<Row>{{UINT64_MAX, Buffer, 4}}));
  mixed.facts.hasOnlyWords = true;
  EXPECT_EQ(rowsOf(mixed), (std::vector<Row>{{UINT64_MAX, Direct, 4}}));
}

TEST(GpuChoice, TheErrorSaysWhyThePreferredStrategyIsNotThere) {
  SomeKernels none("sm_90a", 300);
  none.facts.hasPrefixCode = true;
  none.missing = {Direct, Shared, Exponents, Buffer};
  auto choice = chooseGpuKernel(none);
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().message(), "no " + std::to_string(static_cast<int>(Exponents)));
}
