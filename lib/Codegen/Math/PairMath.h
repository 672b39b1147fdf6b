//===- PairMath.h - Arithmetic on unevaluated sums of two f64 ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pair (a double-double) is high + low, where low is at most half a unit in the last place of
// high: about 106 bits. The algorithms are those of Dekker, A floating-point technique for
// extending the available precision, 1971, with products by fused multiply-adds (Hida, Li, Bailey,
// 2001). No number in a pair may be infinite: its low part would be a NaN.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_MATH_PAIRMATH_H
#define UWT_LIB_CODEGEN_MATH_PAIRMATH_H

#include "FloatMath.h"
#include <cmath>

namespace uwt::codegen {

struct Pair {
  mlir::Value high, low;
};

struct PairConstant {
  double high, low;
};

/// `above / below` to 106 bits.
inline PairConstant quotientOf(double above, double below) {
  double high = above / below;
  return {high, std::fma(-high, below, above) / below};
}

/// Arithmetic on pairs, or as many lanes of them as `shape` has. Relative errors are a few 2^-104;
/// of sums, relative to the larger operand.
class PairMath : public FloatMath {
public:
  PairMath(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type shape)
      : FloatMath(builder, loc, shape, builder.getF64Type()) {}

  using FloatMath::add;
  using FloatMath::divide;
  using FloatMath::multiply;
  using FloatMath::negate;
  using FloatMath::polynomial;
  using FloatMath::select;
  using FloatMath::squareRoot;
  using FloatMath::subtract;

  Pair pair(Value a) { return {a, constant(0)}; }
  Pair pair(PairConstant a) { return {constant(a.high), constant(a.low)}; }

  /// a + b exactly.
  Pair twoSum(Value a, Value b) {
    Value high = add(a, b), part = subtract(high, a);
    return {high, add(subtract(a, subtract(high, part)), subtract(b, part))};
  }
  /// a + b exactly, where b is not larger than a, or a is 0.
  Pair fastTwoSum(Value a, Value b) {
    Value high = add(a, b);
    return {high, subtract(b, subtract(high, a))};
  }
  /// a · b, exactly but where that is below the smallest numbers.
  Pair twoProduct(Value a, Value b) {
    Value high = multiply(a, b);
    return {high, multiplyAdd(a, b, negate(high))};
  }

  Pair add(Pair a, Value b) {
    Pair high = twoSum(a.high, b);
    return fastTwoSum(high.high, add(high.low, a.low));
  }
  Pair add(Pair a, Pair b) {
    Pair high = twoSum(a.high, b.high);
    return fastTwoSum(high.high, add(high.low, add(a.low, b.low)));
  }
  Pair negate(Pair a) { return {negate(a.high), negate(a.low)}; }
  Pair subtract(Pair a, Pair b) { return add(a, negate(b)); }
  Pair multiply(Pair a, Value b) {
    Pair high = twoProduct(a.high, b);
    return fastTwoSum(high.high, multiplyAdd(a.low, b, high.low));
  }
  Pair multiply(Pair a, Pair b) {
    Pair high = twoProduct(a.high, b.high);
    Value low = multiplyAdd(a.high, b.low, high.low);
    return fastTwoSum(high.high, multiplyAdd(a.low, b.high, low));
  }
  Pair divide(Pair a, Pair b) {
    Value high = divide(a.high, b.high), back = negate(high);
    Value rest = add(multiplyAdd(back, b.high, a.high), a.low);
    rest = multiplyAdd(back, b.low, rest);
    return fastTwoSum(high, divide(rest, b.high));
  }
  Pair squareRoot(Pair a) {
    Value high = squareRoot(a.high);
    Value rest = add(multiplyAdd(negate(high), high, a.high), a.low);
    Value low = divide(rest, add(high, high));
    return fastTwoSum(high, select(equal(high, constant(0)), high, low));
  }
  /// `a` times a power of two.
  Pair scale(Pair a, Value b) { return {multiply(a.high, b), multiply(a.low, b)}; }
  Pair select(Value condition, Pair a, Pair b) {
    return {select(condition, a.high, b.high), select(condition, a.low, b.low)};
  }

  /// c[0] + x (c[1] + x (c[2] + …)), where all but the first `pairs` coefficients, which is not all
  /// of them, matter so little that f64 holds what is needed of their sum.
  Pair polynomial(Pair x, llvm::ArrayRef<PairConstant> coefficients, size_t pairs) {
    llvm::SmallVector<double> rest;
    for (PairConstant coefficient : coefficients.drop_front(pairs))
      rest.push_back(coefficient.high);
    Pair result = multiply(x, polynomial(x.high, rest));
    for (size_t i = pairs - 1; i > 0; --i)
      result = multiply(add(result, pair(coefficients[i])), x);
    return add(result, pair(coefficients[0]));
  }
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_MATH_PAIRMATH_H
