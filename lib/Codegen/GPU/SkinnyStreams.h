//===- SkinnyStreams.h - Products of weights with prefix codes --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp multiplies a stream unit: a strip × 1,024 columns. A lane's code words are a chain of
// lookups, which only many warps hide: so warps are independent, and there is no ring.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_SKINNYSTREAMS_H
#define UWT_LIB_CODEGEN_GPU_SKINNYSTREAMS_H

#include "StreamWarps.h"
#include "uwt/Codegen/GPU/ProductKernels.h"

namespace uwt {

class StreamProduct : private StreamWarps {
public:
  /// `kernels` outlives the object.
  explicit StreamProduct(SkinnyKernels &kernels);

  /// Whether weights in this format have such a kernel. Errors: Unsupported.
  static Status checkProduct(MatmulOp op, const EmittedFormat &format);

  /// Builds `pack` and `product`, and says how they are launched.
  void build(ProductKernels &result);

  /// Workgroups that a multiprocessor has for slices of so many eights: sums of wide ones take the
  /// registers of both.
  static int64_t workgroupsFor(int64_t tiles) { return tiles == 1 ? 2 : 1; }

private:
  void buildKernel(mlir::gpu::GPUModuleOp module);
  void takeArguments(mlir::gpu::GPUFuncOp kernel);
  Item itemAt(mlir::Value number) override;
  mlir::Value buildItem(mlir::Value number, mlir::Value following, mlir::Value round);
  Values multiplyWords(const Item &item);
  Values multiplyCoded(const Item &item, const Ahead &ahead, mlir::Value round);
  Values multiplyUnit(const Item &item, const StreamUnits::Source &source,
                      const StreamUnits::Header &header);
  Values multiplyGroup(const Item &item, mlir::Value group, mlir::ValueRange fragments,
                       mlir::ValueRange sums);
  /// Applies the records of a group; gives the next record, its group, and the sums.
  Values multiplyEscaped(const Item &item, mlir::Value group, mlir::ValueRange fragments,
                         mlir::ValueRange sums, const StreamUnits::Source &source,
                         const StreamUnits::Header &header, mlir::ValueRange records);
  /// Element j of result i is element i of vector j.
  Values transposed(mlir::ValueRange vectors);
  void addPartials(const Item &item, mlir::ValueRange sums);
  KernelEntry productEntry();
  int64_t sharedBytes() const;

  int64_t threads;
  mlir::Value slices;
};

} // namespace uwt

#endif // UWT_LIB_CODEGEN_GPU_SKINNYSTREAMS_H
