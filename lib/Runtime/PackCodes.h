//===- PackCodes.h - Codes in the order of compiled code --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_RUNTIME_PACKCODES_H
#define UWT_LIB_RUNTIME_PACKCODES_H

#include "uwt/Codec/Quantized.h"
#include <span>

namespace uwt {

/// Writes the codes of a group of 64 columns, [16][64], as a unit has them (run-1), to `out`:
/// groupU32() words, zeros before.
void packCodes(const QuantizedUnit &unit,
               std::span<const uint8_t, stripRows * fixedUnitColumns> codes, uint8_t *out);

} // namespace uwt

#endif // UWT_LIB_RUNTIME_PACKCODES_H
