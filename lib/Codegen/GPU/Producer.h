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

/// Fills the stages of a work unit: a thread, or on targets without bulk copies a warp.
class Producer : private LaneCode {
public:
  Producer(const LaneCode &code, const ProductPlan &plan, const ProductArguments &arguments,
           RingWork &work, StageCopies &copies);

  /// By bulk copies, for one thread.
  void build();
  /// By cp.async, for all lanes of a warp. Copies announce themselves when they have landed, so the
  /// warp goes on to the next stage.
  void buildForWarp();

private:
  /// The work unit's fill `ordinal`.
  Stage stageAt(mlir::Value ordinal);
  void copyWeights(const Stage &stage);
  void copyPanel(const Stage &stage, int64_t member);
  /// Units of a panel in a stage, `count` from number `first` of the panel on.
  struct UnitRange {
    mlir::Value first, count;
  };
  /// What is copied of a panel beside its units: `count` u32 of `escapes` from `from` on (entries
  /// of the table of escapes, or flags), and the records of these entries.
  struct BesideUnits {
    mlir::Value from, count;
    StageUnits::PatchRun patch;
  };
  /// Finds that, and adds its bytes to `bytes`.
  BesideUnits findBesideUnits(const Stage &stage, const TilePanel &panel, mlir::Value &bytes);
  void copyUnits(const Stage &stage, const TilePanel &panel, const UnitRange &range);
  void copyBesideUnits(const Stage &stage, const BesideUnits &beside);
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
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_PRODUCER_H
