//===- GpuProducts.cpp - Products that become kernels ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuProducts.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "uwt/Codegen/Decode/Passes.h"
#include "uwt/Codegen/GPU/Passes.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"

using namespace mlir;

namespace uwt {

static LogicalResult selectStrategies(ModuleOp module, const GpuTarget &target, StringRef strategy,
                                      bool keepOnHost) {
  PassManager passes(module.getContext(), ModuleOp::getOperationName());
  SelectStrategyPassOptions options;
  options.gpu = target.name;
  options.strategy = strategy;
  options.keepOnHost = keepOnHost;
  passes.addPass(createSelectStrategyPass(std::move(options)));
  return passes.run(module);
}

static LogicalResult outlineProducts(ModuleOp module, const GpuTarget &target) {
  PassManager passes(module.getContext(), ModuleOp::getOperationName());
  // emitDecoders() verifies the kernels, and whoever asks for them the rest.
  passes.enableVerifier(false);
  OutlineProductsPassOptions options;
  options.target = target.name;
  passes.addPass(createOutlineProductsPass(std::move(options)));
  passes.addPass(createLowerLaunchesPass());
  return passes.run(module);
}

LogicalResult emitDecoders(ModuleOp kernels) {
  PassManager passes(kernels.getContext(), ModuleOp::getOperationName());
  passes.addPass(createEmitDecodersPass());
  passes.addPass(createCSEPass());
  passes.addPass(createCanonicalizerPass());
  return passes.run(kernels);
}

//===----------------------------------------------------------------------===//
// What calls launch
//===----------------------------------------------------------------------===//

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

/// Moves the kernels that launches of `module` name into a module of their own.
static GpuProducts separateKernels(ModuleOp module) {
  GpuProducts result;
  result.module = ModuleOp::create(module.getLoc());
  auto launches = module->getAttrOfType<ArrayAttr>(UWTDialect::launchesAttrName);
  if (!launches)
    return result;
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
      kernels.back()->moveBefore(result.module->getBody(), result.module->getBody()->end());
    }
  }
  // What is left names no kernels.
  module->removeAttr(UWTDialect::launchesAttrName);
  module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  return result;
}

FailureOr<GpuProducts> takeProducts(ModuleOp module, const GpuTarget &target, StringRef strategy,
                                    bool keepOnHost) {
  if (failed(selectStrategies(module, target, strategy, keepOnHost)) ||
      failed(outlineProducts(module, target)))
    return failure();
  GpuProducts products = separateKernels(module);
  if (failed(emitDecoders(*products.module)))
    return failure();
  return std::move(products);
}

} // namespace uwt
