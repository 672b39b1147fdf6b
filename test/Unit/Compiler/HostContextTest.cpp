//===- HostContextTest.cpp - Contexts of hosts ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/Compiler/Registration.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace {

constexpr const char *text = R"(
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
)";

/// Compiles a module in a context with `registry`, in which `load` has loaded dialects.
void expectCompiles(const DialectRegistry &registry, void (*load)(MLIRContext &)) {
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  load(context);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(module);
  uwt::ThreadPool pool(1);
  for (int i = 0; i < 2; ++i) {
    auto program = uwt::compile(*module, uwt::CompileOptions(), pool);
    EXPECT_TRUE(program) << program.error().message();
  }
}

TEST(HostContextTest, CompilesWithLlvmLoadedButNotItsTranslation) {
  DialectRegistry registry;
  uwt::registerAllDialects(registry);
  expectCompiles(registry, [](MLIRContext &context) { context.loadDialect<LLVM::LLVMDialect>(); });
}

TEST(HostContextTest, CompilesWithOwnDialectsAndTheTranslationAlone) {
  DialectRegistry registry;
  uwt::registerOwnDialects(registry);
  registry.insert<func::FuncDialect, linalg::LinalgDialect>();
  registerLLVMDialectTranslation(registry);
  expectCompiles(registry, [](MLIRContext &context) { context.loadAllAvailableDialects(); });
}

TEST(HostContextTest, CompilesWithTheModulesDialectsAlone) {
  DialectRegistry registry;
  registry.insert<func::FuncDialect, linalg::LinalgDialect>();
  expectCompiles(registry, [](MLIRContext &) {});
}

} // namespace
