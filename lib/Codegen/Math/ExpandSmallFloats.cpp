//===- ExpandSmallFloats.cpp - Floats of 8 bits as integer arithmetic -----===//
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

#include "ExpandSmallFloats.h"
#include "FloatMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using arith::CmpIPredicate;

namespace {

/// Layout of a type: a sign, then exponent and mantissa.
struct Layout {
  int width, mantissaBits, bias;
  /// First code without the sign that is infinity or NaN: all from there on are.
  int firstSpecial;
  bool hasInfinity, hasNaN;
  /// Tells that the code of -0 is the type's one NaN.
  bool negativeZeroIsNaN;

  int sign() const { return 1 << (width - 1); }
  int largestMagnitude() const { return sign() - 1; }
};

/// Returns the layout of a float of at most 8 bits that has a sign.
std::optional<Layout> layoutOf(Type type) {
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  if (!element || element.getWidth() > 8)
    return std::nullopt;
  const llvm::fltSemantics &semantics = element.getFloatSemantics();
  if (!APFloat::semanticsHasSignedRepr(semantics))
    return std::nullopt;
  Layout layout;
  layout.width = static_cast<int>(element.getWidth());
  layout.mantissaBits = static_cast<int>(APFloat::semanticsPrecision(semantics)) - 1;
  layout.bias = 1 - APFloat::semanticsMinExponent(semantics);
  layout.firstSpecial =
      static_cast<int>(APFloat::getLargest(semantics).bitcastToAPInt().getZExtValue()) + 1;
  layout.hasInfinity = APFloat::semanticsHasInf(semantics);
  layout.hasNaN = APFloat::semanticsHasNaN(semantics);
  layout.negativeZeroIsNaN = layout.hasNaN && layout.firstSpecial > layout.largestMagnitude();
  return layout;
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
  Value constant(Type type, TypedAttr value) {
    return uwt::codegen::constantOf(builder, loc, type, value);
  }

  OpBuilder &builder;
  Location loc;
  Type shape;
};

/// 2 to the power of `exponent`, which is one of a normal f32.
double powerOfTwo(int exponent) { return std::ldexp(1.0, exponent); }
uint32_t bitsOf(double value) { return llvm::bit_cast<uint32_t>(static_cast<float>(value)); }

/// Returns the bits of the f32 that the code `code` of i32 stands for.
Value extended(Lanes &lanes, const Layout &layout, Value code) {
  Value magnitude = lanes.create<arith::AndIOp>(code, lanes.integer(layout.largestMagnitude()));
  Value placed = lanes.create<arith::ShLIOp>(magnitude, lanes.integer(23 - layout.mantissaBits));
  Value scaled = lanes.create<arith::MulFOp>(lanes.cast<arith::BitcastOp>(lanes.f32(), placed),
                                             lanes.number(powerOfTwo(127 - layout.bias)));
  Value bits = lanes.cast<arith::BitcastOp>(lanes.i32(), scaled);
  Value special = lanes.integer(0x7fc00000);
  if (layout.hasInfinity)
    special = lanes.select(
        lanes.compare(CmpIPredicate::eq, magnitude, lanes.integer(layout.firstSpecial)),
        lanes.integer(0x7f800000), special);
  if (layout.firstSpecial <= layout.largestMagnitude())
    bits = lanes.select(
        lanes.compare(CmpIPredicate::uge, magnitude, lanes.integer(layout.firstSpecial)), special,
        bits);
  Value sign =
      lanes.create<arith::ShLIOp>(lanes.create<arith::AndIOp>(code, lanes.integer(layout.sign())),
                                  lanes.integer(32 - layout.width));
  bits = lanes.create<arith::OrIOp>(bits, sign);
  if (!layout.negativeZeroIsNaN)
    return bits;
  return lanes.select(lanes.compare(CmpIPredicate::eq, code, lanes.integer(layout.sign())), special,
                      bits);
}

struct ExpandExtend : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op, PatternRewriter &rewriter) const override {
    std::optional<Layout> layout = layoutOf(op.getIn().getType());
    if (!layout)
      return failure();
    Lanes lanes(rewriter, op.getLoc(), op.getType());
    Type integer = lanes.of(rewriter.getIntegerType(layout->width));
    Value code =
        lanes.cast<arith::ExtUIOp>(lanes.i32(), lanes.cast<arith::BitcastOp>(integer, op.getIn()));
    Value wide = lanes.cast<arith::BitcastOp>(lanes.f32(), extended(lanes, *layout, code));
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
    Value code = withSign(lanes, *layout, rounded(lanes, *layout, magnitude), bits);
    code = lanes.cast<arith::TruncIOp>(lanes.of(rewriter.getIntegerType(layout->width)), code);
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
    // More than the largest number is infinity, NaN, or the largest number, if there is no other.
    int beyond = layout.hasNaN ? layout.firstSpecial : layout.firstSpecial - 1;
    Value most = lanes.integer(beyond);
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
    Value ofNan =
        lanes.integer(layout.negativeZeroIsNaN ? layout.firstSpecial : layout.largestMagnitude());
    return lanes.select(isNan, ofNan, lanes.select(isSubnormal, subnormal, normal));
  }

  /// Returns `code` with the sign of the f32 that has these bits. Where the code of -0 is NaN, zero
  /// and NaN stay without.
  static Value withSign(Lanes &lanes, const Layout &layout, Value code, Value bits) {
    Value sign = lanes.create<arith::ShRUIOp>(bits, lanes.integer(32 - layout.width));
    sign = lanes.create<arith::AndIOp>(sign, lanes.integer(layout.sign()));
    Value both = lanes.create<arith::OrIOp>(code, sign);
    if (!layout.negativeZeroIsNaN)
      return both;
    return lanes.select(lanes.compare(CmpIPredicate::eq, code, lanes.integer(0)), code, both);
  }
};

} // namespace

void uwt::codegen::populateExpandSmallFloatPatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandExtend, ExpandTruncate>(patterns.getContext());
}
