//===- LaneValues.cpp - Reads, arithmetic, sums and writes of lanes -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes that are not in use hold 0, or 1 in integers, or repeat an element: no
// operation traps on that (VectorPlan refuses integer division), and nothing of it is stored or
// summed.
//
//===----------------------------------------------------------------------===//

#include "LaneValues.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace uwt::codegen {

/// `scalar` with 16 lanes.
static VectorType lanesOf(Type scalar) { return VectorType::get({vectorLanes}, scalar); }

/// The type in which values of `element` are summed.
static Type sumType(Type element) {
  auto floatType = dyn_cast<FloatType>(element);
  if (floatType && floatType.getWidth() < 32)
    return Float32Type::get(element.getContext());
  return element;
}

/// `value`, or lanes of it, as `element`.
static Value convertFloat(OpBuilder &builder, Location loc, Value value, Type element) {
  Type from = getElementTypeOrSelf(value);
  if (from == element)
    return value;
  Type to = element;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    to = vector.clone(element);
  if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(builder, loc, to, value);
  return arith::TruncFOp::create(builder, loc, to, value);
}

Value LaneValues::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value LaneValues::toLanes(Value value) {
  if (isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(builder, loc, lanesOf(value.getType()), value);
}

Value LaneValues::mask(Value count) {
  return vector::CreateMaskOp::create(builder, loc, lanesOf(builder.getI1Type()), count);
}

SmallVector<Value> LaneValues::position(unsigned operand, ArrayRef<Value> indices) {
  AffineMap map = op.getMatchingIndexingMap(&op->getOpOperand(operand));
  SmallVector<Value> result;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      result.push_back(indices[dim.getPosition()]);
      continue;
    }
    SmallVector<OpFoldResult> operands = getAsOpFoldResult(indices);
    OpFoldResult value = affine::makeComposedFoldedAffineApply(
        builder, loc, AffineMap::get(map.getNumDims(), 0, expr), operands);
    result.push_back(getValueOrCreateConstantIndexOp(builder, loc, value));
  }
  return result;
}

SmallVector<Value> LaneValues::lanePosition(unsigned operand, ArrayRef<Value> indices, int64_t lane,
                                            Value count) {
  SmallVector<Value> shifted(indices);
  Value &iv = shifted[*plan.lanesDim];
  if (lane != 0)
    iv = arith::AddIOp::create(builder, loc, iv, index(lane));
  if (count && lane != 0) {
    Value size = getValueOrCreateConstantIndexOp(builder, loc, extents[*plan.lanesDim]);
    Value last = arith::SubIOp::create(builder, loc, size, index(1));
    iv = arith::MinUIOp::create(builder, loc, iv, last);
  }
  return position(operand, shifted);
}

Value LaneValues::load(unsigned operand, ArrayRef<Value> indices, Value count) {
  Value source = op->getOperand(operand);
  if (!isa<MemRefType>(source.getType()))
    return source;
  Type element = getElementTypeOrSelf(source.getType());
  if (plan.accesses[operand] == Access::Uniform)
    return memref::LoadOp::create(builder, loc, source, position(operand, indices));
  VectorType type = lanesOf(element);
  if (plan.accesses[operand] == Access::Strided) {
    SmallVector<Value> elements;
    for (int64_t lane = 0; lane < vectorLanes; ++lane)
      elements.push_back(memref::LoadOp::create(builder, loc, source,
                                                lanePosition(operand, indices, lane, count)));
    return vector::FromElementsOp::create(builder, loc, type, elements);
  }
  SmallVector<Value> first = position(operand, indices);
  if (!count)
    return vector::LoadOp::create(builder, loc, type, source, first);
  TypedAttr idle = isa<FloatType>(element) ? TypedAttr(builder.getFloatAttr(element, 0))
                                           : TypedAttr(builder.getIntegerAttr(element, 1));
  Value rest =
      arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, Attribute(idle)));
  return vector::MaskedLoadOp::create(builder, loc, type, source, first, mask(count), rest);
}

void LaneValues::store(unsigned output, ArrayRef<Value> indices, Value count, Value value) {
  unsigned operand = op.getNumDpsInputs() + output;
  Value target = op->getOperand(operand);
  if (plan.accesses[operand] == Access::Uniform) {
    memref::StoreOp::create(builder, loc, value, target, position(operand, indices));
    return;
  }
  value = toLanes(value);
  if (plan.accesses[operand] == Access::Contiguous) {
    SmallVector<Value> first = position(operand, indices);
    if (count)
      vector::MaskedStoreOp::create(builder, loc, target, first, mask(count), value);
    else
      vector::StoreOp::create(builder, loc, value, target, first);
    return;
  }
  for (int64_t lane = 0; lane < vectorLanes; ++lane) {
    Value element = vector::ExtractOp::create(builder, loc, value, lane);
    auto write = [&](OpBuilder &, Location) {
      memref::StoreOp::create(builder, loc, element, target,
                              lanePosition(operand, indices, lane, count));
    };
    if (!count) {
      write(builder, loc);
      continue;
    }
    Value used = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, index(lane), count);
    auto ifOp = scf::IfOp::create(builder, loc, used, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(ifOp.thenBlock());
    write(builder, loc);
  }
}

Value LaneValues::emitIndex(linalg::IndexOp op, ArrayRef<Value> indices) {
  Value first = indices[op.getDim()];
  if (plan.lanesDim != op.getDim())
    return first;
  VectorType type = lanesOf(builder.getIndexType());
  Value steps = vector::StepOp::create(builder, loc, type);
  return arith::AddIOp::create(builder, loc, toLanes(first), steps);
}

SmallVector<Value> LaneValues::emitScalarOp(Operation &inner, IRMapping &values) {
  SmallVector<Value> operands;
  for (Value operand : inner.getOperands())
    operands.push_back(values.lookupOrDefault(operand));
  bool anyLanes =
      llvm::any_of(operands, [](Value value) { return isa<VectorType>(value.getType()); });
  SmallVector<Type> types(inner.getResultTypes());
  if (anyLanes) {
    for (Value &operand : operands)
      operand = toLanes(operand);
    for (Type &type : types)
      type = lanesOf(type);
  }
  OperationState state(inner.getLoc(), inner.getName(), operands, types, inner.getAttrs());
  return builder.create(state)->getResults();
}

SmallVector<Value> LaneValues::emitBody(ArrayRef<Value> indices, Value count,
                                        ArrayRef<Value> outputs) {
  IRMapping values;
  unsigned inputs = op.getNumDpsInputs();
  for (BlockArgument arg : op.getBody()->getArguments()) {
    if (arg.use_empty())
      continue;
    bool isInput = arg.getArgNumber() < inputs;
    if (!isInput && !outputs.empty())
      values.map(arg, outputs[arg.getArgNumber() - inputs]);
    else if (isInput || plan.combiners.empty())
      values.map(arg, load(arg.getArgNumber(), indices, count));
  }
  for (Operation &inner : op.getBody()->without_terminator()) {
    bool combines = llvm::any_of(plan.combiners,
                                 [&](const Combiner &combiner) { return combiner.op == &inner; });
    if (combines)
      continue;
    if (auto indexOp = dyn_cast<linalg::IndexOp>(inner))
      values.map(indexOp.getResult(), emitIndex(indexOp, indices));
    else
      values.map(inner.getResults(), emitScalarOp(inner, values));
  }
  SmallVector<Value> results;
  for (auto [i, yielded] : llvm::enumerate(op.getBody()->getTerminator()->getOperands())) {
    Value value = plan.combiners.empty() ? yielded : plan.combiners[i].term;
    results.push_back(values.lookupOrDefault(value));
  }
  return results;
}

void LaneValues::storeOutputs(ArrayRef<Value> indices, Value count, ArrayRef<Value> values) {
  for (auto [i, value] : llvm::enumerate(values))
    store(i, indices, count, value);
}

Value LaneValues::combine(const Combiner &combiner, Value sum, Value term) {
  SmallVector<Value> operands = {sum, term};
  if (combiner.op->getOperand(0) == combiner.term)
    std::swap(operands[0], operands[1]);
  OperationState state(combiner.op->getLoc(), combiner.op->getName(), operands, {sum.getType()},
                       combiner.op->getAttrs());
  return builder.create(state)->getResult(0);
}

Value LaneValues::combineLanes(const Combiner &combiner, Value lanes) {
  for (int64_t width = vectorLanes / 2; width >= 1; width /= 2) {
    SmallVector<int64_t> low = llvm::to_vector(llvm::seq<int64_t>(0, width));
    SmallVector<int64_t> high = llvm::to_vector(llvm::seq<int64_t>(width, 2 * width));
    Value first = vector::ShuffleOp::create(builder, loc, lanes, lanes, low);
    Value second = vector::ShuffleOp::create(builder, loc, lanes, lanes, high);
    lanes = combine(combiner, first, second);
  }
  return vector::ExtractOp::create(builder, loc, lanes, 0);
}

Value LaneValues::loadOutput(unsigned output, ArrayRef<Value> indices, Value count) {
  Value value = load(op.getNumDpsInputs() + output, indices, count);
  if (plan.combiners.empty())
    return value;
  return convertFloat(builder, loc, value, sumType(getElementTypeOrSelf(value)));
}

SmallVector<Value> LaneValues::initialAccumulators(ArrayRef<Value> indices, Value count) {
  SmallVector<Value> accumulators;
  for (unsigned i = 0, e = op.getNumDpsInits(); i != e; ++i) {
    if (!plan.lanesReduce) {
      accumulators.push_back(loadOutput(i, indices, count));
      continue;
    }
    TypedAttr neutral = *arith::getNeutralElement(plan.combiners[i].op);
    Type type = sumType(neutral.getType());
    if (auto floatAttr = dyn_cast<FloatAttr>(neutral))
      neutral = builder.getFloatAttr(type, floatAttr.getValueAsDouble());
    Attribute splat = DenseElementsAttr::get(lanesOf(type), Attribute(neutral));
    accumulators.push_back(arith::ConstantOp::create(builder, loc, cast<TypedAttr>(splat)));
  }
  return accumulators;
}

SmallVector<Value> LaneValues::addTo(ArrayRef<Value> accumulators, ArrayRef<Value> indices,
                                     Value count) {
  if (plan.combiners.empty()) {
    SmallVector<Value> results = emitBody(indices, count, accumulators);
    for (auto [sum, result] : llvm::zip_equal(accumulators, results))
      if (isa<VectorType>(sum.getType()))
        result = toLanes(result);
    return results;
  }
  SmallVector<Value> results;
  SmallVector<Value> terms = emitBody(indices, count, {});
  for (auto [combiner, sum, term] : llvm::zip_equal(plan.combiners, accumulators, terms)) {
    if (isa<VectorType>(sum.getType()))
      term = toLanes(term);
    if (isa<FloatType>(getElementTypeOrSelf(sum)))
      term = convertFloat(builder, loc, term, getElementTypeOrSelf(sum));
    Value next = combine(combiner, sum, term);
    if (count && plan.lanesReduce)
      next = arith::SelectOp::create(builder, loc, mask(count), next, sum);
    results.push_back(next);
  }
  return results;
}

void LaneValues::storeAccumulators(ArrayRef<Value> indices, Value count,
                                   ArrayRef<Value> accumulators) {
  for (auto [i, sum] : llvm::enumerate(accumulators)) {
    Value value = sum;
    if (plan.lanesReduce)
      value = combine(plan.combiners[i], loadOutput(i, indices, count),
                      combineLanes(plan.combiners[i], value));
    Type element = getElementTypeOrSelf(op.getDpsInitOperand(i)->get().getType());
    if (isa<FloatType>(element))
      value = convertFloat(builder, loc, value, element);
    store(i, indices, count, value);
  }
}

} // namespace uwt::codegen
