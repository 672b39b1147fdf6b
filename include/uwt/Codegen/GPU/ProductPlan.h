//===- ProductPlan.h - Shapes of the kernels of a product -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the kernels of kinds `skinny`, `wide` and `shared` and whoever launches them agree on. A
// plan is what a product's `#uwt.gpu_strategy` says (BuildKernels.cpp); emitters only read it.
//
//   ProblemShape    n and k
//   UnitShape       a unit of the weight, as the kernel that multiplies reads it
//   DecodedWeight   what kernel `decode` makes of the weight, if it comes first
//   TileShape       the CTA tile's m and n, and the cluster
//   RingShape       stages, and the k-tiles of each
//   WorkShape       how k-tiles are counted, for stream-K; follows from the others
//   StageLayout     what lies where in a stage; follows from the others
//
// m comes in slices of `TileShape::m()` rows, of which the last one may be short. Kernel
// `pack` brings x into the workspace, a CTA for each slice and column group; kernel `product`
// multiplies, with any number of CTAs: the same number gives the same bits. The workspace holds the
// decoded weight, if there is one, packed x, and partial sums. Arguments and sizes are in the
// kernels' entries (lib/Codegen/GPU/ProductEntries.cpp). Extra operands of the epilogue are dense.
//
// Buffers are memrefs of one dynamic dimension in global memory, all other arguments are `index`.
// Buffers that a format does not have are empty.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_GPU_PRODUCTPLAN_H
#define UWT_CODEGEN_GPU_PRODUCTPLAN_H

#include "uwt/Codec/StoredOrder.h"
#include "uwt/Codegen/GPU/ProductKernels.h"
#include "uwt/CostModel/GpuChoice.h"
#include <algorithm>
#include <cstdint>

namespace uwt::codegen {

inline constexpr int64_t warpLanes = fragmentLanes;
inline constexpr int64_t panelStrips = panelRows / stripRows;
/// m of one `mma.m16n8k16`: its N.
inline constexpr int64_t mTileRows = 8;
/// u32 of a fixed unit of words (strip × 64 columns, two words a u32), of one of its four operand
/// registers in all lanes, and of that in one lane: 16 bytes, a u32 a block.
inline constexpr int64_t wordUnitU32 = stripRows * fixedUnitColumns / 2,
                         operandU32 = wordUnitU32 / 4, laneU32 = operandU32 / warpLanes;
/// u32 of packed x: an m tile × a column group, of words and of bytes; and a row of the latter.
inline constexpr int64_t packedTileU32 = mTileRows * fixedUnitColumns / 2,
                         packedByteTileU32 = packedTileU32 / 2,
                         packedByteRowU32 = packedByteTileU32 / mTileRows;
/// Bytes of a core matrix of packed x for wgmma, 8 rows × 16 bytes, and of the two of a block × an
/// m tile.
inline constexpr int64_t coreMatrixBytes = 128, blockTileBytes = 2 * coreMatrixBytes;
/// f32 of accumulators: an m tile × a strip; a lane has four.
inline constexpr int64_t accumulatorTileF32 = mTileRows * stripRows;
/// Threads of kernel `pack`: each brings a u32 of an m tile × a column group.
inline constexpr int64_t packThreads = packedTileU32;

/// y[m, n] = x[m, k] W[n, k]ᵀ; m is known at launch only.
struct ProblemShape {
  int64_t n = 0, k = 0;

  int64_t panels() const { return (n + panelRows - 1) / panelRows; }
  int64_t columnGroups() const { return (k + fixedUnitColumns - 1) / fixedUnitColumns; }
  /// Fixed units of one column group.
  int64_t units() const { return (n + stripRows - 1) / stripRows * columnGroups(); }
  bool hasShortPanel() const { return n % panelRows != 0; }
};

/// A unit of the weight in the planes that kernel `product` reads (UnitGeometry), and its escapes.
struct UnitShape {
  /// u32 of a unit in planes `raw` and `code`, its column groups, and u32 from one of them to the
  /// next.
  int64_t rawU32 = 0, codeU32 = 0, columnGroups = 1, rawGroupStride = 0, codeGroupStride = 0;
  /// Whether units have numbers that elements share, behind their codes (UnitLayout).
  bool hasNumbers = false;
  /// Whether there are escapes; whether all panels are words, or are by the time they are read.
  bool hasEscapes = false, onlyWords = false;
  /// Whether panels of words come into the ring. Those of tensors whose other panels are smaller
  /// are few, and are read where they lie: stages have room for what is coded.
  bool copiesWords = false;
  /// u32 of an escape record.
  int64_t recordU32 = 0;
  /// u32 of the decode table that a thread keeps in registers, from `tableFirst` on.
  int64_t tableU32 = 0, tableFirst = 0;

  bool isWide() const { return columnGroups > 1; }
  /// A record is a word, not a run of 64 symbols.
  bool hasWordRecords() const { return recordU32 == 1; }
  /// u32 of a stage's region for plane `patch`. Nearly every wide unit has escapes: all that there
  /// can be in a row of them.
  int64_t patchU32() const { return isWide() ? 1024 : 64; }
  /// Entries of a row of units in the table of escapes: the column group's, or one for each strip
  /// of wide units (DeviceEscapeEntry). And those for a column group.
  int64_t escapeEntries() const { return isWide() ? panelStrips : 1; }
  int64_t escapeEntriesOfGroup() const { return escapeEntries() / columnGroups; }
};

/// What kernel `decode` makes of a weight, if there is one: its words, in the order of plane
/// `words`; or its symbols alone, as `uwt.decode_fragment exponent_bytes` takes them, of panels
/// that are not stored as words; or these as codes of four bits above a base, but for the units
/// that have others, whose symbols are bytes. Panels have the offsets that plane `words` gives
/// them.
enum class DecodedForm : uint8_t { None, Words, ExponentBytes, Codes };

/// The decoded weight, at the beginning of the workspace: units in the order of plane `words`; of
/// codes, then units as bytes, and a flag for each unit. All sizes and offsets are in u32.
struct DecodedWeight {
  ProblemShape problem;
  DecodedForm form = DecodedForm::None;

  /// Bits of a code.
  static constexpr uint32_t codeBits = 4;
  /// The format of the codes that symbols of a weight in `format` are decoded to.
  static Format codesOf(const Format &format);

  bool exists() const { return form != DecodedForm::None; }
  int64_t unitU32() const;
  /// Of a unit whose symbols are bytes.
  static constexpr int64_t bytesUnitU32 = wordUnitU32 / 2;
  /// Whether units say by a flag, a u32, whether their symbols are codes or bytes.
  bool hasFlags() const { return form == DecodedForm::Codes; }
  /// Where units as bytes begin, and flags, four for each column group of each panel. Bytes have
  /// room in every unit; few of them take it.
  int64_t bytesBegin() const { return problem.units() * unitU32(); }
  int64_t flagsBegin() const { return bytesBegin() + problem.units() * bytesUnitU32; }
  int64_t sizeU32() const {
    if (hasFlags())
      return flagsBegin() + panelStrips * problem.panels() * problem.columnGroups();
    return exists() ? problem.units() * unitU32() : 0;
  }
};

/// The CTA tile: m tiles of x × panels of the weight. A strip of a panel has a warp that
/// multiplies.
struct TileShape {
  int64_t mTiles = 1, panels = 1;
  /// CTAs of a cluster, each with panels of its own: each copies its share of x to all of them.
  int64_t cluster = 1;
  /// Whether a panel's four warps multiply together (wgmma), or each for itself (mma.sync). Decides
  /// the order of packed x.
  bool usesWarpgroups = false;
  /// Products by integers: packed x are bytes.
  bool multipliesIntegers = false;
  /// Sums of a row of x that are behind it in each column group, for codes whose zero point is no
  /// byte: one for each cell (QuantizedUnit), 0 for other codes.
  int64_t sumsOfX = 0;

  int64_t m() const { return mTileRows * mTiles; }
  int64_t n() const { return panelRows * panels; }
  int64_t consumerWarps() const { return panelStrips * panels; }
  /// u32 of a column group of packed x.
  int64_t packedGroupU32() const { return sumsOfXBegin() + sumsOfXU32(); }
  /// Where the sums of a column group's elements begin: an i32 for each cell and row.
  int64_t sumsOfXBegin() const {
    return mTiles * (multipliesIntegers ? packedByteTileU32 : packedTileU32);
  }
  /// CTAs of a cluster copy equal shares of a group, of whole 16 bytes.
  int64_t sumsOfXU32() const {
    constexpr int64_t maxCluster = 8, sharesU32 = laneU32 * maxCluster;
    return (sumsOfX * m() + sharesU32 - 1) / sharesU32 * sharesU32;
  }
};

struct RingShape {
  int64_t stages = 2, groupsPerStage = 4;
  /// More than one where a coded unit has more column groups than a k-tile.
  int64_t kTilesPerStage = 1;

  int64_t groupsPerKTile() const { return groupsPerStage / kTilesPerStage; }
};

/// How the k-tiles of a slice of m are counted. A work unit is a number of k-iterations; they are
/// one k-tile each, or those of a stream unit: a stream can be entered only where a unit begins; or
/// those of a part.
struct WorkShape {
  /// Output tiles of a slice: the last one may have fewer panels.
  int64_t outputTiles;
  /// Of an output tile.
  int64_t kTiles, kIterations;
  int64_t kTilesPerIteration;
  /// Times that a stage is filled for an output tile.
  int64_t fills;
};

/// What a stage holds: a region for each panel of the CTA tile, then packed x. u32 from the
/// beginning of a region to what it has, of a region, from the beginning of a stage to x, and of a
/// stage.
struct StageLayout {
  /// Fixed units' raw fields, or words; codes; entries of the table of escapes, or flags; records.
  int64_t raw, code, escapes, patch;
  int64_t regionU32, x, sizeU32;
};

struct ProductPlan {
  ProblemShape problem;
  UnitShape unit;
  DecodedWeight decoded;
  TileShape tile;
  RingShape ring;
  /// Prefix codes: warps read stream units by themselves, without a ring (StreamProduct.h).
  bool readsStreams = false;
  /// Kind shared: warps of their own decode stream units into the ring, for those that multiply
  /// (SharedDecoder.h); `unit.onlyWords` is set then too, and the decoders have so many u32 of
  /// shared memory behind the ring.
  bool decodesInShared = false;
  int64_t decoderU32 = 0;
  /// Products by integers: the column groups of a part, whose sums are added to those before it, in
  /// order (integer-4); 0 for products of floats.
  int64_t partGroups = 0;
  /// Grouped products: a table in memory says how many slices there are, and the matrix of each.
  bool grouped = false;
  /// Whether the ring is filled by cp.async of a warp, for targets without bulk copies.
  bool copiesByThreads = false;
  /// CTAs that a multiprocessor holds, and the least shared memory of each with which it holds no
  /// more.
  int64_t ctas = 1, leastSharedBytes = 0;

  /// Wide: more than 128 rows of m, whose accumulators take most registers of two warpgroups.
  GpuKernelKind kind() const;
  ProductStrategy strategy() const;
  PlanFacts facts() const;

  WorkShape work() const;
  StageLayout stage() const;

  int64_t decoderWarps() const { return decodesInShared ? tile.consumerWarps() : 0; }
  /// Whether consumers need more registers than an equal share. Those who give theirs away are
  /// warpgroups too, of which a warp for each panel copies.
  bool movesRegisters() const;
  /// One for each panel of the CTA tile. Of kind shared a decoder copies too.
  int64_t copyingWarps() const { return decodesInShared ? 0 : movesRegisters() ? 4 : tile.panels; }
  int64_t threads() const {
    return warpLanes * (tile.consumerWarps() + decoderWarps() + copyingWarps());
  }

  /// Whether panels that are stored as words have a loop of their own, so that the one of all
  /// others does not ask. The registers of kind wide are not enough for two loops.
  bool hasLoopOfWords() const {
    return !unit.onlyWords && !tile.multipliesIntegers && kind() != GpuKernelKind::Wide;
  }
  /// Whether warps that multiply alone go through a stage without a loop. Two m tiles at most: of
  /// more, a column group has so many products that a loop costs little beside them.
  bool unrollsStages() const {
    constexpr int64_t maxUnrolledMTiles = 2;
    return tile.mTiles <= maxUnrolledMTiles && problem.columnGroups() % ring.groupsPerStage == 0;
  }
  /// CTA tiles of a slice.
  int64_t ctaTiles() const { return (problem.panels() + tile.panels - 1) / tile.panels; }
  /// Whether a stage has room for all records that its units can have: four strips with up to 255,
  /// in runs of 16 bytes.
  bool recordsFit() const {
    return unit.isWide() && ring.groupsPerStage == unit.columnGroups && unit.hasWordRecords();
  }
  /// Whether accumulators go to the warp's scratch memory, so many m tiles of them at a time, to be
  /// stored from there by a loop: with as many tiles, code that stores all of them is longer than
  /// all the rest.
  bool storesFromScratch() const {
    constexpr int64_t manyMTiles = 8;
    return !decodesInShared && !readsStreams && tile.mTiles >= manyMTiles;
  }
  int64_t scratchMTiles() const { return kind() == GpuKernelKind::Wide ? 8 : 4; }
  /// u32 of scratch memory that a consuming warp has.
  int64_t scratchU32() const;
  /// Shared memory of a stage, and beside the ring.
  RingMemory ringMemory() const;
  /// Bytes of shared memory: the ring, scratch memory, and what decoders have.
  int64_t sharedBytes() const;

  /// Where the scales of a slice's rows are that x was divided by, behind its bytes.
  int64_t xScalesBegin() const { return problem.columnGroups() * tile.packedGroupU32(); }
  /// u32 of a slice of packed x.
  int64_t packedU32() const { return xScalesBegin() + (tile.multipliesIntegers ? tile.m() : 0); }
  /// Whether output tiles have several parts.
  bool hasParts() const { return partGroups != 0 && work().kIterations > 1; }
  /// f32 of the accumulators of a CTA tile.
  int64_t tileF32() const { return tile.consumerWarps() * tile.mTiles * accumulatorTileF32; }
  /// f32 of a CTA's partial sums: of its first output tile and of its last one.
  int64_t partialF32() const { return partGroups == 0 ? 2 * tileF32() : 0; }
};

} // namespace uwt::codegen

#endif // UWT_CODEGEN_GPU_PRODUCTPLAN_H
