//===- WeightBuffers.h - Types of a loaded weight's buffers -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_WEIGHTBUFFERS_H
#define UWT_DIALECT_UWT_IR_WEIGHTBUFFERS_H

#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

/// The type of buffer `kind` of a weight of `type`.
mlir::MemRefType getBufferType(WeightBuffer kind, CompressedType type);

} // namespace uwt

#endif // UWT_DIALECT_UWT_IR_WEIGHTBUFFERS_H
