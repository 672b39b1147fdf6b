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
#include <utility>

using namespace uwt;

/// Whether all kernels of a format that the table has for a target are much like those of another
/// one: they decode into lanes, and take at most twice the instructions.
static bool isLike(const GpuTarget &target, std::string_view format, std::string_view like) {
  constexpr double most = 2;
  return std::ranges::all_of(kernelProfiles(), [&](const KernelProfileRow &row) {
    if (row.target != target.name || row.format != format)
      return true;
    const KernelProfile *other = findKernelProfile(target, like, row.m);
    return other && row.profile.hasRing() && row.profile.decodedBytes == 0 &&
           row.profile.instructions <= most * other->instructions;
  });
}

GpuSearch uwt::tableSearch(const GpuBoard &board, uint64_t k) {
  std::vector<std::string> names = {runFormats().front().str()};
  std::string raw = runFormats().back().str();
  // Quantised weights have half of the bytes, and would move the choices of all others.
  auto isQuantized = [](const std::string &name) { return Format::parse(name)->isQuantized(); };
  for (const KernelProfileRow &row : kernelProfiles())
    if (row.target == board.target->name && row.format != raw &&
        std::ranges::find(names, row.format) == names.end() && !isQuantized(row.format) &&
        isLike(*board.target, row.format, names.front()))
      names.push_back(row.format);
  names.push_back(raw);
  GpuSearch search{board, k, {}, {}, /*isOfOwnFormat=*/false};
  for (const std::string &name : names)
    search.formats.emplace_back(
        [target = board.target, name](uint64_t m) { return findKernelProfile(*target, name, m); });
  return search;
}

GpuSearch uwt::ownSearch(const GpuBoard &board, uint64_t k, GpuSearch::ProfileOf profile) {
  return {board, k, {std::move(profile)}, {}, /*isOfOwnFormat=*/true};
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

/// Whether a profile is that of a kernel with a strategy, by what is decoded before it.
static bool isOfStrategy(const KernelProfile &profile, GpuStrategy strategy) {
  constexpr double wordBytes = 2;
  switch (strategy) {
  case GpuStrategy::Direct:
  case GpuStrategy::Shared:
    return profile.decodedBytes == 0;
  case GpuStrategy::Codes:
  case GpuStrategy::Exponents:
    return profile.decodedBytes > 0 && profile.decodedBytes < wordBytes;
  case GpuStrategy::Buffer:
    return profile.decodedBytes == wordBytes;
  }
  return false;
}

std::optional<GpuPrediction> uwt::predictChoice(const GpuProduct &product, const GpuChoice &choice,
                                                uint64_t m, const GpuSearch &search,
                                                const GpuSearch::ProfileOf &profileOf) {
  constexpr uint64_t sliceOfClusters = 64;
  const KernelProfile *like = profileOf(choice.slice);
  const KernelProfile *clustered = profileOf(sliceOfClusters);
  if (!like || !like->hasRing() || choice.stages == 0)
    return std::nullopt;
  if (search.isOfOwnFormat && !isOfStrategy(*like, choice.strategy))
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
  // Of one panel's threads the registers cannot be shared anew, and sums of so many rows spill.
  if (choice.panels == 1 && choice.slice > maxSkinnySlice && product.n > panelRows)
    return false;
  if (isWide && choice.slice <= maxSliceBesideWgmma)
    return false;
  return choice.ctas <= maxCtas(choice);
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
  int64_t fit = stagesOfUse(*product.target, choice.ctas, *memory);
  choice.stages = pins.stages ? pins.stages : static_cast<unsigned>(std::max<int64_t>(fit, 0));
  return choice.stages >= 2 && fit >= choice.stages;
}

void ChoiceList::addRings(GpuChoice choice) {
  // Rings of three CTAs have no room for stages of words that are of use.
  unsigned most = ofAnyFormat ? 2 : 3;
  for (unsigned ctas = 1; ctas <= most; ++ctas)
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
  if (pins.mTiles != 0)
    return std::move(found);
  // A slice more, or two, which are narrower.
  uint64_t slices = divideUp(std::max<uint64_t>(m, 1), uint64_t(like.slice));
  unsigned last = like.slice;
  for (uint64_t more = 1; more <= 2; ++more) {
    uint64_t mTiles = divideUp(divideUp(m, slices + more), uint64_t(mTileRows));
    auto narrower = static_cast<unsigned>(mTileRows * mTiles);
    if (mTiles > 0 && narrower < last)
      addSlice(narrower);
    last = narrower;
  }
  return std::move(found);
}

std::vector<GpuChoice> uwt::otherChoices(const BuildableKernels &kernels, const GpuPins &pins,
                                         const GpuChoice &choice, uint64_t m, bool ofAnyFormat) {
  return ChoiceList(kernels, pins, choice, ofAnyFormat).take(m);
}

/// The rules' choice with a stage of one k-tile and the stages that any format would have.
static GpuChoice ofAnyFormat(const BuildableKernels &kernels, GpuChoice choice) {
  choice.groups /= choice.kTiles;
  choice.kTiles = 1;
  choice.stages = 0;
  if (Expected<RingMemory> memory = kernels.ringMemory(choice, /*ofAnyFormat=*/true)) {
    int64_t fit = stagesOfUse(*kernels.product().target, choice.ctas, *memory);
    choice.stages = static_cast<unsigned>(std::max<int64_t>(fit, 2));
  }
  return choice;
}

/// A choice with the stages that it has from a format. The ring of any format has room for words,
/// as those of wide kernels have in any case.
static GpuChoice withStagesOf(const BuildableKernels &kernels, const GpuPins &pins,
                              GpuChoice choice, const KernelProfile *profile) {
  constexpr double wordBytes = 2;
  Expected<RingMemory> memory = kernels.ringMemory(choice, /*ofAnyFormat=*/true);
  if (pins.stages != 0 || !profile || !memory || choice.slice > maxSkinnySlice)
    return choice;
  double weights = static_cast<double>(panelRows) * choice.panels * choice.groups *
                   static_cast<double>(fixedUnitColumns);
  auto saved =
      static_cast<int64_t>(weights * (wordBytes - std::min(profile->weightBytes, wordBytes)));
  memory->stageBytes -= saved;
  memory->weightBytes -= saved;
  int64_t fit = stagesOfUse(*kernels.product().target, choice.ctas, *memory);
  choice.stages = std::max(choice.stages, static_cast<unsigned>(std::max<int64_t>(fit, 0)));
  return choice;
}

/// Predicted times of a choice, one for each format of the search; none where a profile is missing.
static std::vector<double> timesOf(const BuildableKernels &kernels, const GpuPins &pins,
                                   const GpuChoice &choice, uint64_t m, const GpuSearch &search) {
  std::vector<double> times;
  for (const GpuSearch::ProfileOf &profile : search.formats) {
    GpuChoice own =
        search.isOfOwnFormat ? choice : withStagesOf(kernels, pins, choice, profile(choice.slice));
    std::optional<GpuPrediction> prediction =
        predictChoice(kernels.product(), own, m, search, profile);
    if (!prediction)
      return {};
    times.push_back(prediction->total);
  }
  return times;
}

/// How much slower than the best one of a format a choice is: of the coded formats behind the first
/// one the most, if that is more than `much`; then of all of them. Compared in this order.
static std::pair<double, double> behindOthers(const std::vector<double> &times,
                                              const std::vector<double> &best, double much) {
  double coded = 1, all = 1;
  for (size_t i = 1; i < best.size(); ++i) {
    all = std::max(all, times[i] / best[i]);
    if (i + 1 < best.size())
      coded = all;
  }
  return {coded > much ? coded : 1, all};
}

/// Of the choices that are at most `hardly` times as slow as the best one of the first format the
/// best one of the others, of which the coded ones may lose as much. It is the first choice, the
/// rules', unless that is worse by more than 1.5 %. `times` is as `choices`, `best` the least of
/// each format.
static size_t bestWithin(double hardly, const std::vector<std::vector<double>> &times,
                         const std::vector<double> &best) {
  constexpr double worthwhile = 1.015;
  std::optional<size_t> found;
  for (size_t i = 0; i < times.size(); ++i) {
    if (times[i].front() > hardly * best.front())
      continue;
    std::pair behind = behindOthers(times[i], best, hardly);
    if (found == size_t(0))
      behind.second *= worthwhile;
    if (!found || behind < behindOthers(times[*found], best, hardly))
      found = i;
  }
  return found.value_or(0);
}

/// The choice that is best for all formats: as good for the first one as it can be while the other
/// coded ones do not lose more than it.
static size_t bestOf(const std::vector<std::vector<double>> &times) {
  std::vector<double> best = times.front();
  for (const std::vector<double> &each : times)
    std::ranges::transform(best, each, best.begin(),
                           [](double a, double b) { return std::min(a, b); });
  size_t found = 0;
  for (double hardly : {1.005, 1.01, 1.02, 1.03, 1.05}) {
    found = bestWithin(hardly, times, best);
    if (behindOthers(times[found], best, hardly).first == 1)
      break;
  }
  return found;
}

/// Whether a multiprocessor has the warps of one panel alone, and these have more to decode than to
/// multiply. Each waits for its own instructions, so formats of many instructions lose most.
static bool hasFewWarps(const GpuChoice &choice) {
  constexpr unsigned maxSlice = 64;
  return choice.slice <= maxSlice && choice.panels * choice.ctas == 1;
}

/// The best choice in place of the rules' for m rows of x.
static GpuChoice searchKernel(const BuildableKernels &kernels, const GpuPins &pins,
                              const GpuChoice &rules, uint64_t m, const GpuSearch &search) {
  if (rules.stages == 0 || rules.strategy == GpuStrategy::Shared)
    return rules;
  bool isOfAny = !search.isOfOwnFormat;
  std::vector<GpuChoice> choices = {isOfAny ? ofAnyFormat(kernels, rules) : rules};
  std::vector<std::vector<double>> times = {timesOf(kernels, pins, choices.front(), m, search)};
  if (times.front().empty())
    return rules;
  for (const GpuChoice &choice : otherChoices(kernels, pins, rules, m, isOfAny)) {
    if (isOfAny && hasFewWarps(choice) && !hasFewWarps(rules))
      continue;
    if (std::vector<double> each = timesOf(kernels, pins, choice, m, search); !each.empty()) {
      choices.push_back(choice);
      times.push_back(std::move(each));
    }
  }
  size_t found = bestOf(times);
  GpuChoice best = choices[found];
  if (found == 0 || (isOfAny && !fitRing(kernels, pins.stages, best)))
    return rules;
  return best;
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

/// The rules' kernel of a strategy: of the slices as few as it has room for, by halves of m's
/// tiles.
static std::optional<GpuChoice> widestOf(const BuildableKernels &kernels, const GpuPins &pins,
                                         GpuStrategy strategy, uint64_t m) {
  GpuPins pinned = pins;
  pinned.strategy = strategy;
  if (pins.mTiles != 0) {
    Expected<GpuChoice> choice = chooseGpuKernel(kernels, pinned);
    return choice ? std::optional(*choice) : std::nullopt;
  }
  for (uint64_t mTiles = std::min<uint64_t>(divideUp(m, uint64_t(mTileRows)), maxMTiles);
       mTiles > 0; mTiles /= 2) {
    pinned.mTiles = static_cast<unsigned>(mTiles);
    if (Expected<GpuChoice> choice = chooseGpuKernel(kernels, pinned))
      return *choice;
  }
  return std::nullopt;
}

/// The fastest of all strategies for one range of m, as far as there are profiles.
static GpuChoice searchStrategies(const BuildableKernels &kernels, const GpuPins &pins,
                                  const GpuChoice &rules, const GpuSearch &search) {
  uint64_t m = std::max<uint64_t>(kernels.product().m.value_or(rules.slice), 1);
  auto timeOf = [&](const GpuChoice &choice) {
    std::vector<double> times = timesOf(kernels, pins, choice, m, search);
    return times.empty() ? std::nullopt : std::optional(times.front());
  };
  GpuChoice best = searchKernel(kernels, pins, rules, m, search);
  std::optional<double> least = timeOf(best);
  if (!least || pins.strategy)
    return best;
  for (GpuStrategy strategy : preferredStrategies(kernels.product(), divideUp(m, mTileRows))) {
    std::optional<GpuChoice> like = widestOf(kernels, pins, strategy, m);
    if (!like)
      continue;
    GpuChoice found = searchKernel(kernels, pins, *like, m, search);
    std::optional<double> time = timeOf(found);
    if (time && *time < *least && kernels.canBuild(found)) {
      best = found;
      least = time;
    }
  }
  return best;
}

Expected<std::vector<GpuRange>> uwt::searchGpuRanges(const BuildableKernels &kernels,
                                                     const GpuPins &pins, const GpuSearch &search) {
  UWT_ASSIGN_OR_RETURN(std::vector<GpuRange> ranges, chooseGpuRanges(kernels, pins));
  for (GpuRange &range : ranges) {
    GpuPins pinned = pins;
    // Ranges of m are those of slices.
    if (!kernels.product().m)
      pinned.mTiles = range.choice.slice / mTileRows;
    if (search.isOfOwnFormat) {
      range.choice = searchStrategies(kernels, pinned, range.choice, search);
      continue;
    }
    UWT_ASSIGN_OR_RETURN(range.choice, searchRange(kernels, pinned, range.choice, search));
  }
  return ranges;
}
