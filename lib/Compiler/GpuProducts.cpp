//===- GpuProducts.cpp - Kernels and what calls of them mean --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuProducts.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt {

static ProductOperand operandOf(LaunchOperandAttr operand) {
  int64_t dimension = operand.getMatrixDimension();
  return {operand.getBytes(), operand.getRank(),
          dimension < 0 ? std::nullopt : std::optional(static_cast<unsigned>(dimension))};
}

static ProductShape shapeOf(LaunchAttr launch) {
  ProductShape shape;
  shape.x = operandOf(launch.getX());
  shape.y = operandOf(launch.getY());
  for (LaunchOperandAttr extra : launch.getExtras())
    shape.extras.push_back(operandOf(extra));
  shape.matrices = launch.getMatrices();
  LaunchOperandAttr select = launch.getSelect();
  if (!select)
    return shape;
  bool isOne = select.getRank() == 0;
  shape.selection = isOne ? ProductShape::Selection::One : ProductShape::Selection::Each;
  if (!isOne)
    shape.numbers = operandOf(select);
  return shape;
}

static void moveTo(ModuleOp module, gpu::GPUModuleOp kernels) {
  kernels->moveBefore(module.getBody(), module.getBody()->end());
}

/// Moves the kernels that `launches` name.
static void separateProducts(ModuleOp module, ArrayAttr launches, GpuProducts &result) {
  llvm::DenseMap<Attribute, size_t> kinds;
  for (auto launch : launches.getAsRange<LaunchAttr>()) {
    auto [kind, isNew] = kinds.try_emplace(launch.getKernels(), kinds.size());
    result.calls.calls.push_back({kind->second, launch.getSlot()});
    if (!isNew)
      continue;
    result.calls.kinds.push_back(shapeOf(launch));
    auto &kernels = result.kernels.emplace_back();
    for (auto name : launch.getKernels().getAsRange<FlatSymbolRefAttr>()) {
      kernels.push_back(module.lookupSymbol<gpu::GPUModuleOp>(name));
      moveTo(*result.module, kernels.back());
    }
  }
}

/// Whether a module holds kernels of ours, which say how they are launched.
static bool hasEntries(gpu::GPUModuleOp module) {
  return llvm::any_of(module.getOps<gpu::GPUFuncOp>(), [](gpu::GPUFuncOp kernel) {
    return kernel->hasAttr(UWTDialect::kernelEntryAttrName);
  });
}

GpuProducts separateKernels(ModuleOp module) {
  GpuProducts result;
  result.module = ModuleOp::create(module.getLoc());
  if (auto launches = module->getAttrOfType<ArrayAttr>(UWTDialect::launchesAttrName))
    separateProducts(module, launches, result);
  for (auto transcode : llvm::make_early_inc_range(module.getOps<gpu::GPUModuleOp>()))
    if (hasEntries(transcode))
      moveTo(*result.module, transcode);
  // What is left names no kernels.
  module->removeAttr(UWTDialect::launchesAttrName);
  module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  return result;
}

} // namespace uwt
