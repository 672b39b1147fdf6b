//===- TranscodeKernels.h - Kernels that decode a weight --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Family `transcode`: from the planes of a weight on the device to plane `words` of the same weight
// in format `raw`, from which kernels of that format run. The first half of a two-step strategy, or
// what a loader runs once.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_GPUKERNELS_TRANSCODEKERNELS_H
#define UWT_GPUKERNELS_TRANSCODEKERNELS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Cuda/KernelPack.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt {

struct TranscodeKernel {
  mlir::gpu::GPUModuleOp module;
  /// `extra` 0 is the result: plane `words` of one matrix as i16, ⌈N/64⌉ panels of which all but
  /// the last one have four strips. Padding is 0, as the codec raw writes it.
  KernelEntry entry;
};

/// Adds a gpu.module called `name` with the kernel `transcode` at the builder's place. Decoders are
/// still operations in it (uwt-emit-decoders). The context has loaded the dialects that the pass
/// uwt-build-transcodes depends on. Fails with a diagnostic at `op` where the family
/// does not serve the formats.
mlir::FailureOr<TranscodeKernel> buildTranscodeKernel(TranscodeOp op, mlir::OpBuilder &builder,
                                                      llvm::StringRef name);

} // namespace uwt

#endif // UWT_GPUKERNELS_TRANSCODEKERNELS_H
