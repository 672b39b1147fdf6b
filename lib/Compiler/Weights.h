//===- Weights.h - Loads the weights of a module ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_WEIGHTS_H
#define UWT_LIB_COMPILER_WEIGHTS_H

#include "ProgramState.h"
#include "mlir/IR/BuiltinOps.h"
#include "uwt/Compiler/Pipelines.h"
#include "uwt/Runtime/WeightStore.h"

namespace uwt {

/// Opens the files that options.weights names, so that a missing file is an IO error before
/// anything is compiled. Nothing where it names none.
Expected<std::optional<WeightStore>> openWeights(const CompileOptions &options);

/// Loads the weights of `state` by the slots of `module`, whose constants are still there, and
/// lists those that are derived. The table gets its size, which compiled code is linked with.
Status loadWeights(mlir::ModuleOp module, const CompileOptions &options,
                   std::optional<WeightStore> &store, ThreadPool &pool, Program::State &state);

/// Computes the derived weights with the program's code, encodes them, and fills the table.
Status deriveWeights(const CompileOptions &options, std::optional<WeightStore> &store,
                     ThreadPool &pool, Program::State &state);

} // namespace uwt

#endif // UWT_LIB_COMPILER_WEIGHTS_H
