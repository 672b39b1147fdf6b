//===- Skinny.h - Builds the kernels of family skinny -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   how they are launched               SkinnyEntries.cpp
//   kernels pack and decode             SkinnyPack.cpp
//   kernel product: roles, barriers     Skinny.cpp
//     the warp that copies              SkinnyProducer.cpp
//       without bulk copies             SkinnyThreadProducer.cpp
//     the warps that decode, multiply   SkinnyConsumer.cpp
//     products of four warps together   SkinnyWarpgroup.cpp
//     partial sums, places of outputs   SkinnyOutput.cpp
//       epilogue                        Output.cpp
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_GPUKERNELS_SKINNY_H
#define UWT_LIB_GPUKERNELS_SKINNY_H

#include "LaneCode.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Cuda/KernelPack.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Emission/Emission.h"
#include "uwt/GpuKernels/SkinnyPlan.h"

namespace uwt {

/// Builds both kernels of a product into a gpu.module.
class SkinnyKernels : private LaneCode {
public:
  SkinnyKernels(MatmulOp op, const SkinnyPlan &plan, const EmittedFormat &format,
                mlir::OpBuilder &builder)
      : LaneCode(builder, op.getLoc()), op(op), plan(plan), format(format) {}
  void build(mlir::gpu::GPUModuleOp module);
  /// How the kernels are launched: pack, then product.
  std::vector<KernelEntry> entries();

private:
  /// Prefix codes (SkinnyStreams.h).
  friend class StreamProduct;
  /// A panel for a slice of the batch: its place among those of all slices, its number in the
  /// weight, its slice, and fields of its DevicePanelEntry. The last place repeats the last panel
  /// where it has fewer: that is not its own there. `isOwn` is null where all are.
  struct Panel {
    mlir::Value place, number, isOwn, slice, words, raw, code, records, storedAsWords, strips;
  };
  /// A step: its place, the number of its stage, and the groups that it has. A stage
  /// begins at `start`, what it has of a panel at `part`.
  struct Step {
    mlir::Value place, chunk, firstGroup, groups, stage, start, part, round;
  };
  using Fragments = llvm::SmallVector<mlir::Value>;
  /// A group's first record, and the counts of its strips, 8 bits each.
  struct GroupEscapes {
    mlir::Value first, counts;
  };
  /// A run of steps of one panel that the workgroup has: steps `from` … `to`-1, those of the panel
  /// beginning at `panelStart`. The panel is `member` of the workgroup's band.
  struct Segment {
    Panel panel;
    mlir::Value member, panelStart, from, to;
  };
  /// A stage, and how often the ring has been gone round before.
  struct StageTurn {
    mlir::Value stage, round;
  };

  // SkinnyEntries.cpp
  KernelEntry commonEntry(llvm::StringRef kernel);
  KernelEntry packEntry();
  KernelEntry decodeEntry();
  WorkspaceRule workspaceRule() const;

  // SkinnyWarpgroup.cpp
  /// Where a word of packed x comes from and goes to: its row and column within a tile and group,
  /// and within a group its place in tile 0 and the words from tile to tile.
  struct PackedPlace {
    mlir::Value row, column, at;
    int64_t tileWords;
  };
  PackedPlace placeInCores(mlir::Value thread);
  /// A's registers of a strip's unit, escapes applied.
  Fragments operandsOf(mlir::Value strip, const Panel &panel, const Step &step, mlir::Value group,
                       llvm::function_ref<GroupEscapes()> escapesOfGroup, bool asWords);
  Fragments beginProducts(mlir::ValueRange operands, const Step &step, mlir::Value group,
                          mlir::ValueRange sums);
  Fragments waitForProducts(int64_t pending, mlir::ValueRange sums);
  Fragments multiplyStepTogether(mlir::Value strip, const Panel &panel, const Step &step,
                                 mlir::ValueRange sums, bool asWords);

  // SkinnyPack.cpp
  PackedPlace placeInFragments(mlir::Value thread);
  void buildPack(mlir::gpu::GPUModuleOp module);
  void buildDecode(mlir::gpu::GPUModuleOp module);
  /// x as kernels get it, and where it goes.
  struct UnpackedX {
    mlir::Value x, rowStride, rows, packed;
  };
  /// What thread `thread` of packThreads brings of a slice's group of 64 columns, number `block`.
  void packBlock(const UnpackedX &from, mlir::Value block, mlir::Value thread);

  // Skinny.cpp
  void buildProduct(mlir::gpu::GPUModuleOp module);
  void takeArguments(mlir::gpu::GPUFuncOp kernel);
  /// Slices of 8 · tiles batch rows.
  mlir::Value slicesOf(mlir::Value batch);
  void initBarriers(mlir::Value thread);
  /// Waits until all threads of the cluster have come.
  void meetCluster();
  void releaseStage(const Step &step);
  /// Panel `member` of this workgroup's band of a place.
  Panel loadPanel(mlir::Value place, mlir::Value member);
  /// The first step of a cluster's share.
  mlir::Value shareOf(mlir::Value number);
  /// The step that comes `ordinal` after the cluster's first one.
  Step stepAt(mlir::Value ordinal);
  Step stepOf(mlir::Value place, mlir::Value chunk, const StageTurn &turn);
  /// Waits until the phase before `round` (full) or two before it (empty) has ended.
  void waitFor(mlir::Value barriers, const Step &step, bool isEmptyWait);

  // SkinnyProducer.cpp
  void buildProducer();
  // SkinnyThreadProducer.cpp
  void buildThreadProducer();
  void copyByThreads(mlir::Value plane, mlir::Value from, mlir::Value to, mlir::Value words);
  void copyWeights(const Step &step);
  void copyPanel(const Step &step, int64_t member);
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
  void buildConsumer();
  /// Whether panels that are stored as words have a loop of their own, so that the one of all
  /// others does not ask.
  bool wordsHaveTheirLoop() const;
  /// `turn` is the stage of the next step, as i32, and the lowest bit of its round; given back for
  /// the segment behind. Dividing the step's number would take a third of a step's instructions.
  Values buildSegment(mlir::Value strip, mlir::Value place, mlir::ValueRange turn);
  Values turnAfter(mlir::ValueRange turn);
  /// `carried` and what it gives back are a turn and sums.
  Values multiplySteps(mlir::Value strip, const Segment &segment, mlir::ValueRange carried,
                       bool asWords);
  Fragments multiplyStep(mlir::Value strip, const Panel &panel, const Step &step,
                         mlir::ValueRange sums, bool asWords);
  Fragments multiplyGroup(mlir::Value strip, const Panel &panel, const Step &step,
                          mlir::Value group, llvm::function_ref<GroupEscapes()> escapesOfGroup,
                          mlir::ValueRange sums, bool asWords);
  /// B's fragments of a group lie from `x` of `buffer` on, with the lane's place in it.
  Fragments multiplyWith(mlir::ValueRange fragments, mlir::Value buffer, mlir::Value x,
                         mlir::ValueRange sums);
  Fragments multiply(mlir::ValueRange fragments, const Step &step, mlir::Value group,
                     mlir::ValueRange sums);
  Fragments decodeFragment(const Step &step, mlir::Value unit, bool asWords);
  /// Of `count` groups from `group` on.
  llvm::SmallVector<GroupEscapes> escapesOf(const Step &step, mlir::Value group, int64_t count);
  mlir::Value hasEscapes(mlir::Value strip, const GroupEscapes &escapes);
  Fragments patch(mlir::Value strip, const Step &step, const GroupEscapes &escapes,
                  mlir::ValueRange fragments);
  void applyRecords(const Step &step, mlir::Value first, mlir::Value count,
                    mlir::ValueRange fragments);
  void applyWord(mlir::Value record);
  void applyRun(mlir::Value at);
  mlir::Value matrixA(mlir::ValueRange fragments, unsigned block);
  mlir::Value zeroSum();

  // SkinnyOutput.cpp
  void finishSegment(mlir::Value strip, const Panel &panel, mlir::Value firstStep,
                     mlir::Value lastStep, mlir::ValueRange sums);
  void addPartials(mlir::Value strip, const Panel &panel, mlir::ValueRange sums);
  /// The parts of a strip's sums: this warp's, the first one, how many others there are, and the
  /// counter at which each counts itself.
  struct Parts {
    mlir::Value counter, own, first, others;
  };
  /// Stores the sums as part `own`; whoever counts itself last adds all parts in their order, and
  /// stores the outputs. `placesOf` a part gives the place of each tile in the workspace.
  void addInOrder(mlir::Value strip, const Panel &panel, mlir::ValueRange sums, const Parts &parts,
                  llvm::function_ref<Values(mlir::Value part)> placesOf);
  void storeOutputs(mlir::Value strip, const Panel &panel, mlir::ValueRange sums);
  mlir::Value clusterOf(mlir::Value step);
  mlir::Value partialAt(mlir::Value number, mlir::Value isLater, unsigned tile);

  MatmulOp op;
  const SkinnyPlan &plan;
  /// The format of the weight.
  const EmittedFormat &format;

  // Arguments of kernel product, in order.
  mlir::Value panels, table, words, raw, code, patches, records, y, yRow, batch, workspace,
      counters;
  llvm::SmallVector<mlir::Value> extras;
  /// Where partial sums begin in the workspace; steps of all clusters.
  mlir::Value partials, steps;
  /// Steps of a cluster's share, of which the first `longer` clusters have one more.
  mlir::Value evenShare, longer;
  mlir::Value lane, warp, firstStep, endStep;
  /// This cluster's number and how many there are, and the workgroup's rank in it.
  mlir::Value cluster, clusters, rank;
  /// Shared memory as u32; the part where a warp applies escapes, as u32 and as halves of them.
  mlir::Value ring, scratchWords, scratchHalves;
  mlir::Value full, empty;
  /// The decode table.
  llvm::SmallVector<mlir::Value> tableWords;
};

} // namespace uwt

#endif // UWT_LIB_GPUKERNELS_SKINNY_H
