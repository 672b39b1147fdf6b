//===- LaneLoops.h - Loops over the lanes of a warp -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arithmetic computes all 32 lanes, which the compiler makes vectors of, and keeps those of a mask.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_PTX_LANELOOPS_H
#define UWT_LIB_EMULATOR_PTX_LANELOOPS_H

#include "Arithmetic.h"
#include <cstring>
#include <type_traits>

namespace uwt::emulator::ptx {

/// An instruction that is computed.
struct Computation {
  const Program &program;
  const Instruction &code;
  Lanes *registers;
  uint32_t mask;

  const uint64_t *source(unsigned i) const {
    return registers[program.operands[code.first + code.results + i].reg].lane;
  }

  /// Writes a result, in the lanes of the mask; none where it is `_`.
  void store(unsigned result, const Lanes &value) const {
    int32_t reg = program.operands[code.first + result].reg;
    if (reg < 0)
      return;
    if (mask == allLanes) {
      std::memcpy(&registers[reg], &value, sizeof(Lanes));
      return;
    }
    uint64_t *into = registers[reg].lane;
    for (unsigned l = 0; l < warpLanes; ++l)
      into[l] = mask >> l & 1 ? value.lane[l] : into[l];
  }
};

/// The bits of an integer, zero-extended.
template <typename T> uint64_t bitsOf(T value) { return std::make_unsigned_t<T>(value); }

/// result = function(a) in each lane, on integers: `T` is the sources' type, `R` the result's.
template <typename T, typename R = T, typename Function>
void unary(const Computation &computation, Function function) {
  const uint64_t *a = computation.source(0);
  Lanes result;
  for (unsigned l = 0; l < warpLanes; ++l)
    result.lane[l] = bitsOf(R(function(T(a[l]))));
  computation.store(0, result);
}

template <typename T, typename R = T, typename Function>
void binary(const Computation &computation, Function function) {
  const uint64_t *a = computation.source(0), *b = computation.source(1);
  Lanes result;
  for (unsigned l = 0; l < warpLanes; ++l)
    result.lane[l] = bitsOf(R(function(T(a[l]), T(b[l]))));
  computation.store(0, result);
}

/// `U` is the type of the third source.
template <typename T, typename U = T, typename R = T, typename Function>
void ternary(const Computation &computation, Function function) {
  const uint64_t *a = computation.source(0), *b = computation.source(1), *c = computation.source(2);
  Lanes result;
  for (unsigned l = 0; l < warpLanes; ++l)
    result.lane[l] = bitsOf(R(function(T(a[l]), T(b[l]), U(c[l]))));
  computation.store(0, result);
}

/// Calls `function` with a number of the type among `T` that has these bits.
template <typename... T, typename Function> void withTypeOf(unsigned bits, Function function) {
  (void)((bits == 8 * sizeof(T) && (function(T()), true)) || ...);
}

/// Calls `function` with a number of the unsigned C++ type that has these bits.
template <typename Function> void withBits(unsigned bits, Function function) {
  withTypeOf<uint8_t, uint16_t, uint32_t, uint64_t>(bits, function);
}

/// The same with the C++ type that an integer type is.
template <typename Function> void withInteger(Type type, Function function) {
  withBits(type.bits, [&](auto number) {
    if (type.kind == TypeKind::Signed)
      function(std::make_signed_t<decltype(number)>());
    else
      function(number);
  });
}

/// Groups of operations; each computes those of Op that its file has.
void computeInteger(const Computation &computation);
void computeBits(const Computation &computation);
void computeFloat(const Computation &computation);
void compareValues(const Computation &computation);
void convertValues(const Computation &computation);

} // namespace uwt::emulator::ptx

#endif // UWT_LIB_EMULATOR_PTX_LANELOOPS_H
