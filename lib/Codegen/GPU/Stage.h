//===- Stage.h - What lies in a stage of the ring ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_STAGE_H
#define UWT_LIB_CODEGEN_GPU_STAGE_H

#include "LaneCode.h"
#include "PanelTable.h"
#include "uwt/Codegen/GPU/ProductPlan.h"

namespace uwt::codegen {

/// The next stage of the ring, and how often the ring has been gone round before: the parity of
/// `phase` is that of the phase of its barriers.
struct PipelineState {
  mlir::Value index, phase;
};

/// A stage, filled with some k-tiles of an output tile.
struct Stage {
  /// Number of the output tile, its first column group here, and how many column groups there are.
  mlir::Value outputTile, firstGroup, groups;
  PipelineState state;
  /// Where the stage, and in it the region of a panel, begins: u32 of the ring.
  mlir::Value begin, region;
  /// This work unit multiplies `ownGroups` of its column groups, from `firstOwn` on (null where all
  /// are its own).
  mlir::Value firstOwn, ownGroups;
};

/// A column group of a stage × a strip: the unit among those of the panel that the stage has, and
/// the group's number in its unit.
struct UnitCoordinate {
  mlir::Value group, strip, unit, inUnit;
};

/// Where units, and what belongs to them, are in a stage.
class StageUnits : private LaneCode {
public:
  StageUnits(const LaneCode &code, const ProductPlan &plan) : LaneCode(code), plan(plan) {}

  /// Column group `number` of those that the work unit multiplies.
  mlir::Value ownGroup(const Stage &stage, mlir::Value number);
  /// Rows of units (of all strips, one behind the other) in a stage.
  mlir::Value rowsOf(const Stage &stage);
  /// The number of a column group's row of units in its stage, and its own number in a unit of it.
  struct UnitRow {
    mlir::Value row, inUnit;
  };
  UnitRow rowOf(mlir::Value group);
  UnitCoordinate coordinate(const TilePanel &panel, mlir::Value group, mlir::Value strip);

  /// The run of plane `patch` that is copied into a stage: from a u32 on so many u32, no more than
  /// the stage has room for.
  struct PatchRun {
    mlir::Value from, count;
  };
  /// Where the records of a stage begin in plane `patch`, and those of its last DeviceEscapeEntry;
  /// that entry's counts.
  struct PatchBounds {
    mlir::Value begin, last, counts;
  };
  /// The stage's DeviceEscapeEntry lie in `buffer` from u32 `at` on.
  PatchBounds loadPatchBounds(const Stage &stage, mlir::Value buffer, mlir::Value at);
  PatchRun patchRun(const PatchBounds &bounds);
  /// Where that run begins, of a stage whose records begin at u32 `begin`.
  mlir::Value copiedFrom(mlir::Value begin);

private:
  const ProductPlan &plan;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_STAGE_H
