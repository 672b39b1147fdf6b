//===- Pipelines.cpp - From what front ends write to linalg ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Pass/PassManager.h"
#include "uwt/Input/Passes.h"

void uwt::buildLowerInputPipeline(mlir::OpPassManager &pm, bool checks) {
  pm.addPass(createLowerInputPass());
  pm.addPass(createDefineResultsPass());
  if (checks)
    pm.addPass(createInsertChecksPass());
}
