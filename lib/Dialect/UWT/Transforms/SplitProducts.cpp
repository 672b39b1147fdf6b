//===- SplitProducts.cpp - Pass uwt-split-products ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product is a multiplication of two sides and an addition. Front ends and upstream's fusion put
// the arithmetic of the sides into its body. The pass moves each side into an operation of its own:
// that of x is computed in front of the product, that of a weight when the weight is loaded.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "WeightExpression.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"

namespace uwt {
#define GEN_PASS_DEF_SPLITPRODUCTSPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

using namespace mlir;

namespace {

using Positions = llvm::SmallSetVector<unsigned, 4>;

/// One factor of the product in a body.
struct Side {
  /// The factor without the widenings at its end, and its type with them.
  Value value;
  Type wide;
  /// The inputs that the factor depends on.
  Positions inputs;
  /// Operations of the body that compute `value`, in their order.
  SmallVector<Operation *> operations;

  bool isPlain() const { return operations.empty(); }
};

/// A body `out + a * b`, `out - a * b`, or `fma(a, b, out)`.
struct ProductBody {
  Side sides[2];
  bool isSubtracted = false, isFused = false;
  /// The type that the sum is computed in: wider than the output's if each step rounds.
  Type sum;
};

/// Value that a body yields, taken apart.
struct Sum {
  Value product;
  Value left, right;
  bool isSubtracted = false, isFused = false;
  Type type;
};

} // namespace

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

/// Returns `value` without the widenings at its end.
static Value narrowed(Value value) {
  while (auto extend = value.getDefiningOp<arith::ExtFOp>())
    value = extend.getIn();
  return value;
}

/// Adds the operations of `block` that compute `value` to `needed`.
static void addComputation(Value value, Block *block, llvm::SetVector<Operation *> &needed) {
  SmallVector<Value> pending = {value};
  while (!pending.empty()) {
    Operation *producer = pending.pop_back_val().getDefiningOp();
    if (producer && producer->getBlock() == block && needed.insert(producer))
      llvm::append_range(pending, producer->getOperands());
  }
}

/// Returns the two factors of the one product that is added to `out`, or nothing.
static std::optional<Sum> findSum(Value yielded, BlockArgument out) {
  // Rounded at each step: the sum is kept in the wider type.
  if (auto truncate = yielded.getDefiningOp<arith::TruncFOp>();
      truncate && truncate.getIn().hasOneUse())
    yielded = truncate.getIn();
  auto isOut = [&](Value value) { return narrowed(value) == out; };
  Sum sum;
  sum.type = yielded.getType();
  if (auto fma = yielded.getDefiningOp<math::FmaOp>(); fma && isOut(fma.getC())) {
    sum.left = fma.getA();
    sum.right = fma.getB();
    sum.isFused = true;
    return sum;
  }
  if (auto add = yielded.getDefiningOp<arith::AddFOp>())
    sum.product = isOut(add.getLhs()) ? add.getRhs() : isOut(add.getRhs()) ? add.getLhs() : Value();
  if (auto subtract = yielded.getDefiningOp<arith::SubFOp>();
      subtract && isOut(subtract.getLhs())) {
    sum.product = subtract.getRhs();
    sum.isSubtracted = true;
  }
  auto multiply = sum.product ? sum.product.getDefiningOp<arith::MulFOp>() : arith::MulFOp();
  if (!multiply)
    return std::nullopt;
  sum.left = multiply.getLhs();
  sum.right = multiply.getRhs();
  return sum;
}

/// Collects the operations of `block` that compute `value` and the inputs of `op` that they read.
/// Fails if they read an output, an index or have effects.
static LogicalResult collect(linalg::GenericOp op, Value value, Side &side,
                             llvm::SmallPtrSetImpl<Operation *> &seen) {
  Block *block = op.getBody();
  if (auto argument = dyn_cast<BlockArgument>(value); argument && argument.getOwner() == block) {
    if (argument.getArgNumber() >= op.getNumDpsInputs())
      return failure();
    side.inputs.insert(argument.getArgNumber());
    return success();
  }
  Operation *producer = value.getDefiningOp();
  if (!producer || producer->getBlock() != block || !seen.insert(producer).second)
    return success();
  if (!isMemoryEffectFree(producer) || producer->getNumRegions() != 0 ||
      isa<linalg::IndexOp>(producer))
    return failure();
  for (Value operand : producer->getOperands())
    if (failed(collect(op, operand, side, seen)))
      return failure();
  side.operations.push_back(producer);
  return success();
}

static FailureOr<Side> findSide(linalg::GenericOp op, Value value) {
  Side side;
  side.wide = value.getType();
  side.value = narrowed(value);
  llvm::SmallPtrSet<Operation *, 8> seen;
  if (failed(collect(op, side.value, side, seen)) || side.inputs.empty())
    return failure();
  return side;
}

/// Returns the product that the body of `op` computes for its only output.
static FailureOr<ProductBody> findProductBody(linalg::GenericOp op) {
  BlockArgument out = op.getMatchingBlockArgument(op.getDpsInitOperand(0));
  std::optional<Sum> sum = findSum(op.getBody()->getTerminator()->getOperand(0), out);
  if (!sum || !isa<FloatType>(sum->type))
    return failure();
  ProductBody body;
  body.isSubtracted = sum->isSubtracted;
  body.isFused = sum->isFused;
  body.sum = sum->type;
  Value factors[] = {sum->left, sum->right};
  for (auto [side, factor] : llvm::zip(body.sides, factors)) {
    FailureOr<Side> found = findSide(op, factor);
    if (failed(found))
      return failure();
    side = *found;
  }
  bool shares = llvm::any_of(body.sides[0].inputs,
                             [&](unsigned input) { return body.sides[1].inputs.contains(input); });
  return shares ? FailureOr<ProductBody>() : body;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// Returns if a matrix that weights or constants alone decide is among the inputs.
static bool hasWeight(linalg::GenericOp op) {
  return llvm::any_of(op.getDpsInputs(), [](Value input) {
    auto type = dyn_cast<RankedTensorType>(input.getType());
    return type && type.getRank() >= 2 && type.hasStaticShape() && uwt::isOfWeights(input);
  });
}

static bool isCandidate(linalg::GenericOp op) {
  return op.hasPureTensorSemantics() && op.getNumReductionLoops() != 0 &&
         op.getNumDpsInputs() >= 2 && uwt::hasNoEffects(op) && hasWeight(op);
}

/// Returns the input of a side whose indices are those of all its inputs, or nothing.
static std::optional<unsigned> findWidest(linalg::GenericOp op, const Side &side) {
  auto mapOf = [&](unsigned input) {
    return op.getMatchingIndexingMap(op.getDpsInputOperand(input));
  };
  if (side.inputs.size() == 1)
    return side.inputs[0];
  for (unsigned input : side.inputs)
    if (!mapOf(input).isProjectedPermutation())
      return std::nullopt;
  auto widest = *llvm::max_element(side.inputs, [&](unsigned a, unsigned b) {
    return mapOf(a).getNumResults() < mapOf(b).getNumResults();
  });
  for (unsigned input : side.inputs)
    for (AffineExpr index : mapOf(input).getResults())
      if (!mapOf(widest).getResultPosition(index))
        return std::nullopt;
  return widest;
}

/// Returns the map of an input of a side, from the indices of the widest one.
static AffineMap mapWithin(AffineMap widest, AffineMap map) {
  MLIRContext *context = map.getContext();
  if (widest == map)
    return AffineMap::getMultiDimIdentityMap(widest.getNumResults(), context);
  SmallVector<AffineExpr> results;
  for (AffineExpr index : map.getResults())
    results.push_back(getAffineDimExpr(*widest.getResultPosition(index), context));
  return AffineMap::get(widest.getNumResults(), 0, results, context);
}

/// A tensor and the map by which the product reads it.
struct Operand {
  Value tensor;
  AffineMap map;
};

/// Computes a side in an operation of its own; with `negated`, minus the side.
static FailureOr<Operand> computeSide(RewriterBase &rewriter, linalg::GenericOp op,
                                      const Side &side, bool negated) {
  std::optional<unsigned> widest = findWidest(op, side);
  if (!widest)
    return failure();
  Location loc = op.getLoc();
  OpOperand *wide = op.getDpsInputOperand(*widest);
  AffineMap widestMap = op.getMatchingIndexingMap(wide);
  if (side.isPlain() && !negated)
    return Operand{wide->get(), widestMap};
  Type element = side.value.getType();
  Value empty = tensor::EmptyOp::create(rewriter, loc,
                                        tensor::getMixedSizes(rewriter, loc, wide->get()), element);
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (unsigned input : side.inputs) {
    OpOperand *operand = op.getDpsInputOperand(input);
    inputs.push_back(operand->get());
    maps.push_back(mapWithin(widestMap, op.getMatchingIndexingMap(operand)));
  }
  unsigned rank = widestMap.getNumResults();
  maps.push_back(rewriter.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  auto body = [&](OpBuilder &builder, Location bodyLoc, ValueRange arguments) {
    IRMapping mapping;
    for (auto [position, input] : llvm::enumerate(side.inputs))
      mapping.map(op.getBody()->getArgument(input), arguments[position]);
    for (Operation *operation : side.operations)
      builder.clone(*operation, mapping);
    Value result = mapping.lookup(side.value);
    if (negated)
      result = arith::NegFOp::create(builder, bodyLoc, result);
    linalg::YieldOp::create(builder, bodyLoc, result);
  };
  auto computed = linalg::GenericOp::create(rewriter, loc, empty.getType(), inputs, empty, maps,
                                            iterators, body);
  return Operand{computed.getResult(0), widestMap};
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Returns `tensor` with elements of `element`, widened or rounded.
static Value convertTo(RewriterBase &rewriter, Location loc, Value tensor, Type element) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getElementType() == element)
    return tensor;
  bool widens = element.getIntOrFloatBitWidth() > type.getElementTypeBitWidth();
  Value empty =
      tensor::EmptyOp::create(rewriter, loc, tensor::getMixedSizes(rewriter, loc, tensor), element);
  AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  auto body = [&](OpBuilder &builder, Location bodyLoc, ValueRange arguments) {
    Value result = widens
                       ? arith::ExtFOp::create(builder, bodyLoc, element, arguments[0]).getResult()
                       : arith::TruncFOp::create(builder, bodyLoc, element, arguments[0]);
    linalg::YieldOp::create(builder, bodyLoc, result);
  };
  return linalg::GenericOp::create(rewriter, loc, empty.getType(), tensor, empty,
                                   ArrayRef<AffineMap>{identity, identity}, iterators, body)
      .getResult(0);
}

/// Returns if the maps of the two sides and of the output tell the size of each loop.
static bool tellsAllLoops(linalg::GenericOp op, const ProductBody &body) {
  SmallVector<AffineMap> maps = {op.getMatchingIndexingMap(op.getDpsInitOperand(0))};
  for (const Side &side : body.sides)
    for (unsigned input : side.inputs)
      maps.push_back(op.getMatchingIndexingMap(op.getDpsInputOperand(input)));
  return static_cast<bool>(inversePermutation(concatAffineMaps(maps, op.getContext())));
}

/// Returns if the body is as later passes expect it: nothing is left to take apart.
static bool isTakenApart(linalg::GenericOp op, const ProductBody &body) {
  Type output = op.getMatchingBlockArgument(op.getDpsInitOperand(0)).getType();
  return body.sides[0].isPlain() && body.sides[1].isPlain() && !body.isSubtracted &&
         !body.isFused && op.getNumDpsInputs() == 2 && output == body.sum;
}

/// Replaces a product by one of its two sides.
static LogicalResult splitBody(RewriterBase &rewriter, linalg::GenericOp op) {
  FailureOr<ProductBody> body = findProductBody(op);
  if (failed(body) || isTakenApart(op, *body) || !tellsAllLoops(op, *body))
    return failure();
  rewriter.setInsertionPoint(op);
  // A sign costs less on x, whose elements are computed in each call anyway.
  unsigned first = body->sides[0].inputs[0];
  bool isFirstWeight = uwt::isOfWeights(op.getDpsInputOperand(first)->get());
  Operand operands[2];
  for (unsigned i = 0; i < 2; ++i) {
    bool isX = isFirstWeight ? i == 1 : i == 0;
    FailureOr<Operand> operand =
        computeSide(rewriter, op, body->sides[i], body->isSubtracted && isX);
    if (failed(operand))
      return failure();
    operands[i] = *operand;
  }
  Location loc = op.getLoc();
  OpOperand *init = op.getDpsInitOperand(0);
  Type outElement = getElementTypeOrSelf(init->get().getType());
  Value sum = convertTo(rewriter, loc, init->get(), body->sum);
  auto makeBody = [&](OpBuilder &builder, Location bodyLoc, ValueRange arguments) {
    Value factors[2];
    for (unsigned i = 0; i < 2; ++i) {
      factors[i] = arguments[i];
      if (factors[i].getType() != body->sides[i].wide)
        factors[i] = arith::ExtFOp::create(builder, bodyLoc, body->sides[i].wide, factors[i]);
    }
    Value product = arith::MulFOp::create(builder, bodyLoc, factors[0], factors[1]);
    Value added = arith::AddFOp::create(builder, bodyLoc, arguments[2], product);
    linalg::YieldOp::create(builder, bodyLoc, added);
  };
  auto product = linalg::GenericOp::create(
      rewriter, loc, sum.getType(), ValueRange{operands[0].tensor, operands[1].tensor}, sum,
      ArrayRef<AffineMap>{operands[0].map, operands[1].map, op.getMatchingIndexingMap(init)},
      op.getIteratorTypesArray(), makeBody);
  rewriter.replaceOp(op, convertTo(rewriter, loc, product.getResult(0), outElement));
  return success();
}

/// Returns if each output of `op` is a product of its own.
static bool hasSeveralProducts(linalg::GenericOp op) {
  if (op.getNumDpsInits() < 2)
    return false;
  return llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
    BlockArgument out = op.getMatchingBlockArgument(&init);
    unsigned number = out.getArgNumber() - op.getNumDpsInputs();
    std::optional<Sum> sum = findSum(op.getBody()->getTerminator()->getOperand(number), out);
    return sum && succeeded(findSide(op, sum->left)) && succeeded(findSide(op, sum->right));
  });
}

/// Replaces an operation of several products by an operation per product.
static SmallVector<linalg::GenericOp> splitOutputs(RewriterBase &rewriter, linalg::GenericOp op) {
  rewriter.setInsertionPoint(op);
  SmallVector<linalg::GenericOp> products;
  SmallVector<Value> results;
  unsigned inputs = op.getNumDpsInputs();
  for (unsigned i = 0; i < static_cast<unsigned>(op.getNumDpsInits()); ++i) {
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<AffineMap> kept(ArrayRef(maps).take_front(inputs));
    kept.push_back(maps[inputs + i]);
    auto body = [&](OpBuilder &builder, Location bodyLoc, ValueRange arguments) {
      IRMapping mapping;
      for (unsigned input = 0; input < inputs; ++input)
        mapping.map(op.getBody()->getArgument(input), arguments[input]);
      mapping.map(op.getBody()->getArgument(inputs + i), arguments[inputs]);
      // Operations of the other outputs are of no use, and their arguments are not mapped.
      Value yielded = op.getBody()->getTerminator()->getOperand(i);
      llvm::SetVector<Operation *> needed;
      addComputation(yielded, op.getBody(), needed);
      for (Operation &operation : op.getBody()->without_terminator())
        if (needed.contains(&operation))
          builder.clone(operation, mapping);
      linalg::YieldOp::create(builder, bodyLoc, mapping.lookup(yielded));
    };
    Value init = op.getDpsInitOperand(i)->get();
    auto product =
        linalg::GenericOp::create(rewriter, op.getLoc(), init.getType(), op.getDpsInputs(), init,
                                  kept, op.getIteratorTypesArray(), body);
    products.push_back(product);
    results.push_back(product.getResult(0));
  }
  rewriter.replaceOp(op, results);
  return products;
}

/// Reads inputs of which a dimension has a constant index through a slice without the dimension.
static linalg::GenericOp dropConstantIndices(RewriterBase &rewriter, linalg::GenericOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<Value> inputs = op.getDpsInputs();
  bool changed = false;
  rewriter.setInsertionPoint(op);
  for (auto [input, map] : llvm::zip(inputs, maps)) {
    auto type = dyn_cast<RankedTensorType>(input.getType());
    if (!type || llvm::none_of(map.getResults(), llvm::IsaPred<AffineConstantExpr>))
      continue;
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(rewriter, op.getLoc(), input);
    SmallVector<OpFoldResult> offsets(sizes.size(), rewriter.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), rewriter.getIndexAttr(1));
    SmallVector<int64_t> shape;
    SmallVector<AffineExpr> results;
    for (auto [dim, index] : llvm::enumerate(map.getResults())) {
      if (auto constant = dyn_cast<AffineConstantExpr>(index)) {
        offsets[dim] = rewriter.getIndexAttr(constant.getValue());
        sizes[dim] = rewriter.getIndexAttr(1);
        continue;
      }
      shape.push_back(type.getDimSize(dim));
      results.push_back(index);
    }
    input = tensor::ExtractSliceOp::create(rewriter, op.getLoc(), type.clone(shape), input, offsets,
                                           sizes, strides);
    map = AffineMap::get(map.getNumDims(), 0, results, map.getContext());
    changed = true;
  }
  if (!changed)
    return op;
  auto sliced = linalg::GenericOp::create(rewriter, op.getLoc(), op->getResultTypes(), inputs,
                                          op.getDpsInits(), maps, op.getIteratorTypesArray());
  rewriter.inlineRegionBefore(op.getRegion(), sliced.getRegion(), sliced.getRegion().begin());
  rewriter.replaceOp(op, sliced);
  return sliced;
}

/// Returns the sum along some dimensions that `op` is, as a generic operation, or null.
static linalg::GenericOp asSum(RewriterBase &rewriter, linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumReductionLoops() == 0 || op.getNumDpsInputs() != 1 ||
      op.getNumDpsInits() != 1)
    return nullptr;
  auto add = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add || llvm::range_size(op.getBlock()->without_terminator()) != 1)
    return nullptr;
  if (auto generic = dyn_cast<linalg::GenericOp>(op.getOperation()))
    return generic;
  rewriter.setInsertionPoint(op);
  FailureOr<linalg::GenericOp> generic = linalg::generalizeNamedOp(rewriter, op);
  return succeeded(generic) ? *generic : nullptr;
}

/// Returns the multiplication that nobody but the sum `op` uses, or null.
static linalg::GenericOp multiplicationOf(linalg::LinalgOp op) {
  auto producer = op.getNumDpsInputs() == 1
                      ? op.getDpsInputOperand(0)->get().getDefiningOp<linalg::GenericOp>()
                      : linalg::GenericOp();
  if (!producer || !producer->hasOneUse() || producer.getNumReductionLoops() != 0 ||
      producer.getNumDpsInputs() < 2 || producer.getNumDpsInits() != 1 || !hasWeight(producer))
    return nullptr;
  Value yielded = narrowed(producer.getBody()->getTerminator()->getOperand(0));
  return yielded.getDefiningOp<arith::MulFOp>() ? producer : nullptr;
}

/// Makes a product of a multiplication and the sum of its results.
static void fuseSum(RewriterBase &rewriter, linalg::LinalgOp op) {
  if (!multiplicationOf(op))
    return;
  linalg::GenericOp sum = asSum(rewriter, op);
  if (!sum)
    return;
  OpOperand *operand = sum.getDpsInputOperand(0);
  if (!linalg::areElementwiseOpsFusable(operand))
    return;
  rewriter.setInsertionPoint(sum);
  FailureOr<linalg::ElementwiseOpFusionResult> fused =
      linalg::fuseElementwiseOps(rewriter, operand);
  if (failed(fused))
    return;
  for (auto [before, after] : fused->replacements)
    rewriter.replaceUsesWithIf(before, after, [&](OpOperand &use) {
      return use.getOwner() != fused->fusedOp && use.getOwner() != operand->getOwner();
    });
  rewriter.eraseOp(sum);
}

//===----------------------------------------------------------------------===//
// Lookups
//===----------------------------------------------------------------------===//

/// Returns the one read of a weight's elements by their indices in a body that computes with the
/// element, or null.
static tensor::ExtractOp findLookup(linalg::GenericOp op) {
  if (op->getNumResults() != 1 || !op.hasPureTensorSemantics() || op.getNumReductionLoops() != 0 ||
      !op.getIndexingMapMatchingResult(op->getResult(0)).isIdentity() ||
      op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
    return nullptr;
  auto reads = llvm::to_vector(op.getBody()->getOps<tensor::ExtractOp>());
  if (reads.size() != 1 || op.getBody()->getTerminator()->getOperand(0) == reads[0].getResult())
    return nullptr;
  auto type = cast<RankedTensorType>(reads[0].getTensor().getType());
  bool isTable =
      type.getRank() >= 2 && type.hasStaticShape() && uwt::isOfWeights(reads[0].getTensor());
  return isTable && !uwt::isOfWeights(op->getResult(0)) ? reads[0] : tensor::ExtractOp();
}

/// Makes a lookup of a weight's elements, with the checks of its indices, and an operation that
/// computes with what is found.
static void splitLookup(RewriterBase &rewriter, linalg::GenericOp op) {
  tensor::ExtractOp read = findLookup(op);
  if (!read)
    return;
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  Block *block = op.getBody();
  llvm::SetVector<Operation *> lookup, rest;
  addComputation(read, block, lookup);
  for (Operation &inner : block->without_terminator())
    if (!isMemoryEffectFree(&inner) && lookup.insert(&inner))
      for (Value operand : inner.getOperands())
        addComputation(operand, block, lookup);
  // The element is found by then.
  rest.insert(read);
  addComputation(block->getTerminator()->getOperand(0), block, rest);
  rest.remove(read);

  auto emit = [&](const llvm::SetVector<Operation *> &needed, IRMapping &mapping, Value yielded,
                  OpBuilder &builder) {
    for (Operation &inner : block->without_terminator())
      if (needed.contains(&inner))
        builder.clone(inner, mapping);
    linalg::YieldOp::create(builder, loc, mapping.lookupOrDefault(yielded));
  };
  Value init = op.getDpsInitOperand(0)->get();
  Value empty = tensor::EmptyOp::create(rewriter, loc, tensor::getMixedSizes(rewriter, loc, init),
                                        read.getType());
  auto found = linalg::GenericOp::create(
      rewriter, loc, empty.getType(), op.getDpsInputs(), empty, op.getIndexingMapsArray(),
      op.getIteratorTypesArray(), [&](OpBuilder &builder, Location, ValueRange arguments) {
        IRMapping mapping;
        mapping.map(block->getArguments().drop_back(), arguments.drop_back());
        emit(lookup, mapping, read, builder);
      });
  SmallVector<Value> inputs(op.getDpsInputs());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  inputs.push_back(found.getResult(0));
  maps.insert(maps.end() - 1, rewriter.getMultiDimIdentityMap(op.getNumLoops()));
  auto computed = linalg::GenericOp::create(
      rewriter, loc, init.getType(), inputs, init, maps, op.getIteratorTypesArray(),
      [&](OpBuilder &builder, Location, ValueRange arguments) {
        IRMapping mapping;
        mapping.map(block->getArguments().drop_back(), arguments.drop_back(2));
        mapping.map(read, arguments[inputs.size() - 1]);
        emit(rest, mapping, block->getTerminator()->getOperand(0), builder);
      });
  rewriter.replaceOp(op, computed);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct SplitProducts : uwt::impl::SplitProductsPassBase<SplitProducts> {
  void runOnOperation() override {
    getOperation().walk([&](FunctionOpInterface function) { runOnFunction(function); });
  }

  void runOnFunction(FunctionOpInterface function) {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> sums;
    function.walk([&](linalg::LinalgOp op) { sums.push_back(op); });
    for (linalg::LinalgOp op : sums)
      fuseSum(rewriter, op);
    SmallVector<linalg::GenericOp> lookups;
    function.walk([&](linalg::GenericOp op) { lookups.push_back(op); });
    for (linalg::GenericOp op : lookups)
      splitLookup(rewriter, op);
    SmallVector<linalg::GenericOp> candidates;
    function.walk([&](linalg::GenericOp op) {
      if (isCandidate(op))
        candidates.push_back(op);
    });
    for (linalg::GenericOp op : candidates)
      split(rewriter, op);
  }

  void split(RewriterBase &rewriter, linalg::GenericOp op) {
    op = dropConstantIndices(rewriter, op);
    SmallVector<linalg::GenericOp> products = {op};
    if (hasSeveralProducts(op))
      products = splitOutputs(rewriter, op);
    for (linalg::GenericOp product : products)
      if (product.getNumDpsInits() == 1 && succeeded(splitBody(rewriter, product)))
        ++numSplit;
  }
};

} // namespace
