//===- Dequantization.h - Weights that IR computes from codes ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Front ends write a quantised weight as the arithmetic that makes floats of its codes: widen,
// subtract a zero point, multiply with a scale, round. Where that arithmetic is what a format of
// quantised weights does (value-2, value-3 and value-6 of docs/quantised.md), the weight may be
// held as its codes.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_TRANSFORMS_DEQUANTIZATION_H
#define UWT_LIB_DIALECT_UWT_TRANSFORMS_DEQUANTIZATION_H

#include "ElementExpression.h"
#include "mlir/IR/Builders.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

/// A matrix of N and K of bf16 or f16 as codes and what they mean.
struct Dequantization {
  /// `int<8>, zero={row, int<8>}, scale={row, f16}`.
  Format format;

  /// Looks for one behind `value`, [N, K] or, with `isNLast`, [K, N]; K may be two dimensions,
  /// cells and columns of a cell. Errors: Unsupported, with the step that is another one than the
  /// format's.
  static Expected<Dequantization> find(mlir::Value value, bool isNLast);

  /// Makes tensors of the codes (i8 [N, K], two's complement of the element's bits), and of scales,
  /// zeros, where these are a grid, and offsets, where there are any (f32 [N, cells of a row]).
  llvm::SmallVector<mlir::Value> materialize(mlir::OpBuilder &builder, mlir::Location loc) const;

  /// What codes, scales, zeros and offsets are computed by, over the loops `shape`: N and K, or N,
  /// cells of a row, and columns of a cell.
  llvm::SmallVector<int64_t> shape;
  ElementExpression codes, scale;
  std::optional<ElementExpression> zero, offset;
  /// Where the scale is the one of `arith.scaling_extf`: the type that the exponent becomes.
  mlir::Type extendedScale;
  /// Rows, and cells of a row; and from these two to the loops of a cell's first column.
  llvm::SmallVector<int64_t> cells;
  mlir::AffineMap cellLoops;
};

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_TRANSFORMS_DEQUANTIZATION_H
