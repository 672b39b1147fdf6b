//===- EmulatorTesting.cpp - Kernels as text ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulatorTesting.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include <bit>
#include <cstdlib>
#include <gtest/gtest.h>

using namespace mlir;

namespace uwt::test {

/// Short names for the types in the kernels' text.
static const char aliases[] = R"(
#global = #gpu.address_space<global>
#shared = #gpu.address_space<workgroup>
!bars = !nvgpu.mbarrier.group<memorySpace = #gpu.address_space<workgroup>, num_barriers = 4>
)";

TestKernel::TestKernel(const std::string &arguments, const std::string &body,
                       const std::string &attributes)
    : context(std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED)) {
  context->loadDialect<arith::ArithDialect, gpu::GPUDialect, NVVM::NVVMDialect, math::MathDialect,
                       memref::MemRefDialect, nvgpu::NVGPUDialect, scf::SCFDialect,
                       vector::VectorDialect, UWTDialect>();
  context->allowUnregisteredDialects();
  ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
    messages += diagnostic.str();
    return success();
  });
  std::string text = std::string(aliases) + "gpu.module @m {\ngpu.func @k(" + arguments +
                     ") kernel " + attributes + " {\n" + body + "\ngpu.return\n}\n}\n";
  auto module = parseSourceString<ModuleOp>(text, context.get(), "kernel");
  if (!module)
    return;
  gpu::GPUFuncOp function;
  module->walk([&](gpu::GPUFuncOp op) { function = op; });
  auto prepared = emulator::EmulatedKernel::prepare(function);
  if (succeeded(prepared))
    kernel = std::move(*prepared);
}

TestKernel::~TestKernel() = default;

std::string TestKernel::run(const emulator::LaunchShape &shape,
                            const std::vector<emulator::EmulatedArgument> &arguments,
                            uint64_t seed) {
  if (!kernel)
    return "not prepared: " + messages;
  emulator::EmulationOptions options;
  options.seed = seed;
  options.operationLimit = 10'000'000;
  auto result = kernel->launch(shape, arguments, options);
  if (!result)
    return result.error().message();
  lastCounters = *result;
  return "";
}

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  for (; at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

uint16_t halfWord(int value, bool isBf16) {
  if (isBf16)
    return std::bit_cast<uint32_t>(float(value)) >> 16;
  return std::bit_cast<uint16_t>(_Float16(value));
}

} // namespace uwt::test
