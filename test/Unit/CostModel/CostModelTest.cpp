//===- CostModelTest.cpp - Predictions and choices ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/CostModel.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;

static const Calibration &calibration() { return Calibration::of(**findTarget("avx512bf16")); }

static FormatCost rawCost() { return {*Format::parse("raw"), {16, 0}, 0.5, true, 64}; }
static FormatCost inPlaceFormat() {
  return {*Format::parse("inplace<12>"), {12.02, 3e-4}, 2.5, true, 64};
}
static FormatCost huffmanFormat() {
  return {*Format::parse("huffman<12,2>"), {10.9, 0}, 60, false, 1024};
}

static ProductProblem problemOf(uint64_t m, uint64_t rows = 14336, uint64_t columns = 4096) {
  return {m, rows, columns, 1, 2, true};
}

static double timeOf(uint64_t m, const FormatCost &format, const KernelConfig &config) {
  return predict(calibration(), problemOf(m), format, config).total;
}

TEST(CostModel, TotalCoversItsTerms) {
  for (const KernelConfig &config : candidateConfigs(inPlaceFormat(), 4096)) {
    Prediction p = predict(calibration(), problemOf(16), inPlaceFormat(), config);
    EXPECT_GE(p.total, p.memory + p.pack + p.forkJoin) << config.str();
    EXPECT_GE(p.total, p.compute() + p.pack + p.forkJoin) << config.str();
    EXPECT_LE(p.total, p.memory + p.compute() + p.pack + p.forkJoin) << config.str();
  }
}

TEST(CostModel, MemoryIsBytesOverBandwidth) {
  Prediction p = predict(calibration(), problemOf(1), rawCost(), {});
  EXPECT_NEAR(p.memory, 14336.0 * 4096 * 2 / calibration().bandwidthOf(2) / 1000, 1e-6);
}

TEST(CostModel, TimesRiseWithBytesMAndSize) {
  for (const KernelConfig &config : candidateConfigs(rawCost(), 4096)) {
    FormatCost larger = rawCost();
    larger.size.bitsPerWeight = 20;
    EXPECT_GE(timeOf(1, larger, config), timeOf(1, rawCost(), config));
    // Two rows that are left over take no longer than one, which meets more outputs at a time.
    for (uint64_t m = 1; m < 64; ++m)
      EXPECT_LT(timeOf(m, rawCost(), config), timeOf(m + 1, rawCost(), config) * 1.001);
    EXPECT_LT(predict(calibration(), problemOf(4, 4096), rawCost(), config).total,
              predict(calibration(), problemOf(4, 8192), rawCost(), config).total);
  }
}

TEST(CostModel, LongKTilesComeLate) {
  auto late = [](unsigned kTile) {
    KernelConfig buffer{CpuStrategy::Buffer, 4, 4, kTile};
    Prediction p = predict(calibration(), problemOf(1), rawCost(), buffer);
    double exposed = p.total - std::max(p.memory, p.compute()) - p.pack - p.forkJoin;
    return (exposed - 0.05 * std::min(p.memory, p.compute())) / p.memory;
  };
  // 2, 4 and 16 KB of a strip.
  EXPECT_NEAR(late(64), 0.4 / 3, 1e-9);
  EXPECT_NEAR(late(128), 0.2, 1e-9);
  EXPECT_NEAR(late(512), 0.32, 1e-9);
}

TEST(CostModel, HalfOfWhatCodesLeaveIsAskedForAhead) {
  auto exposed = [](const FormatCost &format) {
    Prediction p = predict(calibration(), problemOf(1), format, {});
    return (p.total - std::max(p.memory, p.compute()) - p.pack - p.forkJoin) /
           std::min(p.memory, p.compute());
  };
  FormatCost codes = rawCost();
  codes.format = *Format::parse("uint<4>, zero=8, scale={1x128, f16}");
  EXPECT_NEAR(exposed(rawCost()), calibration().overlap, 1e-9);
  EXPECT_NEAR(exposed(codes), calibration().overlap / 2, 1e-9);
}

TEST(CostModel, SlicesOfMAreTasksOfThreads) {
  ProductProblem one = problemOf(1024, 64), two = one;
  two.threads = 1;
  KernelConfig buffer{CpuStrategy::Buffer, 4, 4, 512};
  EXPECT_NEAR(predict(calibration(), one, rawCost(), buffer).compute(),
              predict(calibration(), two, rawCost(), buffer).compute() / 2, 1e-6);
}

TEST(CostModel, AStreamIsDecodedOnceAndUnitsForEachSliceOfM) {
  auto decodes = [](uint64_t m, const FormatCost &format, const KernelConfig &config) {
    Prediction p = predict(calibration(), problemOf(m), format, config);
    return p.decode / predict(calibration(), problemOf(1), format, config).decode;
  };
  KernelConfig buffer{CpuStrategy::Buffer, 4, 4, 1024};
  EXPECT_DOUBLE_EQ(decodes(1024, huffmanFormat(), buffer), 1);
  EXPECT_DOUBLE_EQ(decodes(128, inPlaceFormat(), buffer), 1);
  EXPECT_DOUBLE_EQ(decodes(1024, inPlaceFormat(), buffer), 8);
  EXPECT_DOUBLE_EQ(decodes(3, inPlaceFormat(), {}), 3);
}

TEST(CostModel, ThreadsShareThePackingOfManyRows) {
  KernelConfig buffer{CpuStrategy::Buffer, 4, 4, 512};
  auto pack = [&](uint64_t m, unsigned threads) {
    ProductProblem problem = problemOf(m);
    problem.threads = threads;
    return predict(calibration(), problem, rawCost(), buffer).pack;
  };
  // Sixteen rows of 4096 columns are a task.
  EXPECT_EQ(pack(16, 16), pack(16, 1));
  EXPECT_DOUBLE_EQ(pack(32, 16), pack(32, 1) / 2);
  EXPECT_DOUBLE_EQ(pack(1024, 16), pack(1024, 1) / 16);
}

TEST(CostModel, APanelIsNotSplitBetweenThreads) {
  ProductProblem one = problemOf(64, 64), two = one;
  two.threads = 1;
  EXPECT_EQ(predict(calibration(), one, rawCost(), {}).compute(),
            predict(calibration(), two, rawCost(), {}).compute());
  // Three panels take as long as four on two threads, but for their bytes.
  Prediction three = predict(calibration(), problemOf(64, 192), rawCost(), {});
  Prediction four = predict(calibration(), problemOf(64, 256), rawCost(), {});
  EXPECT_EQ(three.dots, four.dots);
}

TEST(CostModel, EmptyProductsTakeNoTime) {
  EXPECT_EQ(predict(calibration(), problemOf(4, 0), rawCost(), {}).compute(), 0);
  EXPECT_EQ(predict(calibration(), problemOf(0), rawCost(), {}).dots, 0);
}

/// Only kernels without a buffer.
ConfigPins direct() {
  ConfigPins pins;
  pins.strategy = CpuStrategy::Direct;
  return pins;
}

TEST(CostModel, StreamsAreBuffered) {
  for (const KernelConfig &config : candidateConfigs(huffmanFormat(), 4096)) {
    EXPECT_TRUE(config.isBuffered()) << config.str();
    // That is what lowering decodes at a time, whatever is asked for.
    EXPECT_EQ(config.tileK, 1024u) << config.str();
  }
  ConfigPins twoUnits;
  twoUnits.tileK = 2048;
  EXPECT_TRUE(candidateConfigs(huffmanFormat(), 4096, twoUnits).empty());
  EXPECT_TRUE(candidateConfigs(huffmanFormat(), 4096, direct()).empty());
}

TEST(CostModel, PinsHold) {
  ConfigPins pins{CpuStrategy::Buffer, 2, 8, 512};
  std::vector<KernelConfig> configs = candidateConfigs(rawCost(), 4096, pins);
  ASSERT_EQ(configs.size(), 1u);
  EXPECT_EQ(configs[0], (KernelConfig{CpuStrategy::Buffer, 2, 8, 512}));
}

TEST(CostModel, DirectForWordsAndOneRowBufferForMany) {
  auto isBuffered = [](uint64_t m, const FormatCost &format) {
    return rankConfigs(calibration(), problemOf(m), format).front().config.isBuffered();
  };
  EXPECT_FALSE(isBuffered(1, rawCost()));
  EXPECT_TRUE(isBuffered(1, inPlaceFormat()));
  EXPECT_TRUE(isBuffered(64, rawCost()));
  EXPECT_TRUE(isBuffered(64, inPlaceFormat()));
}

TEST(CostModel, ShortKTilesAreForOneOrTwoRows) {
  auto hasShort = [](const ProductProblem &problem, const ConfigPins &pins = {}) {
    return std::ranges::any_of(configsFor(problem, inPlaceFormat(), pins), [](auto &config) {
      return config.strategy == CpuStrategy::Buffer && config.tileK == 64;
    });
  };
  EXPECT_TRUE(hasShort(problemOf(1)));
  EXPECT_TRUE(hasShort(problemOf(2)));
  EXPECT_FALSE(hasShort(problemOf(3)));
  ProductProblem anyM = problemOf(1);
  anyM.isStatic = false;
  EXPECT_FALSE(hasShort(anyM));
  // Where a row has no more, or it is asked for.
  EXPECT_TRUE(hasShort(problemOf(3, 64, 64)));
  ConfigPins pins;
  pins.tileK = 64;
  EXPECT_TRUE(hasShort(problemOf(3), pins));
}

TEST(CostModel, RangesRiseAndCoverAll) {
  for (const FormatCost &format : {rawCost(), inPlaceFormat(), huffmanFormat()})
    for (unsigned most = 1; most <= 5; ++most) {
      std::vector<MRange> ranges = chooseRanges(calibration(), problemOf(0), format, most);
      ASSERT_FALSE(ranges.empty());
      EXPECT_LE(ranges.size(), most);
      EXPECT_EQ(ranges.back().limit, UINT64_MAX);
      for (size_t i = 1; i < ranges.size(); ++i) {
        EXPECT_LT(ranges[i - 1].limit, ranges[i].limit);
        EXPECT_NE(ranges[i - 1].config, ranges[i].config);
      }
    }
}

/// Mean over the grid of what ranges are slower than the best configuration at each size.
static double regretOf(const std::vector<MRange> &ranges, const FormatCost &format) {
  double sum = 0;
  for (uint64_t m : mGrid()) {
    auto range =
        std::find_if(ranges.begin(), ranges.end(), [&](const MRange &r) { return m <= r.limit; });
    double best = rankConfigs(calibration(), problemOf(m), format).front().prediction.total;
    sum += timeOf(m, format, range->config) / best - 1;
  }
  return sum / static_cast<double>(mGrid().size());
}

TEST(CostModel, MoreRangesAreNoWorse) {
  double before = 1e9;
  for (unsigned most = 1; most <= 5; ++most) {
    double now =
        regretOf(chooseRanges(calibration(), problemOf(0), inPlaceFormat(), most), inPlaceFormat());
    EXPECT_LE(now, before + 1e-9) << most;
    before = now;
  }
  EXPECT_LT(before, 0.05);
}

TEST(CostModel, RunFormatFollowsTheMachine) {
  std::vector<FormatCost> formats = {huffmanFormat(), inPlaceFormat(), rawCost()};
  std::vector<ProductProblem> uses = {problemOf(1)};
  EXPECT_EQ(rankRunFormats(calibration(), uses, formats), (std::vector<size_t>{1, 2, 0}));
  // Where decoding costs nothing the smallest format wins, where memory does not, raw.
  Calibration free = calibration();
  free.decodeOperation = free.streamOperation = free.accumulator = free.store = free.load =
      free.farLoad = 0;
  EXPECT_EQ(rankRunFormats(free, uses, formats).front(), 0u);
  Calibration fast = calibration();
  fast.bandwidth = {10000};
  EXPECT_EQ(rankRunFormats(fast, uses, formats).front(), 2u);
}

TEST(CostModel, TheStoredFormatWinsATie) {
  FormatCost same = inPlaceFormat();
  same.size.bitsPerWeight -= 0.05;
  std::vector<FormatCost> formats = {inPlaceFormat(), same};
  std::vector<ProductProblem> uses = {problemOf(1), problemOf(0)};
  EXPECT_EQ(rankRunFormats(calibration(), uses, formats).front(), 0u);
}

TEST(CostModel, NothingFitsIsSaid) {
  std::vector<FormatCost> formats = {huffmanFormat()};
  std::vector<ProductProblem> uses = {problemOf(1)};
  EXPECT_TRUE(rankRunFormats(calibration(), uses, formats, direct()).empty());
  EXPECT_TRUE(chooseRanges(calibration(), uses[0], huffmanFormat(), 3, direct()).empty());
}

TEST(CostModel, PicksStandSmallErrorsOfTheConstants) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> factor(0.93, 1.07);
  for (int round = 0; round < 50; ++round) {
    Calibration c = calibration();
    for (double *one : {&c.dot, &c.decodeOperation, &c.accumulator, &c.load, &c.farLoad, &c.store})
      *one *= factor(random);
    for (uint64_t m : {1, 4, 16, 64}) {
      KernelConfig pick = rankConfigs(c, problemOf(m), inPlaceFormat()).front().config;
      double best =
          rankConfigs(calibration(), problemOf(m), inPlaceFormat()).front().prediction.total;
      EXPECT_LE(timeOf(m, inPlaceFormat(), pick), best * 1.1) << m << ": " << pick.str();
    }
  }
}

/// On a machine with AMX.
static ProductProblem tiledProblem(uint64_t m) {
  ProductProblem problem = problemOf(m);
  problem.tileDots = true;
  return problem;
}

static const Calibration &amx() { return Calibration::of(**findTarget("amx")); }

TEST(CostModelTiles, EveryFormatHasThemForEveryM) {
  for (const FormatCost &format : {rawCost(), inPlaceFormat(), huffmanFormat()})
    for (uint64_t m : {1, 7, 8, 9, 64, 1000}) {
      CpuStrategy pick = rankConfigs(amx(), tiledProblem(m), format).front().config.strategy;
      EXPECT_EQ(pick, CpuStrategy::Tiles) << format.format.str() << " " << m;
    }
}

TEST(CostModelTiles, EveryRangeHasThem) {
  for (const FormatCost &format : {rawCost(), inPlaceFormat(), huffmanFormat()})
    for (unsigned most = 1; most <= 5; ++most) {
      std::vector<MRange> ranges = chooseRanges(amx(), tiledProblem(0), format, most);
      ASSERT_FALSE(ranges.empty());
      EXPECT_LE(ranges.size(), most);
      EXPECT_EQ(ranges.back().limit, UINT64_MAX);
      for (const MRange &range : ranges)
        EXPECT_EQ(range.config.strategy, CpuStrategy::Tiles);
    }
}

TEST(CostModelTiles, APinnedStrategyHasEveryM) {
  ConfigPins tiles, buffer;
  tiles.strategy = CpuStrategy::Tiles;
  buffer.strategy = CpuStrategy::Buffer;
  for (uint64_t m : {1, 64})
    for (const ConfigPins &pins : {tiles, buffer})
      EXPECT_EQ(rankConfigs(amx(), tiledProblem(m), rawCost(), pins).front().config.strategy,
                pins.strategy);
  std::vector<MRange> ranges = chooseRanges(amx(), tiledProblem(0), inPlaceFormat(), 3, tiles);
  for (const MRange &range : ranges)
    EXPECT_EQ(range.config.strategy, CpuStrategy::Tiles);
  // Where the product has none.
  EXPECT_TRUE(rankConfigs(amx(), problemOf(64), rawCost(), tiles).empty());
}

TEST(CostModelTiles, AnotherTileThanRegistersHaveIsTheBuffers) {
  ConfigPins pins;
  pins.tileN = 4;
  for (const KernelConfig &config : configsFor(tiledProblem(64), rawCost(), pins))
    EXPECT_NE(config.strategy, CpuStrategy::Tiles);
  EXPECT_FALSE(configsFor(tiledProblem(64), rawCost(), pins).empty());
}

TEST(CostModelTiles, RowsOfATileCostNothingUntilItIsFull) {
  KernelConfig tiles{CpuStrategy::Tiles, 16, 64, 256};
  auto dots = [&](uint64_t m) { return predict(amx(), tiledProblem(m), rawCost(), tiles).dots; };
  EXPECT_EQ(dots(49), dots(64));
  EXPECT_LT(dots(48), dots(49));
  // 512 multiply-adds a clock are what each of two cores can do, less what the machine next door
  // took of them.
  double least = 64.0 * 14336 * 4096 / 2 / 512 / 2600;
  EXPECT_NEAR(dots(64), 64 * amx().tileDot * 14336 * 4096 / 32 / 2 / 1000, 1);
  EXPECT_GT(dots(64), least);
  EXPECT_LT(dots(64), 2.5 * least);
}

TEST(CostModelTiles, ProductsOfOneAccumulatorDoNotWait) {
  KernelConfig one{CpuStrategy::Tiles, 16, 64, 256};
  auto dots = [&](uint64_t m) {
    return predict(amx(), tiledProblem(m), inPlaceFormat(), one).dots;
  };
  EXPECT_DOUBLE_EQ(dots(32), 2 * dots(16));
}

TEST(CostModelTiles, TwoStripsAtATimeAreForManyRows) {
  for (const FormatCost &format : {rawCost(), inPlaceFormat()})
    for (uint64_t m : {1, 16, 64, 128, 256}) {
      KernelConfig pick = rankConfigs(amx(), tiledProblem(m), format).front().config;
      EXPECT_EQ(pick.tileN, m <= 64 ? 16U : 32U) << format.format.str() << " " << m;
    }
}

TEST(CostModelTiles, RawWeightsAreReadWhereTheyLie) {
  KernelConfig tiles{CpuStrategy::Tiles, 16, 64, 256};
  Prediction raw = predict(amx(), tiledProblem(16), rawCost(), tiles),
             coded = predict(amx(), tiledProblem(16), inPlaceFormat(), tiles);
  EXPECT_LT(raw.traffic, coded.traffic);
}

TEST(CostModelTiles, WeightsOfALongKTileComeFromFar) {
  KernelConfig near{CpuStrategy::Tiles, 32, 32, 256}, far{CpuStrategy::Tiles, 32, 32, 512};
  Prediction nearOne = predict(amx(), tiledProblem(16), inPlaceFormat(), near),
             farOne = predict(amx(), tiledProblem(16), inPlaceFormat(), far);
  EXPECT_LT(nearOne.dots, farOne.dots);
  EXPECT_LT(nearOne.traffic, farOne.traffic);
  for (uint64_t m : {128, 256, 1024}) {
    KernelConfig pick = rankConfigs(amx(), tiledProblem(m), inPlaceFormat()).front().config;
    EXPECT_LE(pick.tileN * pick.tileK * 2, amx().nearBytes) << m << ": " << pick.str();
  }
}

TEST(CostModelTiles, ThreadsShareThePackingOfManyRows) {
  KernelConfig tiles{CpuStrategy::Tiles, 16, 64, 256};
  auto pack = [&](uint64_t m, unsigned threads) {
    ProductProblem problem = tiledProblem(m);
    problem.threads = threads;
    return predict(amx(), problem, rawCost(), tiles).pack;
  };
  // A tile of 4096 columns is a task.
  EXPECT_EQ(pack(16, 16), pack(16, 1));
  EXPECT_DOUBLE_EQ(pack(32, 16), pack(32, 1) / 2);
  EXPECT_DOUBLE_EQ(pack(1024, 16), pack(1024, 1) / 16);
}

TEST(CostModelTiles, TwoStripsSpareRowsOfXThatComeFromFar) {
  KernelConfig one{CpuStrategy::Tiles, 16, 64, 1024}, two{CpuStrategy::Tiles, 32, 32, 1024};
  EXPECT_GT(predict(amx(), tiledProblem(256), rawCost(), one).dots,
            predict(amx(), tiledProblem(256), rawCost(), two).dots);
  // Streams are decoded a strip at a time.
  for (const KernelConfig &config : candidateConfigs(huffmanFormat(), 4096, {}, true))
    EXPECT_LE(config.tileN, 16u);
}
