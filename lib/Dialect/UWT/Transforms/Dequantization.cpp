//===- Dequantization.cpp - Weights that IR computes from codes -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The expression of a weight's element, over the loops N and K, or N, cells of a row, and columns
// of a cell, is matched: `round((number(code) - zero) * scale + offset)`, in f32, or, without an
// offset, in the weight's own type, where differences of 8 bits and products of two such numbers
// are as exact. Of K, a cell is the columns that scales and zeros are the same for: `k floordiv
// 32`, as the IR has it, or as what repeats them is read.
//
//===----------------------------------------------------------------------===//

#include "Dequantization.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Dialect/UWT/Transforms/IntegerRange.h"
#include <numeric>

using namespace mlir;

namespace uwt {

/// Bits of a number; of what is none, more than codes and scales have.
static unsigned widthOf(Type type) {
  return type.isIntOrFloat() ? type.getIntOrFloatBitWidth() : 128;
}

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

/// From indices of the result of a reshape to those of its source, both of static shape.
static AffineMap sourceIndices(Operation *reshape) {
  auto collapse = dyn_cast<tensor::CollapseShapeOp>(reshape);
  SmallVector<ReassociationIndices> groups =
      collapse ? collapse.getReassociationIndices()
               : cast<tensor::ExpandShapeOp>(reshape).getReassociationIndices();
  Value longer = collapse ? reshape->getOperand(0) : reshape->getResult(0);
  ArrayRef<int64_t> sizes = cast<RankedTensorType>(longer.getType()).getShape();
  MLIRContext *context = reshape->getContext();
  SmallVector<AffineExpr> indices;
  for (auto [number, group] : llvm::enumerate(groups)) {
    AffineExpr flat = getAffineDimExpr(number, context), sum = getAffineConstantExpr(0, context);
    SmallVector<AffineExpr> parts;
    int64_t stride = 1;
    for (int64_t dim : llvm::reverse(group)) {
      AffineExpr part = flat.floorDiv(stride);
      parts.push_back(dim == group.front() ? part : part % sizes[dim]);
      sum = sum + getAffineDimExpr(dim, context) * stride;
      stride *= sizes[dim];
    }
    if (collapse)
      llvm::append_range(indices, llvm::reverse(parts));
    else
      indices.push_back(sum);
  }
  return AffineMap::get(collapse ? groups.size() : sizes.size(), 0, indices, context);
}

static void compose(ElementExpression &expression, AffineMap loops) {
  if (expression.tensor)
    expression.map = simplifyAffineMap(expression.map.compose(loops));
  for (ElementExpression &operand : expression.operands)
    compose(operand, loops);
}

/// Goes on behind reshapes, by which front ends repeat scales: to a dimension of its own, which is
/// collapsed. `left` reshapes are looked at. Codes stay as they are packed.
static void expandReshapes(ElementExpression &expression, unsigned &left) {
  for (ElementExpression &operand : expression.operands)
    expandReshapes(operand, left);
  Operation *op = expression.tensor ? expression.tensor.getDefiningOp() : nullptr;
  if (left == 0 || !isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op) ||
      !isa<FloatType>(expression.type) || widthOf(expression.type) < 16)
    return;
  --left;
  Value source = op->getOperand(0);
  auto hasShape = [](Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    return type.hasStaticShape() && type.getRank() != 0;
  };
  if (!hasShape(source) || !hasShape(expression.tensor))
    return;
  ElementExpression inner = ElementExpression::of(source);
  compose(inner, sourceIndices(op).compose(expression.map));
  expandReshapes(inner, left);
  if (inner.tensor != source)
    expression = std::move(inner);
}

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

template <typename... Ops> static bool isOp(const ElementExpression &expression) {
  return isa_and_nonnull<Ops...>(expression.op);
}

/// The number that an expression is at all elements; an integer where it is made of one.
static std::optional<double> numberOf(const ElementExpression &expression) {
  if (isOp<arith::SIToFPOp>(expression))
    return numberOf(expression.operands[0]);
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
  Status matchSum(const ElementExpression &sum);
  Status matchProduct(const ElementExpression &product);
  Status matchScaled(const ElementExpression &scaled);
  Status matchDifference(const ElementExpression &difference);
  Status matchNumber(const ElementExpression &number);
  Status matchFloat(const ElementExpression &code);
  Status checkExact(double firstZero, double lastZero, Type type) const;
  Status checkExact(const ElementExpression &zero, bool isSigned, Type type) const;
  Status matchInteger(const ElementExpression &integer, bool isSigned);
  Status setZero(const ElementExpression &zero);
  Status setScale(const ElementExpression &scale);
  Status setCells();
  void setCells(int64_t columns, int64_t count, int64_t step);

  Dequantization result;
};
} // namespace

/// The integer type of the fewest bits that has all of a range.
static Term elementOf(const ConstantIntRanges &range, bool isSigned) {
  if (isSigned && range.smin().isNegative())
    return {"int",
            {std::max(range.smin().getSignificantBits(), range.smax().getSignificantBits())}};
  const APInt &largest = isSigned ? range.smax() : range.umax();
  return {"uint", {std::max(1u, largest.getActiveBits())}};
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

static ConstantIntRanges rangeOf(const ElementExpression &integer) {
  return integerRangeOf(integer.op ? integer.op->getResult(0) : integer.tensor);
}

Status DequantizationMatcher::matchInteger(const ElementExpression &integer, bool isSigned) {
  Term element = elementOf(rangeOf(integer), isSigned);
  if (element.parameters[0] > 8)
    return unsupportedError("its codes may have " + std::to_string(element.parameters[0]) +
                            " bits");
  result.format.element = std::move(element);
  result.codes = integer;
  return ok();
}

/// Checks that differences of codes and zeros are exact in `type`. Zeros are integers between these
/// two; a weight with others than those of 8 bits is not loaded.
Status DequantizationMatcher::checkExact(double firstZero, double lastZero, Type type) const {
  // bf16 has all integers up to this one, f16 and f32 more than differences of 8 bits need.
  constexpr double largest = 256;
  const Term &element = result.format.element;
  if (!type.isBF16() || element.parameters.empty())
    return ok();
  double count = std::exp2(element.parameters[0]),
         first = element.keyword == "int" ? -count / 2 : 0;
  if (first + count - 1 - firstZero <= largest && lastZero - first <= largest)
    return ok();
  return unsupportedError("differences of its codes and zero points may be rounded to bf16");
}

/// The same of zeros that are an expression.
Status DequantizationMatcher::checkExact(const ElementExpression &zero, bool isSigned,
                                         Type type) const {
  ConstantIntRanges range = rangeOf(zero);
  return isSigned
             ? checkExact(range.smin().roundToDouble(true), range.smax().roundToDouble(true), type)
             : checkExact(range.umin().roundToDouble(false), range.umax().roundToDouble(false),
                          type);
}

Status DequantizationMatcher::matchFloat(const ElementExpression &code) {
  StringRef name = isa<Float4E2M1FNType>(code.type)   ? "f4E2M1FN"
                   : isa<Float8E4M3FNType>(code.type) ? "f8E4M3FN"
                   : isa<Float8E5M2Type>(code.type)   ? "f8E5M2"
                                                      : "";
  if (name.empty())
    return unsupportedError("its codes are floats that no format has");
  result.format.element = {name.str(), {}};
  result.codes = code;
  return ok();
}

/// The number that a code stands for, less its zero where that is subtracted as an integer.
Status DequantizationMatcher::matchNumber(const ElementExpression &number) {
  if (isOp<arith::ExtFOp>(number) && widthOf(number.operands[0].type) <= 8)
    return matchFloat(number.operands[0]);
  if (!isOp<arith::SIToFPOp, arith::UIToFPOp>(number))
    return unsupportedError("no integers or floats of 8 bits become what is multiplied");
  bool isSigned = isOp<arith::SIToFPOp>(number);
  const ElementExpression &integer = number.operands[0];
  if (!isOp<arith::SubIOp>(integer))
    return matchInteger(integer, isSigned);
  if (!isSigned || widthOf(integer.type) < 16)
    return unsupportedError("differences with zero points wrap around");
  UWT_RETURN_IF_ERROR(matchInteger(integer.operands[0], isSigned));
  UWT_RETURN_IF_ERROR(checkExact(integer.operands[1], isSigned, number.type));
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
  if (isOp<arith::SIToFPOp, arith::UIToFPOp>(zero)) {
    UWT_RETURN_IF_ERROR(checkExact(zero.operands[0], isOp<arith::SIToFPOp>(zero), inner.type));
    return setZero(zero);
  }
  std::optional<double> number = numberOf(zero);
  bool isInteger = number && *number == std::floor(*number);
  if (!number || (!isInteger && !inner.type.isF32()))
    return unsupportedError("its zero points are no integers");
  UWT_RETURN_IF_ERROR(checkExact(*number, *number, inner.type));
  return setZero(zero);
}

/// The type of numbers that has all of an expression's.
static Term numberType(const ElementExpression &expression) {
  const ElementExpression *stored = &expression;
  while (isOp<arith::ExtFOp>(*stored))
    stored = &stored->operands[0];
  Type type = stored->type;
  std::string name = type.isF16()                   ? "f16"
                     : type.isBF16()                ? "bf16"
                     : isa<Float8E8M0FNUType>(type) ? "f8E8M0FNU"
                     : widthOf(type) <= 8           ? "bf16"
                                                    : "f32";
  return {name, {}};
}

Status DequantizationMatcher::setScale(const ElementExpression &scale) {
  result.format.scale = GridFormat{{1, 0, numberType(scale)}};
  result.scale = scale;
  return ok();
}

/// A float of few bits, and an exponent that it is multiplied with, in the type of the result.
Status DequantizationMatcher::matchScaled(const ElementExpression &scaled) {
  UWT_RETURN_IF_ERROR(matchFloat(scaled.operands[0]));
  const ElementExpression &scale = scaled.operands[1];
  if (widthOf(scale.type) < 16 && !isa<Float8E8M0FNUType>(scale.type))
    return unsupportedError("its scale is neither an exponent nor a float that has one");
  result.format.scale = GridFormat{{1, 0, {"f8E8M0FNU", {}}}};
  result.scale = scale;
  result.extendedScale = scaled.type;
  return ok();
}

/// One side of the product has the codes, the other one is the scale.
Status DequantizationMatcher::matchProduct(const ElementExpression &product) {
  if (isOp<arith::ScalingExtFOp>(product))
    return matchScaled(product);
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

/// A product, and maybe an offset on one side of a sum.
Status DequantizationMatcher::matchSum(const ElementExpression &sum) {
  if (!isOp<arith::AddFOp>(sum))
    return matchProduct(sum);
  if (!sum.type.isF32())
    return unsupportedError("what is multiplied with a scale is rounded before an offset is added");
  for (unsigned side : {0u, 1u}) {
    if (!matchProduct(sum.operands[side]))
      continue;
    result.offset = sum.operands[1 - side];
    result.format.setStep(offsetRole(), GridFormat{{1, 0, numberType(*result.offset)}});
    return ok();
  }
  return matchProduct(sum.operands[0]);
}

/// How many values of a loop, side by side, an index is the same for: g of `loop floordiv g`; 0
/// where it is the same for all.
static int64_t sharedColumns(AffineExpr index, unsigned loop) {
  if (!index.isFunctionOfDim(loop))
    return 0;
  auto binary = dyn_cast<AffineBinaryOpExpr>(index);
  if (!binary)
    return 1;
  auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (index.getKind() == AffineExprKind::FloorDiv && isa<AffineDimExpr>(binary.getLHS()) && divisor)
    return divisor.getValue();
  return std::gcd(sharedColumns(binary.getLHS(), loop), sharedColumns(binary.getRHS(), loop));
}

/// The same of all tensors that an expression reads.
static int64_t sharedColumns(const ElementExpression &expression, unsigned loop) {
  int64_t columns = 0;
  if (expression.tensor)
    for (AffineExpr index : expression.map.getResults())
      columns = std::gcd(columns, sharedColumns(index, loop));
  for (const ElementExpression &operand : expression.operands)
    columns = std::gcd(columns, sharedColumns(operand, loop));
  return columns;
}

/// Whether an expression at `loops`, which go through `shape`, reads whole dimensions of tensors
/// where a loop is an index, as operations of linalg do.
static bool isWhole(const ElementExpression &expression, AffineMap loops, ArrayRef<int64_t> shape) {
  if (expression.tensor) {
    AffineMap map = simplifyAffineMap(expression.map.compose(loops));
    auto type = cast<RankedTensorType>(expression.tensor.getType());
    for (auto [index, size] : llvm::zip(map.getResults(), type.getShape()))
      if (auto loop = dyn_cast<AffineDimExpr>(index); loop && shape[loop.getPosition()] != size)
        return false;
  }
  return llvm::all_of(expression.operands, [&](const ElementExpression &operand) {
    return isWhole(operand, loops, shape);
  });
}

/// Finds the cells, by what scales, zeros and offsets depend on.
Status DequantizationMatcher::setCells() {
  ArrayRef<int64_t> shape = result.shape;
  SmallVector<const ElementExpression *> grids = {&result.scale};
  if (result.zero)
    grids.push_back(&*result.zero);
  if (result.offset)
    grids.push_back(&*result.offset);
  unsigned last = shape.size() - 1;
  int64_t shared = 0;
  for (const ElementExpression *grid : grids)
    shared = std::gcd(shared, sharedColumns(*grid, last));
  if (shared == 1 || (shared != 0 && last == 2))
    return unsupportedError("each code has a scale, zero point or offset of its own");
  auto isOfCells = [](const ElementExpression *grid) { return grid->isFunctionOf(1); };
  if (shared >= shape[last] || !llvm::any_of(grids, isOfCells))
    setCells(0, 1, 0);
  else if (last == 2)
    setCells(shape[2], shape[1], 1);
  else
    setCells(shared, divideUp(shape[1], shared), shared);
  for (const ElementExpression *grid : grids)
    if (!isWhole(*grid, result.cellLoops, result.cells))
      return unsupportedError("its scales, zero points or offsets are a part of a tensor");
  return ok();
}

/// Cells of `columns` columns, or 0 for a row, `count` of them a row, which begin at multiples of
/// `step` of the loop behind N.
void DequantizationMatcher::setCells(int64_t columns, int64_t count, int64_t step) {
  MLIRContext *context = result.scale.type.getContext();
  SmallVector<AffineExpr> loops(result.shape.size(), getAffineConstantExpr(0, context));
  loops[0] = getAffineDimExpr(0, context);
  loops[1] = getAffineDimExpr(1, context) * step;
  result.cellLoops = AffineMap::get(2, 0, loops, context);
  result.cells = {result.shape[0], count};
  GridFormat cell{{1, static_cast<uint32_t>(columns), result.format.element}};
  result.format.scale->cellColumns = cell.cellColumns;
  for (GridStep &step : result.format.steps)
    step.format.cellColumns = cell.cellColumns;
  if (result.zero)
    result.format.zeroGrid = std::move(cell);
}

Expected<Dequantization> DequantizationMatcher::match(const ElementExpression &element,
                                                      ArrayRef<int64_t> shape) {
  if (!element.type.isBF16() && !element.type.isF16())
    return unsupportedError("products run from codes of bf16 and f16 alone");
  bool isRounded = isOp<arith::TruncFOp>(element);
  const ElementExpression &product = isRounded ? element.operands[0] : element;
  if (isRounded && !product.type.isF32())
    return unsupportedError("it is rounded from another type than f32");
  UWT_RETURN_IF_ERROR(matchSum(product));
  result.shape.assign(shape.begin(), shape.end());
  UWT_RETURN_IF_ERROR(setCells());
  result.format.codec = rawFormat().codec;
  result.format.escapes = Escapes::None;
  ElementType type = element.type.isBF16() ? ElementType::BF16 : ElementType::F16;
  UWT_RETURN_IF_ERROR(checkRunFormat(result.format, type));
  return std::move(result);
}

/// From the loops N and K of a weight whose last dimension is N to its indices.
static AffineMap lastToFirst(unsigned rank, MLIRContext *context) {
  SmallVector<AffineExpr> indices;
  for (unsigned loop = 1; loop <= rank; ++loop)
    indices.push_back(getAffineDimExpr(loop % rank, context));
  return AffineMap::get(rank, 0, indices, context);
}

Expected<Dequantization> Dequantization::find(Value value, bool isNLast) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.hasStaticShape())
    return unsupportedError("it is no matrix of known size");
  if (auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>())
    if (type.getRank() == 2 && collapse.getSrcType().getRank() == 3 &&
        collapse.getReassociationIndices()[isNLast ? 0 : 1].size() == 2) {
      value = collapse.getSrc();
      type = collapse.getSrcType();
    }
  ElementExpression element = ElementExpression::of(value);
  unsigned reshapes = 16;
  expandReshapes(element, reshapes);
  SmallVector<int64_t> shape(type.getShape());
  if (isNLast) {
    compose(element, lastToFirst(shape.size(), value.getContext()));
    std::rotate(shape.begin(), shape.end() - 1, shape.end());
  }
  return DequantizationMatcher().match(element, shape);
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

/// The scale of `arith.scaling_extf` as it multiplies, in `type`.
static Value extendExponent(OpBuilder &builder, Location loc, Value value, Type type) {
  auto exponent = Float8E8M0FNUType::get(builder.getContext());
  if (value.getType() != exponent)
    value = arith::TruncFOp::create(builder, loc, exponent, value);
  return arith::ExtFOp::create(builder, loc, type, value);
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
  auto addGrid = [&](const ElementExpression &numbers, Type extended) {
    results.push_back(Materializer(builder, loc)
                          .make(numbers, cellLoops, cells, builder.getF32Type(),
                                [&](OpBuilder &inner, Value value) {
                                  if (extended)
                                    value = extendExponent(inner, loc, value, extended);
                                  return toFloat(inner, loc, value);
                                }));
  };
  addGrid(scale, extendedScale);
  if (zero)
    addGrid(*zero, {});
  if (offset)
    addGrid(*offset, {});
  return results;
}

} // namespace uwt
