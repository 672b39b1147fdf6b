//===- FuseEpilogue.h - What follows a product, into its epilogue -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise consumers of a `uwt.matmul` move into its epilogue, whole or not at all: a rounding
// that the IR states is there afterwards, too.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_TRANSFORMS_FUSEEPILOGUE_H
#define UWT_LIB_DIALECT_UWT_TRANSFORMS_FUSEEPILOGUE_H

#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

/// Absorbs consumers as long as a single value is used by others in the end. Returns the number of
/// elementwise operations that are gone, 0 where the product is as before.
unsigned fuseEpilogue(mlir::RewriterBase &rewriter, MatmulOp matmul);

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_TRANSFORMS_FUSEEPILOGUE_H
