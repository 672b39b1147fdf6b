//===- StreamProduct.h - Products of weights with prefix codes --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_STREAMPRODUCT_H
#define UWT_LIB_CODEGEN_GPU_STREAMPRODUCT_H

#include "BuiltKernels.h"
#include "ScratchMemory.h"
#include "StreamReader.h"

namespace uwt::codegen {

/// Builds kernel `product` of plans that read streams: each warp decodes and multiplies stream
/// units by itself.
class StreamProduct : private LaneCode {
public:
  /// `format` is the weight's.
  StreamProduct(MatmulOp op, const ProductPlan &plan, const EmittedFormat &format,
                mlir::OpBuilder &builder);

  /// Whether weights in this format have such a kernel. Errors: Unsupported.
  static Status checkProduct(MatmulOp op, const EmittedFormat &format);

  /// Builds `pack` and `product`, and says how they are launched.
  void build(BuiltKernels &result);

private:
  void buildKernel(mlir::gpu::GPUModuleOp module);
  ScratchMemory layOutScratch(const CtaThread &own);
  bool hasEscapes() const { return StreamUnits::hasRecords(format); }
  int64_t threads() const { return warpLanes * shape.warps; }
  int64_t sharedBytes() const;
  KernelEntry productEntry();

  MatmulOp op;
  const ProductPlan &plan;
  const EmittedFormat &format;
  const StreamShape shape;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_STREAMPRODUCT_H
