//===- ProgramState.h - What a Program holds --------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_PROGRAMSTATE_H
#define UWT_LIB_COMPILER_PROGRAMSTATE_H

#include "Jit.h"
#include "ProductRunner.h"
#include "uwt/Compiler/Program.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <optional>

namespace uwt {

struct Program::State {
  std::vector<Signature> signatures;
  /// By index of the signature; null where it has an obstacle.
  std::vector<EntryFunction> entries;
  /// By slot. The table is what compiled code reads, so neither moves.
  std::vector<std::shared_ptr<const LoadedWeight>> weights;
  std::vector<WeightView> table;
  /// Where products are kernels of a GPU.
  std::unique_ptr<ProductContext> products;
  std::optional<Jit> jit;
  CompileStats stats;
};

/// Calls compiled code whose signature `inputs` fit. Loops run on the threads of `pool`. Errors:
/// what the code fails with, and results without memory.
Expected<std::vector<TensorResult>> callEntry(EntryFunction entry, const Signature &function,
                                              std::span<const TensorView> inputs, ThreadPool *pool);

} // namespace uwt

#endif // UWT_LIB_COMPILER_PROGRAMSTATE_H
