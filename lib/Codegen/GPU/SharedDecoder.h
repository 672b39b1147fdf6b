//===- SharedDecoder.h - The role that decodes for others -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kind shared: prefix codes for slices of m that are too wide for the warp that decodes them. Each
// strip of a CTA tile has a warp that decodes its stream units and one that multiplies. What lies
// between is the ring that weights stored as words have, but decoders fill it instead of copies: in
// the order of fragments, 16 bytes a lane and register, which neither write nor read has conflicts
// in. So whoever multiplies is the consumer of kind skinny, and takes A from registers. There is no
// warp that copies: x is what the first decoder copies beside its strip.
//
// A work unit is a whole number of stream units of all strips: a stream can be entered only where
// it begins.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_SHAREDDECODER_H
#define UWT_LIB_CODEGEN_GPU_SHAREDDECODER_H

#include "RingWork.h"
#include "ScratchMemory.h"
#include "StageCopies.h"
#include "StreamReader.h"

namespace uwt::codegen {

/// A decoder's thread: which strip its warp has (its number among decoders, the panel of the CTA
/// tile, the strip), whether that copies x too, and the lane.
struct DecoderThread {
  mlir::Value number, member, strip, copiesX, lane;
};
DecoderThread findDecoderThread(const LaneCode &code, const ProductPlan &plan,
                                const LaneCode::CtaThread &thread);

class SharedDecoder : private LaneCode {
public:
  /// `scratch` is the ring itself: escapes are applied where the words lie.
  SharedDecoder(const LaneCode &code, const ProductPlan &plan, RingWork &work, StageCopies &copies,
                StreamReader &streams, ScratchMemory &scratch, const DecoderThread &own);

  /// Whether weights in this format have such a kernel. Errors: Unsupported.
  static Status checkProduct(MatmulOp op, const EmittedFormat &format);
  /// u32 of shared memory that decoders take beside the ring.
  static int64_t u32BesideRing(MatmulOp op, const EmittedFormat &format, const ProductPlan &plan);

  /// Fills the work unit's stages.
  void build();

private:
  /// A stream unit of the work unit: `kTiles` k-tiles from `kTile` of its output tile on, the first
  /// one `ordinal` k-tiles behind the work unit's first.
  struct Run {
    StreamItem item;
    mlir::Value outputTile, kTile, ordinal, kTiles;
  };
  /// The unit of k-iteration `number`.
  Run runAt(mlir::Value number);
  mlir::Value buildRun(mlir::Value number, mlir::Value following, mlir::Value decoded);
  /// Fills the stage of each k-tile by `body`, which gets the number of its first column group in
  /// the unit.
  using Body = llvm::function_ref<Values(const Stage &, mlir::Value first, mlir::ValueRange)>;
  Values forEachKTile(const Run &run, mlir::ValueRange carried, Body body);
  /// The first decoder's: the copy of x into a stage, and the end of it.
  void beginX(const Stage &stage);
  void endX();
  void copyWords(const Run &run);
  Values decodeCoded(const Run &run, const StreamUnits::Source &source,
                     const StreamUnits::Header &header);
  /// Decodes column group `inStage` of a stage, of which the first one is number `first` of the
  /// unit.
  Values decodeGroup(const StreamItem &item, const Stage &stage, mlir::Value first,
                     mlir::Value inStage, mlir::ValueRange state, const StreamUnits::Source &source,
                     const StreamUnits::Header &header, mlir::ValueRange classOffsets);
  /// Where a column group's unit begins in a stage: u32 of the ring.
  mlir::Value unitIn(const Stage &stage, const StreamItem &item, mlir::Value group);

  const ProductPlan &plan;
  const StageLayout layout;
  const WorkShape shape;
  WorkPartition &partition;
  RingPipeline &ring;
  PanelTable &panels;
  StageCopies &copies;
  StreamReader &streams;
  ScratchMemory &scratch;
  const DecoderThread own;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_SHAREDDECODER_H
