//===- WarpMma.h - Products of one warp -------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_WARPMMA_H
#define UWT_LIB_CODEGEN_GPU_WARPMMA_H

#include "LaneCode.h"
#include "uwt/Codegen/GPU/ProductPlan.h"

namespace uwt::codegen {

/// mma.m16n8k16 of a warp: a unit × column group of the weight with m tiles of packed x.
class WarpMma : private LaneCode {
public:
  /// `element` is the type of the weight and of x.
  WarpMma(const LaneCode &code, mlir::Type element, int64_t mTiles)
      : LaneCode(code), element(element), mTiles(mTiles) {}

  /// The zero of an accumulator: a vector<2x2xf32> of each lane for an m tile.
  mlir::Value zero();
  /// Accumulators after the products of A's registers with B's fragments of a column group, which
  /// lie from u32 `x` of `buffer` on, with the lane's offset in it.
  Values multiply(mlir::ValueRange fragments, mlir::Value buffer, mlir::Value x,
                  mlir::ValueRange accumulators);

private:
  mlir::Value matrixA(mlir::ValueRange fragments, unsigned block); // vector<4x2xelement>
  mlir::Value matrixB(mlir::Value blockPair, unsigned block);      // vector<2x2xelement>

  mlir::Type element;
  int64_t mTiles;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_WARPMMA_H
