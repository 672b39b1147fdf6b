//===- DenseRows.h - Fragments of dense row-major matrices ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp loads or stores a unit of a dense matrix as the operand registers that have it. Of a row
// a lane takes runs of eight columns, 16 bytes, so that four lanes touch 64 bytes in a row; an
// exchange among the four gives each of them its part of the fragments.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_DENSEROWS_H
#define UWT_LIB_CODEGEN_GPU_DENSEROWS_H

#include "UnitCode.h"
#include "uwt/Pack/KernelPack.h"

namespace uwt::codegen {

/// Rows `stride` elements apart in memory of i16: those of the weight, or, of a gather, one of
/// them for each id.
class DenseRows : private UnitCode {
public:
  /// A row that is gathered: its number in its strip, and the row of the memory that it goes to.
  struct Gathered {
    mlir::Value inStrip, to;
  };

  /// `code` knows its lane.
  DenseRows(const UnitCode &code, mlir::Value memory, mlir::Value stride)
      : UnitCode(code), memory(memory), stride(stride) {}

  /// How the memory stands among a kernel's arguments: `x` and its stride. Rows begin at multiples
  /// of 16 bytes where they have whole runs, else anywhere.
  static KernelArgument argument(int64_t columns);

  /// From now on only this row is stored.
  void gather(const Gathered &row) { gathered = row; }

  /// The four operand registers of a unit, by all lanes of a warp; padding is 0.
  Values loadUnit(mlir::Value panel, const FixedUnit &fixed);
  /// Stores them, but for padding.
  void storeUnit(mlir::Value panel, const FixedUnit &fixed, mlir::ValueRange fragments);
  /// Of a gathered row the part that the four lanes of its row in the fragments have of a unit;
  /// other lanes may have other units. All lanes of the warp are here.
  void storeGathered(const FixedUnit &fixed, mlir::ValueRange fragments);

  /// An element's place in the memory, and whether it is to be stored (i1).
  struct Element {
    mlir::Value at, isThere;
  };
  Element elementAt(mlir::Value panel, const FixedUnit &fixed, mlir::Value rowInStrip,
                    mlir::Value column);

private:
  static constexpr int64_t runColumns = 8, runsOfUnit = fixedUnitColumns / runColumns,
                           runU32 = runColumns / 2;
  bool hasWholeRuns() const { return columns % runColumns == 0; }
  /// Of a unit's row the run `4 half + t` of lane 4g + t.
  mlir::Value runColumn(const FixedUnit &fixed, int64_t half);
  Values loadRun(mlir::Value row, mlir::Value column);
  void storeRun(mlir::Value isThere, mlir::Value row, mlir::Value column, mlir::ValueRange run);
  /// Of four numbers in each of four neighbouring lanes, lane t gets number t of each.
  void transposeQuad(llvm::MutableArrayRef<mlir::Value> run);

  mlir::Value memory, stride;
  Gathered gathered;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_DENSEROWS_H
