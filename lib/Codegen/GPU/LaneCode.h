//===- LaneCode.h - Small pieces of code of a thread ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_LANECODE_H
#define UWT_LIB_CODEGEN_GPU_LANECODE_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "uwt/Pack/Abi.h"

namespace uwt::codegen {

/// A module for kernels where the builder is. Loads the dialects that they are built of, for
/// callers that are no passes, which declare them.
mlir::gpu::GPUModuleOp createKernelModule(mlir::OpBuilder &builder, mlir::Location location,
                                          llvm::StringRef name);

/// What the builders of all kernels write at a location: operations on i32, on indices, and those
/// of a GPU.
class LaneCode : public IntegerBuilder {
public:
  LaneCode(mlir::OpBuilder &builder, mlir::Location location)
      : IntegerBuilder(builder, location, builder.getI32Type()), index(builder, location) {}

  mlir::Value toIndex(mlir::Value value) { return index.convert(value); }
  mlir::Value toI32(mlir::Value value) { return convert(value); }
  mlir::Value load(mlir::Value buffer, mlir::Value at);
  /// `count` elements at once, aligned to their size.
  mlir::Value loadVector(mlir::Value buffer, mlir::Value at, int64_t count, mlir::Type element);
  /// Stores a vector of 16 bytes, aligned to its size.
  void storeVector(mlir::Value vector, mlir::Value buffer, mlir::Value at);
  /// What is known to be below 2^32: what is computed from it then fits one register too.
  mlir::Value asShort(mlir::Value value);
  /// a / b of numbers below 2^32: a division of 64 bits is a call of a hundred instructions.
  mlir::Value divideShort(mlir::Value a, mlir::Value b);
  /// A number below 2^32 that is the same in all lanes, so that ptxas knows it: branches on it need
  /// no convergence, and what is computed from it takes uniform registers.
  mlir::Value sameInWarp(mlir::Value number);
  void warpBarrier();
  /// A loop that neither LLVM nor ptxas unrolls.
  void rolledLoop(int64_t count, llvm::function_ref<void(mlir::Value)> body);
  /// The sum of an i32 over the lanes up to this one; `lane` is the thread's.
  mlir::Value sumUpTo(mlir::Value value, mlir::Value lane);
  /// Whether an i1 is true in some lane; all of the warp are here.
  mlir::Value anyInWarp(mlir::Value condition);
  /// Whether this lane is the one of its warp that is to act for all (i1); all of the warp are
  /// here. Code of such a lane needs no loop around what takes uniform registers.
  mlir::Value elected();
  /// The i32 that lane `number` has.
  mlir::Value ofLane(mlir::Value value, int64_t number);
  /// This thread of its CTA: its number, its warp's, and its lane in the warp.
  struct CtaThread {
    mlir::Value number, warp, lane;
  };
  CtaThread thread();
  /// Of `items` that the warps of all CTAs, `warps` in each, take in turn, those of this
  /// warp: `count` from `first` on, each `stride` after the one before.
  struct WarpItems {
    mlir::Value first, stride, count;
  };
  WarpItems itemsOfWarp(mlir::Value items, int64_t warps);
  void forEachWarpItem(mlir::Value items, int64_t warps,
                       llvm::function_ref<void(mlir::Value item)> body);
  /// A field of a panel's DevicePanelEntry, as an index; `table` is the panel table (i64).
  mlir::Value panelField(mlir::Value table, mlir::Value panel, DevicePanelField field);
  /// Global memory of one dynamic dimension.
  static mlir::MemRefType globalBuffer(mlir::Type element);
  /// `size` elements of dynamic shared memory, from u32 `firstU32` on.
  mlir::Value sharedView(int64_t size, mlir::Type element, int64_t firstU32);
  /// All `threads` of a CTA copy `count` u32 of global memory to shared memory; no barrier
  /// follows.
  void copyToShared(mlir::Value from, mlir::Value to, int64_t count, mlir::Value thread,
                    int64_t threads);
  /// An arrival of this thread at mbarrier `number` of a group.
  void arrive(mlir::Value barriers, mlir::Value number);
  /// Waits until the phase of an mbarrier with the parity of `phase` has ended.
  void waitForPhase(mlir::Value barriers, mlir::Value number, mlir::Value phase);
  /// A kernel of which a multiprocessor runs so many CTAs; the builder is in it from
  /// now on.
  mlir::gpu::GPUFuncOp beginKernel(mlir::gpu::GPUModuleOp module, llvm::StringRef name,
                                   mlir::TypeRange arguments, int64_t threads, int64_t ctas);

  Indices index;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_LANECODE_H
