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

/// Compiles `module` into `made`, and keeps it.
static Status compileModule(mlir::gpu::GPUModuleOp module, GpuOutput output, CompiledKernels made,
                            std::vector<CompiledKernels> &compiled) {
  DiagnosticCollector diagnostics(module.getContext());
  GpuCodeOptions options;
  options.output = output;
  auto code = compileKernels(module, *made.target, options);
  if (mlir::failed(code))
    return diagnostics.takeError(ErrorKind::Unsupported, "a kernel cannot be compiled");
  made.code = std::move(*code);
  compiled.push_back(std::move(made));
  return ok();
}

Status uwt::compileProducts(GpuProducts &products, const GpuTarget &target, GpuOutput output,
                            std::vector<CompiledKernels> &compiled) {
  for (const ProductVariants &kind : products.kinds)
    for (const ProductKernels &kernels : kind.variants)
      UWT_RETURN_IF_ERROR(compileModule(kernels.module, output,
                                        {&target, kernels.entries, &kernels, {}}, compiled));
  return ok();
}

Status uwt::compileTranscodes(GpuTranscodes &transcodes, const GpuTarget &target, GpuOutput output,
                              std::vector<CompiledKernels> &compiled) {
  for (const TranscodeKernels &kernels : transcodes.kinds)
    UWT_RETURN_IF_ERROR(
        compileModule(kernels.module, output, {&target, kernels.entries, nullptr, {}}, compiled));
  return ok();
}

static std::span<const uint8_t> imageOf(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

Expected<std::vector<uint8_t>> uwt::packKernels(std::span<const CompiledKernels> compiled) {
  KernelPackWriter writer;
  writer.addTool("llvm", LLVM_VERSION_STRING);
  uint32_t next = 0;
  for (const CompiledKernels &each : compiled) {
    bool isCubin = !each.code.cubin.empty();
    uint32_t code =
        writer.addCode(isCubin ? CodeKind::Cubin : CodeKind::Ptx, std::string(each.target->name),
                       imageOf(isCubin ? each.code.cubin : each.code.ptx));
    uint32_t before = 0;
    for (KernelEntry entry : each.entries) {
      entry.code = code;
      // Those of a product are launched together, those of a transcode each when it is asked for.
      entry.prepare = each.product ? before : 0;
      writer.addKernel(std::move(entry));
      before = ++next;
    }
  }
  return writer.bytes();
}
