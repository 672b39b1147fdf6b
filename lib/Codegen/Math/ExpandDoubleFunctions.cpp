//===- ExpandDoubleFunctions.cpp - Functions of f64 in pairs of f64 -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions of f32 are computed in f64 and rounded once. Those of f64 are computed in pairs, from
// the few functions of PairFunctions.h, and rounded once: to the nearest number but where the exact
// result lies within a few hundredths of a unit in the last place of the middle between two.
//
//===----------------------------------------------------------------------===//

#include "PairFunctions.h"
#include "SpecialValues.h"

using namespace mlir;
using namespace uwt;
using namespace uwt::codegen;

namespace {

constexpr PairConstant pi = {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53};

/// `function` of x, or x where that is so small that a function with slope 1 at 0 rounds to it.
/// There the low parts of pairs might vanish, and -0 would lose its sign.
Value unlessTiny(PairMath &math, Value x, Value function) {
  return math.select(math.less(math.magnitude(x), math.constant(0x1p-70)), x, function);
}

Pair plus1(PairMath &math, Pair a) { return math.add(a, math.constant(1)); }

/// 2^-power; 0 where that is smaller than all numbers.
Value inverseOfUnit(PairMath &math, Exponential a) {
  return timesPowerOf2(math, math.constant(1), math.negate(a.power));
}

/// The exponential less 1, in units of 2^power; `inverse` is that of the unit.
Pair minus1(PairMath &math, Exponential a, Value inverse) {
  return math.add(math.twoSum(math.constant(1), math.negate(inverse)), a.rest);
}

/// Half of `a` in units of 2^power.
Value halfInUnits(PairMath &math, Pair a, Value power) {
  return timesPowerOf2(math, a.high, math.subtract(power, math.constant(1)));
}

Value compute(math::ExpOp, PairMath &math, ValueRange x) {
  return toFloat(math, exponential(math, math.pair(x[0])));
}
Value compute(math::Exp2Op, PairMath &math, ValueRange x) {
  return toFloat(math, exponentialOf2(math, x[0]));
}
Value compute(math::ExpM1Op, PairMath &math, ValueRange x) {
  Exponential e = exponential(math, math.pair(math.clamp(x[0], -50, infinity)));
  Value high = minus1(math, e, inverseOfUnit(math, e)).high;
  return unlessTiny(math, x[0], timesPowerOf2(math, high, e.power));
}
Value compute(math::TanhOp, PairMath &math, ValueRange x) {
  // From 20 on the result is 1.
  Value twice = math.multiply(math.clamp(math.magnitude(x[0]), 0, 20), math.constant(2));
  Exponential e = exponential(math, math.pair(twice));
  Pair above = math.scale(minus1(math, e, inverseOfUnit(math, e)),
                          timesPowerOf2(math, math.constant(1), e.power));
  Pair result = math.divide(above, math.add(above, math.constant(2)));
  return unlessTiny(math, x[0], math.withSignOf(result.high, x[0]));
}
Value compute(math::SinhOp, PairMath &math, ValueRange x) {
  // With u = exp(x) - 1: (u + u / exp(x)) / 2, where nothing cancels.
  Exponential e = exponential(math, math.pair(math.magnitude(x[0])));
  Value inverse = inverseOfUnit(math, e);
  Pair u = minus1(math, e, inverse);
  Pair result = math.add(u, math.divide(math.multiply(u, inverse), plus1(math, e.rest)));
  Value scaled = halfInUnits(math, result, e.power);
  return unlessTiny(math, x[0], math.withSignOf(scaled, x[0]));
}
Value compute(math::CoshOp, PairMath &math, ValueRange x) {
  Exponential e = exponential(math, math.pair(math.magnitude(x[0])));
  Value inverse = inverseOfUnit(math, e);
  Pair m = plus1(math, e.rest);
  Pair other = math.divide(math.pair(math.multiply(inverse, inverse)), m);
  return halfInUnits(math, math.add(m, other), e.power);
}

Logarithm logarithm(PairMath &math, Value x) {
  return uwt::codegen::logarithm(math, math.pair(x), math.twoSum(x, math.constant(-1)));
}

Value compute(math::LogOp, PairMath &math, ValueRange x) {
  return withSpecialLogarithms(math, x[0], toPair(math, logarithm(math, x[0])).high);
}
Value compute(math::Log2Op, PairMath &math, ValueRange x) {
  constexpr PairConstant log2e = {0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};
  Logarithm l = logarithm(math, x[0]);
  Pair result = math.add(math.multiply(l.rest, math.pair(log2e)), l.power);
  return withSpecialLogarithms(math, x[0], result.high);
}
Value compute(math::Log10Op, PairMath &math, ValueRange x) {
  constexpr PairConstant log10e = {0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57};
  constexpr PairConstant log10of2 = {0x1.34413509f79ffp-2, -0x1.9dc1da994fd21p-59};
  Logarithm l = logarithm(math, x[0]);
  Pair result = math.add(math.multiply(math.pair(log10of2), l.power),
                         math.multiply(l.rest, math.pair(log10e)));
  return withSpecialLogarithms(math, x[0], result.high);
}
Value compute(math::Log1pOp, PairMath &math, ValueRange x) {
  Pair sum = math.twoSum(math.constant(1), x[0]);
  Pair result = toPair(math, uwt::codegen::logarithm(math, sum, math.pair(x[0])));
  return unlessTiny(math, x[0], withSpecialLogarithms(math, sum.high, result.high));
}

/// The logarithm of 1 + less1, or of twice `x` where that is so large that this is the same.
Value logarithmOrOfTwice(PairMath &math, Pair less1, Value x, Value isLarge) {
  Pair argument = math.select(isLarge, math.pair(x), plus1(math, less1));
  Logarithm l = uwt::codegen::logarithm(math, argument, less1);
  l.power = math.select(isLarge, math.add(l.power, math.constant(1)), l.power);
  // Infinities and NaNs are their own results.
  return math.select(math.less(x, math.constant(infinity)), toPair(math, l).high, x);
}
Value compute(math::AsinhOp, PairMath &math, ValueRange x) {
  Value size = math.magnitude(x[0]), isLarge = math.less(math.constant(0x1p60), size);
  Value a = math.select(isLarge, math.constant(1), size);
  Pair square = math.twoProduct(a, a), root = math.squareRoot(plus1(math, square));
  // x + √(1 + x²) without the 1.
  Pair sum = math.add(math.divide(square, plus1(math, root)), a);
  Value result = logarithmOrOfTwice(math, sum, size, isLarge);
  return unlessTiny(math, x[0], math.withSignOf(result, x[0]));
}
Value compute(math::AcoshOp, PairMath &math, ValueRange x) {
  Value one = math.constant(1), isLarge = math.less(math.constant(0x1p60), x[0]);
  Value a = math.select(isLarge, one, x[0]);
  Pair difference = math.twoSum(a, math.constant(-1));
  Pair root = math.squareRoot(math.multiply(difference, math.twoSum(a, one)));
  Value result = logarithmOrOfTwice(math, math.add(difference, root), x[0], isLarge);
  return math.select(math.less(x[0], one), math.constant(notANumber), result);
}
Value compute(math::AtanhOp, PairMath &math, ValueRange x) {
  Value one = math.constant(1), size = math.magnitude(x[0]);
  Pair twice = math.pair(math.add(size, size));
  Pair sum = math.divide(twice, math.twoSum(one, math.negate(size)));
  Pair l = toPair(math, uwt::codegen::logarithm(math, plus1(math, sum), sum));
  Value outside =
      math.select(math.equal(size, one), math.constant(infinity), math.constant(notANumber));
  Value result =
      math.select(math.less(size, one), math.multiply(l.high, math.constant(0.5)), outside);
  return unlessTiny(math, x[0], math.withSignOf(result, x[0]));
}

Value compute(math::CbrtOp, PairMath &math, ValueRange x) {
  Value size = math.magnitude(x[0]);
  Pair third = math.multiply(toPair(math, logarithm(math, size)), math.pair(quotientOf(1, 3)));
  Value root = math.withSignOf(toFloat(math, exponential(math, third)), x[0]);
  Value isProper =
      math.both(math.less(math.constant(0), size), math.less(size, math.constant(infinity)));
  return math.select(isProper, root, x[0]);
}

Value power(PairMath &math, Value x, Value y) {
  Value size = math.magnitude(x), zero = math.constant(0);
  // No power with a larger exponent is finite and not 0, but those of 1.
  Value exponent = math.clamp(y, -0x1p65, 0x1p65);
  Pair product = math.multiply(toPair(math, logarithm(math, size)), exponent);
  Value result = toFloat(math, exponential(math, product));
  Value improper = math.select(math.less(zero, y), size, math.divide(math.constant(1), size));
  improper = math.select(math.equal(y, y), improper, y);
  Value isProper = math.both(math.less(zero, size), math.less(size, math.constant(infinity)));
  return withSpecialPowers(math, x, y, math.select(isProper, result, improper));
}
Value compute(math::PowFOp, PairMath &math, ValueRange x) { return power(math, x[0], x[1]); }
Value compute(math::FPowIOp, PairMath &math, ValueRange x) {
  return power(math, x[0], arith::SIToFPOp::create(math.builder, math.loc, math.type, x[1]));
}

/// Whether bit `number` of a whole number is set.
Value hasBit(PairMath &math, Value a, int number) {
  Value bit = math.bitsConstant(int64_t(1) << number);
  return arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::ne,
                               math.make<arith::AndIOp>(toInteger(math, a), bit),
                               math.bitsConstant(0));
}

Value compute(math::SinOp, PairMath &math, ValueRange x) {
  Angle angle = reduceAngle(math, x[0]);
  Value result = math.select(hasBit(math, angle.quarters, 0), cosine(math, angle.rest).high,
                             sine(math, angle.rest).high);
  result = math.select(hasBit(math, angle.quarters, 1), math.negate(result), result);
  return unlessTiny(math, x[0], result);
}
Value compute(math::CosOp, PairMath &math, ValueRange x) {
  Angle angle = reduceAngle(math, x[0]);
  Value result =
      math.select(hasBit(math, angle.quarters, 0), math.negate(sine(math, angle.rest).high),
                  cosine(math, angle.rest).high);
  return math.select(hasBit(math, angle.quarters, 1), math.negate(result), result);
}
Value compute(math::TanOp, PairMath &math, ValueRange x) {
  Angle angle = reduceAngle(math, x[0]);
  Pair s = sine(math, angle.rest), c = cosine(math, angle.rest);
  Value isOdd = hasBit(math, angle.quarters, 0);
  Pair result = math.divide(math.select(isOdd, math.negate(c), s), math.select(isOdd, s, c));
  return unlessTiny(math, x[0], result.high);
}

Value compute(math::AtanOp, PairMath &math, ValueRange x) {
  Pair angle = arcTangent(math, math.pair(math.magnitude(x[0])), math.pair(math.constant(1)));
  return math.withSignOf(angle.high, x[0]);
}
/// `angle`, or where `x` has the sign bit the angle on the other side.
Value turnIfNegative(PairMath &math, Pair angle, Value x) {
  Value isLeft = math.less(math.withSignOf(math.constant(1), x), math.constant(0));
  return math.select(isLeft, math.subtract(math.pair(pi), angle).high, angle.high);
}
Value compute(math::Atan2Op, PairMath &math, ValueRange x) {
  Pair angle = arcTangent(math, math.pair(math.magnitude(x[0])), math.pair(math.magnitude(x[1])));
  return math.withSignOf(turnIfNegative(math, angle, x[1]), x[0]);
}
/// √(1 - x²); a NaN where |x| is above 1.
Pair otherSide(PairMath &math, Value x) {
  Value one = math.constant(1);
  return math.squareRoot(math.multiply(math.twoSum(one, x), math.twoSum(one, math.negate(x))));
}
Value compute(math::AsinOp, PairMath &math, ValueRange x) {
  Pair angle = arcTangent(math, math.pair(math.magnitude(x[0])), otherSide(math, x[0]));
  return math.withSignOf(angle.high, x[0]);
}
Value compute(math::AcosOp, PairMath &math, ValueRange x) {
  Pair angle = arcTangent(math, otherSide(math, x[0]), math.pair(math.magnitude(x[0])));
  return turnIfNegative(math, angle, x[0]);
}

Value isNear(PairMath &math, Value x) { return math.less(math.magnitude(x), math.constant(0.5)); }
Value compute(math::ErfOp, PairMath &math, ValueRange x) {
  Pair rest = restOfErrorFunction(math, math.magnitude(x[0]));
  Pair far = math.add(math.negate(rest), math.constant(1));
  // The low part of a small product with 2/√π would vanish.
  Value isTiny = math.less(math.magnitude(x[0]), math.constant(0x1p-900));
  Value scaled = math.select(isTiny, math.multiply(x[0], math.constant(0x1p100)), x[0]);
  Value near = errorFunction(math, scaled).high;
  near = math.select(isTiny, math.multiply(near, math.constant(0x1p-100)), near);
  return math.withSignOf(math.select(isNear(math, x[0]), near, far.high), x[0]);
}
Value compute(math::ErfcOp, PairMath &math, ValueRange x) {
  Pair rest = restOfErrorFunction(math, math.magnitude(x[0]));
  Value isNegative = math.less(x[0], math.constant(0));
  Pair other = math.add(math.negate(rest), math.constant(2));
  Value far = math.select(isNegative, other.high, rest.high);
  Pair near = math.add(math.negate(errorFunction(math, x[0])), math.constant(1));
  return math.select(isNear(math, x[0]), near.high, far);
}

/// What C's fmod gives, exactly: 50 bits of the quotient are taken off at a time, of the 2,098 that
/// quotients have at most, first what is no multiple of 50. A part of the quotient is below 2^51
/// and wrong by less than 1, so that what is left is smaller than the divisor; it is a multiple of
/// the divisor's last bit, and nothing is rounded.
Value compute(arith::RemFOp, PairMath &math, ValueRange x) {
  constexpr int stepBits = 50, maxSteps = 41;
  Value above = math.magnitude(x[0]), below = math.magnitude(x[1]);
  Scaled a = splitPower(math, above, 1), b = splitPower(math, below, 1);
  Value inverse = math.divide(math.constant(-1), b.fraction);
  auto takeOff = [&](Value rest) {
    Value quotient = math.make<math::RoundEvenOp>(math.multiply(rest, inverse));
    return math.multiplyAdd(quotient, b.fraction, rest);
  };
  Value bits = math.subtract(a.power, b.power);
  Value steps = math.make<math::FloorOp>(math.multiply(bits, math.constant(1.0 / stepBits)));
  Value first = math.multiplyAdd(steps, math.constant(-stepBits), bits);
  Value rest = takeOff(math.multiply(a.fraction, powerOfTwo(math, first)));
  for (int i = 0; i < maxSteps; ++i) {
    Value next = takeOff(math.multiply(rest, math.constant(std::ldexp(1.0, stepBits))));
    rest = math.select(math.less(math.constant(i), steps), next, rest);
  }
  Value isNegative = math.less(rest, math.constant(0));
  rest = math.select(isNegative, math.add(rest, b.fraction), rest);
  rest = math.select(math.less(above, below), above, timesPowerOf2(math, rest, b.power));
  return math.withSignOf(rest, x[0]);
}

/// A function of f64 as what `compute` has for it.
template <typename OpTy> struct ExpandDouble : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF64())
      return failure();
    PairMath math(rewriter, op.getLoc(), op.getType());
    rewriter.replaceOp(op, compute(op, math, op->getOperands()));
    return success();
  }
};

template <typename... Ops> void addPatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandDouble<Ops>...>(patterns.getContext());
}

} // namespace

void uwt::codegen::populateDoubleFunctionPatterns(RewritePatternSet &patterns) {
  addPatterns<math::ExpOp, math::Exp2Op, math::ExpM1Op, math::LogOp, math::Log2Op, math::Log10Op,
              math::Log1pOp, math::ErfOp, math::ErfcOp, math::TanhOp, math::SinOp, math::CosOp,
              math::TanOp, math::SinhOp, math::CoshOp, math::AsinOp, math::AcosOp, math::AtanOp,
              math::AsinhOp, math::AcoshOp, math::AtanhOp, math::CbrtOp, math::PowFOp,
              math::FPowIOp, math::Atan2Op, arith::RemFOp>(patterns);
}
