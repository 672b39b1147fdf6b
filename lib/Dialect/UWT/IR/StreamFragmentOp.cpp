//===- StreamFragmentOp.cpp - uwt.decode_stream_fragment ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt {

void DecodeStreamFragmentOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  for (OpOperand &operand : getRawMutable())
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
  for (OpOperand *operand : {&getStreamMutable(), &getTableMutable()})
    effects.emplace_back(MemoryEffects::Read::get(), operand);
}

LogicalResult DecodeStreamFragmentOp::verify() {
  if (getState().size() != 4)
    return emitOpError() << "expects a state of 4 values, got " << getState().size();
  if (getClasses().size() != 2)
    return emitOpError() << "expects the offsets of 2 classes, got " << getClasses().size();
  if (bool(getRaw()) != bool(getFirst()))
    return emitOpError("expects raw with an offset");
  for (Value buffer : {getRaw(), getStream(), getTable()})
    if (buffer && !cast<MemRefType>(buffer.getType()).getElementType().isInteger(32))
      return emitOpError() << "expects buffers of i32, got " << buffer.getType();
  return success();
}

} // namespace uwt
