//===- GpuChoice.h - The kernels of a product on a GPU ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The configurations of a product's kernels, and the ranges of m that they are for. All that
// kernels of one product may differ in is chosen here, from plain data; code generation says what
// they take of shared memory, and which of them it can build (BuildableKernels).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_GPUCHOICE_H
#define UWT_COSTMODEL_GPUCHOICE_H

#include "uwt/Target/GpuTarget.h"
#include <optional>
#include <vector>

namespace uwt {

/// Where a GPU decodes a product's weight: the cases of ProductStrategy (UWTAttrs.td), in its
/// order.
enum class GpuStrategy : uint8_t { Direct, Shared, Codes, Exponents, Buffer };

/// What multiplies: multiply-adds of lanes, without tensor cores; `mma.sync` of a warp; `wgmma` of
/// four warps together. The cases of ProductInstruction (UWTAttrs.td), in its order.
enum class GpuInstruction : uint8_t { Fma, Mma, Wgmma };

/// A kernel's configuration: what `#uwt.gpu_strategy` says, without MLIR.
struct GpuChoice {
  GpuStrategy strategy = GpuStrategy::Direct;
  GpuInstruction instruction = GpuInstruction::Mma;
  /// Rows of x that are multiplied at a time.
  unsigned slice = 8;
  /// Panels of a CTA, CTAs of a cluster, which share what is read of x, and CTAs that a
  /// multiprocessor runs at a time.
  unsigned panels = 1, cluster = 1, ctas = 1;
  /// Of the ring: stages, and of each the column groups and the k-tiles. No stages and no groups
  /// where there is no ring: lanes read streams, or multiply without tensor cores.
  unsigned stages = 0, groups = 0, kTiles = 1;

  bool operator==(const GpuChoice &) const = default;
};

/// What the choice of a product's kernels depends on.
struct GpuProduct {
  const GpuTarget *target = nullptr;
  /// Outputs, and m; none where only a call knows it.
  uint64_t n = 0;
  std::optional<uint64_t> m;
  /// Of the weight's format: streams of a variable rate; words alone, which need no decoder.
  bool hasStreams = false, hasOnlyWords = false;
  /// Whether integers are multiplied; whether warps do that by themselves on every target, since
  /// the weight's units do not suit products of warpgroups.
  bool multipliesIntegers = false, needsWarps = false;
  /// Whether tensor cores have an instruction for the types of x and the weight.
  bool hasMatrixInstruction = true;
  /// Rows of x that the kernel without tensor cores multiplies at a time.
  unsigned fmaSlice = 4;

  /// Whether lanes read the weight's streams where they multiply: without a ring.
  bool readsStreams(GpuStrategy strategy) const {
    return hasStreams && strategy == GpuStrategy::Direct;
  }
};

/// What a user has pinned; what is 0 or nothing is the model's choice.
struct GpuPins {
  std::optional<GpuStrategy> strategy = std::nullopt;
  /// m tiles of 8 rows that are multiplied at a time, 1 to 32; more than a kernel can count as the
  /// most that it can.
  unsigned mTiles = 0;
  /// Stages of the ring, at least 2, and column groups of a k-tile, an even number.
  unsigned stages = 0, groups = 0;
  /// CTAs of a cluster: 1, 2, 4 or 8. Targets without clusters, and kernels without a ring, have 1.
  unsigned cluster = 0;
  std::optional<GpuInstruction> instruction = std::nullopt;
};

/// Bytes of a CTA's shared memory: of a stage of the ring, of the weights in it, and of what is
/// beside the ring; and column groups of a unit, of which a stage has whole ones.
struct RingMemory {
  int64_t stageBytes = 0, weightBytes = 0, otherBytes = 0;
  unsigned unitGroups = 1;
};

/// The kernels that code generation has for one product.
class BuildableKernels {
public:
  virtual ~BuildableKernels() = default;
  virtual GpuProduct product() const = 0;
  /// What a kernel with a ring takes, whatever its stages. `ofAnyFormat`: of panels that are stored
  /// as words, with escapes, which no format's take more than. Errors: Unsupported, why there is no
  /// kernel of the strategy.
  virtual Expected<RingMemory> ringMemory(const GpuChoice &choice, bool ofAnyFormat) const = 0;
  /// Whether there is such a kernel. Errors: Unsupported, "has no kernel of kind …".
  virtual Status canBuild(const GpuChoice &choice) const = 0;
};

/// m tiles that any kernel multiplies at a time at most: 256 rows of x.
inline constexpr unsigned maxMTiles = 32;
/// The same where a warp's lanes read streams of a prefix code: accumulators beside more of them do
/// not fit the registers of a lane that decodes (ptxas reports spills).
inline constexpr unsigned maxMTilesOfStreams = 4;

/// The strategies to try for a product, best first, where it multiplies `mTiles` tiles of 8 rows in
/// all.
std::vector<GpuStrategy> preferredStrategies(const GpuProduct &product, uint64_t mTiles);

/// The most m tiles that a kernel of a strategy multiplies at a time without spills.
unsigned widestSlice(const GpuProduct &product, GpuStrategy strategy, GpuInstruction instruction);

/// Whether an instruction multiplies so many m tiles at a time: of integers wgmma does not any
/// number (wgmmaHasByteTiles()).
bool hasTiles(const GpuProduct &product, GpuInstruction instruction, uint64_t mTiles);

/// Rows of x of which wgmma multiplies more at a time.
inline constexpr unsigned maxSliceBesideWgmma = 16;

/// CTAs of a multiprocessor whose warps read streams: accumulators of wide slices take the
/// registers of both.
inline unsigned ctasOfStreams(unsigned slice) { return slice <= 8 ? 2 : 1; }

/// CTAs of a kernel with a ring that a multiprocessor has registers for.
unsigned maxCtas(const GpuChoice &choice);

/// Rows of x that a skinny kernel multiplies at a time at most; with more of them it is a wide one.
inline constexpr unsigned maxSkinnySlice = 128;

/// Stages of a ring at most: more are of no use.
inline constexpr int64_t maxRingStages = 8;

/// Stages that the shared memory of a CTA has room for, where a multiprocessor runs so many CTAs;
/// no more than maxRingStages.
int64_t stagesThatFit(const GpuTarget &target, unsigned ctas, const RingMemory &memory);

/// Of these, as many as are of use. Measured on an H200 (docs/gpu-measured.md): a multiprocessor
/// that has asked for more than some 90 KB of weights gets them no sooner, and the first ones
/// later.
int64_t stagesOfUse(const GpuTarget &target, unsigned ctas, const RingMemory &memory);

/// The least dynamic shared memory of a CTA with which a multiprocessor holds `ctas` of them and no
/// more. Where a kernel may begin while the one before ends, its CTAs would else crowd on the
/// multiprocessors that are done first.
int64_t sharedBytesOfCtas(const GpuTarget &target, unsigned ctas);

/// The kernel for a product; one of a dynamic m, unless that is pinned, is for one m tile. Errors:
/// Unsupported, why there is none of the strategy that is preferred; Usage (pins that no kernel
/// has).
Expected<GpuChoice> chooseGpuKernel(const BuildableKernels &kernels, const GpuPins &pins = {});

/// A range of m: up to `limit`, from the limit of the range before.
struct GpuRange {
  uint64_t limit = UINT64_MAX;
  GpuChoice choice;
};

/// A kernel for a product whose m is known or whose m tiles are pinned, else one for each range of
/// m; the last limit is UINT64_MAX. Errors: those of chooseGpuKernel().
Expected<std::vector<GpuRange>> chooseGpuRanges(const BuildableKernels &kernels,
                                                const GpuPins &pins = {});

} // namespace uwt

#endif // UWT_COSTMODEL_GPUCHOICE_H
