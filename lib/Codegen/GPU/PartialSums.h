//===- PartialSums.h - Accumulators in memory -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Those who share an output tile's k write their accumulators to the workspace and count
// themselves; the last one adds all, its own included, in their order, so that bits do not depend
// on who is last.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_PARTIALSUMS_H
#define UWT_LIB_CODEGEN_GPU_PARTIALSUMS_H

#include "LaneCode.h"

namespace uwt::codegen {

/// Accumulators are here vectors of four f32, one for each m tile, as a lane has them.
class PartialSums : private LaneCode {
public:
  /// Both buffers are of u32; counters are 0 before the kernel, and behind it.
  PartialSums(const LaneCode &code, mlir::Value workspace, mlir::Value counters, mlir::Value lane)
      : LaneCode(code), workspace(workspace), counters(counters), lane(lane) {}

  /// Who shares a strip's sums: this warp's number, the first one, how many others there are, and
  /// the counter at which each counts itself.
  struct Sharers {
    mlir::Value counter, own, first, others;
  };
  /// Where the accumulators of each m tile of sharer `number` lie in the workspace.
  using OffsetsOf = llvm::function_ref<Values(mlir::Value number)>;

  /// vector<2x2xf32> of products as vectors of four.
  Values flat(mlir::ValueRange accumulators);
  mlir::Value zero();
  /// One m tile, in a buffer of u32.
  void storeMTile(mlir::Value accumulator, mlir::Value buffer, mlir::Value at);
  mlir::Value loadMTile(mlir::Value buffer, mlir::Value at);

  /// Stores accumulators in the workspace, an offset for each m tile.
  void store(mlir::ValueRange accumulators, mlir::ValueRange offsets);
  /// Counts this warp, which has stored its own: whether all others were counted before (i1). Then
  /// the counter is as it was.
  mlir::Value count(const Sharers &sharers);
  /// Adds those of `count` sharers in their order.
  Values add(mlir::ValueRange begin, mlir::Value first, mlir::Value count, OffsetsOf offsetsOf);

private:
  mlir::Value workspace, counters, lane;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_PARTIALSUMS_H
