//===- GpuChoice.h - Where GPUs decode the weights of products --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The strategy, the slice and the ranges of m of a product's kernels. What is preferred is decided
// here, from plain data; code generation says which kernels it can build (BuildableKernels).
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

/// The strategy of a kernel, and the rows of x that it multiplies at a time.
struct GpuChoice {
  GpuStrategy strategy = GpuStrategy::Direct;
  unsigned slice = 8;
};

/// What the choice of a product's kernels depends on.
struct GpuProduct {
  const GpuTarget *target = nullptr;
  /// Outputs, and the batch; no m where only a call knows it.
  uint64_t n = 0;
  std::optional<uint64_t> m;
  /// Of the weight's format: a prefix code; words alone, which need no decoder.
  bool hasPrefixCode = false, hasOnlyWords = false;
  /// Whether warpgroups may multiply together, where the target has wgmma.
  bool allowsWarpgroups = true;
  /// Rows of x that the only kernel multiplies at a time, where tensor cores have no instruction
  /// for the types (kernel kind simt); else 0.
  unsigned onlySlice = 0;
};

/// What a user has pinned; the rest is the model's choice.
struct GpuPins {
  std::optional<GpuStrategy> strategy;
  /// m tiles of 8 rows that are multiplied at a time, more than a kernel can counting as the most
  /// that it can; 0: none.
  unsigned mTiles = 0;
};

/// The kernels that code generation has for one product.
class BuildableKernels {
public:
  virtual ~BuildableKernels() = default;
  virtual GpuProduct product() const = 0;
  /// Whether there is such a kernel. Errors: Unsupported, "has no kernel of family …".
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
unsigned widestSlice(const GpuProduct &product, GpuStrategy strategy);

/// The kernel for a product; one of a dynamic m, unless that is pinned, is for one m tile. Errors:
/// Unsupported, why there is none of the strategy that is preferred.
Expected<GpuChoice> chooseGpuKernel(const BuildableKernels &kernels, const GpuPins &pins = {});

/// A range of m: up to `limit`, from the limit of the range before.
struct GpuRange {
  uint64_t limit = UINT64_MAX;
  GpuChoice choice;
};

/// A kernel for a product whose m is known, else one for each range of m; the last limit is
/// UINT64_MAX. Errors: those of chooseGpuKernel().
Expected<std::vector<GpuRange>> chooseGpuRanges(const BuildableKernels &kernels,
                                                std::optional<GpuStrategy> pinned = std::nullopt);

} // namespace uwt

#endif // UWT_COSTMODEL_GPUCHOICE_H
