//===- InPlace.h - packing=inplace as lane code -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_INPLACE_H
#define UWT_LIB_CODEGEN_DECODE_INPLACE_H

#include "uwt/Codegen/Decode/Emission.h"

namespace uwt::codegen {

/// Emits the row vectors of a unit of inplace<12> (16 rows x 64 columns).
void emitInPlace12(UnitEmission &unit);
/// Emits the row vectors of a unit of inplace<11> (16 rows x 256 columns).
void emitInPlace11(UnitEmission &unit);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_INPLACE_H
