//===- ContractionRewrite.cpp - From a linalg product to uwt.matmul -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `uwt.matmul` knows one order: x [E, M, K], weight, result [E, M, N]. What the
// operation had otherwise is stated around it, in operations that FuseEpilogue can absorb.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace uwt {
namespace {

/// The rewrite of one contraction. Values are created in front of its operation.
class Rewrite {
public:
  Rewrite(RewriterBase &rewriter, const Contraction &contraction, CompressedType runType)
      : b(rewriter), c(contraction), op(c.op), loc(op->getLoc()), runType(runType),
        outputType(cast<RankedTensorType>(op->getResult(0).getType())) {}

  MatmulOp run(Numerics numerics);

private:
  void sortLoops();
  Value createWeight();
  Value createX();
  Value reshapeX(Value x, bool hasExpert, int64_t rows);
  Value createWidened(Value x);
  Value restoreOutput(Value result);
  Value finish(Value sums);

  Value transpose(Value value, ArrayRef<int64_t> permutation);
  Value castTo(Value value, ArrayRef<int64_t> shape);

  RewriterBase &b;
  const Contraction &c;
  linalg::LinalgOp op;
  Location loc;
  CompressedType runType;
  RankedTensorType outputType;
  /// Loops of M in x's order, behind those that x lacks: of size 1, or over which x is repeated.
  SmallVector<unsigned> units, repeated, rows;
  /// Sizes of `repeated` and `rows`, in that order.
  SmallVector<OpFoldResult> rowSizes;
};

/// Whether an initial value is zero everywhere: the sign of a zero does not matter to a sum.
bool isZero(Value init) {
  while (auto cast = init.getDefiningOp<tensor::CastOp>())
    init = cast.getSource();
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    init = fill.getInputs()[0];
  if (auto generic = init.getDefiningOp<linalg::GenericOp>())
    if (generic.getInputs().empty() && generic.getNumResults() == 1)
      init = generic.getBody()->getTerminator()->getOperand(0);
  return matchPattern(init, m_AnyZeroFloat());
}

} // namespace

Value Rewrite::transpose(Value value, ArrayRef<int64_t> permutation) {
  if (isIdentityPermutation(permutation))
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
  applyPermutationToVector(sizes, permutation);
  Value init = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  return linalg::TransposeOp::create(b, loc, value, init, permutation)->getResult(0);
}

Value Rewrite::castTo(Value value, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  return tensor::CastOp::create(b, loc, type.clone(shape), value);
}

void Rewrite::sortLoops() {
  for (auto [dim, loop] : llvm::enumerate(c.outputLoops)) {
    if (loop == c.n || loop == c.expert || llvm::is_contained(c.xLoops, loop))
      continue;
    (outputType.getDimSize(dim) == 1 ? units : repeated).push_back(loop);
    if (outputType.getDimSize(dim) != 1)
      rowSizes.push_back(tensor::getMixedSize(b, loc, op.getDpsInitOperand(0)->get(), dim));
  }
  for (auto [dim, loop] : llvm::enumerate(c.xLoops))
    if (loop != c.k && loop != c.expert) {
      rows.push_back(loop);
      rowSizes.push_back(tensor::getMixedSize(b, loc, c.x, dim));
    }
}

Value Rewrite::createWeight() {
  Value weight = DecodeOp(c.decode).getSource();
  if (weight.getType() == runType)
    return weight;
  return TranscodeOp::create(b, loc, runType, weight);
}

/// Widens x to f32, which every weight may be multiplied with.
Value Rewrite::createWidened(Value x) {
  auto type = cast<RankedTensorType>(x.getType());
  Value init = tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, x), b.getF32Type());
  AffineMap map = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  auto body = [](OpBuilder &builder, Location loc, ValueRange args) {
    Value wide = arith::ExtFOp::create(builder, loc, builder.getF32Type(), args[0]);
    linalg::YieldOp::create(builder, loc, wide);
  };
  return linalg::GenericOp::create(b, loc, init.getType(), x, init, ArrayRef<AffineMap>{map, map},
                                   iterators, body)
      ->getResult(0);
}

/// [E, rows..., K] to [E, M, K], or without E.
Value Rewrite::reshapeX(Value x, bool hasExpert, int64_t rowCount) {
  auto type = cast<RankedTensorType>(x.getType());
  if (rowCount == 1)
    return x;
  SmallVector<ReassociationIndices> groups;
  if (hasExpert)
    groups.push_back({0});
  int64_t first = hasExpert ? 1 : 0;
  if (rowCount == 0) {
    groups.push_back({first, first + 1});
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.end() - 1, 1);
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, x);
    sizes.insert(sizes.end() - 1, b.getIndexAttr(1));
    return tensor::ExpandShapeOp::create(b, loc, type.clone(shape), x, groups, sizes);
  }
  ReassociationIndices group;
  for (int64_t i = 0; i < rowCount; ++i)
    group.push_back(first + i);
  groups.push_back(group);
  groups.push_back({first + rowCount});
  return b.createOrFold<tensor::CollapseShapeOp>(loc, x, groups);
}

Value Rewrite::createX() {
  Value x = c.x;
  Type element = cast<RankedTensorType>(x.getType()).getElementType();
  if (element != runType.getElementType() && !element.isF32())
    x = createWidened(x);

  bool hasExpert = c.expert && llvm::is_contained(c.xLoops, *c.expert);
  SmallVector<int64_t> order;
  auto append = [&](unsigned loop) {
    order.push_back(llvm::find(c.xLoops, loop) - c.xLoops.begin());
  };
  if (hasExpert)
    append(*c.expert);
  llvm::for_each(rows, append);
  append(c.k);
  x = transpose(x, order);

  if (!repeated.empty()) {
    // Behind the matrices' dimension, so that they lead the rows.
    SmallVector<int64_t> added;
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, x);
    for (size_t i = 0; i < repeated.size(); ++i) {
      added.push_back(i + hasExpert);
      sizes.insert(sizes.begin() + added.back(), rowSizes[i]);
    }
    Value init = tensor::EmptyOp::create(b, loc, sizes, getElementTypeOrSelf(x));
    x = linalg::BroadcastOp::create(b, loc, x, init, added)->getResult(0);
  }
  SmallVector<int64_t> shape(cast<RankedTensorType>(x.getType()).getShape());
  shape.back() = runType.getColumns();
  if (hasExpert)
    shape.front() = runType.getShape().front();
  x = castTo(x, shape);
  return reshapeX(x, hasExpert, repeated.size() + rows.size());
}

/// From [E, M, N] to the dimensions of the output.
Value Rewrite::restoreOutput(Value result) {
  auto type = cast<RankedTensorType>(result.getType());
  SmallVector<ReassociationIndices> groups;
  if (type.getRank() == 3 && !c.expert) {
    groups = {{0, 1}, {2}};
    result = tensor::CollapseShapeOp::create(b, loc, result, groups);
    type = cast<RankedTensorType>(result.getType());
  }

  SmallVector<unsigned> loops;
  SmallVector<OpFoldResult> sizes;
  if (c.expert) {
    loops.push_back(*c.expert);
    sizes.push_back(b.getIndexAttr(type.getDimSize(0)));
  }
  for (ArrayRef<unsigned> part :
       {ArrayRef<unsigned>(units), ArrayRef<unsigned>(repeated), ArrayRef<unsigned>(rows)})
    loops.append(part.begin(), part.end());
  sizes.append(units.size(), b.getIndexAttr(1));
  sizes.append(rowSizes.begin(), rowSizes.end());
  loops.push_back(c.n);
  sizes.push_back(b.getIndexAttr(type.getShape().back()));

  int64_t lead = c.expert ? 1 : 0, rank = loops.size(), rowRank = rank - lead - 1;
  if (rowRank != 1) {
    groups.clear();
    if (c.expert)
      groups.push_back({0});
    ReassociationIndices group;
    for (int64_t i = 0; i < rowRank; ++i)
      group.push_back(lead + i);
    if (rowRank != 0) {
      groups.push_back(group);
      groups.push_back({rank - 1});
      auto [shape, dynamic] = decomposeMixedValues(sizes);
      result = tensor::ExpandShapeOp::create(b, loc, type.clone(shape), result, groups, sizes);
    } else {
      groups.push_back({lead, lead + 1});
      result = tensor::CollapseShapeOp::create(b, loc, result, groups);
    }
  }
  SmallVector<int64_t> order;
  for (unsigned loop : c.outputLoops)
    order.push_back(llvm::find(loops, loop) - loops.begin());
  return castTo(transpose(result, order), outputType.getShape());
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
  Value x = createX();
  auto xType = cast<RankedTensorType>(x.getType());
  SmallVector<OpFoldResult> sizes;
  if (runType.getShape().size() == 3)
    sizes.push_back(b.getIndexAttr(runType.getShape()[0]));
  sizes.push_back(tensor::getMixedSize(b, loc, x, xType.getRank() - 2));
  sizes.push_back(b.getIndexAttr(runType.getRows()));
  Value init = tensor::EmptyOp::create(b, loc, sizes, b.getF32Type());
  auto matmul =
      MatmulOp::create(b, loc, x, createWeight(), ValueRange{}, init, ArrayRef<AffineMap>{},
                       numerics, [](OpBuilder &, Location, ValueRange args) { return args[0]; });
  b.replaceOp(op, finish(restoreOutput(matmul.getResults()[0])));
  return matmul;
}

MatmulOp rewriteContraction(RewriterBase &rewriter, const Contraction &contraction,
                            CompressedType runType, Numerics numerics) {
  return Rewrite(rewriter, contraction, runType).run(numerics);
}

} // namespace uwt
