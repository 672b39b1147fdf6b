//===- KernelConfigTest.cpp - How kernels of CPUs cut a product -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/KernelConfig.h"
#include <gtest/gtest.h>

using namespace uwt;

static const KernelConfig buffer4x4{true, 4, 4, 512};

TEST(KernelConfig, AKnownMHasALastTileOfItsOwn) {
  MTiles tiles = tilesOfM(buffer4x4, 70);
  EXPECT_EQ(tiles.tileN, 4u);
  EXPECT_EQ(tiles.tileM, 4u);
  EXPECT_EQ(tiles.taskM, 64u);
  EXPECT_EQ(tiles.lastM, 2u);
  EXPECT_EQ(tiles.lastN, 8u);
  EXPECT_EQ(tilesOfM(buffer4x4, 64).lastM, 0u);
}

TEST(KernelConfig, ASmallMIsOneTileAsRegistersHaveRoom) {
  const unsigned outputs[] = {16, 8, 8};
  for (unsigned m = 1; m < 4; ++m) {
    MTiles tiles = tilesOfM(buffer4x4, m);
    EXPECT_EQ(tiles.tileM, m);
    EXPECT_EQ(tiles.tileN, outputs[m - 1]);
    EXPECT_EQ(tiles.taskM, m);
    EXPECT_EQ(tiles.lastM, 0u);
  }
}

TEST(KernelConfig, AnyMIsWholeTiles) {
  MTiles tiles = tilesOfM({true, 2, 24, 64}, std::nullopt);
  EXPECT_EQ(tiles.tileM, 24u);
  EXPECT_EQ(tiles.lastM, 0u);
  EXPECT_EQ(tiles.taskM, 48u);
}

TEST(KernelConfig, DirectTakesARowAtATime) {
  for (std::optional<uint64_t> m : {std::optional<uint64_t>(5), std::optional<uint64_t>()}) {
    MTiles tiles = tilesOfM({false, 16, 1, 64}, m);
    EXPECT_EQ(tiles.tileM, 1u);
    EXPECT_EQ(tiles.taskM, 1u);
    EXPECT_EQ(tiles.lastM, 0u);
  }
}

TEST(KernelConfig, WithoutAStrategyUnitsAreReadAgainInTheSmallestM) {
  EXPECT_FALSE(usualConfig(2, /*isFixedRate=*/true).buffered);
  EXPECT_TRUE(usualConfig(2, /*isFixedRate=*/false).buffered);
  EXPECT_EQ(usualConfig(3, true), (KernelConfig{true, 8, 3, 128}));
  EXPECT_EQ(usualConfig(300, true), (KernelConfig{true, 4, 4, 512}));
  EXPECT_EQ(usualConfig(std::nullopt, true), (KernelConfig{true, 4, 4, 256}));
}
