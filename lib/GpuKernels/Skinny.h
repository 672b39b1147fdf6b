//===- Skinny.h - Builds the kernels of family skinny -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   kernel pack                         SkinnyPack.cpp
//   kernel product: roles, barriers     Skinny.cpp
//     the warp that copies              SkinnyProducer.cpp
//     the warps that decode, multiply   SkinnyConsumer.cpp
//     partial sums, epilogue, output    SkinnyOutput.cpp
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_GPUKERNELS_SKINNY_H
#define UWT_LIB_GPUKERNELS_SKINNY_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/GpuKernels/SkinnyPlan.h"

namespace uwt {

/// Builds both kernels of a product into a gpu.module.
class SkinnyKernels {
public:
  SkinnyKernels(MatmulOp op, const SkinnyPlan &plan, mlir::OpBuilder &builder)
      : op(op), plan(plan), builder(builder), location(op.getLoc()), index(builder, location) {}
  void build(mlir::gpu::GPUModuleOp module);

private:
  /// Fields of a panel's DevicePanelEntry.
  struct Panel {
    mlir::Value number, words, raw, code, records, storedAsWords, strips;
  };
  /// A step: its panel, the number of its stage, and the groups that it has.
  struct Step {
    mlir::Value panel, chunk, firstGroup, groups, stage, start, round;
  };
  using Fragments = llvm::SmallVector<mlir::Value>;
  /// Of a group: its first record, and the counts of its strips; of a strip's
  /// unit: its escapes.
  struct UnitEscapes {
    mlir::Value groupFirst, counts, count;
  };

  // SkinnyPack.cpp
  void buildPack(mlir::gpu::GPUModuleOp module);

  // Skinny.cpp
  mlir::gpu::GPUFuncOp addKernel(mlir::gpu::GPUModuleOp module, llvm::StringRef name,
                                 llvm::ArrayRef<mlir::Type> arguments, int64_t threads);
  void buildProduct(mlir::gpu::GPUModuleOp module);
  void takeArguments(mlir::gpu::GPUFuncOp kernel);
  void initBarriers(mlir::Value thread);
  Panel loadPanel(mlir::Value number);
  /// The step that comes `ordinal` after the workgroup's first one.
  Step stepAt(mlir::Value ordinal);
  Step stepOf(mlir::Value panel, mlir::Value chunk, mlir::Value ordinal);
  /// Waits until the phase before `round` (full) or two before it (empty) has ended.
  void waitFor(mlir::Value barriers, const Step &step, bool isEmptyWait);

  // SkinnyProducer.cpp
  void buildProducer();
  void copyWeights(const Step &step);
  void copyX(const Step &step);
  /// The run of plane `patch` that a step copies: from a u32 on so many u32, 0 where its stage has
  /// no room for them.
  struct PatchCopy {
    mlir::Value from, words;
  };
  /// The step's DeviceRecordGroups lie in `buffer` from u32 `at` on.
  PatchCopy patchCopy(const Step &step, mlir::Value buffer, mlir::Value at);
  void copy(mlir::Value plane, mlir::Value from, const Step &step, mlir::Value to,
            mlir::Value words, bool evictFirst);

  // SkinnyConsumer.cpp
  void buildConsumer(mlir::Value strip);
  void buildSegment(mlir::Value strip, mlir::Value panelNumber);
  Fragments multiplyStep(mlir::Value strip, const Panel &panel, const Step &step,
                         mlir::ValueRange sums);
  Fragments multiplyGroup(mlir::Value strip, const Panel &panel, const Step &step,
                          mlir::Value group, mlir::ValueRange sums);
  Fragments multiply(mlir::ValueRange fragments, const Step &step, mlir::Value group,
                     mlir::ValueRange sums);
  Fragments decodeFragment(const Step &step, mlir::Value unit, bool asWords);
  UnitEscapes escapesOf(mlir::Value strip, const Step &step, mlir::Value group);
  Fragments patch(mlir::Value strip, const Step &step, const UnitEscapes &escapes,
                  mlir::ValueRange fragments);
  void applyRecords(mlir::Value strip, const Step &step, mlir::Value first, mlir::Value count,
                    mlir::ValueRange fragments);
  mlir::Value matrixA(mlir::ValueRange fragments, unsigned block);
  mlir::Value zeroSum();
  Fragments either(mlir::Value condition, mlir::TypeRange types,
                   llvm::function_ref<Fragments()> then, llvm::function_ref<Fragments()> otherwise);

  // SkinnyOutput.cpp
  void finishSegment(mlir::Value strip, const Panel &panel, mlir::Value firstStep,
                     mlir::Value lastStep, mlir::ValueRange sums);
  void addPartials(mlir::Value strip, const Panel &panel, mlir::ValueRange sums);
  void storeOutputs(mlir::Value strip, const Panel &panel, mlir::ValueRange sums);
  void storeOutput(mlir::Value m, mlir::Value n, mlir::Value sum);
  mlir::Value applyEpilogue(mlir::Value m, mlir::Value n, mlir::Value sum);
  mlir::Value workgroupOf(mlir::Value step);
  mlir::Value partialAt(mlir::Value workgroup, mlir::Value isLater, mlir::Value strip,
                        unsigned tile);

  // Small things that all parts use.
  mlir::Value constantI32(int64_t value);
  mlir::Value toIndex(mlir::Value value);
  mlir::Value load(mlir::Value buffer, mlir::Value at);
  mlir::Value loadVector(mlir::Value buffer, mlir::Value at, int64_t count, mlir::Type element);
  mlir::Value bits(mlir::Value word, unsigned low, unsigned count);
  mlir::Value equal(mlir::Value a, mlir::Value b);
  mlir::Value both(mlir::Value a, mlir::Value b);
  void warpBarrier();

  MatmulOp op;
  const SkinnyPlan &plan;
  mlir::OpBuilder &builder;
  mlir::Location location;
  Indices index;

  // Arguments of kernel product, in order.
  mlir::Value panels, table, words, raw, code, patches, records, packed, y, yRow, batch, partials,
      counters;
  /// Of each extra operand: its elements, then the steps of its dimensions.
  llvm::SmallVector<llvm::SmallVector<mlir::Value>> extras;
  mlir::Value lane, workgroup, workgroups, firstStep, endStep;
  /// Shared memory as u32; the part where a warp applies escapes, as u32 and as halves of them.
  mlir::Value ring, scratchWords, scratchHalves;
  mlir::Value full, empty, base;
};

} // namespace uwt

#endif // UWT_LIB_GPUKERNELS_SKINNY_H
