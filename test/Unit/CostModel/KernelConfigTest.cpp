//===- KernelConfigTest.cpp - How kernels of CPUs cut a product -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/KernelConfig.h"
#include <gtest/gtest.h>

using namespace uwt;

static const KernelConfig buffer4x4{CpuStrategy::Buffer, 4, 4, 512};

TEST(KernelConfig, AKnownMHasALastTileOfItsOwn) {
  MTiles tiles = tilesOfM(buffer4x4, 134);
  EXPECT_EQ(tiles.tileN, 4u);
  EXPECT_EQ(tiles.tileM, 4u);
  EXPECT_EQ(tiles.taskM, 128u);
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
  MTiles tiles = tilesOfM({CpuStrategy::Buffer, 2, 24, 64}, std::nullopt);
  EXPECT_EQ(tiles.tileM, 24u);
  EXPECT_EQ(tiles.lastM, 0u);
  EXPECT_EQ(tiles.taskM, 120u);
}

TEST(KernelConfig, DirectTakesARowAtATime) {
  for (std::optional<uint64_t> m : {std::optional<uint64_t>(5), std::optional<uint64_t>()}) {
    MTiles tiles = tilesOfM({CpuStrategy::Direct, 16, 1, 64}, m);
    EXPECT_EQ(tiles.tileM, 1u);
    EXPECT_EQ(tiles.taskM, 1u);
    EXPECT_EQ(tiles.lastM, 0u);
  }
}

TEST(KernelConfig, WithoutAStrategyUnitsAreReadAgainInTheSmallestM) {
  EXPECT_FALSE(usualConfig(2, /*decodesUnits=*/true).isBuffered());
  EXPECT_TRUE(usualConfig(2, /*decodesUnits=*/false).isBuffered());
  EXPECT_EQ(usualConfig(3, true), (KernelConfig{CpuStrategy::Buffer, 8, 3, 128}));
  EXPECT_EQ(usualConfig(300, true), (KernelConfig{CpuStrategy::Buffer, 4, 4, 512}));
  EXPECT_EQ(usualConfig(std::nullopt, true), (KernelConfig{CpuStrategy::Buffer, 4, 4, 256}));
}

TEST(KernelConfig, WithFewRegistersCodesOfFourBitsAreMultipliedWhereTheyAreDecoded) {
  Format words = *Format::parse("inplace<12>");
  Format codes = *Format::parse("uint<4>, zero=8, scale={1x128, f16}");
  Format bytes = *Format::parse("int<8>, scale={row, bf16}");
  for (uint64_t m : {1, 2})
    for (const Format &format : {words, codes, bytes})
      EXPECT_TRUE(mayBeDirect(format, m, /*holdsUnit=*/true));
  EXPECT_FALSE(mayBeDirect(words, 1, /*holdsUnit=*/false));
  EXPECT_TRUE(mayBeDirect(codes, 1, /*holdsUnit=*/false));
  EXPECT_FALSE(mayBeDirect(codes, 2, /*holdsUnit=*/false));
  EXPECT_FALSE(mayBeDirect(bytes, 1, /*holdsUnit=*/false));
}

TEST(KernelConfig, TileRegistersAreWhole) {
  const KernelConfig tiled{CpuStrategy::Tiles, 16, 64, 512};
  MTiles few = tilesOfM(tiled, 20);
  EXPECT_EQ(few.tileM, 32u);
  EXPECT_EQ(few.taskM, 32u);
  EXPECT_EQ(few.lastM, 0u);
  MTiles many = tilesOfM(tiled, 300);
  EXPECT_EQ(many.tileM, 64u);
  EXPECT_EQ(many.taskM, 256u);
  EXPECT_EQ(many.lastM, 48u);
  MTiles any = tilesOfM(tiled, std::nullopt);
  EXPECT_EQ(any.tileM, 64u);
  EXPECT_EQ(any.taskM, 256u);
  EXPECT_EQ(any.lastM, 0u);
}
