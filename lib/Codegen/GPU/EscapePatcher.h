//===- EscapePatcher.h - Escapes of units in a stage ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_ESCAPEPATCHER_H
#define UWT_LIB_CODEGEN_GPU_ESCAPEPATCHER_H

#include "ScratchMemory.h"
#include "Stage.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt::codegen {

/// Puts the escapes of a unit × column group over its decoded words: in registers where a unit has
/// a few records of words, else in the warp's scratch memory.
class EscapePatcher : private LaneCode {
public:
  /// `ring` is the ring's memory; `patches` is the plane, for records that a stage does not have.
  EscapePatcher(const LaneCode &code, const ProductPlan &plan, CompressedType type,
                ScratchMemory &scratch, mlir::Value ring, mlir::Value patches, mlir::Value lane);

  /// An entry of the table of escapes: the offset of its first record in plane `patch`, and four
  /// counts of 8 bits: of a column group's strips, or of the groups of a strip's wide unit.
  struct Entry {
    mlir::Value first, counts; // i32
  };
  Entry entryOf(const Stage &stage, const UnitCoordinate &unit) {
    return entriesFrom(stage, unit, 1).front();
  }
  /// The unit's entry, and those of the column groups behind it: `count` in all.
  llvm::SmallVector<Entry> entriesFrom(const Stage &stage, const UnitCoordinate &unit,
                                       int64_t count);
  /// i1: whether the unit × column group has escapes.
  mlir::Value hasEscapes(const UnitCoordinate &unit, const Entry &entry);
  /// A's registers with escapes applied. All lanes call it.
  Values patch(const Stage &stage, const UnitCoordinate &unit, const Entry &entry,
               mlir::ValueRange fragments);

private:
  /// Which count of the unit's entry is its own.
  mlir::Value countNumber(const UnitCoordinate &unit) const {
    return plan.unit.isWide() ? unit.inUnit : unit.strip;
  }
  /// Records of an entry before those that count number `end` counts.
  mlir::Value recordsBefore(const Entry &entry, mlir::Value end);
  /// The unit × column group's own records: how many, and the first one's u32 of plane `patch`.
  struct Records {
    mlir::Value first, count;
  };
  Records recordsOf(const UnitCoordinate &unit, const Entry &entry);
  /// Writes the unit to scratch memory, applies all records, and reads it back.
  Values patchInScratch(const Stage &stage, const UnitCoordinate &unit, const Entry &entry,
                        Records records, mlir::ValueRange fragments);
  /// Words, one record after another: each lane changes the register that a record names, if the
  /// lane is its own.
  Values patchRegisters(const Stage &stage, Records records, mlir::ValueRange fragments);
  /// The operand registers with one record applied.
  Values applyToRegisters(mlir::Value record, mlir::ValueRange fragments);
  /// Record number `at` of plane `patch`: from the stage, unless that had no room for it.
  mlir::Value loadRecord(const Stage &stage, mlir::Value copiedFrom, mlir::Value at);
  /// Where the run of plane `patch` begins that the stage has a copy of.
  mlir::Value copiedFrom(const Stage &stage);
  /// Records of words, in scratch memory: a lane each.
  void applyWords(const Stage &stage, Records records);
  /// The record of a run of 64 symbols in row `row` of the strip, u32 `at` of plane `patch`.
  void applyRun(mlir::Value at, mlir::Value row);
  /// Of a wide unit: the runs of one column group.
  void applyRunsOfGroup(const Stage &stage, const UnitCoordinate &unit, const Entry &entry);

  const ProductPlan &plan;
  const StageLayout layout;
  CompressedType type;
  ScratchMemory &scratch;
  mlir::Value ring, patches, lane;
  StageUnits units;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_ESCAPEPATCHER_H
