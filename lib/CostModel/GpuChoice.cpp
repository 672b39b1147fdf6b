//===- GpuChoice.cpp - The kernels of a product on a GPU ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RingFit.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <utility>

using namespace uwt;

namespace {
// By the kernel profiles (docs/gpu-kernels-rationale.md, "Which range of m takes which").
/// Lanes' streams take the registers of many warps: beyond so many m tiles others multiply.
constexpr uint64_t maxDirectMTiles = 4;
/// Strategy shared decodes again for each slice: beyond its widest one that costs more than
/// decoding once, to memory.
constexpr uint64_t maxSharedMTiles = 16;

// By the registers and spills that ptxas reports (docs/gpu-kernels-rationale.md).
/// Warps that multiply alone (mma.sync).
constexpr unsigned maxMTilesOfWarps = 8;
/// Warpgroups that multiply integers, whose sums of a group stand beside those of all.
constexpr unsigned maxMTilesOfIntegers = 8;
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
  if (product.multipliesIntegers)
    return {Direct};
  if (!product.hasStreams)
    return {Direct, Buffer};
  if (mTiles <= maxDirectMTiles)
    return {Direct, Shared, Exponents, Buffer};
  if (mTiles > maxSharedMTiles && product.target->supports(GpuFeature::Wgmma))
    return {Exponents, Shared, Buffer};
  return {Shared, Direct, Exponents, Buffer};
}

unsigned uwt::widestSlice(const GpuProduct &product, GpuStrategy strategy,
                          GpuInstruction instruction) {
  if (product.readsStreams(strategy))
    return maxMTilesOfStreams;
  if (instruction != GpuInstruction::Wgmma)
    return maxMTilesOfWarps;
  if (product.multipliesIntegers)
    return maxMTilesOfIntegers;
  if (product.n % panelRows != 0)
    return maxMTilesOfPartPanels;
  return strategy == GpuStrategy::Shared ? maxMTilesBesideDecoders : maxMTiles;
}

bool uwt::hasTiles(const GpuProduct &product, GpuInstruction instruction, uint64_t mTiles) {
  return !product.multipliesIntegers || instruction != GpuInstruction::Wgmma ||
         wgmmaHasByteTiles(mTiles);
}

unsigned uwt::maxCtas(const GpuChoice &choice) {
  if (choice.panels > 1 || choice.strategy == GpuStrategy::Shared)
    return 1;
  // Warpgroups read x from shared memory, warps from registers.
  bool isWide = choice.instruction == GpuInstruction::Wgmma;
  unsigned maxMTilesOfTwo = isWide ? 8 : 4, mTiles = choice.slice / mTileRows;
  if (mTiles > maxMTilesOfTwo)
    return 1;
  // Three are 128 registers a thread: enough for two m tiles of every format, where a stage that is
  // not looped over has few column groups.
  constexpr unsigned maxMTilesOfThree = 2, maxGroupsOfThree = 2;
  return isWide || mTiles > maxMTilesOfThree || choice.groups > maxGroupsOfThree ? 2 : 3;
}

/// Of each CTA the system keeps 1 KB.
static constexpr int64_t reservedSharedBytes = 1024;

int64_t uwt::stagesThatFit(const GpuTarget &target, unsigned ctas, const RingMemory &memory) {
  // mbarriers and a little more are static.
  constexpr int64_t fixed = 512;
  int64_t room = std::min<int64_t>(target.sharedBytesPerBlock,
                                   target.sharedBytesPerSm / ctas - reservedSharedBytes);
  return std::min((room - fixed - memory.otherBytes) / memory.stageBytes, maxRingStages);
}

int64_t uwt::stagesOfUse(const GpuTarget &target, unsigned ctas, const RingMemory &memory) {
  constexpr int64_t enoughBytes = 90 * 1024;
  // Of one CTA one stage is read while another one comes and a third one is asked for.
  int64_t least = ctas == 1 ? 3 : 2;
  int64_t weights = std::max<int64_t>(ctas * memory.weightBytes, 1);
  return std::min(stagesThatFit(target, ctas, memory), std::max(enoughBytes / weights, least));
}

int64_t uwt::sharedBytesOfCtas(const GpuTarget &target, unsigned ctas) {
  constexpr int64_t alignment = 16;
  int64_t one = target.sharedBytesPerSm / (ctas + 1) - reservedSharedBytes;
  return one / alignment * alignment + alignment;
}

Status uwt::fitRing(const BuildableKernels &kernels, unsigned stages, GpuChoice &choice) {
  unsigned tileGroups = choice.groups;
  UWT_ASSIGN_OR_RETURN(RingMemory units, kernels.ringMemory(choice, /*ofAnyFormat=*/false));
  choice.groups = std::lcm(tileGroups, units.unitGroups);
  choice.kTiles = choice.groups / tileGroups;
  UWT_ASSIGN_OR_RETURN(RingMemory memory, kernels.ringMemory(choice, /*ofAnyFormat=*/false));
  int64_t fit = stagesOfUse(*kernels.product().target, choice.ctas, memory);
  choice.stages = stages ? stages : static_cast<unsigned>(std::max<int64_t>(fit, 2));
  return ok();
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

namespace {
/// Chooses the configuration of one product's kernel.
class KernelChooser {
public:
  KernelChooser(const BuildableKernels &kernels, const GpuPins &pins)
      : kernels(kernels), pins(pins), product(kernels.product()) {}

  Expected<GpuChoice> choose() const;

private:
  Status checkPins() const;
  Expected<GpuChoice> chooseWithoutTensorCores() const;
  Expected<GpuChoice> chooseFor(GpuStrategy strategy) const;
  Expected<GpuChoice> chooseWithRing(GpuChoice choice) const;
  GpuChoice chooseTile(GpuStrategy strategy) const;
  unsigned chooseCluster() const;
  Status chooseRing(GpuChoice &choice) const;
  Status chooseKTile(GpuChoice &choice) const;
  uint64_t panels() const { return divideUp(product.n, uint64_t(panelRows)); }

  const BuildableKernels &kernels;
  const GpuPins &pins;
  GpuProduct product;
};
} // namespace

Status KernelChooser::checkPins() const {
  constexpr std::array clusters = {0U, 1U, 2U, 4U, 8U};
  if (std::ranges::find(clusters, pins.cluster) == clusters.end())
    return usageError("expects a cluster of 1, 2, 4 or 8 CTAs, got " +
                      std::to_string(pins.cluster));
  if (pins.mTiles > maxMTiles || pins.stages == 1 || pins.groups % 2 != 0)
    return usageError("expects 1 to " + std::to_string(maxMTiles) +
                      " m tiles, at least 2 stages and an even number of groups, got " +
                      std::to_string(pins.mTiles) + ", " + std::to_string(pins.stages) + " and " +
                      std::to_string(pins.groups));
  return ok();
}

/// There is one kernel, which multiplies words.
Expected<GpuChoice> KernelChooser::chooseWithoutTensorCores() const {
  GpuChoice choice;
  choice.instruction = GpuInstruction::Fma;
  choice.slice = product.fmaSlice;
  choice.strategy = product.hasOnlyWords ? GpuStrategy::Direct : GpuStrategy::Buffer;
  GpuChoice wanted = choice;
  wanted.strategy = pins.strategy.value_or(choice.strategy);
  UWT_RETURN_IF_ERROR(kernels.canBuild(wanted));
  return choice;
}

/// As few slices as there can be, all of about the same width.
GpuChoice KernelChooser::chooseTile(GpuStrategy strategy) const {
  bool hasWgmma = product.target->supports(GpuFeature::Wgmma) && !product.readsStreams(strategy) &&
                  !product.needsWarps;
  GpuInstruction widestInstruction =
      pins.instruction.value_or(hasWgmma ? GpuInstruction::Wgmma : GpuInstruction::Mma);
  unsigned widest = widestSlice(product, strategy, widestInstruction);
  uint64_t mTiles = std::min(pins.mTiles, widest);
  if (mTiles == 0) {
    mTiles = mTilesOf(product);
    mTiles = divideUp(mTiles, divideUp(mTiles, uint64_t(widest)));
  }
  GpuChoice choice;
  choice.strategy = strategy;
  bool isWide = mTileRows * mTiles > maxSliceBesideWgmma || pins.instruction;
  choice.instruction = isWide ? widestInstruction : GpuInstruction::Mma;
  if (pins.mTiles == 0 && !hasTiles(product, choice.instruction, mTiles))
    ++mTiles;
  choice.slice = mTileRows * static_cast<unsigned>(mTiles);
  bool hasTwoPanels =
      choice.instruction == GpuInstruction::Wgmma || strategy == GpuStrategy::Shared;
  choice.panels = hasTwoPanels && panels() > 1 ? 2 : 1;
  return choice;
}

unsigned KernelChooser::chooseCluster() const {
  // Measured on an H200 (docs/gpu-measured.md): what CTAs of a cluster save in reads of x, they
  // wait for one another; of clusters of four there are 30 at a time, not 33.
  bool hasClusters = product.target->supports(GpuFeature::ClusterMulticast);
  return hasClusters && pins.cluster != 0 ? pins.cluster : 1;
}

/// Sets CTAs of a multiprocessor, and groups to those of a k-tile. A k-tile decides the order of
/// sums, so it is the same for all formats.
Status KernelChooser::chooseKTile(GpuChoice &choice) const {
  // Four stages of 256 columns in all, of two CTAs, are as many bytes as are ever needed.
  constexpr int64_t enoughStages = 3, enoughLargeStages = 2;
  // Two CTAs hide each other's ends and beginnings; small stages let more of them be on their way,
  // large ones take fewer waits.
  constexpr std::pair<unsigned, unsigned> tries[] = {{2, 4}, {2, 2}, {1, 4}, {1, 2}};
  for (auto [ctas, groups] : tries) {
    if (ctas > maxCtas(choice))
      continue;
    choice.ctas = ctas;
    choice.groups = pins.groups ? pins.groups : groups;
    UWT_ASSIGN_OR_RETURN(RingMemory memory, kernels.ringMemory(choice, /*ofAnyFormat=*/true));
    bool isLarge = ctas == 2 && groups == 4;
    if (stagesThatFit(*product.target, ctas, memory) >=
        (isLarge ? enoughLargeStages : enoughStages))
      break;
  }
  return ok();
}

/// Chooses what keeps as many bytes on their way as are of use. Where shared memory has no room for
/// two stages, there is no such kernel.
Status KernelChooser::chooseRing(GpuChoice &choice) const {
  choice.kTiles = 1;
  UWT_RETURN_IF_ERROR(chooseKTile(choice));
  return fitRing(kernels, pins.stages, choice);
}

Expected<GpuChoice> KernelChooser::chooseWithRing(GpuChoice choice) const {
  choice.cluster = chooseCluster();
  UWT_RETURN_IF_ERROR(chooseRing(choice));
  UWT_RETURN_IF_ERROR(kernels.canBuild(choice));
  return choice;
}

Expected<GpuChoice> KernelChooser::chooseFor(GpuStrategy strategy) const {
  GpuChoice choice = chooseTile(strategy);
  if (product.readsStreams(strategy)) {
    choice.ctas = ctasOfStreams(choice.slice);
    UWT_RETURN_IF_ERROR(kernels.canBuild(choice));
    return choice;
  }
  Expected<GpuChoice> found = chooseWithRing(choice);
  // Eight warps decode faster than four; where they have no room, four do.
  if (found || strategy != GpuStrategy::Shared || choice.panels == 1)
    return found;
  choice.panels = 1;
  return chooseWithRing(choice);
}

Expected<GpuChoice> KernelChooser::choose() const {
  UWT_RETURN_IF_ERROR(checkPins());
  if (!product.hasMatrixInstruction || pins.instruction == GpuInstruction::Fma)
    return chooseWithoutTensorCores();
  std::vector<GpuStrategy> tries =
      pins.strategy
          ? std::vector<GpuStrategy>{*pins.strategy}
          : preferredStrategies(product, pins.mTiles != 0 ? pins.mTiles : mTilesOf(product));
  Expected<GpuChoice> preferred = chooseFor(tries.front());
  if (preferred)
    return preferred;
  for (GpuStrategy strategy : std::span(tries).subspan(1))
    if (Expected<GpuChoice> choice = chooseFor(strategy); choice)
      return choice;
  // It says why the preferred one is not there.
  return preferred;
}

Expected<GpuChoice> uwt::chooseGpuKernel(const BuildableKernels &kernels, const GpuPins &pins) {
  return KernelChooser(kernels, pins).choose();
}

Expected<std::vector<GpuRange>> uwt::chooseGpuRanges(const BuildableKernels &kernels,
                                                     const GpuPins &pins) {
  std::vector<GpuRange> ranges;
  if (kernels.product().m || pins.mTiles != 0) {
    UWT_ASSIGN_OR_RETURN(GpuChoice choice, chooseGpuKernel(kernels, pins));
    return std::vector<GpuRange>{{UINT64_MAX, choice}};
  }
  for (unsigned mTiles : rangeMTiles) {
    GpuPins pinned = pins;
    pinned.mTiles = mTiles;
    UWT_ASSIGN_OR_RETURN(GpuChoice choice, chooseGpuKernel(kernels, pinned));
    // Kernels do not get any wider.
    if (!ranges.empty() && choice.slice < mTileRows * mTiles)
      break;
    ranges.push_back({choice.slice, choice});
  }
  ranges.back().limit = UINT64_MAX;
  return ranges;
}
