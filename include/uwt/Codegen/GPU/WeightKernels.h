//===- WeightKernels.h - Kernels that code a weight -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kind `transcode`: from the planes of a weight on the device to those of the same weight in
// another format, from which kernels of that format run. What a loader runs once. A dense row-major
// matrix is a weight too, in format `raw, layout=row_major`, whose elements are `x`: of n rows, as
// far apart as `x_stride` says. Kind `histogram` counts its symbols before. Kind `gather` decodes
// rows.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_GPU_WEIGHTKERNELS_H
#define UWT_CODEGEN_GPU_WEIGHTKERNELS_H

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
///
/// From dense rows there is `encode` alone, which takes `x` and `x_stride` in the place of plane
/// `words`, the others being `extra` 0 to 7; for result raw that plane, one matrix, is `extra` 0
/// and all. Before other results stands `histogram`: it adds to each of 256 counters (`extra` 0,
/// i64) how often bits 14:7 of an element are its number.
///
/// To dense rows there is `transcode` alone, which writes `x`.
mlir::gpu::GPUModuleOp buildTranscodeKernels(const TranscodeTypes &types, mlir::Location location,
                                             mlir::OpBuilder &builder, llvm::StringRef name);

/// Whether there is a kernel that gathers rows of such weights. Errors: Unsupported.
Status checkGather(CompressedType type);

/// Adds a gpu.module called `name` with kernel `gather`, which has its entry (checkGather). It
/// writes row ids[i] of a weight to row i of `x`, for the m ids in `extra` 0: m u32, or twice as
/// many, signed numbers of 32 or 64 bits. Where one is no row's, the row of x is 0, and `extra` 1,
/// a u32 where it is not empty, gets its lowest bit set.
mlir::gpu::GPUModuleOp buildGatherKernel(CompressedType type, mlir::Location location,
                                         mlir::OpBuilder &builder, llvm::StringRef name);

} // namespace uwt::codegen

#endif // UWT_CODEGEN_GPU_WEIGHTKERNELS_H
