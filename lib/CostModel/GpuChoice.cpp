//===- GpuChoice.cpp - Where GPUs decode the weights of products ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/GpuChoice.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>

using namespace uwt;

namespace {
/// Rows of x of an m tile: the n of mma.m16n8k16.
constexpr unsigned mTileRows = 8;

// By the kernel profiles (docs/gpu-kernels-rationale.md, "Which range of m takes which").
/// Lanes' streams take the registers of many warps: beyond so many m tiles others multiply.
constexpr uint64_t maxDirectMTiles = 4;
/// Strategy shared decodes again for each slice: beyond its widest one that costs more than
/// decoding once, to memory.
constexpr uint64_t maxSharedMTiles = 16;

// By the registers and spills that ptxas reports (docs/gpu-kernels-rationale.md).
/// Warps that multiply alone (mma.sync).
constexpr unsigned maxMTilesOfWarps = 8;
/// Warpgroups, where the last panel lacks some of its four strips: knowing which takes registers.
constexpr unsigned maxMTilesOfPartPanels = 12;
/// Warpgroups beside those that decode for them.
constexpr unsigned maxMTilesBesideDecoders = 16;

/// m tiles of the kernels of a dynamic m: more of them would rarely differ.
constexpr unsigned rangeMTiles[] = {1, 2, 4, 8, 16, 32};
} // namespace

static uint64_t mTilesOf(const GpuProduct &product) {
  return product.m && *product.m > 0 ? divideUp(*product.m, uint64_t(mTileRows)) : 1;
}

std::vector<GpuStrategy> uwt::preferredStrategies(const GpuProduct &product, uint64_t mTiles) {
  using enum GpuStrategy;
  if (!product.hasPrefixCode)
    return {Direct, Buffer};
  if (mTiles <= maxDirectMTiles)
    return {Direct, Shared, Exponents, Buffer};
  if (mTiles > maxSharedMTiles && product.target->supports(GpuFeature::Wgmma))
    return {Exponents, Shared, Buffer};
  return {Shared, Direct, Exponents, Buffer};
}

unsigned uwt::widestSlice(const GpuProduct &product, GpuStrategy strategy) {
  if (product.hasPrefixCode && strategy == GpuStrategy::Direct)
    return maxMTilesOfStreams;
  if (!product.allowsWarpgroups || !product.target->supports(GpuFeature::Wgmma))
    return maxMTilesOfWarps;
  if (product.n % panelRows != 0)
    return maxMTilesOfPartPanels;
  return strategy == GpuStrategy::Shared ? maxMTilesBesideDecoders : maxMTiles;
}

/// Rows of x that a kernel of a strategy multiplies at a time: as few slices as there can be, all
/// of about the same width.
static unsigned sliceOf(const GpuProduct &product, GpuStrategy strategy, const GpuPins &pins) {
  unsigned widest = widestSlice(product, strategy);
  if (pins.mTiles != 0)
    return mTileRows * std::min(pins.mTiles, widest);
  uint64_t mTiles = mTilesOf(product);
  uint64_t slices = divideUp(mTiles, uint64_t(widest));
  return mTileRows * static_cast<unsigned>(divideUp(mTiles, slices));
}

/// Without tensor cores there is one kernel, which multiplies words.
static Expected<GpuChoice> chooseWithoutTensorCores(const BuildableKernels &kernels,
                                                    const GpuProduct &product,
                                                    const GpuPins &pins) {
  GpuChoice choice{product.hasOnlyWords ? GpuStrategy::Direct : GpuStrategy::Buffer,
                   product.onlySlice};
  UWT_RETURN_IF_ERROR(
      kernels.canBuild({pins.strategy.value_or(choice.strategy), product.onlySlice}));
  return choice;
}

Expected<GpuChoice> uwt::chooseGpuKernel(const BuildableKernels &kernels, const GpuPins &pins) {
  GpuProduct product = kernels.product();
  if (product.onlySlice != 0)
    return chooseWithoutTensorCores(kernels, product, pins);
  std::vector<GpuStrategy> tries =
      pins.strategy
          ? std::vector<GpuStrategy>{*pins.strategy}
          : preferredStrategies(product, pins.mTiles != 0 ? pins.mTiles : mTilesOf(product));
  // Why the first one is not taken.
  std::optional<Error> first;
  for (GpuStrategy strategy : tries) {
    GpuChoice choice{strategy, sliceOf(product, strategy, pins)};
    Status built = kernels.canBuild(choice);
    if (built)
      return choice;
    if (!first)
      first = built.takeError();
  }
  return *std::move(first);
}

Expected<std::vector<GpuRange>> uwt::chooseGpuRanges(const BuildableKernels &kernels,
                                                     std::optional<GpuStrategy> pinned) {
  std::vector<GpuRange> ranges;
  if (kernels.product().m) {
    UWT_ASSIGN_OR_RETURN(GpuChoice choice, chooseGpuKernel(kernels, {pinned, 0}));
    return std::vector<GpuRange>{{UINT64_MAX, choice}};
  }
  for (unsigned mTiles : rangeMTiles) {
    UWT_ASSIGN_OR_RETURN(GpuChoice choice, chooseGpuKernel(kernels, {pinned, mTiles}));
    // Kernels do not get any wider.
    if (!ranges.empty() && choice.slice < mTileRows * mTiles)
      break;
    ranges.push_back({choice.slice, choice});
  }
  ranges.back().limit = UINT64_MAX;
  return ranges;
}
