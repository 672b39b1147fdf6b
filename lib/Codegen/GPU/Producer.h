//===- Producer.h - The role that fills the ring by copies ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_PRODUCER_H
#define UWT_LIB_CODEGEN_GPU_PRODUCER_H

#include "RingWork.h"
#include "StageCopies.h"

namespace uwt::codegen {

/// Brings the units of one panel of the CTA tile to the stages of a work unit, and what is beside
/// them; of the first panel x, too. A thread, or on targets without bulk copies a warp.
class Producer : private LaneCode {
public:
  /// `member`: which panel.
  Producer(const LaneCode &code, const ProductPlan &plan, const ProductArguments &arguments,
           RingWork &work, StageCopies &copies, mlir::Value member);

  /// By bulk copies, for one thread.
  void build();
  /// By cp.async, for all lanes of a warp. Copies announce themselves when they have landed, so the
  /// warp goes on to the next stage.
  void buildForWarp();

private:
  /// Units of a panel in a stage, `count` from number `first` of the panel on.
  struct UnitRange {
    mlir::Value first, count;
  };
  /// `count` u32 of a plane, from `from` on, to u32 `to` of the ring.
  struct PlaneCopy {
    mlir::Value plane, from, count, to;
  };
  /// What is copied to a stage, as far as it is known without the table of escapes: units, and
  /// `count` u32 of `escapes` from `from` on (entries of that table, or flags; null where there are
  /// none).
  struct PanelCopy {
    Stage stage;
    TilePanel panel;
    UnitRange range;
    mlir::Value from, count, bytes;
    /// Units of a panel that is stored as words (none where they are not copied), and of others.
    llvm::SmallVector<PlaneCopy, 2> ofWords, ofCodes;
    /// What says where the records of these entries are: loaded, not looked at yet.
    StageUnits::PatchBounds patch;
  };

  /// The work unit's fill `ordinal`.
  Stage stageAt(mlir::Value ordinal);
  Stage stageAt(mlir::Value ordinal, const PipelineState &state);
  /// All that takes loads, and none of the stage: comes before the wait for it.
  PanelCopy prepare(const Stage &stage, bool hasPatch);
  void prepareUnits(PanelCopy &copy);
  /// Waits for a stage and fills it.
  void fill(const Stage &stage);
  /// Copies units, entries and flags, and announces them where no records follow. Copies come
  /// first: no phase ends before this thread's arrival, and bytes may land before they are expected
  /// (PTX ISA, "Tx-count of mbarrier object": it may be negative).
  void copyWeights(const PanelCopy &copy);
  /// Announces all, and copies records, where a weight can have some.
  void copyPatch(const PanelCopy &copy);
  /// What the stage gets without records; of who copies x, with that.
  mlir::Value bytesWithX(const PanelCopy &copy);
  void copyRecords(const PanelCopy &copy);
  /// By how the panel is stored.
  void copyPlanes(const PanelCopy &copy, llvm::ArrayRef<PlaneCopy> ofWords,
                  llvm::ArrayRef<PlaneCopy> ofCodes);
  /// u32 of a panel's unit in a stage: of words, or coded.
  mlir::Value unitU32Of(const TilePanel &panel);

  const ProductPlan &plan;
  const StageLayout layout;
  int64_t fillsOfTile;
  const ProductArguments &arguments;
  const WorkPartition &partition;
  RingPipeline &ring;
  PanelTable &panels;
  StageCopies &copies;
  StageUnits units;
  mlir::Value member, copiesX;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_PRODUCER_H
