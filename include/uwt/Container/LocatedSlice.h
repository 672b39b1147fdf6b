//===- LocatedSlice.h - Where a slice of a tensor lies ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_LOCATEDSLICE_H
#define UWT_CONTAINER_LOCATEDSLICE_H

#include "uwt/Codec/Tensor.h"
#include "uwt/Container/Container.h"

namespace uwt {

/// A slice in numbers: matrices, rows and columns, half-open, and the shape that it has.
struct LocatedSlice {
  TensorRange range;
  std::vector<uint64_t> shape;
};

/// Where `slice` lies in a tensor of that shape. Errors: Usage (outside of it).
Expected<LocatedSlice> locate(const std::vector<uint64_t> &shape, const TensorSlice &slice);

} // namespace uwt

#endif // UWT_CONTAINER_LOCATEDSLICE_H
