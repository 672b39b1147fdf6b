//===- LowerTMTensor.cpp - From tm_tensor to linalg and loops -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements are visited one by one: each of these operations goes from one to the next. Sorting is
// in LowerTMTensorSort.cpp.
//
//===----------------------------------------------------------------------===//

#include "ElementLoops.h"
#include "LowerInput.h"
#include "LowerTMTensorSort.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "uwt/Dialect/TMTensor/TMTensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using uwt::ElementLoops;
using namespace uwt::tm_tensor;
using Values = SmallVector<Value>;

//===----------------------------------------------------------------------===//
// Scans and scatters
//===----------------------------------------------------------------------===//

static Values lower(OpBuilder &builder, ScanOp op) {
  ElementLoops emit(builder, op.getLoc());
  Value input = op.getInputs()[0];
  auto dimension = static_cast<int64_t>(op.getDimension());
  Values rest = emit.sizes(input);
  Value length = rest[dimension];
  rest.erase(rest.begin() + dimension);
  return emit.loops(rest, op.getOutputs(), [&](ValueRange ivs, ValueRange outputs) {
    auto at = [&](Value i) {
      Values position(ivs);
      position.insert(position.begin() + dimension, i);
      return position;
    };
    Value zero = emit.index(0), one = emit.index(1), first = emit.extract(outputs[1], ivs);
    Values carried = {outputs[0], first};
    carried = emit.loop(zero, length, one, carried, [&](ValueRange iv, ValueRange inner) {
      Value isLater = emit.isBelow(zero, iv.front());
      auto begin = [&]() -> Values {
        return {op.getInclusive() ? emit.extract(input, at(iv.front())) : inner[1]};
      };
      auto goOn = [&]() -> Values {
        Value from = iv.front();
        if (!op.getInclusive())
          from = emit.add(from, emit.index(-1));
        return emit.apply(op.getRegion(), {inner[1], emit.extract(input, at(from))});
      };
      Value result = emit.branch(isLater, goOn, begin).front();
      return Values{emit.insert(result, inner[0], at(iv.front())), result};
    });
    return Values{carried[0], emit.insert(carried[1], outputs[1], ivs)};
  });
}

static Values lower(OpBuilder &builder, ScatterOp op) {
  ElementLoops emit(builder, op.getLoc());
  Value updates = op.getInputs()[0], indices = op.getInputs()[1];
  ArrayRef<int64_t> map = op.getDimensionMap();
  int64_t rank = cast<RankedTensorType>(op.getOutputs()[0].getType()).getRank();
  return emit.loops(emit.sizes(updates), op.getOutputs(), [&](ValueRange ivs, ValueRange output) {
    ValueRange inUpdate = ivs.drop_front();
    int64_t missing = rank - static_cast<int64_t>(inUpdate.size());
    Values target;
    for (int64_t dimension = 0; dimension < rank; ++dimension) {
      Value offset = dimension < missing ? Value() : inUpdate[dimension - missing];
      const auto *column = llvm::find(map, dimension);
      if (column != map.end()) {
        Value index = emit.extractIndex(indices, {ivs.front(), emit.index(column - map.begin())});
        offset = offset ? emit.add(index, offset) : index;
      }
      target.push_back(offset);
    }
    Value update = emit.extract(updates, ivs), current = emit.extract(output.front(), target);
    Value element = emit.apply(op.getRegion(), {update, current}).front();
    return Values{emit.insert(element, output.front(), target)};
  });
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {
/// Attention as linalg, in f32.
class Attention {
public:
  Attention(OpBuilder &builder, AttentionOp op)
      : builder(builder), op(op), loc(op.getLoc()),
        batch(cast<RankedTensorType>(op.getInputs()[0].getType()).getRank() - 2),
        inner(scoreType()) {}
  Value emit();

private:
  /// f32, or f64 where the operands are.
  FloatType scoreType() {
    Type element = getElementTypeOrSelf(op.getOutputs()[0].getType());
    return element.isF64() ? builder.getF64Type() : builder.getF32Type();
  }
  AffineMap map(ArrayRef<unsigned> dimensions);
  Value emptyLike(Value rows, Value columns, int64_t columnDimension);
  Value product(Value a, Value b, Value init, ArrayRef<unsigned> ofA, ArrayRef<unsigned> ofB);
  Value scaled(Value scores);
  Value widened(Value value);

  OpBuilder &builder;
  AttentionOp op;
  Location loc;
  unsigned batch;
  FloatType inner;
};
} // namespace

/// Of the loops batch, m, n, k: those of the batch, and `dimensions` of the others.
AffineMap Attention::map(ArrayRef<unsigned> dimensions) {
  SmallVector<AffineExpr> results;
  for (unsigned i = 0; i < batch; ++i)
    results.push_back(builder.getAffineDimExpr(i));
  for (unsigned dimension : dimensions)
    results.push_back(builder.getAffineDimExpr(batch + dimension));
  return AffineMap::get(batch + 3, 0, results, builder.getContext());
}

/// An empty tensor with the batch and rows of one tensor and the columns of another.
Value Attention::emptyLike(Value rows, Value columns, int64_t columnDimension) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, rows);
  sizes.back() = tensor::getMixedSize(builder, loc, columns, columnDimension);
  return tensor::EmptyOp::create(builder, loc, sizes, inner);
}

Value Attention::widened(Value value) {
  if (value.getType() == inner)
    return value;
  return arith::ExtFOp::create(builder, loc, inner, value);
}

/// Sums products over loop k, into [batch, m, n].
Value Attention::product(Value a, Value b, Value init, ArrayRef<unsigned> ofA,
                         ArrayRef<unsigned> ofB) {
  Value zero = arith::ConstantOp::create(builder, loc, builder.getFloatAttr(inner, 0));
  Value zeros = linalg::FillOp::create(builder, loc, zero, init).getResult(0);
  SmallVector<utils::IteratorType> iterators(batch + 2, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  return linalg::GenericOp::create(builder, loc, zeros.getType(), ValueRange{a, b}, zeros,
                                   ArrayRef{map(ofA), map(ofB), map({0, 1})}, iterators,
                                   [&](OpBuilder &body, Location, ValueRange elements) {
                                     OpBuilder::InsertionGuard guard(builder);
                                     builder.restoreInsertionPoint(body.saveInsertionPoint());
                                     Value each = arith::MulFOp::create(
                                         builder, loc, widened(elements[0]), widened(elements[1]));
                                     Value sum =
                                         arith::AddFOp::create(builder, loc, each, elements[2]);
                                     linalg::YieldOp::create(builder, loc, sum);
                                   })
      .getResult(0);
}

/// Scores by the root of the head's size, with the mask.
Value Attention::scaled(Value scores) {
  Value depth = builder.createOrFold<tensor::DimOp>(loc, op.getInputs()[0], batch + 1);
  Value wide = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), depth);
  Value root =
      math::SqrtOp::create(builder, loc, arith::SIToFPOp::create(builder, loc, inner, wide));
  SmallVector<Value> inputs = {scores};
  if (op.getInputs().size() == 4)
    inputs.push_back(op.getInputs()[3]);
  AffineMap identity = builder.getMultiDimIdentityMap(batch + 2);
  SmallVector<AffineMap> maps(inputs.size() + 1, identity);
  SmallVector<utils::IteratorType> iterators(batch + 2, utils::IteratorType::parallel);
  Value empty =
      tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, scores), inner);
  auto body = [&](OpBuilder &at, Location, ValueRange elements) {
    OpBuilder::InsertionGuard guard(builder);
    builder.restoreInsertionPoint(at.saveInsertionPoint());
    Value score = arith::DivFOp::create(builder, loc, elements[0], root);
    if (inputs.size() == 2 && elements[1].getType().isInteger(1)) {
      Value least = arith::ConstantOp::create(
          builder, loc,
          builder.getFloatAttr(inner, APFloat::getInf(inner.getFloatSemantics(), true)));
      score = arith::SelectOp::create(builder, loc, elements[1], score, least);
    } else if (inputs.size() == 2) {
      score = arith::AddFOp::create(builder, loc, score, widened(elements[1]));
    }
    linalg::YieldOp::create(builder, loc, score);
  };
  return linalg::GenericOp::create(builder, loc, empty.getType(), inputs, empty, maps, iterators,
                                   body)
      .getResult(0);
}

Value Attention::emit() {
  Value q = op.getInputs()[0], k = op.getInputs()[1], v = op.getInputs()[2];
  Value scores = scaled(product(q, k, emptyLike(q, k, batch), {0, 2}, {1, 2}));
  Value empty =
      tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, scores), inner);
  Value weights = linalg::SoftmaxOp::create(builder, loc, empty.getType(), scores, empty, batch + 1)
                      .getResult()[0];
  Value sum = product(weights, v, emptyLike(q, v, batch + 1), {0, 2}, {2, 1});
  // Back to the type of the output, which also knows sizes that the sum may not know.
  Value init = op.getOutputs()[0];
  AffineMap identity = builder.getMultiDimIdentityMap(batch + 2);
  SmallVector<utils::IteratorType> iterators(batch + 2, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, init.getType(), sum, init, ArrayRef{identity, identity}, iterators,
             [&](OpBuilder &body, Location, ValueRange elements) {
               Value element = elements[0];
               if (element.getType() != elements[1].getType())
                 element = arith::TruncFOp::create(body, loc, elements[1].getType(), element);
               linalg::YieldOp::create(body, loc, element);
             })
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// All of them
//===----------------------------------------------------------------------===//

LogicalResult uwt::lowerTMTensor(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) {
    if (isa<ScanOp, ScatterOp, SortOp, TopkOp, AttentionOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    OpBuilder builder(op);
    Values results =
        llvm::TypeSwitch<Operation *, Values>(op)
            .Case<ScanOp, ScatterOp>([&](auto each) { return lower(builder, each); })
            .Case<SortOp, TopkOp>([&](auto each) { return lowerOrder(builder, each); })
            .Case([&](AttentionOp each) { return Values{Attention(builder, each).emit()}; })
            .Default([](Operation *) { return Values(); });
    op->replaceAllUsesWith(results);
    op->erase();
  }
  return success();
}
