//===- KernelConfig.h - How kernels of CPUs cut a product -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel's configuration, and what follows from it for an m: the numbers that predictions
// (CostModel.h) and the lowering (uwt-tile-matmul) share.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_KERNELCONFIG_H
#define UWT_COSTMODEL_KERNELCONFIG_H

#include "uwt/Format/Format.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace uwt {

/// Where a CPU's product decodes its weight, and what multiplies: `#uwt.strategy`.
enum class CpuStrategy : uint8_t { Direct, Buffer, Tiles };

/// "direct", "buffer", "tiles".
std::string_view cpuStrategyName(CpuStrategy strategy);

/// Rows of x, as of weights, of a tile register.
inline constexpr unsigned tileRows = 16;

/// Of the eight tile registers as many hold accumulators, beside those of weights and one of x.
inline constexpr unsigned maxSumTiles = 4;

/// Column groups of tiles of x that a task brings into the order of strategy `tiles`: some 25
/// microseconds' work, against which a task costs little.
inline constexpr uint64_t preparedTileGroups = 64;

/// The same of rows of x of `groups` column groups, for the other strategies: as much work.
constexpr uint64_t preparedRows(uint64_t groups) {
  constexpr uint64_t ofTask = preparedTileGroups * tileRows;
  return groups == 0 || groups > ofTask ? 1 : ofTask / groups;
}

/// The farthest that strategy direct asks ahead.
inline constexpr unsigned maxPrefetchBytes = 1 << 20;

/// The most streams that a weight is read in.
inline constexpr unsigned maxReadStreams = 8;

/// Whether that is a number of streams, or 0.
constexpr bool isReadStreams(unsigned number) {
  return number <= maxReadStreams && (number & (number - 1)) == 0;
}

/// The streams that a weight is read in where no number is given. A machine with tiles (an Emerald
/// Rapids) reads eight 1.2 to 1.3 times as fast as one, and one without (a Zen 5) no number faster
/// than one (docs/cost-model.md, "On AMX").
constexpr unsigned usualReadStreams(bool hasTiles) { return hasTiles ? maxReadStreams : 1; }

/// A kernel's configuration: what `#uwt.strategy` says, without MLIR.
struct KernelConfig {
  CpuStrategy strategy = CpuStrategy::Direct;
  unsigned tileN = 16, tileM = 1, tileK = 64;
  /// Of strategy direct: how far ahead of a unit codes are asked for; 0 for the target's usual
  /// distance.
  unsigned prefetchBytes = 0;
  /// Of strategies direct and tiles: into how many streams, which take turns, what is asked for
  /// ahead is cut: 1, 2, 4 or 8; 0 for usualReadStreams().
  unsigned readStreams = 0;

  /// Whether columns of the weight are decoded ahead of their products.
  bool isBuffered() const { return strategy != CpuStrategy::Direct; }
  bool operator==(const KernelConfig &) const = default;
  /// "direct 16x1", "buffer 4x6, tile_k 1024", "direct 16x1, prefetch 8192, read_streams 4".
  std::string str() const;
};

/// How a kernel cuts m: tiles of accumulators that registers hold, of `tileN` outputs (of a
/// strip of 16) × `tileM` rows of x. With strategy `tiles` all are whole tile registers.
struct MTiles {
  unsigned tileN = 16, tileM = 1;
  /// The last tile, where m is known and no multiple of `tileM`; a `lastM` of 0 where there is
  /// none. An m that only a call knows is padded to whole tiles.
  unsigned lastN = 16, lastM = 0;
  /// Rows of x that a task takes at a time: whole tiles, or all that there are.
  uint64_t taskM = 1;
};

/// The tiles of m rows of x; no m where only a call knows it.
MTiles tilesOfM(const KernelConfig &config, std::optional<uint64_t> m);

/// What a product without a strategy is computed with: those that no kernel of a GPU serves, and
/// modules written by hand. `decodesUnits`: the format's units decode into registers, and
/// `mayBeDirect`.
KernelConfig usualConfig(std::optional<uint64_t> m, bool decodesUnits);

/// Whether strategy direct may be the faster one for m rows of x, by whether registers hold a unit
/// (Target::holdsUnit). Where they do not, units are taken row by row, in which order memory
/// delivers words more slowly than k-tiles; codes of 4 bits are few bytes, and become f32 where
/// they are multiplied, with no words between, but decoding them again takes longer than words do.
bool mayBeDirect(const Format &format, uint64_t m, bool holdsUnit);

/// From so many rows of x on, products by integers are computed by strategy tiles where the target
/// has it: of fewer most of a tile is padding.
inline constexpr uint64_t leastIntegerTilesM = 8;

/// The same of strategy buffer on targets with AVX2: fewer rows pass by the units of strategy
/// direct at once, and adding up their lanes takes less than turning bytes round. What joins codes
/// of 5 and 6 bits takes registers of these rows.
uint64_t leastIntegerBufferM(const Format &format);

/// What a product by integers is computed with: a unit's codes become bytes once for so many rows
/// of x as registers or tile registers have room for, of which as few as possible are padding; the
/// most where only a call knows m.
KernelConfig integerConfig(CpuStrategy strategy, std::optional<uint64_t> m);

} // namespace uwt

#endif // UWT_COSTMODEL_KERNELCONFIG_H
