//===- uwt-opt.cpp - Runs passes over IR ----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "uwt/Compiler/Registration.h"
#include "uwt/Support/Process.h"

int main(int argc, char **argv) {
  uwt::prepareProcess();
  mlir::DialectRegistry registry;
  uwt::registerAllDialects(registry);
  uwt::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "UWT: products from compressed weights\n", registry));
}
