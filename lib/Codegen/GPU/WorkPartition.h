//===- WorkPartition.h - Which k-tiles a work unit has ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stream-K: the k-tiles of all output tiles, one behind the other, are divided evenly among
// clusters. A cluster's share is its work unit; what that has of one output tile is a work tile.
// They are counted in k-iterations (WorkShape), of which the first work units have one more than
// the others.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_WORKPARTITION_H
#define UWT_LIB_CODEGEN_GPU_WORKPARTITION_H

#include "LaneCode.h"
#include "ProductArguments.h"
#include "uwt/Codegen/GPU/ProductPlan.h"

namespace uwt::codegen {

class WorkPartition : private LaneCode {
public:
  /// Emits what follows from the launch. Each role of a kernel does this for itself: what lives
  /// from before the registers move is spilled.
  WorkPartition(const LaneCode &code, const ProductPlan &plan, const ProductArguments &arguments);

  /// Number of this cluster's work unit, and the CTA's rank in the cluster.
  mlir::Value workUnit() const { return unit; }
  mlir::Value rankInCluster() const { return rank; }
  /// Where partial sums begin in the workspace: behind packed x.
  mlir::Value partialsBegin() const { return partials; }
  /// The k-tiles of this work unit: `first` … `end` - 1.
  mlir::Value firstKTile() const { return first; }
  mlir::Value endKTile() const { return end; }
  /// The fills of stages that hold them.
  mlir::Value firstFill() const { return firstOfFills; }
  mlir::Value endFill() const { return endOfFills; }

  /// Where work unit `number` begins, in k-iterations and in k-tiles.
  mlir::Value iterationBegin(mlir::Value number);
  mlir::Value kTileBegin(mlir::Value number);
  /// The work unit that has a k-iteration.
  mlir::Value unitOf(mlir::Value iteration);
  /// Numbers of fills, counted through all output tiles: of the one that has a k-tile, and of the
  /// one behind that of the last k-tile before `endKTile`.
  mlir::Value fillOf(mlir::Value kTile);
  mlir::Value fillAfter(mlir::Value endKTile);

private:
  mlir::Value countSlices(const ProductPlan &plan, const ProductArguments &arguments);

  const WorkShape work;
  int64_t kTilesPerStage;
  mlir::Value unit, rank, partials;
  /// k-iterations of a work unit, of which the first `longer` have one more; and all of the launch,
  /// where the last work units may have fewer or none, else null.
  mlir::Value evenIterations, longer, allIterations;
  mlir::Value first, end;               // k-tiles of all output tiles
  mlir::Value firstOfFills, endOfFills; // fills of all output tiles
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_WORKPARTITION_H
