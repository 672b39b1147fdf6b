//===- Passes.h - Passes from linalg to a CPU's LLVM ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes that lower a module to a CPU, and the pipelines that they form with upstream's: products
// with compressed weights (tile, lane operations, weights), and everything else, where a product is
// an operation like any other that bufferizes itself.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_CPU_PASSES_H
#define UWT_CODEGEN_CPU_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassOptions.h"

namespace uwt::codegen {

#define GEN_PASS_DECL
#include "uwt/Codegen/CPU/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "uwt/Codegen/CPU/Passes.h.inc"

/// What buildLowerRestPipeline can be told on a command line.
struct LowerRestOptions : public mlir::PassPipelineOptions<LowerRestOptions> {
  Option<int64_t> minWork{
      *this, "min-work",
      llvm::cl::desc("Scalar operations below which a group stays out of a parallel loop"),
      llvm::cl::init(65536)};
  Option<int64_t> tileWork{
      *this, "tile-work",
      llvm::cl::desc("Scalar operations that an iteration of a parallel loop has at least"),
      llvm::cl::init(8192)};
  Option<bool> checks{*this, "runtime-checks",
                      llvm::cl::desc("Check sizes and indices that only a call knows"),
                      llvm::cl::init(true)};
};

/// On tensors: prepares and fuses what is not a product, and groups it into parallel loops.
void buildFuseRestPipeline(mlir::OpPassManager &pm, const LowerRestOptions &options);

/// From tensors to memrefs, function boundaries included. Results are buffers that the caller owns.
void buildBufferizePipeline(mlir::OpPassManager &pm);

/// On memrefs: vector loops in place of linalg.
void buildVectorizeRestPipeline(mlir::OpPassManager &pm);

/// What equal layers do, as functions that they call. On buffers; products may be in it.
void buildShareRepeatedPipeline(mlir::OpPassManager &pm);

/// Parallel loops as functions that the runtime calls; roundings, narrow floats and math functions
/// as plain arithmetic on f32, f64 and integers.
void buildExpandArithmeticPipeline(mlir::OpPassManager &pm);

/// From loops, vectors and memrefs to the LLVM dialect.
void buildLowerToLLVMPipeline(mlir::OpPassManager &pm);

/// All of the above: `uwt-lower-linalg-cpu`, from linalg on tensors to the LLVM dialect.
void buildLowerRestPipeline(mlir::OpPassManager &pm, const LowerRestOptions &options);

/// Makes the pipelines known to a tool by name.
void registerCPUPipelines();

} // namespace uwt::codegen

#endif // UWT_CODEGEN_CPU_PASSES_H
