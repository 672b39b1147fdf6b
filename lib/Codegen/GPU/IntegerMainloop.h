//===- IntegerMainloop.h - A stage, multiplied by integers ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products with `arithmetic #uwt.integer<8>` (docs/numerics.md, section "By integers"): each warp
// multiplies bytes by `mma.m16n8k32`, or four together by `wgmma.m64nNk32`, whose sums of i32 are
// exact, and adds those of a group, times its scale, to accumulators of f32. A work unit has whole
// parts (integer-4). What zero points take away is their product with the sum of x, which kernel
// `pack` has left behind x.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_INTEGERMAINLOOP_H
#define UWT_LIB_CODEGEN_GPU_INTEGERMAINLOOP_H

#include "Mainloop.h"
#include "uwt/Codec/IntegerCodes.h"

namespace uwt::codegen {

class IntegerMainloop : public Mainloop, private LaneCode {
public:
  /// `ring` is the ring's memory; kernel `pack` has left packed x in `workspace`.
  IntegerMainloop(const LaneCode &code, const ProductPlan &plan, CompressedType type,
                  mlir::Value ring, mlir::Value workspace, mlir::Value lane);

  /// A vector<4xf32> for each m tile; then, where a group has several units, a vector<4xi32> for
  /// each m tile: the group's sums so far.
  Values begin() override;
  Values multiply(mlir::Value strip, const TilePanel &panel, const Stage &stage,
                  mlir::ValueRange accumulators, bool asWords) override;
  /// The sums of a part, a vector<4xf32> for each m tile, of accumulators behind its last stage;
  /// and what they are added to first.
  Values sums(mlir::ValueRange accumulators);
  mlir::Value noSums();
  /// integer-5, of sums of all parts
  Values scaled(const TilePanel &panel, mlir::ValueRange totals);

private:
  /// Sums of a unit by cell and m tile: of products, a vector<2x2xi32> each, and of x, a
  /// vector<2xi32> each, for the two rows of x that a lane has.
  struct UnitSums {
    Values products, ofX;
  };
  Values multiplyUnit(mlir::Value strip, const TilePanel &panel, const Stage &stage,
                      mlir::Value number, mlir::ValueRange accumulators);
  /// Adds the products of a unit's column group number `inUnit`.
  void multiplyGroup(const Stage &stage, mlir::Value unit, mlir::Value firstGroup, int64_t inUnit,
                     UnitSums &sums);
  /// Adds the sums of x that lie behind x of a column group, which begins at u32 `x` of the ring.
  void addSumsOfX(mlir::Value x, UnitSums &sums);
  /// As multiplyGroup for all of a unit's by warpgroup instructions, which have ended behind it.
  void multiplyTogether(const Stage &stage, mlir::Value unit, mlir::Value firstGroup,
                        UnitSums &sums);
  /// A group of products by x of a column group, added to `sums`, or from 0 on where there are
  /// none.
  Values beginProducts(mlir::Value low, mlir::Value high, mlir::Value x, mlir::ValueRange sums);
  DecodeFragmentIntegersOp integersOf(mlir::Value unit, int64_t inUnit);
  /// Where x of a stage's column group begins: u32 of the ring.
  mlir::Value xOf(const Stage &stage, mlir::Value group);
  mlir::Value multiplyBytes(mlir::Value a, mlir::Value b, mlir::Value sum);
  /// What is added to accumulators of cell number `cell`, as integers: a vector<4xi32>.
  mlir::Value differences(const UnitSums &sums, unsigned cell, int64_t mTile,
                          mlir::ValueRange zeros);
  /// integer-4: accumulators behind a group with these sums, by cell and m tile.
  Values addScaled(mlir::ValueRange accumulators, mlir::ValueRange sums, mlir::ValueRange scales);
  /// Whether unit `number` of a stage is its group's last one.
  mlir::Value endsGroup(const Stage &stage, mlir::Value number);
  DecodeFragmentNumbersOp numbersOf(mlir::Value unit);
  /// Of two rows g and g + 8 in a lane's four places.
  mlir::Value ofRows(mlir::Value upper, mlir::Value lower);
  /// The same of columns 2t and 2t + 1, a vector of two.
  mlir::Value ofColumns(mlir::Value pair);
  mlir::Value noProducts();
  mlir::Value noSumsOfX();

  const ProductPlan &plan;
  CompressedType type;
  const QuantizedUnit layout;
  const SignedIntegerCodes codes;
  const bool hasZeros;
  /// Units of a group.
  const int64_t groupUnits;
  StageUnits units;
  mlir::Value ring, workspace, lane;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_INTEGERMAINLOOP_H
