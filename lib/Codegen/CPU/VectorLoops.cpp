//===- VectorLoops.cpp - Emitter of vector loops --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops that VectorPlan asks for, from the outside inwards:
//
//     parallel dimensions · jam (4 points at once) · lanes, if parallel · reductions · lanes, if
//     not
//
// A *point* is one vector of the output, or one element where lanes are summed up.
//
//===----------------------------------------------------------------------===//

#include "VectorLoops.h"
#include "LaneValues.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// Points that run together, so that loads are shared and accumulators do not wait for each other.
constexpr int64_t jamPoints = 4;

class LoopEmitter {
public:
  LoopEmitter(RewriterBase &builder, linalg::GenericOp op, const VectorPlan &plan)
      : builder(builder), op(op), plan(plan), loc(op.getLoc()), lanes(builder, op, plan) {}

  void emit() {
    auto linalgOp = cast<linalg::LinalgOp>(op.getOperation());
    for (const Range &range : linalgOp.createLoopRanges(builder, loc))
      extents.push_back(range.size);
    lanes.setExtents(extents);
    SmallVector<unsigned> outer;
    for (unsigned dim = 0, e = op.getNumLoops(); dim != e; ++dim) {
      bool parallel = op.getIteratorTypesArray()[dim] == utils::IteratorType::parallel;
      if (parallel && dim != plan.lanesDim && dim != plan.jamDim)
        outer.push_back(dim);
      if (!parallel && dim != plan.lanesDim)
        reductions.push_back(dim);
    }
    Indices start(op.getNumLoops(), index(0));
    emitOuter(outer, start);
  }

private:
  using Indices = SmallVector<Value>;
  using Values = SmallVector<Value>;

  Value index(int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); }
  Value asValue(OpFoldResult size) { return getValueOrCreateConstantIndexOp(builder, loc, size); }

  /// A loop from `begin` to `end`; no loop where a constant says that it runs once or never.
  Values loop(OpFoldResult begin, OpFoldResult end, int64_t step, ArrayRef<Value> carried,
              function_ref<Values(Value, ArrayRef<Value>)> body) {
    std::optional<int64_t> first = getConstantIntValue(begin), last = getConstantIntValue(end);
    if (first && last && *first >= *last)
      return llvm::to_vector(carried);
    if (first && last && *last - *first <= step)
      return body(asValue(begin), carried);
    auto forOp = scf::ForOp::create(builder, loc, asValue(begin), asValue(end), index(step),
                                    carried, [](OpBuilder &, Location, Value, ValueRange) {});
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(forOp.getBody());
    Values results =
        body(forOp.getInductionVar(), llvm::to_vector_of<Value>(forOp.getRegionIterArgs()));
    scf::YieldOp::create(builder, loc, results);
    return llvm::to_vector_of<Value>(forOp.getResults());
  }

  /// `extent` rounded down to a multiple of `factor`.
  OpFoldResult wholeMultiple(OpFoldResult extent, int64_t factor) {
    if (std::optional<int64_t> size = getConstantIntValue(extent))
      return builder.getIndexAttr(*size / factor * factor);
    Value rest = arith::RemUIOp::create(builder, loc, asValue(extent), index(factor));
    return arith::SubIOp::create(builder, loc, asValue(extent), rest).getResult();
  }

  void emitOuter(ArrayRef<unsigned> dims, Indices indices) {
    if (dims.empty())
      return emitJam(indices);
    loop(builder.getIndexAttr(0), extents[dims.front()], 1, {}, [&](Value iv, ArrayRef<Value>) {
      indices[dims.front()] = iv;
      emitOuter(dims.drop_front(), indices);
      return Values();
    });
  }

  void emitJam(Indices indices) {
    if (!plan.jamDim)
      return emitParallelLanes({indices});
    unsigned dim = *plan.jamDim;
    OpFoldResult whole = wholeMultiple(extents[dim], jamPoints);
    loop(builder.getIndexAttr(0), whole, jamPoints, {}, [&](Value iv, ArrayRef<Value>) {
      SmallVector<Indices> points(jamPoints, indices);
      for (int64_t i = 0; i < jamPoints; ++i)
        points[i][dim] = i == 0 ? iv : arith::AddIOp::create(builder, loc, iv, index(i));
      emitParallelLanes(points);
      return Values();
    });
    loop(whole, extents[dim], 1, {}, [&](Value iv, ArrayRef<Value>) {
      indices[dim] = iv;
      emitParallelLanes({indices});
      return Values();
    });
  }

  void emitParallelLanes(SmallVector<Indices> points) {
    if (!plan.lanesDim || plan.lanesReduce)
      return emitPoints(points, Value());
    overLanes({}, [&](Value iv, Value count, ArrayRef<Value>) {
      for (Indices &point : points)
        point[*plan.lanesDim] = iv;
      emitPoints(points, count);
      return Values();
    });
  }

  /// Calls `body(first, count, carried)` for each vector of the lanes' dimension; `count` is null
  /// for whole vectors, else how many lanes of the last one are in use.
  Values overLanes(ArrayRef<Value> initial,
                   function_ref<Values(Value, Value, ArrayRef<Value>)> body) {
    OpFoldResult extent = extents[*plan.lanesDim];
    OpFoldResult whole = wholeMultiple(extent, vectorLanes);
    Values carried =
        loop(builder.getIndexAttr(0), whole, vectorLanes, initial,
             [&](Value iv, ArrayRef<Value> values) { return body(iv, Value(), values); });
    std::optional<int64_t> size = getConstantIntValue(extent);
    if (size && *size % vectorLanes == 0)
      return carried;
    if (size)
      return body(asValue(whole), index(*size % vectorLanes), carried);
    // At most one round.
    return loop(whole, extent, vectorLanes, carried, [&](Value iv, ArrayRef<Value> values) {
      Value count = arith::SubIOp::create(builder, loc, asValue(extent), iv);
      return body(iv, count, values);
    });
  }

  void emitPoints(ArrayRef<Indices> points, Value count) {
    if (op.getNumReductionLoops() == 0) {
      for (const Indices &point : points)
        lanes.storeOutputs(point, count, lanes.emitBody(point, count, {}));
      return;
    }
    Values accumulators;
    for (const Indices &point : points)
      accumulators.append(lanes.initialAccumulators(point, count));
    accumulators = emitReductions(reductions, llvm::to_vector(points), count, accumulators);
    unsigned outputs = op.getNumDpsInits();
    for (auto [i, point] : llvm::enumerate(points))
      lanes.storeAccumulators(point, count,
                              ArrayRef<Value>(accumulators).slice(i * outputs, outputs));
  }

  Values emitReductions(ArrayRef<unsigned> dims, SmallVector<Indices> points, Value count,
                        ArrayRef<Value> accumulators) {
    if (!dims.empty())
      return loop(builder.getIndexAttr(0), extents[dims.front()], 1, accumulators,
                  [&](Value iv, ArrayRef<Value> values) {
                    for (Indices &point : points)
                      point[dims.front()] = iv;
                    return emitReductions(dims.drop_front(), points, count, values);
                  });
    if (!plan.lanesReduce)
      return addPoints(points, count, accumulators);
    return overLanes(accumulators, [&](Value iv, Value lanesCount, ArrayRef<Value> values) {
      for (Indices &point : points)
        point[*plan.lanesDim] = iv;
      return addPoints(points, lanesCount, values);
    });
  }

  Values addPoints(ArrayRef<Indices> points, Value count, ArrayRef<Value> accumulators) {
    unsigned outputs = op.getNumDpsInits();
    Values results;
    for (auto [i, point] : llvm::enumerate(points))
      results.append(lanes.addTo(accumulators.slice(i * outputs, outputs), point, count));
    return results;
  }

  RewriterBase &builder;
  linalg::GenericOp op;
  const VectorPlan &plan;
  Location loc;
  LaneValues lanes;
  SmallVector<OpFoldResult> extents;
  SmallVector<unsigned> reductions;
};

} // namespace

void emitVectorLoops(RewriterBase &rewriter, linalg::GenericOp op, const VectorPlan &plan) {
  rewriter.setInsertionPoint(op);
  LoopEmitter(rewriter, op, plan).emit();
}

} // namespace uwt::codegen
