//===- LowerInputTensors.cpp - Gathers, scatters and large constants ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementLoops.h"
#include "LowerInput.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using uwt::ElementLoops;

/// From as many bytes on a constant of one number is filled in by the code, not stored with it.
static constexpr int64_t largestSplatBytes = int64_t(1) << 20;

/// Where in the whole tensor the element of a part at `position` is: `batch` dimensions say which
/// row of the indices, the others lie in the whole tensor, but for those that the row has.
static SmallVector<Value> indicesInWhole(ElementLoops &emit, ValueRange position, Value indices,
                                         ArrayRef<int64_t> indexed, int64_t rank) {
  int64_t batch = cast<RankedTensorType>(indices.getType()).getRank() - 1;
  // Parts may have the dimensions that are indexed, of size 1, or lack them.
  bool lacksThem = static_cast<int64_t>(position.size()) != batch + rank;
  SmallVector<Value> row(position.take_front(batch)), whole;
  row.push_back(Value());
  ValueRange rest = position.drop_front(batch);
  for (int64_t dimension = 0; dimension < rank; ++dimension) {
    const auto *found = llvm::find(indexed, dimension);
    bool isIndexed = found != indexed.end();
    if (isIndexed) {
      row.back() = emit.index(found - indexed.begin());
      whole.push_back(emit.extractIndex(indices, row));
    } else {
      whole.push_back(rest.front());
    }
    if (!isIndexed || !lacksThem)
      rest = rest.drop_front();
  }
  return whole;
}

static LogicalResult lower(tensor::GatherOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  ElementLoops emit(builder, loc);
  RankedTensorType type = op.getResultType(), sourceType = op.getSourceType();
  int64_t batch = op.getIndicesType().getRank() - 1;
  // Sizes of the result: of the indices, then of the source without what is indexed.
  bool lacksIndexed = type.getRank() != batch + sourceType.getRank();
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < batch; ++i)
    sizes.push_back(emit.size(op.getIndices(), i));
  for (int64_t i = 0; i < sourceType.getRank(); ++i) {
    bool isIndexed = llvm::is_contained(op.getGatherDims(), i);
    if (!isIndexed)
      sizes.push_back(emit.size(op.getSource(), i));
    else if (!lacksIndexed)
      sizes.push_back(emit.index(1));
  }
  SmallVector<Value> dynamic;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      dynamic.push_back(sizes[i]);
  Value empty = tensor::EmptyOp::create(builder, loc, type, dynamic);
  SmallVector<AffineMap> maps = {builder.getMultiDimIdentityMap(type.getRank())};
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  auto gather = linalg::GenericOp::create(
      builder, loc, type, ValueRange(), empty, maps, iterators,
      [&](OpBuilder &inner, Location, ValueRange) {
        ElementLoops element(inner, loc);
        SmallVector<Value> position;
        for (int64_t i = 0; i < type.getRank(); ++i)
          position.push_back(linalg::IndexOp::create(inner, loc, i));
        SmallVector<Value> whole = indicesInWhole(element, position, op.getIndices(),
                                                  op.getGatherDims(), sourceType.getRank());
        linalg::YieldOp::create(inner, loc, element.extract(op.getSource(), whole));
      });
  op.replaceAllUsesWith(gather.getResult(0));
  op.erase();
  return success();
}

static LogicalResult lower(tensor::ScatterOp op) {
  OpBuilder builder(op);
  ElementLoops emit(builder, op.getLoc());
  SmallVector<Value> result = emit.loops(
      emit.sizes(op.getSource()), op.getDest(), [&](ValueRange position, ValueRange carried) {
        SmallVector<Value> whole = indicesInWhole(emit, position, op.getIndices(),
                                                  op.getScatterDims(), op.getDestType().getRank());
        Value element = emit.extract(op.getSource(), whole);
        return SmallVector<Value>{emit.insert(element, carried.front(), whole)};
      });
  op.replaceAllUsesWith(result.front());
  op.erase();
  return success();
}

/// A fill in place of a large constant of one number.
static LogicalResult lower(arith::ConstantOp op) {
  auto splat = dyn_cast<SplatElementsAttr>(op.getValue());
  auto type = dyn_cast<RankedTensorType>(op.getType());
  if (!splat || !type || type.getEncoding())
    return success();
  Type element = type.getElementType();
  int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  if (type.getNumElements() < largestSplatBytes * 8 / bits)
    return success();
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Value number = arith::ConstantOp::create(builder, loc, splat.getSplatValue<TypedAttr>());
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), element);
  op.replaceAllUsesWith(linalg::FillOp::create(builder, loc, number, empty).getResult(0));
  op.erase();
  return success();
}

/// The same for a number that becomes a constant of all elements once it is folded.
static LogicalResult lower(tensor::SplatOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getType());
  if (!type || !type.hasStaticShape())
    return success();
  OpBuilder builder(op);
  Value empty =
      tensor::EmptyOp::create(builder, op.getLoc(), type.getShape(), type.getElementType());
  op.replaceAllUsesWith(
      linalg::FillOp::create(builder, op.getLoc(), op.getInput(), empty).getResult(0));
  op.erase();
  return success();
}

LogicalResult uwt::lowerTensorOps(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) {
    if (isa<tensor::GatherOp, tensor::ScatterOp, tensor::SplatOp, arith::ConstantOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    LogicalResult lowered =
        llvm::TypeSwitch<Operation *, LogicalResult>(op)
            .Case<tensor::GatherOp, tensor::ScatterOp, tensor::SplatOp, arith::ConstantOp>(
                [](auto concrete) { return lower(concrete); })
            .Default([](Operation *) { return success(); });
    if (failed(lowered))
      return failure();
  }
  return success();
}
