//===- ExposeWeights.cpp - Pass uwt-expose-weights ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight is found behind a product's operand within one function, and not behind a block
// argument.
//
//===----------------------------------------------------------------------===//

#include "WeightExpression.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "uwt/Rewrite/GreedyRewrites.h"

namespace uwt {
#define GEN_PASS_DEF_EXPOSEWEIGHTSPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

using namespace mlir;

/// Returns if a value is a tensor with dimensions that weights and constants alone decide.
static bool isWeight(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() != 0 && type.hasStaticShape() && uwt::isOfWeights(value);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

namespace {

/// Inlines calls that hand a weight to a private function.
class CallInliner {
public:
  explicit CallInliner(ModuleOp module)
      : module(module), symbols(module), left(uwt::rewriteBound(module)) {}
  void run();

private:
  func::FuncOp calleeOf(func::CallOp call);
  bool isRecursive(func::FuncOp function);
  void inlineCall(func::CallOp call, func::FuncOp callee);

  ModuleOp module;
  SymbolTable symbols;
  /// Operations that may still be cloned: functions that call each other in pairs would double with
  /// each step.
  int64_t left;
  SmallVector<func::CallOp> pending;
  llvm::SetVector<func::FuncOp> inlined;
};

} // namespace

func::FuncOp CallInliner::calleeOf(func::CallOp call) {
  auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
  bool isKnown = callee && !callee.isExternal() && callee.isPrivate();
  return isKnown && llvm::hasSingleElement(callee.getBody()) ? callee : func::FuncOp();
}

bool CallInliner::isRecursive(func::FuncOp function) {
  llvm::SetVector<func::FuncOp> reached;
  SmallVector<func::FuncOp> open = {function};
  while (!open.empty()) {
    open.pop_back_val().walk([&](func::CallOp call) {
      auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
      if (callee && reached.insert(callee))
        open.push_back(callee);
    });
  }
  return reached.contains(function);
}

void CallInliner::inlineCall(func::CallOp call, func::FuncOp callee) {
  OpBuilder builder(call);
  IRMapping mapping;
  mapping.map(callee.getArguments(), call.getOperands());
  for (Operation &op : callee.front().without_terminator()) {
    Operation *clone = builder.clone(op, mapping);
    clone->walk([&](Operation *inner) {
      --left;
      if (auto other = dyn_cast<func::CallOp>(inner))
        pending.push_back(other);
    });
  }
  for (auto [result, value] :
       llvm::zip(call.getResults(), callee.front().getTerminator()->getOperands()))
    result.replaceAllUsesWith(mapping.lookupOrDefault(value));
  call.erase();
  inlined.insert(callee);
}

void CallInliner::run() {
  module.walk([&](func::CallOp call) { pending.push_back(call); });
  while (!pending.empty() && left > 0) {
    func::CallOp call = pending.pop_back_val();
    func::FuncOp callee = calleeOf(call);
    if (callee && llvm::any_of(call.getOperands(), isWeight) && !isRecursive(callee))
      inlineCall(call, callee);
  }
  for (func::FuncOp function : inlined)
    if (SymbolTable::symbolKnownUseEmpty(function, module))
      function.erase();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// Takes values that never change out of the arguments of loops.
static LogicalResult dropInvariantArguments(StringRef pass, Operation *function) {
  SmallVector<Operation *> loops;
  function->walk([&](Operation *op) {
    if (isa<scf::ForOp, scf::WhileOp>(op))
      loops.push_back(op);
  });
  if (loops.empty())
    return success();
  RewritePatternSet patterns(function->getContext());
  scf::ForOp::getCanonicalizationPatterns(patterns, function->getContext());
  scf::WhileOp::getCanonicalizationPatterns(patterns, function->getContext());
  return success(succeeded(uwt::rewriteGreedily(pass, function, loops, std::move(patterns))));
}

//===----------------------------------------------------------------------===//
// Branches
//===----------------------------------------------------------------------===//

namespace {

/// A product of the weights that an scf.if picks, and the operations between.
struct ChosenProduct {
  linalg::LinalgOp product;
  SmallVector<Operation *> between;
};

} // namespace

/// Maps the results of `branch` to those of one alternative, whose operations `builder` clones.
static void mapTo(scf::IfOp branch, bool isThen, OpBuilder &builder, IRMapping &mapping) {
  Block *block = isThen ? branch.thenBlock() : branch.elseBlock();
  for (Operation &op : block->without_terminator())
    builder.clone(op, mapping);
  for (auto [result, value] : llvm::zip(branch.getResults(), block->getTerminator()->getOperands()))
    mapping.map(result, mapping.lookupOrDefault(value));
}

/// Returns if both alternatives of an scf.if yield weights alone, and may be computed again.
static bool picksWeights(scf::IfOp branch) {
  if (branch.getNumResults() == 0)
    return false;
  for (Block *block : {branch.thenBlock(), branch.elseBlock()}) {
    auto isFree = [](Operation &op) { return isMemoryEffectFree(&op); };
    if (!llvm::all_of(block->without_terminator(), isFree) ||
        !llvm::all_of(block->getTerminator()->getOperands(), isWeight))
      return false;
  }
  return true;
}

/// Returns those of `between` that `product` depends on, in their order.
static SmallVector<Operation *> neededBy(Operation *product,
                                         const llvm::SetVector<Operation *> &between) {
  llvm::SetVector<Operation *> needed;
  SmallVector<Operation *> pending = {product};
  while (!pending.empty())
    for (Value operand : pending.pop_back_val()->getOperands())
      if (Operation *op = operand.getDefiningOp(); op && between.contains(op) && needed.insert(op))
        pending.push_back(op);
  SmallVector<Operation *> ordered = needed.takeVector();
  llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return ordered;
}

/// Returns the products that the results of `branch` reach through operations on weights alone.
static SmallVector<ChosenProduct> findProducts(scf::IfOp branch) {
  SmallVector<Value> reached = llvm::to_vector_of<Value>(branch.getResults());
  llvm::SetVector<Operation *> between, products;
  auto isKnown = [&](Value value) {
    return llvm::is_contained(reached, value) || uwt::isOfWeights(value);
  };
  for (size_t i = 0; i < reached.size(); ++i) {
    for (Operation *user : reached[i].getUsers()) {
      auto linalgOp = dyn_cast<linalg::LinalgOp>(user);
      if (linalgOp && linalgOp.hasPureTensorSemantics() && linalgOp.getNumReductionLoops() != 0) {
        products.insert(user);
        continue;
      }
      bool moves = isMemoryEffectFree(user) && user->getNumResults() == 1 &&
                   user->getBlock() == reached[0].getParentBlock() &&
                   llvm::all_of(user->getOperands(), isKnown);
      if (moves && between.insert(user))
        reached.push_back(user->getResult(0));
    }
  }
  SmallVector<ChosenProduct> found;
  for (Operation *product : products)
    found.push_back({cast<linalg::LinalgOp>(product), neededBy(product, between)});
  return found;
}

/// Computes a product in both branches of its own, each from a weight that is known.
static void sinkIntoBranches(RewriterBase &rewriter, scf::IfOp choice,
                             const ChosenProduct &chosen) {
  Operation *product = chosen.product;
  rewriter.setInsertionPoint(product);
  auto branch = scf::IfOp::create(rewriter, product->getLoc(), product->getResultTypes(),
                                  choice.getCondition(), /*withElseRegion=*/true);
  for (bool isThen : {true, false}) {
    OpBuilder builder = isThen ? branch.getThenBodyBuilder() : branch.getElseBodyBuilder();
    IRMapping mapping;
    mapTo(choice, isThen, builder, mapping);
    for (Operation *op : chosen.between)
      builder.clone(*op, mapping);
    Operation *clone = builder.clone(*product, mapping);
    scf::YieldOp::create(builder, product->getLoc(), clone->getResults());
  }
  rewriter.replaceOp(product, branch.getResults());
}

static void sinkProducts(Operation *function) {
  IRRewriter rewriter(function->getContext());
  SmallVector<scf::IfOp> choices;
  function->walk([&](scf::IfOp branch) {
    if (picksWeights(branch))
      choices.push_back(branch);
  });
  // A product with a weight of many choices doubles with each of them: three choices, on average.
  size_t left = 64;
  for (scf::IfOp choice : choices)
    left += 8 * findProducts(choice).size();
  for (scf::IfOp choice : choices)
    for (const ChosenProduct &chosen : findProducts(choice)) {
      if (left == 0)
        return;
      --left;
      sinkIntoBranches(rewriter, choice, chosen);
    }
}

namespace {

struct ExposeWeights : uwt::impl::ExposeWeightsPassBase<ExposeWeights> {
  void runOnOperation() override {
    CallInliner(getOperation()).run();
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (failed(dropInvariantArguments(getArgument(), function)))
        return signalPassFailure();
      sinkProducts(function);
    }
  }
};

} // namespace
