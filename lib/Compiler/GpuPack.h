//===- GpuPack.h - Kernels of products as code ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_GPUPACK_H
#define UWT_LIB_COMPILER_GPUPACK_H

#include "GpuProducts.h"
#include "uwt/GpuCode/GpuCode.h"
#include "uwt/Support/Error.h"

namespace uwt {

/// One gpu.module of `products`, compiled for a target.
struct CompiledKernels {
  const GpuTarget *target = nullptr;
  const ProductKernels *kernels = nullptr;
  GpuCode code;
};

/// Compiles all kernels and puts them behind those that are there. Errors: Unsupported with the
/// first diagnostic.
Status compileProducts(GpuProducts &products, const GpuTarget &target, GpuOutput output,
                       std::vector<CompiledKernels> &compiled);

/// A pack (docs/packs.md) of machine code, or of PTX where there is none. Entries go by target,
/// product and batch.
Expected<std::vector<uint8_t>> packKernels(std::span<const CompiledKernels> compiled);

} // namespace uwt

#endif // UWT_LIB_COMPILER_GPUPACK_H
