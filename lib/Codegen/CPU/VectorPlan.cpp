//===- VectorPlan.cpp - Which dimension becomes lanes ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts what an iteration of 16 lanes costs for each dimension. Costs are counts of memory
// operations, good enough to tell contiguous from strided; ties go to the
// innermost parallel dimension.
//
//===----------------------------------------------------------------------===//

#include "VectorLoops.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// What a dynamic dimension counts for in estimates.
constexpr int64_t assumedDynamicSize = 64;

bool isVectorElement(Type type) { return type.isIntOrIndexOrFloat(); }

/// Integer division traps on what masked lanes hold.
bool mayTrap(Operation &op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::CeilDivSIOp, arith::CeilDivUIOp,
             arith::FloorDivSIOp, arith::RemSIOp, arith::RemUIOp>(op);
}

bool isVectorizable(linalg::GenericOp op) {
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (isa<linalg::IndexOp>(inner))
      continue;
    if (mayTrap(inner) || inner.getNumRegions() != 0 ||
        !OpTrait::hasElementwiseMappableTraits(&inner)) {
      if (!isa<arith::ConstantOp>(inner))
        return false;
    }
    if (!llvm::all_of(inner.getResultTypes(), isVectorElement))
      return false;
  }
  return llvm::all_of(op->getOperands(), [](Value operand) {
    return isVectorElement(getElementTypeOrSelf(operand.getType()));
  });
}

/// Combining operations whose order the emitter may choose, because linalg leaves it open.
bool isKnownCombiner(Operation *op) {
  return isa<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp,
             arith::MinNumFOp, arith::AddIOp, arith::MulIOp, arith::AndIOp, arith::OrIOp,
             arith::XOrIOp, arith::MaxSIOp, arith::MaxUIOp, arith::MinSIOp, arith::MinUIOp>(op);
}

/// The combiners of all outputs, or nothing.
SmallVector<Combiner> findCombiners(linalg::GenericOp op) {
  SmallVector<Combiner> combiners;
  for (unsigned i = 0, e = op.getNumDpsInits(); i != e; ++i) {
    SmallVector<Operation *> chain;
    if (!matchReduction(op.getRegionOutputArgs(), i, chain) || chain.size() != 1 ||
        !isKnownCombiner(chain.front()))
      return {};
    Operation *combiner = chain.front();
    Value sum = op.getRegionOutputArgs()[i];
    unsigned termIndex = combiner->getOperand(0) == sum ? 1 : 0;
    if (!sum.hasOneUse() || !combiner->hasOneUse() || combiner->getOperand(termIndex) == sum)
      return {};
    combiners.push_back({combiner, combiner->getOperand(termIndex)});
  }
  return combiners;
}

/// Whether neighbours in the last dimension of `type` are neighbours in memory.
bool hasUnitStride(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || strides.empty() || strides.back() != 1)
    return false;
  // Narrower integers lie a byte apart in memory, but not in a vector.
  Type element = type.getElementType();
  return element.isIndex() || element.getIntOrFloatBitWidth() % 8 == 0;
}

Access accessAlong(Value operand, AffineMap map, unsigned dim) {
  auto type = dyn_cast<MemRefType>(operand.getType());
  if (!type || !map.isFunctionOfDim(dim))
    return Access::Uniform;
  ArrayRef<AffineExpr> results = map.getResults();
  bool elsewhere =
      llvm::any_of(results.drop_back(), [&](AffineExpr expr) { return expr.isFunctionOfDim(dim); });
  auto last = dyn_cast<AffineDimExpr>(results.back());
  if (elsewhere || !last || !hasUnitStride(type))
    return Access::Strided;
  return Access::Contiguous;
}

double costOf(Access access) {
  switch (access) {
  case Access::Uniform:
    return 0.5;
  case Access::Contiguous:
    return 1;
  case Access::Strided:
    return 16;
  }
  return 16;
}

/// Estimated cost of an element of the iteration space with `dim` as lanes.
double costAlong(linalg::GenericOp op, ArrayRef<int64_t> ranges, unsigned dim, bool reduces) {
  double reductionTrips = 1;
  for (auto [range, kind] : llvm::zip_equal(ranges, op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      reductionTrips *= range;
  double cost = 1 + llvm::range_size(op.getBody()->without_terminator()) * 0.5;
  for (OpOperand &operand : op->getOpOperands()) {
    Access access = accessAlong(operand.get(), op.getMatchingIndexingMap(&operand), dim);
    bool output = op.isDpsInit(&operand);
    double trips = output ? (reduces ? reductionTrips / ranges[dim] : reductionTrips) : 1;
    cost += costOf(access) / std::max(1.0, trips);
  }
  double vectors = llvm::divideCeil(ranges[dim], vectorLanes);
  // Adding lanes up takes four steps of a shuffle and an operation.
  if (reduces)
    cost += 8 / vectors;
  return cost * vectors / ranges[dim];
}

void chooseLanes(linalg::GenericOp op, VectorPlan &plan) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (int64_t &range : ranges)
    if (ShapedType::isDynamic(range))
      range = assumedDynamicSize;
  double best = 0;
  for (unsigned dim = op.getNumLoops(); dim-- > 0;) {
    bool reduces = op.getIteratorTypesArray()[dim] == utils::IteratorType::reduction;
    if (ranges[dim] <= 1 || (reduces && plan.combiners.empty()))
      continue;
    double cost = costAlong(op, ranges, dim, reduces);
    bool better = !plan.lanesDim || cost < best || (plan.lanesReduce && cost <= best);
    if (!better)
      continue;
    plan.lanesDim = dim;
    plan.lanesReduce = reduces;
    best = cost;
  }
}

void chooseJam(linalg::GenericOp op, VectorPlan &plan) {
  if (op.getNumReductionLoops() == 0)
    return;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned dim = op.getNumLoops(); dim-- > 0;) {
    if (op.getIteratorTypesArray()[dim] != utils::IteratorType::parallel || dim == plan.lanesDim ||
        ranges[dim] == 1)
      continue;
    plan.jamDim = dim;
    return;
  }
}

} // namespace

std::optional<VectorPlan> planVectorLoops(linalg::GenericOp op) {
  if (!isVectorizable(op))
    return std::nullopt;
  VectorPlan plan;
  if (op.getNumReductionLoops() != 0)
    plan.combiners = findCombiners(op);
  chooseLanes(op, plan);
  chooseJam(op, plan);
  for (OpOperand &operand : op->getOpOperands())
    plan.accesses.push_back(
        plan.lanesDim
            ? accessAlong(operand.get(), op.getMatchingIndexingMap(&operand), *plan.lanesDim)
            : Access::Uniform);
  return plan;
}

} // namespace uwt::codegen
