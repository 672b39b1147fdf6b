//===- BuildableKernels.h - Which kernels GPUs have -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where the cost model's choice for GPUs meets the IR: configurations by both names, and what code
// generation, which the dialect does not know, says of a product.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_TRANSFORMS_BUILDABLEKERNELS_H
#define UWT_DIALECT_UWT_TRANSFORMS_BUILDABLEKERNELS_H

#include "mlir/IR/DialectInterface.h"
#include "uwt/CostModel/GpuChoice.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include <memory>

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

inline GpuInstruction gpuInstructionOf(ProductInstruction instruction) {
  return static_cast<GpuInstruction>(instruction);
}
inline ProductInstruction productInstructionOf(GpuInstruction instruction) {
  return static_cast<ProductInstruction>(instruction);
}
static_assert(int(ProductInstruction::Fma) == int(GpuInstruction::Fma) &&
              int(ProductInstruction::Mma) == int(GpuInstruction::Mma) &&
              int(ProductInstruction::Wgmma) == int(GpuInstruction::Wgmma));

GpuChoice choiceOf(GpuStrategyAttr attribute);
GpuStrategyAttr attributeOf(mlir::MLIRContext *context, const GpuChoice &choice);

/// Code generation for GPUs as the passes of the dialect see it. Registered by
/// uwt::registerGpuKernels().
class BuildableKernelsInterface : public mlir::DialectInterface::Base<BuildableKernelsInterface> {
public:
  explicit BuildableKernelsInterface(mlir::Dialect *dialect) : Base(dialect) {}
  /// Which kernels there are for a product on memrefs. Errors: Unsupported (there are none).
  virtual Expected<std::unique_ptr<BuildableKernels>> describe(MatmulOp op,
                                                               const GpuTarget &target) const = 0;
};

} // namespace uwt

#endif // UWT_DIALECT_UWT_TRANSFORMS_BUILDABLEKERNELS_H
