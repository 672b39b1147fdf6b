//===- Contraction.cpp - Which linalg operations are products -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Named operations and generics are treated alike: what counts is the body (one
// multiplication, one addition) and which loop indexes what. Loops that only the weight and the
// output have are N, those that only x and the output have are M, those that both operands have
// and the output lacks are K, and those that all have go by matrix of the weight.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringExtras.h"

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

bool hasNoEffects(linalg::LinalgOp op) {
  return llvm::all_of(op.getBlock()->without_terminator(),
                      [](Operation &inner) { return isMemoryEffectFree(&inner); });
}

/// Whether the body is `out + a * b`, a and b exact, multiplied and added in the output's type.
static bool isProductBody(linalg::LinalgOp op) {
  Block &block = *op.getBlock();
  if (!hasNoEffects(op))
    return false;
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

/// Whether matrices of a weight are looked up by tensors of their numbers.
static bool looksUpMatrices(Operation *op) {
  std::optional<TableLookup> lookup = TableLookup::match(op);
  return lookup && lookup->tableType().getRank() == 3;
}

/// Whether a weight's matrices are read by their numbers.
static bool selectsMatrices(Operation *op) { return MatrixSlice::match(op) || looksUpMatrices(op); }

bool areLookedUpMatrices(Value value) {
  TracedValue traced(value);
  while (!looksUpMatrices(traced.source.getDefiningOp()))
    if (!traced.advance(/*reshapes=*/false))
      return false;
  return true;
}

/// What is behind the operand of a weight, with where its dimensions are: a decode, matrices that
/// are selected of one, or the first value that is computed in other ways, from weights alone.
/// Nothing where there is none of these. No compiled code decodes elements of 8 bits, so that the
/// widening of such elements is a computation, too.
static std::optional<TracedValue> traceWeight(Value operand) {
  auto isNarrow = [](const TracedValue &value) {
    return value.type().getElementTypeBitWidth() < 16;
  };
  if (!isa<RankedTensorType>(operand.getType()))
    return std::nullopt;
  TracedValue traced(operand), wide = traced;
  auto isFound = [&] {
    Operation *op = traced.source.getDefiningOp();
    return isa_and_nonnull<DecodeOp>(op) || selectsMatrices(op);
  };
  while (!isFound() && traced.advance(/*reshapes=*/true))
    if (!isNarrow(traced))
      wide = traced;
  if (isNarrow(traced))
    traced = wide;
  if (isFound() || WeightExpression::find(traced.source))
    return traced;
  return std::nullopt;
}

static SmallVector<unsigned> loopsOf(AffineMap map) {
  SmallVector<unsigned> loops;
  for (AffineExpr expr : map.getResults())
    loops.push_back(cast<AffineDimExpr>(expr).getPosition());
  return loops;
}

/// Whether an index of x is a loop or a sum of positive multiples of loops.
static bool isWindowIndex(AffineExpr expr) {
  if (isa<AffineDimExpr>(expr))
    return true;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return isWindowIndex(binary.getLHS()) && isWindowIndex(binary.getRHS());
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return expr.getKind() == AffineExprKind::Mul && isa<AffineDimExpr>(binary.getLHS()) && factor &&
         factor.getValue() > 0;
}

/// In a convolution, loops over x and a dimension of the weight that run once are no loops: views
/// of x do not have them.
static void dropUnitLoops(Contraction &c) {
  if (!c.hasWindows())
    return;
  for (auto [dim, loop] : llvm::enumerate(c.weightLoops))
    if (loop >= 0 && c.weightType().getDimSize(dim) == 1 && c.isInX(loop))
      loop = -1;
}

/// Finds what each loop is. Errors: a product has no such loop.
static Status assignLoops(Contraction &c) {
  auto isInOutput = [&](unsigned loop) { return llvm::is_contained(c.outputLoops, loop); };
  for (int64_t dimension : c.weightLoops) {
    if (dimension < 0)
      continue;
    unsigned loop = dimension;
    if (!isInOutput(loop) && !c.isInX(loop))
      return unsupportedError("it sums over a dimension of the weight alone");
    (!isInOutput(loop) ? c.k : c.isInX(loop) ? c.experts : c.n).push_back(loop);
  }
  SmallVector<int64_t> ranges = c.op.getStaticLoopRanges();
  for (unsigned loop = 0; loop < c.op.getNumLoops(); ++loop)
    if (!isInOutput(loop) && !llvm::is_contained(c.k, loop) &&
        !(c.hasWindows() && ranges[loop] == 1))
      return unsupportedError("it sums over more than one dimension");
  if (c.k.empty())
    return unsupportedError("the weight has no dimension that is summed over");
  return ok();
}

/// Finds whether the last two dimensions of the weight are a matrix of the product, and those
/// before go by matrix: then it is read as it is stored, or as the table that is looked up has it.
static void findMatrices(Contraction &c) {
  Operation *source = c.weight.getDefiningOp();
  std::optional<MatrixSlice> slice = MatrixSlice::match(source);
  // Rows that are looked up are no matrix as it is stored.
  std::optional<TableLookup> lookup =
      looksUpMatrices(source) ? TableLookup::match(source) : std::nullopt;
  auto decode = slice    ? slice->weight
                : lookup ? lookup->weight()
                         : dyn_cast_or_null<DecodeOp>(source);
  // Dimensions of size 1 in front of the matrix.
  ArrayRef<int64_t> leading = ArrayRef(c.weightLoops).drop_back(2);
  ArrayRef<int64_t> matrix = ArrayRef(c.weightLoops).take_back(2);
  if ((!decode && !lookup) || matrix.size() != 2 || (!lookup && leading.size() > 1))
    return;
  auto is = [](ArrayRef<unsigned> loops, int64_t loop) {
    return loop >= 0 && llvm::is_contained(loops, unsigned(loop));
  };
  bool isNMajor = is(c.n, matrix[0]) && is(c.k, matrix[1]);
  c.kMajor = is(c.k, matrix[0]) && is(c.n, matrix[1]);
  if (!isNMajor && !c.kMajor)
    return;
  // Matrices that x does not go by all take the same x.
  for (int64_t loop : leading)
    if (loop >= 0 && !is(c.experts, loop) && !is(c.n, loop))
      return;
  for (int64_t loop : leading)
    if (is(c.n, loop)) {
      llvm::erase(c.n, unsigned(loop));
      c.experts.push_back(loop);
    }
  if (lookup && c.experts.size() != leading.size())
    return;
  c.stored = decode;
  if (slice)
    c.selectedMatrix = slice->number;
  else
    c.selectedMatrices = lookup;
}

/// Product of the sizes of loops of the weight.
static int64_t sizeOf(const Contraction &c, ArrayRef<unsigned> loops) {
  int64_t size = 1;
  for (auto [dimension, loop] : llvm::enumerate(c.weightLoops))
    if (loop >= 0 && llvm::is_contained(loops, unsigned(loop)))
      size *= c.weightType().getDimSize(dimension);
  return size;
}

/// "2x3x4".
static std::string shapeText(ArrayRef<int64_t> shape) {
  return llvm::join(llvm::map_range(shape, [](int64_t size) { return std::to_string(size); }), "x");
}

/// Checks the expression that computes the weight of `c`. Errors: there is none, or it does not
/// compute matrices of the product, or not of weights that are compressed.
static Status checkExpression(const Contraction &c,
                              const std::optional<WeightExpression> &expression) {
  if (!expression && selectsMatrices(c.weight.getDefiningOp()))
    return unsupportedError(
        "what is selected of its weight are no matrices of the product as it is stored");
  if (!expression)
    return unsupportedError("its weight is no tensor that the loader has, and no matrix as it is");
  int64_t matrices =
      c.selectedMatrices ? c.selectedMatrices->tableType().getDimSize(0) : sizeOf(c, c.experts);
  int64_t rows = sizeOf(c, c.n), columns = sizeOf(c, c.k);
  int64_t paddedRows = roundUp(rows, stripRows), paddedColumns = roundUp(columns, fixedUnitColumns);
  if (matrices > 1 && paddedRows * paddedColumns > 2 * rows * columns)
    return unsupportedError("its " + std::to_string(matrices) + " matrices of " +
                            shapeText({rows, columns}) + " would be padded to " +
                            shapeText({paddedRows, paddedColumns}) +
                            (rows == 1 ? " (as a depthwise convolution's)" : ""));
  // A vector, or elements that no format codes.
  if (!c.dequantization &&
      llvm::none_of(expression->leaves, [](Operation *leaf) { return isa<DecodeOp>(leaf); }))
    return unsupportedError("its weight is a vector, or of a type that is not compressed" +
                            (c.notFromCodes.empty() ? "" : "; as codes: " + c.notFromCodes));
  return ok();
}

/// Whether a weight is computed from codes: elements of 8 bits or fewer.
static bool isOfCodes(const WeightExpression &expression) {
  return llvm::any_of(expression.leaves, [](Operation *leaf) {
    auto type = cast<RankedTensorType>(leaf->getResult(0).getType());
    return type.getElementType().isIntOrFloat() && type.getElementTypeBitWidth() <= 8;
  });
}

/// Finds how the derived matrix is computed from codes, if it is one matrix, in either order; its K
/// may be two dimensions.
static void findDequantization(Contraction &c, const WeightExpression &expression) {
  if (!isOfCodes(expression))
    return;
  bool isMatrix =
      c.n.size() == 1 && !c.k.empty() && c.k.size() <= 2 && c.weightLoops.size() == 1 + c.k.size();
  bool isNFirst = isMatrix && c.weightLoops.front() == int64_t(c.n[0]);
  bool isNLast = isMatrix && c.weightLoops.back() == int64_t(c.n[0]);
  if (expression.number || c.selectedMatrices || (!isNFirst && !isNLast)) {
    c.notFromCodes = "it is not one matrix [N, K]";
    return;
  }
  Expected<Dequantization> found = Dequantization::find(c.derivedValue(), isNLast);
  if (found)
    c.dequantization = *std::move(found);
  else
    c.notFromCodes = found.error().message();
}

/// Makes the matrices of the product those that are computed from weights when they are loaded.
/// Errors: this is impossible, or does not pay.
static Status findDerived(Contraction &c) {
  std::optional<WeightExpression> expression = WeightExpression::find(c.derivedValue());
  if (expression)
    findDequantization(c, *expression);
  UWT_RETURN_IF_ERROR(checkExpression(c, expression));
  if (expression->number) {
    if (!c.experts.empty())
      return unsupportedError("it selects a layer of a weight that has several matrices a layer");
    c.selectedMatrix = expression->number;
    c.layers = expression->count;
  }
  auto type = cast<RankedTensorType>(c.derivedValue().getType());
  int64_t bytes = tensorBytes(type) * std::max<int64_t>(expression->count, 1);
  int64_t source = expression->widenedLeafBytes();
  if (!c.dequantization && bytes > source + source / 4)
    return unsupportedError("computed when it is loaded, its weight would take " +
                            std::to_string(bytes) + " bytes, from " + std::to_string(source) +
                            (c.notFromCodes.empty() ? "" : "; as codes: " + c.notFromCodes));
  if (c.selectedMatrices)
    return ok();
  // Without a transpose where K comes before N.
  SmallVector<unsigned> order(c.experts), found;
  llvm::append_range(order, c.k);
  llvm::append_range(order, c.n);
  for (int64_t loop : c.weightLoops)
    if (loop >= 0)
      found.push_back(loop);
  c.kMajor = !c.dequantization && !c.n.empty() && order == found;
  return ok();
}

/// Looks behind the operand of the activations: to what has the weight's element type, else f32.
static void traceX(Contraction &c, Value operand, AffineMap map) {
  c.x = operand;
  c.xMap = map;
  if (c.hasWindows())
    return;
  SmallVector<unsigned> operandLoops = loopsOf(map);
  TracedValue traced(operand), best(operand);
  Type element = c.weightType().getElementType();
  auto mayStay = [&] {
    // A repetition over the matrices of the weight is not needed; others are.
    for (auto [dim, loop] : llvm::zip(traced.dims, operandLoops))
      if (dim < 0 && !(c.experts.size() == 1 && loop == c.experts[0]))
        return false;
    // Each dimension is one that was traced: no size of 1 appears from nowhere.
    return llvm::count_if(traced.dims, [](int64_t dim) { return dim >= 0; }) ==
           traced.type().getRank();
  };
  while (traced.advance(/*reshapes=*/false) && mayStay()) {
    Type type = traced.type().getElementType();
    bool better = type == element || (type.isF32() && best.type().getElementType() != element);
    if (better || type == best.type().getElementType())
      best = traced;
  }
  SmallVector<AffineExpr> results(best.type().getRank());
  for (auto [dim, loop] : llvm::zip(best.dims, operandLoops))
    if (dim >= 0)
      results[dim] = getAffineDimExpr(loop, c.op.getContext());
  c.x = best.source;
  c.xMap = AffineMap::get(map.getNumDims(), 0, results, c.op.getContext());
}

namespace {
/// An operand that comes from a weight, and the other one.
struct WeightOperand {
  TracedValue traced;
  OpOperand *weight, *x;
};
} // namespace

/// Where both operands come from weights the second one counts: front ends put weights there.
static std::optional<WeightOperand> findWeightOperand(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 || op->getNumResults() != 1 ||
      op.getNumReductionLoops() == 0)
    return std::nullopt;
  for (unsigned position : {1u, 0u}) {
    OpOperand *operand = op.getDpsInputOperand(position);
    if (std::optional<TracedValue> traced = traceWeight(operand->get()))
      return WeightOperand{*traced, operand, op.getDpsInputOperand(1 - position)};
  }
  return std::nullopt;
}

/// The product with that operand. Errors: `op` is no product that can be rewritten.
static Expected<Contraction> analyse(linalg::LinalgOp op, const WeightOperand &operand) {
  if (!isProductBody(op))
    return unsupportedError("its body is not one multiplication and one addition in the f32, bf16 "
                            "or f16 of its output");
  AffineMap weightMap = op.getMatchingIndexingMap(operand.weight);
  AffineMap xMap = op.getMatchingIndexingMap(operand.x);
  AffineMap outputMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!weightMap.isProjectedPermutation() || !llvm::all_of(xMap.getResults(), isWindowIndex) ||
      !outputMap.isProjectedPermutation() || !isa<RankedTensorType>(operand.x->get().getType()))
    return unsupportedError("its indexing maps are not those of a contraction or a convolution");

  Contraction c;
  c.op = op;
  c.weight = operand.traced.source;
  c.xMap = xMap;
  c.outputLoops = loopsOf(outputMap);
  c.weightLoops.assign(operand.traced.type().getRank(), -1);
  for (auto [dim, loop] : llvm::zip(operand.traced.dims, loopsOf(weightMap)))
    if (dim >= 0)
      c.weightLoops[dim] = loop;
  dropUnitLoops(c);
  for (auto [dim, loop] : llvm::enumerate(c.weightLoops))
    if (loop < 0 && c.weightType().getDimSize(dim) != 1)
      return unsupportedError("it does not run over the matrices of the weight");
  UWT_RETURN_IF_ERROR(assignLoops(c));
  findMatrices(c);
  if (!c.stored)
    UWT_RETURN_IF_ERROR(findDerived(c));
  traceX(c, operand.x->get(), xMap);
  return c;
}

Expected<std::optional<Contraction>> Contraction::find(linalg::LinalgOp op) {
  std::optional<WeightOperand> operand = findWeightOperand(op);
  if (!operand)
    return std::optional<Contraction>();
  UWT_ASSIGN_OR_RETURN(Contraction found, analyse(op, *operand));
  return std::optional<Contraction>(std::move(found));
}

/// Whether compiled code decodes elements of `element` from `format`. Errors: why it does not.
static Status checkDecoder(MLIRContext *context, Type element, const Format &format) {
  std::optional<ElementType> elementType = elementTypeOf(element);
  if (!elementType || !checkRunFormat(format, *elementType)) {
    std::string text;
    llvm::raw_string_ostream(text) << element;
    return unsupportedError("no format codes elements of type " + text);
  }
  Attribute attribute = FormatAttr::get(context, format);
  auto emission = dyn_cast<DecoderEmissionInterface>(attribute);
  return emission ? emission.checkEmission(element) : ok();
}

Expected<CompressedType> Contraction::getRunType() const {
  RankedTensorType type = weightType();
  MLIRContext *context = type.getContext();
  Type element = type.getElementType();
  Format raw = rawFormat();
  raw.storage = kMajor ? Storage::KMajor : Storage::NMajor;
  if (!stored) {
    UWT_RETURN_IF_ERROR(checkDecoder(context, element, raw));
    if (selectedMatrices)
      return CompressedType::get(selectedMatrices->tableType(), FormatAttr::get(context, raw));
    SmallVector<int64_t> shape = {sizeOf(*this, n), sizeOf(*this, k)};
    if (kMajor)
      std::swap(shape[0], shape[1]);
    if (layers != 0)
      shape.insert(shape.begin(), layers);
    else if (!experts.empty())
      shape.insert(shape.begin(), sizeOf(*this, experts));
    const Format &format = dequantization ? dequantization->format : raw;
    return CompressedType::get(type.clone(shape), FormatAttr::get(context, format));
  }
  auto storedType = cast<CompressedType>(DecodeOp(stored).getSource().getType());
  Format format = storedType.getFormat().getFormat();
  format.storage = raw.storage;
  // Loops are matched with the last two dimensions, however the tensor is folded.
  format.fold = Fold();
  format.layout = Layout::Fragment16x16;
  // Cells are side by side along K alone.
  if (format.hasColumnOrder && kMajor)
    format = raw;
  // Where the format itself is of no use the loader decodes it; a better one to run
  // from is uwt-select-format's choice.
  if (!checkDecoder(context, element, format)) {
    UWT_RETURN_IF_ERROR(checkDecoder(context, element, raw));
    format = raw;
  }
  return storedType.withFormat(FormatAttr::get(context, format));
}

} // namespace uwt
