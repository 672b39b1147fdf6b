//===- LinkProgram.h - Code and weights become a program --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_LINKPROGRAM_H
#define UWT_LIB_COMPILER_LINKPROGRAM_H

#include "Weights.h"
#include "mlir/IR/BuiltinOps.h"

namespace uwt {

/// Compiles a copy of `module` to an object that describes itself, with the kernels of its products
/// for a GPU. Errors as compile(), and Usage for an emulated GPU.
Expected<ProgramCode> compileCode(mlir::ModuleOp module, const CompileOptions &options,
                                  CompileStats &stats, ThreadPool &pool,
                                  const StageFunction &onStage = {});

/// Loads the weights of `code`, links it with them, and derives those that it derives; the object
/// is not needed afterwards. Products that `state` has by an emulator need not be ready yet.
Status linkProgram(ProgramCode code, const CompileOptions &options,
                   std::optional<WeightStore> &store, ThreadPool &pool, Program::State &state,
                   const StageFunction &onStage = {});

/// The program of code that may have been compiled by another process. Of `options` it takes the
/// files of weights and whether they are checked. `stats` is what compiling took. Errors:
/// Unsupported (code for another CPU), and those of weights as compile() has them.
Expected<std::unique_ptr<Program>> loadCode(ProgramCode code, const CompileOptions &options,
                                            ThreadPool &pool, CompileStats stats = {},
                                            const StageFunction &onStage = {});

} // namespace uwt

#endif // UWT_LIB_COMPILER_LINKPROGRAM_H
