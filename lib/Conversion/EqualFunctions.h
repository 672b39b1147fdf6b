//===- EqualFunctions.h - Functions that do the same ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONVERSION_EQUALFUNCTIONS_H
#define UWT_LIB_CONVERSION_EQUALFUNCTIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace uwt {

/// A set of functions of which no two do the same, whatever their names and locations.
class EqualFunctions {
public:
  /// The function of the set that does what `func` does; where there is none, `func` joins the set
  /// and is given back.
  mlir::func::FuncOp findOrInsert(mlir::func::FuncOp func) {
    size_t size = 0;
    func.walk([&](mlir::Operation *) { ++size; });
    llvm::SmallVector<mlir::func::FuncOp> &earlier = bySize[size];
    for (mlir::func::FuncOp other : earlier)
      if (mlir::OperationEquivalence::isRegionEquivalentTo(
              &func.getBody(), &other.getBody(), mlir::OperationEquivalence::IgnoreLocations))
        return other;
    earlier.push_back(func);
    return func;
  }

private:
  llvm::DenseMap<size_t, llvm::SmallVector<mlir::func::FuncOp>> bySize;
};

} // namespace uwt

#endif // UWT_LIB_CONVERSION_EQUALFUNCTIONS_H
