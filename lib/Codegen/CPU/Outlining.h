//===- Outlining.h - What passes that outline share -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_OUTLINING_H
#define UWT_LIB_CODEGEN_CPU_OUTLINING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace uwt::codegen {

/// Whether `value` can be made again wherever it is needed.
inline bool isCheapConstant(mlir::Value value) {
  mlir::Operation *op = value.getDefiningOp();
  return op && op->hasTrait<mlir::OpTrait::ConstantLike>();
}

/// An empty function that only the module sees, and LLVM too.
inline mlir::func::FuncOp createInternalFunction(mlir::Location loc, llvm::StringRef name,
                                                 mlir::FunctionType type) {
  auto function = mlir::func::FuncOp::create(loc, name, type);
  function.setPrivate();
  function->setAttr("llvm.linkage",
                    mlir::LLVM::LinkageAttr::get(type.getContext(), mlir::LLVM::Linkage::Internal));
  return function;
}

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

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_OUTLINING_H
