//===- Pipelines.h - The way of a module to a CPU ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pipeline `uwt-compile-cpu` and its options, for tools, tests and compilers that
// take UWT's passes into a pipeline of their own.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_PIPELINES_H
#define UWT_COMPILER_PIPELINES_H

#include "uwt/Compiler/CompileOptions.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace uwt {

/// From what a front end wrote to linalg on tensors, checked, with checks of its own for what only
/// calls know.
void buildInputPipeline(mlir::OpPassManager &pm, const CompileOptions &options);
/// From there to products with strategies and slots, still on tensors.
void buildTensorPipeline(mlir::OpPassManager &pm, const CompileOptions &options);
/// From there to buffers; products are still operations.
void buildBufferPipeline(mlir::OpPassManager &pm, const CompileOptions &options);
/// From there to the LLVM dialect.
void buildCodePipeline(mlir::OpPassManager &pm, const CompileOptions &options);
/// All of them: the pipeline `uwt-compile-cpu`.
void buildCompilePipeline(mlir::OpPassManager &pm, const CompileOptions &options);

/// Makes `uwt-compile-cpu` known to a tool by name.
void registerCompilePipelines();

} // namespace uwt

#endif // UWT_COMPILER_PIPELINES_H
