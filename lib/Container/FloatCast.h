//===- FloatCast.h - Floats in another dtype --------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule diff-8 of docs/container.md: a base that has another dtype. Integer arithmetic alone, so
// that every machine and every rounding mode gives the same bits.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_FLOATCAST_H
#define UWT_LIB_CONTAINER_FLOATCAST_H

#include "uwt/Container/Safetensors.h"
#include "uwt/Support/Parallel.h"

namespace uwt {

/// Returns whether elements of `from` can be cast to `to`: equal dtypes, or two of F16, BF16, F32
/// and F64.
bool hasFloatCast(const SafetensorsDtype &from, const SafetensorsDtype &to);

/// Casts all elements of `source`, of dtype `from`, into `out`, with at most one rounding (nearest,
/// ties to even). NaNs keep their sign and the top bits of their mantissa. Precondition:
/// hasFloatCast, and as many elements in both.
void castFloats(const SafetensorsDtype &from, const SafetensorsDtype &to,
                std::span<const uint8_t> source, std::span<uint8_t> out, ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_FLOATCAST_H
