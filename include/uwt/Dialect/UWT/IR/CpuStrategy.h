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
  return {*cpuStrategyOf(strategy.getStrategy()), strategy.getTileN(), strategy.getTileM(),
          strategy.getTileK(), strategy.getPrefetch()};
}

} // namespace uwt

#endif // UWT_DIALECT_UWT_IR_CPUSTRATEGY_H
