//===- UnitNumbers.h - What elements of a quantised unit share --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_UNITNUMBERS_H
#define UWT_LIB_CODEGEN_DECODE_UNITNUMBERS_H

#include "Quantized.h"
#include "StreamCode.h"

namespace uwt::codegen {

/// Lanes of a CPU's vectors of u32 and f32.
inline constexpr unsigned laneCount = 16;
static_assert(laneCount == stripRows && laneCount == nibbleCodes);

/// Operations on 16 f32.
class VectorFloats : public FloatBuilder {
public:
  using FloatBuilder::FloatBuilder;

  mlir::Value constants(llvm::ArrayRef<float> numbers);
  /// A number in memory, in every lane.
  mlir::Value splat(mlir::Value pointer);
};

/// What 16 numbers of a row are: words one after another, or those in one half of 16 lanes.
enum class Sixteen { Words, Halves };

/// The numbers that elements of a unit share. They are put in memory, from where an arithmetic
/// operation takes one for all of its lanes by itself; out of a register it takes a shuffle or two.
/// There they lie grid by grid: cell by cell, as they are read, or row by row, those of its cells
/// side by side.
class UnitNumbers {
public:
  enum class Order { Cells, Rows };
  /// From `FirstStep` on those of the format's steps.
  enum NumberGrid : unsigned { ScaleGrid, ZeroGrid, PickGrid, FirstStep };
  /// By grid; null of one that the format has not.
  using RowNumbers = llvm::SmallVector<mlir::Value, 3>;

  /// Scales are multiplied with `factor`, a power of two.
  UnitNumbers(UnitEmission &unit, Order order, float factor = 1);

  bool has(unsigned grid) const {
    return grid == ZeroGrid ? bool(layout.zero) : grid != PickGrid || bool(layout.pick);
  }

  /// The number of a cell of a row, in every lane.
  mlir::Value ofCell(unsigned grid, unsigned row, unsigned cell);

  /// What the codes of a cell stand for, of several tables in `tables`: 16 numbers.
  mlir::Value pickedTable(mlir::Value tables, unsigned row, unsigned cell);

  /// Those of 16 numbers of a row, which lies in `Order::Rows`: word i is in lane i / 2 of the
  /// unit, and each four lanes have the cells of a row one after another.
  mlir::Value ofSixteen(Sixteen what, unsigned grid, unsigned row);

  /// What scales that are powers of two add to the exponents of bf16: of words in lanes of the
  /// unit, in both halves, of a row, which lies in `Order::Rows`.
  mlir::Value exponentsOf(unsigned row);

  /// Those of all grids.
  RowNumbers ofRow(Sixteen what, unsigned row);

  const QuantizedUnit layout;

private:
  unsigned byteOf(unsigned grid, unsigned row, unsigned cell) const;
  mlir::Value shuffle(mlir::Value a, mlir::Value b, llvm::ArrayRef<int64_t> picks);
  unsigned gridCount() const { return FirstStep + layout.steps.size(); }
  void store(mlir::Value own, unsigned grid, llvm::SmallVector<mlir::Value> cells);
  llvm::SmallVector<mlir::Value> transposed(llvm::ArrayRef<mlir::Value> cells);

  const Order order;
  LaneBuilder &lanes;
  VectorFloats floats;
  ScalarBuilder memory;
  mlir::Value pointer;
};

/// bf16 times the powers of two that UnitNumbers::exponentsOf() gives: none is subnormal, before
/// and after, and zeros stay.
mlir::Value addExponents(LaneBuilder &lanes, mlir::Value words, mlir::Value exponents);

/// value-2 to value-5, from the numbers that codes stand for. `shared` gives what they share, null
/// of a grid that there is not.
mlir::Value weightsOf(const Format &format, VectorFloats &floats, mlir::Value numbers,
                      llvm::function_ref<mlir::Value(unsigned grid)> shared);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_UNITNUMBERS_H
