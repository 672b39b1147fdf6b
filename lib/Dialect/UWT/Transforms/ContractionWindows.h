//===- ContractionWindows.h - What a convolution reads of x -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A convolution reads windows of x: the index of a dimension is `output * stride + kernel *
// dilation`. A product wants a dimension a loop. Where windows do not overlap (kernels of one
// element, patch embeddings) x has those already, behind a slice or a reshape. Else they are
// gathered (im2col); uwt-tile-windows does that a few rows at a time.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_TRANSFORMS_CONTRACTIONWINDOWS_H
#define UWT_LIB_DIALECT_UWT_TRANSFORMS_CONTRACTIONWINDOWS_H

#include "Contraction.h"

namespace uwt {

/// Makes x of a contraction have a dimension a loop.
class Windows {
public:
  Windows(mlir::OpBuilder &builder, const Contraction &contraction);

  /// x itself, a view of it, or its windows, gathered. Emits in front of the builder.
  mlir::Value createX();
  /// The loop of each dimension of what createX gave.
  llvm::ArrayRef<unsigned> loops() const { return xLoops; }

private:
  /// An index of x: a sum of multiples of loops whose sizes are not 1.
  using Index = llvm::SmallVector<std::pair<unsigned, int64_t>, 2>;
  Index indexOf(mlir::AffineExpr expr) const;
  bool isSplit(const Index &index) const;
  mlir::OpFoldResult sizeOf(unsigned loop);
  mlir::Value trimX();
  mlir::Value sliceX();
  mlir::Value splitX(mlir::Value x);
  mlir::Value gather();

  mlir::OpBuilder &b;
  const Contraction &c;
  mlir::Location loc;
  llvm::SmallVector<int64_t> ranges;
  llvm::SmallVector<Index> indices;
  llvm::SmallVector<unsigned> xLoops;
};

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_TRANSFORMS_CONTRACTIONWINDOWS_H
