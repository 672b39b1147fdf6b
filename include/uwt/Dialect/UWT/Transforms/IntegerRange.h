//===- IntegerRange.h - Between which numbers integers are ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_TRANSFORMS_INTEGERRANGE_H
#define UWT_DIALECT_UWT_TRANSFORMS_INTEGERRANGE_H

#include "mlir/Interfaces/InferIntRangeInterface.h"

namespace uwt {

/// Between which numbers the elements of `value` are, integers or tensors of them, as the
/// operations on one number say (InferIntRangeInterface), behind generics and what moves elements.
mlir::ConstantIntRanges integerRangeOf(mlir::Value value);

} // namespace uwt

#endif // UWT_DIALECT_UWT_TRANSFORMS_INTEGERRANGE_H
