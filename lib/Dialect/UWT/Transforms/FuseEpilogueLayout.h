//===- FuseEpilogueLayout.h - Dimensions around a product -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product is [E, M, N]; what follows it in the IR may have M in several dimensions, in
// another order, or with dimensions of size 1. Each dimension of a value is described by
// the *atoms* of the product's dimensions that it runs over:
//
//     product  [14, 256]     {m} {n}
//     expanded [2, 7, 256]   {m0} {m1} {n}      after which m is known to be m0 m1
//     operand  [1, 256]      {}   {n}
//
// Dimensions of the product that have size 1 have no atoms.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_TRANSFORMS_FUSEEPILOGUELAYOUT_H
#define UWT_LIB_DIALECT_UWT_TRANSFORMS_FUSEEPILOGUELAYOUT_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace uwt {

/// The atoms that a dimension runs over, the outermost one first.
using DimAtoms = llvm::SmallVector<unsigned, 2>;
/// Those of each dimension of a value.
using Frame = llvm::SmallVector<DimAtoms, 4>;

/// The atoms of a product's dimensions. Splitting one does not invalidate frames: they are
/// read through `leaves`.
class ProductLayout {
public:
  /// Of a product of type `type`, whose sizes are `sizes`.
  ProductLayout(mlir::RankedTensorType type, llvm::ArrayRef<mlir::OpFoldResult> sizes);

  /// The product's own frame.
  Frame product() const;
  /// What `dim` runs over now that atoms may have been split.
  DimAtoms leaves(const DimAtoms &dim) const;
  /// Whether a value with this frame has every element of the product.
  bool isWhole(const Frame &frame) const;

  /// The frame of a reshape's result, or nothing where it mixes dimensions.
  std::optional<Frame> expand(const Frame &frame, mlir::tensor::ExpandShapeOp op);
  std::optional<Frame> collapse(const Frame &frame, mlir::tensor::CollapseShapeOp op) const;

  /// The indexing map of an operand with this frame that is collapsed to whole dimensions of
  /// the product, or nothing where it does not have them whole and in order.
  std::optional<mlir::AffineMap> mapOf(const Frame &frame, mlir::MLIRContext *context) const;
  /// Collapses that operand.
  mlir::Value toProduct(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                        const Frame &frame) const;
  /// From the product's dimensions to a value of `type` with this frame, which is whole.
  mlir::Value fromProduct(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                          const Frame &frame, mlir::RankedTensorType type) const;

private:
  struct Atom {
    unsigned productDim;
    int64_t staticSize;
    mlir::OpFoldResult size;
    DimAtoms parts;
  };
  bool hasSizes(const DimAtoms &dim, llvm::ArrayRef<int64_t> results, mlir::RankedTensorType type,
                llvm::ArrayRef<mlir::OpFoldResult> sizes) const;
  void split(unsigned atom, llvm::ArrayRef<int64_t> results, mlir::RankedTensorType type,
             llvm::ArrayRef<mlir::OpFoldResult> sizes);
  mlir::OpFoldResult sizeOf(mlir::OpBuilder &builder, const DimAtoms &dim) const;
  mlir::Value expandTo(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                       const Frame &frame, llvm::ArrayRef<mlir::ReassociationIndices> groups) const;
  mlir::Value reshape(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                      const Frame &frame) const;
  mlir::Value permute(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                      const Frame &frame) const;

  mlir::RankedTensorType type;
  llvm::SmallVector<Atom> atoms;
  /// The atom of each dimension of the product, or -1 for size 1.
  llvm::SmallVector<int64_t> roots;
};

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_TRANSFORMS_FUSEEPILOGUELAYOUT_H
