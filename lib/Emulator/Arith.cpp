//===- Arith.cpp - What has no effects ------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "Numbers.h"
#include "llvm/Support/MathExtras.h"

namespace uwt::emulator {

/// dst = function(a), for each element and lane.
template <typename Function>
static void unary(Lanes *registers, const Instruction &code, Function function) {
  for (unsigned i = 0; i < code.count; ++i) {
    const Lanes &a = registers[code.a + i];
    Lanes &dst = registers[code.dst + i];
    for (unsigned l = 0; l < warpLanes; ++l)
      dst.lane[l] = function(a.lane[l]);
  }
}

template <typename Function>
static void binary(Lanes *registers, const Instruction &code, Function function) {
  for (unsigned i = 0; i < code.count; ++i) {
    const Lanes &a = registers[code.a + i], &b = registers[code.b + i];
    Lanes &dst = registers[code.dst + i];
    for (unsigned l = 0; l < warpLanes; ++l)
      dst.lane[l] = function(a.lane[l], b.lane[l]);
  }
}

template <typename Function>
static void signedBinary(Lanes *registers, const Instruction &code, Function function) {
  unsigned bits = code.bits;
  uint64_t mask = maskOf(bits);
  binary(registers, code, [=](uint64_t a, uint64_t b) {
    return uint64_t(function(signExtend(a, bits), signExtend(b, bits))) & mask;
  });
}

template <typename Function>
static void compareSigned(Lanes *registers, const Instruction &code, Function function) {
  unsigned shift = 64 - code.sourceBits;
  binary(registers, code, [=](uint64_t a, uint64_t b) {
    return uint64_t(function(int64_t(a << shift), int64_t(b << shift)));
  });
}

static void compareIntegers(Lanes *r, const Instruction &code) {
  auto signedly = [&](auto function) { compareSigned(r, code, function); };
  auto unsignedly = [&](auto function) { binary(r, code, function); };
  switch (code.mode) {
  case 0:
    return unsignedly([](uint64_t a, uint64_t b) { return uint64_t(a == b); });
  case 1:
    return unsignedly([](uint64_t a, uint64_t b) { return uint64_t(a != b); });
  case 2:
    return signedly([](int64_t a, int64_t b) { return a < b; });
  case 3:
    return signedly([](int64_t a, int64_t b) { return a <= b; });
  case 4:
    return signedly([](int64_t a, int64_t b) { return a > b; });
  case 5:
    return signedly([](int64_t a, int64_t b) { return a >= b; });
  case 6:
    return unsignedly([](uint64_t a, uint64_t b) { return uint64_t(a < b); });
  case 7:
    return unsignedly([](uint64_t a, uint64_t b) { return uint64_t(a <= b); });
  case 8:
    return unsignedly([](uint64_t a, uint64_t b) { return uint64_t(a > b); });
  default:
    return unsignedly([](uint64_t a, uint64_t b) { return uint64_t(a >= b); });
  }
}

static bool isZeroDivision(Opcode opcode) {
  return opcode == Opcode::DivU || opcode == Opcode::DivS || opcode == Opcode::RemU ||
         opcode == Opcode::RemS || opcode == Opcode::CeilDivU || opcode == Opcode::CeilDivS ||
         opcode == Opcode::FloorDivS;
}

bool Warp::checkDivisor(const Instruction &code) {
  for (unsigned i = 0; i < code.count; ++i)
    for (unsigned l = 0; l < warpLanes; ++l)
      if (mask >> l & 1 && registers[code.b + i].lane[l] == 0)
        return fault(l, "divides by zero");
  return true;
}

/// What the quotient is in lanes that are not active, and where it overflows: no trap.
template <typename T> static bool isSafe(T a, T b) {
  return b != 0 && !(std::is_signed_v<T> && b == T(-1) && a == std::numeric_limits<T>::min());
}

static void divide(Lanes *r, const Instruction &code) {
  using U = uint64_t;
  using S = int64_t;
  switch (code.opcode) {
  case Opcode::DivU:
    return binary(r, code, [](U a, U b) { return isSafe(a, b) ? a / b : 0; });
  case Opcode::RemU:
    return binary(r, code, [](U a, U b) { return isSafe(a, b) ? a % b : 0; });
  case Opcode::CeilDivU:
    return binary(r, code, [](U a, U b) { return isSafe(a, b) ? a / b + (a % b != 0) : 0; });
  case Opcode::DivS:
    return signedBinary(r, code, [](S a, S b) { return isSafe(a, b) ? a / b : 0; });
  case Opcode::RemS:
    return signedBinary(r, code, [](S a, S b) { return isSafe(a, b) ? a % b : 0; });
  case Opcode::CeilDivS:
    return signedBinary(r, code, [](S a, S b) {
      return isSafe(a, b) ? a / b + (a % b != 0 && (a < 0) == (b < 0)) : 0;
    });
  default:
    return signedBinary(r, code, [](S a, S b) {
      return isSafe(a, b) ? a / b - (a % b != 0 && (a < 0) != (b < 0)) : 0;
    });
  }
}

/// PTX's prmt.b32 in its default mode: a nibble of the selector for each byte of the result, its
/// highest bit for the byte's sign in all eight bits.
static uint64_t permuteBytes(uint64_t bytes, uint32_t selector) {
  uint64_t result = 0;
  for (unsigned i = 0; i < 4; ++i, selector >>= 4) {
    uint64_t byte = bytes >> 8 * (selector & 7) & 0xFF;
    if (selector & 8)
      byte = byte & 0x80 ? 0xFF : 0;
    result |= byte << 8 * i;
  }
  return result;
}

bool Warp::compute(const Instruction &code) {
  using U = uint64_t;
  using S = int64_t;
  Lanes *r = registers.get();
  const unsigned bits = code.bits;
  const U valid = maskOf(bits);
  switch (code.opcode) {
  case Opcode::Add:
    binary(r, code, [=](U a, U b) { return (a + b) & valid; });
    return true;
  case Opcode::Sub:
    binary(r, code, [=](U a, U b) { return (a - b) & valid; });
    return true;
  case Opcode::Mul:
    binary(r, code, [=](U a, U b) { return (a * b) & valid; });
    return true;
  case Opcode::And:
    binary(r, code, [](U a, U b) { return a & b; });
    return true;
  case Opcode::Or:
    binary(r, code, [](U a, U b) { return a | b; });
    return true;
  case Opcode::Xor:
    binary(r, code, [](U a, U b) { return a ^ b; });
    return true;
  case Opcode::Shl:
    binary(r, code, [=](U a, U b) { return b < bits ? (a << b) & valid : 0; });
    return true;
  case Opcode::ShrU:
    binary(r, code, [=](U a, U b) { return b < bits ? a >> b : 0; });
    return true;
  case Opcode::ShrS:
    signedBinary(r, code, [=](S a, S b) { return U(b) < bits ? a >> b : 0; });
    return true;
  case Opcode::MinU:
    binary(r, code, [](U a, U b) { return std::min(a, b); });
    return true;
  case Opcode::MaxU:
    binary(r, code, [](U a, U b) { return std::max(a, b); });
    return true;
  case Opcode::MinS:
    signedBinary(r, code, [](S a, S b) { return std::min(a, b); });
    return true;
  case Opcode::MaxS:
    signedBinary(r, code, [](S a, S b) { return std::max(a, b); });
    return true;
  case Opcode::CompareI:
    compareIntegers(r, code);
    return true;
  case Opcode::MulHighU:
    binary(r, code, [=](U a, U b) { return U((unsigned __int128)a * b >> bits) & valid; });
    return true;
  case Opcode::MulHighS:
    signedBinary(r, code, [=](S a, S b) { return S((__int128)a * b >> bits); });
    return true;
  case Opcode::AddCarry: {
    Instruction carry = code, sum = code;
    carry.dst = int32_t(code.target), sum.opcode = Opcode::Add;
    binary(r, carry, [=](U a, U b) { return U(((a + b) & valid) < a); });
    return compute(sum);
  }
  case Opcode::AbsI:
    unary(r, code, [=](U a) { return (signExtend(a, bits) < 0 ? -a : a) & valid; });
    return true;
  case Opcode::CountOnes:
    unary(r, code, [](U a) { return U(llvm::popcount(a)); });
    return true;
  case Opcode::LeadingZeros:
    unary(r, code, [=](U a) { return U(llvm::countl_zero(a)) - (64 - bits); });
    return true;
  case Opcode::TrailingZeros:
    unary(r, code, [=](U a) { return a ? U(llvm::countr_zero(a)) : bits; });
    return true;
  case Opcode::FunnelShiftRight:
    for (unsigned l = 0; l < warpLanes; ++l)
      r[code.dst].lane[l] =
          (r[code.a].lane[l] << 32 | r[code.b].lane[l]) >> (r[code.c].lane[l] & 31) & valid;
    return true;
  case Opcode::PermuteBytes:
    for (unsigned l = 0; l < warpLanes; ++l)
      r[code.dst].lane[l] = permuteBytes(r[code.a].lane[l] | r[code.b].lane[l] << 32,
                                         static_cast<uint32_t>(r[code.c].lane[l]));
    return true;
  case Opcode::Select:
  case Opcode::SelectVector:
    for (unsigned i = 0; i < code.count; ++i) {
      const Lanes &choice = r[code.a + (code.opcode == Opcode::SelectVector ? i : 0)];
      for (unsigned l = 0; l < warpLanes; ++l)
        r[code.dst + i].lane[l] = r[(choice.lane[l] ? code.b : code.c) + i].lane[l];
    }
    return true;
  case Opcode::Permute:
    for (unsigned i = 0; i < code.count; ++i)
      r[code.dst + i] = r[cluster.launch.program.lists[code.target + i]];
    return true;
  case Opcode::Repack:
    repack(code);
    return true;
  default:
    if (!isZeroDivision(code.opcode))
      return convert(code);
    if (!checkDivisor(code))
      return false;
    divide(r, code);
    return true;
  }
}

void Warp::repack(const Instruction &code) {
  unsigned from = code.sourceBits, to = code.bits;
  Lanes *r = registers.get();
  for (unsigned i = 0; i < code.count; ++i) {
    Lanes &dst = r[code.dst + i];
    if (to < from) {
      unsigned pieces = from / to, shift = i % pieces * to;
      const Lanes &source = r[code.a + i / pieces];
      for (unsigned l = 0; l < warpLanes; ++l)
        dst.lane[l] = source.lane[l] >> shift & maskOf(to);
      continue;
    }
    dst = r[code.a + i * (to / from)];
    for (unsigned piece = 1; piece < to / from; ++piece)
      for (unsigned l = 0; l < warpLanes; ++l)
        dst.lane[l] |= r[code.a + i * (to / from) + piece].lane[l] << (piece * from);
  }
}

static uint64_t clampToInteger(double value, unsigned bits, bool isSigned) {
  if (std::isnan(value))
    return 0;
  double low = isSigned ? -std::ldexp(1.0, bits - 1) : 0;
  double high = std::ldexp(1.0, isSigned ? bits - 1 : bits);
  value = std::trunc(value);
  if (value <= low)
    return isSigned ? uint64_t(1) << (bits - 1) : 0;
  if (value >= high)
    return isSigned ? maskOf(bits - 1) : maskOf(bits);
  return (isSigned ? uint64_t(int64_t(value)) : uint64_t(value)) & maskOf(bits);
}

bool Warp::convert(const Instruction &code) {
  using U = uint64_t;
  Lanes *r = registers.get();
  const unsigned bits = code.bits, from = code.sourceBits;
  const U valid = maskOf(bits);
  const FloatKind kind = code.kind, source = FloatKind(code.mode);
  switch (code.opcode) {
  case Opcode::SignExtend:
    unary(r, code, [=](U a) { return U(signExtend(a, from)) & valid; });
    return true;
  case Opcode::ZeroExtend:
    unary(r, code, [=](U a) { return a & valid; });
    return true;
  case Opcode::IntegerToFloat:
    if (kind == FloatKind::F32)
      unary(r, code, [=](U a) { return fromFloat(float(signExtend(a, from)), kind); });
    else
      unary(r, code, [=](U a) { return fromDouble(double(signExtend(a, from)), kind); });
    return true;
  case Opcode::UnsignedToFloat:
    if (kind == FloatKind::F32)
      unary(r, code, [=](U a) { return fromFloat(float(a), kind); });
    else
      unary(r, code, [=](U a) { return fromDouble(double(a), kind); });
    return true;
  case Opcode::FloatToInteger:
    unary(r, code, [=](U a) { return clampToInteger(toDouble(a, source), bits, true); });
    return true;
  case Opcode::FloatToUnsigned:
    unary(r, code, [=](U a) { return clampToInteger(toDouble(a, source), bits, false); });
    return true;
  case Opcode::ConvertFloat:
    if (source == FloatKind::F64 || kind == FloatKind::F64)
      unary(r, code, [=](U a) { return fromDouble(toDouble(a, source), kind); });
    else
      unary(r, code, [=](U a) { return fromFloat(toFloat(a, source), kind); });
    return true;
  default:
    return computeFloat(code);
  }
}

/// dst = function(a, b) in double for f64, in float for the rest.
template <typename Function>
static void floating(Lanes *registers, const Instruction &code, Function function) {
  const FloatKind kind = code.kind;
  if (kind == FloatKind::F64)
    return binary(registers, code, [=](uint64_t a, uint64_t b) {
      return std::bit_cast<uint64_t>(function(std::bit_cast<double>(a), std::bit_cast<double>(b)));
    });
  // The usual type has its own loop, which the compiler can unroll without the tests of `kind`.
  if (kind == FloatKind::F32)
    return binary(registers, code, [=](uint64_t a, uint64_t b) {
      return uint64_t(std::bit_cast<uint32_t>(
          function(std::bit_cast<float>(uint32_t(a)), std::bit_cast<float>(uint32_t(b)))));
    });
  binary(registers, code, [=](uint64_t a, uint64_t b) {
    return fromFloat(function(toFloat(a, kind), toFloat(b, kind)), kind);
  });
}

/// IEEE minimum: a NaN wins, and -0 is below 0.
template <typename T> static T minimum(T a, T b) {
  if (std::isnan(a) || std::isnan(b))
    return a + b;
  return a < b || (a == b && std::signbit(a)) ? a : b;
}

static bool compareOrdered(double a, double b, unsigned predicate) {
  switch (predicate) {
  case 1:
    return a == b;
  case 2:
    return a > b;
  case 3:
    return a >= b;
  case 4:
    return a < b;
  case 5:
    return a <= b;
  case 6:
    return a != b;
  default:
    return predicate == 7;
  }
}

static uint64_t compareFloats(double a, double b, unsigned predicate) {
  // 0 … 7: false where unordered; 8 … 15: the same comparisons, true there.
  if (std::isnan(a) || std::isnan(b))
    return predicate >= 8;
  if (predicate < 8)
    return compareOrdered(a, b, predicate);
  if (predicate == 14)
    return 0;
  static constexpr unsigned ordered[] = {1, 2, 3, 4, 5, 6, 0, 7};
  return compareOrdered(a, b, ordered[predicate - 8]);
}

/// The sum of the exact product and c, rounded once to the kind.
static uint64_t fuse(uint64_t a, uint64_t b, uint64_t c, FloatKind kind) {
  if (kind == FloatKind::F32)
    return std::bit_cast<uint32_t>(std::fmaf(toFloat(a, kind), toFloat(b, kind), toFloat(c, kind)));
  if (kind == FloatKind::F64)
    return std::bit_cast<uint64_t>(
        std::fma(toDouble(a, kind), toDouble(b, kind), toDouble(c, kind)));
  // The product is exact in double; the sum is made odd where it is not.
  double product = double(toFloat(a, kind)) * double(toFloat(b, kind)), addend = toFloat(c, kind);
  double sum = product + addend;
  if (std::isfinite(sum)) {
    double part = sum - product, error = (product - (sum - part)) + (addend - part);
    uint64_t bits = std::bit_cast<uint64_t>(sum);
    if (error != 0 && !(bits & 1))
      sum = std::nextafter(sum, error > 0 ? INFINITY : -INFINITY);
  }
  return fromDouble(sum, kind);
}

/// dst = function(a), computed in double: exact, or a root whose second rounding is harmless.
template <typename Function>
static void rounding(Lanes *registers, const Instruction &code, Function function) {
  unary(registers, code, [=, kind = code.kind](uint64_t a) {
    return fromDouble(function(toDouble(a, kind)), kind);
  });
}

bool Warp::computeFloat(const Instruction &code) {
  Lanes *r = registers.get();
  const FloatKind kind = code.kind;
  const uint64_t sign = uint64_t(1) << (code.bits - 1);
  switch (code.opcode) {
  case Opcode::AddF:
    floating(r, code, [](auto a, auto b) { return a + b; });
    return true;
  case Opcode::SubF:
    floating(r, code, [](auto a, auto b) { return a - b; });
    return true;
  case Opcode::MulF:
    floating(r, code, [](auto a, auto b) { return a * b; });
    return true;
  case Opcode::DivF:
    floating(r, code, [](auto a, auto b) { return a / b; });
    return true;
  case Opcode::RemF:
    floating(r, code, [](auto a, auto b) { return std::fmod(a, b); });
    return true;
  case Opcode::MinNumF:
    floating(r, code, [](auto a, auto b) { return std::fmin(a, b); });
    return true;
  case Opcode::MaxNumF:
    floating(r, code, [](auto a, auto b) { return std::fmax(a, b); });
    return true;
  case Opcode::MinimumF:
    floating(r, code, [](auto a, auto b) { return minimum(a, b); });
    return true;
  case Opcode::MaximumF:
    floating(r, code, [](auto a, auto b) { return -minimum(-a, -b); });
    return true;
  case Opcode::NegF:
    unary(r, code, [=](uint64_t a) { return a ^ sign; });
    return true;
  case Opcode::AbsF:
    unary(r, code, [=](uint64_t a) { return a & ~sign; });
    return true;
  case Opcode::SqrtF:
    rounding(r, code, [](double a) { return std::sqrt(a); });
    return true;
  case Opcode::FloorF:
    rounding(r, code, [](double a) { return std::floor(a); });
    return true;
  case Opcode::CeilF:
    rounding(r, code, [](double a) { return std::ceil(a); });
    return true;
  case Opcode::TruncF:
    rounding(r, code, [](double a) { return std::trunc(a); });
    return true;
  case Opcode::RoundF:
    rounding(r, code, [](double a) { return std::nearbyint(a); });
    return true;
  case Opcode::CopySignF:
    binary(r, code, [=](uint64_t a, uint64_t b) { return (a & ~sign) | (b & sign); });
    return true;
  case Opcode::CompareF:
    binary(r, code, [predicate = code.mode, kind](uint64_t a, uint64_t b) {
      return compareFloats(toDouble(a, kind), toDouble(b, kind), predicate);
    });
    return true;
  case Opcode::Fma:
    for (unsigned i = 0; i < code.count; ++i)
      for (unsigned l = 0; l < warpLanes; ++l)
        r[code.dst + i].lane[l] =
            fuse(r[code.a + i].lane[l], r[code.b + i].lane[l], r[code.c + i].lane[l], kind);
    return true;
  default:
    return fault(0, "an opcode without meaning");
  }
}

} // namespace uwt::emulator
