//===- Entries.h - How kernels are launched ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the entries of all kernel kinds in a pack have in common.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_ENTRIES_H
#define UWT_LIB_CODEGEN_GPU_ENTRIES_H

#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Pack/KernelPack.h"

namespace uwt::codegen {

/// A kernel for one shape of a weight. `format` is that of `weight`.
KernelEntry entryOf(GpuKernelKind kind, llvm::StringRef kernel, CompressedType weight,
                    const EmittedFormat &format);

KernelArgument memrefArgument(ArgumentKind kind, ArgumentType type, uint32_t alignment = 1);
/// x, y, or extra operand `number`, as the caller has it: its elements are aligned, no more.
KernelArgument operandArgument(ArgumentKind kind, mlir::Value operand, uint32_t number = 0);
KernelArgument scalarArgument(ArgumentKind kind);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_ENTRIES_H
