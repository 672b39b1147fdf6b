//===- TableLookup.h - Parts of a weight by their numbers -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Front ends write an embedding, and experts that are gathered by index, as a linalg.generic whose
// body reads one element of the table: the first index is computed, the others are the last loops.
// A loop over stacked layers reads a slice with a computed offset.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_TRANSFORMS_TABLELOOKUP_H
#define UWT_LIB_DIALECT_UWT_TRANSFORMS_TABLELOOKUP_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

/// A generic of result [ids..., rest...], whose elements are those of `table` [count, rest...].
struct TableLookup {
  mlir::linalg::GenericOp op;
  mlir::tensor::ExtractOp read;
  mlir::Value table;

  /// What `op` looks up in a weight or in what weights alone decide (WeightExpression.h), or in
  /// `table`; nothing where it does something else.
  static std::optional<TableLookup> match(mlir::Operation *op, mlir::Value table = {});
  /// The decode that is the table; null where the table is computed.
  DecodeOp weight() const { return table.getDefiningOp<DecodeOp>(); }
  mlir::RankedTensorType tableType() const {
    return llvm::cast<mlir::RankedTensorType>(table.getType());
  }
  /// Dimensions of the result that the numbers go by.
  int64_t idRank() const;
  /// The numbers, as a vector of `index`. Emits in front of `op`.
  mlir::Value createIds(mlir::OpBuilder &builder) const;
};

/// A slice that takes one whole matrix of a weight of rank 3.
struct MatrixSlice {
  DecodeOp weight;
  mlir::OpFoldResult number;

  static std::optional<MatrixSlice> match(mlir::Operation *op);
};

/// Replaces a lookup of rows of a decode by `uwt.gather`.
void rewriteLookup(mlir::RewriterBase &rewriter, const TableLookup &lookup);

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_TRANSFORMS_TABLELOOKUP_H
