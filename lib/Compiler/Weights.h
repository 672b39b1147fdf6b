//===- Weights.h - Loads the weights of a module ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_WEIGHTS_H
#define UWT_LIB_COMPILER_WEIGHTS_H

#include "ProgramCode.h"
#include "ProgramState.h"
#include "mlir/IR/BuiltinOps.h"
#include "uwt/Compiler/Pipelines.h"
#include "uwt/Runtime/WeightStore.h"

namespace uwt {

/// Opens the files that options.weights names, so that a missing file is an IO error before
/// anything is compiled. Nothing where it names none.
Expected<std::optional<WeightStore>> openWeights(const CompileOptions &options);

/// Lists the weights that `module` reads by its slots. Views of constants lie in the module.
Status describeWeights(mlir::ModuleOp module, ProgramCode &code);

/// Loads the weights of `code` into `state`, but for those that are derived. The table gets its
/// size, which compiled code is linked with.
Status loadWeights(const ProgramCode &code, const CompileOptions &options,
                   std::optional<WeightStore> &store, ThreadPool &pool, Program::State &state);

/// Computes the derived weights with the program's code, encodes them, and fills the table.
Status deriveWeights(const ProgramCode &code, const CompileOptions &options,
                     std::optional<WeightStore> &store, ThreadPool &pool, Program::State &state);

} // namespace uwt

#endif // UWT_LIB_COMPILER_WEIGHTS_H
