//===- TilesToVectors.h - Tile registers as vectors -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_CPU_TILESTOVECTORS_H
#define UWT_LIB_CODEGEN_CPU_TILESTOVECTORS_H

#include "mlir/IR/Operation.h"

namespace uwt::codegen {

/// Replaces operations on tiles inside of `scope` by loops over vectors, with the bits of AMX
/// (docs/numerics.md); an error at what is not served.
mlir::LogicalResult lowerTilesToVectors(mlir::Operation *scope);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_CPU_TILESTOVECTORS_H
