//===- WeightExpression.h - Values that only weights decide -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight may reach its product through a computation: slices, reshapes, concatenations, scales.
// Where no activation takes part, the computation gives the same at every call, so that it is done
// once, when weights are loaded.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_TRANSFORMS_WEIGHTEXPRESSION_H
#define UWT_LIB_DIALECT_UWT_TRANSFORMS_WEIGHTEXPRESSION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "llvm/ADT/SetVector.h"

namespace uwt {

/// The operations that compute a value from weights and constants.
struct WeightExpression {
  /// In the order of the IR; decodes of weights and dense weights are not among them.
  llvm::SetVector<mlir::Operation *> operations;
  /// Decodes of a `uwt.weight` or `uwt.constant`, and dense weights.
  llvm::SetVector<mlir::Operation *> leaves;
  /// Where leaves are stacked and one layer of each is taken, as a loop over layers does: the
  /// number of the layer, which only a call knows, and how many there are.
  mlir::Value number;
  int64_t count = 0;

  /// The expression of `value`, a tensor of static shape; nothing where something else takes part,
  /// or where no weight does.
  static std::optional<WeightExpression> find(mlir::Value value);
  /// The same of several values together.
  static std::optional<WeightExpression> find(mlir::ValueRange values);

  /// Bytes of the tensors of all leaves. Elements of 8 bits count as 16 bits: left alone, they
  /// would be widened at every call.
  int64_t widenedLeafBytes() const;
};

/// Whether weights and constants alone decide a value, but for the number of a layer.
bool isOfWeights(mlir::Value value);

/// Bytes of a tensor of static shape, each element taking whole bytes.
int64_t tensorBytes(mlir::RankedTensorType type);

/// Moves weight expressions of a module into functions whose arguments are the tensors of the
/// leaves.
class WeightDeriver {
public:
  explicit WeightDeriver(mlir::ModuleOp module) : module(module), symbols(module) {}

  /// A weight of type `type` for the value of a weight expression; for a layer that is selected, of
  /// the values of all layers, stacked. Equal expressions of other weights share a function.
  mlir::Value derive(mlir::OpBuilder &builder, mlir::Value value, CompressedType type);
  /// A weight for the codes, scales and zeros (`Dequantization::materialize`) of format `codes`.
  mlir::Value derive(mlir::OpBuilder &builder, mlir::ValueRange values, CompressedType type,
                     FormatAttr codes);

private:
  mlir::func::FuncOp makeFunction(mlir::ValueRange values, const WeightExpression &expression,
                                  llvm::ArrayRef<mlir::Operation *> arguments);
  mlir::func::FuncOp unique(mlir::func::FuncOp function);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  llvm::SmallVector<mlir::func::FuncOp> functions;
};

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_TRANSFORMS_WEIGHTEXPRESSION_H
