//===- SharedDecoder.h - The warps that decode for others -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Family shared: prefix codes for slices that are too wide for the warp that decodes them. Each
// strip of a band has a warp that decodes its stream units and one that multiplies. What lies
// between is the ring that weights stored as words have, but decoders fill it instead of copies: in
// the order of fragments, 16 bytes a lane and register, which neither write nor read has conflicts
// in. So whoever multiplies is the consumer of family skinny, and takes A from registers. There is
// no warp that copies: x is what the first decoder copies beside its strip.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_SHAREDDECODER_H
#define UWT_LIB_CODEGEN_GPU_SHAREDDECODER_H

#include "StreamWarps.h"

namespace uwt {

class SharedDecoder : private StreamWarps {
public:
  /// `kernels` outlives the object.
  explicit SharedDecoder(SkinnyKernels &kernels);

  /// Whether weights in this format have such a kernel. Errors: Unsupported.
  static Status checkProduct(MatmulOp op, const EmittedFormat &format);
  /// u32 of shared memory that decoders take beside the ring.
  static int64_t wordsBesideRing(MatmulOp op, const EmittedFormat &format, const SkinnyPlan &plan);

  /// The views of shared memory behind the ring.
  void layOut();
  /// What one thread of the workgroup does, and what all do, before they meet.
  using StreamWarps::initStreamBarriers;
  void copyTable(mlir::Value thread);
  /// What decoders do.
  void build();
  /// What the kernel profile is to know.
  using StreamWarps::addFacts;

private:
  /// A unit of the share, and the steps that it has: from `chunk` of its place on, which is step
  /// `ordinal` of the share.
  struct Run {
    Item item;
    mlir::Value place, chunk, ordinal, steps;
  };
  /// Unit `number` of all places.
  Run runAt(mlir::Value number);
  Item itemAt(mlir::Value number) override { return runAt(number).item; }
  mlir::Value buildRun(mlir::Value number, mlir::Value following, mlir::Value round);
  /// Fills the stage of each step by `body`, which gets the number of its first group in the unit.
  Values forEachStep(
      const Run &run, mlir::ValueRange carried,
      llvm::function_ref<Values(const SkinnyKernels::Step &, mlir::Value first, mlir::ValueRange)>
          body);
  /// The first decoder's step: the copy of x into its stage, and the end of it.
  void beginX(const SkinnyKernels::Step &step);
  void endX();
  void copyWords(const Run &run);
  Values decodeCoded(const Run &run, const StreamUnits::Source &source,
                     const StreamUnits::Header &header);
  /// Where a group's unit begins in a stage.
  mlir::Value unitIn(const SkinnyKernels::Step &step, const Item &item, mlir::Value group);

  /// The panel of the band and the strip that this warp decodes; whether it copies x too.
  mlir::Value member, strip, copiesX;
};

} // namespace uwt

#endif // UWT_LIB_CODEGEN_GPU_SHAREDDECODER_H
