//===- FloatMath.h - Arithmetic on floats of some shape ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_MATH_FLOATMATH_H
#define UWT_LIB_CODEGEN_MATH_FLOATMATH_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"
#include <limits>

namespace uwt::codegen {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
/// Of f64.
inline constexpr int64_t mantissaBits = 52, exponentBias = 1023;

/// `type` with elements of `element`.
inline mlir::Type withElement(mlir::Type type, mlir::Type element) {
  auto vector = mlir::dyn_cast<mlir::VectorType>(type);
  return vector ? mlir::Type(vector.clone(element)) : element;
}

/// Returns a constant of `type`, a number or a vector of which each element is `value`.
inline mlir::Value constantOf(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
                              mlir::TypedAttr value) {
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
    value = mlir::DenseElementsAttr::get(vector, mlir::Attribute(value));
  return mlir::arith::ConstantOp::create(builder, loc, value);
}

/// Arithmetic on floats of `element`, or as many lanes of them as `shape` has.
class FloatMath {
public:
  using Value = mlir::Value;

  FloatMath(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type shape, mlir::FloatType element)
      : builder(builder), loc(loc), type(withElement(shape, element)), element(element) {}

  Value constant(double value) { return splat(builder.getFloatAttr(element, value), type); }
  Value add(Value a, Value b) { return make<mlir::arith::AddFOp>(a, b); }
  Value subtract(Value a, Value b) { return make<mlir::arith::SubFOp>(a, b); }
  Value multiply(Value a, Value b) { return make<mlir::arith::MulFOp>(a, b); }
  Value divide(Value a, Value b) { return make<mlir::arith::DivFOp>(a, b); }
  Value multiplyAdd(Value a, Value b, Value c) { return make<mlir::math::FmaOp>(a, b, c); }
  Value negate(Value a) { return make<mlir::arith::NegFOp>(a); }
  Value magnitude(Value a) { return make<mlir::math::AbsFOp>(a); }
  Value truncate(Value a) { return make<mlir::math::TruncOp>(a); }
  Value squareRoot(Value a) { return make<mlir::math::SqrtOp>(a); }
  Value withSignOf(Value a, Value sign) { return make<mlir::math::CopySignOp>(a, sign); }

  /// c[0] + x (c[1] + x (c[2] + …))
  Value polynomial(Value x, llvm::ArrayRef<double> coefficients) {
    Value result = constant(coefficients.back());
    for (double coefficient : llvm::reverse(coefficients.drop_back()))
      result = multiplyAdd(result, x, constant(coefficient));
    return result;
  }

  /// False where one is a NaN.
  Value less(Value a, Value b) { return compare(mlir::arith::CmpFPredicate::OLT, a, b); }
  Value equal(Value a, Value b) { return compare(mlir::arith::CmpFPredicate::OEQ, a, b); }
  Value both(Value a, Value b) { return make<mlir::arith::AndIOp>(a, b); }
  Value select(Value condition, Value a, Value b) {
    return make<mlir::arith::SelectOp>(condition, a, b);
  }

  /// `a` held between two constants; a NaN stays.
  Value clamp(Value a, double low, double high) {
    a = select(less(a, constant(low)), constant(low), a);
    return select(less(constant(high), a), constant(high), a);
  }

  /// Bits of f64 as i64, and back.
  Value bits(Value a) {
    return mlir::arith::BitcastOp::create(builder, loc, withElement(type, builder.getI64Type()), a);
  }
  Value fromBits(Value a) { return mlir::arith::BitcastOp::create(builder, loc, type, a); }
  Value bitsConstant(int64_t value) {
    return splat(builder.getI64IntegerAttr(value), withElement(type, builder.getI64Type()));
  }

  template <typename Op, typename... Values> Value make(Values... operands) {
    return Op::create(builder, loc, operands...);
  }

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type type;
  mlir::FloatType element;

private:
  Value compare(mlir::arith::CmpFPredicate predicate, Value a, Value b) {
    return mlir::arith::CmpFOp::create(builder, loc, predicate, a, b);
  }
  Value splat(mlir::TypedAttr value, mlir::Type shape) {
    return constantOf(builder, loc, shape, value);
  }
};

/// Patterns of uwt-expand-math for the functions of f32 that upstream has no approximation of,
/// which holds the bits that are needed: powers, roots, logarithms, hyperbolic functions and their
/// inverses, arc tangents, remainders; and for `math.round` of any float.
void populateFunctionPatterns(mlir::RewritePatternSet &patterns);

/// Patterns of uwt-expand-math for the functions of f64, and `arith.remf` of it.
void populateDoubleFunctionPatterns(mlir::RewritePatternSet &patterns);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_MATH_FLOATMATH_H
