//===- uwt-plugin.cpp - UWT in a stock mlir-opt ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//     mlir-opt --load-dialect-plugin=UWTPlugin.so --load-pass-plugin=UWTPlugin.so …
//
// Registers what is UWT's only: upstream's dialects and passes are the tool's business.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Dialect.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "uwt/Compiler/Registration.h"

#define UWT_PLUGIN_ENTRY extern "C" __attribute__((visibility("default")))

UWT_PLUGIN_ENTRY mlir::DialectPluginLibraryInfo mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "UWT", "v0.1",
          [](mlir::DialectRegistry *registry) { uwt::registerOwnDialects(*registry); }};
}

UWT_PLUGIN_ENTRY mlir::PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "UWT", "v0.1", [] { uwt::registerOwnPasses(); }};
}
