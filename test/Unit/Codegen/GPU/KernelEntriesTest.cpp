//===- KernelEntriesTest.cpp - Launch metadata in the IR ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/GPU/KernelEntries.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "uwt/Compiler/Compile.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::codegen;

namespace {

/// A gpu.module with two kernels, and what is said of it.
class KernelEntriesTest : public ::testing::Test {
protected:
  KernelEntriesTest() : context(makeContext()) {
    context->loadAllAvailableDialects();
    module = mlir::parseSourceString<mlir::ModuleOp>(
        "gpu.module @kernels {\n  gpu.func @pack() kernel { gpu.return }\n"
        "  gpu.func @helper() { gpu.return }\n  gpu.func @product() kernel { gpu.return }\n}\n",
        context.get());
  }
  mlir::gpu::GPUModuleOp kernels() { return *module->getOps<mlir::gpu::GPUModuleOp>().begin(); }
  /// Why entries cannot be read.
  std::string readingError() {
    std::string message;
    mlir::ScopedDiagnosticHandler handler(
        context.get(), [&](mlir::Diagnostic &diagnostic) { message = diagnostic.str(); });
    EXPECT_TRUE(mlir::failed(readKernelEntries(kernels())));
    return message;
  }

  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// No field is what it is by default.
KernelEntry sampleEntry(const std::string &kernel) {
  KernelEntry entry;
  entry.kernel = kernel;
  entry.kind = GpuKernelKind::Transcode;
  entry.strategy = "strategy,\"quoted\"";
  entry.format = *Format::parse("huffman<12,2>");
  entry.result = *Format::parse("inplace<12>");
  entry.element = ElementType::F16;
  entry.n = {1, 512, 1};
  entry.k = {64, UINT64_MAX, 64};
  entry.mFrom = 9;
  entry.mTo = 16;
  entry.launch = {GridRule::Tiles, 160, 1024, 4, true, 2, 128, 256, 8};
  entry.workspace = {16, 1, 2, 3, 4};
  entry.arguments = {{ArgumentKind::X, ArgumentType::F16, 2, 0, 0},
                     {ArgumentKind::Extra, ArgumentType::F32, 4, 0, 0},
                     {ArgumentKind::Extra, ArgumentType::BF16, 2, 1, 0},
                     {ArgumentKind::Constant, ArgumentType::I64, 1, 0, UINT64_MAX}};
  return entry;
}

} // namespace

TEST_F(KernelEntriesTest, AttributesHoldAllOfAnEntry) {
  ASSERT_TRUE(module);
  std::vector<KernelEntry> entries = {sampleEntry("pack"), sampleEntry("product")};
  entries.back().mTo = UINT32_MAX;
  entries.back().workspace = {};
  writeKernelEntries(kernels(), entries, /*isSequence=*/false);
  auto read = readKernelEntries(kernels());
  ASSERT_TRUE(mlir::succeeded(read));
  EXPECT_TRUE(*read == entries);

  writeKernelEntries(kernels(), entries, /*isSequence=*/true);
  entries.back().prepare = 1;
  read = readKernelEntries(kernels());
  ASSERT_TRUE(mlir::succeeded(read));
  EXPECT_TRUE(*read == entries);
}

TEST_F(KernelEntriesTest, AKernelHasAnEntryAndComesAfterAnother) {
  ASSERT_TRUE(module);
  std::vector<KernelEntry> entries = {sampleEntry("product"), sampleEntry("pack")};
  writeKernelEntries(kernels(), entries, /*isSequence=*/true);
  EXPECT_EQ(readingError(),
            "'gpu.func' op is launched after @product, which does not stand before it");
  kernels().lookupSymbol("pack")->removeAttr(UWTDialect::kernelEntryAttrName);
  EXPECT_EQ(readingError(), "'gpu.func' op has no attribute uwt.kernel_entry");
}

TEST_F(KernelEntriesTest, AModuleOfAProductHasAPlan) {
  ASSERT_TRUE(module);
  EXPECT_FALSE(readPlanFacts(kernels()));
  PlanFacts facts;
  facts.slice = 64;
  facts.tileN = 128;
  facts.cluster = 2;
  facts.m = 300;
  facts.ctas = 3;
  facts.stages = 4;
  facts.stageBytes = 24576;
  facts.usesWarpgroups = facts.decodesBeside = true;
  facts.streamWarps = 8;
  facts.lookups = 1.0 / 3;
  facts.rawBytes = 1;
  facts.decodedBytes = 0.5;
  facts.bytesOutside = 0.1;
  writePlanFacts(kernels(), facts);
  std::optional<PlanFacts> read = readPlanFacts(kernels());
  ASSERT_TRUE(read);
  EXPECT_TRUE(*read == facts);
}
