//===- PanelReader.h - How compiled code reads a weight ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Emits what products and gathers share: where the parts of a panel lie, and the decode of
// a unit into row vectors or into a buffer.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_PANELREADER_H
#define UWT_LIB_CODEGEN_CPU_PANELREADER_H

#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt::codegen {

/// Lanes of a row vector, row vectors of a 64-column group of a strip, u32 of such a unit.
inline constexpr int64_t laneCount = 16, groupVectors = 32, groupU32 = 512;
inline constexpr int64_t stripsInPanel = panelRows / stripRows;

/// Fields of a panel's PanelEntry, as indices.
struct PanelFields {
  mlir::Value words, raw, code, patch, counts, storedAsWords;
  /// Number of the panel through all matrices of the weight; matrix of x and of the output; first
  /// row in it, strips.
  mlir::Value panel, matrix, row, strips;
  /// Which of the panels of its task it is, where these may be several.
  mlir::Value inTask;
};

/// Reads the panels of one weight.
class PanelReader {
protected:
  PanelReader(mlir::Value weight, mlir::OpBuilder &builder, mlir::Location location);
  /// Verifies that compiled code decodes the weight, with an error at `op`; sets `layout`.
  mlir::LogicalResult checkWeight(mlir::Operation *op);

  mlir::Value weightBuffer(WeightBuffer kind);
  /// The fields of panel `panel`, which is panel `local` of its matrix; all but `matrix`.
  PanelFields loadPanel(mlir::Value panel, mlir::Value local);
  mlir::Value unitOffset(mlir::Value start, mlir::Value unit, int64_t words);
  /// Where a unit begins, in u32: in plane `raw`, or `words`, and in plane `code`.
  struct UnitOffsets {
    mlir::Value first, code;
  };
  UnitOffsets offsetsOf(const PanelFields &panel, mlir::Value unit, bool asWords);
  /// Decodes a unit into row vectors, or from `into` of the i16 buffer `to` on.
  llvm::SmallVector<mlir::Value> decode(const PanelFields &panel, mlir::Value unit, bool asWords,
                                        mlir::Value to = {}, mlir::Value into = {});
  /// The number of a unit's escapes.
  mlir::Value escapesOf(const PanelFields &panel, mlir::Value unit);
  mlir::Value loadVector(mlir::Value buffer, mlir::Value at, mlir::Type element,
                         int64_t count = laneCount);
  void storeVector(mlir::Value vector, mlir::Value buffer, mlir::Value at);
  /// A panel of few columns is one stream unit of a prefix code.
  bool isWholePanelStream() const {
    return !layout.fixedRate && *columns.known() <= int64_t(wholePanelUnitColumns);
  }

  mlir::Value weight;
  mlir::OpBuilder &builder;
  mlir::Location location;
  Indices index;
  UnitLayout layout;
  mlir::Type element;
  /// Of a matrix of the weight.
  IntegerBuilder::Operand rows = 0, columns = 0;
  mlir::Value panelsInMatrix() { return index.ceilDiv(rows, panelRows); }
};

/// Lowers a gather on buffers, in front of it; checks what is served, with an error at the
/// operation.
mlir::LogicalResult lowerGather(GatherOp op, mlir::OpBuilder &builder);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_PANELREADER_H
