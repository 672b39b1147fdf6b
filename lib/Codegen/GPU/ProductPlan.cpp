//===- ProductPlan.cpp - Shapes of the kernels of a product ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/GPU/ProductPlan.h"
#include "uwt/Codec/Codec.h"
#include <algorithm>
#include <numeric>
#include <utility>

using namespace uwt;

GpuKernelFamily ProductPlan::family() const {
  constexpr int64_t maxSkinnyMTiles = 16;
  if (decodesInShared)
    return GpuKernelFamily::Shared;
  return tile.mTiles > maxSkinnyMTiles ? GpuKernelFamily::Wide : GpuKernelFamily::Skinny;
}

ProductStrategy ProductPlan::strategy() const {
  if (decodesInShared)
    return ProductStrategy::Shared;
  switch (decoded.form) {
  case DecodedForm::None:
    return ProductStrategy::Direct;
  case DecodedForm::Words:
    return ProductStrategy::Buffer;
  case DecodedForm::ExponentBytes:
    return ProductStrategy::Exponents;
  case DecodedForm::Codes:
    return ProductStrategy::Codes;
  }
  return ProductStrategy::Direct;
}

Format DecodedWeight::codesOf(const Format &format) {
  Format codes = baseFormat(codeBits);
  codes.codedMantissa = format.codedMantissa;
  return codes;
}

int64_t DecodedWeight::unitU32() const {
  // Of any element whose symbols and raw fields are bytes.
  static const int64_t ofCodes = checkFormat(baseFormat(codeBits), ElementType::BF16)->unit.codeU32;
  switch (form) {
  case DecodedForm::Codes:
    return ofCodes;
  case DecodedForm::ExponentBytes:
    return bytesUnitU32;
  case DecodedForm::None:
  case DecodedForm::Words:
    return wordUnitU32;
  }
  return wordUnitU32;
}

bool ProductPlan::movesRegisters() const {
  // Operands of two column groups at once take some as well.
  int64_t fewMTiles = unit.isWide() ? 8 : 12;
  return tile.usesWarpgroups && tile.panels > 1 && (decodesInShared || tile.mTiles > fewMTiles);
}

WorkShape ProductPlan::work() const {
  constexpr int64_t streamUnitGroups = streamUnitColumns / fixedUnitColumns;
  int64_t groups = ring.groupsPerKTile();
  WorkShape work{};
  work.outputTiles = (ctaTiles() + tile.cluster - 1) / tile.cluster;
  work.kTiles = (problem.columnGroups() + groups - 1) / groups;
  work.kTilesPerIteration = decodesInShared ? streamUnitGroups / groups : 1;
  work.kIterations = (work.kTiles + work.kTilesPerIteration - 1) / work.kTilesPerIteration;
  work.fills = (work.kTiles + ring.kTilesPerStage - 1) / ring.kTilesPerStage;
  return work;
}

StageLayout ProductPlan::stage() const {
  // Regions begin at multiples of 128 bytes.
  constexpr int64_t regionAlignment = 32;
  int64_t units = panelStrips * ring.groupsPerStage / unit.columnGroups;
  int64_t coded = unit.onlyWords ? 0 : units * (unit.rawU32 + unit.codeU32);
  // Any panel of a coded tensor may be stored as words.
  int64_t words = unit.copiesWords() ? panelStrips * ring.groupsPerStage * wordUnitU32 : 0;
  int64_t entriesU32 = unit.hasEscapes      ? 2 * unit.escapeEntriesOfGroup()
                       : decoded.hasFlags() ? panelStrips
                                            : 0;
  StageLayout stage{};
  stage.raw = 0;
  stage.code = units * unit.rawU32;
  stage.escapes = std::max(coded, words);
  stage.patch = stage.escapes + entriesU32 * ring.groupsPerStage;
  int64_t end = stage.patch + (unit.hasEscapes ? unit.patchU32() : 0);
  stage.regionU32 = (end + regionAlignment - 1) / regionAlignment * regionAlignment;
  stage.x = tile.panels * stage.regionU32;
  stage.sizeU32 = stage.x + ring.groupsPerStage * tile.packedGroupU32();
  return stage;
}

int64_t ProductPlan::scratchU32() const {
  int64_t sums = storesFromScratch() ? accumulatorTileF32 * scratchMTiles() : 0;
  return unit.hasEscapes ? std::max(sums, wordUnitU32) : sums;
}

int64_t ProductPlan::sharedBytes() const {
  int64_t scratch = tile.consumerWarps() * scratchU32();
  return (ring.stages * stage().sizeU32 + scratch + decoderU32) * 4;
}

/// Stages that the shared memory of a CTA has room for.
static int64_t stagesThatFit(ProductPlan plan, const GpuTarget &target) {
  // Of each CTA the system keeps 1 KB; mbarriers and a little more are static.
  constexpr int64_t reserved = 1024, fixed = 512, maxStages = 8;
  int64_t room =
      std::min<int64_t>(target.sharedBytesPerBlock, target.sharedBytesPerSm / plan.ctas - reserved);
  plan.ring.stages = 0;
  int64_t scratch = plan.sharedBytes();
  return std::min((room - fixed - scratch) / (4 * plan.stage().sizeU32), maxStages);
}

int64_t ProductPlan::chooseCluster(const GpuTarget &target, int64_t clusterOrNone) const {
  if (!target.supports(GpuFeature::ClusterMulticast))
    return 1;
  if (clusterOrNone != 0)
    return clusterOrNone;
  // A CTA reads 256 bytes of packed x for a column group and m tile, whatever its panels: from here
  // on x is what the second-level cache is busy with.
  int64_t wanted = tile.mTiles >= 8 ? 4 : tile.mTiles >= 4 ? 2 : 1;
  while (wanted > 1 && ctaTiles() < wanted)
    wanted /= 2;
  return wanted;
}

bool ProductPlan::chooseRing(const GpuTarget &target, int64_t stagesOrNone, int64_t groupsOrNone) {
  // Four stages of 256 columns in all, of two CTAs, are as many bytes as are ever needed.
  constexpr int64_t enoughStages = 3, enoughLargeStages = 2;
  // What decides the order of sums is the same for all formats: escapes take the most room.
  ProductPlan widest = *this;
  widest.unit.hasEscapes = !decodesInShared;
  widest.unit.columnGroups = 1;
  widest.unit.codeU32 = widest.unit.rawU32 = 0;
  // Two CTAs hide each other's ends and beginnings; small stages let more of them be on their way,
  // large ones take fewer waits.
  constexpr std::pair<int64_t, int64_t> tries[] = {{2, 4}, {2, 2}, {1, 4}, {1, 2}};
  for (auto [count, groupsOfStage] : tries) {
    // The registers of two do not fit either.
    if (count == 2 && (tile.mTiles > 4 || tile.panels > 1 || decodesInShared))
      continue;
    widest.ctas = count;
    widest.ring.groupsPerStage = groupsOrNone ? groupsOrNone : groupsOfStage;
    bool isLarge = count == 2 && groupsOfStage == 4;
    if (stagesThatFit(widest, target) >= (isLarge ? enoughLargeStages : enoughStages))
      break;
  }
  ctas = widest.ctas;
  // A stage has whole units.
  ring.groupsPerStage = std::lcm(widest.ring.groupsPerStage, unit.columnGroups);
  ring.kTilesPerStage = ring.groupsPerStage / widest.ring.groupsPerStage;
  int64_t found = stagesThatFit(*this, target);
  ring.stages = stagesOrNone ? stagesOrNone : found;
  return found >= 2 && ring.stages <= found;
}

PlanFacts ProductPlan::facts() const {
  PlanFacts result;
  result.slice = static_cast<unsigned>(tile.m());
  result.batch = result.slice;
  result.rows = static_cast<unsigned>(tile.n());
  result.cluster = static_cast<unsigned>(tile.cluster);
  result.ctas = static_cast<unsigned>(ctas);
  result.stages = static_cast<unsigned>(ring.stages);
  int64_t unitU32 = unit.onlyWords ? wordUnitU32 : unit.rawU32 + unit.codeU32;
  int64_t units = tile.panels * panelStrips * ring.groupsPerStage / unit.columnGroups;
  result.stageBytes = static_cast<uint64_t>(4 * units * unitU32);
  result.usesWarpgroups = tile.usesWarpgroups;
  constexpr double unitWeights = stripRows * fixedUnitColumns;
  result.decodedBytes =
      decoded.exists() ? 4 * static_cast<double>(decoded.unitU32()) / unitWeights : 0;
  result.bytesOutside = decoded.hasFlags() ? 1 : 0;
  return result;
}
