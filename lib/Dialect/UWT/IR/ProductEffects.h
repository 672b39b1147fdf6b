//===- ProductEffects.h - What a product does to memory ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_IR_PRODUCTEFFECTS_H
#define UWT_LIB_DIALECT_UWT_IR_PRODUCTEFFECTS_H

#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

/// The effects of a product on memrefs: of `uwt.matmul`, or of the launch in its place.
template <typename ProductOp>
void addProductEffects(
    ProductOp op,
    llvm::SmallVectorImpl<mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>>
        &effects) {
  using namespace mlir;
  effects.emplace_back(MemoryEffects::Read::get(), &op.getXMutable());
  for (OpOperand &selection : op.getSelectionMutable())
    if (isa<MemRefType>(selection.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &selection);
  for (OpOperand &extra : op.getExtrasMutable())
    effects.emplace_back(MemoryEffects::Read::get(), &extra);
  effects.emplace_back(MemoryEffects::Write::get(), &op.getInitMutable());
}

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_IR_PRODUCTEFFECTS_H
