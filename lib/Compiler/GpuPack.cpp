//===- GpuPack.cpp - Kernels as code --------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuPack.h"
#include "Diagnostics.h"
#include "llvm/Config/llvm-config.h"

using namespace uwt;

static mlir::FailureOr<CompiledKernels> compileModule(mlir::gpu::GPUModuleOp module,
                                                      const GpuTarget &target,
                                                      cuda_tools::GpuOutput output) {
  CompiledKernels made;
  made.target = &target;
  auto entries = codegen::readKernelEntries(module);
  if (mlir::failed(entries))
    return mlir::failure();
  made.entries = std::move(*entries);
  made.plan = codegen::readPlanFacts(module);
  cuda_tools::GpuCodeOptions options;
  options.output = output;
  auto code = cuda_tools::compileKernels(module, target, options);
  if (mlir::failed(code))
    return mlir::failure();
  made.code = std::move(*code);
  return made;
}

Status uwt::compileModules(mlir::ModuleOp kernels, const GpuTarget &target,
                           cuda_tools::GpuOutput output, std::vector<CompiledKernels> &compiled) {
  DiagnosticCollector diagnostics(kernels.getContext());
  for (auto module : kernels.getOps<mlir::gpu::GPUModuleOp>()) {
    auto made = compileModule(module, target, output);
    if (mlir::failed(made))
      return diagnostics.takeError(ErrorKind::Unsupported, "a kernel cannot be compiled");
    compiled.push_back(std::move(*made));
  }
  return ok();
}

static std::span<const uint8_t> imageOf(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

Expected<std::vector<uint8_t>> uwt::packKernels(std::span<const CompiledKernels> compiled) {
  KernelPackWriter writer;
  writer.addTool("llvm", LLVM_VERSION_STRING);
  // Kernels of the code objects before.
  uint32_t before = 0;
  for (const CompiledKernels &each : compiled) {
    bool isCubin = !each.code.cubin.empty();
    uint32_t code =
        writer.addCode(isCubin ? CodeKind::Cubin : CodeKind::Ptx, std::string(each.target->name),
                       imageOf(isCubin ? each.code.cubin : each.code.ptx));
    for (KernelEntry entry : each.entries) {
      entry.code = code;
      if (entry.prepare != 0)
        entry.prepare += before;
      writer.addKernel(std::move(entry));
    }
    before += static_cast<uint32_t>(each.entries.size());
  }
  return writer.bytes();
}
