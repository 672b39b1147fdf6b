//===- LowerTMTensorSort.cpp - Sorting, and the first elements ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A merge sort from the bottom up: runs of 1, 2, 4, ... elements are merged from one buffer into
// another until one run is left. Merging takes from the right run only what goes before the
// left one and not the other way round, so equal elements keep their order whether a comparison
// says yes to them or not, and NaNs, which it may say anything to, only end up somewhere.
//
//===----------------------------------------------------------------------===//

#include "LowerTMTensorSort.h"
#include "ElementLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using uwt::ElementLoops;
using Values = SmallVector<Value>;

namespace {

/// Sorts tensors of rank 1 by the region of a SortOp.
class MergeSort {
public:
  MergeSort(OpBuilder &builder, uwt::tm_tensor::SortOp op, Value length)
      : builder(builder), loc(op.getLoc()), emit(builder, loc), region(op.getRegion()),
        length(length) {}

  Values sort(ValueRange rows);

private:
  /// Merges pairs of runs of `width` elements.
  Values mergeRuns(Value width, ValueRange from, ValueRange to);
  Values mergePair(Value begin, Value middle, Value end, ValueRange from, ValueRange to);
  Value goesBefore(ValueRange rows, Value a, Value b);
  Value lesser(Value a, Value b) { return arith::MinSIOp::create(builder, loc, a, b); }

  OpBuilder &builder;
  Location loc;
  ElementLoops emit;
  Region &region;
  Value length;
};

} // namespace

/// The region of elements `a` and `b` of all rows.
Value MergeSort::goesBefore(ValueRange rows, Value a, Value b) {
  Values elements;
  for (Value row : rows) {
    elements.push_back(emit.extract(row, a));
    elements.push_back(emit.extract(row, b));
  }
  return emit.apply(region, elements).front();
}

Values MergeSort::mergePair(Value begin, Value middle, Value end, ValueRange from, ValueRange to) {
  Values carried = {begin, middle};
  llvm::append_range(carried, to);
  carried = emit.loop(begin, end, emit.index(1), carried, [&](ValueRange iv, ValueRange inner) {
    Value left = inner[0], right = inner[1];
    Value hasLeft = emit.isBelow(left, middle), hasRight = emit.isBelow(right, end);
    Value hasBoth = arith::AndIOp::create(builder, loc, hasLeft, hasRight);
    Value takesRight = emit.branch(
                               hasBoth,
                               [&] {
                                 Value isBefore = goesBefore(from, right, left);
                                 Value isAfter = goesBefore(from, left, right);
                                 Value no = arith::ConstantIntOp::create(builder, loc, 0, 1);
                                 return Values{emit.select(isAfter, no, isBefore)};
                               },
                               [&] { return Values{hasRight}; })
                           .front();
    Value taken = emit.select(takesRight, right, left), one = emit.index(1);
    Values next = {emit.select(takesRight, left, emit.add(left, one)),
                   emit.select(takesRight, emit.add(right, one), right)};
    for (auto [source, target] : llvm::zip(from, inner.drop_front(2)))
      next.push_back(emit.insert(emit.extract(source, taken), target, iv));
    return next;
  });
  carried.erase(carried.begin(), carried.begin() + 2);
  return carried;
}

Values MergeSort::mergeRuns(Value width, ValueRange from, ValueRange to) {
  Value twice = emit.add(width, width);
  return emit.loop(emit.index(0), length, twice, to, [&](ValueRange iv, ValueRange inner) {
    Value middle = lesser(emit.add(iv.front(), width), length);
    Value end = lesser(emit.add(iv.front(), twice), length);
    return mergePair(iv.front(), middle, end, from, inner);
  });
}

Values MergeSort::sort(ValueRange rows) {
  Values carried = {emit.index(1)};
  llvm::append_range(carried, rows);
  for (Value row : rows)
    carried.push_back(
        tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, row),
                                cast<RankedTensorType>(row.getType()).getElementType()));
  SmallVector<Type> types =
      llvm::map_to_vector(carried, [](Value value) { return value.getType(); });
  auto loop = scf::WhileOp::create(
      builder, loc, types, carried,
      [&](OpBuilder &body, Location, ValueRange values) {
        OpBuilder::InsertionGuard guard(builder);
        builder.restoreInsertionPoint(body.saveInsertionPoint());
        scf::ConditionOp::create(builder, loc, emit.isBelow(values[0], length), values);
      },
      [&](OpBuilder &body, Location, ValueRange values) {
        OpBuilder::InsertionGuard guard(builder);
        builder.restoreInsertionPoint(body.saveInsertionPoint());
        ValueRange from = values.slice(1, rows.size()), to = values.take_back(rows.size());
        Values next = {emit.add(values[0], values[0])};
        llvm::append_range(next, mergeRuns(values[0], from, to));
        llvm::append_range(next, from);
        scf::YieldOp::create(builder, loc, next);
      });
  return llvm::to_vector_of<Value>(loop.getResults().slice(1, rows.size()));
}

Values uwt::lowerOrder(OpBuilder &builder, tm_tensor::SortOp op) {
  Location loc = op.getLoc();
  ElementLoops emit(builder, loc);
  auto dimension = static_cast<int64_t>(op.getDimension());
  Values sizes = emit.sizes(op.getOutputs()[0]);
  Value length = sizes[dimension];
  sizes.erase(sizes.begin() + dimension);
  return emit.loops(sizes, op.getOutputs(), [&](ValueRange ivs, ValueRange tensors) {
    // One row along the dimension, of each tensor.
    SmallVector<OpFoldResult> offsets(ivs.begin(), ivs.end());
    offsets.insert(offsets.begin() + dimension, builder.getIndexAttr(0));
    SmallVector<OpFoldResult> ones(offsets.size(), builder.getIndexAttr(1)), extents = ones;
    extents[dimension] = tensor::getMixedSize(builder, loc, tensors[0], dimension);
    Values rows;
    for (Value tensor : tensors) {
      auto type = cast<RankedTensorType>(tensor.getType());
      OpFoldResult own = extents[dimension];
      auto rowType = RankedTensorType::get(getConstantIntValue(own).value_or(ShapedType::kDynamic),
                                           type.getElementType());
      rows.push_back(
          tensor::ExtractSliceOp::create(builder, loc, rowType, tensor, offsets, extents, ones));
    }
    rows = MergeSort(builder, op, length).sort(rows);
    Values results;
    for (auto [row, tensor] : llvm::zip(rows, tensors))
      results.push_back(
          tensor::InsertSliceOp::create(builder, loc, row, tensor, offsets, extents, ones));
    return results;
  });
}

Values uwt::lowerOrder(OpBuilder &builder, tm_tensor::TopkOp op) {
  Location loc = op.getLoc();
  ElementLoops emit(builder, loc);
  auto dimension = static_cast<int64_t>(op.getDimension());
  Value input = op.getInputs()[0];
  Type indexType = getElementTypeOrSelf(op.getOutputs()[1].getType());
  Values sizes = emit.sizes(input);
  Value length = sizes[dimension], most = emit.size(op.getOutputs()[0], dimension);
  sizes.erase(sizes.begin() + dimension);
  auto at = [&](ValueRange others, Value position) {
    Values whole(others);
    whole.insert(whole.begin() + dimension, position);
    return whole;
  };
  return emit.loops(sizes, op.getOutputs(), [&](ValueRange others, ValueRange outputs) {
    Value zero = emit.index(0), one = emit.index(1);
    return emit.loop(zero, length, one, outputs, [&](ValueRange iv, ValueRange best) {
      // Each value goes down the list of the best until it is put somewhere; what was there goes
      // on.
      Value seen = iv.front();
      Values from = at(others, seen);
      Value index = op.getInputs().size() == 2
                        ? emit.extract(op.getInputs()[1], from)
                        : arith::IndexCastOp::create(builder, loc, indexType, seen);
      Values carried = {emit.extract(input, from), index, best[0], best[1],
                        arith::ConstantIntOp::create(builder, loc, 0, 1)};
      carried = emit.loop(zero, most, one, carried, [&](ValueRange k, ValueRange now) {
        Values here = at(others, k.front());
        Value value = emit.extract(now[2], here), kept = emit.extract(now[3], here);
        Value isBetter = emit.apply(op.getRegion(), {now[0], value}).front();
        // What goes on from before still does; so many entries have something as values were seen.
        auto compare = [&](arith::CmpIPredicate predicate) -> Value {
          return arith::CmpIOp::create(builder, loc, predicate, k.front(), seen);
        };
        Value goes = arith::OrIOp::create(builder, loc, isBetter, now[4]);
        goes = arith::OrIOp::create(builder, loc, goes, compare(arith::CmpIPredicate::eq));
        goes = arith::AndIOp::create(builder, loc, goes, compare(arith::CmpIPredicate::sle));
        return Values{emit.select(goes, value, now[0]), emit.select(goes, kept, now[1]),
                      emit.insert(emit.select(goes, now[0], value), now[2], here),
                      emit.insert(emit.select(goes, now[1], kept), now[3], here), goes};
      });
      return Values{carried[2], carried[3]};
    });
  });
}
