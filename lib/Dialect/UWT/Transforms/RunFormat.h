//===- RunFormat.h - Weights in the format that products run from -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_TRANSFORMS_RUNFORMAT_H
#define UWT_LIB_DIALECT_UWT_TRANSFORMS_RUNFORMAT_H

#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

/// `type` in another format, stored along the same dimension; nothing where that is no composition.
std::optional<CompressedType> inFormat(CompressedType type, Format format);

/// The weight in a format, right behind its definition: a transcode where it has another one.
mlir::Value transcodedTo(mlir::Value weight, const Format &format);

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_TRANSFORMS_RUNFORMAT_H
