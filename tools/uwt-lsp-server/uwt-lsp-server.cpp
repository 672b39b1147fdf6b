//===- uwt-lsp-server.cpp - Editors' support for IR -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Dialect.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "uwt/Compiler/Registration.h"
#include "uwt/Support/Process.h"

int main(int argc, char **argv) {
  uwt::prepareProcess();
  mlir::DialectRegistry registry;
  uwt::registerAllDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
