//===- ArithmeticInteger.cpp - PTX integers -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.1, "Integer Arithmetic Instructions".
//
//===----------------------------------------------------------------------===//

#include "LaneLoops.h"
#include <algorithm>
#include <limits>

namespace uwt::emulator::ptx {

namespace {

/// The type in which sums and products of a T neither overflow nor are promoted to a signed one.
template <typename T> using Modular = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <typename T> struct Integers {
  using M = Modular<T>;
  static T add(T a, T b) { return T(M(a) + M(b)); }
  static T sub(T a, T b) { return T(M(a) - M(b)); }
  static T mul(T a, T b) { return T(M(a) * M(b)); }

  static T mulHigh(T a, T b) {
    if constexpr (sizeof(T) < 8) {
      using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
      return T(Wide(a) * Wide(b) >> 8 * sizeof(T));
    } else {
      using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
      return T(Wide(a) * Wide(b) >> 64);
    }
  }

  /// The most negative number divided by -1 is itself.
  static T div(T a, T b) {
    if (b == 0)
      return T(-1);
    if (std::is_signed_v<T> && b == T(-1))
      return sub(0, a);
    return T(a / b);
  }

  static T rem(T a, T b) {
    if (b == 0)
      return a;
    if (std::is_signed_v<T> && b == T(-1))
      return 0;
    return T(a % b);
  }

  static T negate(T a) { return sub(0, a); }
  static T absolute(T a) { return a < 0 ? negate(a) : a; }
};

} // namespace

template <typename T> static void divide(const Computation &computation) {
  using I = Integers<T>;
  if (computation.code.op == Op::Div)
    return binary<T>(computation, I::div);
  binary<T>(computation, I::rem);
}

template <typename T> static void computeAs(const Computation &computation) {
  using I = Integers<T>;
  switch (computation.code.op) {
  case Op::Add:
    return binary<T>(computation, [](T a, T b) { return I::add(a, b); });
  case Op::Sub:
    return binary<T>(computation, [](T a, T b) { return I::sub(a, b); });
  case Op::MulLo:
    return binary<T>(computation, [](T a, T b) { return I::mul(a, b); });
  case Op::MulHi:
    return binary<T>(computation, [](T a, T b) { return I::mulHigh(a, b); });
  case Op::MadLo:
    return ternary<T>(computation, [](T a, T b, T c) { return I::add(I::mul(a, b), c); });
  case Op::MadHi:
    return ternary<T>(computation, [](T a, T b, T c) { return I::add(I::mulHigh(a, b), c); });
  case Op::Min:
    return binary<T>(computation, [](T a, T b) { return std::min(a, b); });
  case Op::Max:
    return binary<T>(computation, [](T a, T b) { return std::max(a, b); });
  case Op::Neg:
    return unary<T>(computation, [](T a) { return I::negate(a); });
  case Op::Abs:
    return unary<T>(computation, [](T a) { return I::absolute(a); });
  default:
    return divide<T>(computation);
  }
}

/// mul.wide, mad.wide: products of the sources' type `T` in twice its bits.
template <typename T, typename Wide> static void computeWide(const Computation &computation) {
  using I = Integers<Wide>;
  if (computation.code.op == Op::MulWide)
    return binary<T, Wide>(computation, [](T a, T b) { return I::mul(a, b); });
  ternary<T, Wide, Wide>(computation, [](T a, T b, Wide c) { return I::add(I::mul(a, b), c); });
}

static void computeWide(const Computation &computation) {
  Type type = computation.code.sourceType;
  bool isSigned = type.kind == TypeKind::Signed;
  if (type.bits == 16)
    return isSigned ? computeWide<int16_t, int32_t>(computation)
                    : computeWide<uint16_t, uint32_t>(computation);
  return isSigned ? computeWide<int32_t, int64_t>(computation)
                  : computeWide<uint32_t, uint64_t>(computation);
}

/// add.sat.s32, sub.sat.s32.
static void computeSaturating(const Computation &computation) {
  bool isSum = computation.code.op == Op::Add;
  binary<int32_t>(computation, [=](int64_t a, int64_t b) {
    using Limits = std::numeric_limits<int32_t>;
    return std::clamp<int64_t>(isSum ? a + b : a - b, Limits::min(), Limits::max());
  });
}

void computeInteger(const Computation &computation) {
  const Instruction &code = computation.code;
  if (code.op == Op::MulWide || code.op == Op::MadWide)
    return computeWide(computation);
  if (code.isSaturating)
    return computeSaturating(computation);
  withInteger(code.type, [&](auto number) { computeAs<decltype(number)>(computation); });
}

} // namespace uwt::emulator::ptx
