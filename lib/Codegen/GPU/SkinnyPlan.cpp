//===- SkinnyPlan.cpp - Shapes and arguments of family skinny -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/GPU/SkinnyPlan.h"
#include <algorithm>
#include <numeric>
#include <utility>

using namespace uwt;

/// Parts of stages begin at multiples of 128 bytes.
static int64_t alignedWords(int64_t words) { return (words + 31) / 32 * 32; }

int64_t SkinnyPlan::partRecords() const {
  int64_t coded = onlyWords ? 0 : 4 * groupsPerStage / unitGroups * (rawWords + codeWords);
  // Any panel of a coded tensor may be stored as words.
  return std::max(coded, copiesWords() ? 4 * groupsPerStage * unitWords : 0);
}

int64_t SkinnyPlan::partWords() const {
  return alignedWords(partPatch() + (hasEscapes ? patchWords() : 0));
}

int64_t SkinnyPlan::sharedBytes() const {
  int64_t scratch = consumerWarps() * scratchWords();
  return (stages * stageWords() + scratch + wordsBesideRing) * 4;
}

/// Stages that the shared memory of a workgroup has room for.
static int64_t stagesThatFit(SkinnyPlan plan, const GpuTarget &target) {
  // Of each workgroup the system keeps 1 KB; mbarriers and a little more are static.
  constexpr int64_t reserved = 1024, fixed = 512, maxStages = 8;
  int64_t room =
      std::min<int64_t>(target.sharedBytesPerBlock, target.sharedBytesPerSm / plan.ctas - reserved);
  plan.stages = 0;
  int64_t scratch = plan.sharedBytes();
  return std::min((room - fixed - scratch) / (4 * plan.stageWords()), maxStages);
}

int64_t SkinnyPlan::chooseCluster(const GpuTarget &target, int64_t clusterOrNone) const {
  if (!target.supports(GpuFeature::ClusterMulticast))
    return 1;
  if (clusterOrNone != 0)
    return clusterOrNone;
  // A workgroup reads 256 bytes of packed x for a group and tile, whatever its rows: from here on
  // x is what the second-level cache is busy with.
  int64_t wanted = tiles >= 8 ? 4 : tiles >= 4 ? 2 : 1;
  while (wanted > 1 && bands() < wanted)
    wanted /= 2;
  return wanted;
}

bool SkinnyPlan::chooseRing(const GpuTarget &target, int64_t stagesOrNone, int64_t groupsOrNone) {
  // Four stages of 256 columns in all, of two workgroups, are as many bytes as are ever needed.
  constexpr int64_t enoughStages = 3, enoughLargeStages = 2;
  // What decides the order of sums is the same for all formats: escapes take the most room.
  SkinnyPlan widest = *this;
  widest.hasEscapes = !isShared;
  widest.unitGroups = 1;
  widest.codeWords = widest.rawWords = 0;
  // Two workgroups hide each other's ends and beginnings; small stages let more of them be on
  // their way, large ones take fewer waits.
  constexpr std::pair<int64_t, int64_t> tries[] = {{2, 4}, {2, 2}, {1, 4}, {1, 2}};
  for (auto [workgroups, groupsOfStage] : tries) {
    // The registers of two do not fit either.
    if (workgroups == 2 && (tiles > 4 || bandPanels > 1 || isShared))
      continue;
    widest.ctas = workgroups;
    widest.groupsPerStage = groupsOrNone ? groupsOrNone : groupsOfStage;
    bool isLarge = workgroups == 2 && groupsOfStage == 4;
    if (stagesThatFit(widest, target) >= (isLarge ? enoughLargeStages : enoughStages))
      break;
  }
  ctas = widest.ctas;
  // A stage has whole units.
  groupsPerStage = std::lcm(widest.groupsPerStage, unitGroups);
  stepsPerStage = groupsPerStage / widest.groupsPerStage;
  int64_t found = stagesThatFit(*this, target);
  stages = stagesOrNone ? stagesOrNone : found;
  return found >= 2 && stages <= found;
}

PlanFacts SkinnyPlan::facts() const {
  PlanFacts result;
  result.slice = static_cast<unsigned>(8 * tiles);
  result.batch = result.slice;
  result.rows = static_cast<unsigned>(64 * bandPanels);
  result.cluster = static_cast<unsigned>(cluster);
  result.ctas = static_cast<unsigned>(ctas);
  result.stages = static_cast<unsigned>(stages);
  int64_t unit = onlyWords ? unitWords : rawWords + codeWords;
  int64_t units = bandPanels * 4 * groupsPerStage / unitGroups;
  result.stageBytes = static_cast<uint64_t>(4 * units * unit);
  result.usesWarpgroups = multipliesTogether;
  result.decodedBytes = decodesFirst() ? static_cast<double>(decodedUnitWords()) / 256 : 0;
  result.bytesOutside = hasFlags() ? 1 : 0;
  return result;
}
