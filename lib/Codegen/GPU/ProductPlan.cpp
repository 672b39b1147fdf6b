//===- ProductPlan.cpp - Shapes of the kernels of a product ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/GPU/ProductPlan.h"
#include "uwt/Codec/Codec.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::codegen;

GpuKernelKind ProductPlan::kind() const {
  if (decodesInShared)
    return GpuKernelKind::Shared;
  return tile.m() > int64_t(maxSkinnySlice) ? GpuKernelKind::Wide : GpuKernelKind::Skinny;
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
  work.kTilesPerIteration = partGroups != 0   ? std::min(partGroups / groups, work.kTiles)
                            : decodesInShared ? streamUnitGroups / groups
                                              : 1;
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
  int64_t words = unit.copiesWords ? panelStrips * ring.groupsPerStage * wordUnitU32 : 0;
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
  int64_t accumulators = storesFromScratch() ? accumulatorTileF32 * scratchMTiles() : 0;
  return unit.hasEscapes ? std::max(accumulators, wordUnitU32) : accumulators;
}

RingMemory ProductPlan::ringMemory() const {
  RingMemory memory;
  memory.stageBytes = 4 * stage().sizeU32;
  memory.weightBytes = 4 * tile.panels * stage().escapes;
  memory.otherBytes = 4 * (tile.consumerWarps() * scratchU32() + decoderU32);
  memory.unitGroups = static_cast<unsigned>(unit.columnGroups);
  return memory;
}

int64_t ProductPlan::sharedBytes() const {
  RingMemory memory = ringMemory();
  return ring.stages * memory.stageBytes + memory.otherBytes;
}

PlanFacts ProductPlan::facts() const {
  PlanFacts result;
  result.slice = static_cast<unsigned>(tile.m());
  result.m = result.slice;
  result.tileN = static_cast<unsigned>(tile.n());
  result.cluster = static_cast<unsigned>(tile.cluster);
  result.ctas = static_cast<unsigned>(ctas);
  result.stages = static_cast<unsigned>(ring.stages);
  int64_t unitU32 = unit.onlyWords ? wordUnitU32 : unit.rawU32 + unit.codeU32;
  int64_t units = tile.panels * panelStrips * ring.groupsPerStage / unit.columnGroups;
  result.stageBytes = static_cast<uint64_t>(4 * units * unitU32);
  result.usesWarpgroups = tile.usesWarpgroups;
  result.multipliesBytes = tile.multipliesIntegers;
  result.partColumns = static_cast<unsigned>(partGroups * fixedUnitColumns);
  constexpr double unitWeights = stripRows * fixedUnitColumns;
  result.decodedBytes =
      decoded.exists() ? 4 * static_cast<double>(decoded.unitU32()) / unitWeights : 0;
  result.bytesOutside = decoded.hasFlags() ? 1 : 0;
  return result;
}
