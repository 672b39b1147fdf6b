//===- ArithmeticFloat.cpp - PTX floats and comparisons -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.3, "Floating-Point Instructions", 9.7.4, "Half Precision Floating-Point
// Instructions", and setp of 9.7.5 and 9.7.6.
//
//===----------------------------------------------------------------------===//

#include "Floats.h"
#include "LaneLoops.h"

namespace uwt::emulator::ptx {

namespace {

/// How the elements of a register are read and written: their bits, two at a time in pairs.
struct Format {
  Format(const Instruction &code, Type type)
      : kind(floatKindOf(type)), elements(code.isPair ? 2 : 1), bits(type.bits),
        rounding(Rounding(code.mode)), isFlushing(code.isFlushing),
        isSaturating(code.isSaturating) {}

  /// The bits of an element, flushed where the instruction says so.
  uint64_t word(uint64_t words, unsigned element) const {
    uint64_t value = words >> element * bits & maskOf(bits);
    return isFlushing ? flushBits(value, bits) : value;
  }

  double load(uint64_t words, unsigned element) const {
    return toDouble(word(words, element), kind);
  }

  uint64_t store(double value, unsigned element) const {
    uint64_t result = roundTo(isSaturating ? saturate(value) : value, kind, rounding);
    return (isFlushing ? flushBits(result, bits) : result) << element * bits;
  }

  FloatKind kind;
  unsigned elements, bits;
  Rounding rounding;
  bool isFlushing, isSaturating;
};

} // namespace

/// Any sum or product of at most 32 bits, with all its modifiers. Factors, and the first of two
/// that are added, may be of another type than the rest.
template <typename Function>
static void computeRounded(const Computation &computation, Function function) {
  const Instruction &code = computation.code;
  Format format(code, code.type), first(code, code.sourceType);
  const Format &second = code.op == Op::Add || code.op == Op::Sub ? format : first;
  const uint64_t *a = computation.source(0), *b = computation.source(1),
                 *c = computation.source(code.sources - 1);
  Lanes result = {};
  for (unsigned l = 0; l < warpLanes; ++l)
    for (unsigned i = 0; i < format.elements; ++i)
      result.lane[l] |= format.store(
          function(first.load(a[l], i), second.load(b[l], i), format.load(c[l], i)), i);
  computation.store(0, result);
}

static void computeRounded(const Computation &computation) {
  bool isDown = computation.code.mode == uint8_t(Rounding::Down);
  switch (computation.code.op) {
  case Op::Add:
    return computeRounded(computation,
                          [=](double a, double b, double) { return addToOdd(a, b, isDown); });
  case Op::Sub:
    return computeRounded(computation,
                          [=](double a, double b, double) { return addToOdd(a, -b, isDown); });
  case Op::MulLo:
    return computeRounded(computation, [](double a, double b, double) { return a * b; });
  default:
    return computeRounded(computation,
                          [=](double a, double b, double c) { return addToOdd(a * b, c, isDown); });
  }
}

template <typename Function>
static void binaryF32(const Computation &computation, Function function) {
  const uint64_t *a = computation.source(0), *b = computation.source(1);
  Lanes result;
  if (computation.code.isFlushing)
    for (unsigned l = 0; l < warpLanes; ++l)
      result.lane[l] =
          bitsOfFloat(flush(float(function(flush(floatOf(a[l])), flush(floatOf(b[l]))))));
  else
    for (unsigned l = 0; l < warpLanes; ++l)
      result.lane[l] = bitsOfFloat(function(floatOf(a[l]), floatOf(b[l])));
  computation.store(0, result);
}

template <typename Function>
static void binaryF64(const Computation &computation, Function function) {
  binary<uint64_t>(computation, [=](uint64_t a, uint64_t b) {
    return bitsOfDouble(function(std::bit_cast<double>(a), std::bit_cast<double>(b)));
  });
}

template <typename Function>
static void binaryNative(const Computation &computation, Function function) {
  if (computation.code.type.bits == 64)
    return binaryF64(computation, function);
  binaryF32(computation, function);
}

static void fmaNative(const Computation &computation) {
  if (computation.code.type.bits == 64)
    return ternary<uint64_t>(computation, [](uint64_t a, uint64_t b, uint64_t c) {
      return bitsOfDouble(
          std::fma(std::bit_cast<double>(a), std::bit_cast<double>(b), std::bit_cast<double>(c)));
    });
  ternary<uint64_t>(computation, [](uint64_t a, uint64_t b, uint64_t c) {
    double product = double(floatOf(a)) * double(floatOf(b));
    return bitsOfFloat(float(addToOdd(product, floatOf(c), /*isDown=*/false)));
  });
}

/// 9.7.3.3 add, 9.7.3.4 sub, 9.7.3.5 mul, 9.7.3.6 fma; 9.7.4.1 … 9.7.4.4.
static void computeSum(const Computation &computation) {
  const Instruction &code = computation.code;
  bool isNative = code.type == code.sourceType && code.type.bits >= 32 && !code.isPair &&
                  code.mode == uint8_t(Rounding::NearestEven) && !code.isSaturating &&
                  !(code.isFlushing && code.op == Op::Fma);
  if (!isNative)
    return computeRounded(computation);
  switch (code.op) {
  case Op::Add:
    return binaryNative(computation, [](auto a, auto b) { return a + b; });
  case Op::Sub:
    return binaryNative(computation, [](auto a, auto b) { return a - b; });
  case Op::MulLo:
    return binaryNative(computation, [](auto a, auto b) { return a * b; });
  default:
    return fmaNative(computation);
  }
}

/// 9.7.3.8 div.rn, 9.7.3.15 sqrt.rn.
static void computeQuotient(const Computation &computation) {
  if (computation.code.op == Op::Div)
    return binaryNative(computation, [](auto a, auto b) { return a / b; });
  if (computation.code.type.bits == 64)
    return unary<uint64_t>(
        computation, [](uint64_t a) { return bitsOfDouble(std::sqrt(std::bit_cast<double>(a))); });
  bool isFlushing = computation.code.isFlushing;
  unary<uint64_t>(computation, [=](uint64_t a) {
    return bitsOfFloat(std::sqrt(isFlushing ? flush(floatOf(a)) : floatOf(a)));
  });
}

/// 9.7.3.12 min, 9.7.3.13 max: the one that is a number, or NaN with `.NaN`; -0 is below +0.
static double chooseExtreme(double a, double b, bool isMax, bool keepsNaN) {
  if (std::isnan(a) || std::isnan(b))
    return keepsNaN ? NAN : std::isnan(a) ? b : a;
  if (a == b)
    return std::signbit(a) == isMax ? b : a;
  return (a < b) == isMax ? b : a;
}

static void computeExtreme(const Computation &computation) {
  Format format(computation.code, computation.code.type);
  bool isMax = computation.code.op == Op::Max, keepsNaN = computation.code.flag;
  const uint64_t *a = computation.source(0), *b = computation.source(1);
  Lanes result = {};
  for (unsigned l = 0; l < warpLanes; ++l)
    for (unsigned i = 0; i < format.elements; ++i) {
      double value = chooseExtreme(format.load(a[l], i), format.load(b[l], i), isMax, keepsNaN);
      uint64_t bits =
          std::isnan(value) ? canonicalNaN(format.bits) : fromDouble(value, format.kind);
      result.lane[l] |= bits << i * format.bits;
    }
  computation.store(0, result);
}

/// 9.7.3.10 abs, 9.7.3.11 neg, 9.7.3.2 copysign (the sign of a, the rest of b).
static void computeSign(const Computation &computation) {
  const Instruction &code = computation.code;
  uint64_t sign = uint64_t(1) << (code.type.bits - 1);
  if (code.isPair)
    sign |= sign << 16;
  if (code.op == Op::CopySign)
    return binary<uint64_t>(computation,
                            [=](uint64_t a, uint64_t b) { return (a & sign) | (b & ~sign); });
  bool isNegation = code.op == Op::Neg;
  Format format(code, code.type);
  unary<uint64_t>(computation, [=](uint64_t a) {
    uint64_t value = 0;
    for (unsigned i = 0; i < format.elements; ++i)
      value |= format.word(a, i) << i * format.bits;
    return isNegation ? value ^ sign : value & ~sign;
  });
}

void computeFloat(const Computation &computation) {
  switch (computation.code.op) {
  case Op::Div:
  case Op::Sqrt:
    return computeQuotient(computation);
  case Op::Min:
  case Op::Max:
    return computeExtreme(computation);
  case Op::Abs:
  case Op::Neg:
  case Op::CopySign:
    return computeSign(computation);
  default:
    return computeSum(computation);
  }
}

/// Whether `a` and `b` compare so. Only floats are unordered.
template <typename T> static bool compare(Compare kind, T a, T b) {
  bool isUnordered = !(a <= b) && !(a > b);
  switch (kind) {
  case Compare::Eq:
    return a == b;
  case Compare::Ne:
    return a != b && !isUnordered;
  case Compare::Lt:
    return a < b;
  case Compare::Le:
    return a <= b;
  case Compare::Gt:
    return a > b;
  case Compare::Ge:
    return a >= b;
  case Compare::EqU:
    return a == b || isUnordered;
  case Compare::NeU:
    return a != b;
  case Compare::LtU:
    return !(a >= b);
  case Compare::LeU:
    return !(a > b);
  case Compare::GtU:
    return !(a <= b);
  case Compare::GeU:
    return !(a < b);
  case Compare::Num:
    return !isUnordered;
  case Compare::NaN:
    return isUnordered;
  }
  return false;
}

/// The comparison in each lane; its kind is known outside of the loop.
template <typename T, typename Load>
static Lanes compareLanes(const Computation &computation, Load load) {
  auto kind = Compare(computation.code.mode);
  const uint64_t *a = computation.source(0), *b = computation.source(1);
  Lanes result;
  auto run = [&](auto holds) {
    for (unsigned l = 0; l < warpLanes; ++l)
      result.lane[l] = holds(T(load(a[l])), T(load(b[l])));
  };
  if (kind == Compare::Eq)
    run([](T x, T y) { return x == y; });
  else if (kind == Compare::Lt)
    run([](T x, T y) { return x < y; });
  else if (kind == Compare::Gt)
    run([](T x, T y) { return x > y; });
  else
    run([=](T x, T y) { return compare(kind, x, y); });
  return result;
}

static Lanes compareSources(const Computation &computation) {
  const Instruction &code = computation.code;
  Lanes result;
  if (!code.sourceType.isFloat()) {
    withInteger(code.sourceType, [&](auto number) {
      result = compareLanes<decltype(number)>(computation, [](uint64_t bits) { return bits; });
    });
    return result;
  }
  FloatKind kind = floatKindOf(code.sourceType);
  if (kind == FloatKind::F32 && !code.isFlushing)
    return compareLanes<float>(computation, [](uint64_t bits) { return floatOf(bits); });
  bool isFlushing = code.isFlushing;
  unsigned width = code.sourceType.bits;
  return compareLanes<double>(computation, [=](uint64_t bits) {
    return toDouble(isFlushing ? flushBits(bits, width) : bits, kind);
  });
}

/// 9.7.5.3 setp: the comparison, and its negation as the second result, each with the predicate c.
void compareValues(const Computation &computation) {
  const Instruction &code = computation.code;
  Lanes result = compareSources(computation), negation;
  for (unsigned l = 0; l < warpLanes; ++l)
    negation.lane[l] = result.lane[l] ^ 1;
  if (code.mode2) {
    const uint64_t *c = computation.source(2);
    for (Lanes *lanes : {&result, &negation})
      for (unsigned l = 0; l < warpLanes; ++l) {
        uint64_t &value = lanes->lane[l];
        value = code.mode2 == 1 ? value & c[l] : code.mode2 == 2 ? value | c[l] : value ^ c[l];
      }
  }
  computation.store(0, result);
  if (code.results > 1)
    computation.store(1, negation);
}

} // namespace uwt::emulator::ptx
