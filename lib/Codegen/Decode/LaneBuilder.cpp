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

/// The lanes of the first of two vectors that are made of rows a and b; those of the second one are
/// `distance` behind.
static std::pair<SmallVector<int64_t>, int64_t> exchangedLanes(int64_t rowBit) {
  switch (rowBit) {
  case 1:
    return {{0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29}, 2};
  case 2:
    return {{0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29}, 2};
  case 4:
    return {{0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23}, 8};
  default:
    return {{0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27}, 4};
  }
}

void exchangeWithColumns(OpBuilder &builder, Location location, MutableArrayRef<Value> rows,
                         int64_t rowBit) {
  auto [low, distance] = exchangedLanes(rowBit);
  SmallVector<int64_t> high;
  for (int64_t lane : low)
    high.push_back(lane + distance);
  for (size_t row = 0; row < rows.size(); ++row) {
    if (row & rowBit)
      continue;
    Value a = rows[row], b = rows[row | rowBit];
    rows[row] = vector::ShuffleOp::create(builder, location, a, b, low);
    rows[row | rowBit] = vector::ShuffleOp::create(builder, location, a, b, high);
  }
}

/// Bits 4 and 8 have changed places, and 1 and 2.
SmallVector<Value> columnsOf(ArrayRef<Value> rows) {
  SmallVector<Value> columns;
  for (size_t column = 0; column < rows.size(); ++column)
    columns.push_back(rows[(column & 5) << 1 | (column & 10) >> 1]);
  return columns;
}

SmallVector<Value> turnRound(OpBuilder &builder, Location location, ArrayRef<Value> rows) {
  SmallVector<Value> exchanged(rows);
  for (int64_t bit : {4, 8, 1, 2})
    exchangeWithColumns(builder, location, exchanged, bit);
  return columnsOf(exchanged);
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
