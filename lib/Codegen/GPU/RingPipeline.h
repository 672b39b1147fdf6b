//===- RingPipeline.h - The ring of stages, and its barriers ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each stage has two barriers. Who fills it waits until it is empty, and arrives at `full` when its
// bytes are there (or has bulk copies do so); who multiplies waits until it is full, and arrives at
// `empty` in all CTAs of the cluster, since each copies x to all of them.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_RINGPIPELINE_H
#define UWT_LIB_CODEGEN_GPU_RINGPIPELINE_H

#include "Stage.h"

namespace uwt::codegen {

class RingPipeline : private LaneCode {
public:
  /// Creates the barriers. `buffer` is the ring's shared memory, as u32.
  RingPipeline(const LaneCode &code, const ProductPlan &plan, mlir::Value buffer);

  mlir::Value buffer() const { return ring; }
  mlir::Value fullBarriers() const { return full; }

  /// One thread of the CTA does, before all meet.
  void initBarriers();

  /// The state of the work unit's fill `ordinal`.
  PipelineState stateOf(mlir::Value ordinal);
  /// The state behind this one, both as two i32, of `phase` the lowest bit: dividing the number of
  /// a fill would take a third of a k-tile's instructions.
  Values next(mlir::ValueRange state);
  /// Fill `number` of an output tile.
  Stage stage(mlir::Value outputTile, mlir::Value number, const PipelineState &state);

  /// The producer's: waits until the stage is empty; says that bytes come, or have come, or that
  /// the copies of the warp's lanes so far say so when they have landed. More bytes are expected
  /// before the last ones, which end what the producer has to say of a phase.
  void waitEmpty(const Stage &stage);
  void expectMore(const Stage &stage, mlir::Value bytes);
  void expectBytes(const Stage &stage, mlir::Value bytes);
  void arriveFull(const Stage &stage);
  void arriveCopied(const Stage &stage);
  /// The consumer's: waits until the stage is full; says that the warp has read it.
  void waitFull(const Stage &stage);
  void release(const Stage &stage, mlir::Value lane);

private:
  const ProductPlan &plan;
  const StageLayout layout;
  mlir::Value ring, full, empty;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_RINGPIPELINE_H
