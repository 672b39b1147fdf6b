//===- StageCopies.h - Copies into stages -----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_STAGECOPIES_H
#define UWT_LIB_CODEGEN_GPU_STAGECOPIES_H

#include "RingPipeline.h"

namespace uwt::codegen {

/// Copies of one thread (bulk copies), or of all lanes of a warp (cp.async) on targets without
/// those.
class StageCopies : private LaneCode {
public:
  /// `workspace` has packed x; `rank` is the CTA's in its cluster.
  StageCopies(const LaneCode &code, const ProductPlan &plan, RingPipeline &ring,
              mlir::Value workspace, mlir::Value rank, mlir::Value lane);

  /// `count` u32 of global memory, a multiple of 4, to u32 `to` of the ring.
  void copy(mlir::Value plane, mlir::Value from, const Stage &stage, mlir::Value to,
            mlir::Value count, bool evictFirst);
  /// Packed x of the stage's column groups: this CTA's share of it, to all of the cluster.
  void copyX(const Stage &stage);
  /// Where decoders bring the weights, the stage's transaction is x alone.
  void expectX(const Stage &stage);
  /// Ends an async group of copies of threads, and waits until no more than `left` are on their
  /// way.
  void endGroup(int32_t left);

private:
  void copyByThreads(mlir::Value plane, mlir::Value from, mlir::Value to, mlir::Value count);

  const ProductPlan &plan;
  const StageLayout layout;
  int64_t outputTiles;
  RingPipeline &ring;
  mlir::Value workspace, rank, lane;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_STAGECOPIES_H
