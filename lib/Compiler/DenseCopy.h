//===- DenseCopy.h - Between strided and dense tensors --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Tensors of callers and of compiled code may be strided; results and operands of kernels are
/// dense, row-major. Strides count elements.
///
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_DENSECOPY_H
#define UWT_LIB_COMPILER_DENSECOPY_H

#include <cstdint>
#include <span>
#include <vector>

namespace uwt {

/// Strides of a dense row-major tensor.
std::vector<int64_t> denseStrides(std::span<const int64_t> shape);

/// Whether elements lie as in a dense tensor; steps along a dimension of one element do not
/// matter, and none do where there are no elements.
bool liesDense(std::span<const int64_t> shape, std::span<const int64_t> strides);

/// Copies a strided tensor to dense `to`.
void copyToDense(uint8_t *to, const uint8_t *from, std::span<const int64_t> shape,
                 std::span<const int64_t> strides, int64_t elementBytes);

/// The way back: copies dense `from` to a strided tensor.
void copyFromDense(uint8_t *to, const uint8_t *from, std::span<const int64_t> shape,
                   std::span<const int64_t> strides, int64_t elementBytes);

} // namespace uwt

#endif // UWT_LIB_COMPILER_DENSECOPY_H
