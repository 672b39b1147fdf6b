//===- Registration.cpp - All dialects and passes -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/Registration.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "uwt/Codegen/CPU/Passes.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Codegen/Decode/Passes.h"
#include "uwt/Codegen/GPU/Passes.h"
#include "uwt/Codegen/GPU/ProductKernels.h"
#include "uwt/Codegen/Math/Passes.h"
#include "uwt/Codegen/NVPTX/Passes.h"
#include "uwt/Compiler/Passes.h"
#include "uwt/Compiler/Pipelines.h"
#include "uwt/Dialect/TMTensor/TMTensor.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/BufferizableOpInterface.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "uwt/Input/Passes.h"
#include "uwt/Rewrite/Passes.h"

using namespace mlir;

void uwt::registerAllDialects(DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerOwnDialects(registry);
}

void uwt::registerOwnDialects(DialectRegistry &registry) {
  registry.insert<UWTDialect, tm_tensor::TMTensorDialect>();
  registerBufferizableOpInterfaceModels(registry);
  codegen::registerEmission(registry);
  codegen::registerGpuKernels(registry);
}

void uwt::registerAllPasses() {
  mlir::registerAllPasses();
  registerOwnPasses();
}

void uwt::registerOwnPasses() {
  registerUWTRewritePasses();
  registerUWTPasses();
  registerUWTInputPasses();
  codegen::registerUWTCodegenMathPasses();
  codegen::registerUWTCodegenDecodePasses();
  codegen::registerUWTCodegenCPUPasses();
  codegen::registerUWTCodegenGPUPasses();
  codegen::registerUWTCodegenNVPTXPasses();
  registerUWTCompilerPasses();
  codegen::registerCPUPipelines();
  codegen::registerNVPTXPipelines();
  registerCompilePipelines();
}
