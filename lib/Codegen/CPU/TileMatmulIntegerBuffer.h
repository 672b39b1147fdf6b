//===- TileMatmulIntegerBuffer.h - Integers by a buffer ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A k-tile of a panel is decoded once, and its bytes are turned round: a vector of the buffer has
// four columns of all 16 rows of a strip. It meets four bytes of x, repeated in all lanes, so that
// a lane is the sum of an output, and no lanes are added up. Registers hold the sums of a block:
// strips × rows of x. Sums are exact, so that outputs have the bits of strategy direct.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_TILEMATMULINTEGERBUFFER_H
#define UWT_LIB_CODEGEN_CPU_TILEMATMULINTEGERBUFFER_H

#include "TileMatmulInteger.h"

namespace uwt::codegen {

/// Lowers one product by integers of strategy `buffer`. A task takes up to `tileM` rows of x at a
/// time, which are whole blocks of `xTile` rows.
class IntegerBufferLowering final : public IntegerProductLowering {
public:
  using IntegerProductLowering::IntegerProductLowering;

private:
  mlir::LogicalResult readStrategy(const Target &target) override;
  void emitTask(mlir::Value task) override;
  void emitGroups(const PanelFields &panel, mlir::Value firstM, mlir::Value begin,
                  mlir::Value units) override;

  /// Units of a k-tile, and their number.
  struct KTile {
    mlir::Value first, count;
  };
  /// `strips` strips from `strip` on and the rows of x from `row` of the task on; it is block
  /// `number` of `count`.
  struct Block {
    mlir::Value strip;
    int64_t strips;
    mlir::Value row, number, count;
  };
  /// Whether a group's sums wait in `totals` between k-tiles.
  bool hasSeveralKTiles() const { return groupUnits != tileUnits; }
  /// Decodes and multiplies the units of a k-tile, of which a group is one or several.
  void emitKTile(const PanelFields &panel, mlir::Value firstM, KTile kTile);
  void decodeKTile(const PanelFields &panel, KTile kTile);
  /// The bytes of a group of a unit, which are turned round, to vectors from `first` on.
  void storeBytes(DecodeIntegersOp integers, mlir::Value first);
  /// Asks for a block's share of what lies behind a k-tile, so that memory delivers while all
  /// blocks are multiplied.
  void prefetchShare(const PanelFields &panel, KTile kTile, const Block &block);
  void forEachBlock(const PanelFields &panel, mlir::Value firstM,
                    llvm::function_ref<void(const Block &)> body);
  /// The sums of a k-tile's units with a cell's columns, beginning with `sums`: of the first strip
  /// for all rows of x, and so on.
  llvm::SmallVector<mlir::Value> multiply(const PanelFields &panel, mlir::Value firstM, KTile kTile,
                                          const Block &block, int64_t cell,
                                          llvm::ArrayRef<mlir::Value> sums);
  /// What multiply() adds of four u32 of each row: vector `number` of the first strip's bytes is
  /// the first one, and u32 `x` of the first row of x.
  llvm::SmallVector<mlir::Value> multiplyFour(const Block &block, mlir::Value number, mlir::Value x,
                                              int64_t cell, llvm::SmallVector<mlir::Value> sums);
  /// Adds a cell's sums of the `units` from its first on to accumulators.
  void addCell(const PanelFields &panel, mlir::Value firstM, KTile units, const Block &block,
               int64_t cell, llvm::ArrayRef<mlir::Value> sums);
  llvm::SmallVector<mlir::Value> loadTotals(const Block &block);
  void storeTotals(const Block &block, llvm::ArrayRef<mlir::Value> sums);
  /// Where accumulators and totals of a strip of a block and row `c` of its rows of x lie.
  mlir::Value vectorOffset(const Block &block, int64_t strip, int64_t c) {
    return accumulatorsOf(index.add(block.strip, strip), index.add(block.row, c));
  }
  /// The first vector of bytes of a strip.
  mlir::Value firstBytes(IntegerBuilder::Operand strip) {
    return index.mul(strip, tileUnits * unit.groups() * laneCount);
  }

  /// Strips of a block where a panel has all of its strips.
  int64_t blockStrips = 1;
  /// Units of a k-tile at most.
  int64_t tileUnits = 1;
  /// Whether products of one vector of bytes are added at a time: machines without vpdpbusd add
  /// those of several first.
  bool multipliesAlone = false;
  /// What bytes with a sign are changed by so that they have none.
  uint32_t flipped = 0;
  mlir::Value bytes;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_TILEMATMULINTEGERBUFFER_H
