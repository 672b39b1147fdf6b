//===- ExpandFloat8.cpp - Floats of 8 bits as integer arithmetic ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// No CPU has instructions for them. Exponent and mantissa of such a number, put where f32 has its
// own, are the number times a power of two, subnormals included: one multiplication is exact. Back,
// the mantissa is rounded to nearest even as an integer; what gets subnormal is rounded by adding
// a number so large that its last place is the smallest one of the type.
//
//===----------------------------------------------------------------------===//

#include "ExpandFloat8.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using arith::CmpIPredicate;

namespace {

/// The layout of a type: a sign, then exponent and mantissa.
struct Layout {
  int mantissaBits, bias;
  /// What is infinity or NaN: all codes from here on, without the sign.
  int firstSpecial;
  /// Whether the first of them is infinity.
  bool hasInfinity;
  int maxExponent() const { return (1 << (7 - mantissaBits)) - 1; }
};

std::optional<Layout> layoutOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (isa<Float8E4M3FNType>(element))
    return Layout{3, 7, 0x7f, false};
  if (isa<Float8E5M2Type>(element))
    return Layout{2, 15, 0x7c, true};
  return std::nullopt;
}

/// Arithmetic on numbers or vectors, with constants of their type.
class Lanes {
public:
  Lanes(OpBuilder &builder, Location loc, Type shape) : builder(builder), loc(loc), shape(shape) {}

  Type of(Type element) {
    auto vector = dyn_cast<VectorType>(shape);
    return vector ? Type(vector.clone(element)) : element;
  }
  Type i32() { return of(builder.getI32Type()); }
  Type f32() { return of(builder.getF32Type()); }
  Value integer(int64_t value) { return constant(i32(), builder.getI32IntegerAttr(value)); }
  Value number(double value) { return constant(f32(), builder.getF32FloatAttr(value)); }
  template <typename OpTy> Value create(Value a, Value b) {
    return OpTy::create(builder, loc, a, b);
  }
  template <typename OpTy> Value cast(Type type, Value value) {
    return OpTy::create(builder, loc, type, value);
  }
  Value compare(CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  }
  Value select(Value condition, Value a, Value b) {
    return arith::SelectOp::create(builder, loc, condition, a, b);
  }

private:
  Value constant(Type type, Attribute value) {
    if (auto vector = dyn_cast<VectorType>(type))
      value = DenseElementsAttr::get(vector, value);
    return arith::ConstantOp::create(builder, loc, ::cast<TypedAttr>(value));
  }

  OpBuilder &builder;
  Location loc;
  Type shape;
};

/// 2 to the power of `exponent`, which is one of a normal f32.
double powerOfTwo(int exponent) { return std::ldexp(1.0, exponent); }
uint32_t bitsOf(double value) { return llvm::bit_cast<uint32_t>(static_cast<float>(value)); }

struct ExpandExtend : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op, PatternRewriter &rewriter) const override {
    std::optional<Layout> layout = layoutOf(op.getIn().getType());
    if (!layout)
      return failure();
    Lanes lanes(rewriter, op.getLoc(), op.getType());
    Value code = lanes.cast<arith::ExtUIOp>(
        lanes.i32(), lanes.cast<arith::BitcastOp>(lanes.of(rewriter.getI8Type()), op.getIn()));
    Value magnitude = lanes.create<arith::AndIOp>(code, lanes.integer(0x7f));
    Value placed = lanes.create<arith::ShLIOp>(magnitude, lanes.integer(23 - layout->mantissaBits));
    Value scaled = lanes.create<arith::MulFOp>(lanes.cast<arith::BitcastOp>(lanes.f32(), placed),
                                               lanes.number(powerOfTwo(127 - layout->bias)));
    Value bits = lanes.cast<arith::BitcastOp>(lanes.i32(), scaled);
    Value special = lanes.integer(0x7fc00000);
    if (layout->hasInfinity)
      special = lanes.select(
          lanes.compare(CmpIPredicate::eq, magnitude, lanes.integer(layout->firstSpecial)),
          lanes.integer(0x7f800000), special);
    Value isSpecial =
        lanes.compare(CmpIPredicate::uge, magnitude, lanes.integer(layout->firstSpecial));
    bits = lanes.select(isSpecial, special, bits);
    Value sign = lanes.create<arith::ShLIOp>(lanes.create<arith::AndIOp>(code, lanes.integer(0x80)),
                                             lanes.integer(24));
    Value wide = lanes.cast<arith::BitcastOp>(lanes.f32(), lanes.create<arith::OrIOp>(bits, sign));
    if (wide.getType() == op.getType())
      rewriter.replaceOp(op, wide);
    else if (getElementTypeOrSelf(op.getType()).getIntOrFloatBitWidth() > 32)
      rewriter.replaceOpWithNewOp<arith::ExtFOp>(op, op.getType(), wide);
    else
      rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), wide);
    return success();
  }
};

struct ExpandTruncate : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op, PatternRewriter &rewriter) const override {
    std::optional<Layout> layout = layoutOf(op.getType());
    Type from = getElementTypeOrSelf(op.getIn().getType());
    if (!layout || from.getIntOrFloatBitWidth() > 32 || op.getRoundingmode())
      return failure();
    Lanes lanes(rewriter, op.getLoc(), op.getType());
    Value wide = op.getIn();
    if (!from.isF32())
      wide = lanes.cast<arith::ExtFOp>(lanes.f32(), wide);
    Value bits = lanes.cast<arith::BitcastOp>(lanes.i32(), wide);
    Value magnitude = lanes.create<arith::AndIOp>(bits, lanes.integer(0x7fffffff));
    Value code = rounded(lanes, *layout, magnitude);
    Value sign = lanes.create<arith::ShRUIOp>(bits, lanes.integer(24));
    sign = lanes.create<arith::AndIOp>(sign, lanes.integer(0x80));
    code = lanes.cast<arith::TruncIOp>(lanes.of(rewriter.getI8Type()),
                                       lanes.create<arith::OrIOp>(code, sign));
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), code);
    return success();
  }

private:
  /// The code of the number whose f32 has `magnitude` as its bits but the sign.
  static Value rounded(Lanes &lanes, const Layout &layout, Value magnitude) {
    int dropped = 23 - layout.mantissaBits;
    Value last = lanes.create<arith::AndIOp>(
        lanes.create<arith::ShRUIOp>(magnitude, lanes.integer(dropped)), lanes.integer(1));
    Value up = lanes.create<arith::AddIOp>(last, lanes.integer((int64_t(1) << (dropped - 1)) - 1));
    Value normal = lanes.create<arith::ShRUIOp>(lanes.create<arith::AddIOp>(magnitude, up),
                                                lanes.integer(dropped));
    normal = lanes.create<arith::SubIOp>(
        normal, lanes.integer(int64_t(127 - layout.bias) << layout.mantissaBits));
    // More than the largest number is the first special code; where that is NaN, so is infinity.
    Value most = lanes.integer(layout.firstSpecial);
    normal = lanes.select(lanes.compare(CmpIPredicate::sgt, normal, most), most, normal);

    int smallest = 1 - layout.bias - layout.mantissaBits;
    double large = powerOfTwo(smallest + 23);
    Value sum = lanes.create<arith::AddFOp>(lanes.cast<arith::BitcastOp>(lanes.f32(), magnitude),
                                            lanes.number(large));
    Value subnormal = lanes.create<arith::SubIOp>(lanes.cast<arith::BitcastOp>(lanes.i32(), sum),
                                                  lanes.integer(bitsOf(large)));
    Value isSubnormal = lanes.compare(CmpIPredicate::ult, magnitude,
                                      lanes.integer(bitsOf(powerOfTwo(1 - layout.bias))));
    Value isNan = lanes.compare(CmpIPredicate::ugt, magnitude, lanes.integer(0x7f800000));
    return lanes.select(isNan, lanes.integer(0x7f), lanes.select(isSubnormal, subnormal, normal));
  }
};

} // namespace

void uwt::codegen::populateExpandFloat8Patterns(RewritePatternSet &patterns) {
  patterns.add<ExpandExtend, ExpandTruncate>(patterns.getContext());
}
