//===- Contraction.cpp - Which linalg operations are products -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Named operations and generics are treated alike: what counts is the body (one
// multiplication, one addition) and which loop indexes what. A loop that only the weight and the
// output have is N, one that only x and the output have belongs to M, the one that both operands
// have and the output lacks is K.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace uwt {

/// The element's position among the body's arguments, behind widenings, or nothing.
static std::optional<unsigned> widenedArgument(Value value, Block &block) {
  while (auto extend = value.getDefiningOp<arith::ExtFOp>())
    value = extend.getIn();
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != &block)
    return std::nullopt;
  return argument.getArgNumber();
}

/// Whether the body is `out + a * b`, a and b exact, multiplied and added in the output's type.
static bool isProductBody(linalg::LinalgOp op) {
  Block &block = *op.getBlock();
  BlockArgument out = op.getMatchingBlockArgument(op.getDpsInitOperand(0));
  auto add = block.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add || (add.getLhs() != out && add.getRhs() != out))
    return false;
  auto multiply =
      (add.getLhs() == out ? add.getRhs() : add.getLhs()).getDefiningOp<arith::MulFOp>();
  if (!multiply || !isa<Float32Type, BFloat16Type, Float16Type>(out.getType()))
    return false;
  std::optional<unsigned> lhs = widenedArgument(multiply.getLhs(), block);
  std::optional<unsigned> rhs = widenedArgument(multiply.getRhs(), block);
  return lhs && rhs && *lhs + *rhs == 1;
}

/// The decode behind an operand, with where its dimensions are, or nothing.
static std::optional<TracedValue> traceWeight(Value operand) {
  if (!isa<RankedTensorType>(operand.getType()))
    return std::nullopt;
  TracedValue traced(operand);
  while (!traced.source.getDefiningOp<DecodeOp>())
    if (!traced.step(/*reshapes=*/true))
      return std::nullopt;
  return traced;
}

static SmallVector<unsigned> loopsOf(AffineMap map) {
  SmallVector<unsigned> loops;
  for (AffineExpr expr : map.getResults())
    loops.push_back(cast<AffineDimExpr>(expr).getPosition());
  return loops;
}

/// Finds e, n and k. `weightLoops` has the loop of each dimension of the weight's tensor, or -1.
static bool assignLoops(Contraction &c, ArrayRef<int64_t> weightLoops, ArrayRef<unsigned> xLoops,
                        std::string &reason) {
  auto inX = [&](int64_t loop) { return loop >= 0 && llvm::is_contained(xLoops, unsigned(loop)); };
  auto inOutput = [&](int64_t loop) {
    return loop >= 0 && llvm::is_contained(c.outputLoops, unsigned(loop));
  };
  ArrayRef<int64_t> matrix = weightLoops.take_back(2);
  auto isK = [&](int64_t loop) { return inX(loop) && !inOutput(loop); };
  auto isN = [&](int64_t loop) { return !inX(loop) && inOutput(loop); };
  bool nMajor = isN(matrix[0]) && isK(matrix[1]);
  c.kMajor = isK(matrix[0]) && isN(matrix[1]);
  if (!nMajor && !c.kMajor) {
    reason = "the last two dimensions of the weight are not one that is summed over and one of the "
             "output alone";
    return false;
  }
  c.n = matrix[c.kMajor ? 1 : 0];
  c.k = matrix[c.kMajor ? 0 : 1];
  if (weightLoops.size() == 3) {
    int64_t loop = weightLoops[0];
    if (loop >= 0 && !inOutput(loop)) {
      reason = "it sums over the matrices of the weight";
      return false;
    }
    if (loop < 0 && c.decode.getType().getShape()[0] != 1) {
      reason = "it does not run over the matrices of the weight";
      return false;
    }
    if (loop >= 0)
      c.expert = loop;
  }
  for (unsigned loop = 0; loop < c.op.getNumLoops(); ++loop)
    if (loop != c.k && !inOutput(loop)) {
      reason = "it sums over more than one dimension";
      return false;
    }
  return true;
}

/// Looks behind the operand of the activations: to what has the weight's element type, else f32.
static void traceX(Contraction &c, Value operand, ArrayRef<unsigned> operandLoops) {
  TracedValue traced(operand), best(operand);
  Type element = c.decode.getType().getElementType();
  auto mayStay = [&] {
    // A repetition over the matrices of the weight is not needed; others are.
    for (auto [dim, loop] : llvm::zip(traced.dims, operandLoops))
      if (dim < 0 && loop != c.expert)
        return false;
    // Each dimension is one that was traced: no size of 1 appears from nowhere.
    return llvm::count_if(traced.dims, [](int64_t dim) { return dim >= 0; }) ==
           traced.type().getRank();
  };
  while (traced.step(/*reshapes=*/false) && mayStay()) {
    Type type = traced.type().getElementType();
    bool better = type == element || (type.isF32() && best.type().getElementType() != element);
    if (better || type == best.type().getElementType())
      best = traced;
  }
  c.x = best.source;
  c.xLoops.assign(best.type().getRank(), 0);
  for (auto [dim, loop] : llvm::zip(best.dims, operandLoops))
    if (dim >= 0)
      c.xLoops[dim] = loop;
}

std::optional<Contraction> Contraction::find(linalg::LinalgOp op, std::string &reason) {
  if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 || op->getNumResults() != 1 ||
      op.getNumReductionLoops() == 0)
    return std::nullopt;
  // Where both are weights the second one is: front ends put weights there.
  unsigned position = 1;
  std::optional<TracedValue> weight = traceWeight(op.getDpsInputOperand(1)->get());
  if (!weight) {
    position = 0;
    weight = traceWeight(op.getDpsInputOperand(0)->get());
  }
  if (!weight)
    return std::nullopt;
  OpOperand *weightOperand = op.getDpsInputOperand(position);
  OpOperand *xOperand = op.getDpsInputOperand(1 - position);

  if (!isProductBody(op)) {
    reason = "its body is not one multiplication and one addition in the f32, bf16 or f16 of its "
             "output";
    return std::nullopt;
  }
  AffineMap weightMap = op.getMatchingIndexingMap(weightOperand);
  AffineMap xMap = op.getMatchingIndexingMap(xOperand);
  AffineMap outputMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!weightMap.isProjectedPermutation() || !xMap.isProjectedPermutation() ||
      !outputMap.isProjectedPermutation() || !isa<RankedTensorType>(xOperand->get().getType())) {
    reason = "its indexing maps are not projected permutations";
    return std::nullopt;
  }
  int64_t rank = weight->type().getRank();
  if (rank != 2 && rank != 3) {
    reason = "expected a weight of rank 2 or 3, got " + std::to_string(rank);
    return std::nullopt;
  }

  Contraction c;
  c.op = op;
  c.decode = weight->source.getDefiningOp<DecodeOp>();
  c.outputLoops = loopsOf(outputMap);
  SmallVector<int64_t> weightLoops(rank, -1);
  for (auto [dim, loop] : llvm::zip(weight->dims, loopsOf(weightMap)))
    if (dim >= 0)
      weightLoops[dim] = loop;
  SmallVector<unsigned> xLoops = loopsOf(xMap);
  if (!assignLoops(c, weightLoops, xLoops, reason))
    return std::nullopt;
  traceX(c, xOperand->get(), xLoops);
  return c;
}

CompressedType Contraction::getRunType(std::string &reason) const {
  auto type = cast<CompressedType>(DecodeOp(decode).getSource().getType());
  Type element = type.getElementType();
  auto emits = [&](const Format &format) {
    if (!checkFormat(format, *elementTypeOf(element)))
      return false;
    Attribute attribute = FormatAttr::get(type.getContext(), format);
    auto emission = dyn_cast<DecoderEmissionInterface>(attribute);
    return !emission || succeeded(emission.checkEmission(element, reason));
  };
  Format format = type.getFormat().getFormat();
  format.storage = kMajor ? Storage::KMajor : Storage::NMajor;
  format.layout = Layout::Fragment16x16;
  // Where the format itself is of no use the loader decodes it; a better one to run
  // from is uwt-select-strategy's choice.
  Format raw;
  raw.codec = {"raw", {}};
  raw.storage = format.storage;
  if (!emits(format)) {
    if (!emits(raw))
      return {};
    format = raw;
  }
  return type.withFormat(FormatAttr::get(type.getContext(), format));
}

} // namespace uwt
