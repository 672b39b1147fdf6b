//===- DenseProducts.h - Products that fusion has left ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Part of FuseDecode.cpp. Private to lib/Dialect/UWT/Transforms.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_DIALECT_UWT_TRANSFORMS_DENSEPRODUCTS_H
#define UWT_LIB_DIALECT_UWT_TRANSFORMS_DENSEPRODUCTS_H

#include "mlir/Interfaces/FunctionInterfaces.h"

namespace uwt {

/// Emits a remark with the reason at each linalg operation that multiplies with what comes from
/// weights alone and still sums it up itself. Gives their number.
unsigned remarkDenseProducts(mlir::FunctionOpInterface function);

} // namespace uwt

#endif // UWT_LIB_DIALECT_UWT_TRANSFORMS_DENSEPRODUCTS_H
