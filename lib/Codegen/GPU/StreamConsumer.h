//===- StreamConsumer.h - Warps that multiply stream units ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp multiplies a stream unit: a strip × 1,024 columns. A lane's code words are a chain of
// lookups, which only many warps hide: so warps are independent, and there is no ring. A strip's
// units are added in their order by whichever warp ends last, so that bits depend on shapes alone.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_STREAMCONSUMER_H
#define UWT_LIB_CODEGEN_GPU_STREAMCONSUMER_H

#include "PanelTable.h"
#include "StreamReader.h"
#include "TileOutput.h"
#include "WarpMma.h"

namespace uwt::codegen {

class StreamConsumer : private LaneCode {
public:
  using LaneCode::Values;

  /// `op` is the product.
  StreamConsumer(const LaneCode &code, MatmulOp op, const ProductPlan &plan,
                 const ProductArguments &arguments, const CtaThread &own, StreamReader &streams,
                 ScratchMemory &scratch);

  /// How many items there are: below 2^32.
  mlir::Value itemCount();
  /// Item `number` of all slices, strips and units.
  StreamItem itemAt(mlir::Value number);
  /// Multiplies an item, and looks ahead to `following`; `decoded` counts the warp's coded units,
  /// and is given back.
  mlir::Value buildItem(mlir::Value number, mlir::Value following, mlir::Value decoded);

private:
  Values multiplyWords(const StreamItem &item);
  Values multiplyCoded(const StreamItem &item, const StreamReader::Ahead &ahead,
                       mlir::Value decoded);
  Values multiplyUnit(const StreamItem &item, const StreamUnits::Source &source,
                      const StreamUnits::Header &header);
  Values multiplyGroup(const StreamItem &item, mlir::Value group, mlir::ValueRange fragments,
                       mlir::ValueRange accumulators);
  /// Applies the records of a column group; gives the next record, its group, and the accumulators.
  Values multiplyEscaped(const StreamItem &item, mlir::Value group, mlir::ValueRange fragments,
                         mlir::ValueRange accumulators, const StreamUnits::Source &source,
                         const StreamUnits::Header &header, mlir::ValueRange records);
  /// Element j of result i is element i of vector j.
  Values transposed(mlir::ValueRange vectors);
  void addPartials(const StreamItem &item, mlir::ValueRange totals);
  /// Where the accumulators of a strip's unit `inStrip` lie in the workspace, by m tile.
  Values offsetsOf(const StreamItem &item, mlir::Value inStrip);

  const ProductPlan &plan;
  const StreamShape shape;
  const ProductArguments &arguments;
  const CtaThread own;
  StreamReader &streams;
  ScratchMemory &scratch;
  /// Those of m, and where partial sums begin: u32 of the workspace.
  mlir::Value slices, partialsBegin;
  PanelTable panels;
  WarpMma mma;
  PartialSums partials;
  TileOutput output;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_STREAMCONSUMER_H
