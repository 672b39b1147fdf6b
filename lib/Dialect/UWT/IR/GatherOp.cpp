//===- GatherOp.cpp - uwt.gather ------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt {

void GatherOp::build(OpBuilder &builder, OperationState &state, Value weight, Value ids,
                     Value init) {
  bool isTensor = isa<RankedTensorType>(init.getType());
  build(builder, state, isTensor ? TypeRange(init.getType()) : TypeRange(), weight, ids, init);
}

void GatherOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  if (!hasBuffers())
    return;
  effects.emplace_back(MemoryEffects::Read::get(), &getIdsMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getInitMutable());
}

Speculation::Speculatability GatherOp::getSpeculatability() {
  // A number that is outside fails the call.
  return Speculation::NotSpeculatable;
}

LogicalResult GatherOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &shapes) {
  if (hasBuffers())
    return failure();
  shapes.push_back(tensor::getMixedSizes(builder, getLoc(), getInit()));
  return success();
}

LogicalResult GatherOp::verify() {
  bool isTensor = isa<RankedTensorType>(getInit().getType());
  if (getResults().size() != (isTensor ? 1 : 0) ||
      (isTensor && getResultTypes()[0] != getInit().getType()))
    return emitOpError() << "expects a result of the output's type for tensors, none for memrefs";
  if (isa<RankedTensorType>(getIds().getType()) != isTensor)
    return emitOpError() << "expects tensors or memrefs, not both";
  RankedTensorType table = getWeightType().getTensorType();
  ShapedType init = getInitType();
  if (table.getRank() != 2)
    return emitOpError() << "expects a weight of rank 2, got " << getWeightType();
  if (getWeightType().isFolded())
    return emitOpError() << "expects a weight without a fold, got " << getWeightType()
                         << "; transcode it to fold=none first";
  if (getWeightType().getFormat().getFormat().hasColumnOrder)
    return emitOpError() << "expects a weight with columns in their own order, got "
                         << getWeightType() << "; transcode it first";
  if (init.getRank() != 2 || init.getDimSize(1) != table.getDimSize(1) ||
      init.getElementType() != table.getElementType())
    return emitOpError() << "expects an output of rows of " << table.getDimSize(1) << " x "
                         << table.getElementType() << ", got " << init;
  int64_t rows = init.getDimSize(0), ids = getIdsType().getDimSize(0);
  if (!ShapedType::isDynamic(rows) && !ShapedType::isDynamic(ids) && rows != ids)
    return emitOpError() << "expects as many rows as there are numbers, got " << rows << " and "
                         << ids;
  return success();
}

} // namespace uwt
