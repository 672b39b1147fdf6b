//===- IntegerProducts.h - Weights that integers multiply -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_INTEGERPRODUCTS_H
#define UWT_DIALECT_UWT_IR_INTEGERPRODUCTS_H

#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

/// Whether products with weights of the type can be computed by integers
/// (uwt/Codec/IntegerCodes.h). Errors: Usage, with the reason.
Status checkIntegerWeight(CompressedType type);

} // namespace uwt

#endif // UWT_DIALECT_UWT_IR_INTEGERPRODUCTS_H
