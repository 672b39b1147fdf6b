//===- Pipelines.cpp - The way of a kernel to the LLVM dialect ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/NVVMToLLVM/NVVMToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "uwt/Codegen/Math/Passes.h"
#include "uwt/Codegen/NVPTX/Passes.h"
#include "uwt/Codegen/NVPTX/Ptx.h"
#include "uwt/Rewrite/Passes.h"

using namespace mlir;

namespace uwt::codegen {

void buildGpuToLLVMPipeline(OpPassManager &pm, const std::string &chip) {
  pm.addPass(createExpandMathPass());
  // Strides and offsets of views as arithmetic, before memrefs become descriptors.
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createCanonicalizePass());
  pm.addPass(createCSEPass());
  pm.addPass(createLoopInvariantCodeMotionPass());
  LowerGpuOpsPassOptions ours;
  ours.chip = chip;
  pm.addPass(createLowerGpuOpsPass(std::move(ours)));
  pm.addPass(createConvertNVGPUToNVVMPass());
  pm.addPass(createSCFToControlFlowPass());
  // Indices of 64 bits: planes can have more than 2^31 elements, and the loops of kernels take as
  // many instructions with 32.
  pm.addPass(createConvertGpuOpsToNVVMOps());
  pm.addPass(createConvertNVVMToLLVMPass());
  pm.addPass(createCanonicalizePass());
  pm.addPass(createCSEPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

FailureOr<const GpuTarget *> targetOfKernels(gpu::GPUModuleOp module, StringRef name) {
  SmallVector<NVVM::NVVMTargetAttr> own;
  if (ArrayAttr targets = module.getTargetsAttr())
    for (auto target : targets.getAsRange<Attribute>())
      if (auto nvvm = dyn_cast<NVVM::NVVMTargetAttr>(target))
        own.push_back(nvvm);
  if (own.size() > 1)
    return emitError(module.getLoc())
           << "has " << own.size() << " targets; compile a copy for each";
  StringRef chip = own.empty() ? StringRef() : own.front().getChip();
  if (!chip.empty() && !name.empty() && chip != name)
    return emitError(module.getLoc())
           << "has kernels for GPU target '" << chip << "', not for '" << name << "'";
  StringRef wanted = !name.empty() ? name : !chip.empty() ? chip : "sm_90a";
  Expected<const GpuTarget *> target = findGpuTarget(std::string_view(wanted));
  if (!target)
    return emitError(module.getLoc(), target.error().message());
  return *target;
}

LogicalResult lowerKernels(gpu::GPUModuleOp module, const GpuTarget &target) {
  PassManager pm(module.getContext(), gpu::GPUModuleOp::getOperationName());
  buildGpuToLLVMPipeline(pm, std::string(target.name));
  // After each pass this would take a third of the time; uwt-opt does.
  pm.enableVerifier(false);
  if (mlir::failed(pm.run(module)))
    return failure();
  return mlir::verify(module);
}

namespace {
struct GpuToLLVMOptions : PassPipelineOptions<GpuToLLVMOptions> {
  Option<std::string> chip{*this, "chip",
                           llvm::cl::desc("Name of the GPU target (default: that of the module's "
                                          "#nvvm.target, else sm_90a)")};
};
} // namespace

void registerNVPTXPipelines() {
  PassPipelineRegistration<GpuToLLVMOptions>(
      "uwt-gpu-to-llvm",
      "Lower kernels in gpu.modules from lane level to the LLVM and NVVM dialects",
      [](OpPassManager &pm, const GpuToLLVMOptions &options) {
        buildGpuToLLVMPipeline(pm.nest<gpu::GPUModuleOp>(), options.chip);
      });
}

} // namespace uwt::codegen
