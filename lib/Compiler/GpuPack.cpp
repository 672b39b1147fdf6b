//===- GpuPack.cpp - Kernels of products as code --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuPack.h"
#include "Diagnostics.h"
#include "llvm/Config/llvm-config.h"

using namespace uwt;

Status uwt::compileProducts(GpuProducts &products, const GpuTarget &target, GpuOutput output,
                            std::vector<CompiledKernels> &compiled) {
  DiagnosticCollector diagnostics(products.module->getContext());
  GpuCodeOptions options;
  options.output = output;
  for (const ProductVariants &kind : products.kinds)
    for (const ProductKernels &kernels : kind.variants) {
      auto code = compileKernels(kernels.module, target, options);
      if (mlir::failed(code))
        return diagnostics.takeError(ErrorKind::Unsupported, "a kernel cannot be compiled");
      compiled.push_back({&target, &kernels, std::move(*code)});
    }
  return success();
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
    for (KernelEntry entry : each.kernels->entries) {
      entry.code = code;
      entry.prepare = before;
      writer.addKernel(std::move(entry));
      before = ++next;
    }
  }
  return writer.bytes();
}
