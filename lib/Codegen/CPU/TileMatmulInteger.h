//===- TileMatmulInteger.h - Products by integers ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products with `arithmetic #uwt.integer<8>` (docs/numerics.md, section "By integers"). A task
// takes `tileM` rows of x at a time through the units of its panel, in the order in which these
// lie: a unit's codes become bytes once for all of them. What is summed in lanes of i32 is exact,
// so that lanes may be added in any order.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_TILEMATMULINTEGER_H
#define UWT_LIB_CODEGEN_CPU_TILEMATMULINTEGER_H

#include "TileMatmul.h"
#include "uwt/Codec/IntegerCodes.h"

namespace uwt::codegen {

/// Lowers one product by integers.
class IntegerProductLowering : public ProductLowering {
public:
  IntegerProductLowering(MatmulOp op, mlir::OpBuilder &builder);

protected:
  mlir::LogicalResult readStrategy(const Target &target) override;
  void prepareX() override;
  void emitTask(mlir::Value task) override;
  /// Multiplies a unit with the tile of x that begins at row `firstM`: adds to accumulators or, of
  /// groups of several units, to `totals`.
  virtual void emitUnit(const PanelFields &panel, mlir::Value firstM, mlir::Value unit,
                        mlir::Value strip);
  /// Adds `totals` of the `count` units from `first` on to accumulators.
  virtual void addTotals(const PanelFields &panel, mlir::Value firstM, mlir::Value first,
                         mlir::Value count, mlir::Value strip);
  virtual void emitTileOutputs(const PanelFields &panel, mlir::Value firstM);
  /// The groups of `units` units from `begin` on, which are a part.
  virtual void emitGroups(const PanelFields &panel, mlir::Value firstM, mlir::Value begin,
                          mlir::Value units);

  /// Fails the call where a panel has no codes (run-2).
  void checkPanels();
  /// The memory of what x is rounded to.
  void allocate();
  /// A row of x as integers, or zeros for one that only fills a tile.
  void quantizeRow(mlir::Value matrix, mlir::Value m);
  /// What the elements of a row are divided by, and ones where they are, or zeros.
  struct RowScale {
    mlir::Value divisor, mask;
  };
  RowScale findScale(mlir::Value matrix, mlir::Value m);
  void quantizeGroup(mlir::Value matrix, mlir::Value m, mlir::Value group, bool isWhole,
                     RowScale scale);
  void clearGroup(mlir::Value matrix, mlir::Value m, mlir::Value group);
  void storeSum(mlir::Value sum, mlir::Value matrix, mlir::Value m, mlir::Value group,
                int64_t cell);
  mlir::Value floatsOf(mlir::Value elements);
  mlir::Value wideSplat(mlir::Value scalar);
  /// The largest magnitude of a row, as the bits of an f32.
  mlir::Value largestOf(mlir::Value matrix, mlir::Value m);
  /// The matrix of x that a panel meets.
  mlir::Value matrixOf(const PanelFields &panel) {
    return op.getXType().getRank() == 3 ? panel.matrix : index.constant(0);
  }
  /// The number of a row of x, of its vector of a group, and of the first row's of its `xTile`.
  mlir::Value rowNumber(mlir::Value matrix, mlir::Value m);
  mlir::Value vectorNumber(mlir::Value matrix, mlir::Value m, mlir::Value group);
  mlir::Value firstVector(mlir::Value matrix, mlir::Value m, mlir::Value group);
  /// Where `xSums` has a cell of row `c` of an `xTile`, whose first row has vector `first`.
  mlir::Value sumAt(mlir::Value first, int64_t cell, IntegerBuilder::Operand c) {
    return index.add(index.add(index.mul(first, unit.cells), cell * xTile), c);
  }
  mlir::Value loadSumOfX(mlir::Value first, int64_t cell, int64_t c) {
    return mlir::memref::LoadOp::create(builder, location, xSums,
                                        mlir::ValueRange{sumAt(first, cell, c)});
  }

  void emitTile(const PanelFields &panel, mlir::Value firstM);
  /// How many times `xTile` rows of x the task has from row `firstM` on.
  mlir::Value xTiles(mlir::Value firstM);
  void clear(mlir::Value memory, mlir::Type element);
  /// Adds the accumulators of a part to `outputSums`.
  void addPart();
  /// Sums over groups of 16 rows times their scales, to the accumulators at `at`.
  void addScaled(mlir::Value at, mlir::ValueRange sums, mlir::ValueRange scales);
  /// Sums of 16 rows less those of their zeros, which are null where all rows have `offset` alone,
  /// by the sum of x.
  mlir::Value lessZeros(mlir::Value sums, mlir::Value ofX, mlir::Value zeros);
  /// The sums of 16 rows less those of their zeros for row `c` of x of a tile whose first row has
  /// vector `firstX`, a vector a cell.
  llvm::SmallVector<mlir::Value> sumsOfUnit(llvm::ArrayRef<mlir::Value> rows, mlir::Value firstX,
                                            int64_t c, mlir::ValueRange zeros);
  llvm::SmallVector<mlir::Value> addRows(llvm::ArrayRef<mlir::Value> rows);
  /// The bytes of a unit's rows, or of one group, turned round.
  DecodeIntegersOp decodeIntegers(const PanelFields &panel, mlir::Value unit, mlir::Value strip,
                                  std::optional<int64_t> group = std::nullopt);
  /// Asks for codes ahead of a unit of a panel, or for as many as it has.
  void prefetchCodes(const PanelFields &panel, mlir::Value number, mlir::Value strip,
                     HalfOfUnit half);
  DecodeNumbersOp decodeNumbers(const PanelFields &panel, mlir::Value unit, mlir::Value strip);
  mlir::Value codeOf(const PanelFields &panel, mlir::Value unit, mlir::Value strip);
  mlir::Value accumulatorsOf(mlir::Value strip, IntegerBuilder::Operand c) {
    return index.mul(index.add(index.mul(strip, tileM), c), laneCount);
  }
  bool hasZeros() const { return offset != 0 || unit.zero; }

  Format format;
  KernelConfig config;
  QuantizedUnit unit;
  IntegerCodes codes;
  /// What bytes are larger by than differences, beside zeros of a grid.
  int64_t offset = 0;
  /// Units in a group, which are added up as integers first, and in a part.
  int64_t groupUnits = 1, partUnits = 1;
  /// Rows of x whose vectors of a group lie side by side; how often `prepared` has room for all
  /// vectors of x, and how many these are.
  int64_t xTile = 1, copies = 1;
  mlir::Value xVectors;
  /// Of x: a scale a row; and of each group of `xTile` rows the sums of integers of its first cell,
  /// a row after the other, and then of its second one.
  mlir::Value xScales, xSums;
  /// Sums of integers of a group of several units.
  mlir::Value totals;
  /// Sums of the parts so far; accumulators are those of one.
  mlir::Value outputSums;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_TILEMATMULINTEGER_H
