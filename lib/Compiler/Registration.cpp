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
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/BufferizableOpInterface.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"

using namespace mlir;

void uwt::registerAllDialects(DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<UWTDialect>();
  registerBufferizableOpInterfaceModels(registry);
}

void uwt::registerAllPasses() {
  mlir::registerAllPasses();
  registerUWTPasses();
}
