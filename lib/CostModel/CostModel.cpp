//===- CostModel.cpp - Predicted times of a product -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/CostModel.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

using namespace uwt;

namespace {
/// Weights of a row vector, and row vectors of a row's column group.
constexpr double vectorWeights = 32;
constexpr double wordBits = 16;
constexpr uint64_t groupVectors = 2;
/// Accumulators that a strip's column group takes up with strategy direct, for each of its 32 row
/// vectors.
constexpr double accumulatorsOfUnit = 0.5;
/// Times of an accumulator that a row vector of words costs with strategy direct where registers do
/// not hold a unit, which is decoded row by row: memory delivers that more slowly than the k-tiles
/// of strategy buffer. On a Zen 3 with AVX2 raw weights of 14336 x 4096 take 3 ms more for each row
/// of x by two threads.
constexpr double accumulatorsByRow = 6;
/// The share of memory time that is not hidden where a strip has endless bytes in a k-tile, and the
/// bytes with which it is half of that; what strategy buffer leaves of the shorter one of memory
/// time and compute time. Fitted on a Zen 5 of two cores to products of 4096 x 4096 in six formats
/// at m = 1 to 256, with memory of 43 and of 65 GB/s (docs/cost-model.md, "Regret"). Of other CPUs
/// they are assumed.
constexpr double maxLateShare = 0.4, lateBytes = 4 << 10, exposedByBuffer = 0.05;
/// What a product from codes, which `direct` asks for ahead of their units, does one after the
/// other of what one from words does so: on a Zen 4 and on a Zen 5.
constexpr double ofCodesAskedFor = 0.5;
/// What strategy `tiles` does for an output beside its epilogue, of what a reduction of 16 lanes
/// takes: 96 instructions that turn 256 accumulators round, against 61 for 16 outputs.
constexpr double turnOfOutput = 0.125;
/// The same of x: rows are turned round after they are brought into the stored order.
constexpr double turnedPack = 2;
/// Times that products of two strips at a time take of those of one, where registers hold the
/// accumulators of one and all rows of x. On an Emerald Rapids 1.03 to 1.3.
constexpr double pairOfStrips = 1.3;
constexpr double nsPerUs = 1000;
} // namespace

namespace {
/// Quantities of the thread that has most to do.
struct Work {
  double vectors = 0, outputs = 0, m = 0, bytes = 0;
  unsigned threads = 1;
};
} // namespace

static MTiles tilesOf(const ProductProblem &problem, const KernelConfig &config) {
  return tilesOfM(config, problem.isStatic ? std::optional(problem.m) : std::nullopt);
}

/// Rows of x are taken as many at a time as a task does.
static uint64_t slicesOf(const ProductProblem &problem, const KernelConfig &config) {
  return divideUp(problem.m, tilesOf(problem, config).taskM);
}

/// What threads have to do: panels, or slices of m of them.
static uint64_t tasksOf(const ProductProblem &problem, const FormatCost &format,
                        const KernelConfig &config) {
  uint64_t panels = problem.matrices * divideUp(problem.n, panelRows);
  bool slices = config.strategy == CpuStrategy::Buffer && format.fixedRate;
  return slices ? panels * slicesOf(problem, config) : panels;
}

static Work workOf(const ProductProblem &problem, const FormatCost &format,
                   const KernelConfig &config) {
  Work work;
  uint64_t tasks = tasksOf(problem, format, config);
  if (tasks == 0)
    return work;
  work.threads = static_cast<unsigned>(std::clamp<uint64_t>(tasks, 1, problem.threads));
  double share = static_cast<double>(divideUp(tasks, work.threads)) / static_cast<double>(tasks);
  double groups = static_cast<double>(roundUp(problem.k, format.unitColumns)) /
                  static_cast<double>(fixedUnitColumns);
  double rows = static_cast<double>(problem.matrices * roundUp(problem.n, stripRows)) * share;
  work.vectors = rows * groups * groupVectors;
  work.m = static_cast<double>(problem.m);
  work.outputs = rows * work.m;
  // Threads share the bandwidth, so the slowest one's share counts for each of them.
  work.bytes = work.vectors * vectorWeights * format.size.bitsPerWeight / 8 * work.threads;
  return work;
}

/// Rows of x that are multiplied in blocks of as many.
namespace {
struct Blocks {
  /// How many, and the rows of x and the outputs of each.
  double count = 0, m = 1, n = stripRows;
  double computed() const { return count * m; }
};
} // namespace

/// m as strategy buffer cuts it: whole blocks, and a last one that has fewer rows where m is known,
/// else padded.
static std::array<Blocks, 2> blocksOf(const ProductProblem &problem, const KernelConfig &config) {
  MTiles tiles = tilesOf(problem, config);
  uint64_t blocks =
      problem.isStatic ? problem.m / tiles.tileM : divideUp(problem.m, uint64_t(tiles.tileM));
  Blocks whole{static_cast<double>(blocks), static_cast<double>(tiles.tileM),
               static_cast<double>(tiles.tileN)};
  if (tiles.lastM == 0)
    return {whole, {}};
  return {whole, {1, static_cast<double>(tiles.lastM), static_cast<double>(tiles.lastN)}};
}

/// How often a panel is decoded: once a row of x, or once for as many rows as a task takes; with
/// strategy buffer a stream is decoded once.
static double decodesOf(const ProductProblem &problem, const FormatCost &format,
                        const KernelConfig &config) {
  if (config.strategy == CpuStrategy::Buffer && !format.fixedRate)
    return 1;
  return static_cast<double>(slicesOf(problem, config));
}

/// Share of units that have an escape.
static double escapedUnits(const FormatCost &format) {
  double elements = stripRows * static_cast<double>(format.unitColumns);
  return 1 - std::pow(1 - format.size.escapesPerWeight, elements);
}

/// What goes through the cache with strategy direct: every unit takes up and puts down its
/// accumulators, and reads x, for each row of x; one with an escape goes through a buffer. A panel
/// is read again for each further row of x.
static double directTraffic(const Calibration &c, const Work &work, const ProductProblem &problem,
                            const FormatCost &format) {
  double perVector = mayBeDirect(format.format, problem.m, problem.holdsUnit)
                         ? accumulatorsOfUnit * fixedUnitColumns / format.unitColumns
                         : accumulatorsByRow;
  double sums = perVector * c.accumulator;
  double again = (c.load + c.farLoad) * format.size.bitsPerWeight / wordBits;
  return work.vectors *
         (work.m * (sums + c.load / stripRows + escapedUnits(format) * (c.store + c.load)) +
          (work.m - 1) * again);
}

/// Times that a product takes of those in blocks of four rows of x, where registers do not hold a
/// unit: weights are widened to f32 once for all rows of a block.
static double wideningOf(const ProductProblem &problem, const KernelConfig &config) {
  if (problem.holdsUnit)
    return 1;
  // On a Zen 3 blocks of two take 1.19 to 1.31 times as long.
  constexpr double share = 1.33, usualRows = 4;
  uint64_t rows = std::clamp<uint64_t>(config.tileM, 1, std::max<uint64_t>(problem.m, 1));
  return (1 + share / static_cast<double>(rows)) / (1 + share / usualRows);
}

static bool usesTiles(const KernelConfig &config) { return config.strategy == CpuStrategy::Tiles; }

/// Columns that are decoded at a time.
static uint64_t kTileOf(const ProductProblem &problem, const KernelConfig &config) {
  return std::min<uint64_t>(config.tileK, roundUp(problem.k, fixedUnitColumns));
}

/// The same of strategy buffer: decoded weights are written, and read for each block of rows of x,
/// x for each block of outputs; accumulators wait in memory between k-tiles.
static double bufferTraffic(const Calibration &c, const Work &work, const ProductProblem &problem,
                            const FormatCost &format, const KernelConfig &config) {
  uint64_t kTile = kTileOf(problem, config);
  // What a strip's rows come back to: its decoded weights and a block of x.
  bool isFar = kTile * (stripRows + config.tileM) * sizeof(uint16_t) > c.nearBytes;
  double perVector = (c.store + (isFar ? c.farLoad : 0)) * decodesOf(problem, format, config);
  for (const Blocks &each : blocksOf(problem, config))
    perVector += each.count * (c.load + (isFar ? c.farLoad : 0)) +
                 each.computed() *
                     (c.load / each.n + c.accumulator * vectorWeights / static_cast<double>(kTile));
  return work.vectors * perVector;
}

/// What a load or a store of strategy tiles takes beside one in the nearest cache: nothing where
/// that keeps a k-tile of a block's decoded strips and of all of x that a task takes.
static double farOfTiles(const Calibration &c, const ProductProblem &problem,
                         const FormatCost &format, const KernelConfig &config) {
  uint64_t rows = std::min(roundUp(problem.m, tileRows), tilesOf(problem, config).taskM);
  if (!isRaw(format.format))
    rows += config.tileN;
  return kTileOf(problem, config) * rows * sizeof(uint16_t) > c.nearBytes ? c.farLoad : 0;
}

/// The same of strategy tiles: raw weights are read where they lie, and a row vector has one
/// accumulator for each row of x.
static double tileTraffic(const Calibration &c, const Work &work, const ProductProblem &problem,
                          const FormatCost &format, const KernelConfig &config) {
  double store = c.store + farOfTiles(c, problem, format, config);
  double perVector = isRaw(format.format) ? 0 : store * decodesOf(problem, format, config);
  perVector += static_cast<double>(roundUp(problem.m, tileRows)) / tileRows * c.accumulator *
               vectorWeights / static_cast<double>(kTileOf(problem, config));
  return work.vectors * perVector;
}

/// Tiles of weights and of x are loaded while others are multiplied: the longer of both counts.
/// Products of one accumulator do not wait for each other: on an Emerald Rapids they start every 16
/// clocks, as those of several do. Raw weights come from the next cache, into which they were asked
/// for. Of up to 64 rows of x one strip at a time is faster than two.
static double tileDotTime(const Calibration &c, const Work &work, const ProductProblem &problem,
                          const FormatCost &format, const KernelConfig &config) {
  double rows = static_cast<double>(roundUp(problem.m, tileRows));
  double far = farOfTiles(c, problem, format, config);
  double ofWeights =
      std::ceil(rows / config.tileM) * (c.load + (isRaw(format.format) ? c.farLoad : far));
  double ofX = rows / config.tileN * (c.load + far);
  bool isPair = config.tileN > tileRows && rows <= maxSumTiles * tileRows;
  return work.vectors * std::max(rows * c.tileDot, ofWeights + ofX) * (isPair ? pairOfStrips : 1);
}

static double trafficOf(const Calibration &c, const Work &work, const ProductProblem &problem,
                        const FormatCost &format, const KernelConfig &config) {
  switch (config.strategy) {
  case CpuStrategy::Direct:
    return directTraffic(c, work, problem, format);
  case CpuStrategy::Buffer:
    return bufferTraffic(c, work, problem, format, config);
  case CpuStrategy::Tiles:
    return tileTraffic(c, work, problem, format, config);
  }
  return 0;
}

static double computedRows(const ProductProblem &problem, const KernelConfig &config) {
  if (!config.isBuffered())
    return static_cast<double>(problem.m);
  double sum = 0;
  for (const Blocks &each : blocksOf(problem, config))
    sum += each.computed();
  return sum;
}

/// Of a k-tile that strategy buffer asks for while it works on the one before, the more comes late
/// the longer a strip's part is: caches have queues of so many lines. Streams are decoded so slowly
/// that processors read them ahead by themselves.
static double lateMemory(const ProductProblem &problem, const FormatCost &format,
                         const KernelConfig &config, const Prediction &p) {
  if (!format.fixedRate)
    return 0;
  double bytes =
      static_cast<double>(kTileOf(problem, config) * stripRows) * format.size.bitsPerWeight / 8;
  return maxLateShare * bytes / (bytes + lateBytes) * p.memory;
}

/// What of memory and compute is not done at the same time.
static double exposedTime(const Calibration &c, const ProductProblem &problem,
                          const FormatCost &format, const KernelConfig &config,
                          const Prediction &p) {
  switch (config.strategy) {
  case CpuStrategy::Direct:
    return c.overlap * (format.format.isQuantized() ? ofCodesAskedFor : 1) *
           std::min(p.memory, p.compute());
  case CpuStrategy::Buffer:
    return lateMemory(problem, format, config, p) +
           exposedByBuffer * std::min(p.memory, p.compute());
  case CpuStrategy::Tiles:
    // What multiplying has no time to ask for is exposed, whatever the k-tile: fitted on an Emerald
    // Rapids.
    return c.overlap * std::min(p.memory, p.dots) +
           std::min(std::max(p.memory - p.dots, 0.0), p.compute() - p.dots);
  }
  return 0;
}

/// x is prepared in parallel, so much of it at a time.
static double packThreads(const ProductProblem &problem, bool tiles) {
  uint64_t groups = divideUp(problem.k, fixedUnitColumns);
  uint64_t tasks =
      tiles ? divideUp(divideUp(problem.m, uint64_t(tileRows)) * groups, preparedTileGroups)
            : divideUp(problem.m, preparedRows(groups));
  return static_cast<double>(std::clamp<uint64_t>(tasks, 1, problem.threads));
}

Prediction uwt::predict(const Calibration &calibration, const ProductProblem &problem,
                        const FormatCost &format, const KernelConfig &config) {
  const Calibration &c = calibration;
  Work work = workOf(problem, format, config);
  bool tiles = usesTiles(config);
  double decodes = decodesOf(problem, format, config);
  double decode =
      format.decodeOperations * (format.fixedRate ? c.decodeOperation : c.streamOperation) +
      format.size.escapesPerWeight * vectorWeights * c.escape;
  Prediction p;
  p.memory = work.bytes / c.bandwidthOf(work.threads) / nsPerUs;
  p.decode = work.vectors * decodes * decode / nsPerUs;
  p.dots = (tiles ? tileDotTime(c, work, problem, format, config)
                  : work.vectors * computedRows(problem, config) *
                        (problem.pairDots ? c.dot : c.exactDot) * wideningOf(problem, config)) /
           nsPerUs;
  p.traffic = trafficOf(c, work, problem, format, config) / nsPerUs;
  p.output = work.outputs * c.output * (tiles ? turnOfOutput : 1) / nsPerUs;
  p.pack = static_cast<double>(problem.m * divideUp(problem.k, fixedUnitColumns) * groupVectors) *
           c.pack * (tiles ? turnedPack : 1) / packThreads(problem, tiles) / nsPerUs;
  p.forkJoin = work.threads > 1 ? c.forkJoin : 0;
  double exposed = exposedTime(c, problem, format, config, p);
  p.total = std::max(p.memory, p.compute()) + exposed + p.pack + p.forkJoin;
  return p;
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

namespace {
/// Accumulators and one operand's registers have to fit 32 registers.
constexpr struct {
  unsigned tileN, tileM;
} bufferTiles[] = {{8, 2}, {4, 4}};
constexpr unsigned bufferKTiles[] = {64, 128, 256, 512, 1024, 2048};
/// Longer ones were faster with none of three formats and six m on an Emerald Rapids, but for
/// noise: decoded weights are multiplied while the next ones are decoded, in the nearest cache.
constexpr unsigned tilesKTiles[] = {128, 256};
} // namespace

/// Those of the k-tiles that the format's units allow.
static std::vector<unsigned> kTilesOf(std::span<const unsigned> of, const FormatCost &format,
                                      uint64_t columns, const ConfigPins &pins) {
  uint64_t whole = roundUp(std::max<uint64_t>(columns, 1), format.unitColumns);
  std::vector<unsigned> kTiles(of.begin(), of.end());
  // A stream is decoded unit by unit.
  if (!format.fixedRate)
    kTiles = {format.unitColumns};
  if (pins.tileK)
    kTiles = {*pins.tileK};
  std::erase_if(kTiles, [&](unsigned kTile) {
    return format.fixedRate ? kTile % format.unitColumns != 0 : kTile != format.unitColumns;
  });
  // All k-tiles from the whole row on are the same kernel.
  auto last = std::ranges::find_if(kTiles, [&](unsigned kTile) { return kTile >= whole; });
  if (last != kTiles.end())
    kTiles.erase(last + 1, kTiles.end());
  return kTiles;
}

static void addConfigs(CpuStrategy strategy, unsigned tileN, unsigned tileM,
                       std::span<const unsigned> kTiles, std::vector<KernelConfig> &configs) {
  for (unsigned kTile : kTiles) {
    KernelConfig config{strategy, tileN, tileM, kTile};
    if (std::find(configs.begin(), configs.end(), config) == configs.end())
      configs.push_back(config);
  }
}

/// Blocks of tile registers, by what is pinned of them. One strip with as much of x as there is
/// room for takes least of x from the nearest cache; two take least from the next one.
static void addTileConfigs(const FormatCost &format, std::span<const unsigned> kTiles,
                           const ConfigPins &pins, std::vector<KernelConfig> &configs) {
  for (unsigned strips : {1U, 2U}) {
    unsigned tileN = strips * tileRows, tileM = maxSumTiles / strips * tileRows;
    bool isPossible = strips == 1 || format.fixedRate;
    bool isPinned = pins.tileN.value_or(tileN) == tileN && pins.tileM.value_or(tileRows) <= tileM &&
                    pins.tileM.value_or(tileRows) % tileRows == 0;
    if (isPossible && isPinned)
      addConfigs(CpuStrategy::Tiles, tileN, pins.tileM.value_or(tileM), kTiles, configs);
  }
}

std::vector<KernelConfig> uwt::candidateConfigs(const FormatCost &format, uint64_t columns,
                                                const ConfigPins &pins, bool tileDots) {
  auto allows = [&](CpuStrategy strategy) { return pins.strategy.value_or(strategy) == strategy; };
  std::vector<KernelConfig> configs;
  if (format.fixedRate && allows(CpuStrategy::Direct))
    configs.push_back({CpuStrategy::Direct, pins.tileN.value_or(stripRows), pins.tileM.value_or(1),
                       pins.tileK.value_or(format.unitColumns), pins.prefetchBytes});
  if (allows(CpuStrategy::Buffer)) {
    std::vector<unsigned> kTiles = kTilesOf(bufferKTiles, format, columns, pins);
    for (auto [tileN, tileM] : bufferTiles)
      addConfigs(CpuStrategy::Buffer, pins.tileN.value_or(tileN), pins.tileM.value_or(tileM),
                 kTiles, configs);
  }
  if (tileDots && allows(CpuStrategy::Tiles))
    addTileConfigs(format, kTilesOf(tilesKTiles, format, columns, pins), pins, configs);
  for (KernelConfig &config : configs)
    if (config.strategy != CpuStrategy::Buffer)
      config.readStreams = pins.readStreams;
  return configs;
}

/// K-tiles of 64 columns keep memory busy where little is multiplied. Of four rows of x products of
/// `inplace<12>` took 10 % longer with them than with 128 on a Zen 5, and of words, which take no
/// time to decode, 8 % less.
static bool takesShortKTiles(const ProductProblem &problem, const FormatCost &format) {
  uint64_t most = isRaw(format.format) ? 4 : 2;
  return problem.k <= bufferKTiles[0] || (problem.isStatic && problem.m <= most);
}

std::vector<KernelConfig> uwt::configsFor(const ProductProblem &problem, const FormatCost &format,
                                          const ConfigPins &pins) {
  std::vector<KernelConfig> configs = candidateConfigs(format, problem.k, pins, problem.tileDots);
  if (!pins.strategy && std::ranges::any_of(configs, usesTiles))
    std::erase_if(configs, std::not_fn(usesTiles));
  if (!pins.tileK && !takesShortKTiles(problem, format))
    std::erase_if(configs, [](const KernelConfig &config) {
      return config.strategy == CpuStrategy::Buffer && config.tileK == bufferKTiles[0];
    });
  return configs;
}

std::vector<Candidate> uwt::rankConfigs(const Calibration &calibration,
                                        const ProductProblem &problem, const FormatCost &format,
                                        const ConfigPins &pins) {
  std::vector<Candidate> candidates;
  for (const KernelConfig &config : configsFor(problem, format, pins))
    candidates.push_back({config, predict(calibration, problem, format, config)});
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto &a, const auto &b) {
    return a.prediction.total < b.prediction.total;
  });
  return candidates;
}
