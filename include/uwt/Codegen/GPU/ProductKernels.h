//===- ProductKernels.h - The kernels of a product --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes the kernels of a `uwt.matmul` and says how they are launched. What a launch needs is a
// KernelEntry of a pack (uwt/Pack/KernelPack.h), whoever launches: the CUDA runtime, a program that
// has read a pack, or the emulator. In the IR it stands at the kernels
// (uwt/Codegen/GPU/KernelEntries.h).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_GPU_PRODUCTKERNELS_H
#define UWT_CODEGEN_GPU_PRODUCTKERNELS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Pack/KernelPack.h"
#include "uwt/Target/GpuTarget.h"

namespace uwt::codegen {

/// What kernels are made for beside their product.
struct KernelOptions {
  const GpuTarget &target;
  /// The range of m that the kernels' entries say they are for.
  uint32_t mFrom = 1, mTo = UINT32_MAX;
  /// Kernels of grouped products: of rows of x whose slices are multiplied by matrices of their own
  /// (launch-8 of docs/packs.md).
  bool grouped = false;
};

/// What a plan adds to the profile of its machine code (uwt/CostModel/GpuCost.h).
struct PlanFacts {
  /// Rows of a slice of m; outputs of a CTA tile, and CTAs of a cluster, which
  /// share what is read of x.
  unsigned slice = 8, tileN = 64, cluster = 1;
  /// m where it is known, else a slice's.
  uint64_t m = 8;
  /// CTAs of a multiprocessor, stages of the ring of each, bytes of weights in a stage.
  unsigned ctas = 1, stages = 2;
  uint64_t stageBytes = 0;
  bool usesWarpgroups = false;
  /// Warps of a multiprocessor that read lanes' streams, each with so many dependent lookups in a
  /// table for a weight of a lane; 0 where nothing is looked up.
  unsigned streamWarps = 0;
  double lookups = 0;
  /// Bytes of raw fields for a weight, which those warps read from global memory.
  double rawBytes = 0;
  /// Kind shared: these warps decode for others.
  bool decodesBeside = false;
  /// Bytes of a weight that are decoded to memory before, and read from there: 2 with strategy
  /// buffer, 1 with exponents, 0.5 with codes; 0 where nothing is. And those more of a unit's that
  /// has symbols outside of the codes' window.
  double decodedBytes = 0, bytesOutside = 0;
  /// Products by integers, which are those of bytes.
  bool multipliesBytes = false;
  /// The columns of a part of theirs, which is the least of an output tile that a CTA has.
  unsigned partColumns = 0;

  bool operator==(const PlanFacts &) const = default;
};

/// Lets uwt-select-strategy ask which kernels can be built (BuildableKernelsInterface).
void registerGpuKernels(mlir::DialectRegistry &registry);

/// Adds a gpu.module called `name` where the builder inserts, with entries and a plan
/// (uwt/Codegen/GPU/KernelEntries.h), as the product's `#uwt.gpu_strategy` says. Kernels of a
/// product with several matrices (a weight of rank 3) multiply with one: they are launched for
/// each. Decoders are still operations in it (uwt-emit-decoders). Fails with a diagnostic at `op`
/// where it has no such attribute, or one that no kernel serves.
mlir::FailureOr<mlir::gpu::GPUModuleOp> buildProductKernels(MatmulOp op,
                                                            const KernelOptions &options,
                                                            mlir::OpBuilder &builder,
                                                            llvm::StringRef name);

} // namespace uwt::codegen

#endif // UWT_CODEGEN_GPU_PRODUCTKERNELS_H
