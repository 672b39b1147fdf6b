//===- PanelTable.h - The panels of output tiles ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_PANELTABLE_H
#define UWT_LIB_CODEGEN_GPU_PANELTABLE_H

#include "LaneCode.h"
#include "ProductArguments.h"
#include "uwt/Codegen/GPU/ProductPlan.h"

namespace uwt::codegen {

/// A panel of an output tile. The last output tile of a slice repeats the last panel of the weight
/// where it has fewer.
struct TilePanel {
  /// Number of the output tile among those of all slices, of the panel in the matrix, of the slice.
  mlir::Value outputTile, number, slice;
  /// i1: whether the panel is not repeated; null where none is.
  mlir::Value isOwn;
  /// Offsets in u32: of its words, raw fields and codes in their planes; of its first entry in the
  /// table of escapes the number, or of its first flag the offset. Those that the kernel does not
  /// read are null.
  mlir::Value words, raw, code, escapes;
  /// i1, null where all panels are words, and the strips that it has.
  mlir::Value storedAsWords, strips;
};

/// Finds panels by the panel table (DevicePanelEntry).
class PanelTable : private LaneCode {
public:
  /// `rank` is the CTA's in its cluster: null where that has one CTA.
  PanelTable(const LaneCode &code, const ProductPlan &plan, const ProductArguments &arguments,
             mlir::Value rank);

  /// Panel `member` of this CTA's tile in an output tile.
  TilePanel find(mlir::Value outputTile, mlir::Value member);

private:
  mlir::Value offsetInDecoded(mlir::Value number);
  /// Number of a panel's entry: panels of all matrices of a grouped product are in the table.
  mlir::Value entryOf(const TilePanel &panel);

  const ProductPlan &plan;
  int64_t outputTiles;
  /// `lastMatrix` is the number of the weight's last matrix; null but for grouped products.
  mlir::Value entries, slices, rank, lastMatrix;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_PANELTABLE_H
