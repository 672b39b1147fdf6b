//===- Histogram.h - Builder of the kernel that counts symbols --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How often each symbol of eight bits occurs in a dense matrix: what the host makes a model of
// (encodeTable in uwt/Cuda/EncodedWeight.h). Neighbouring elements have the same few exponents, so
// each lane has counters of its own.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_HISTOGRAM_H
#define UWT_LIB_CODEGEN_GPU_HISTOGRAM_H

#include "DenseRows.h"
#include "uwt/Codegen/Decode/Emission.h"

namespace uwt::codegen {

class HistogramBuilder : private UnitCode {
public:
  HistogramBuilder(CompressedType type, mlir::OpBuilder &builder, mlir::Location location)
      : UnitCode(builder, location, type) {}

  /// Adds kernel `histogram`, whose arguments are those that buildEncodeKernels() says.
  void build(mlir::gpu::GPUModuleOp module);
  /// How it is launched, and its arguments.
  void describe(KernelEntry &entry) const;

private:
  static constexpr int64_t warps = 4, threads = 32 * warps, ctas = 4;
  static constexpr int64_t symbols = 256, counters = symbols * 32;
  /// Columns that a warp counts at a time: 16 bytes a lane.
  static constexpr int64_t laneColumns = 8, itemColumns = 32 * laneColumns;

  int64_t itemsOfRow() const { return divideUp(columns, itemColumns); }
  void countItem(mlir::Value item);
  /// Of a word in the low bits of an i32.
  void count(mlir::Value word);
  void clear();
  void addUp();

  mlir::Value x, stride, result, shared, thread;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_HISTOGRAM_H
