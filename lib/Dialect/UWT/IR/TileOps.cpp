//===- TileOps.cpp - Operations at tile and lane level --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Dialect/UWT/IR/IntegerProducts.h"
#include "uwt/Dialect/UWT/IR/WeightBuffers.h"

using namespace mlir;

namespace uwt {

/// Compressed values are read-only memory that no operand names.
static void addRead(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  effects.emplace_back(MemoryEffects::Read::get());
}

//===----------------------------------------------------------------------===//
// BufferOp
//===----------------------------------------------------------------------===//

MemRefType getBufferType(WeightBuffer kind, CompressedType type) {
  auto words = [&](unsigned bits) {
    return MemRefType::get({ShapedType::kDynamic}, IntegerType::get(type.getContext(), bits));
  };
  switch (kind) {
  case WeightBuffer::Panels:
    return words(64);
  case WeightBuffer::Counts:
  case WeightBuffer::Classes:
    return words(8);
  case WeightBuffer::Dense:
    return MemRefType::get(type.getShape(), type.getElementType());
  case WeightBuffer::Order:
    return MemRefType::get({type.getColumns()}, IntegerType::get(type.getContext(), 32));
  default:
    return words(32);
  }
}

OpFoldResult MatrixSizeOp::fold(FoldAdaptor) {
  CompressedType type = getWeight().getType();
  int64_t size = getDimension() == 0 ? type.getRows() : type.getColumns();
  if (ShapedType::isDynamic(size))
    return {};
  return IntegerAttr::get(IndexType::get(getContext()), size);
}

LogicalResult BufferOp::verify() {
  Type expected = getBufferType(getKind(), getWeight().getType());
  if (getBuffer().getType() != expected)
    return emitOpError() << "expects buffer " << stringifyWeightBuffer(getKind()) << " to be a "
                         << expected << ", got " << getBuffer().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// DecodeUnitOp
//===----------------------------------------------------------------------===//

void DecodeUnitOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addRead(effects);
  for (OpOperand &operand : getBufferMutable())
    effects.emplace_back(MemoryEffects::Write::get(), &operand);
}

LogicalResult DecodeUnitOp::verify() {
  if (bool(getBuffer()) != bool(getOffset()))
    return emitOpError("expects a buffer and an offset in it, or neither");
  size_t count = getRowVectors().size();
  if (getBuffer()) {
    if (count != 0)
      return emitOpError() << "expects no row vectors beside a buffer, got " << count;
    if (!cast<MemRefType>(getBuffer().getType()).getElementType().isInteger(16))
      return emitOpError() << "expects a buffer of i16, got " << getBuffer().getType();
    return success();
  }
  if (count == 0 || count % 32 != 0)
    return emitOpError() << "expects 32 row vectors a 64-column group, got " << count;
  return success();
}

//===----------------------------------------------------------------------===//
// DotUnitOp
//===----------------------------------------------------------------------===//

void DotUnitOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addRead(effects);
  effects.emplace_back(MemoryEffects::Read::get(), &getXMutable());
  effects.emplace_back(MemoryEffects::Read::get(), &getAccumulatorsMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getAccumulatorsMutable());
}

LogicalResult DotUnitOp::verify() {
  Type x = cast<MemRefType>(getX().getType()).getElementType();
  if (!x.isInteger(32) && !x.isF32())
    return emitOpError() << "expects x of i32 (packed pairs) or f32, got " << x;
  if (!cast<MemRefType>(getAccumulators().getType()).getElementType().isF32())
    return emitOpError() << "expects accumulators of f32, got " << getAccumulators().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// DecodeStreamOp
//===----------------------------------------------------------------------===//

void DecodeStreamOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addRead(effects);
  effects.emplace_back(MemoryEffects::Write::get(), &getBufferMutable());
}

LogicalResult DecodeStreamOp::verify() {
  if (!cast<MemRefType>(getBuffer().getType()).getElementType().isInteger(16))
    return emitOpError() << "expects a buffer of i16, got " << getBuffer().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// PatchUnitOp
//===----------------------------------------------------------------------===//

void PatchUnitOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addRead(effects);
  effects.emplace_back(MemoryEffects::Read::get(), &getBufferMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getBufferMutable());
}

//===----------------------------------------------------------------------===//
// DotOp
//===----------------------------------------------------------------------===//

LogicalResult DotOp::verify() {
  bool isPacked = getX().size() == 1 && isa<VectorType>(getX()[0].getType()) &&
                  cast<VectorType>(getX()[0].getType()).getElementType().isInteger(32);
  bool isWide = getX().size() == 2 && llvm::all_of(getX(), [](Value value) {
                  return cast<VectorType>(value.getType()).getElementType().isF32();
                });
  if (!isPacked && !isWide)
    return emitOpError() << "expects x as one vector of packed pairs or as two vectors of f32";
  if (!getElement().isBF16() && !getElement().isF16())
    return emitOpError() << "expects words of bf16 or f16, got " << getElement();
  return success();
}

//===----------------------------------------------------------------------===//
// DecodeIntegersOp, DecodeNumbersOp and DotIntegerOp
//===----------------------------------------------------------------------===//

/// The format, where integers are decoded from it.
static FailureOr<Format> integerFormat(Operation *op, CompressedType type) {
  if (Status served = checkIntegerWeight(type); !served)
    return op->emitOpError() << "reads no integers of this weight: " << served.error().message();
  return type.getFormat().getFormat();
}

void DecodeIntegersOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addRead(effects);
}

LogicalResult DecodeIntegersOp::verify() {
  FailureOr<Format> format = integerFormat(*this, getWeight().getType());
  if (failed(format))
    return failure();
  uint32_t groups = quantizedUnit(*format).groups();
  if (getGroup() && *getGroup() >= groups)
    return emitOpError() << "expects one of the unit's " << groups << " groups, got group "
                         << *getGroup();
  size_t expected = size_t(stripRows) * (getGroup() ? 1 : groups);
  if (getBytes().size() == expected)
    return success();
  return emitOpError() << "expects " << expected << " vectors, one a row and 64-column group, got "
                       << getBytes().size();
}

void DecodeNumbersOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addRead(effects);
}

LogicalResult DecodeNumbersOp::verify() {
  FailureOr<Format> format = integerFormat(*this, getWeight().getType());
  if (failed(format))
    return failure();
  QuantizedUnit unit = quantizedUnit(*format);
  size_t cells = unit.cells, zeros = unit.zero ? cells : 0;
  if (getScales().size() == cells && getZeros().size() == zeros)
    return success();
  return emitOpError() << "expects " << cells << " vectors of scales and " << zeros
                       << " of zeros, got " << getScales().size() << " and " << getZeros().size();
}

LogicalResult DotIntegerOp::verify() {
  if (!getWeights().empty() && getWeights().size() == getX().size())
    return success();
  return emitOpError("expects a vector of weights and one of x, or more of both");
}

//===----------------------------------------------------------------------===//
// LookupOp
//===----------------------------------------------------------------------===//

void LookupOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addRead(effects);
}

//===----------------------------------------------------------------------===//
// RoundWordsOp, LookupFloatsOp and LookupNibblesOp
//===----------------------------------------------------------------------===//

static LogicalResult verifyWord(Operation *op, Type element) {
  if (element.isBF16() || element.isF16())
    return success();
  return op->emitOpError() << "expects element type bf16 or f16, got " << element;
}

LogicalResult RoundWordsOp::verify() { return verifyWord(*this, getElement()); }

LogicalResult LookupFloatsOp::verify() {
  size_t tables = getTables().size();
  if (tables != 1 && tables != 2 && tables != 4)
    return emitOpError() << "expects 1, 2 or 4 tables, got " << tables;
  if (getJoined() && tables == 1)
    return emitOpError() << "expects 2 or 4 tables that are joined, got 1";
  return verifyWord(*this, getElement());
}

LogicalResult LookupNibblesOp::verify() { return verifyWord(*this, getElement()); }

} // namespace uwt
