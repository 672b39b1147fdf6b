//===- TranscodeKernels.h - Kernels that decode a weight --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kind `transcode`: from the planes of a weight on the device to those of the same weight in
// another format, from which kernels of that format run. What a loader runs once.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_GPU_TRANSCODEKERNELS_H
#define UWT_CODEGEN_GPU_TRANSCODEKERNELS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

namespace uwt::codegen {

/// A weight as it is stored, and as it is to run: the types of a `uwt.transcode`.
struct TranscodeTypes {
  CompressedType source, result;
  bool operator==(const TranscodeTypes &) const = default;
};

/// Whether there are kernels for a transcode. Errors: Unsupported.
Status checkTranscode(const TranscodeTypes &types);

/// Adds a gpu.module called `name` with the kernels where the builder inserts, in the order of
/// their launches, each with its entry (uwt/Codegen/GPU/KernelEntries.h). The last one makes the
/// result. Decoders are still operations in it (uwt-emit-decoders). There are kernels for the types
/// (checkTranscode).
///
/// `transcode` (left out where the weight is in format raw): `extra` 0 is plane `words` of the
/// weight in format raw, one matrix as i16, ⌈N/64⌉ panels of which all but the last one have four
/// strips. Padding is 0, as the codec raw writes it.
///
/// `encode` (for results other than raw) takes operands of its own, `extra` 0 to 8: that plane
/// `words` (as i32), the EncodeTable of the result's model (i8), counts (i16), then the result's
/// panel table (DevicePanelEntry, i64), table of records (DeviceEscapeEntry, i32), and planes
/// words, raw, code and patch (i32). It is launched twice. With counts of one element a unit, in
/// stored order, it writes there how many elements of each unit the model does not have, and
/// nothing else. With no counts it writes the planes where encodedTables()
/// (uwt/Cuda/EncodedWeight.h) says.
mlir::gpu::GPUModuleOp buildTranscodeKernels(const TranscodeTypes &types, mlir::Location location,
                                             mlir::OpBuilder &builder, llvm::StringRef name);

} // namespace uwt::codegen

#endif // UWT_CODEGEN_GPU_TRANSCODEKERNELS_H
