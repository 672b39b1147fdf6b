//===- GpuTranscodes.h - Transcodes that become kernels ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What products run from is seldom what the smallest files store. A loader transcodes on the host,
// or, with these kernels, on the GPU.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_GPUTRANSCODES_H
#define UWT_LIB_COMPILER_GPUTRANSCODES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace uwt {

/// Makes kernels for the weights of `module` that attribute `stored` says are stored in another
/// format; equal transcodes once. The result holds their gpu.modules, with decoders emitted, which
/// are the same for all targets. None for tensors that are stored raw: those have no code words
/// that a GPU would read faster. Where the family serves no transcode of a weight, a remark at it
/// says why. Fails with diagnostics.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> makeTranscodes(mlir::ModuleOp module);

} // namespace uwt

#endif // UWT_LIB_COMPILER_GPUTRANSCODES_H
