//===- GpuPack.cpp - Kernels as code --------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuPack.h"
#include "Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Config/llvm-config.h"
#include <set>

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
                           cuda_tools::GpuOutput output, std::vector<CompiledKernels> &compiled,
                           std::vector<std::string> &notes) {
  DiagnosticCollector diagnostics(kernels.getContext());
  std::string unchecked;
  for (auto module : kernels.getOps<mlir::gpu::GPUModuleOp>()) {
    auto made = compileModule(module, target, output);
    if (mlir::failed(made))
      return diagnostics.takeError(ErrorKind::Unsupported, "a kernel cannot be compiled");
    if (!made->code.unchecked.empty())
      unchecked = made->code.unchecked;
    compiled.push_back(std::move(*made));
  }
  if (!unchecked.empty())
    notes.push_back(
        "kernels for " + std::string(target.name) +
        " are not checked for operands of matrix instructions that change in flight: " + unchecked);
  return ok();
}

static std::span<const uint8_t> imageOf(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

/// Which driver the code needs is told by these.
static Status addTools(KernelPackWriter &writer, std::span<const CompiledKernels> compiled) {
  writer.addTool("llvm", LLVM_VERSION_STRING);
  auto isAssembled = [](const CompiledKernels &each) { return !each.code.cubin.empty(); };
  if (llvm::any_of(compiled, isAssembled)) {
    UWT_ASSIGN_OR_RETURN(std::string ptxas, cuda_tools::ptxasVersion());
    writer.addTool("ptxas", std::move(ptxas));
  }
  std::set<std::string, std::less<>> versions;
  for (const CompiledKernels &each : compiled)
    versions.emplace(ptxVersion(each.code.ptx));
  for (const std::string &version : versions)
    writer.addTool("ptx", version);
  return ok();
}

/// Adds kernels and their code of one kind, `before` being the kernels that are there.
static void addKernels(KernelPackWriter &writer, const CompiledKernels &each, CodeKind kind,
                       uint32_t &before) {
  const std::string &image = kind == CodeKind::Cubin ? each.code.cubin : each.code.ptx;
  if (image.empty())
    return;
  uint32_t code = writer.addCode(kind, std::string(each.target->name), imageOf(image));
  for (KernelEntry entry : each.entries) {
    entry.code = code;
    if (entry.prepare != 0)
      entry.prepare += before;
    writer.addKernel(std::move(entry));
  }
  before += static_cast<uint32_t>(each.entries.size());
}

Expected<std::vector<uint8_t>> uwt::packKernels(std::span<const CompiledKernels> compiled) {
  KernelPackWriter writer;
  UWT_RETURN_IF_ERROR(addTools(writer, compiled));
  uint32_t before = 0;
  for (CodeKind kind : {CodeKind::Cubin, CodeKind::Ptx})
    for (const CompiledKernels &each : compiled)
      addKernels(writer, each, kind, before);
  return writer.bytes();
}
