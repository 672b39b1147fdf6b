//===- ArithmeticBits.cpp - PTX logic, shifts and moves -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.7, "Logic and Shift Instructions", the bit operations of 9.7.1, and mov, prmt and
// selp.
//
//===----------------------------------------------------------------------===//

#include "../Numbers.h"
#include "LaneLoops.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <bit>

namespace uwt::emulator::ptx {

/// 9.7.7.8 shl, 9.7.7.9 shr: a shift of more than the width is one of the width.
template <typename T> static void shift(const Computation &computation) {
  constexpr unsigned bits = 8 * sizeof(T);
  bool isLeft = computation.code.op == Op::Shl;
  const uint64_t *a = computation.source(0), *b = computation.source(1);
  Lanes result;
  if (isLeft)
    for (unsigned l = 0; l < warpLanes; ++l)
      result.lane[l] = b[l] < bits ? bitsOf(T(std::make_unsigned_t<T>(a[l]) << (b[l] % bits))) : 0;
  else
    for (unsigned l = 0; l < warpLanes; ++l) {
      T half = T(T(a[l]) >> (std::min<uint64_t>(b[l], bits - 1)));
      result.lane[l] = bitsOf(b[l] < bits || std::is_signed_v<T> ? half : T(0));
    }
  computation.store(0, result);
}

/// 9.7.7.7 shf: 64 bits with b above a; its upper half after a shift to the left, the lower one
/// after one to the right.
static void funnelShift(const Computation &computation) {
  bool isLeft = computation.code.op == Op::ShfLeft, isClamp = computation.code.mode;
  const uint64_t *a = computation.source(0), *b = computation.source(1), *c = computation.source(2);
  Lanes result;
  for (unsigned l = 0; l < warpLanes; ++l) {
    uint64_t count = isClamp ? std::min<uint64_t>(c[l], 32) : c[l] & 31;
    result.lane[l] = uint32_t((b[l] << 32 | a[l]) >> (isLeft ? 32 - count : count));
  }
  computation.store(0, result);
}

/// 9.7.7.6 lop3: bit 4a + 2b + c of the table.
static void lookUp(const Computation &computation) {
  uint32_t table[8];
  for (unsigned i = 0; i < 8; ++i)
    table[i] = computation.code.mode >> i & 1 ? ~0u : 0;
  ternary<uint32_t>(computation, [&](uint32_t a, uint32_t b, uint32_t c) {
    auto choose = [](uint32_t which, uint32_t one, uint32_t zero) {
      return (which & one) | (~which & zero);
    };
    uint32_t high = choose(b, choose(c, table[7], table[6]), choose(c, table[5], table[4]));
    uint32_t low = choose(b, choose(c, table[3], table[2]), choose(c, table[1], table[0]));
    return choose(a, high, low);
  });
}

/// The selectors of prmt's modes f4e, b4e, rc8, ecl, ecr and rc16 for the lower bits 0 to 3 of c
/// (9.7.8.7, table of the modes).
static constexpr uint16_t permuteModes[6][4] = {
    {0x3210, 0x4321, 0x5432, 0x6543}, {0x5670, 0x6701, 0x7012, 0x0123},
    {0x0000, 0x1111, 0x2222, 0x3333}, {0x3210, 0x3211, 0x3222, 0x3333},
    {0x0000, 0x1110, 0x2210, 0x3210}, {0x1010, 0x3232, 0x1010, 0x3232},
};

/// 9.7.8.7 prmt: each nibble of the selector picks a byte of b and a, or with its upper bit eight
/// copies of that byte's sign.
static uint32_t permuteBytes(uint64_t bytes, uint32_t selector) {
  uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    uint32_t nibble = selector >> 4 * i;
    uint32_t byte = uint32_t(bytes >> 8 * (nibble & 7)) & 0xff;
    uint32_t sign = (byte >> 7) * 0xff;
    result |= (nibble & 8 ? sign : byte) << 8 * i;
  }
  return result;
}

static void permute(const Computation &computation) {
  unsigned mode = computation.code.mode;
  const uint64_t *a = computation.source(0), *b = computation.source(1), *c = computation.source(2);
  Lanes result;
  for (unsigned l = 0; l < warpLanes; ++l) {
    uint32_t selector = mode ? permuteModes[mode - 1][c[l] & 3] : uint32_t(c[l]);
    result.lane[l] = permuteBytes(b[l] << 32 | a[l], selector);
  }
  computation.store(0, result);
}

/// 9.7.1.19 bfe: bits behind the last one are copies of the sign of what is extracted; of a number
/// that ends before, of the number's.
template <typename T> static void extractBits(const Computation &computation) {
  constexpr unsigned bits = 8 * sizeof(T);
  const uint64_t *a = computation.source(0), *b = computation.source(1), *c = computation.source(2);
  Lanes result;
  for (unsigned l = 0; l < warpLanes; ++l) {
    unsigned begin = b[l] & 0xff, length = c[l] & 0xff;
    bool isBeyond = begin >= bits;
    // What is shifted in above is the sign.
    T field = isBeyond ? T(std::is_signed_v<T> && T(a[l]) < 0 ? -1 : 0) : T(T(a[l]) >> begin);
    unsigned unused = length < bits ? bits - length : 0;
    T top = T(std::make_unsigned_t<T>(field) << (unused % bits));
    result.lane[l] = length == 0 ? 0 : bitsOf(T(top >> (unused % bits)));
  }
  computation.store(0, result);
}

/// 9.7.1.20 bfi.
template <typename T> static void insertBits(const Computation &computation) {
  constexpr unsigned bits = 8 * sizeof(T);
  const uint64_t *a = computation.source(0), *b = computation.source(1), *c = computation.source(2),
                 *d = computation.source(3);
  Lanes result;
  for (unsigned l = 0; l < warpLanes; ++l) {
    unsigned begin = c[l] & 0xff, length = d[l] & 0xff;
    uint64_t field = begin < bits ? maskOf(length) << begin & maskOf(bits) : 0;
    uint64_t placed = begin < bits ? a[l] << begin : 0;
    result.lane[l] = (b[l] & ~field) | (placed & field);
  }
  computation.store(0, result);
}

/// 9.7.1.16 bfind: the first bit from the top that is not the sign, from below or (.shiftamt) from
/// above; all ones where there is none.
template <typename T> static void findBit(const Computation &computation) {
  bool isFromAbove = computation.code.flag;
  unary<T, uint32_t>(computation, [=](T a) -> uint32_t {
    uint64_t bits = bitsOf(a < 0 ? T(~a) : a);
    if (!bits)
      return ~0u;
    unsigned position = 63 - std::countl_zero(bits);
    return isFromAbove ? unsigned(8 * sizeof(T) - 1 - position) : position;
  });
}

template <typename T> static void count(const Computation &computation) {
  switch (computation.code.op) {
  case Op::Popc:
    return unary<T, uint32_t>(computation, [](T a) { return std::popcount(a); });
  case Op::Clz:
    return unary<T, uint32_t>(computation, [](T a) { return std::countl_zero(a); });
  default:
    return unary<T>(computation, [](T a) { return llvm::reverseBits(a); });
  }
}

/// A logical operation keeps the zeros above a register's bits; `not` does not.
static void logic(const Computation &computation) {
  switch (computation.code.op) {
  case Op::And:
    return binary<uint64_t>(computation, [](uint64_t a, uint64_t b) { return a & b; });
  case Op::Or:
    return binary<uint64_t>(computation, [](uint64_t a, uint64_t b) { return a | b; });
  case Op::Xor:
    return binary<uint64_t>(computation, [](uint64_t a, uint64_t b) { return a ^ b; });
  default: {
    uint64_t ones = maskOf(computation.code.type.bits);
    return unary<uint64_t>(computation, [=](uint64_t a) { return a ^ ones; });
  }
  }
}

/// 9.7.5.2 selp.
static void select(const Computation &computation) {
  ternary<uint64_t>(computation, [](uint64_t a, uint64_t b, uint64_t c) { return c ? a : b; });
}

/// 9.7.8.4 mov: the first element has the lower bits.
static void pack(const Computation &computation) {
  const Instruction &code = computation.code;
  Lanes result = {};
  for (unsigned i = 0; i < code.sources; ++i) {
    const uint64_t *element = computation.source(i);
    for (unsigned l = 0; l < warpLanes; ++l)
      result.lane[l] |= element[l] << i * code.sourceType.bits;
  }
  computation.store(0, result);
}

static void unpack(const Computation &computation) {
  const Instruction &code = computation.code;
  Lanes whole, result;
  std::memcpy(&whole, computation.source(0), sizeof(Lanes));
  for (unsigned i = 0; i < code.results; ++i) {
    for (unsigned l = 0; l < warpLanes; ++l)
      result.lane[l] = whole.lane[l] >> i * code.type.bits & maskOf(code.type.bits);
    computation.store(i, result);
  }
}

void computeBits(const Computation &computation) {
  const Instruction &code = computation.code;
  auto typed = [&](auto function) { withInteger(code.sourceType, function); };
  auto asBits = [&](auto function) { withBits(code.sourceType.bits, function); };
  switch (code.op) {
  case Op::Shl:
  case Op::Shr:
    return typed([&](auto number) { shift<decltype(number)>(computation); });
  case Op::ShfLeft:
  case Op::ShfRight:
    return funnelShift(computation);
  case Op::Lop3:
    return lookUp(computation);
  case Op::Prmt:
    return permute(computation);
  case Op::Bfe:
    return typed([&](auto number) { extractBits<decltype(number)>(computation); });
  case Op::Bfi:
    return asBits([&](auto number) { insertBits<decltype(number)>(computation); });
  case Op::Bfind:
    return typed([&](auto number) { findBit<decltype(number)>(computation); });
  case Op::Popc:
  case Op::Clz:
  case Op::Brev:
    return asBits([&](auto number) { count<decltype(number)>(computation); });
  case Op::Select:
    return select(computation);
  case Op::Move:
    return unary<uint64_t>(computation, [](uint64_t a) { return a; });
  case Op::Pack:
    return pack(computation);
  case Op::Unpack:
    return unpack(computation);
  default:
    return logic(computation);
  }
}

} // namespace uwt::emulator::ptx
