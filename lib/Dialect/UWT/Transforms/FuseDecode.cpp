//===- FuseDecode.cpp - Products that run from compressed weights ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Three steps: products and what computes their weights (Contraction.h, WeightExpression.h), what
// follows them (FuseEpilogue.h), and the decodes that are left. A function without a decode is not
// touched at all.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "DenseProducts.h"
#include "FuseEpilogue.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Iterators.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/CSE.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "uwt/Rewrite/GreedyRewrites.h"

using namespace mlir;

namespace uwt {
#define GEN_PASS_DEF_FUSEDECODEPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

namespace {

using Operations = llvm::SmallPtrSet<Operation *, 8>;

struct FuseDecodePass : uwt::impl::FuseDecodePassBase<FuseDecodePass> {
  using FuseDecodePassBase::FuseDecodePassBase;
  void runOnOperation() override;

private:
  LogicalResult runOnFunction(FunctionOpInterface function, uwt::WeightDeriver &deriver);
  Operations fuseProducts(IRRewriter &rewriter, FunctionOpInterface function,
                          uwt::WeightDeriver &deriver);
};

} // namespace

/// Runs patterns over some operations alone: what is not ours stays as it is.
static LogicalResult rewriteOnly(Operation *root, RewritePatternSet patterns,
                                 llvm::function_ref<bool(Operation *)> isOurs) {
  SmallVector<Operation *> ops;
  root->walk([&](Operation *op) {
    if (isOurs(op))
      ops.push_back(op);
  });
  return success(
      succeeded(uwt::rewriteGreedily("uwt-fuse-decode", root, ops, std::move(patterns))));
}

/// Sizes of results in terms of operands: a size that is asked of a product keeps its result alive.
static LogicalResult resolveSizes(Operation *root) {
  RewritePatternSet patterns(root->getContext());
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
  return rewriteOnly(root, std::move(patterns),
                     [](Operation *op) { return isa<tensor::DimOp>(op); });
}

/// Arithmetic on whole tensors, as some front ends leave it, in linalg's form.
static LogicalResult convertTensorArithmetic(Operation *root) {
  RewritePatternSet patterns(root->getContext());
  linalg::populateElementwiseToLinalgConversionPatterns(patterns);
  return rewriteOnly(root, std::move(patterns), [](Operation *op) {
    return OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() == 1 &&
           isa<RankedTensorType>(op->getResult(0).getType());
  });
}

/// Splits the loops of products with matrices that are looked up by tensors of numbers: front ends
/// collapse the dimensions of the numbers into one, or with the rows of the matrices.
static LogicalResult expandLookups(Operation *root) {
  auto isCollapsedLookup = [](OpOperand *operand) {
    auto op = dyn_cast<linalg::LinalgOp>(operand->getOwner());
    auto collapse = operand->get().getDefiningOp<tensor::CollapseShapeOp>();
    return op && op.getNumReductionLoops() != 0 && collapse &&
           uwt::areLookedUpMatrices(collapse.getSrc());
  };
  RewritePatternSet patterns(root->getContext());
  linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, isCollapsedLookup);
  return rewriteOnly(root, std::move(patterns), [&](Operation *op) {
    return llvm::any_of(op->getOpOperands(),
                        [&](OpOperand &operand) { return isCollapsedLookup(&operand); });
  });
}

namespace {
/// A reshape of what is widened becomes one of the narrow elements, widened behind it.
template <typename Reshape> struct ReshapeBeforeWidening : OpRewritePattern<Reshape> {
  using OpRewritePattern<Reshape>::OpRewritePattern;

  LogicalResult matchAndRewrite(Reshape reshape, PatternRewriter &rewriter) const override {
    uwt::TracedValue traced(reshape.getSrc());
    RankedTensorType wide = traced.type();
    bool isWidened = traced.advance(/*reshapes=*/false) &&
                     traced.type().getElementType() != wide.getElementType() &&
                     traced.type().getShape() == wide.getShape() &&
                     isIdentityPermutation(traced.dims);
    if (!isWidened)
      return rewriter.notifyMatchFailure(reshape, "is not of widened elements in their order");

    IRMapping mapping;
    mapping.map(reshape.getSrc(), traced.source);
    Value narrow = rewriter.clone(*reshape, mapping)->getResult(0);
    narrow.setType(reshape.getResultType().clone(traced.type().getElementType()));
    rewriter.replaceOp(
        reshape, uwt::createWidened(rewriter, reshape.getLoc(), narrow, wide.getElementType()));
    return success();
  }
};
} // namespace

/// Products take activations before they are widened, also from behind a reshape.
static LogicalResult reshapeBeforeWidening(Operation *root) {
  RewritePatternSet patterns(root->getContext());
  patterns.add<ReshapeBeforeWidening<tensor::CollapseShapeOp>,
               ReshapeBeforeWidening<tensor::ExpandShapeOp>>(root->getContext());
  auto isProduct = [](Operation *op) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    return linalgOp && linalgOp.getNumReductionLoops() != 0;
  };
  return rewriteOnly(root, std::move(patterns), [&](Operation *op) {
    return isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op) &&
           llvm::any_of(op->getUsers(), isProduct);
  });
}

static LogicalResult foldReshapes(Operation *root) {
  RewritePatternSet patterns(root->getContext());
  tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, root->getContext());
  tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, root->getContext());
  return rewriteOnly(root, std::move(patterns), [](Operation *op) {
    return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
  });
}

/// Erases what has no users: operations without effects, and those of `replaced` whatever they do.
static void eraseDeadOps(Operation *root, const Operations &replaced = {}) {
  // Users before what they use; an operation may go once it and its regions have been visited.
  root->walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
    if (op != root && (isOpTriviallyDead(op) || (op->use_empty() && replaced.contains(op))))
      op->erase();
  });
}

/// Makes a decode that is left a tensor that the loader decodes. False where it is of no weight.
static bool loadDense(uwt::DecodeOp decode) {
  Value source = decode.getSource();
  while (auto transcode = source.getDefiningOp<uwt::TranscodeOp>())
    source = transcode.getSource();
  auto weight = source.getDefiningOp<uwt::WeightOp>();
  if (!weight)
    return false;
  Operation *user = *decode->user_begin();
  weight.emitRemark() << "weight '" << weight.getName()
                      << "' is decoded when it is loaded: " << user->getName().getStringRef()
                      << " needs the dense tensor";
  OpBuilder builder(weight);
  Value dense =
      uwt::WeightOp::create(builder, weight.getLoc(), decode.getType(), weight.getNameAttr());
  decode.replaceAllUsesWith(dense);
  return true;
}

/// Whether rows are looked up that compiled code decodes.
static bool canGather(const uwt::TableLookup &lookup) {
  Type element = lookup.tableType().getElementType();
  return lookup.weight() && lookup.tableType().getRank() == 2 &&
         (element.isBF16() || element.isF16());
}

/// The product with a weight that `op` is and that can be rewritten. remarkDenseProducts says of
/// others why not.
static std::optional<uwt::Contraction> findProduct(linalg::LinalgOp op) {
  auto product = uwt::Contraction::find(op);
  return product ? *std::move(product) : std::nullopt;
}

/// Operations that compute weights which are derived: products among them are done once.
static Operations findSlicesOfWeights(ArrayRef<linalg::LinalgOp> ops) {
  Operations parts;
  for (linalg::LinalgOp op : ops) {
    std::optional<uwt::Contraction> product = findProduct(op);
    if (!product || product->stored)
      continue;
    if (auto expression = uwt::WeightExpression::find(product->derivedValue()))
      parts.insert(expression->operations.begin(), expression->operations.end());
  }
  return parts;
}

/// Gives the lookups whose numbers products take now, with the assertions about them.
Operations FuseDecodePass::fuseProducts(IRRewriter &rewriter, FunctionOpInterface function,
                                        uwt::WeightDeriver &deriver) {
  Operations replaced;
  SmallVector<linalg::LinalgOp> ops;
  function.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
  Operations slicesOfWeights = findSlicesOfWeights(ops);
  for (linalg::LinalgOp op : ops) {
    if (slicesOfWeights.contains(op))
      continue;
    if (auto lookup = uwt::TableLookup::match(op); lookup && canGather(*lookup)) {
      uwt::rewriteLookup(rewriter, *lookup);
      ++numGathers;
      continue;
    }
    std::optional<uwt::Contraction> product = findProduct(op);
    if (!product)
      continue;
    uwt::Expected<uwt::CompressedType> runType = product->getRunType();
    if (!runType)
      continue;
    if (!product->notFromCodes.empty())
      op.emitRemark()
          << "the weight of this product is held as floats, not as the codes that it is "
             "computed from: "
          << product->notFromCodes;
    uwt::rewriteContraction(rewriter, *product, *runType, numerics, deriver);
    if (product->selectedMatrices)
      replaced.insert(product->selectedMatrices->op);
    ++numProducts;
  }
  return replaced;
}

LogicalResult FuseDecodePass::runOnFunction(FunctionOpInterface function,
                                            uwt::WeightDeriver &deriver) {
  IRRewriter rewriter(&getContext());
  if (failed(convertTensorArithmetic(function)) || failed(expandLookups(function)) ||
      failed(reshapeBeforeWidening(function)))
    return failure();
  Operations replaced = fuseProducts(rewriter, function, deriver);
  if (failed(resolveSizes(function)))
    return failure();
  eraseDeadOps(function, replaced);
  // Equal sizes are one value then, which is how reshapes are known to be each other's inverse.
  DominanceInfo dominance(function);
  eliminateCommonSubExpressions(rewriter, dominance, function);

  SmallVector<uwt::MatmulOp> products;
  function.walk([&](uwt::MatmulOp op) { products.push_back(op); });
  if (epilogues)
    for (uwt::MatmulOp product : products)
      numAbsorbed += uwt::fuseEpilogue(rewriter, product);
  if (failed(foldReshapes(function)))
    return failure();
  eraseDeadOps(function);
  return success();
}

/// Whether an operation is a weight that no format codes, and maybe a weight's codes.
static bool isDenseMatrix(Operation *op) {
  auto weight = dyn_cast<uwt::WeightOp>(op);
  auto type = weight ? dyn_cast<RankedTensorType>(weight.getType()) : RankedTensorType();
  return type && type.getRank() >= 2;
}

void FuseDecodePass::runOnOperation() {
  ModuleOp module = getOperation();
  SmallVector<FunctionOpInterface> functions;
  module.walk([&](FunctionOpInterface function) {
    WalkResult search = function.walk([](Operation *op) {
      return isa<uwt::DecodeOp>(op) || isDenseMatrix(op) ? WalkResult::interrupt()
                                                         : WalkResult::advance();
    });
    if (search.wasInterrupted())
      functions.push_back(function);
  });
  uwt::WeightDeriver deriver(module);
  for (FunctionOpInterface function : functions)
    if (failed(runOnFunction(function, deriver)))
      return signalPassFailure();
  for (FunctionOpInterface function : functions) {
    eraseDeadOps(function);
    numLeft += uwt::remarkDenseProducts(function);
    function.walk([&](uwt::DecodeOp decode) { numDense += loadDense(decode); });
    eraseDeadOps(function);
  }
}
