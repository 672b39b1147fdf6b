//===- PairFunctions.cpp - What functions of f64 are made of --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PairFunctions.h"

using namespace mlir;
using namespace uwt;
using namespace uwt::codegen;

namespace {

constexpr PairConstant ln2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
constexpr PairConstant halfPi = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};

Value nearestInteger(PairMath &math, Value a) { return math.make<math::RoundEvenOp>(a); }

/// exp(x) - 1 for |x| < 0.35, by Taylor's series to x^16 / 16!; the next term is below 2^-72.
Pair exponentialLess1(PairMath &math, Pair x) {
  SmallVector<PairConstant> coefficients;
  double factorial = 1;
  for (int k = 1; k <= 16; ++k) {
    factorial *= k;
    coefficients.push_back(quotientOf(1, factorial));
  }
  return math.multiply(math.polynomial(x, coefficients, 5), x);
}

/// Even terms of the series of sine (`first` 1) and cosine (`first` 0), in the square of the angle.
Pair alternatingSeries(PairMath &math, Pair square, int first, int terms) {
  SmallVector<PairConstant> coefficients = {{1, 0}};
  double factorial = 1;
  for (int k = 1; k < terms; ++k) {
    factorial *= (2 * k + first - 1) * (2 * k + first);
    coefficients.push_back(quotientOf(k % 2 ? -1 : 1, factorial));
  }
  return math.polynomial(square, coefficients, 4);
}

/// Pieces of 53 bits of 2/π, from the first bit after the point on, computed with 2,000 bits.
constexpr int64_t twoOverPi[] = {
    0x145f306dc9c882, 0x14a7f09d5f47d4, 0x1a6ee06db14acc, 0x13c439041fe516, 0x0757bd778ac36e,
    0x091b8e909374b8, 0x00324977504e8c, 0x121cfe1deb1cb1, 0x0534e7dd1046be, 0x14baed1213a671,
    0x18135a2fbf209c, 0x191d639835339f, 0x093908bf177bf2, 0x0a0ec7fe25fff7, 0x102cc07f79788c,
    0x0b5a0a6d1f6d36, 0x0fd9e4f96136e9, 0x1d18fd9a797fa8, 0x16ba93dd63f5f2, 0x1f17b3d0739f78,
    0x14a525d4d7f6bf, 0x0c47e357421580, 0x198237e3db5d5f};
/// Products with x of pieces after those used are below 2^-158, and no f64 but 0 is within
/// 2^-62 of a multiple of π/2.
constexpr int pieceBits = 53, usedPieces = 5;

/// The pieces of 2/π that matter for x, and x in units of the first of them: below 2^107. Products
/// of x with pieces before that one are multiples of 4, and so of whole turns. Found by halving.
SmallVector<Value> choosePieces(PairMath &math, Value &x) {
  SmallVector<Value> pieces;
  for (int64_t piece : twoOverPi)
    pieces.push_back(math.constant(std::ldexp(double(piece), -pieceBits)));
  for (int dropped : {16, 8, 4, 2, 1}) {
    Value least = math.constant(std::ldexp(1.0, pieceBits * (dropped + 1) + 1));
    Value isLarge = math.less(least, math.magnitude(x));
    Value scaled = math.multiply(x, math.constant(std::ldexp(1.0, -pieceBits * dropped)));
    x = math.select(isLarge, scaled, x);
    // As many as are left to use when all smaller numbers of pieces are dropped, too.
    size_t kept = usedPieces + dropped - 1;
    pieces.resize(kept + dropped, math.constant(0));
    for (size_t i = 0; i < kept; ++i)
      pieces[i] = math.select(isLarge, pieces[i + dropped], pieces[i]);
    pieces.resize(kept);
  }
  return pieces;
}

/// Where a sum of many numbers cancels, what is left of it is in the lower ones of three f64.
struct Triple {
  Value high, middle, low;
};

void addTo(PairMath &math, Triple &total, Value term) {
  Pair first = math.twoSum(total.high, term);
  Pair second = math.twoSum(total.middle, first.low);
  total = {first.high, second.high, math.add(total.low, second.low)};
}

/// Without multiples of 4, exactly.
Value moduloFour(PairMath &math, Value a) {
  Value whole = nearestInteger(math, math.multiply(a, math.constant(0.25)));
  return math.multiplyAdd(whole, math.constant(-4), a);
}

/// x · 2/π, but for multiples of 4.
Triple quarterTurns(PairMath &math, Value x) {
  SmallVector<Value> pieces = choosePieces(math, x);
  Value zero = math.constant(0);
  Triple total = {zero, zero, zero};
  for (int i = 0; i < usedPieces; ++i) {
    Value scaled = math.multiply(x, math.constant(std::ldexp(1.0, -pieceBits * i)));
    Pair term = math.twoProduct(scaled, pieces[i]);
    // Other terms are below 4.
    if (i < 2)
      term.high = moduloFour(math, term.high);
    if (i < 1)
      term.low = moduloFour(math, term.low);
    addTo(math, total, term.high);
    addTo(math, total, term.low);
  }
  return total;
}

/// The arc tangents of i/8.
constexpr PairConstant arcTangents[] = {{0, 0},
                                        {0x1.fd5ba9aac2f6ep-4, -0x1.cd37686760c17p-59},
                                        {0x1.f5b75f92c80ddp-3, 0x1.8ab6e3cf7afbdp-57},
                                        {0x1.6f61941e4def1p-2, -0x1.c63aae6f6e918p-56},
                                        {0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56},
                                        {0x1.1e00babdefeb4p-1, -0x1.928df287a668fp-58},
                                        {0x1.4978fa3269ee1p-1, 0x1.2419a87f2a458p-56},
                                        {0x1.700a7c5784634p-1, -0x1.8c34d25aadef6p-56},
                                        {0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55}};

/// The arc tangent of above / below, which is from 0 to 1, by that of the nearest multiple of 1/8
/// and the series to s^17 / 17 of the angle between them; the next term is below 2^-76.
Pair arcTangentBelow1(PairMath &math, Pair above, Pair below) {
  Value estimate = math.divide(above.high, below.high);
  Value nearest = math.constant(0);
  Pair angle = math.pair(arcTangents[0]);
  for (int i = 1; i <= 8; ++i) {
    Value isAbove = math.less(math.constant((i - 0.5) / 8), estimate);
    nearest = math.select(isAbove, math.constant(i / 8.0), nearest);
    angle = math.select(isAbove, math.pair(arcTangents[i]), angle);
  }
  Pair s = math.divide(math.subtract(above, math.multiply(below, nearest)),
                       math.add(below, math.multiply(above, nearest)));
  SmallVector<PairConstant> coefficients;
  for (int k = 0; k <= 8; ++k)
    coefficients.push_back(quotientOf(k % 2 ? -1 : 1, 2 * k + 1));
  Pair series = math.polynomial(math.multiply(s, s), coefficients, 2);
  Pair result = math.add(angle, math.multiply(series, s));
  // The low parts of the smallest ones would vanish; the operands have none then that matter.
  Value isTiny = math.less(estimate, math.constant(0x1p-70));
  return math.select(isTiny, math.pair(estimate), result);
}

} // namespace

Value uwt::codegen::toInteger(PairMath &math, Value a) {
  return math.bits(math.add(a, math.constant(0x1.8p52)));
}

Value uwt::codegen::powerOfTwo(PairMath &math, Value power) {
  Value exponent =
      math.make<arith::AddIOp>(toInteger(math, power), math.bitsConstant(exponentBias));
  return math.fromBits(math.make<arith::ShLIOp>(exponent, math.bitsConstant(mantissaBits)));
}

Value uwt::codegen::timesPowerOf2(PairMath &math, Value a, Value power) {
  Value half = math.make<math::FloorOp>(math.multiply(power, math.constant(0.5)));
  a = math.multiply(a, powerOfTwo(math, half));
  return math.multiply(a, powerOfTwo(math, math.subtract(power, half)));
}

Exponential uwt::codegen::exponential(PairMath &math, Pair x) {
  constexpr double bound = 800, log2e = 0x1.71547652b82fep+0;
  Value isInside = math.less(math.magnitude(x.high), math.constant(bound));
  x = {math.clamp(x.high, -bound, bound), math.select(isInside, x.low, math.constant(0))};
  Value power = nearestInteger(math, math.multiply(x.high, math.constant(log2e)));
  Pair taken = math.multiply(math.pair(ln2), power);
  // The difference of the high parts is exact, and may be smaller than both low parts.
  Pair rest = math.twoSum(math.subtract(x.high, taken.high), math.negate(taken.low));
  Pair low = math.twoSum(rest.high, x.low);
  return {power, exponentialLess1(math, math.fastTwoSum(low.high, math.add(low.low, rest.low)))};
}

Exponential uwt::codegen::exponentialOf2(PairMath &math, Value x) {
  x = math.clamp(x, -1200, 1200);
  Value power = nearestInteger(math, x);
  Pair rest = math.multiply(math.pair(ln2), math.subtract(x, power));
  return {power, exponentialLess1(math, rest)};
}

Value uwt::codegen::toFloat(PairMath &math, Exponential a) {
  return timesPowerOf2(math, math.add(a.rest, math.constant(1)).high, a.power);
}

Scaled uwt::codegen::splitPower(PairMath &math, Value x, double least) {
  constexpr double steps = 100;
  Value isSmall = math.less(x, math.constant(0x1p-900));
  Value normal = math.select(isSmall, math.multiply(x, math.constant(0x1p100)), x);
  Value bits = math.make<arith::SubIOp>(math.bits(normal), math.bits(math.constant(least)));
  bits = math.make<arith::ShRSIOp>(bits, math.bitsConstant(mantissaBits));
  Value power = arith::SIToFPOp::create(math.builder, math.loc, math.type, bits);
  power = math.select(isSmall, math.subtract(power, math.constant(steps)), power);
  return {power, timesPowerOf2(math, x, math.negate(power))};
}

Logarithm uwt::codegen::logarithm(PairMath &math, Pair x, Pair less1) {
  constexpr double rootOfHalf = 0x1.6a09e667f3bcdp-1;
  Scaled split = splitPower(math, x.high, rootOfHalf);
  Value low = timesPowerOf2(math, x.low, math.negate(split.power));
  Pair other = math.add(math.twoSum(split.fraction, math.constant(-1)), low);
  Pair f = math.select(math.equal(split.power, math.constant(0)), less1, other);
  // log(1 + f) = 2 (s + s³/3 + s⁵/5 + …) with s = f / (2 + f), at most 0.172; the term after the
  // last one here is below 2^-81 of the sum.
  Pair s = math.divide(f, math.add(f, math.constant(2)));
  SmallVector<PairConstant> coefficients;
  for (int k = 0; k <= 14; ++k)
    coefficients.push_back(quotientOf(2, 2 * k + 1));
  Pair series = math.polynomial(math.multiply(s, s), coefficients, 4);
  return {split.power, math.multiply(series, s)};
}

Pair uwt::codegen::toPair(PairMath &math, Logarithm a) {
  return math.add(math.multiply(math.pair(ln2), a.power), a.rest);
}

Angle uwt::codegen::reduceAngle(PairMath &math, Value x) {
  Triple turns = quarterTurns(math, x);
  Value quarters = nearestInteger(math, turns.high);
  Pair first = math.twoSum(math.subtract(turns.high, quarters), turns.middle);
  Pair rest = math.add(first, turns.low);
  return {quarters, math.multiply(rest, math.pair(halfPi))};
}

Pair uwt::codegen::sine(PairMath &math, Pair x) {
  return math.multiply(alternatingSeries(math, math.multiply(x, x), 1, 11), x);
}

Pair uwt::codegen::cosine(PairMath &math, Pair x) {
  return alternatingSeries(math, math.multiply(x, x), 0, 12);
}

Pair uwt::codegen::arcTangent(PairMath &math, Pair up, Pair along) {
  Value zero = math.constant(0), one = math.constant(1), endless = math.constant(infinity);
  Value isSteep = math.less(along.high, up.high);
  Pair above = math.select(isSteep, along, up), below = math.select(isSteep, up, along);
  // 0 / 0 counts as 0, ∞ / ∞ as 1; a NaN stays.
  Value isEqual = math.equal(above.high, endless);
  Value part = math.select(isEqual, one, above.high);
  part = math.select(math.less(above.high, endless), zero, part);
  Value isEndless = math.equal(below.high, endless);
  above = math.select(isEndless, math.pair(part), above);
  below = math.select(isEndless, math.pair(one), below);
  below = math.select(math.equal(below.high, zero), math.pair(one), below);
  // Neither may sums overflow nor the low parts of products vanish.
  Value isLarge = math.less(math.constant(0x1p500), below.high);
  Value factor = math.select(isLarge, math.constant(0.25), math.constant(0x1p500));
  Pair angle = arcTangentBelow1(math, math.scale(above, factor), math.scale(below, factor));
  return math.select(isSteep, math.subtract(math.pair(halfPi), angle), angle);
}

Pair uwt::codegen::errorFunction(PairMath &math, Value x) {
  // erf(x) / x as a polynomial in x² that agrees at the 11 zeros of a Chebyshev polynomial on
  // [0, 1/4], its coefficients rounded: the relative error is below 2^-69.
  static constexpr PairConstant coefficients[] = {{0x1.20dd750429b6dp+0, 0x1.1ae31103f41f4p-56},
                                                  {-0x1.812746b0379e7p-2, 0x1.f290fcfb998ccp-57},
                                                  {0x1.ce2f21a042be0p-4, 0x1.395b7f3150a71p-58},
                                                  {-0x1.b82ce312889f2p-6, 0},
                                                  {0x1.565bcd0e5f5a0p-8, 0},
                                                  {-0x1.c02db3f9d6c71p-11, 0},
                                                  {0x1.f9a324a327ab3p-14, 0},
                                                  {-0x1.f4d1cff2cac2fp-17, 0},
                                                  {0x1.b9d19f664b4c1p-20, 0},
                                                  {-0x1.5d7686c510032p-23, 0},
                                                  {0x1.c60ae6747e9bcp-27, 0}};
  return math.multiply(math.polynomial(math.twoProduct(x, x), coefficients, 3), x);
}

Pair uwt::codegen::restOfErrorFunction(PairMath &math, Value x) {
  // exp(x²) erfc(x) (1 + 2x) as a polynomial in t = (x - 3) / (x + 3), as Schonfelder has it
  // (1978), that agrees at the 24 zeros of a Chebyshev polynomial on what t is for x from 0.5
  // to 27.5; the relative error is below 2^-59. Beyond that the result is 0.
  static constexpr PairConstant coefficients[] = {{0x1.40c522d7e4987p+0, 0x1.a13b885cf79c4p-55},
                                                  {-0x1.15c084bb9e8f3p-3, -0x1.a956743ca1a6cp-59},
                                                  {-0x1.85a15c58aa611p-5, 0x1.5efd02d4711e9p-66},
                                                  {0x1.098366a5b46e3p-3, 0x1.ce0a645b917e7p-58},
                                                  {-0x1.e88b803a48961p-4, 0},
                                                  {0x1.17ca2877f03abp-4, 0},
                                                  {-0x1.8574c40c14756p-6, 0},
                                                  {0x1.4b884e4688752p-9, 0},
                                                  {0x1.ef1bdd86f50d2p-10, 0},
                                                  {-0x1.98db51967fd3bp-11, 0},
                                                  {-0x1.b9129586f1b58p-14, 0},
                                                  {0x1.065a48473afd2p-13, 0},
                                                  {0x1.4c2f6f7745fb8p-18, 0},
                                                  {-0x1.513e2be7e0df5p-16, 0},
                                                  {-0x1.896a56663b04dp-21, 0},
                                                  {0x1.d2574ed3b2a38p-19, 0},
                                                  {0x1.8161c5d5037e3p-22, 0},
                                                  {-0x1.4d689985c6247p-21, 0},
                                                  {-0x1.33565e64f286fp-23, 0},
                                                  {0x1.ce8334c6ca105p-24, 0},
                                                  {0x1.627987b87629ep-25, 0},
                                                  {-0x1.3177c246e936dp-26, 0},
                                                  {-0x1.d080bc027c27dp-28, 0},
                                                  {0x1.54d5b0d4644dcp-29, 0}};
  x = math.clamp(x, 0.5, 28);
  Pair t = math.divide(math.twoSum(x, math.constant(-3)), math.twoSum(x, math.constant(3)));
  Pair scaled = math.divide(math.polynomial(t, coefficients, 4),
                            math.twoSum(math.multiply(x, math.constant(2)), math.constant(1)));
  Exponential e = exponential(math, math.negate(math.twoProduct(x, x)));
  Pair result = math.multiply(math.add(e.rest, math.constant(1)), scaled);
  return {timesPowerOf2(math, result.high, e.power), timesPowerOf2(math, result.low, e.power)};
}
