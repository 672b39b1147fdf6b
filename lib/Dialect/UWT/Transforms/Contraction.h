//===- Contraction.h - Products with a weight, as linalg has them -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds out of a linalg operation whether it is a product with a compressed weight,
// which loops are what, and rewrites it as `uwt.matmul` with what has to stand around
// it. Where it cannot, the error's message is a clause that says why. Consumers of the product are
// FuseEpilogue's.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_TRANSFORMS_CONTRACTION_H
#define UWT_LIB_DIALECT_UWT_TRANSFORMS_CONTRACTION_H

#include "Dequantization.h"
#include "TableLookup.h"
#include "WeightExpression.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AffineMap.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Support/Error.h"

namespace uwt {

/// A value seen through operations that only move its elements or widen them.
struct TracedValue {
  mlir::Value source;
  /// For each dimension of the value where the trace began: the dimension of `source`
  /// that it runs along, or -1 where elements do not depend on it (broadcast or of size 1).
  llvm::SmallVector<int64_t> dims;

  /// The value itself.
  explicit TracedValue(mlir::Value value);
  mlir::RankedTensorType type() const {
    return llvm::cast<mlir::RankedTensorType>(source.getType());
  }
  /// Goes one operation back: tensor.cast, a transpose, broadcast or copy, a generic that permutes,
  /// repeats or widens, and, where `reshapes`, a reshape that only adds or drops
  /// dimensions of size 1. False, and nothing changed, where the operation is another one.
  bool advance(bool reshapes);
};

/// A `linalg.generic` that widens each element of a tensor to `element`.
mlir::Value createWidened(mlir::OpBuilder &builder, mlir::Location location, mlir::Value narrow,
                          mlir::Type element);

/// Returns if all of a body is computation: an assertion belongs to the loops that it stands in.
bool hasNoEffects(mlir::linalg::LinalgOp op);

/// Whether `value` is matrices of a weight that are looked up by their numbers, with dimensions in
/// any order.
bool areLookedUpMatrices(mlir::Value value);

/// A product of activations with a weight. Loops are the linalg operation's.
struct Contraction {
  mlir::linalg::LinalgOp op;
  /// What was found behind the operand of the weight: the result of a `uwt.decode`, or what weights
  /// and constants alone decide (WeightExpression.h).
  mlir::Value weight;
  /// What was found behind the operand of the activations.
  mlir::Value x;
  /// The loop of each dimension of `weight`, -1 where it has size 1 and no loop.
  llvm::SmallVector<int64_t> weightLoops;
  /// From the loops to the indices of `x`: dimensions, or for windows (convolutions) sums of
  /// multiples of them.
  mlir::AffineMap xMap;
  /// The loop of each dimension of the output.
  llvm::SmallVector<unsigned> outputLoops;
  /// Loops over the matrices of the weight, over its rows N and over its columns K, in the order of
  /// the weight's dimensions.
  llvm::SmallVector<unsigned> experts, n, k;
  /// Where the product reads a weight as it is stored; else its matrices are derived.
  DecodeOp stored;
  /// Where a matrix is selected: of a stored weight of rank 3, or of `layers` that are derived.
  mlir::OpFoldResult selectedMatrix;
  int64_t layers = 0;
  /// Where matrices are looked up, in a stored weight or in a table that is derived: `weight` is
  /// the result.
  std::optional<TableLookup> selectedMatrices;
  /// Whether K is the first dimension of the weight's matrix.
  bool kMajor = false;
  /// Where the derived matrix is computed from codes that products run from.
  std::optional<Dequantization> dequantization;
  /// Where it is computed from codes, but in another way than a format of quantised weights does:
  /// what differs.
  std::string notFromCodes;

  /// Analyses `op`. Gives std::nullopt where no operand comes from a weight. Errors: Unsupported
  /// (why a product with a weight stays as it is).
  static Expected<std::optional<Contraction>> find(mlir::linalg::LinalgOp op);

  /// Whether elements of x do not lie at dimensions of loops alone.
  bool hasWindows() const { return !xMap.isProjectedPermutation(); }
  /// Whether x depends on the loop.
  bool isInX(unsigned loop) const { return xMap.isFunctionOfDim(loop); }
  mlir::RankedTensorType weightType() const {
    return llvm::cast<mlir::RankedTensorType>(weight.getType());
  }
  /// What is computed when weights are loaded, where the product reads no stored weight: all
  /// matrices that `weight` selects from, else `weight`.
  mlir::Value derivedValue() const { return selectedMatrices ? selectedMatrices->table : weight; }

  /// The compressed type that the product starts from. Of a stored weight it is the weight's own,
  /// in fragments and along K, or raw where no compiled code decodes that; of a derived one that of
  /// its codes, else raw.
  /// Errors: Unsupported (no compiled code decodes this element type at all).
  Expected<CompressedType> getRunType() const;
};

/// Replaces the contraction's operation: `uwt.matmul` with an f32 result, and behind it the reshape
/// or transpose to the order of the output and the addition of an initial value, rounded once.
MatmulOp rewriteContraction(mlir::RewriterBase &rewriter, const Contraction &contraction,
                            CompressedType runType, Numerics numerics, WeightDeriver &deriver);

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_TRANSFORMS_CONTRACTION_H
