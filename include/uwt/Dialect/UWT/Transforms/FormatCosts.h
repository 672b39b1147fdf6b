//===- FormatCosts.h - What compiled code pays for formats ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where the cost model's view of a format meets code emission's: bytes from the codec, operations
// from the decoder that is emitted.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_TRANSFORMS_FORMATCOSTS_H
#define UWT_DIALECT_UWT_TRANSFORMS_FORMATCOSTS_H

#include "uwt/CostModel/FormatCost.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

/// What a kernel pays for weights of `type`. Errors: Unsupported (no compiled code decodes them).
Expected<FormatCost> formatCostOf(CompressedType type);

} // namespace uwt

#endif // UWT_DIALECT_UWT_TRANSFORMS_FORMATCOSTS_H
