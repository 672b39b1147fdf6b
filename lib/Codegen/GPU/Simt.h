//===- Simt.h - Kind simt ---------------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products without tensor cores, for x of another type than the weight, on any target: a warp has a
// strip of 16 outputs and four rows of x, reads the strip's words in stored order, and x
// as the caller has it. Multiply-adds and sums are in f32: a lane's own in the order of k, then
// those of the four lanes that share a row. Weights are words: those of a raw weight, or what a
// kernel `decode` made before.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_SIMT_H
#define UWT_LIB_CODEGEN_GPU_SIMT_H

#include "BuiltKernels.h"
#include "Output.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Codegen/GPU/ProductPlan.h"

namespace uwt::codegen {

class SimtKernels : private LaneCode {
public:
  /// `format` is the weight's, and outlives the object.
  SimtKernels(MatmulOp op, const EmittedFormat &format, mlir::OpBuilder &builder);

  /// Whether there is such a kernel for a product, of a strategy. Errors: Unsupported.
  static Status checkProduct(MatmulOp op, const EmittedFormat &format, ProductStrategy strategy);

  void build(BuiltKernels &result);

  /// Rows of x that a warp multiplies at a time.
  static constexpr int64_t mRows = 4;

private:
  static constexpr int64_t warps = 4, threads = warpLanes * warps, ctas = 4;

  bool decodesFirst() const { return !onlyWords; }
  int64_t strips() const { return (problem.n + stripRows - 1) / stripRows; }
  /// u32 of the decoded weight, at the beginning of the workspace.
  int64_t decodedWords() const;

  void buildProduct(mlir::gpu::GPUModuleOp module);
  void buildItem(mlir::Value item);
  /// Number of the first u32 of the strip's first unit, and u32 from unit to unit.
  struct Units {
    mlir::Value first, stride;
  };
  Units unitsOf(mlir::Value strip);
  /// The lane's accumulators behind a unit: two for each row of m.
  Values addUnit(mlir::Value unit, mlir::Value column, mlir::ValueRange m,
                 mlir::ValueRange accumulators);
  /// Both elements of a word, and an element of x, or 0 behind its end, as f32.
  Values weightsOf(mlir::Value word);
  mlir::Value loadX(mlir::Value m, mlir::Value k);
  mlir::Value toF32(mlir::Value value);
  void storeAccumulators(mlir::Value strip, mlir::ValueRange m, mlir::Value firstM,
                         mlir::ValueRange accumulators);
  KernelEntry entry(llvm::StringRef kernel);

  MatmulOp op;
  const EmittedFormat &format;
  ProblemShape problem;
  bool onlyWords;

  mlir::Value lane, panels, words, x, xStride;
  Output output;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_SIMT_H
