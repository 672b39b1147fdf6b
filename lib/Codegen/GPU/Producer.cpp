//===- Producer.cpp - The role that fills the ring by copies --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Producer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

Producer::Producer(const LaneCode &code, const ProductPlan &plan, const ProductArguments &arguments,
                   RingWork &work, StageCopies &copies, Value member)
    : LaneCode(code), plan(plan), layout(plan.stage()), fillsOfTile(plan.work().fills),
      arguments(arguments), partition(work.partition), ring(work.ring), panels(work.panels),
      copies(copies), units(code, plan), member(member), copiesX(index.equal(member, 0)) {}

void Producer::build() {
  Value count = index.sub(partition.endFill(), partition.firstFill());
  Value filled = index.min(count, plan.ring.stages);
  // Weights do not depend on the kernel before this one, unless that decodes them: the ring is on
  // its way while that ends.
  if (plan.decoded.exists())
    GridDependencyWaitOp::create(builder, location);
  auto copyStages = [&](int64_t first, Value end) {
    index.loop(index.sub(end, first), [&](Value i) {
      copyWeights(prepare(stageAt(index.add(i, first)), /*hasPatch=*/false));
    });
  };
  if (!plan.unit.hasEscapes) {
    copyStages(0, filled);
  } else {
    // Where records are is known a memory latency later, which the first stage's weights have.
    // Those of the others come behind: all CTAs ask for theirs at once, and who asks after that
    // waits for as long as memory takes for a ring of each.
    Value one = index.min(filled, 1);
    copyStages(0, one);
    index.loop(filled,
               [&](Value ordinal) { copyPatch(prepare(stageAt(ordinal), /*hasPatch=*/true)); });
    copyStages(1, index.max(filled, 1));
  }
  index.ifElse(copiesX, [&] {
    if (!plan.decoded.exists())
      GridDependencyWaitOp::create(builder, location);
    index.loop(filled, [&](Value ordinal) { copies.copyX(stageAt(ordinal)); });
  });
  // Then the ring has been filled once.
  Values again{constant(0), constant(1)};
  loop(toI32(index.sub(count, filled)), again, [&](Value i, ValueRange state) {
    fill(stageAt(index.add(filled, toIndex(i)), {toIndex(state[0]), toIndex(state[1])}));
    return ring.next(state);
  });
  // What comes next may take the place of CTAs that end from now on.
  index.ifElse(copiesX, [&] { LaunchDependentsOp::create(builder, location); });
}

void Producer::buildForWarp() {
  Value count = index.sub(partition.endFill(), partition.firstFill());
  index.loop(count, [&](Value ordinal) {
    Stage stage = stageAt(ordinal);
    fill(stage);
    ring.arriveCopied(stage);
  });
  // The warp's copies land before it ends.
  copies.endGroup(0);
}

void Producer::fill(const Stage &stage) {
  PanelCopy copy = prepare(stage, plan.unit.hasEscapes);
  ring.waitEmpty(stage);
  copyWeights(copy);
  copyPatch(copy);
  index.ifElse(copiesX, [&] { copies.copyX(stage); });
}

Stage Producer::stageAt(Value ordinal) { return stageAt(ordinal, ring.stateOf(ordinal)); }

Stage Producer::stageAt(Value ordinal, const PipelineState &state) {
  Value number = asShort(index.add(partition.firstFill(), ordinal));
  return ring.stage(index.div(number, fillsOfTile), index.rem(number, fillsOfTile), state);
}

Value Producer::unitU32Of(const TilePanel &panel) {
  int64_t coded = plan.unit.rawU32 + plan.unit.codeU32;
  Value size = index.constant(plan.unit.onlyWords ? wordUnitU32 : coded);
  if (plan.unit.onlyWords)
    return size;
  return index.select(panel.storedAsWords, plan.unit.copiesWords ? wordUnitU32 : 0, size);
}

void Producer::prepareUnits(PanelCopy &copy) {
  const TilePanel &panel = copy.panel;
  auto planeCopy = [&](Value plane, Value begin, int64_t unitU32, int64_t to) {
    return PlaneCopy{plane, index.add(begin, index.mul(copy.range.first, unitU32)),
                     index.mul(copy.range.count, unitU32), index.add(copy.stage.region, to)};
  };
  if (plan.unit.copiesWords)
    copy.ofWords.push_back(planeCopy(arguments.words, panel.words, wordUnitU32, layout.raw));
  if (plan.unit.onlyWords)
    return;
  if (plan.unit.rawU32 != 0)
    copy.ofCodes.push_back(planeCopy(arguments.raw, panel.raw, plan.unit.rawU32, layout.raw));
  if (plan.unit.codeU32 != 0)
    copy.ofCodes.push_back(planeCopy(arguments.code, panel.code, plan.unit.codeU32, layout.code));
  if (copy.ofWords.empty() || copy.ofCodes.empty())
    return;
  // The first copies are the same, but for the plane.
  PlaneCopy &words = copy.ofWords.front(), &codes = copy.ofCodes.front();
  auto unite = [&](Value PlaneCopy::*member) {
    words.*member = codes.*member = arith::SelectOp::create(builder, location, panel.storedAsWords,
                                                            words.*member, codes.*member);
  };
  unite(&PlaneCopy::from);
  unite(&PlaneCopy::count);
  unite(&PlaneCopy::to);
}

Producer::PanelCopy Producer::prepare(const Stage &stage, bool hasPatch) {
  PanelCopy copy;
  copy.stage = stage;
  copy.stage.region = index.add(stage.begin, index.mul(member, layout.regionU32));
  copy.panel = panels.find(stage.outputTile, member);
  copy.range.count = index.mul(units.rowsOf(stage), copy.panel.strips);
  copy.range.first =
      index.mul(index.div(stage.firstGroup, plan.unit.columnGroups), copy.panel.strips);
  Value u32 = index.mul(copy.range.count, unitU32Of(copy.panel));
  if (plan.unit.hasEscapes) {
    Value firstEntry = index.mul(stage.firstGroup, plan.unit.escapeEntriesOfGroup());
    copy.from = index.mul(index.add(copy.panel.escapes, firstEntry), 2);
    // Two are 16 bytes; a panel has an even number of them.
    Value entries = index.mul(units.rowsOf(stage), plan.unit.escapeEntries());
    copy.count = index.mul(index.ceilDiv(entries, 2), 4);
    if (hasPatch)
      copy.patch = units.loadPatchBounds(stage, arguments.escapes, copy.from);
  }
  if (plan.decoded.hasFlags()) {
    copy.from = index.add(copy.panel.escapes, index.mul(stage.firstGroup, panelStrips));
    copy.count = index.mul(stage.groups, panelStrips);
  }
  prepareUnits(copy);
  copy.bytes = index.mul(copy.from ? index.add(u32, copy.count) : u32, 4);
  return copy;
}

void Producer::copyWeights(const PanelCopy &copy) {
  // What both kinds of panels have comes between: both sides of the first branch are one copy then,
  // which LLVM does without a branch.
  llvm::ArrayRef<PlaneCopy> codes = copy.ofCodes;
  size_t count = std::min(copy.ofWords.size(), codes.size());
  copyPlanes(copy, copy.ofWords, codes.take_front(count));
  if (copy.from)
    copies.copy(arguments.escapes, copy.from, copy.stage,
                index.add(copy.stage.region, layout.escapes), copy.count, /*evictFirst=*/true);
  if (!plan.copiesByThreads && !plan.unit.hasEscapes)
    ring.expectBytes(copy.stage, bytesWithX(copy));
  copyPlanes(copy, {}, codes.drop_front(count));
}

Value Producer::bytesWithX(const PanelCopy &copy) {
  // x belongs to all panels of the CTA tile.
  Value xBytes = index.mul(copy.stage.groups, 4 * plan.tile.packedGroupU32());
  return index.add(copy.bytes, index.select(copiesX, xBytes, 0));
}

void Producer::copyPatch(const PanelCopy &copy) {
  if (!plan.unit.hasEscapes)
    return;
  // Words have none. The branch is there for other panels, too: ptxas moves what waits for loads in
  // front of the copies of weights, but not out of a branch.
  index.ifElse(
      copy.panel.storedAsWords,
      [&] {
        if (!plan.copiesByThreads)
          ring.expectBytes(copy.stage, bytesWithX(copy));
      },
      [&] { copyRecords(copy); });
}

void Producer::copyRecords(const PanelCopy &copy) {
  // Not one announcement with that of records: what both branches do, LLVM does without a branch.
  if (!plan.copiesByThreads)
    ring.expectMore(copy.stage, bytesWithX(copy));
  StageUnits::PatchRun run = units.patchRun(copy.patch);
  if (!plan.copiesByThreads)
    ring.expectBytes(copy.stage, index.mul(run.count, 4));
  index.ifElse(index.less(0, run.count), [&] {
    copies.copy(arguments.patches, run.from, copy.stage, index.add(copy.stage.region, layout.patch),
                run.count, /*evictFirst=*/true);
  });
}

void Producer::copyPlanes(const PanelCopy &copy, llvm::ArrayRef<PlaneCopy> ofWords,
                          llvm::ArrayRef<PlaneCopy> ofCodes) {
  auto copyAll = [&](llvm::ArrayRef<PlaneCopy> planes) {
    for (const PlaneCopy &plane : planes)
      copies.copy(plane.plane, plane.from, copy.stage, plane.to, plane.count, /*evictFirst=*/true);
  };
  if (plan.unit.onlyWords)
    return copyAll(ofWords);
  if (!ofWords.empty() || !ofCodes.empty())
    index.ifElse(copy.panel.storedAsWords, [&] { copyAll(ofWords); }, [&] { copyAll(ofCodes); });
}

} // namespace uwt::codegen
