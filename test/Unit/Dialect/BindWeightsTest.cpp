//===- BindWeightsTest.cpp - Binding modules that share a context ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestFolders.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "uwt/Container/Safetensors.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/ConstantData.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include <gtest/gtest.h>

using namespace mlir;

namespace {

constexpr StringLiteral source = R"(
  func.func @f() -> tensor<2x2xbf16> {
    %w = arith.constant dense_resource<w> : tensor<2x2xbf16>
    return %w : tensor<2x2xbf16>
  })";

/// A safetensors file that is removed again, with matrices of these names.
class WeightFile {
public:
  explicit WeightFile(std::initializer_list<std::string> names) {
    std::vector<uwt::SafetensorsOutput> tensors;
    for (const std::string &name : names)
      tensors.push_back({name, uwt::findSafetensorsDtype("BF16"), {2, 2}, bytes});
    written = bool(uwt::writeSafetensors(path(), tensors, {}, /*overwrite=*/false));
  }

  std::string path() const { return folder / "weights.safetensors"; }
  bool written = false;

private:
  uwt::test::TemporaryFolder folder;
  std::array<uint8_t, 8> bytes{};
};

/// The tensor that the constant of `module` is bound to, or nothing where binding fails.
std::optional<std::string> boundName(ModuleOp module, const WeightFile &file) {
  PassManager passes(module.getContext());
  uwt::BindWeightsPassOptions options;
  options.weights = {file.path()};
  passes.addPass(uwt::createBindWeightsPass(options));
  if (failed(passes.run(module)))
    return std::nullopt;
  std::optional<std::string> name;
  module.walk([&](uwt::WeightOp weight) { name = weight.getName().str(); });
  return name;
}

/// The key of the module's constant.
std::string keyOf(ModuleOp module) {
  std::string key;
  module.walk([&](arith::ConstantOp constant) { key = uwt::keyOf(constant.getValue()).str(); });
  return key;
}

class BindWeights : public testing::Test {
protected:
  BindWeights() { context.loadDialect<uwt::UWTDialect, func::FuncDialect>(); }
  OwningOpRef<ModuleOp> parse() { return parseSourceString<ModuleOp>(source, &context); }
  MLIRContext context;
};

TEST_F(BindWeights, SecondParseInAContextBindsToTheSameTensor) {
  WeightFile file({"w", "x"});
  ASSERT_TRUE(file.written);
  OwningOpRef<ModuleOp> first = parse(), second = parse();
  ASSERT_EQ(keyOf(*first), "w");
  ASSERT_NE(keyOf(*second), "w");
  EXPECT_EQ(boundName(*first, file), "w");
  EXPECT_EQ(boundName(*second, file), "w");
}

TEST_F(BindWeights, KeyThatMayBeARenamedOneIsRefused) {
  WeightFile file({"w", "w_1"});
  ASSERT_TRUE(file.written);
  OwningOpRef<ModuleOp> first = parse(), second = parse();
  ASSERT_EQ(keyOf(*second), "w_1");
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message = diagnostic.str();
    return success();
  });
  EXPECT_EQ(boundName(*second, file), std::nullopt);
  EXPECT_EQ(message, "dense_resource<w_1> may be tensor 'w_1' or 'w', whose key this context has "
                     "seen before; parse the module in a context of its own");
}

} // namespace
