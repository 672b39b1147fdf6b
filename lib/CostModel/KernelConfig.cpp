//===- KernelConfig.cpp - How kernels of CPUs cut a product ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/KernelConfig.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>

using namespace uwt;

/// Rows of x that a task takes at a time, where a tile has fewer: their partial sums, half a
/// megabyte, still fit a second-level cache.
static constexpr unsigned maxTaskM = 128;

/// Up to this m it reads a panel's units again, from the cache, for each row of x: where no
/// strategy says otherwise and units decode into registers.
static constexpr uint64_t maxDirectM = 2;

/// The same of strategy `tiles`, whose accumulators are a sixteenth as large: a weight is decoded
/// once for as many.
static constexpr unsigned maxTaskMOfTiles = 256;

std::string_view uwt::cpuStrategyName(CpuStrategy strategy) {
  constexpr std::string_view names[] = {"direct", "buffer", "tiles"};
  return names[static_cast<size_t>(strategy)];
}

std::string KernelConfig::str() const {
  std::string text(cpuStrategyName(strategy));
  text += " " + std::to_string(tileN) + "x" + std::to_string(tileM);
  if (isBuffered())
    text += ", tile_k " + std::to_string(tileK);
  if (prefetchBytes != 0)
    text += ", prefetch " + std::to_string(prefetchBytes);
  if (readStreams != 0)
    text += ", read_streams " + std::to_string(readStreams);
  return text;
}

/// Outputs of a tile of accumulators that fits 32 vector registers beside its operands, by its rows
/// of x.
static unsigned outputsBeside(uint64_t tileM) {
  if (tileM == 1)
    return 16;
  return tileM <= 3 ? 8 : tileM <= 6 ? 4 : 2;
}

/// Whole tile registers: the last one of them has rows of zeros.
static MTiles tileRegistersOfM(const KernelConfig &config, std::optional<uint64_t> m) {
  MTiles tiles;
  tiles.tileN = config.tileN;
  tiles.tileM = static_cast<unsigned>(roundUp(std::max(config.tileM, 1U), tileRows));
  tiles.taskM = std::max(maxTaskMOfTiles / tiles.tileM, 1U) * tiles.tileM;
  if (!m)
    return tiles;
  uint64_t padded = roundUp(std::max<uint64_t>(*m, 1), tileRows);
  tiles.tileM = static_cast<unsigned>(std::min<uint64_t>(padded, tiles.tileM));
  tiles.taskM = std::min(padded, tiles.taskM);
  tiles.lastM = static_cast<unsigned>(padded % tiles.tileM);
  tiles.lastN = tiles.tileN;
  return tiles;
}

MTiles uwt::tilesOfM(const KernelConfig &config, std::optional<uint64_t> m) {
  if (config.strategy == CpuStrategy::Tiles)
    return tileRegistersOfM(config, m);
  MTiles tiles;
  tiles.tileM = config.isBuffered() ? std::max(config.tileM, 1U) : 1;
  if (m)
    tiles.tileM = static_cast<unsigned>(std::clamp<uint64_t>(*m, 1, tiles.tileM));
  tiles.tileN =
      tiles.tileM == config.tileM ? std::max(config.tileN, 2U) : outputsBeside(tiles.tileM);
  tiles.taskM = config.isBuffered() ? std::max(maxTaskM / tiles.tileM, 1U) * tiles.tileM : 1;
  if (!m)
    return tiles;
  tiles.taskM = std::clamp<uint64_t>(*m, 1, tiles.taskM);
  tiles.lastM = static_cast<unsigned>(*m % tiles.tileM);
  if (tiles.lastM != 0)
    tiles.lastN = std::max(tiles.tileN, outputsBeside(tiles.lastM));
  return tiles;
}

bool uwt::mayBeDirect(const Format &format, uint64_t m, bool holdsUnit) {
  return holdsUnit || (m == 1 && format.isQuantized() && quantizedUnit(format).hasNibbles());
}

KernelConfig uwt::usualConfig(std::optional<uint64_t> m, bool decodesUnits) {
  KernelConfig config;
  if (!m || *m > maxDirectM || !decodesUnits)
    config.strategy = CpuStrategy::Buffer;
  // 16 to 24 accumulators, and few rows of x left over.
  if (config.isBuffered())
    config.tileM = !m         ? 4
                   : *m <= 5  ? static_cast<unsigned>(std::max<uint64_t>(*m, 1))
                   : *m <= 32 ? 2
                              : 4;
  config.tileN = outputsBeside(config.tileM);
  // A small m waits for memory, and a short tile_k keeps that busy; a large one pays for
  // loading and storing its accumulators.
  config.tileK = fixedUnitColumns * (!m ? 4 : *m <= 8 ? 2 : 8);
  return config;
}

uint64_t uwt::leastIntegerBufferM(const Format &format) {
  return quantizedUnit(format).hasPieces() ? 4 : 5;
}

KernelConfig uwt::integerConfig(CpuStrategy strategy, std::optional<uint64_t> m) {
  // Rows of x, or tiles of them. Of strategy buffer they meet the four strips of a panel: 16
  // accumulators beside 8 operands.
  constexpr uint64_t most = 4;
  uint64_t size = strategy == CpuStrategy::Tiles ? tileRows : 1;
  uint64_t count = divideUp(std::max<uint64_t>(m.value_or(most * size), 1), size);
  KernelConfig config;
  config.strategy = strategy;
  config.tileM = static_cast<unsigned>(divideUp(count, divideUp(count, most)) * size);
  // A k-tile of a panel is 16 KB of bytes.
  if (strategy == CpuStrategy::Buffer)
    config.tileK = 4 * fixedUnitColumns;
  return config;
}
