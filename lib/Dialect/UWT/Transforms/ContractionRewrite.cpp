//===- ContractionRewrite.cpp - From a linalg product to uwt.matmul -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `uwt.matmul` knows one order: x [E, M, K], weight [E, N, K], result [E, M, N]. What the
// operation had otherwise is stated around it, in operations that FuseEpilogue can absorb.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "ContractionWindows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace uwt {
namespace {

using Loops = SmallVector<unsigned>;

/// The rewrite of one contraction. Values are created in front of its operation.
class Rewrite {
public:
  Rewrite(RewriterBase &rewriter, const Contraction &contraction, CompressedType runType,
          WeightDeriver &deriver)
      : b(rewriter), deriver(deriver), c(contraction), op(c.op), loc(op->getLoc()),
        runType(runType), outputType(cast<RankedTensorType>(op->getResult(0).getType())) {}

  MatmulOp run(Numerics numerics);

private:
  void sortLoops();
  int64_t sizeInWeight(unsigned loop) const;
  Value createWeight();
  Value deriveWeight();
  Value createSelection();
  Value createX();
  Value takeColumns(Value x, Value weight);
  Value repeat(Value x, ArrayRef<unsigned> loops);
  Value restoreOutput(Value result);
  Value finish(Value sums);

  Value transpose(Value value, ArrayRef<int64_t> permutation);
  Value transposeTo(Value value, ArrayRef<unsigned> from, ArrayRef<unsigned> to);
  Value castTo(Value value, ArrayRef<int64_t> shape);
  Value collapse(Value value, ArrayRef<int64_t> groupRanks);
  Value expand(Value value, ArrayRef<SmallVector<OpFoldResult>> groups);

  RewriterBase &b;
  WeightDeriver &deriver;
  const Contraction &c;
  linalg::LinalgOp op;
  Location loc;
  CompressedType runType;
  RankedTensorType outputType;
  /// x with the loop of each of its dimensions.
  Value x;
  Loops xLoops;
  /// Loops of M in x's order, behind those that x lacks: of size 1, or over which x is repeated.
  Loops units, repeated, rows;
  /// Sizes of the output's loops.
  DenseMap<unsigned, OpFoldResult> sizes;
};

/// Whether an initial value is zero everywhere: the sign of a zero does not matter to a sum.
bool isZero(Value init) {
  while (isa_and_nonnull<tensor::CastOp, tensor::ExpandShapeOp>(init.getDefiningOp()))
    init = init.getDefiningOp()->getOperand(0);
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    init = fill.getInputs()[0];
  if (auto generic = init.getDefiningOp<linalg::GenericOp>())
    if (generic.getInputs().empty() && generic.getNumResults() == 1)
      init = generic.getBody()->getTerminator()->getOperand(0);
  return matchPattern(init, m_AnyZeroFloat());
}

} // namespace

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Value Rewrite::transpose(Value value, ArrayRef<int64_t> permutation) {
  if (isIdentityPermutation(permutation))
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
  applyPermutationToVector(sizes, permutation);
  Value init = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  return linalg::TransposeOp::create(b, loc, value, init, permutation)->getResult(0);
}

/// `value`, whose dimensions run over the loops `from`, in the order `to` of the same loops.
Value Rewrite::transposeTo(Value value, ArrayRef<unsigned> from, ArrayRef<unsigned> to) {
  return transpose(value, llvm::map_to_vector(to, [&](unsigned loop) {
                     return int64_t(llvm::find(from, loop) - from.begin());
                   }));
}

Value Rewrite::castTo(Value value, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  return tensor::CastOp::create(b, loc, type.clone(shape), value);
}

/// Groups of as many dimensions as `ranks` says, in order.
static SmallVector<ReassociationIndices> groupsOf(ArrayRef<int64_t> ranks) {
  SmallVector<ReassociationIndices> groups;
  int64_t next = 0;
  for (int64_t rank : ranks) {
    ReassociationIndices &group = groups.emplace_back();
    for (int64_t i = 0; i < rank; ++i)
      group.push_back(next++);
  }
  return groups;
}

/// For each group that is not empty, the numbers of it and of the empty ones before it (after it
/// for the last one), which a reshape to one dimension a group makes of it.
static SmallVector<ReassociationIndices> groupsWithEmpty(ArrayRef<int64_t> ranks) {
  SmallVector<ReassociationIndices> result;
  ReassociationIndices pending;
  for (auto [number, rank] : llvm::enumerate(ranks)) {
    pending.push_back(number);
    if (rank != 0)
      result.push_back(std::exchange(pending, {}));
  }
  if (!result.empty())
    llvm::append_range(result.back(), pending);
  return result;
}

/// One dimension for each group of dimensions; of size 1 where the group has none.
Value Rewrite::collapse(Value value, ArrayRef<int64_t> groupRanks) {
  SmallVector<int64_t> present;
  llvm::copy_if(groupRanks, std::back_inserter(present), [](int64_t rank) { return rank != 0; });
  auto groups = groupsOf(present);
  if (llvm::any_of(present, [](int64_t rank) { return rank > 1; }))
    value = b.createOrFold<tensor::CollapseShapeOp>(loc, value, groups);
  if (present.size() == groupRanks.size())
    return value;
  SmallVector<OpFoldResult> sizes, collapsed = tensor::getMixedSizes(b, loc, value);
  SmallVector<int64_t> shape;
  for (size_t next = 0; int64_t rank : groupRanks)
    sizes.push_back(rank == 0 ? OpFoldResult(b.getIndexAttr(1)) : collapsed[next++]);
  auto type = cast<RankedTensorType>(value.getType());
  return tensor::ExpandShapeOp::create(b, loc, type.clone(decomposeMixedValues(sizes).first), value,
                                       groupsWithEmpty(groupRanks), sizes);
}

/// The inverse: each dimension becomes the dimensions of these sizes; without any it has size 1 and
/// goes.
Value Rewrite::expand(Value value, ArrayRef<SmallVector<OpFoldResult>> groups) {
  SmallVector<int64_t> ranks, present;
  SmallVector<OpFoldResult> sizes;
  for (const SmallVector<OpFoldResult> &group : groups) {
    ranks.push_back(group.size());
    if (!group.empty())
      present.push_back(group.size());
    llvm::append_range(sizes, group);
  }
  if (present.size() != ranks.size())
    value = tensor::CollapseShapeOp::create(b, loc, value, groupsWithEmpty(ranks));
  if (llvm::all_of(present, [](int64_t rank) { return rank == 1; }))
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  return tensor::ExpandShapeOp::create(b, loc, type.clone(decomposeMixedValues(sizes).first), value,
                                       groupsOf(present), sizes);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

void Rewrite::sortLoops() {
  Value init = op.getDpsInitOperand(0)->get();
  for (auto [dim, loop] : llvm::enumerate(c.outputLoops))
    sizes[loop] = tensor::getMixedSize(b, loc, init, dim);
  Windows windows(b, c);
  x = windows.createX();
  llvm::append_range(xLoops, windows.loops());
  auto isOfWeight = [&](unsigned loop) { return llvm::is_contained(c.weightLoops, int64_t(loop)); };
  for (auto [dim, loop] : llvm::enumerate(c.outputLoops)) {
    if (isOfWeight(loop) || llvm::is_contained(xLoops, loop))
      continue;
    (outputType.getDimSize(dim) == 1 ? units : repeated).push_back(loop);
  }
  for (auto [dim, loop] : llvm::enumerate(xLoops))
    if (!isOfWeight(loop)) {
      rows.push_back(loop);
      sizes[loop] = tensor::getMixedSize(b, loc, x, dim);
    }
}

/// The size of a loop over the weight, as its type has it.
int64_t Rewrite::sizeInWeight(unsigned loop) const {
  auto dim = llvm::find(c.weightLoops, int64_t(loop)) - c.weightLoops.begin();
  return c.weightType().getDimSize(dim);
}

Value Rewrite::createWeight() {
  if (!c.stored)
    return deriveWeight();
  Value weight = DecodeOp(c.stored).getSource();
  if (weight.getType() == runType)
    return weight;
  return TranscodeOp::create(b, loc, runType, weight);
}

/// The numbers of the matrices that the product selects; null where it takes all.
Value Rewrite::createSelection() {
  if (c.selectedMatrices) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(c.selectedMatrices->op);
    return c.selectedMatrices->createIds(b);
  }
  return c.selectedMatrix ? getValueOrCreateConstantIndexOp(b, loc, c.selectedMatrix) : Value();
}

/// The weight's matrices, computed from what it is.
Value Rewrite::deriveWeight() {
  if (c.selectedMatrices)
    return deriver.derive(b, c.derivedValue(), runType);
  if (c.dequantization)
    return deriver.derive(b, c.dequantization->materialize(b, loc), runType, runType.getFormat());
  SmallVector<ReassociationIndices> withoutUnits;
  ReassociationIndices group;
  Loops loops;
  for (auto [dim, loop] : llvm::enumerate(c.weightLoops)) {
    group.push_back(dim);
    if (loop < 0)
      continue;
    loops.push_back(loop);
    withoutUnits.push_back(std::exchange(group, {}));
  }
  Value weight = c.weight;
  if (loops.size() != c.weightLoops.size()) {
    if (!withoutUnits.empty())
      llvm::append_range(withoutUnits.back(), group);
    weight = tensor::CollapseShapeOp::create(b, loc, weight, withoutUnits);
  }
  Loops order(c.experts);
  llvm::append_range(order, c.kMajor ? c.k : c.n);
  llvm::append_range(order, c.kMajor ? c.n : c.k);
  weight = transposeTo(weight, loops, order);
  SmallVector<int64_t> ranks = {int64_t(c.n.size()), int64_t(c.k.size())};
  if (c.kMajor)
    std::swap(ranks[0], ranks[1]);
  if (!c.experts.empty())
    ranks.insert(ranks.begin(), c.experts.size());
  return deriver.derive(b, collapse(weight, ranks), runType);
}

/// Repeats x over those of `loops` that it lacks.
Value Rewrite::repeat(Value x, ArrayRef<unsigned> loops) {
  SmallVector<int64_t> added;
  SmallVector<OpFoldResult> repeatedSizes = tensor::getMixedSizes(b, loc, x);
  for (auto [i, loop] : llvm::enumerate(loops))
    if (!llvm::is_contained(xLoops, loop)) {
      added.push_back(i);
      repeatedSizes.insert(repeatedSizes.begin() + i, sizes[loop]);
    }
  if (added.empty())
    return x;
  Value init = tensor::EmptyOp::create(b, loc, repeatedSizes, getElementTypeOrSelf(x));
  return linalg::BroadcastOp::create(b, loc, x, init, added)->getResult(0);
}

/// x as [E, M, K], or as [M, K] for all matrices.
Value Rewrite::createX() {
  Value value = x;
  Type element = getElementTypeOrSelf(value);
  if (element != runType.getElementType() && !element.isF32())
    value = createWidened(b, loc, value, b.getF32Type());

  auto isInX = [&](unsigned loop) { return llvm::is_contained(xLoops, loop); };
  bool hasExperts = llvm::any_of(c.experts, isInX);
  Loops loops, present;
  if (hasExperts)
    llvm::append_range(loops, c.experts);
  llvm::append_range(loops, repeated);
  llvm::append_range(loops, rows);
  llvm::append_range(loops, c.k);
  llvm::copy_if(loops, std::back_inserter(present), isInX);
  value = repeat(transposeTo(value, xLoops, present), loops);

  // What the weight says of sizes, where x does not.
  SmallVector<int64_t> shape(cast<RankedTensorType>(value.getType()).getShape());
  for (auto [i, loop] : llvm::enumerate(c.k))
    shape[shape.size() - c.k.size() + i] = sizeInWeight(loop);
  if (hasExperts)
    for (auto [i, loop] : llvm::enumerate(c.experts))
      if (int64_t size = sizeInWeight(loop); !ShapedType::isDynamic(size))
        shape[i] = size;
  value = castTo(value, shape);
  SmallVector<int64_t> ranks = {int64_t(repeated.size() + rows.size()), int64_t(c.k.size())};
  if (hasExperts)
    ranks.insert(ranks.begin(), c.experts.size());
  return collapse(value, ranks);
}

/// x with its columns in the order of those of the weight's matrix.
Value Rewrite::takeColumns(Value x, Value weight) {
  Value order = ColumnOrderOp::create(b, loc, weight);
  auto type = cast<RankedTensorType>(x.getType());
  int64_t last = type.getRank() - 1;
  Value init =
      tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, x), type.getElementType());
  SmallVector<AffineMap> maps = {
      AffineMap::get(type.getRank(), 0, b.getAffineDimExpr(last), b.getContext()),
      b.getMultiDimIdentityMap(type.getRank())};
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  auto body = [&](OpBuilder &builder, Location loc, ValueRange args) {
    SmallVector<Value> at;
    for (int64_t dim = 0; dim < last; ++dim)
      at.push_back(linalg::IndexOp::create(builder, loc, dim));
    at.push_back(arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(), args[0]));
    linalg::YieldOp::create(builder, loc, Value(tensor::ExtractOp::create(builder, loc, x, at)));
  };
  return linalg::GenericOp::create(b, loc, init.getType(), order, init, maps, iterators, body)
      ->getResult(0);
}

//===----------------------------------------------------------------------===//
// The output
//===----------------------------------------------------------------------===//

/// From [E, M, N] to the dimensions of the output.
Value Rewrite::restoreOutput(Value result) {
  if (cast<RankedTensorType>(result.getType()).getRank() == 3 && c.experts.empty()) {
    SmallVector<ReassociationIndices> groups = {{0, 1}, {2}};
    result = tensor::CollapseShapeOp::create(b, loc, result, groups);
  }
  SmallVector<SmallVector<OpFoldResult>> groups;
  Loops loops;
  auto append = [&](ArrayRef<unsigned> more) {
    for (unsigned loop : more) {
      loops.push_back(loop);
      groups.back().push_back(sizes[loop]);
    }
  };
  auto appendOfWeight = [&](ArrayRef<unsigned> more) {
    groups.emplace_back();
    for (unsigned loop : more) {
      loops.push_back(loop);
      int64_t size = sizeInWeight(loop);
      groups.back().push_back(ShapedType::isDynamic(size) ? sizes[loop] : b.getIndexAttr(size));
    }
  };
  if (!c.experts.empty())
    appendOfWeight(c.experts);
  groups.emplace_back();
  append(units);
  append(repeated);
  append(rows);
  appendOfWeight(c.n);
  result = expand(result, groups);
  return castTo(transposeTo(result, loops, c.outputLoops), outputType.getShape());
}

/// Adds an initial value and rounds to the output's type, once: a narrow accumulator is kept in
/// f32.
Value Rewrite::finish(Value sums) {
  Value init = op.getDpsInitOperand(0)->get();
  Type element = outputType.getElementType();
  bool zero = isZero(init);
  if (zero && element.isF32())
    return sums;
  SmallVector<Value> inputs = {sums};
  if (!zero)
    inputs.push_back(init);
  Value empty = tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, init), element);
  SmallVector<AffineMap> maps(inputs.size() + 1, b.getMultiDimIdentityMap(outputType.getRank()));
  SmallVector<utils::IteratorType> iterators(outputType.getRank(), utils::IteratorType::parallel);
  auto body = [&](OpBuilder &builder, Location loc, ValueRange args) {
    Value value = args[0];
    if (!zero) {
      Value start = args[1];
      if (!element.isF32())
        start = arith::ExtFOp::create(builder, loc, builder.getF32Type(), start);
      value = arith::AddFOp::create(builder, loc, value, start);
    }
    if (!element.isF32())
      value = arith::TruncFOp::create(builder, loc, element, value);
    linalg::YieldOp::create(builder, loc, value);
  };
  return linalg::GenericOp::create(b, loc, empty.getType(), inputs, empty, maps, iterators, body)
      ->getResult(0);
}

MatmulOp Rewrite::run(Numerics numerics) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  sortLoops();
  Value product = createX();
  auto xType = cast<RankedTensorType>(product.getType());
  Value weight = createWeight(), selection = createSelection();
  if (runType.getFormat().getFormat().hasColumnOrder)
    product = takeColumns(product, weight);
  SmallVector<OpFoldResult> initSizes;
  if (selection && !selection.getType().isIndex())
    initSizes.push_back(tensor::getMixedSize(b, loc, selection, 0));
  else if (runType.getShape().size() == 3 && !selection)
    initSizes.push_back(b.getIndexAttr(runType.getShape()[0]));
  initSizes.push_back(tensor::getMixedSize(b, loc, product, xType.getRank() - 2));
  initSizes.push_back(b.getIndexAttr(runType.getRows()));
  Value init = tensor::EmptyOp::create(b, loc, initSizes, b.getF32Type());
  auto matmul = MatmulOp::create(b, loc, product, weight, selection, ValueRange{}, init,
                                 ArrayRef<AffineMap>{}, numerics,
                                 [](OpBuilder &, Location, ValueRange args) { return args[0]; });
  b.replaceOp(op, finish(restoreOutput(matmul.getResults()[0])));
  return matmul;
}

MatmulOp rewriteContraction(RewriterBase &rewriter, const Contraction &contraction,
                            CompressedType runType, Numerics numerics, WeightDeriver &deriver) {
  return Rewrite(rewriter, contraction, runType, deriver).run(numerics);
}

} // namespace uwt
