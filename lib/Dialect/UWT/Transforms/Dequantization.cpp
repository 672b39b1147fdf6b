//===- Dequantization.cpp - Weights that IR computes from codes -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The expression of a weight's element, over the loops N and K, or N, cells of a row, and columns
// of a cell, is matched: `round((number(code) - zero) * scale)`, in f32, or in the weight's own
// type, where differences of 8 bits and products of two such numbers are as exact.
//
//===----------------------------------------------------------------------===//

#include "Dequantization.h"
#include "IntegerRange.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "uwt/Codec/Quantized.h"

using namespace mlir;

namespace uwt {

/// Bits of a number; of what is none, more than codes and scales have.
static unsigned widthOf(Type type) {
  return type.isIntOrFloat() ? type.getIntOrFloatBitWidth() : 128;
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

Status DequantizationMatcher::matchInteger(const ElementExpression &integer, bool isSigned) {
  Value value = integer.op ? integer.op->getResult(0) : integer.tensor;
  Term element = elementOf(integerRangeOf(value), isSigned);
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
  result.format.scale = GridFormat{{1, 0, {name, {}}}};
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
    result.format.zeroGrid = GridFormat{{1, columns, result.format.element}};
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
  return DequantizationMatcher().match(ElementExpression::of(value), type.getShape());
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
