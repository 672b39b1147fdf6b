//===- Reducer.h - Sums of work tiles to outputs ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_REDUCER_H
#define UWT_LIB_CODEGEN_GPU_REDUCER_H

#include "TileOutput.h"
#include "WorkPartition.h"

namespace uwt::codegen {

/// A strip's outputs belong to one warp, or to those of neighbouring work units that share its
/// output tile: these add their partial sums in the order of work units.
class Reducer : private LaneCode {
public:
  Reducer(const LaneCode &code, const ProductPlan &plan, WorkPartition &work, PartialSums &partials,
          TileOutput &output, const CtaThread &own);

  /// Ends the work tile of k-tiles `from` … `to` - 1 (counted through all output tiles).
  void finish(mlir::Value strip, const TilePanel &panel, mlir::Value from, mlir::Value to,
              mlir::ValueRange accumulators);

  /// Stores the sums of a part of an output tile that the work unit does not have whole: a
  /// vector<4xf32> for each m tile.
  void storePart(const TilePanel &panel, mlir::Value part, mlir::ValueRange sums);
  /// Ends the work tile of an output tile whose parts are added in order: `totals` are those of all
  /// where `isWhole` says that the work unit has them. `finish` makes of totals what epilogues
  /// take.
  using Finish = llvm::function_ref<Values(mlir::ValueRange totals)>;
  void finishParts(mlir::Value strip, const TilePanel &panel, mlir::Value isWhole,
                   mlir::ValueRange totals, Finish finish);

private:
  /// Whether all of an output tile are summed (i1): where the work unit has it whole, or `arrive`,
  /// which counts this warp, says so.
  mlir::Value isComplete(mlir::Value isWhole, llvm::function_ref<mlir::Value()> arrive);
  /// What sums of others are added to: `totals` where there are none, else zeros.
  Values beginOf(mlir::Value isWhole, mlir::ValueRange totals);
  /// Where the accumulators of a part of a panel's output tile lie, by m tile.
  Values offsetsOfPart(const TilePanel &panel, mlir::Value part);
  /// The number of the CTA tile that has the panel.
  mlir::Value ctaTileOf(const TilePanel &panel);
  PartialSums::Sharers sharersOf(const TilePanel &panel);
  /// Where the accumulators of work unit `number` for a panel's output tile lie, by m tile.
  Values offsetsOf(const TilePanel &panel, mlir::Value number);
  /// `isLater`: the output tile is not the work unit's first one.
  mlir::Value offsetOf(mlir::Value number, mlir::Value isLater, int64_t mTile);

  const ProductPlan &plan;
  const WorkShape shape;
  WorkPartition &work;
  PartialSums &partials;
  TileOutput &output;
  const CtaThread own;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_REDUCER_H
