//===- GpuKernels.h - Which kernels of GPUs a product can have --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where the cost model's choice for GPUs meets the IR: strategies by both names.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_TRANSFORMS_GPUKERNELS_H
#define UWT_DIALECT_UWT_TRANSFORMS_GPUKERNELS_H

#include "uwt/CostModel/GpuChoice.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

inline GpuStrategy gpuStrategyOf(ProductStrategy strategy) {
  return static_cast<GpuStrategy>(strategy);
}
inline ProductStrategy productStrategyOf(GpuStrategy strategy) {
  return static_cast<ProductStrategy>(strategy);
}
static_assert(int(ProductStrategy::Direct) == int(GpuStrategy::Direct) &&
              int(ProductStrategy::Shared) == int(GpuStrategy::Shared) &&
              int(ProductStrategy::Codes) == int(GpuStrategy::Codes) &&
              int(ProductStrategy::Exponents) == int(GpuStrategy::Exponents) &&
              int(ProductStrategy::Buffer) == int(GpuStrategy::Buffer));

} // namespace uwt

#endif // UWT_DIALECT_UWT_TRANSFORMS_GPUKERNELS_H
