//===- GpuSearch.cpp - The fastest of a product's kernels -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/GpuSearch.h"
#include "RingFit.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/CostModel/KernelProfiles.h"
#include <algorithm>

using namespace uwt;

GpuSearch uwt::tableSearch(const GpuBoard &board, uint64_t k) {
  GpuSearch search{board, k, {}};
  for (const Format &format : runFormats())
    search.formats.emplace_back([target = board.target, text = format.str()](uint64_t m) {
      return findKernelProfile(*target, text, m);
    });
  return search;
}

//===----------------------------------------------------------------------===//
// Predictions
//===----------------------------------------------------------------------===//

KernelProfile uwt::profileOfChoice(const GpuChoice &choice, const KernelProfile &like,
                                   unsigned clusterFences, const GpuAssumptions &constants) {
  KernelProfile profile = like;
  profile.slice = choice.slice;
  profile.ctas = choice.ctas;
  profile.tileN = static_cast<unsigned>(panelRows) * choice.panels;
  profile.cluster = choice.cluster;
  profile.clusterFences = choice.cluster > 1 ? clusterFences : 0;
  profile.usesWarpgroups = choice.instruction == GpuInstruction::Wgmma;
  profile.stages = choice.stages;
  profile.consumerWarps = static_cast<unsigned>(panelRows / stripRows) * choice.panels;
  profile.stageWeights = static_cast<double>(profile.tileN) * choice.groups * fixedUnitColumns;
  auto lanes = [](const KernelProfile &one) { return 32.0 * one.consumerWarps / one.stageWeights; };
  profile.instructions += constants.stageInstructions * (lanes(profile) - lanes(like));
  profile.copying.tableBytes *=
      profile.stageWeights / profile.tileN / (like.stageWeights / like.tileN);
  return profile;
}

std::optional<GpuPrediction> uwt::predictChoice(const GpuProduct &product, const GpuChoice &choice,
                                                uint64_t m, const GpuSearch &search,
                                                const GpuSearch::ProfileOf &profileOf) {
  constexpr uint64_t sliceOfClusters = 64;
  const KernelProfile *like = profileOf(choice.slice);
  const KernelProfile *clustered = profileOf(sliceOfClusters);
  if (!like || !like->hasRing() || choice.stages == 0)
    return std::nullopt;
  KernelProfile profile =
      profileOfChoice(choice, *like, clustered ? clustered->clusterFences : 0, search.constants);
  return predictGpu(search.board, profile, {product.n, search.k, m}, search.constants);
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

namespace {
/// Goes through the choices beside one.
class ChoiceList {
public:
  ChoiceList(const BuildableKernels &kernels, const GpuPins &pins, const GpuChoice &like,
             bool ofAnyFormat)
      : kernels(kernels), pins(pins), like(like), ofAnyFormat(ofAnyFormat) {}
  std::vector<GpuChoice> take(uint64_t m);

private:
  void addSlice(unsigned slice);
  void addRings(GpuChoice choice);
  bool fits(GpuChoice &choice) const;

  const BuildableKernels &kernels;
  const GpuPins &pins;
  const GpuChoice &like;
  bool ofAnyFormat;
  std::vector<GpuChoice> found;
};
} // namespace

/// Whether kernels have such a tile, from whatever format.
static bool hasTile(const GpuProduct &product, const GpuChoice &choice) {
  bool isWide = choice.instruction == GpuInstruction::Wgmma;
  if (choice.panels > 1 && (!isWide || product.n <= panelRows))
    return false;
  if (choice.cluster > 1 && !product.target->supports(GpuFeature::ClusterMulticast))
    return false;
  if (isWide && choice.slice <= maxSliceBesideWgmma)
    return false;
  return choice.ctas == 1 || hasRegistersForTwo(choice);
}

/// Sets stages.
bool ChoiceList::fits(GpuChoice &choice) const {
  GpuProduct product = kernels.product();
  if (!hasTile(product, choice))
    return false;
  if (!ofAnyFormat)
    return fitRing(kernels, pins.stages, choice) && kernels.canBuild(choice);
  Expected<RingMemory> memory = kernels.ringMemory(choice, /*ofAnyFormat=*/true);
  if (!memory)
    return false;
  int64_t fit = stagesThatFit(*product.target, choice.ctas, *memory);
  choice.stages = pins.stages ? pins.stages : static_cast<unsigned>(std::max<int64_t>(fit, 0));
  return choice.stages >= 2 && fit >= choice.stages;
}

void ChoiceList::addRings(GpuChoice choice) {
  for (unsigned ctas : {1U, 2U})
    for (unsigned groups : {2U, 4U}) {
      choice.ctas = ctas;
      choice.groups = pins.groups ? pins.groups : groups;
      choice.kTiles = 1;
      GpuChoice own = choice;
      if (fits(own))
        found.push_back(own);
      if (pins.groups)
        break;
    }
}

void ChoiceList::addSlice(unsigned slice) {
  GpuChoice choice = like;
  choice.slice = slice;
  for (unsigned panels : {1U, 2U})
    for (unsigned cluster : {1U, 2U, 4U, 8U}) {
      choice.panels = panels;
      choice.cluster = pins.cluster ? pins.cluster : cluster;
      addRings(choice);
      if (pins.cluster)
        break;
    }
}

std::vector<GpuChoice> ChoiceList::take(uint64_t m) {
  addSlice(like.slice);
  // A slice more, which is narrower.
  uint64_t slices = divideUp(std::max<uint64_t>(m, 1), uint64_t(like.slice));
  uint64_t mTiles = divideUp(divideUp(m, slices + 1), uint64_t(mTileRows));
  auto narrower = static_cast<unsigned>(mTileRows * mTiles);
  if (pins.mTiles == 0 && mTiles > 0 && narrower < like.slice)
    addSlice(narrower);
  return std::move(found);
}

std::vector<GpuChoice> uwt::otherChoices(const BuildableKernels &kernels, const GpuPins &pins,
                                         const GpuChoice &choice, uint64_t m, bool ofAnyFormat) {
  return ChoiceList(kernels, pins, choice, ofAnyFormat).take(m);
}

/// The choice with stages as they would be if it were of any format; 0 where there is no room.
static unsigned stagesOfAnyFormat(const BuildableKernels &kernels, GpuChoice choice) {
  choice.groups /= choice.kTiles;
  choice.kTiles = 1;
  Expected<RingMemory> memory = kernels.ringMemory(choice, /*ofAnyFormat=*/true);
  if (!memory)
    return 0;
  int64_t fit = stagesThatFit(*kernels.product().target, choice.ctas, *memory);
  return static_cast<unsigned>(std::max<int64_t>(fit, 2));
}

/// Predicted times of a choice, one for each format of the search; none where a profile is missing.
static std::vector<double> timesOf(const GpuProduct &product, const GpuChoice &choice, uint64_t m,
                                   const GpuSearch &search) {
  std::vector<double> times;
  for (const GpuSearch::ProfileOf &profile : search.formats) {
    std::optional<GpuPrediction> prediction = predictChoice(product, choice, m, search, profile);
    if (!prediction)
      return {};
    times.push_back(prediction->total);
  }
  return times;
}

/// How much slower than the best one of a format a choice is, of the formats behind the first one
/// the most.
static double behindOthers(const std::vector<double> &times, const std::vector<double> &best) {
  double most = 1;
  for (size_t i = 1; i < best.size(); ++i)
    most = std::max(most, times[i] / best[i]);
  return most;
}

/// Of the choices that are hardly slower than the best one of the first format the best one of the
/// others. It is the first choice, the rules', unless that is worse by more than 1.5 %. `times` is
/// as `choices`.
static size_t bestOf(const std::vector<std::vector<double>> &times) {
  constexpr double hardly = 1.005, worthwhile = 1.015;
  std::vector<double> best = times.front();
  for (const std::vector<double> &each : times)
    std::ranges::transform(best, each, best.begin(),
                           [](double a, double b) { return std::min(a, b); });
  std::optional<size_t> found;
  for (size_t i = 0; i < times.size(); ++i) {
    if (times[i].front() > hardly * best.front())
      continue;
    double margin = found == size_t(0) ? worthwhile : 1;
    if (!found || behindOthers(times[i], best) * margin < behindOthers(times[*found], best))
      found = i;
  }
  return found.value_or(0);
}

/// The best choice in place of the rules' for m rows of x.
static GpuChoice searchKernel(const BuildableKernels &kernels, const GpuPins &pins,
                              const GpuChoice &rules, uint64_t m, const GpuSearch &search) {
  if (rules.stages == 0 || rules.strategy == GpuStrategy::Shared)
    return rules;
  GpuChoice own = rules;
  own.groups = rules.groups / rules.kTiles;
  own.kTiles = 1;
  own.stages = stagesOfAnyFormat(kernels, rules);
  std::vector<GpuChoice> choices = otherChoices(kernels, pins, own, m, /*ofAnyFormat=*/true);
  choices.insert(choices.begin(), own);
  GpuProduct product = kernels.product();
  std::vector<std::vector<double>> times;
  for (const GpuChoice &choice : choices)
    times.push_back(timesOf(product, choice, m, search));
  if (times.front().empty())
    return rules;
  size_t found = bestOf(times);
  GpuChoice best = choices[found];
  return found != 0 && fitRing(kernels, pins.stages, best) ? best : rules;
}

/// Searches for one range of m; `pins` have its slice where m is not known.
static Expected<GpuChoice> searchRange(const BuildableKernels &kernels, const GpuPins &pins,
                                       const GpuChoice &rules, const GpuSearch &search) {
  uint64_t m = std::max<uint64_t>(kernels.product().m.value_or(rules.slice), 1);
  GpuChoice best = searchKernel(kernels, pins, rules, m, search);
  Status built = kernels.canBuild(best);
  if (built)
    return best;
  if (pins.strategy || rules.strategy == GpuStrategy::Buffer)
    return built.takeError();
  GpuPins decoded = pins;
  decoded.strategy = GpuStrategy::Buffer;
  UWT_ASSIGN_OR_RETURN(GpuChoice buffer, chooseGpuKernel(kernels, decoded));
  return searchRange(kernels, decoded, buffer, search);
}

Expected<std::vector<GpuRange>> uwt::searchGpuRanges(const BuildableKernels &kernels,
                                                     const GpuPins &pins, const GpuSearch &search) {
  UWT_ASSIGN_OR_RETURN(std::vector<GpuRange> ranges, chooseGpuRanges(kernels, pins));
  for (GpuRange &range : ranges) {
    GpuPins pinned = pins;
    // Ranges of m are those of slices.
    if (!kernels.product().m)
      pinned.mTiles = range.choice.slice / mTileRows;
    UWT_ASSIGN_OR_RETURN(range.choice, searchRange(kernels, pinned, range.choice, search));
  }
  return ranges;
}
