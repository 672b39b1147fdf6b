//===- TileOutput.h - Outputs of a strip, through the epilogue --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_TILEOUTPUT_H
#define UWT_LIB_CODEGEN_GPU_TILEOUTPUT_H

#include "Output.h"
#include "PanelTable.h"
#include "PartialSums.h"
#include "ScratchMemory.h"

namespace uwt::codegen {

/// Stores what the epilogue makes of a strip's accumulators.
class TileOutput : private LaneCode {
public:
  TileOutput(const LaneCode &code, const ProductPlan &plan, Output output, PartialSums &partials,
             ScratchMemory &scratch, mlir::Value lane)
      : LaneCode(code), plan(plan), output(std::move(output)), partials(partials), scratch(scratch),
        lane(lane) {}

  /// `totals`: a vector<4xf32> for each m tile.
  void store(mlir::Value strip, const TilePanel &panel, mlir::ValueRange totals);

private:
  /// A lane's four accumulators of an m tile, of rows from m0 and outputs from n0 on.
  void storeMTile(mlir::Value m0, mlir::Value n0, mlir::Value total);

  const ProductPlan &plan;
  Output output;
  PartialSums &partials;
  ScratchMemory &scratch;
  mlir::Value lane;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_TILEOUTPUT_H
