//===- CompileKernelsTest.cpp - Kernels to checked machine code -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Needs ptxas and nvdisasm (test/requirements.txt has both); without them tests are skipped.
//
//===----------------------------------------------------------------------===//

#include "uwt/CudaTools/CompileKernels.h"
#include "TestFolders.h"
#include "lib/CudaTools/CudaTools.h"
#include "mlir/Parser/Parser.h"
#include "uwt/Compiler/Compile.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace mlir;
using namespace uwt;
using namespace uwt::cuda_tools;
using namespace uwt::machine_code;

namespace {

class CompileKernels : public testing::Test {
protected:
  void SetUp() override {
    // The tests' virtual environment, wherever the build folder is.
    setenv("VIRTUAL_ENV", (test::sourceFolder() / ".venv").c_str(), /*overwrite=*/0);
    for (CudaTool tool : {CudaTool::Ptxas, CudaTool::Nvdisasm})
      if (Expected<std::string> found = findCudaTool(tool, ""); !found)
        GTEST_SKIP() << found.error().message();
  }

  /// The kernels of a file of test/Codegen/NVPTX.
  FailureOr<GpuCode> compileFile(const std::string &name, std::string_view target) {
    module = parseSourceFile<ModuleOp>(inTree(name), context.get());
    return compileModule(target);
  }
  GpuCodeOptions options;
  static std::string inTree(const std::string &name) {
    return (test::sourceFolder() / "test/Codegen/NVPTX" / name).string();
  }
  FailureOr<GpuCode> compileText(llvm::StringRef text, std::string_view target) {
    module = parseSourceString<ModuleOp>(text, context.get());
    return compileModule(target);
  }

  std::unique_ptr<MLIRContext> context = makeContext();
  /// What was reported, one error a line.
  std::string errors;

private:
  FailureOr<GpuCode> compileModule(std::string_view target) {
    if (!module)
      return failure();
    ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
      errors += diagnostic.str() + '\n';
      return success();
    });
    return compileKernels(*module->getOps<gpu::GPUModuleOp>().begin(), **findGpuTarget(target),
                          options);
  }

  OwningOpRef<ModuleOp> module;
};

} // namespace

// The same stream of instructions as through hand-written LLVM IR: 12.25 for 8 weights, of which 10
// are for decoding; the rest is the loop's own.
TEST_F(CompileKernels, TheSteadyLoopTakesNoMoreThanThePrototype) {
  for (std::string_view name : {"sm_80", "sm_90a", "sm_120a"}) {
    const GpuTarget &target = **findGpuTarget(name);
    FailureOr<GpuCode> code = compileFile("inplace12-loop.mlir", name);
    ASSERT_TRUE(mlir::succeeded(code)) << name << ": " << errors;
    ASSERT_EQ(code->kernels.size(), 1u) << name;
    const KernelReport &kernel = code->kernels.front();
    EXPECT_EQ(kernel.resources.name, "inplace");
    EXPECT_GT(kernel.resources.registers, 0u);
    ASSERT_EQ(kernel.loops.size(), 1u) << name;
    const InstructionCounts &loop = kernel.loops.front().always;
    EXPECT_EQ(loop[InstructionKind::Matrix], 4u) << name;
    EXPECT_EQ(loop[InstructionKind::Shared], 5u) << name;
    EXPECT_EQ(loop.sharedReadBytes, 80u) << name;
    EXPECT_TRUE(loop.unknown.empty()) << name << ": " << loop.unknown.front();
    if (!target.supports(GpuFeature::BulkCopy))
      continue;
    // Three of the ALU's are the pointer and the test of the counter.
    EXPECT_LE(loop[InstructionKind::Alu], 43u) << name;
    EXPECT_LE(loop.total(), 58u) << name;
  }
}

TEST_F(CompileKernels, ARingOfBulkCopiesIsOneLoop) {
  FailureOr<GpuCode> code = compileFile("bulk-copy-ring.mlir", "sm_90a");
  ASSERT_TRUE(mlir::succeeded(code)) << errors;
  EXPECT_TRUE(code->cubin.starts_with("\177ELF"));
  EXPECT_GT(code->times.pipeline, 0);
  EXPECT_GT(code->times.ptxas, 0);
  const KernelReport &kernel = code->kernels.front();
  // Two mbarriers; the ring begins at a multiple of 128 bytes.
  EXPECT_EQ(kernel.resources.sharedBytes, 128u);
  ASSERT_EQ(kernel.loops.size(), 1u);
  EXPECT_EQ(kernel.loops.front().all[InstructionKind::Bulk], 1u);
  EXPECT_EQ(kernel.loops.front().always[InstructionKind::Shared], 1u);
}

// One group in flight in a loop that is not unrolled: ptxas says nothing, and the machine code
// overwrites A while it is read.
TEST_F(CompileKernels, AnOperandThatIsOverwrittenInFlightIsAnError) {
  EXPECT_TRUE(mlir::failed(compileFile("Inputs/operand-overwritten-in-flight.mlir", "sm_90a")));
  EXPECT_TRUE(
      llvm::StringRef(errors).starts_with("kernel 'overwritten' changes an operand in flight: 0x"))
      << errors;
}

// What ships, packs and programs, is no report.
TEST_F(CompileKernels, MachineCodeThatNobodyReadsIsCheckedToo) {
  options.output = GpuOutput::Cubin;
  EXPECT_TRUE(mlir::failed(compileFile("Inputs/operand-overwritten-in-flight.mlir", "sm_90a")));
  EXPECT_TRUE(llvm::StringRef(errors).contains("changes an operand in flight")) << errors;
}

TEST_F(CompileKernels, WithoutADisassemblerMachineCodeIsUnchecked) {
  options.output = GpuOutput::Cubin;
  options.nvdisasm = "/nowhere/nvdisasm";
  FailureOr<GpuCode> code = compileFile("Inputs/operand-overwritten-in-flight.mlir", "sm_90a");
  ASSERT_TRUE(mlir::succeeded(code)) << errors;
  EXPECT_EQ(code->unchecked, "the path given for nvdisasm is no program: '/nowhere/nvdisasm'");
  // There is nothing to look for.
  code = compileFile("bulk-copy-ring.mlir", "sm_90a");
  ASSERT_TRUE(mlir::succeeded(code)) << errors;
  EXPECT_EQ(code->unchecked, "");
}

// The same with a sum that is used before the group has ended.
TEST_F(CompileKernels, MatrixInstructionsThatPtxasSerialisesAreAnError) {
  std::ifstream file(inTree("Inputs/operand-overwritten-in-flight.mlir"));
  std::string text(std::istreambuf_iterator<char>(file), {});
  size_t yield = text.find("scf.yield %e0");
  ASSERT_NE(yield, std::string::npos);
  text.replace(yield, 13, "%f0 = arith.mulf %e0, %e0 : f32\nscf.yield %f0");
  EXPECT_TRUE(mlir::failed(compileText(text, "sm_90a")));
  EXPECT_TRUE(llvm::StringRef(errors).starts_with(
      "ptxas serialises matrix instructions: ptxas info    : (C75"))
      << errors;
}

TEST_F(CompileKernels, SpillsAreAnError) {
  EXPECT_TRUE(mlir::failed(compileText(R"(
gpu.module @kernels {
  gpu.func @spills(%x: memref<?xf32, #gpu.address_space<global>>, %y: memref<?xf32, #gpu.address_space<global>>) kernel
      attributes {nvvm.maxnreg = 24 : i32} {
    %tid = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %c48 = arith.constant 48 : index
    %i0 = arith.addi %tid, %c0 : index
    %v0 = vector.load %x[%i0] : memref<?xf32, #gpu.address_space<global>>, vector<16xf32>
    %i1 = arith.addi %tid, %c16 : index
    %v1 = vector.load %x[%i1] : memref<?xf32, #gpu.address_space<global>>, vector<16xf32>
    %i2 = arith.addi %tid, %c32 : index
    %v2 = vector.load %x[%i2] : memref<?xf32, #gpu.address_space<global>>, vector<16xf32>
    %i3 = arith.addi %tid, %c48 : index
    %v3 = vector.load %x[%i3] : memref<?xf32, #gpu.address_space<global>>, vector<16xf32>
    gpu.barrier
    %w0 = arith.mulf %v0, %v0 : vector<16xf32>
    vector.store %w0, %y[%i0] : memref<?xf32, #gpu.address_space<global>>, vector<16xf32>
    %w1 = arith.mulf %v1, %v1 : vector<16xf32>
    vector.store %w1, %y[%i1] : memref<?xf32, #gpu.address_space<global>>, vector<16xf32>
    %w2 = arith.mulf %v2, %v2 : vector<16xf32>
    vector.store %w2, %y[%i2] : memref<?xf32, #gpu.address_space<global>>, vector<16xf32>
    %w3 = arith.mulf %v3, %v3 : vector<16xf32>
    vector.store %w3, %y[%i3] : memref<?xf32, #gpu.address_space<global>>, vector<16xf32>
    gpu.return
  }
})",
                                       "sm_80")));
  EXPECT_TRUE(llvm::StringRef(errors).starts_with("ptxas spills registers to memory: ")) << errors;
}

TEST_F(CompileKernels, WhatPtxasRefusesIsReported) {
  EXPECT_TRUE(mlir::failed(compileText(R"(
gpu.module @kernels {
  gpu.func @refused() kernel {
    llvm.inline_asm has_side_effects "frob.b32;", "" : () -> ()
    gpu.return
  }
})",
                                       "sm_80")));
  EXPECT_TRUE(llvm::StringRef(errors).starts_with("ptxas failed: ptxas")) << errors;
  EXPECT_TRUE(llvm::StringRef(errors).contains("frob")) << errors;
}
