//===- PackIntegers.h - Kernel pack of products by integers -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_PACKINTEGERS_H
#define UWT_LIB_CODEGEN_GPU_PACKINTEGERS_H

#include "PackKernel.h"
#include "uwt/Codec/IntegerCodes.h"

namespace uwt::codegen {

/// Builds the kernel that rounds x to integers of 8 bits (integer-1 and integer-2), a CTA a row,
/// and brings them into the order in which the product's B fragments are.
class PackIntegersKernel : private PackCode {
public:
  PackIntegersKernel(MatmulOp op, const ProductPlan &plan, mlir::OpBuilder &builder);
  void build(mlir::gpu::GPUModuleOp module);

  /// Of a CTA: a number of each warp.
  static constexpr uint32_t sharedBytes = 4 * (packThreads / warpLanes);

private:
  /// The bits of the largest magnitude of a row, in all threads.
  mlir::Value largestOf(const Arguments &arguments, mlir::Value row);
  mlir::Value largestOfCta(mlir::Value own);
  void packRow(const Arguments &arguments, mlir::Value row);
  /// Rows that only fill a slice.
  void clearRow(const Arguments &arguments, mlir::Value row);
  /// Stores u32 of a row's packed bytes, and its scale. `wordOf` is given numbers of u32 in a row.
  void storeRow(const Arguments &arguments, mlir::Value row,
                llvm::function_ref<mlir::Value(mlir::Value number)> wordOf, mlir::Value scale);
  /// A u32 of a row × column group: register `half` of B that the lane with t has in a product.
  struct RowWord {
    mlir::Value t, product, half;
  };
  RowWord rowWordOf(mlir::Value number);
  /// How far apart numbers of u32 are that differ in one of these alone. Threads side by side store
  /// what lies side by side.
  struct WordOrder {
    int64_t t, product, half;
  };
  /// Where u32 `number` of a row is stored, from its column group's first one.
  mlir::Value placeOf(mlir::Value inSlice, mlir::Value number);
  /// The sum of the integers of a row × cell, of which each lane has a u32.
  mlir::Value sumOfCell(mlir::Value word);
  /// Stores it, of the cell that has u32 `number`; the group's first u32 is `ofGroup`.
  void storeSum(const Arguments &arguments, mlir::Value ofGroup, mlir::Value inSlice,
                mlir::Value number, mlir::Value sum);
  /// Byte number `byte` of a u32: its column, which is counted from a group's first.
  mlir::Value columnOf(const RowWord &word, int64_t byte);
  /// An element of x as f32, 0 behind the last column.
  mlir::Value loadFloat(const Arguments &arguments, mlir::Value row, mlir::Value column);

  const unsigned integerBits;
  const bool hasBytes;
  const IntegerCodes codes;
  const WordOrder order;
  CtaThread own;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_PACKINTEGERS_H
