//===- CpuStrategy.h - #uwt.strategy and the cost model's terms -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_CPUSTRATEGY_H
#define UWT_DIALECT_UWT_IR_CPUSTRATEGY_H

#include "uwt/CostModel/KernelConfig.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Target/Target.h"

namespace uwt {

inline ProductStrategy productStrategyOf(CpuStrategy strategy) {
  switch (strategy) {
  case CpuStrategy::Direct:
    return ProductStrategy::Direct;
  case CpuStrategy::Buffer:
    return ProductStrategy::Buffer;
  case CpuStrategy::Tiles:
    return ProductStrategy::Tiles;
  }
  llvm_unreachable("a strategy of CPUs");
}

/// Nothing for those of GPUs alone.
inline std::optional<CpuStrategy> cpuStrategyOf(ProductStrategy strategy) {
  for (CpuStrategy each : {CpuStrategy::Direct, CpuStrategy::Buffer, CpuStrategy::Tiles})
    if (productStrategyOf(each) == strategy)
      return each;
  return std::nullopt;
}

/// What the attribute, which is verified, says.
inline KernelConfig configOf(StrategyAttr strategy) {
  return {*cpuStrategyOf(strategy.getStrategy()),
          strategy.getTileN(),
          strategy.getTileM(),
          strategy.getTileK(),
          strategy.getPrefetch(),
          strategy.getReadStreams()};
}

/// Whether the tiles of a target may compute a product of floats: they multiply two numbers of the
/// same type, with sums in an order of their own.
inline bool tilesServe(MatmulOp op, const Target &target) {
  mlir::Type element = op.getXType().getElementType();
  if (op.getNumerics() != Numerics::Fast || element != op.getWeightType().getElementType())
    return false;
  return (element.isBF16() && target.hasTiles()) || (element.isF16() && target.hasFp16Tiles());
}

/// The rest of an error at an operation that they may not compute.
inline constexpr llvm::StringLiteral tilesNeed =
    "has strategy 'tiles', which needs weights and x of bf16 (or f16), fast numerics and a target "
    "with AMX (or its tiles of f16): use 'buffer'";

} // namespace uwt

#endif // UWT_DIALECT_UWT_IR_CPUSTRATEGY_H
