//===- TileMatmulIntegerTiles.h - Products by integers on tiles -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The bytes of a strip's 16 rows and a group of 64 columns are a tile as they are decoded: 16
// outputs × 16 u32. x is turned round to meet them: a tile of x is 16 u32 × 16 rows of x. Sums and
// accumulators are 16 outputs × 16 rows of x; accumulators are turned round before the epilogue.
// Sums are exact, so that outputs have the bits of products without tiles.
//
// Of two cells in a group the u32 alternate. There are two tiles of x then, each with zeros where
// the other cell's u32 are.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_TILEMATMULINTEGERTILES_H
#define UWT_LIB_CODEGEN_CPU_TILEMATMULINTEGERTILES_H

#include "TileMatmulInteger.h"

namespace uwt::codegen {

/// Lowers one product by integers of strategy `tiles`. A task takes up to `tileM` rows of x at a
/// time, which are whole tiles, so that a unit is decoded once for all of them.
class IntegerTilesLowering final : public IntegerProductLowering {
public:
  using IntegerProductLowering::IntegerProductLowering;

private:
  mlir::LogicalResult readStrategy(const Target &target) override;
  void prepareX() override;
  void emitTask(mlir::Value task) override;
  void emitUnit(const PanelFields &panel, mlir::Value firstM, mlir::Value unit,
                mlir::Value strip) override;
  void addTotals(const PanelFields &panel, mlir::Value firstM, mlir::Value first, mlir::Value count,
                 mlir::Value strip) override;
  void emitTileOutputs(const PanelFields &panel, mlir::Value firstM) override;

  /// Turns tile `number` of `prepared`, of all tiles and groups of x, to where it stands.
  void turnTile(mlir::Value number);
  /// Where a strip's accumulators and totals of a tile begin.
  mlir::Value sumsOfTile(mlir::Value strip, mlir::Value tile) {
    return accumulatorsOf(strip, index.mul(tile, xTile));
  }
  /// The tiles of a unit's weights, one a group.
  llvm::SmallVector<mlir::Value> loadWeightTiles(const PanelFields &panel, mlir::Value unit,
                                                 mlir::Value strip);
  /// The number of the first vector of x of a tile and a group.
  mlir::Value vectorOfTile(const PanelFields &panel, mlir::Value firstM, mlir::Value tile,
                           mlir::Value group) {
    return firstVector(matrixOf(panel), index.add(firstM, index.mul(tile, xTile)), group);
  }
  /// `sums` and the products of a unit's weights with the tiles of x from vector `x` on.
  mlir::Value multiply(llvm::ArrayRef<mlir::Value> weights, mlir::Value x, int64_t cell,
                       mlir::Value sums);
  /// The sums of integers of 16 rows of x over the groups of `units` units, of which the first has
  /// vector `x`; null where there are no zeros.
  mlir::Value sumsOfX(mlir::Value x, IntegerBuilder::Operand units, int64_t cell);
  /// Of a strip's 16 rows: scales, and by how much bytes are larger than differences of codes and
  /// zeros, which is null where all rows have `offset`.
  struct RowNumbers {
    mlir::Value scales, zeros;
  };
  RowNumbers numbersOf(DecodeNumbersOp numbers, int64_t cell);
  /// Adds sums of 16 outputs × 16 rows of x, which lie in `from` from `at` on, less those of zeros
  /// and times scales, to the accumulators from `to` on. `ofX`: sumsOfX().
  void addTile(mlir::Value from, mlir::Value at, mlir::Value to, RowNumbers numbers,
               mlir::Value ofX);

  /// A unit's bytes, a tile a group; sums of a cell.
  mlir::Value bytes, cellSums;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_TILEMATMULINTEGERTILES_H
