//===- Pipelines.h - The ways of a module to a CPU and a GPU ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pipelines `uwt-compile-cpu` and `uwt-compile-gpu` and their options, for tools, tests and
// compilers that take UWT's passes into a pipeline of their own.
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

/// What becomes kernels of a GPU.
struct KernelPipelineOptions {
  /// The GPU target, and the strategy of all products; an empty strategy is the cost model's
  /// choice.
  std::string gpu, strategy;
  /// Products that no kernel serves stay for the host, with a remark; else they are errors.
  bool keepOnHost = false;
  /// CompileOptions::ownFormat and CompileOptions::grouped.
  bool ownFormat = false, grouped = false;
};

/// From buffers to kernels of products, with entries, and to calls of the runtime that launch them;
/// decoders in kernels are emitted, those of transcodes (uwt-build-weight-kernels) too. All of it
/// stays in the module.
void buildKernelPipeline(mlir::OpPassManager &pm, const KernelPipelineOptions &options);
/// From what a front end wrote to kernels of products and transcodes: the pipeline
/// `uwt-compile-gpu`. What is left for the host goes on with buildCodePipeline(), when kernels have
/// been taken out.
void buildCompileGpuPipeline(mlir::OpPassManager &pm, const CompileOptions &options,
                             const KernelPipelineOptions &kernels);

/// Makes `uwt-compile-cpu` and `uwt-compile-gpu` known to a tool by name.
void registerCompilePipelines();

} // namespace uwt

#endif // UWT_COMPILER_PIPELINES_H
