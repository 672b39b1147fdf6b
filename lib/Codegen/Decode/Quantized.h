//===- Quantized.h - What decoders of quantised weights share ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_QUANTIZED_H
#define UWT_LIB_CODEGEN_DECODE_QUANTIZED_H

#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Format/Floats.h"
#include <cmath>

namespace uwt::codegen {

/// How floats of at most 8 bits become f16: shifted, so that exponents and mantissas end alike, and
/// 2^n times too small, by what biases differ.
struct HalfPosition {
  explicit HalfPosition(const SmallFloat &kind)
      : shift(float16.mantissaBits - kind.mantissaBits),
        factor(
            std::ldexp(1.0f, (1 << (float16.exponentBits - 1)) - (1 << (kind.exponentBits - 1)))) {}
  uint32_t shift;
  float factor;
};

/// Two's complement of so many bits.
mlir::Value withSign(LaneBuilder &lanes, mlir::Value codes, uint32_t bits);

/// Emits the row vectors of a quantised weight's unit for a thread of a GPU.
void emitQuantizedFragment(UnitEmission &unit);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_QUANTIZED_H
