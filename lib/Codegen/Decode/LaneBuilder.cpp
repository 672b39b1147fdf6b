//===- LaneBuilder.cpp - Elementwise operations over a lane type ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Dialect/UWT/IR/Indices.h"

using namespace mlir;

namespace uwt::codegen {

void keepRolled(Operation *loop) {
  MLIRContext *context = loop->getContext();
  auto disable =
      LLVM::LoopUnrollAttr::get(context, BoolAttr::get(context, true), {}, {}, {}, {}, {}, {});
  loop->setAttr("llvm.loop_annotation",
                LLVM::LoopAnnotationAttr::get(context, {}, {}, {}, disable, {}, {}, {}, {}, {}, {},
                                              {}, {}, {}, {}, {}));
}

Value LaneBuilder::constants(ArrayRef<uint32_t> values) {
  auto vector = cast<VectorType>(type());
  SmallVector<int32_t> elements;
  for (int64_t i = 0; i < vector.getNumElements(); ++i)
    elements.push_back(static_cast<int32_t>(values[i % values.size()]));
  return arith::ConstantOp::create(builder, location,
                                   DenseElementsAttr::get(vector, ArrayRef<int32_t>(elements)));
}

Value LaneBuilder::splat(Value scalar) {
  if (!isa<VectorType>(type()))
    return scalar;
  return vector::BroadcastOp::create(builder, location, type(), scalar);
}

Value LaneBuilder::rotateLeft(Value a, uint32_t bits) {
  bits %= 32;
  return bits == 0 ? a : bitOr(shl(a, bits), lshr(a, 32 - bits));
}

Value LaneBuilder::merge(uint32_t mask, Value a, Value b) {
  return bitOr(bitAnd(a, mask), bitAnd(b, ~mask));
}

/// A thread's four blocks: units on a device lie so that its words are one access. A CPU's rows
/// lie anywhere.
static constexpr int64_t threadLanes = 4;

static llvm::MaybeAlign alignmentOf(int64_t count) {
  return count <= threadLanes ? llvm::MaybeAlign(4 * count) : llvm::MaybeAlign();
}

Value LaneBuilder::load(Value buffer, Value base, int64_t offset) {
  Value index = Indices(builder, location).add(base, offset);
  if (auto vector = dyn_cast<VectorType>(type()))
    return vector::LoadOp::create(builder, location, vector, buffer, index,
                                  /*nontemporal=*/false, alignmentOf(vector.getNumElements()));
  return memref::LoadOp::create(builder, location, buffer, index);
}

Value LaneBuilder::loadRepeated(Value buffer, Value base, int64_t offset, unsigned count) {
  auto vector = cast<VectorType>(type());
  auto narrow = VectorType::get({count}, vector.getElementType());
  Value index = Indices(builder, location).add(base, offset);
  int64_t lanes = vector.getNumElements();
  Value few = vector::LoadOp::create(
      builder, location, narrow, buffer, index,
      /*nontemporal=*/false, lanes == threadLanes ? alignmentOf(count) : llvm::MaybeAlign());
  SmallVector<int64_t> picks;
  for (int64_t i = 0; i < lanes; ++i)
    picks.push_back(i * count / lanes);
  return vector::ShuffleOp::create(builder, location, few, few, picks);
}

} // namespace uwt::codegen
