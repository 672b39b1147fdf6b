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

using namespace uwt;

namespace {
/// Weights of a register, and registers of a row's 64-column group.
constexpr double registerWeights = 32;
constexpr uint64_t groupRegisters = 2;
/// Accumulators that a strip's 64 columns take up in the direct family, for each of 32 registers.
constexpr double accumulatorsOfUnit = 0.5;
/// A strip's bytes from which on decoding hides nothing of their way from memory, as measured on a
/// Zen 4.
constexpr double measuredQueueBytes = 12 << 10;
constexpr double nsPerUs = 1000;
} // namespace

namespace {
/// Quantities of the thread that has most to do.
struct Work {
  double registers = 0, outputs = 0, batch = 0, bytes = 0;
  unsigned threads = 1;
};
} // namespace

static Work workOf(const ProductProblem &problem, const FormatCost &format) {
  Work work;
  uint64_t panels = problem.matrices * divideUp(problem.n, panelRows);
  if (panels == 0)
    return work;
  work.threads = static_cast<unsigned>(std::clamp<uint64_t>(panels, 1, problem.threads));
  double share = static_cast<double>(divideUp(panels, work.threads)) / static_cast<double>(panels);
  double groups = static_cast<double>(roundUp(problem.k, format.unitColumns)) /
                  static_cast<double>(fixedUnitColumns);
  double rows = static_cast<double>(problem.matrices * roundUp(problem.n, stripRows)) * share;
  work.registers = rows * groups * groupRegisters;
  work.batch = static_cast<double>(problem.m);
  work.outputs = rows * work.batch;
  // Threads share the bandwidth, so the slowest one's part counts for each of them.
  work.bytes = work.registers * registerWeights * format.size.bitsPerWeight / 8 * work.threads;
  return work;
}

/// A part of the batch that is multiplied in blocks of the same width.
namespace {
struct Columns {
  /// Blocks, and their width and rows.
  double blocks = 0, width = 1, rows = stripRows;
  double computed() const { return blocks * width; }
};
} // namespace

static BatchTiles tilesOf(const ProductProblem &problem, const KernelConfig &config) {
  return tileBatch(config, problem.isStatic ? std::optional(problem.m) : std::nullopt);
}

/// The batch as the buffer family cuts it: whole blocks, and a last one that is narrower where the
/// batch is known, else padded.
static std::array<Columns, 2> columnBlocks(const ProductProblem &problem,
                                           const KernelConfig &config) {
  BatchTiles tiles = tilesOf(problem, config);
  uint64_t blocks =
      problem.isStatic ? problem.m / tiles.tileM : divideUp(problem.m, uint64_t(tiles.tileM));
  Columns whole{static_cast<double>(blocks), static_cast<double>(tiles.tileM),
                static_cast<double>(tiles.tileN)};
  if (tiles.lastM == 0)
    return {whole, {}};
  return {whole, {1, static_cast<double>(tiles.lastM), static_cast<double>(tiles.lastN)}};
}

/// How often a panel is decoded: once a batch row, or once for as many columns as a task takes.
static double decodesOf(const ProductProblem &problem, const KernelConfig &config) {
  return static_cast<double>(divideUp(problem.m, tilesOf(problem, config).taskM));
}

/// Share of units that have an escape.
static double escapedUnits(const FormatCost &format) {
  double elements = stripRows * static_cast<double>(format.unitColumns);
  return 1 - std::pow(1 - format.size.escapesPerWeight, elements);
}

/// What goes through the cache for the direct family: every unit takes up and puts down its
/// accumulators, and reads x, for each batch row; one with an escape goes through a buffer.
static double directTraffic(const Calibration &c, const Work &work, const FormatCost &format) {
  double sums = accumulatorsOfUnit * fixedUnitColumns / format.unitColumns * c.accumulator;
  return work.registers * work.batch *
         (sums + c.load / stripRows + escapedUnits(format) * (c.store + c.load));
}

static uint64_t chunkOf(const ProductProblem &problem, const KernelConfig &config) {
  return std::min<uint64_t>(config.tileK, roundUp(problem.k, fixedUnitColumns));
}

/// The same for the buffer: decoded weights are written, and read for each block of columns, x for
/// each block of rows; accumulators wait in memory between chunks.
static double bufferTraffic(const Calibration &c, const Work &work, const ProductProblem &problem,
                            const KernelConfig &config) {
  uint64_t chunk = chunkOf(problem, config);
  // What a strip's rows come back to: its decoded weights and a block of x.
  bool isFar = chunk * (stripRows + config.tileM) * sizeof(uint16_t) > c.nearBytes;
  double perRegister = (c.store + (isFar ? c.farLoad : 0)) * decodesOf(problem, config);
  for (const Columns &part : columnBlocks(problem, config))
    perRegister += part.blocks * (c.load + (isFar ? c.farLoad : 0)) +
                   part.computed() * (c.load / part.rows +
                                      c.accumulator * registerWeights / static_cast<double>(chunk));
  return work.registers * perRegister;
}

static double computedColumns(const ProductProblem &problem, const KernelConfig &config) {
  if (!config.buffered)
    return static_cast<double>(problem.m);
  double sum = 0;
  for (const Columns &part : columnBlocks(problem, config))
    sum += part.computed();
  return sum;
}

/// The buffer family asks for the next chunk while it multiplies. What that has no time for could
/// be hidden by the rest of its work, as far as it fits the queues of the caches: this is what is
/// not.
static double unaskedMemory(const ProductProblem &problem, const FormatCost &format,
                            const KernelConfig &config, const Prediction &p) {
  double asked =
      static_cast<double>(chunkOf(problem, config) * stripRows) * format.size.bitsPerWeight / 8;
  double hidden = std::min(std::max(p.memory - p.dots, 0.0), p.compute() - p.dots);
  return std::min(asked / measuredQueueBytes, 1.0) * hidden;
}

Prediction uwt::predict(const Calibration &calibration, const ProductProblem &problem,
                        const FormatCost &format, const KernelConfig &config) {
  const Calibration &c = calibration;
  Work work = workOf(problem, format);
  double decodes = decodesOf(problem, config), columns = computedColumns(problem, config);
  double decode = format.decodeOperations * c.decodeOperation +
                  format.size.escapesPerWeight * registerWeights * c.escape;
  Prediction p;
  p.memory = work.bytes / c.bandwidthOf(work.threads) / nsPerUs;
  p.decode = work.registers * decodes * decode / nsPerUs;
  p.dots = work.registers * columns * (problem.pairDots ? c.dot : c.exactDot) / nsPerUs;
  p.traffic =
      (config.buffered ? bufferTraffic(c, work, problem, config) : directTraffic(c, work, format)) /
      nsPerUs;
  p.output = work.outputs * c.output / nsPerUs;
  p.pack = static_cast<double>(problem.m * divideUp(problem.k, fixedUnitColumns) * groupRegisters) *
           c.pack / nsPerUs;
  p.forkJoin = work.threads > 1 ? c.forkJoin : 0;
  double compute = p.compute();
  double exposed = c.overlap * std::min(p.memory, config.buffered ? p.dots : compute);
  if (config.buffered)
    exposed += unaskedMemory(problem, format, config, p);
  p.total = std::max(p.memory, compute) + exposed + p.pack + p.forkJoin;
  return p;
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

namespace {
/// Accumulators and one operand's registers have to fit 32 registers.
constexpr struct {
  unsigned rows, columns;
} bufferBlocks[] = {{8, 2}, {4, 4}};
constexpr unsigned bufferChunks[] = {128, 256, 512, 1024, 2048};
} // namespace

static void addBufferConfigs(const FormatCost &format, uint64_t columns, const ConfigPins &pins,
                             std::vector<KernelConfig> &configs) {
  uint64_t whole = roundUp(std::max<uint64_t>(columns, 1), format.unitColumns);
  std::vector<unsigned> chunks(std::begin(bufferChunks), std::end(bufferChunks));
  if (pins.tileK)
    chunks = {*pins.tileK};
  for (auto [rows, blockColumns] : bufferBlocks) {
    bool hasWhole = false;
    for (unsigned chunk : chunks) {
      // All chunks from the whole row on are the same kernel.
      if (chunk % format.unitColumns != 0 || hasWhole)
        continue;
      hasWhole = !pins.tileK && chunk >= whole;
      KernelConfig config{true, pins.tileN.value_or(rows), pins.tileM.value_or(blockColumns),
                          chunk};
      if (std::find(configs.begin(), configs.end(), config) == configs.end())
        configs.push_back(config);
    }
  }
}

std::vector<KernelConfig> uwt::candidateConfigs(const FormatCost &format, uint64_t columns,
                                                const ConfigPins &pins) {
  std::vector<KernelConfig> configs;
  if (format.fixedRate && !pins.buffered.value_or(false))
    configs.push_back({false, pins.tileN.value_or(stripRows), pins.tileM.value_or(1),
                       pins.tileK.value_or(format.unitColumns)});
  if (pins.buffered.value_or(true))
    addBufferConfigs(format, columns, pins, configs);
  return configs;
}

std::vector<Candidate> uwt::rankConfigs(const Calibration &calibration,
                                        const ProductProblem &problem, const FormatCost &format,
                                        const ConfigPins &pins) {
  std::vector<Candidate> candidates;
  for (const KernelConfig &config : candidateConfigs(format, problem.k, pins))
    candidates.push_back({config, predict(calibration, problem, format, config)});
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto &a, const auto &b) {
    return a.prediction.total < b.prediction.total;
  });
  return candidates;
}
