//===- Pipelines.cpp - From linalg on tensors to LLVM ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of passes, and why where it matters. Nothing here depends on a target.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/CPU/Passes.h"
#include "uwt/Codegen/Math/Passes.h"
#include "uwt/Input/Passes.h"
#include "uwt/Rewrite/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace uwt::codegen {

/// Tiles up to this many bytes live on a thread's stack.
static constexpr int64_t largestStackBuffer = 32 * 1024;

/// Buffers of a parallel loop's iteration may live on the stack; a function's may not: a deep
/// model has hundreds.
static bool belongsOnStack(Value buffer) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (!type || !type.hasStaticShape() || !buffer.getDefiningOp()->getParentOfType<scf::ForallOp>())
    return false;
  return type.getNumElements() *
             DataLayout::closest(buffer.getDefiningOp()).getTypeSize(type.getElementType()) <=
         largestStackBuffer;
}

void buildFuseRestPipeline(OpPassManager &pm, const LowerRestOptions &options) {
  OpPassManager &func = pm.nest<func::FuncOp>();
  func.addPass(createCanonicalizePass());
  func.addPass(createCSEPass());
  func.addPass(createFuseElementwisePass());
  func.addPass(createCanonicalizePass());
  func.addPass(createCSEPass());
  TileRowsPassOptions tile;
  tile.minWork = options.minWork;
  tile.tileWork = options.tileWork;
  func.addPass(createTileRowsPass(tile));
  // No CSE from here to memrefs: it would make one fill of two, and bufferization a copy.
  func.addPass(createCanonicalizePass());
}

void buildBufferizePipeline(OpPassManager &pm) {
  pm.addPass(createCheckBufferizablePass());
  pm.nest<func::FuncOp>().addPass(createProtectArgumentsPass());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.allowReturnAllocsFromLoops = true;
  options.functionBoundaryTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  OpPassManager &func = pm.nest<func::FuncOp>();
  func.addPass(createCanonicalizePass());
  func.addPass(createCSEPass());
  func.addPass(bufferization::createPromoteBuffersToStackPass(belongsOnStack));
  bufferization::buildBufferDeallocationPipeline(pm);
  pm.addPass(createConvertBufferizationToMemRefPass());
}

void buildVectorizeRestPipeline(OpPassManager &pm) {
  OpPassManager &func = pm.nest<func::FuncOp>();
  func.addPass(createVectorizeLinalgPass());
  func.addPass(createCanonicalizePass());
  func.addPass(createCSEPass());
}

void buildShareRepeatedPipeline(OpPassManager &pm) {
  // Before there are functions of ours, which nobody calls from C.
  pm.nest<func::FuncOp>().addPass(LLVM::createLLVMRequestCWrappersPass());
  pm.addPass(createOutlineRepeatedPass());
}

void buildExpandArithmeticPipeline(OpPassManager &pm) {
  pm.nest<func::FuncOp>().addPass(createHoistBuffersPass());
  pm.addPass(createOutlineParallelPass());
  OpPassManager &func = pm.nest<func::FuncOp>();
  buildExpandFloatsPipeline(func, /*expandBf16=*/true);
  func.addPass(createLoopInvariantCodeMotionPass());
  func.addPass(createCanonicalizePass());
  func.addPass(createCSEPass());
}

void buildLowerToLLVMPipeline(OpPassManager &pm) {
  pm.addPass(createHoldFloatsAsIntegersPass());
  // What can be done to each function alone is, on all threads. Of any kind: a trusted module may
  // have functions of LLVM with arithmetic that is not.
  OpPassManager &loops = pm.nest<func::FuncOp>();
  loops.addPass(createConvertVectorToSCFPass());
  loops.addPass(createExpandDynamicShapesPass());
  loops.addPass(memref::createExpandStridedMetadataPass());
  loops.addPass(createLowerAffinePass());
  loops.addPass(createSCFToControlFlowPass());
  pm.addPass(createLowerChecksPass());
  pm.nestAny().addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.nestAny().addPass(createConvertVectorToLLVMPass());
  pm.addPass(createLowerAllocationsPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  OpPassManager &scalars = pm.nestAny();
  scalars.addPass(createArithToLLVMConversionPass());
  scalars.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCheckLoweredPass());
}

void buildLowerRestPipeline(OpPassManager &pm, const LowerRestOptions &options) {
  buildLowerInputPipeline(pm, options.checks);
  buildFuseRestPipeline(pm, options);
  buildBufferizePipeline(pm);
  buildVectorizeRestPipeline(pm);
  buildShareRepeatedPipeline(pm);
  buildExpandArithmeticPipeline(pm);
  buildLowerToLLVMPipeline(pm);
}

void registerCPUPipelines() {
  PassPipelineRegistration<LowerRestOptions>(
      "uwt-lower-linalg-cpu",
      "Lower linalg on tensors to the LLVM dialect for a CPU, with the same bits on every target",
      buildLowerRestPipeline);
}

} // namespace uwt::codegen
