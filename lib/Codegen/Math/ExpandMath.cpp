//===- ExpandMath.cpp - Pass uwt-expand-math ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A list of upstream's patterns, chosen so that no result depends on the target:
// no approximate instruction (rsqrt of AVX), no library's idea of exp.
//
//===----------------------------------------------------------------------===//

#include "ExpandSmallFloats.h"
#include "uwt/Codegen/Math/Passes.h"

#include "FloatMath.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Rewrite/GreedyRewrites.h"
#include "llvm/ADT/StringSet.h"
#include <limits>

namespace uwt::codegen {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "uwt/Codegen/Math/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;
using uwt::codegen::constantOf;
using uwt::codegen::FloatMath;
using uwt::codegen::withElement;

namespace {

/// Sine and cosine of the angle that is left when `quadrant` (0, 1, 2 or 3) quarter turns are taken
/// off.
struct ReducedAngle {
  Value sine, cosine, odd, upper;
};

/// In f64 with a fused multiply-add the angle keeps all bits of an f32 result up to 2^40; larger
/// ones, where neighbours in f32 are whole turns apart, give some value in range.
ReducedAngle reduceAngle(FloatMath &math, Value x) {
  constexpr double turnsPerRadian = 0x1.45f306dc9c883p-1; // 2/π
  constexpr double quarterHigh = 0x1.921fb54442d18p+0, quarterLow = 0x1.1a62633145c07p-54;
  Value turns = math::RoundEvenOp::create(math.builder, math.loc,
                                          math.multiply(x, math.constant(turnsPerRadian)));
  Value back = math.negate(turns);
  Value r = math.multiplyAdd(back, math.constant(quarterHigh), x);
  r = math.multiplyAdd(back, math.constant(quarterLow), r);
  r = math.clamp(r, -1, 1);
  Value square = math.multiply(r, r);
  Value sine = math.polynomial(square, {1, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880,
                                        -1.0 / 39916800, 1.0 / 6227020800});
  Value cosine = math.polynomial(
      square, {1, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600});
  auto modulo = [&](double period) {
    Value whole = math::FloorOp::create(math.builder, math.loc,
                                        math.multiply(turns, math.constant(1 / period)));
    return math.multiplyAdd(whole, math.constant(-period), turns);
  };
  // -0 has lost its sign.
  sine = math.select(math.equal(x, math.constant(0)), x, math.multiply(sine, r));
  return {sine, cosine, math.less(math.constant(0.5), modulo(2)),
          math.less(math.constant(1.5), modulo(4))};
}

/// Sine, cosine and tangent of f32. Upstream's are only right near zero.
template <typename OpTy> struct ExpandAngle : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    FloatMath math(rewriter, op.getLoc(), op.getType(), rewriter.getF64Type());
    Value wide = arith::ExtFOp::create(rewriter, op.getLoc(), math.type, op.getOperand());
    ReducedAngle angle = reduceAngle(math, wide);
    Value first = angle.sine, second = angle.cosine, result;
    if constexpr (std::is_same_v<OpTy, math::SinOp>) {
      result = math.select(angle.odd, second, first);
      result = math.select(angle.upper, math.negate(result), result);
    } else if constexpr (std::is_same_v<OpTy, math::CosOp>) {
      result = math.select(angle.odd, math.negate(first), second);
      result = math.select(angle.upper, math.negate(result), result);
    } else {
      Value above = math.select(angle.odd, math.negate(second), first);
      result = arith::DivFOp::create(rewriter, op.getLoc(), above,
                                     math.select(angle.odd, first, second));
    }
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), result);
    return success();
  }
};

/// The error function of f32 as x P(x²) / Q(x²), fitted for the least relative error (2e-8 before
/// the arithmetic's roundings, 4e-7 with them) up to where it rounds to 1. A third of the
/// operations of upstream's, whose polynomials are chosen by range.
struct ExpandErf : OpRewritePattern<math::ErfOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ErfOp op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    FloatMath math(rewriter, op.getLoc(), op.getType(), rewriter.getF32Type());
    Value x = math.clamp(op.getOperand(), -3.92, 3.92);
    Value square = math.multiply(x, x);
    Value above = math.polynomial(square, {0x1.20dd74p+0, 0x1.85f34ap-3, 0x1.b01dcep-5,
                                           0x1.ed8f9cp-9, 0x1.2ab84cp-12, 0x1.1328acp-19});
    Value below = math.polynomial(
        square, {1, 0x1.011p-1, 0x1.d363a2p-4, 0x1.ea8224p-7, 0x1.30bfaap-10, 0x1.3f8954p-15});
    Value result = arith::DivFOp::create(rewriter, op.getLoc(), math.multiply(x, above), below);
    rewriter.replaceOp(op, math.clamp(result, -1, 1));
    return success();
  }
};

bool isNarrowFloat(Type type) {
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  return element && element.getWidth() < 32;
}

/// From a narrow float to f64 through f32, which is exact: upstream expands only that step.
struct ExtendInSteps : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op, PatternRewriter &rewriter) const override {
    if (!isNarrowFloat(op.getIn().getType()) || !getElementTypeOrSelf(op.getType()).isF64())
      return failure();
    Type middle = withElement(op.getType(), rewriter.getF32Type());
    Value wide = arith::ExtFOp::create(rewriter, op.getLoc(), middle, op.getIn());
    rewriter.replaceOpWithNewOp<arith::ExtFOp>(op, op.getType(), wide);
    return success();
  }
};

/// From f64 to a narrow float through f32. So that only the last step rounds, the first rounds
/// to odd: towards zero, with the lowest bit set where anything is lost.
struct TruncateInSteps : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op, PatternRewriter &rewriter) const override {
    Value value = op.getIn();
    if (!isNarrowFloat(op.getType()) || !getElementTypeOrSelf(value.getType()).isF64())
      return failure();
    Location loc = op.getLoc();
    Type f32 = withElement(op.getType(), rewriter.getF32Type());
    Type i32 = withElement(op.getType(), rewriter.getI32Type());
    Value one = constantOf(rewriter, loc, i32, rewriter.getI32IntegerAttr(1));
    Value near = arith::TruncFOp::create(rewriter, loc, f32, value);
    Value back = arith::ExtFOp::create(rewriter, loc, value.getType(), near);
    auto compare = [&](arith::CmpFPredicate predicate, Value a, Value b) -> Value {
      return arith::CmpFOp::create(rewriter, loc, predicate, a, b);
    };
    Value above = compare(arith::CmpFPredicate::OGT, math::AbsFOp::create(rewriter, loc, back),
                          math::AbsFOp::create(rewriter, loc, value));
    Value bits = arith::BitcastOp::create(rewriter, loc, i32, near);
    Value below = arith::SubIOp::create(rewriter, loc, bits, one);
    bits = arith::SelectOp::create(rewriter, loc, above, below, bits);
    Value odd = arith::OrIOp::create(rewriter, loc, bits, one);
    Value lost = compare(arith::CmpFPredicate::ONE, back, value);
    bits = arith::SelectOp::create(rewriter, loc, lost, odd, bits);
    Value middle = arith::BitcastOp::create(rewriter, loc, f32, bits);
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), middle);
    return success();
  }
};

/// `math.fma` of a narrow float in f32, which upstream leaves to the target.
struct WidenFma : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FmaOp op, PatternRewriter &rewriter) const override {
    if (!isNarrowFloat(op.getType()))
      return failure();
    Type f32 = withElement(op.getType(), rewriter.getF32Type());
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(arith::ExtFOp::create(rewriter, op.getLoc(), f32, operand));
    Value wide = math::FmaOp::create(rewriter, op.getLoc(), f32, operands);
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), wide);
    return success();
  }
};

/// An integer to the power of an integer, which wraps, by squares: a step per bit of the exponent.
/// A negative exponent gives 1 over the power, rounded towards zero, and zero for base zero.
struct ExpandIntegerPower : OpRewritePattern<math::IPowIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::IPowIOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type type = op.getType(), element = getElementTypeOrSelf(type);
    unsigned width = element.getIntOrFloatBitWidth();
    auto constant = [&](int64_t number) {
      return constantOf(rewriter, loc, type,
                        IntegerAttr::get(element, APInt(width, number, true, true)));
    };
    auto isEqual = [&](Value a, Value b) -> Value {
      return arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::eq, a, b);
    };
    auto select = [&](Value condition, Value a, Value b) -> Value {
      return arith::SelectOp::create(rewriter, loc, condition, a, b);
    };
    Value base = op.getLhs(), exponent = op.getRhs(), zero = constant(0), one = constant(1);
    Value result = one, square = base;
    for (unsigned bit = 0; bit + 1 < width; ++bit) {
      Value mask = constant(int64_t(1) << bit);
      Value isClear = isEqual(arith::AndIOp::create(rewriter, loc, exponent, mask), zero);
      Value product = arith::MulIOp::create(rewriter, loc, result, square);
      result = select(isClear, result, product);
      square = arith::MulIOp::create(rewriter, loc, square, square);
    }
    Value isNegative =
        arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::slt, exponent, zero);
    // 1 and -1 are their own inverses; the sign is that of the lowest bit.
    Value isOdd = isEqual(arith::AndIOp::create(rewriter, loc, exponent, one), one);
    Value inverse = select(isEqual(base, constant(-1)), select(isOdd, base, one), zero);
    inverse = select(isEqual(base, one), one, inverse);
    rewriter.replaceOp(op, select(isNegative, inverse, result));
    return success();
  }
};

/// Returns `value`, an integer of more than 53 bits, as one that f64 holds and that rounds to any
/// narrower float as `value` does: numbers beyond 53 bits are rounded to odd.
Value roundToOdd(OpBuilder &builder, Location loc, Value value, bool isSigned) {
  Type type = value.getType();
  unsigned width = getElementTypeOrSelf(type).getIntOrFloatBitWidth(), lost = width - 53;
  auto constant = [&](const APInt &number) {
    return constantOf(builder, loc, type, IntegerAttr::get(getElementTypeOrSelf(type), number));
  };
  auto compare = [&](arith::CmpIPredicate predicate, Value a, const APInt &b) -> Value {
    return arith::CmpIOp::create(builder, loc, predicate, a, constant(b));
  };
  APInt most = APInt::getLowBitsSet(width, 53);
  Value rest =
      arith::AndIOp::create(builder, loc, value, constant(APInt::getLowBitsSet(width, lost)));
  Value kept =
      arith::AndIOp::create(builder, loc, value, constant(~APInt::getLowBitsSet(width, lost)));
  Value odd = arith::OrIOp::create(builder, loc, kept, constant(APInt::getOneBitSet(width, lost)));
  Value rounded = arith::SelectOp::create(
      builder, loc, compare(arith::CmpIPredicate::eq, rest, APInt::getZero(width)), kept, odd);
  Value isLarge =
      compare(isSigned ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::ugt, value, most);
  if (isSigned) {
    Value isSmall = compare(arith::CmpIPredicate::slt, value, -most);
    isLarge = arith::OrIOp::create(builder, loc, isLarge, isSmall);
  }
  return arith::SelectOp::create(builder, loc, isLarge, rounded, value);
}

/// From an integer to a narrow float in one rounding, by way of f64. Upstream's emulation of narrow
/// floats rounds to f32 first, its canonicalizer makes one conversion of the two.
template <typename OpTy> struct ConvertInteger : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op, PatternRewriter &rewriter) const override {
    auto conversion = op.getIn().getDefiningOp<OpTy>();
    constexpr unsigned mantissaBits = 24, wideMantissaBits = 53;
    if (!conversion || !isNarrowFloat(op.getType()) ||
        !getElementTypeOrSelf(conversion.getType()).isF32())
      return failure();
    Value value = conversion.getIn();
    unsigned width = getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
    if (width <= mantissaBits)
      return failure();
    if (width > wideMantissaBits)
      value = roundToOdd(rewriter, op.getLoc(), value, std::is_same_v<OpTy, arith::SIToFPOp>);
    Type f64 = withElement(op.getType(), rewriter.getF64Type());
    Value wide = OpTy::create(rewriter, op.getLoc(), f64, value);
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), wide);
    return success();
  }
};

/// No step may change a result: the CPU's and a GPU's code generators would each use these flags
/// otherwise, and upstream's emulation of narrow floats lets conversions fold (`contract`).
void dropFastMathFlags(Operation *root) {
  auto none = arith::FastMathFlagsAttr::get(root->getContext(), arith::FastMathFlags::none);
  root->walk([&](arith::ArithFastMathInterface op) {
    if (isa<arith::ExtFOp, arith::TruncFOp>(op))
      op->removeAttr(op.getFastMathAttrName());
    else
      op->setAttr(op.getFastMathAttrName(), none);
  });
}

/// Classes of floats as comparisons.
template <typename OpTy> struct ExpandClass : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    Value x = op.getOperand();
    auto element = dyn_cast<FloatType>(getElementTypeOrSelf(x.getType()));
    if (!element || isNarrowFloat(element))
      return failure();
    FloatMath math(rewriter, op.getLoc(), x.getType(), element);
    Value endless = math.constant(std::numeric_limits<double>::infinity());
    if constexpr (std::is_same_v<OpTy, math::IsNaNOp>)
      rewriter.replaceOpWithNewOp<arith::CmpFOp>(op, arith::CmpFPredicate::UNO, x, x);
    else if constexpr (std::is_same_v<OpTy, math::IsInfOp>)
      rewriter.replaceOp(op, math.equal(math.magnitude(x), endless));
    else
      rewriter.replaceOp(op, math.less(math.magnitude(x), endless));
    return success();
  }
};

struct ExpandMath : uwt::codegen::impl::ExpandMathPassBase<ExpandMath> {
  void runOnOperation() override {
    dropFastMathFlags(getOperation());
    // Upstream's that are good to a few units in the last place wherever the result is no
    // subnormal. What processors round correctly (sqrt, floor, fma, …) stays.
    static const llvm::StringSet<> approximated = {"exp",  "expm1", "log",  "log2", "log1p",
                                                   "erfc", "tanh",  "asin", "acos"};
    RewritePatternSet patterns(&getContext());
    populateMathAlgebraicSimplificationPatterns(patterns);
    math::populateExpansionPatterns(patterns, {"rsqrt", "fpowi", "clampf"});
    populateMathPolynomialApproximationPatterns(
        patterns, [](StringRef name) { return approximated.contains(name.split('.').second); });
    uwt::codegen::populateFunctionPatterns(patterns);
    uwt::codegen::populateDoubleFunctionPatterns(patterns);
    patterns
        .add<ExpandAngle<math::SinOp>, ExpandAngle<math::CosOp>, ExpandAngle<math::TanOp>,
             ExpandErf, ExpandIntegerPower, ExpandClass<math::IsNaNOp>, ExpandClass<math::IsInfOp>,
             ExpandClass<math::IsFiniteOp>, WidenFma, ConvertInteger<arith::SIToFPOp>,
             ConvertInteger<arith::UIToFPOp>, ExtendInSteps, TruncateInSteps>(&getContext());
    uwt::codegen::populateExpandSmallFloatPatterns(patterns);
    if (failed(uwt::rewriteGreedily(getArgument(), getOperation(), std::move(patterns))))
      return signalPassFailure();
  }
};

} // namespace
