//===- Stage.cpp - What lies in a stage of the ring -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Stage.h"

using namespace mlir;

namespace uwt::codegen {

Value StageUnits::ownGroup(const Stage &stage, Value number) {
  return stage.firstOwn ? index.add(stage.firstOwn, number) : number;
}

Value StageUnits::rowsOf(const Stage &stage) {
  return index.ceilDiv(stage.groups, plan.unit.columnGroups);
}

StageUnits::UnitRow StageUnits::rowOf(Value group) {
  int64_t width = plan.unit.columnGroups;
  if (width == 1)
    return {group, index.constant(0)};
  if (plan.ring.groupsPerStage == width)
    return {index.constant(0), group};
  return {index.div(group, width), index.rem(group, width)};
}

UnitCoordinate StageUnits::coordinate(const TilePanel &panel, Value group, Value strip) {
  auto [row, inUnit] = rowOf(group);
  return {group, strip, index.add(index.mul(row, panel.strips), strip), inUnit};
}

Value StageUnits::copiedFrom(Value begin) { return index.mul(index.div(begin, 4), 4); }

StageUnits::PatchBounds StageUnits::loadPatchBounds(const Stage &stage, Value buffer, Value at) {
  // Two u32 an entry: where its records begin, and its counts. As many as groups of whole units.
  Value entries = index.mul(rowsOf(stage), plan.unit.escapeEntries());
  Value last = index.add(at, index.mul(index.sub(entries, 1), 2));
  return {load(buffer, at), load(buffer, last), load(buffer, index.add(last, 1))};
}

StageUnits::PatchRun StageUnits::patchRun(const PatchBounds &bounds) {
  Value begin = toIndex(bounds.begin), end = toIndex(bounds.last);
  for (unsigned i = 0; i < 4; ++i) // four counts of 8 bits
    end = index.add(end, index.mul(toIndex(bits(bounds.counts, 8 * i, 8)), plan.unit.recordU32));
  // Whole runs of 16 bytes around the records.
  Value from = copiedFrom(begin);
  Value count = index.mul(index.ceilDiv(index.sub(end, from), 4), 4);
  if (!plan.recordsFit())
    count = index.min(count, plan.unit.patchU32());
  count = index.select(index.less(begin, end), count, 0);
  return {from, count};
}

} // namespace uwt::codegen
