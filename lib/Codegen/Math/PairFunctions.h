//===- PairFunctions.h - What functions of f64 are made of ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One exponential, one logarithm, one sine and cosine, one arc tangent, one error function, as
// pairs with relative errors below 2^-57, all but the last below 2^-62. Private to
// lib/Codegen/Math.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_MATH_PAIRFUNCTIONS_H
#define UWT_LIB_CODEGEN_MATH_PAIRFUNCTIONS_H

#include "PairMath.h"

namespace uwt::codegen {

/// A whole number of less than 51 bits in the lowest bits of an integer; others are set, too.
mlir::Value toInteger(PairMath &math, mlir::Value a);

/// 2 to the power of a whole number from -1022 to 1023.
mlir::Value powerOfTwo(PairMath &math, mlir::Value power);

/// a · 2^power with one rounding, for 2^-60 < |a| < 2^60, or for any `a` where that is exact.
/// |power| is at most 2000.
mlir::Value timesPowerOf2(PairMath &math, mlir::Value a, mlir::Value power);

/// 2^power (1 + rest) with |rest| < 0.42.
struct Exponential {
  mlir::Value power;
  Pair rest;
};

/// The exponential of x, held within ±800, beyond which f64 has 0 and infinity.
Exponential exponential(PairMath &math, Pair x);
/// 2 to the power of x, held within ±1200.
Exponential exponentialOf2(PairMath &math, mlir::Value x);
/// The exponential, rounded to f64.
mlir::Value toFloat(PairMath &math, Exponential a);

/// A positive number as 2^power · fraction, where fraction is at least `least` and less than twice
/// that.
struct Scaled {
  mlir::Value power, fraction;
};
Scaled splitPower(PairMath &math, mlir::Value x, double least);

/// power · log 2 + rest, with |rest| < 0.35.
struct Logarithm {
  mlir::Value power;
  Pair rest;
};

/// The logarithm of x, which is positive and finite; `less1` is x - 1 without what x has lost of
/// it.
Logarithm logarithm(PairMath &math, Pair x, Pair less1);
/// The logarithm as one pair.
Pair toPair(PairMath &math, Logarithm a);

/// An angle without the whole quarter turns in it: |rest| is at most π/4.
struct Angle {
  mlir::Value quarters;
  Pair rest;
};

/// Of any angle of 2^-70 or more, however many turns it has.
Angle reduceAngle(PairMath &math, mlir::Value x);
/// Of a reduced angle.
Pair sine(PairMath &math, Pair x);
Pair cosine(PairMath &math, Pair x);

/// The angle, from 0 to π/2, whose tangent is up / along. Neither is negative; both may be 0, or
/// infinite with a low part of 0, as C's atan2 has them.
Pair arcTangent(PairMath &math, Pair up, Pair along);

/// The error function of |x| < 1/2.
Pair errorFunction(PairMath &math, mlir::Value x);
/// 1 less the error function of x, where that is 1/2 or more.
Pair restOfErrorFunction(PairMath &math, mlir::Value x);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_MATH_PAIRFUNCTIONS_H
