//===- EscapeElement.h - The element of an escape record --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_ESCAPEELEMENT_H
#define UWT_LIB_CODEGEN_DECODE_ESCAPEELEMENT_H

#include "uwt/Dialect/UWT/IR/IntegerBuilder.h"

namespace uwt::codegen {

/// An element as records and buffers number it: a half of a lane's register in a block.
struct EscapeElement {
  mlir::Value block, lane, reg, half;

  /// escape-1, escape-2: of a record `position << 16 | word`, whose blocks have `blockBits` bits.
  static EscapeElement ofWord(IntegerBuilder &code, mlir::Value record, unsigned blockBits) {
    return {code.bits(record, 24, blockBits), code.bits(record, 19, 5), code.bits(record, 17, 2),
            code.bits(record, 16, 1)};
  }

  /// escape-3, order-3: of a column of run `run` of a row of a strip or panel. Column
  /// 2t + h + 8·⌊r/2⌋ of a block, row g + 8·(r mod 2).
  static EscapeElement ofRun(IntegerBuilder &code, mlir::Value run, mlir::Value row,
                             mlir::Value column) {
    EscapeElement element;
    mlir::Value first = code.shl(run, 2);
    element.block = code.add(first, code.bits(column, 4, 2));
    mlir::Value ofRow = code.shl(code.bits(row, 0, 3), 2);
    element.lane = code.add(ofRow, code.bits(column, 1, 2));
    mlir::Value upper = code.bits(row, 3, 1);
    element.reg = code.add(upper, code.shl(code.bits(column, 3, 1), 1));
    element.half = code.bits(column, 0, 1);
    return element;
  }
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_ESCAPEELEMENT_H
