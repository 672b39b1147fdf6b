//===- ExpandFunctions.cpp - Functions of f32 by way of f64 ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each is computed in f64 from one exponential, one logarithm or one arc tangent, whose relative
// errors are below 2^-45, and rounded to f32 once: the result is that of the exact function but
// where that lies within 2^-20 of a unit in the last place of the middle between two floats. They
// are rare in models; what models use often (exp, tanh, erf, …) has polynomials in f32.
//
//===----------------------------------------------------------------------===//

#include "SpecialValues.h"
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace uwt;
using namespace uwt::codegen;

namespace {

/// The exponential of f64, for results in f32: beyond ±150 they are 0 or infinite.
Value exponential(FloatMath &math, Value x) {
  constexpr double ln2High = 0x1.62e42fefa39efp-1, ln2Low = 0x1.abc9e3b39803fp-56;
  // Added, it leaves the nearest integer in the lowest bits.
  constexpr double toInteger = 0x1.8p52;
  x = math.clamp(x, -150, 150);
  Value shifted =
      math.multiplyAdd(x, math.constant(1 / std::numbers::ln2), math.constant(toInteger));
  Value power = math.negate(math.subtract(shifted, math.constant(toInteger)));
  Value rest = math.multiplyAdd(power, math.constant(ln2High), x);
  rest = math.multiplyAdd(power, math.constant(ln2Low), rest);
  SmallVector<double> coefficients;
  for (double factorial = 1; coefficients.size() < 14; factorial *= coefficients.size())
    coefficients.push_back(1 / factorial);
  Value exponent = math.make<arith::AddIOp>(math.bits(shifted), math.bitsConstant(exponentBias));
  exponent = math.make<arith::ShLIOp>(exponent, math.bitsConstant(mantissaBits));
  return math.multiply(math.polynomial(rest, coefficients), math.fromBits(exponent));
}

/// The logarithm of f64 that are no subnormals, which no f32 becomes.
Value logarithm(FloatMath &math, Value x) {
  constexpr double squareRootOf2 = std::numbers::sqrt2;
  Value bits = math.bits(x);
  Value mantissa =
      math.make<arith::AndIOp>(bits, math.bitsConstant((int64_t(1) << mantissaBits) - 1));
  mantissa = math.make<arith::OrIOp>(mantissa, math.bitsConstant(exponentBias << mantissaBits));
  Value m = math.fromBits(mantissa);
  Value exponent = math.make<arith::ShRUIOp>(bits, math.bitsConstant(mantissaBits));
  exponent = math.make<arith::SubIOp>(exponent, math.bitsConstant(exponentBias));
  Value e = arith::SIToFPOp::create(math.builder, math.loc, math.type, exponent);
  Value isUpper = math.less(math.constant(squareRootOf2), m);
  m = math.select(isUpper, math.multiply(m, math.constant(0.5)), m);
  e = math.select(isUpper, math.add(e, math.constant(1)), e);
  // log m = 2 (s + s³/3 + s⁵/5 + …) with s = (m - 1) / (m + 1), at most 0.172.
  Value s = math.divide(math.subtract(m, math.constant(1)), math.add(m, math.constant(1)));
  SmallVector<double> coefficients;
  for (int k = 0; k <= 10; ++k)
    coefficients.push_back(2.0 / (2 * k + 1));
  Value series = math.polynomial(math.multiply(s, s), coefficients);
  Value result = math.multiplyAdd(e, math.constant(std::numbers::ln2), math.multiply(s, series));
  return withSpecialLogarithms(math, x, result);
}

/// An odd function that is x + `cube` x³ near 0, where `otherwise`, a difference of numbers around
/// 1, has lost its bits. Its sign is that of x.
Value nearZero(FloatMath &math, Value x, double cube, Value otherwise) {
  Value square = math.multiply(x, x);
  Value series = math.multiplyAdd(math.multiply(square, math.constant(cube)), x, x);
  Value isNear = math.less(math.magnitude(x), math.constant(0x1p-10));
  return math.withSignOf(math.select(isNear, series, otherwise), x);
}

/// The arc tangent of what is not negative.
Value arcTangent(FloatMath &math, Value x) {
  constexpr double pi = std::numbers::pi, tangentOfEighth = 0.41421356237309503;
  Value one = math.constant(1);
  Value isLarge = math.less(one, x);
  Value t = math.select(isLarge, math.divide(one, x), x);
  Value isUpper = math.less(math.constant(tangentOfEighth), t);
  Value turned = math.divide(math.subtract(t, one), math.add(t, one));
  Value s = math.select(isUpper, turned, t);
  SmallVector<double> coefficients;
  for (int k = 0; k < 18; ++k)
    coefficients.push_back((k % 2 ? -1.0 : 1.0) / (2 * k + 1));
  Value angle = math.multiply(math.polynomial(math.multiply(s, s), coefficients), s);
  angle = math.select(isUpper, math.add(angle, math.constant(pi / 4)), angle);
  return math.select(isLarge, math.subtract(math.constant(pi / 2), angle), angle);
}

Value power(FloatMath &math, Value x, Value y) {
  Value logarithmOfPower = math.multiply(y, logarithm(math, math.magnitude(x)));
  return withSpecialPowers(math, x, y, exponential(math, logarithmOfPower));
}

Value arcTangentOfQuotient(FloatMath &math, Value y, Value x) {
  Value zero = math.constant(0), one = math.constant(1);
  Value up = math.magnitude(y), along = math.magnitude(x);
  Value quotient = math.divide(up, along);
  quotient = math.select(math.both(math.equal(up, zero), math.equal(along, zero)), zero, quotient);
  Value endless = math.constant(infinity);
  quotient =
      math.select(math.both(math.equal(up, endless), math.equal(along, endless)), one, quotient);
  Value angle = arcTangent(math, quotient);
  Value isLeft = math.less(math.withSignOf(one, x), zero);
  angle = math.select(isLeft, math.subtract(math.constant(std::numbers::pi), angle), angle);
  return math.withSignOf(angle, y);
}

/// What C's fmod gives, exactly: 28 bits of the quotient are taken off at a time, of the 277 that
/// quotients of two f32 have at most. All steps are exact in f64.
Value remainder(FloatMath &math, Value x, Value y) {
  constexpr int step = 28, steps = 10;
  Value rest = math.magnitude(x), size = math.magnitude(y);
  for (int i = steps - 1; i >= 0; --i) {
    Value divisor = math.multiply(size, math.constant(std::ldexp(1.0, step * i)));
    Value quotient = math.truncate(math.divide(rest, divisor));
    rest = math.multiplyAdd(math.negate(quotient), divisor, rest);
  }
  Value isEndless = math.equal(size, math.constant(infinity));
  Value isFinite = math.less(math.magnitude(x), math.constant(infinity));
  rest = math.select(math.both(isEndless, isFinite), math.magnitude(x), rest);
  return math.withSignOf(rest, x);
}

Value compute(math::Exp2Op, FloatMath &math, ValueRange x) {
  return exponential(math, math.multiply(x[0], math.constant(std::numbers::ln2)));
}
Value compute(math::Log10Op, FloatMath &math, ValueRange x) {
  return math.multiply(logarithm(math, x[0]), math.constant(std::numbers::log10e));
}
Value compute(math::CbrtOp, FloatMath &math, ValueRange x) {
  Value third = math.divide(logarithm(math, math.magnitude(x[0])), math.constant(3));
  return math.withSignOf(exponential(math, third), x[0]);
}
Value compute(math::SinhOp, FloatMath &math, ValueRange x) {
  Value e = exponential(math, x[0]), inverse = math.divide(math.constant(1), e);
  Value result = math.multiply(math.subtract(e, inverse), math.constant(0.5));
  return nearZero(math, x[0], 1.0 / 6, result);
}
Value compute(math::CoshOp, FloatMath &math, ValueRange x) {
  Value e = exponential(math, x[0]), inverse = math.divide(math.constant(1), e);
  return math.multiply(math.add(e, inverse), math.constant(0.5));
}
Value compute(math::AsinhOp, FloatMath &math, ValueRange x) {
  Value size = math.magnitude(x[0]);
  Value root = math.squareRoot(math.multiplyAdd(size, size, math.constant(1)));
  Value result = logarithm(math, math.add(size, root));
  return nearZero(math, x[0], -1.0 / 6, result);
}
Value compute(math::AcoshOp, FloatMath &math, ValueRange x) {
  Value root = math.squareRoot(math.multiplyAdd(x[0], x[0], math.constant(-1)));
  Value result = logarithm(math, math.add(x[0], root));
  Value isOutside = math.less(x[0], math.constant(1));
  return math.select(isOutside, math.constant(notANumber), result);
}
Value compute(math::AtanhOp, FloatMath &math, ValueRange x) {
  Value one = math.constant(1);
  Value quotient = math.divide(math.add(one, x[0]), math.subtract(one, x[0]));
  Value result = math.multiply(logarithm(math, quotient), math.constant(0.5));
  return nearZero(math, x[0], 1.0 / 3, result);
}
Value compute(math::AtanOp, FloatMath &math, ValueRange x) {
  return math.withSignOf(arcTangent(math, math.magnitude(x[0])), x[0]);
}
Value compute(math::Atan2Op, FloatMath &math, ValueRange x) {
  return arcTangentOfQuotient(math, x[0], x[1]);
}
Value compute(math::PowFOp, FloatMath &math, ValueRange x) { return power(math, x[0], x[1]); }
Value compute(math::FPowIOp, FloatMath &math, ValueRange x) { return power(math, x[0], x[1]); }
Value compute(arith::RemFOp, FloatMath &math, ValueRange x) { return remainder(math, x[0], x[1]); }

/// A function of f32 as what `compute` has for it in f64.
template <typename OpTy> struct ExpandFunction : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    FloatMath math(rewriter, op.getLoc(), op.getType(), rewriter.getF64Type());
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      bool isFloat = isa<FloatType>(getElementTypeOrSelf(operand.getType()));
      operands.push_back(
          isFloat ? arith::ExtFOp::create(rewriter, op.getLoc(), math.type, operand).getResult()
                  : arith::SIToFPOp::create(rewriter, op.getLoc(), math.type, operand).getResult());
    }
    Value result = compute(op, math, operands);
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), result);
    return success();
  }
};

struct SplitSincos : OpRewritePattern<math::SincosOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::SincosOp op, PatternRewriter &rewriter) const override {
    Value sine = math::SinOp::create(rewriter, op.getLoc(), op.getOperand());
    Value cosine = math::CosOp::create(rewriter, op.getLoc(), op.getOperand());
    rewriter.replaceOp(op, {sine, cosine});
    return success();
  }
};

/// Halves go away from zero. What is taken off by truncation is exact; of infinities it is a NaN,
/// which is not below anything.
struct ExpandRound : OpRewritePattern<math::RoundOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::RoundOp op, PatternRewriter &rewriter) const override {
    auto element = dyn_cast<FloatType>(getElementTypeOrSelf(op.getType()));
    if (!element || element.getWidth() < 32)
      return failure();
    FloatMath math(rewriter, op.getLoc(), op.getType(), element);
    Value x = op.getOperand(), whole = math.truncate(x);
    Value isBelowHalf = math.less(math.magnitude(math.subtract(x, whole)), math.constant(0.5));
    Value isEndless = math.equal(math.magnitude(x), math.constant(infinity));
    Value next = math.add(whole, math.withSignOf(math.constant(1), x));
    Value result = math.select(isEndless, x, math.select(isBelowHalf, whole, next));
    rewriter.replaceOp(op, math.withSignOf(result, x));
    return success();
  }
};

} // namespace

void uwt::codegen::populateFunctionPatterns(RewritePatternSet &patterns) {
  patterns.add<
      ExpandFunction<math::Exp2Op>, ExpandFunction<math::Log10Op>, ExpandFunction<math::CbrtOp>,
      ExpandFunction<math::SinhOp>, ExpandFunction<math::CoshOp>, ExpandFunction<math::AsinhOp>,
      ExpandFunction<math::AcoshOp>, ExpandFunction<math::AtanhOp>, ExpandFunction<math::AtanOp>,
      ExpandFunction<math::Atan2Op>, ExpandFunction<math::PowFOp>, ExpandFunction<math::FPowIOp>,
      ExpandFunction<arith::RemFOp>, SplitSincos, ExpandRound>(patterns.getContext());
}
