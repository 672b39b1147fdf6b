//===- Producer.cpp - The role that fills the ring by copies --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Producer.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

Producer::Producer(const LaneCode &code, const ProductPlan &plan, const ProductArguments &arguments,
                   RingWork &work, StageCopies &copies)
    : LaneCode(code), plan(plan), layout(plan.stage()), fillsOfTile(plan.work().fills),
      arguments(arguments), partition(work.partition), ring(work.ring), panels(work.panels),
      copies(copies), units(code, plan) {}

void Producer::build() {
  Value count = index.sub(partition.endFill(), partition.firstFill());
  Value filled = index.min(count, plan.ring.stages);
  // Weights do not depend on the kernel before this one, unless that decodes them: the ring is on
  // its way while that ends.
  if (plan.decoded.exists())
    GridDependencyWaitOp::create(builder, location);
  index.loop(filled, [&](Value ordinal) { copyWeights(stageAt(ordinal)); });
  if (!plan.decoded.exists())
    GridDependencyWaitOp::create(builder, location);
  index.loop(filled, [&](Value ordinal) { copies.copyX(stageAt(ordinal)); });
  index.loop(index.sub(count, filled), [&](Value i) {
    Stage stage = stageAt(index.add(filled, i));
    ring.waitEmpty(stage);
    copyWeights(stage);
    copies.copyX(stage);
  });
}

void Producer::buildForWarp() {
  Value count = index.sub(partition.endFill(), partition.firstFill());
  index.loop(count, [&](Value ordinal) {
    Stage stage = stageAt(ordinal);
    ring.waitEmpty(stage);
    copyWeights(stage);
    copies.copyX(stage);
    ring.arriveCopied(stage);
  });
  // The warp's copies land before it ends.
  copies.endGroup(0);
}

Stage Producer::stageAt(Value ordinal) {
  Value number = asShort(index.add(partition.firstFill(), ordinal));
  return ring.stage(index.div(number, fillsOfTile), index.rem(number, fillsOfTile),
                    ring.stateOf(ordinal));
}

void Producer::copyWeights(const Stage &stage) {
  for (int64_t member = 0; member < plan.tile.panels; ++member) {
    Stage own = stage;
    own.region = index.add(stage.begin, member * layout.regionU32);
    copyPanel(own, member);
  }
}

Value Producer::unitU32Of(const TilePanel &panel) {
  int64_t coded = plan.unit.rawU32 + plan.unit.codeU32;
  Value size = index.constant(plan.unit.onlyWords ? wordUnitU32 : coded);
  if (plan.unit.onlyWords)
    return size;
  return index.select(panel.storedAsWords, plan.unit.copiesWords() ? wordUnitU32 : 0, size);
}

void Producer::copyPanel(const Stage &stage, int64_t member) {
  TilePanel panel = panels.find(stage.outputTile, index.constant(member));
  UnitRange range;
  range.count = index.mul(units.rowsOf(stage), panel.strips);
  range.first = index.mul(index.div(stage.firstGroup, plan.unit.columnGroups), panel.strips);
  // x belongs to all panels of the CTA tile.
  Value bytes =
      member > 0 ? index.constant(0) : index.mul(stage.groups, 4 * plan.tile.packedGroupU32());
  Value unitU32 = unitU32Of(panel);
  bytes = index.add(bytes, index.mul(index.mul(range.count, unitU32), 4));
  BesideUnits beside = findBesideUnits(stage, panel, bytes);
  if (!plan.copiesByThreads)
    ring.expectBytes(stage, bytes);
  copyUnits(stage, panel, range);
  copyBesideUnits(stage, beside);
}

Producer::BesideUnits Producer::findBesideUnits(const Stage &stage, const TilePanel &panel,
                                                Value &bytes) {
  auto countBytes = [&](Value u32) { bytes = index.add(bytes, index.mul(u32, 4)); };
  BesideUnits beside;
  if (plan.unit.hasEscapes) {
    Value firstEntry = index.mul(stage.firstGroup, plan.unit.escapeEntriesOfGroup());
    beside.from = index.mul(index.add(panel.escapes, firstEntry), 2);
    // Two are 16 bytes; a panel has an even number of them.
    Value entries = index.mul(units.rowsOf(stage), plan.unit.escapeEntries());
    beside.count = index.mul(index.ceilDiv(entries, 2), 4);
    beside.patch = units.patchRun(stage, arguments.escapes, beside.from);
    countBytes(beside.patch.count);
    countBytes(beside.count);
  }
  if (plan.decoded.hasFlags()) {
    beside.from = index.add(panel.escapes, index.mul(stage.firstGroup, panelStrips));
    beside.count = index.mul(stage.groups, panelStrips);
    countBytes(beside.count);
  }
  return beside;
}

void Producer::copyUnits(const Stage &stage, const TilePanel &panel, const UnitRange &range) {
  auto copyPlane = [&](Value plane, Value begin, int64_t unitU32, int64_t to) {
    if (unitU32 != 0)
      copies.copy(plane, index.add(begin, index.mul(range.first, unitU32)), stage,
                  index.add(stage.region, to), index.mul(range.count, unitU32),
                  /*evictFirst=*/true);
  };
  auto asWords = [&] {
    copyPlane(arguments.words, panel.words, plan.unit.copiesWords() ? wordUnitU32 : 0, layout.raw);
  };
  auto asCodes = [&] {
    copyPlane(arguments.raw, panel.raw, plan.unit.rawU32, layout.raw);
    copyPlane(arguments.code, panel.code, plan.unit.codeU32, layout.code);
  };
  if (plan.unit.onlyWords)
    asWords();
  else
    index.ifElse(panel.storedAsWords, asWords, asCodes);
}

void Producer::copyBesideUnits(const Stage &stage, const BesideUnits &beside) {
  if (!beside.from)
    return;
  copies.copy(arguments.escapes, beside.from, stage, index.add(stage.region, layout.escapes),
              beside.count, /*evictFirst=*/true);
  if (!plan.unit.hasEscapes)
    return;
  index.ifElse(index.less(0, beside.patch.count), [&] {
    copies.copy(arguments.patches, beside.patch.from, stage, index.add(stage.region, layout.patch),
                beside.patch.count, /*evictFirst=*/true);
  });
}

} // namespace uwt::codegen
