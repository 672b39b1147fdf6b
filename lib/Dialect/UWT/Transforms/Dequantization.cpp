//===- Dequantization.cpp - Weights that IR computes from codes -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The elementwise operations behind a weight become one expression of an element over the loops N
// and K, or N, cells of a row, and columns of a cell. That is matched: `round((number(code) - zero)
// * scale)`, in f32, or in the weight's own type, where differences of 8 bits and products of two
// such numbers are as exact.
//
//===----------------------------------------------------------------------===//

#include "Dequantization.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "uwt/Codec/Quantized.h"

using namespace mlir;

namespace uwt {

/// Bits of a number; of what is none, more than codes and scales have.
static unsigned widthOf(Type type) {
  return type.isIntOrFloat() ? type.getIntOrFloatBitWidth() : 128;
}

bool ElementExpression::isFunctionOf(unsigned loop) const {
  if (tensor)
    return map.isFunctionOfDim(loop);
  return llvm::any_of(operands,
                      [&](const ElementExpression &each) { return each.isFunctionOf(loop); });
}

//===----------------------------------------------------------------------===//
// Expressions of elements
//===----------------------------------------------------------------------===//

namespace {
/// Finds what an element is computed by.
class ElementTracer {
public:
  /// The element of `tensor` at `map` of the loops; an element of a tensor where it is computed by
  /// nothing that is seen through.
  ElementExpression element(Value tensor, AffineMap map);

private:
  std::optional<ElementExpression> computed(Value tensor, AffineMap map);
  std::optional<ElementExpression> scalar(Value value, linalg::LinalgOp op, AffineMap loops);
  std::optional<ElementExpression> argument(BlockArgument argument, linalg::LinalgOp op,
                                            AffineMap loops);

  /// A weight's arithmetic is short; others are left alone.
  unsigned left = 64;
};
} // namespace

static std::optional<ElementExpression> constantOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return std::nullopt;
  ElementExpression expression;
  expression.type = value.getType();
  expression.op = constant;
  return expression;
}

std::optional<ElementExpression> ElementTracer::argument(BlockArgument argument,
                                                         linalg::LinalgOp op, AffineMap loops) {
  OpOperand *operand = op.getMatchingOpOperand(argument);
  if (op.isDpsInit(operand))
    return std::nullopt;
  if (!isa<RankedTensorType>(operand->get().getType()))
    return constantOf(operand->get());
  return element(operand->get(), op.getMatchingIndexingMap(operand).compose(loops));
}

/// Whether an operation says that it rounds in another way than to nearest, ties to even.
static bool roundsElsewhere(Operation *op) {
  auto rounding = dyn_cast<arith::ArithRoundingModeInterface>(op);
  auto mode = rounding ? rounding.getRoundingModeAttr() : arith::RoundingModeAttr();
  return mode && mode.getValue() != arith::RoundingMode::to_nearest_even;
}

std::optional<ElementExpression> ElementTracer::scalar(Value value, linalg::LinalgOp op,
                                                       AffineMap loops) {
  if (auto constant = constantOf(value))
    return constant;
  if (auto blockArgument = dyn_cast<BlockArgument>(value))
    return blockArgument.getOwner() == op.getBlock() ? argument(blockArgument, op, loops)
                                                     : std::nullopt;
  Operation *inner = value.getDefiningOp();
  if (roundsElsewhere(inner) || inner->getBlock() != op.getBlock() || inner->getNumResults() != 1 ||
      inner->getNumOperands() == 0 || inner->getNumRegions() != 0 || !isMemoryEffectFree(inner))
    return std::nullopt;
  ElementExpression expression;
  expression.type = value.getType();
  expression.op = inner;
  for (Value operand : inner->getOperands()) {
    std::optional<ElementExpression> each = scalar(operand, op, loops);
    if (!each)
      return std::nullopt;
    expression.operands.push_back(*std::move(each));
  }
  return expression;
}

/// From indices of the result of a reshape that adds or drops dimensions of size 1 alone to those
/// of its source. A null map where it does more.
static AffineMap throughUnits(RankedTensorType source, RankedTensorType result) {
  MLIRContext *context = source.getContext();
  SmallVector<AffineExpr> indices;
  int64_t next = 0;
  auto skipUnits = [&] {
    while (next < result.getRank() && result.getDimSize(next) == 1)
      ++next;
  };
  for (int64_t size : source.getShape()) {
    if (size == 1) {
      indices.push_back(getAffineConstantExpr(0, context));
      continue;
    }
    skipUnits();
    if (next == result.getRank() || result.getDimSize(next) != size)
      return {};
    indices.push_back(getAffineDimExpr(next++, context));
  }
  skipUnits();
  return next == result.getRank() ? AffineMap::get(result.getRank(), 0, indices, context)
                                  : AffineMap();
}

std::optional<ElementExpression> ElementTracer::computed(Value tensor, AffineMap map) {
  Operation *op = tensor.getDefiningOp();
  if (!op || left == 0)
    return std::nullopt;
  --left;
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    Value source = op->getOperand(0);
    AffineMap indices = throughUnits(cast<RankedTensorType>(source.getType()),
                                     cast<RankedTensorType>(tensor.getType()));
    return indices ? std::optional(element(source, indices.compose(map))) : std::nullopt;
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || op->getNumResults() != 1 ||
      linalgOp.getNumLoops() != linalgOp.getNumParallelLoops())
    return std::nullopt;
  AffineMap output = linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
  if (!output.isPermutation())
    return std::nullopt;
  Value yielded = linalgOp.getBlock()->getTerminator()->getOperand(0);
  return scalar(yielded, linalgOp, inversePermutation(output).compose(map));
}

ElementExpression ElementTracer::element(Value tensor, AffineMap map) {
  if (std::optional<ElementExpression> expression = computed(tensor, map))
    return *std::move(expression);
  ElementExpression leaf;
  leaf.type = cast<RankedTensorType>(tensor.getType()).getElementType();
  DenseElementsAttr splat;
  if (matchPattern(tensor, m_Constant(&splat)) && splat.isSplat()) {
    leaf.op = tensor.getDefiningOp();
    return leaf;
  }
  leaf.tensor = tensor;
  leaf.map = map;
  return leaf;
}

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

/// The number that an expression is at all elements.
static std::optional<double> numberOf(const ElementExpression &expression) {
  auto constant = dyn_cast_or_null<arith::ConstantOp>(expression.op);
  if (!constant)
    return std::nullopt;
  Attribute value = constant.getValue();
  if (auto splat = dyn_cast<SplatElementsAttr>(value))
    value = splat.getSplatValue<Attribute>();
  if (auto integer = dyn_cast<IntegerAttr>(value); integer && widthOf(integer.getType()) <= 64)
    return static_cast<double>(integer.getValue().getSExtValue());
  if (auto number = dyn_cast<FloatAttr>(value))
    return number.getValueAsDouble();
  return std::nullopt;
}

template <typename... Ops> static bool isOp(const ElementExpression &expression) {
  return isa_and_nonnull<Ops...>(expression.op);
}

/// Behind widenings of floats, which are exact.
static const ElementExpression &behindWidening(const ElementExpression &expression) {
  const ElementExpression *inner = &expression;
  while (isOp<arith::ExtFOp>(*inner) && widthOf(inner->operands[0].type) >= 16)
    inner = &inner->operands[0];
  return *inner;
}

namespace {
/// Matches an element that is computed from codes.
class DequantizationMatcher {
public:
  Expected<Dequantization> match(const ElementExpression &element, ArrayRef<int64_t> shape);

private:
  Status matchProduct(const ElementExpression &product);
  Status matchDifference(const ElementExpression &difference);
  Status matchNumber(const ElementExpression &number);
  Status matchInteger(const ElementExpression &integer, bool isSigned);
  Status setZero(const ElementExpression &zero);
  Status setScale(const ElementExpression &scale);
  Status setCells();

  Dequantization result;
};
} // namespace

namespace {
/// Integers from `low` to `high`.
struct Interval {
  int64_t low, high;

  bool contains(Interval other) const { return low <= other.low && other.high <= high; }
};

/// Finds between which numbers the elements of a value are, behind what moves elements.
class IntegerRange {
public:
  /// Of integers with or without a sign.
  Interval of(Value value, bool isSigned);

private:
  Interval ofResult(OpResult result, bool isSigned);
  Interval ofArithmetic(OpResult result, Interval all, bool isSigned);
  Interval ofAll(ValueRange values, Interval all, bool isSigned);

  /// Steps that are looked at.
  unsigned left = 64;
};
} // namespace

/// All integers of a type.
static Interval allOf(Type type, bool isSigned) {
  // Wider ones are no codes.
  unsigned width = std::min(widthOf(getElementTypeOrSelf(type)), 40u);
  int64_t half = int64_t(1) << (width - 1);
  return isSigned ? Interval{-half, half - 1} : Interval{0, 2 * half - 1};
}

static Interval shifted(Interval value, int64_t bits) {
  return {value.low >> bits, value.high >> bits};
}

/// The constant that both ends are, if it is one.
static std::optional<int64_t> constantIn(Interval value) {
  return value.low == value.high ? std::optional(value.low) : std::nullopt;
}

/// From the lowest to the highest of several values; what has no content counts for nothing.
Interval IntegerRange::ofAll(ValueRange values, Interval all, bool isSigned) {
  std::optional<Interval> hull;
  for (Value value : values) {
    if (value.getDefiningOp<tensor::EmptyOp>())
      continue;
    Interval each = of(value, isSigned);
    hull = hull ? Interval{std::min(hull->low, each.low), std::max(hull->high, each.high)} : each;
  }
  return hull.value_or(all);
}

Interval IntegerRange::ofArithmetic(OpResult result, Interval all, bool isSigned) {
  Operation *op = result.getOwner();
  if (isa<arith::ExtSIOp, arith::ExtUIOp, arith::TruncIOp>(op)) {
    Interval inner =
        of(op->getOperand(0), isa<arith::TruncIOp>(op) ? isSigned : isa<arith::ExtSIOp>(op));
    return all.contains(inner) ? inner : all;
  }
  if (!isa<arith::AndIOp, arith::ShRUIOp, arith::ShRSIOp, arith::SubIOp, arith::AddIOp>(op))
    return all;
  bool ofSigned = isa<arith::ShRSIOp>(op) || (isSigned && !isa<arith::ShRUIOp>(op));
  Interval first = of(op->getOperand(0), ofSigned), second = of(op->getOperand(1), isSigned);
  std::optional<int64_t> constant = constantIn(second);
  bool isShift = constant && *constant >= 0 && *constant < 32;
  Interval computed = all;
  if (isa<arith::AndIOp>(op) && constant && *constant >= 0)
    computed = {0, *constant};
  else if (isa<arith::ShRUIOp, arith::ShRSIOp>(op) && isShift)
    computed = shifted(first, *constant);
  else if (isa<arith::SubIOp>(op))
    computed = {first.low - second.high, first.high - second.low};
  else if (isa<arith::AddIOp>(op))
    computed = {first.low + second.low, first.high + second.high};
  // Where it wraps around, it may be anything.
  return all.contains(computed) ? computed : all;
}

Interval IntegerRange::ofResult(OpResult result, bool isSigned) {
  Operation *op = result.getOwner();
  Interval all = allOf(result.getType(), isSigned);
  APInt number;
  if (matchPattern(result, m_ConstantInt(&number)) && number.getBitWidth() <= 64) {
    int64_t value = isSigned ? number.getSExtValue() : static_cast<int64_t>(number.getZExtValue());
    return {value, value};
  }
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp, tensor::ExtractSliceOp>(
          op))
    return of(op->getOperand(0), isSigned);
  if (isa<tensor::ConcatOp>(op))
    return ofAll(op->getOperands(), all, isSigned);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return ofAll({insert.getSource(), insert.getDest()}, all, isSigned);
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op); linalgOp && op->getNumResults() == 1)
    return of(linalgOp.getBlock()->getTerminator()->getOperand(0), isSigned);
  return ofArithmetic(result, all, isSigned);
}

Interval IntegerRange::of(Value value, bool isSigned) {
  Interval all = allOf(value.getType(), isSigned);
  if (left == 0)
    return all;
  --left;
  if (auto result = dyn_cast<OpResult>(value))
    return ofResult(result, isSigned);
  auto argument = cast<BlockArgument>(value);
  auto op = dyn_cast<linalg::LinalgOp>(argument.getOwner()->getParentOp());
  if (!op || op.isDpsInit(op.getMatchingOpOperand(argument)))
    return all;
  return of(op.getMatchingOpOperand(argument)->get(), isSigned);
}

/// The integer type of the fewest bits that has all of an interval.
static Term elementOf(Interval range) {
  uint32_t bits = 1;
  if (range.low >= 0) {
    while (range.high >> bits != 0)
      ++bits;
    return {"uint", {bits}};
  }
  while (range.low < -(int64_t(1) << (bits - 1)) || range.high >= int64_t(1) << (bits - 1))
    ++bits;
  return {"int", {bits}};
}

Status DequantizationMatcher::setZero(const ElementExpression &zero) {
  std::optional<double> number = numberOf(zero);
  const Term &element = result.format.element;
  bool isCode = number && element.keyword == "uint" && *number >= 0 &&
                *number < 1u << element.parameters[0] && *number == std::floor(*number);
  if (number == 0.0)
    return ok();
  if (isCode)
    result.format.zero = static_cast<uint32_t>(*number);
  else
    result.zero = zero;
  return ok();
}

Status DequantizationMatcher::matchInteger(const ElementExpression &integer, bool isSigned) {
  Value value = integer.op ? integer.op->getResult(0) : integer.tensor;
  Term element = elementOf(IntegerRange().of(value, isSigned));
  if (element.parameters[0] > 8)
    return unsupportedError("its codes may have " + std::to_string(element.parameters[0]) +
                            " bits");
  result.format.element = std::move(element);
  result.codes = integer;
  return ok();
}

/// The number that a code stands for, less its zero where that is subtracted as an integer.
Status DequantizationMatcher::matchNumber(const ElementExpression &number) {
  if (isOp<arith::ExtFOp>(number) && widthOf(number.operands[0].type) <= 8) {
    Type type = number.operands[0].type;
    StringRef name = isa<Float4E2M1FNType>(type)   ? "f4E2M1FN"
                     : isa<Float8E4M3FNType>(type) ? "f8E4M3FN"
                     : isa<Float8E5M2Type>(type)   ? "f8E5M2"
                                                   : "";
    if (name.empty())
      return unsupportedError("its codes are floats that no format has");
    result.format.element = {name.str(), {}};
    result.codes = number.operands[0];
    return ok();
  }
  if (!isOp<arith::SIToFPOp, arith::UIToFPOp>(number))
    return unsupportedError("no integers or floats of 8 bits become what is multiplied");
  bool isSigned = isOp<arith::SIToFPOp>(number);
  const ElementExpression &integer = number.operands[0];
  if (!isOp<arith::SubIOp>(integer))
    return matchInteger(integer, isSigned);
  if (!isSigned || widthOf(integer.type) < 16)
    return unsupportedError("differences with zero points wrap around");
  UWT_RETURN_IF_ERROR(matchInteger(integer.operands[0], isSigned));
  return setZero(integer.operands[1]);
}

Status DequantizationMatcher::matchDifference(const ElementExpression &difference) {
  const ElementExpression &inner = behindWidening(difference);
  if (!isOp<arith::SubFOp>(inner))
    return matchNumber(inner);
  const ElementExpression &zero = behindWidening(inner.operands[1]);
  UWT_RETURN_IF_ERROR(matchNumber(behindWidening(inner.operands[0])));
  if (result.zero || result.format.zero != 0)
    return unsupportedError("it has two zero points");
  if (!numberOf(zero) && !isOp<arith::SIToFPOp, arith::UIToFPOp>(zero))
    return unsupportedError("its zero points are no integers");
  return setZero(zero);
}

Status DequantizationMatcher::setScale(const ElementExpression &scale) {
  const ElementExpression *stored = &scale;
  while (isOp<arith::ExtFOp>(*stored))
    stored = &stored->operands[0];
  Type type = stored->type;
  bool isStored = stored->tensor != nullptr;
  std::string name = isStored && type.isF16()                   ? "f16"
                     : isStored && type.isBF16()                ? "bf16"
                     : isStored && isa<Float8E8M0FNUType>(type) ? "f8E8M0FNU"
                     : widthOf(type) <= 8 && isStored           ? "bf16"
                                                                : "f32";
  result.format.scale = GridFormat{1, 0, {name, {}}};
  result.scale = scale;
  return ok();
}

/// One side of the product has the codes, the other one is the scale.
Status DequantizationMatcher::matchProduct(const ElementExpression &product) {
  if (!isOp<arith::MulFOp>(product))
    return unsupportedError("what is rounded is no product with a scale");
  Status first = ok();
  for (unsigned side : {0u, 1u}) {
    result = Dequantization();
    Status matched = matchDifference(product.operands[side]);
    if (matched)
      return setScale(product.operands[1 - side]);
    if (side == 0)
      first = std::move(matched);
  }
  return first;
}

/// Columns of a cell, by the loops that scales and zeros depend on.
Status DequantizationMatcher::setCells() {
  ArrayRef<int64_t> shape = result.shape;
  SmallVector<const ElementExpression *> grids = {&result.scale};
  if (result.zero)
    grids.push_back(&*result.zero);
  unsigned last = shape.size() - 1;
  for (const ElementExpression *grid : grids)
    if (grid->isFunctionOf(last))
      return unsupportedError("each code has a scale or zero point of its own");
  result.cellColumns = shape[last];
  uint32_t columns = shape.size() == 3 ? static_cast<uint32_t>(shape[last]) : 0;
  result.format.scale->cellColumns = columns;
  if (result.zero)
    result.format.zeroGrid = GridFormat{1, columns, result.format.element};
  return ok();
}

Expected<Dequantization> DequantizationMatcher::match(const ElementExpression &element,
                                                      ArrayRef<int64_t> shape) {
  if (!element.type.isBF16() && !element.type.isF16())
    return unsupportedError("products run from codes of bf16 and f16 alone");
  bool isRounded = isOp<arith::TruncFOp>(element);
  const ElementExpression &product = isRounded ? element.operands[0] : element;
  if (isRounded && !product.type.isF32())
    return unsupportedError("it is rounded from another type than f32");
  UWT_RETURN_IF_ERROR(matchProduct(product));
  result.shape.assign(shape.begin(), shape.end());
  UWT_RETURN_IF_ERROR(setCells());
  result.format.codec = rawFormat().codec;
  result.format.escapes = Escapes::None;
  ElementType type = element.type.isBF16() ? ElementType::BF16 : ElementType::F16;
  UWT_RETURN_IF_ERROR(checkRunFormat(result.format, type));
  return std::move(result);
}

Expected<Dequantization> Dequantization::find(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() != 2 || !type.hasStaticShape())
    return unsupportedError("it is no matrix of known size");
  if (auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>())
    if (collapse.getSrcType().getRank() == 3 && collapse.getReassociationIndices()[1].size() == 2) {
      value = collapse.getSrc();
      type = collapse.getSrcType();
    }
  AffineMap loops = AffineMap::getMultiDimIdentityMap(type.getRank(), type.getContext());
  return DequantizationMatcher().match(ElementTracer().element(value, loops), type.getShape());
}

//===----------------------------------------------------------------------===//
// Tensors of codes, scales and zeros
//===----------------------------------------------------------------------===//

namespace {
/// Makes a tensor of an expression.
class Materializer {
public:
  Materializer(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  /// Of shape `shape`, element d being the expression's at `loops` of d, brought to `type` by
  /// `convert`.
  Value make(const ElementExpression &expression, AffineMap loops, ArrayRef<int64_t> shape,
             Type type, llvm::function_ref<Value(OpBuilder &, Value)> convert) {
    collect(expression, loops);
    Value empty = tensor::EmptyOp::create(builder, loc, shape, type);
    SmallVector<AffineMap> all = maps;
    all.push_back(AffineMap::getMultiDimIdentityMap(shape.size(), builder.getContext()));
    SmallVector<utils::IteratorType> iterators(shape.size(), utils::IteratorType::parallel);
    return linalg::GenericOp::create(builder, loc, empty.getType(), tensors, empty, all, iterators,
                                     [&](OpBuilder &inner, Location, ValueRange arguments) {
                                       next = 0;
                                       Value element =
                                           convert(inner, clone(inner, expression, arguments));
                                       linalg::YieldOp::create(inner, loc, element);
                                     })
        .getResult(0);
  }

private:
  void collect(const ElementExpression &expression, AffineMap loops) {
    if (expression.tensor) {
      tensors.push_back(expression.tensor);
      maps.push_back(simplifyAffineMap(expression.map.compose(loops)));
    }
    for (const ElementExpression &operand : expression.operands)
      collect(operand, loops);
  }

  /// In the order of collect().
  Value clone(OpBuilder &inner, const ElementExpression &expression, ValueRange arguments) {
    if (expression.tensor)
      return arguments[next++];
    if (auto constant = dyn_cast<arith::ConstantOp>(expression.op)) {
      Attribute value = constant.getValue();
      if (auto splat = dyn_cast<SplatElementsAttr>(value))
        value = splat.getSplatValue<Attribute>();
      return arith::ConstantOp::create(inner, loc, cast<TypedAttr>(value));
    }
    IRMapping mapping;
    for (auto [operand, value] : llvm::zip(expression.operands, expression.op->getOperands()))
      mapping.map(value, clone(inner, operand, arguments));
    return inner.clone(*expression.op, mapping)->getResult(0);
  }

  OpBuilder &builder;
  Location loc;
  SmallVector<Value> tensors;
  SmallVector<AffineMap> maps;
  size_t next = 0;
};
} // namespace

/// A code as i8, in its lowest bits.
static Value toCode(OpBuilder &builder, Location loc, Value value, const Term &element) {
  Type byte = builder.getI8Type();
  Type type = value.getType();
  if (isa<FloatType>(type)) {
    auto bits = builder.getIntegerType(type.getIntOrFloatBitWidth());
    value = arith::BitcastOp::create(builder, loc, bits, value);
    type = bits;
  }
  unsigned width = type.getIntOrFloatBitWidth();
  if (width < 8)
    value = arith::ExtUIOp::create(builder, loc, byte, value);
  else if (width > 8)
    value = arith::TruncIOp::create(builder, loc, byte, value);
  if (element.parameters.empty() || element.parameters[0] == 8)
    return value;
  Value mask =
      arith::ConstantIntOp::create(builder, loc, byte, (int64_t(1) << element.parameters[0]) - 1);
  return arith::AndIOp::create(builder, loc, value, mask);
}

static Value toFloat(OpBuilder &builder, Location loc, Value value) {
  Type f32 = builder.getF32Type();
  if (value.getType() == f32)
    return value;
  if (isa<IntegerType>(value.getType()))
    return arith::SIToFPOp::create(builder, loc, f32, value);
  return arith::ExtFOp::create(builder, loc, f32, value);
}

SmallVector<Value> Dequantization::materialize(OpBuilder &builder, Location loc) const {
  MLIRContext *context = builder.getContext();
  unsigned rank = shape.size();
  Value bytes = Materializer(builder, loc)
                    .make(codes, AffineMap::getMultiDimIdentityMap(rank, context), shape,
                          builder.getI8Type(), [&](OpBuilder &inner, Value value) {
                            return toCode(inner, loc, value, format.element);
                          });
  if (rank == 3)
    bytes = tensor::CollapseShapeOp::create(builder, loc, bytes,
                                            SmallVector<ReassociationIndices>{{0}, {1, 2}});
  SmallVector<Value> results = {bytes};
  // A row of one cell has the only column 0.
  AffineExpr row = getAffineDimExpr(0, context), zeroIndex = getAffineConstantExpr(0, context);
  SmallVector<AffineExpr> indices = {row, zeroIndex};
  if (rank == 3)
    indices = {row, getAffineDimExpr(1, context), zeroIndex};
  auto loops = AffineMap::get(2, 0, indices, context);
  SmallVector<int64_t> cells = {shape[0], rank == 3 ? shape[1] : 1};
  auto addGrid = [&](const ElementExpression &numbers) {
    results.push_back(
        Materializer(builder, loc)
            .make(numbers, loops, cells, builder.getF32Type(),
                  [&](OpBuilder &inner, Value value) { return toFloat(inner, loc, value); }));
  };
  addGrid(scale);
  if (zero)
    addGrid(*zero);
  return results;
}

} // namespace uwt
