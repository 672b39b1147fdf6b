//===- Consumer.h - The role that multiplies --------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each warp has a strip of a panel of its CTA's tile. Its accumulators stay in registers from a
// work tile's first k-tile to its last.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_CONSUMER_H
#define UWT_LIB_CODEGEN_GPU_CONSUMER_H

#include "IntegerMainloop.h"
#include "Reducer.h"
#include "RingWork.h"

namespace uwt::codegen {

class Consumer : private LaneCode {
public:
  Consumer(const LaneCode &code, const ProductPlan &plan, RingWork &work, Mainloop &mainloop,
           IntegerMainloop *integers, Reducer &reducer, const CtaThread &own);

  /// Multiplies the work unit's tiles, of strip `strip` of the warp's panel.
  void build(mlir::Value strip);

private:
  /// The k-tiles of an output tile that the work unit has: `from` … `to` - 1, counted through all
  /// output tiles; those of the output tile begin at `tileBegin`. The panel is `member` of the CTA
  /// tile.
  struct WorkTile {
    TilePanel panel;
    mlir::Value member, tileBegin, from, to;
  };
  WorkTile workTileOf(mlir::Value outputTile);
  /// A warp's strip of its panel, the same as known to be so for all lanes, and the one that is
  /// read in place of one that the panel lacks.
  struct WarpStrip {
    mlir::Value number, own, read;
  };
  /// Not for a strip that the last panel does not have, nor for a repeated panel.
  void ifThere(const TilePanel &panel, mlir::Value strip, llvm::function_ref<void()> body);
  /// The parts of an output tile that the work unit has (integer-4).
  Values buildParts(const WarpStrip &strip, const WorkTile &tile, mlir::ValueRange state);
  /// `state` is the pipeline's, as RingPipeline::next takes it; given back for the work tile
  /// behind.
  Values buildWorkTile(mlir::Value strip, mlir::Value outputTile, mlir::ValueRange state);
  /// `carried` and what it gives back are a pipeline state and accumulators.
  Values multiplyStages(mlir::Value strip, const WorkTile &tile, mlir::ValueRange carried,
                        bool asWords);
  /// Leaves out column groups of k-tiles that other work units have.
  void restrictTo(Stage &stage, const WorkTile &tile);

  const ProductPlan &plan;
  const StageLayout layout;
  const WorkShape shape;
  WorkPartition &partition;
  RingPipeline &ring;
  PanelTable &panels;
  Mainloop &mainloop;
  /// The same, of products by integers; null for others.
  IntegerMainloop *integers;
  Reducer &reducer;
  const CtaThread own;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_CONSUMER_H
