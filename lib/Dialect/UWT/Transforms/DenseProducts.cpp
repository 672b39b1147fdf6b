//===- DenseProducts.cpp - Products that fusion has left ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs behind fusion and looks at what is there, not at what fusion has tried: whatever form a
// product has that fusion does not know, it is said.
//
//===----------------------------------------------------------------------===//

#include "DenseProducts.h"
#include "Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace {

/// Where values come from, as far as tensors of floats say it.
class WeightOrigins {
public:
  /// Whether `value` is computed from weights and constants, of weights at least one.
  bool isWeight(Value value) { return originOf(value) == Origin::Weight; }
  /// Names of the operations between `value`, which comes from a weight, and the weight.
  std::string pathTo(Value value);

private:
  /// In rising order: what is computed from several is of the highest.
  enum class Origin { Nothing, Weight, Other };
  Origin originOf(Value value);
  Origin combine(Operation *op);
  static SmallVector<Value> sourcesOf(Operation *op);

  llvm::DenseMap<Operation *, Origin> known;
};

} // namespace

static bool isWeightSource(Operation *op) { return isa<uwt::DecodeOp, uwt::WeightOp>(op); }

/// Tensors of floats that `op` takes, or that its regions read. Destinations that are written
/// over are none.
SmallVector<Value> WeightOrigins::sourcesOf(Operation *op) {
  SmallVector<Value> sources;
  auto add = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (type && isa<FloatType>(type.getElementType()))
      sources.push_back(value);
  };
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  for (OpOperand &operand : op->getOpOperands())
    if (!linalgOp || !linalgOp.isDpsInit(&operand) ||
        linalgOp.payloadUsesValueFromOperand(&operand))
      add(operand.get());
  op->walk([&](tensor::ExtractOp read) {
    if (read != op && !op->isAncestor(read.getTensor().getParentBlock()->getParentOp()))
      add(read.getTensor());
  });
  return sources;
}

/// The origin of what `op` gives, whose sources are known.
WeightOrigins::Origin WeightOrigins::combine(Operation *op) {
  if (isWeightSource(op))
    return Origin::Weight;
  if (isa<uwt::MatmulOp>(op) || op->getNumRegions() > (isa<linalg::LinalgOp>(op) ? 1 : 0))
    return Origin::Other;
  Origin origin = Origin::Nothing;
  for (Value source : sourcesOf(op)) {
    Operation *producer = source.getDefiningOp();
    origin = std::max(origin, producer ? known.lookup(producer) : Origin::Other);
  }
  return origin;
}

WeightOrigins::Origin WeightOrigins::originOf(Value value) {
  Operation *last = value.getDefiningOp();
  if (!last)
    return Origin::Other;
  // Producers before their users, without recursion: a model's chain is as long as the model.
  SmallVector<Operation *> stack = {last};
  while (!stack.empty()) {
    Operation *op = stack.back();
    size_t size = stack.size();
    if (!known.contains(op) && !isWeightSource(op))
      for (Value source : sourcesOf(op))
        if (Operation *producer = source.getDefiningOp(); producer && !known.contains(producer))
          stack.push_back(producer);
    if (stack.size() != size)
      continue;
    stack.pop_back();
    known.try_emplace(op, combine(op));
  }
  return known.lookup(last);
}

std::string WeightOrigins::pathTo(Value value) {
  llvm::SetVector<StringRef> names;
  while (Operation *op = value.getDefiningOp()) {
    if (isWeightSource(op))
      break;
    names.insert(op->getName().getStringRef());
    SmallVector<Value> sources = sourcesOf(op);
    auto *next = llvm::find_if(sources, [&](Value source) { return isWeight(source); });
    if (next == sources.end())
      break;
    value = *next;
  }
  return llvm::join(names, ", ");
}

/// Whether `op` sums products up: a contraction or a convolution in any form.
static bool sumsProducts(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumReductionLoops() == 0 || op.getNumDpsInputs() < 2)
    return false;
  return llvm::any_of(*op.getBlock(),
                      [](Operation &each) { return isa<arith::MulFOp, arith::MulIOp>(each); });
}

/// Why fusion has left `op`, whose operand `weight` comes from one.
static std::string reasonFor(linalg::LinalgOp op, Value weight, WeightOrigins &origins) {
  uwt::Expected<std::optional<uwt::Contraction>> product = uwt::Contraction::find(op);
  if (!product)
    return product.error().message();
  if (*product)
    if (uwt::Expected<uwt::CompressedType> runType = (*product)->getRunType(); !runType)
      return runType.error().message();
  if (op.getNumDpsInputs() != 2)
    return "it has " + std::to_string(op.getNumDpsInputs()) + " inputs, expected two";
  std::string path = origins.pathTo(weight);
  return path.empty() ? "no kernel has its form" : "the weight reaches it through " + path;
}

unsigned uwt::remarkDenseProducts(FunctionOpInterface function) {
  WeightOrigins origins;
  unsigned left = 0;
  function.walk([&](linalg::LinalgOp op) {
    if (!sumsProducts(op))
      return;
    for (OpOperand *input : op.getDpsInputOperands()) {
      if (!origins.isWeight(input->get()))
        continue;
      ++left;
      op->emitRemark() << "product with a weight is not fused: "
                       << reasonFor(op, input->get(), origins);
      return;
    }
  });
  return left;
}
