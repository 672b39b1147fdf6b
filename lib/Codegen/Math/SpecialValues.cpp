//===- SpecialValues.cpp - Functions at zeros, infinities and NaNs --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SpecialValues.h"

using namespace mlir;
using namespace uwt;
using namespace uwt::codegen;

Value uwt::codegen::withSpecialLogarithms(FloatMath &math, Value x, Value logarithm) {
  Value result = math.select(math.less(x, math.constant(0)), math.constant(notANumber), logarithm);
  result = math.select(math.equal(x, math.constant(0)), math.constant(-infinity), result);
  // Infinities and NaNs are their own logarithms, but for -∞, which is below 0.
  Value isFinite = math.less(x, math.constant(infinity));
  return math.select(isFinite, result, x);
}

Value uwt::codegen::withSpecialPowers(FloatMath &math, Value x, Value y, Value power) {
  Value zero = math.constant(0), one = math.constant(1), result = power;
  Value size = math.magnitude(x);
  // 1 to the power of infinity is 1, and so is -1.
  Value isOne = math.equal(size, one),
        isEndless = math.equal(math.magnitude(y), math.constant(infinity));
  result = math.select(math.both(isOne, isEndless), one, result);
  Value isWhole = math.equal(math.truncate(y), y), half = math.multiply(y, math.constant(0.5));
  Value isEven = math.equal(math.truncate(half), half);
  Value negative = math.select(isEven, result, math.negate(result));
  negative = math.select(isWhole, negative, math.constant(notANumber));
  // -∞ and -0 have powers that are no whole numbers.
  Value isProper = math.both(math.less(zero, size), math.less(size, math.constant(infinity)));
  Value improper = math.select(math.both(isWhole, isEven), result,
                               math.select(isWhole, math.negate(result), result));
  negative = math.select(isProper, negative, improper);
  Value isNegative = math.less(math.withSignOf(one, x), zero);
  Value isNumber = math.equal(x, x);
  result = math.select(math.both(isNegative, isNumber), negative, result);
  result = math.select(math.equal(x, one), one, result);
  return math.select(math.equal(y, zero), one, result);
}
