//===- UnitCode.h - Kernels that go through a weight's units ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_UNITCODE_H
#define UWT_LIB_CODEGEN_GPU_UNITCODE_H

#include "LaneCode.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt::codegen {

/// What kernels share whose warps take one unit (a strip x 64 columns) after another.
class UnitCode : public LaneCode {
public:
  /// A fixed unit of a panel: a column group × a strip.
  struct FixedUnit {
    mlir::Value group, strip;
  };

  UnitCode(mlir::OpBuilder &builder, mlir::Location location, CompressedType type)
      : LaneCode(builder, location), rows(type.getRows()), columns(type.getColumns()),
        groups(divideUp(columns, fixedUnitColumns)), panels(divideUp(rows, panelRows)) {}

  /// The kernel's thread in its warp, and the warp in its CTA.
  void findLane();
  /// Strips of panel `number`.
  mlir::Value stripsOf(mlir::Value number);
  /// The number of a unit, in the order of plane `words` of a weight in format raw.
  mlir::Value unitNumber(mlir::Value panel, mlir::Value strips, const FixedUnit &fixed);
  /// Whether some element of a unit is padding (order-3); null where there is no such unit.
  mlir::Value hasPadding(mlir::Value panel, const FixedUnit &fixed);
  /// A mask for each operand register r0…r3 of the lane (vectors of four blocks): all bits of the
  /// halves whose elements exist.
  Values existing(mlir::Value panel, const FixedUnit &fixed);

  /// The first row and the first column of a unit.
  mlir::Value rowOf(mlir::Value panel, const FixedUnit &fixed);
  mlir::Value columnOf(const FixedUnit &fixed);

  const int64_t rows, columns, groups, panels;
  mlir::Value lane, warp;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_UNITCODE_H
