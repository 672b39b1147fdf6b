//===- ElementLoops.cpp - Loops over the elements of tensors --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace uwt {

Value ElementLoops::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value ElementLoops::size(Value tensor, int64_t dimension) {
  return builder.createOrFold<tensor::DimOp>(loc, tensor, dimension);
}

ElementLoops::Values ElementLoops::sizes(Value tensor) {
  Values result;
  for (int64_t i = 0; i < cast<RankedTensorType>(tensor.getType()).getRank(); ++i)
    result.push_back(size(tensor, i));
  return result;
}

Value ElementLoops::add(Value a, Value b) { return builder.createOrFold<arith::AddIOp>(loc, a, b); }

Value ElementLoops::isBelow(Value a, Value b) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b);
}

Value ElementLoops::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(builder, loc, condition, a, b);
}

Value ElementLoops::extract(Value tensor, ValueRange position) {
  return tensor::ExtractOp::create(builder, loc, tensor, position);
}

Value ElementLoops::extractIndex(Value tensor, ValueRange position) {
  Value element = extract(tensor, position);
  if (element.getType().isIndex())
    return element;
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), element);
}

Value ElementLoops::insert(Value element, Value tensor, ValueRange position) {
  return tensor::InsertOp::create(builder, loc, element, tensor, position);
}

ElementLoops::Values ElementLoops::loop(Value begin, Value end, Value step, ValueRange carried,
                                        Body body) {
  auto forOp = scf::ForOp::create(builder, loc, begin, end, step, carried,
                                  [](OpBuilder &, Location, Value, ValueRange) {});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(forOp.getBody());
  Values results = body(forOp.getInductionVar(), forOp.getRegionIterArgs());
  scf::YieldOp::create(builder, loc, results);
  return llvm::to_vector_of<Value>(forOp.getResults());
}

ElementLoops::Values ElementLoops::loops(ValueRange ends, ValueRange carried, Body body) {
  Values ivs;
  auto nest = [&](auto &self, ValueRange rest, ValueRange inner) -> Values {
    if (rest.empty())
      return body(ivs, inner);
    return loop(index(0), rest.front(), index(1), inner, [&](ValueRange iv, ValueRange values) {
      ivs.push_back(iv.front());
      Values results = self(self, rest.drop_front(), values);
      ivs.pop_back();
      return results;
    });
  };
  return nest(nest, ends, carried);
}

ElementLoops::Values ElementLoops::branch(Value condition, function_ref<Values()> then,
                                          function_ref<Values()> otherwise) {
  auto emit = [&](function_ref<Values()> values) {
    return [&, values](OpBuilder &inner, Location where) {
      OpBuilder::InsertionGuard guard(builder);
      builder.restoreInsertionPoint(inner.saveInsertionPoint());
      Values yielded = values();
      scf::YieldOp::create(builder, where, yielded);
    };
  };
  auto ifOp = scf::IfOp::create(builder, loc, condition, emit(then), emit(otherwise));
  return llvm::to_vector_of<Value>(ifOp.getResults());
}

ElementLoops::Values ElementLoops::apply(Region &region, ValueRange arguments) {
  IRMapping mapping;
  Block &block = region.front();
  mapping.map(block.getArguments(), arguments);
  for (Operation &op : block.without_terminator())
    builder.clone(op, mapping);
  Values results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(mapping.lookupOrDefault(value));
  return results;
}

} // namespace uwt
