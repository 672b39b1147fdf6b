//===- uwt-opt.cpp - Runs passes over IR ----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "uwt/Compiler/ModuleText.h"
#include "uwt/Compiler/Registration.h"
#include "uwt/Support/Process.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

static LogicalResult fail(const std::string &message) {
  llvm::errs() << message << "\n";
  return failure();
}

static LogicalResult run(int argc, char **argv) {
  DialectRegistry registry;
  uwt::registerAllDialects(registry);
  uwt::registerAllPasses();
  auto [inputName, outputName] =
      registerAndParseCLIOptions(argc, argv, "UWT: products from compressed weights\n", registry);
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return MlirOptMain(argc, argv, inputName, outputName, registry);
  std::string error;
  std::unique_ptr<llvm::MemoryBuffer> input = openInputFile(inputName, &error);
  if (!input)
    return fail(error);
  // As in uwt::parseModule, before the parser takes all of the stack.
  if (llvm::StringRef text = input->getBuffer(); !isBytecode(*input))
    if (uwt::Status status = uwt::checkModuleText({text.data(), text.size()}, inputName); !status)
      return fail(status.error().message());
  std::unique_ptr<llvm::ToolOutputFile> output = openOutputFile(outputName, &error);
  if (!output)
    return fail(error);
  if (failed(MlirOptMain(output->os(), std::move(input), registry, config)))
    return failure();
  output->keep();
  return success();
}

int main(int argc, char **argv) {
  uwt::prepareProcess();
  llvm::InitLLVM init(argc, argv);
  return asMainReturnCode(run(argc, argv));
}
