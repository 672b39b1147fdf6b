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
//     coded units of several groups     SkinnyWideUnits.cpp
//     the warps that decode for others  SharedDecoder.cpp
//     partial sums, places of outputs   SkinnyOutput.cpp
//       epilogue                        Output.cpp
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_SKINNY_H
#define UWT_LIB_CODEGEN_GPU_SKINNY_H

#include "LaneCode.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Codegen/GPU/SkinnyPlan.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Pack/KernelPack.h"

namespace uwt {

class SharedDecoder;

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
  /// Prefix codes.
  friend class StreamWarps;
  friend class StreamProduct;
  friend class SharedDecoder;
  /// A panel for a slice of the batch: its place among those of all slices, its number in the
  /// weight, its slice, and fields of its DevicePanelEntry. The last place repeats the last panel
  /// where it has fewer: that is not its own there. `isOwn` is null where all are.
  struct Panel {
    mlir::Value place, number, isOwn, slice, words, raw, code, records, storedAsWords, strips;
  };
  /// A filling of a stage, which has a step, or several: its place, the number of its stage, and
  /// the groups that it has. A stage begins at `start`, what it has of a panel at `part`. This
  /// cluster multiplies `ownGroups` of its groups, from `firstOwn` on (null where all are its own).
  struct Step {
    mlir::Value place, firstGroup, groups, stage, start, part, round, firstOwn, ownGroups;
  };
  /// A group of a step, of a strip: its unit in the stage, and its number in the unit.
  struct Place {
    mlir::Value group, strip, unit, inUnit;
  };
  using Fragments = llvm::SmallVector<mlir::Value>;
  /// An entry of the table of records: its first record, and four counts of 8 bits: of a group's
  /// strips, or of the groups of a strip's unit.
  struct RecordEntry {
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
  Fragments operandsOf(const Panel &panel, const Step &step, const Place &place,
                       llvm::function_ref<RecordEntry()> entryOfPlace, bool asWords);
  /// The same of two groups of a unit.
  Fragments operandsOfPair(mlir::Value strip, const Panel &panel, const Step &step,
                           mlir::Value group, bool asWords);
  Fragments withEscapes(const Step &step, const Place &place,
                        llvm::function_ref<RecordEntry()> entryOfPlace, mlir::ValueRange fragments);
  Fragments beginProducts(mlir::ValueRange operands, const Step &step, mlir::Value group,
                          mlir::ValueRange sums);
  Fragments waitForProducts(int64_t pending, mlir::ValueRange sums);
  Fragments multiplyStepTogether(mlir::Value strip, const Panel &panel, const Step &step,
                                 mlir::ValueRange sums, bool asWords);

  // SkinnyPack.cpp
  PackedPlace placeInFragments(mlir::Value thread);
  void buildPack(mlir::gpu::GPUModuleOp module);
  /// x as kernels get it, and where it goes.
  struct UnpackedX {
    mlir::Value x, rowStride, rows, packed;
  };
  /// What thread `thread` of packThreads brings of a slice's group of 64 columns, number `block`.
  void packBlock(const UnpackedX &from, mlir::Value block, mlir::Value thread);

  // Skinny.cpp
  void buildProduct(mlir::gpu::GPUModuleOp module);
  void takeArguments(mlir::gpu::GPUFuncOp kernel);
  /// The steps of this cluster.
  void takeShare();
  /// Slices of 8 · tiles batch rows.
  mlir::Value slicesOf(mlir::Value batch);
  /// Those of the ring, and what `decoder` shares, if there is one.
  void initBarriers(mlir::Value thread, SharedDecoder *decoder);
  /// Waits until all threads of the cluster have come.
  void meetCluster();
  void releaseStage(const Step &step);
  /// Panel `member` of this workgroup's band of a place.
  Panel loadPanel(mlir::Value place, mlir::Value member);
  /// Where a cluster's share begins, in grains and in steps.
  mlir::Value grainOf(mlir::Value number);
  mlir::Value shareOf(mlir::Value number);
  /// The filling that comes `ordinal` after the cluster's first one, and its stage; filling
  /// `number` of a place.
  Step fillingAt(mlir::Value ordinal);
  StageTurn turnOf(mlir::Value ordinal);
  Step fillingIn(mlir::Value place, mlir::Value number, const StageTurn &turn);
  /// Waits until the phase before `round` (full) or two before it (empty) has ended.
  void waitFor(mlir::Value barriers, const Step &step, bool isEmptyWait);

  // SkinnyProducer.cpp
  void buildProducer();
  /// Whoever fills the ring by copies.
  void buildCopies(mlir::Value thread);
  // SkinnyThreadProducer.cpp
  void buildThreadProducer();
  /// Ends a group of copies of threads, and waits until no more than `left` are on their way.
  void endCopies(int32_t left);
  void copyByThreads(mlir::Value plane, mlir::Value from, mlir::Value to, mlir::Value words);
  void copyWeights(const Step &step);
  void copyPanel(const Step &step, int64_t member);
  void copyX(const Step &step);
  /// Where decoders bring the weights, the stage's transaction is x alone.
  void expectX(const Step &step);
  /// The run of plane `patch` that a step copies: from a u32 on so many u32, 0 where its stage has
  /// no room for them.
  struct PatchCopy {
    mlir::Value from, words;
  };
  /// The stage's DeviceRecordGroups lie in `buffer` from u32 `at` on.
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
  Fragments multiplyGroup(const Panel &panel, const Step &step, const Place &place,
                          llvm::function_ref<RecordEntry()> entryOfPlace, mlir::ValueRange sums,
                          bool asWords);
  /// B's fragments of a group lie from `x` of `buffer` on, with the lane's place in it.
  Fragments multiplyWith(mlir::ValueRange fragments, mlir::Value buffer, mlir::Value x,
                         mlir::ValueRange sums);
  Fragments multiply(mlir::ValueRange fragments, const Step &step, mlir::Value group,
                     mlir::ValueRange sums);
  Place placeOf(const Panel &panel, mlir::Value group, mlir::Value strip);
  Fragments decodeFragment(const Panel &panel, const Step &step, const Place &place, bool asWords);
  /// `count` entries from that of a place on, and which count of them is the place's.
  llvm::SmallVector<RecordEntry> entriesFrom(const Step &step, const Place &place, int64_t count);
  RecordEntry recordEntryOf(const Step &step, const Place &place) {
    return entriesFrom(step, place, 1).front();
  }
  mlir::Value countNumber(const Place &place) const {
    return plan.unitGroups > 1 ? place.inUnit : place.strip;
  }
  /// Where this warp's scratch memory begins.
  mlir::Value scratchOfWarp() { return index.mul(warp, plan.scratchWords()); }
  mlir::Value hasEscapes(const Place &place, const RecordEntry &entry);
  Fragments patch(const Step &step, const Place &place, const RecordEntry &entry,
                  mlir::ValueRange fragments);
  /// Records of an entry before those that count number `end` counts.
  mlir::Value recordsBefore(const RecordEntry &entry, mlir::Value end);
  void applyWords(const Step &step, mlir::Value first, mlir::Value count);
  /// Applies a record to the unit that lies from u32 `unitAt` of the scratch memory on.
  void applyWord(mlir::Value record, mlir::Value unitAt);
  /// Puts a record's value into its half of u32 `word` there.
  void storeHalf(mlir::Value record, mlir::Value word);
  /// Strategy codes: whether the unit's symbols are bytes, and its words from these.
  mlir::Value isInBytes(const Step &step, const Place &place);
  Fragments decodeBytes(const Panel &panel, const Step &step, const Place &place);
  void applyRun(mlir::Value at, mlir::Value row);
  mlir::Value matrixA(mlir::ValueRange fragments, unsigned block);
  mlir::Value zeroSum();

  // SkinnyWideUnits.cpp
  /// Numbers of fillings, counted through all places: of the one that has a step, and of the one
  /// behind that of the last step before `endStep`.
  mlir::Value fillingOf(mlir::Value step);
  mlir::Value fillingAfter(mlir::Value endStep);
  /// Leaves out what belongs to other clusters: chunks of the panel before `first`, and from `end`.
  void restrictTo(Step &step, mlir::Value firstChunk, mlir::Value endChunk);
  /// Group `number` of those that this cluster multiplies.
  mlir::Value ownGroup(const Step &step, mlir::Value number) {
    return step.firstOwn ? index.add(step.firstOwn, number) : number;
  }
  /// The number of a group's row of units in its stage, and its own number in a unit of it.
  std::pair<mlir::Value, mlir::Value> unitOf(mlir::Value group);
  /// Rows of units that a stage has.
  mlir::Value unitRows(const Step &step);
  /// Where a place's words lie in plane `words`.
  mlir::Value wordsAt(const Panel &panel, const Step &step, const Place &place);
  /// A's registers of a group and of the one behind it.
  Fragments decodePair(const Panel &panel, const Step &step, mlir::Value group, mlir::Value strip,
                       bool asWords);
  Fragments multiplyPairs(mlir::Value strip, const Panel &panel, const Step &step,
                          mlir::ValueRange sums, bool asWords);
  /// Of a unit of several groups: those of the place's group.
  void applyRunsOfGroup(const Step &step, const Place &place, const RecordEntry &entry);

  // SkinnyOutput.cpp
  void finishSegment(mlir::Value strip, const Panel &panel, mlir::Value firstStep,
                     mlir::Value lastStep, mlir::ValueRange sums);
  /// Sums as vectors of four, as all below take them.
  Values flatSums(mlir::ValueRange sums);
  /// One of these, in a buffer of u32.
  void storeSum(mlir::Value sum, mlir::Value buffer, mlir::Value at);
  mlir::Value loadSum(mlir::Value buffer, mlir::Value at);
  /// The parts of a strip's sums: this warp's, the first one, how many others there are, and the
  /// counter at which each counts itself.
  struct Parts {
    mlir::Value counter, own, first, others;
  };
  /// The place of each tile of a part in the workspace.
  using PlacesOf = llvm::function_ref<Values(mlir::Value part)>;
  Parts partsOf(const Panel &panel);
  Values placesOfCluster(const Panel &panel, mlir::Value number);
  /// Stores the sums as part `own`, and counts it: whether all others were counted before. Then the
  /// counter is as it was.
  mlir::Value countPart(mlir::ValueRange sums, const Parts &parts, PlacesOf placesOf);
  /// Adds `count` parts in their order.
  Values addParts(mlir::ValueRange begin, mlir::Value first, mlir::Value count, PlacesOf placesOf);
  mlir::Value zeroOf(mlir::Type type);
  void storeOutputs(mlir::Value strip, const Panel &panel, mlir::ValueRange sums);
  /// Stores a lane's four sums of a tile, of batch rows from m0 on and output features from n0 on.
  void storeTile(mlir::Value m0, mlir::Value n0, mlir::Value sum);
  mlir::Value clusterOf(mlir::Value grain);
  mlir::Value partialAt(mlir::Value number, mlir::Value isLater, unsigned tile);

  MatmulOp op;
  const SkinnyPlan &plan;
  /// The format of the weight.
  const EmittedFormat &format;

  // Arguments of kernel product, in order.
  mlir::Value panels, table, words, raw, code, patches, records, y, yRow, batch, workspace,
      counters;
  llvm::SmallVector<mlir::Value> extras;
  /// Where partial sums begin in the workspace.
  mlir::Value partials;
  /// Grains of a cluster's share, of which the first `longer` clusters have one more.
  mlir::Value evenShare, longer;
  mlir::Value lane, warp, firstStep, endStep;
  /// The fillings of the ring that this cluster's share takes.
  mlir::Value firstFilling, endFilling;
  /// This cluster's number and how many there are, and the workgroup's rank in it.
  mlir::Value cluster, clusters, rank;
  /// Shared memory as u32; the part where a warp applies escapes, as u32 and as halves of them.
  mlir::Value ring, scratchWords, scratchHalves;
  mlir::Value full, empty;
  /// The decode table.
  llvm::SmallVector<mlir::Value> tableWords;
};

} // namespace uwt

#endif // UWT_LIB_CODEGEN_GPU_SKINNY_H
