//===- StreamWarps.h - Warps that read stream units -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What warps have in common that decode a stream unit (a strip × 1,024 columns), whether they
// multiply it themselves (SkinnyStreams.h) or write it to shared memory for others
// (SharedDecoder.h). A unit's codes come into shared memory by one bulk copy; what is longer than
// its room, and everything on targets without bulk copies, is read where it lies. Memory's latency
// is hidden by prefetches to the second-level cache, of raw fields some groups ahead and of codes a
// unit ahead: shared memory has no bandwidth to spare for a ring.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_STREAMWARPS_H
#define UWT_LIB_CODEGEN_GPU_STREAMWARPS_H

#include "Skinny.h"
#include "StreamUnits.h"

namespace uwt {

class StreamWarps {
protected:
  using Values = llvm::SmallVector<mlir::Value>;
  using Panel = SkinnyKernels::Panel;
  /// A unit: part `part` of a strip, number `number` of the panel.
  struct Item {
    Panel panel;
    mlir::Value strip, part, number;
    StreamUnits::Unit unit;
  };
  /// What an item needs, in u32 of the planes: its codes, and its raw fields, a group of them
  /// `stride` behind the one before.
  struct Ahead {
    mlir::Value code, codeWords, raw, stride, groups;
  };

  /// `warps` of a workgroup read streams. `kernels` outlives the object.
  StreamWarps(SkinnyKernels &kernels, int64_t warps);
  virtual ~StreamWarps() = default;

  /// Whether a warp can read streams of the weight by itself. Errors: Unsupported.
  static Status checkProduct(MatmulOp op, const EmittedFormat &format);

  /// u32 of shared memory for the table and so many rooms.
  static int64_t streamWordsOf(MatmulOp op, const EmittedFormat &format, int64_t rooms);
  /// Those of this table and of the warps' rooms.
  int64_t streamWords() const { return tableWords() + warps * room; }
  /// The views of both, from u32 `first` of dynamic shared memory on, and the barriers of the
  /// copies; `reader` is this warp's number among those that read streams.
  void layOutStreams(int64_t first, mlir::Value reader);
  /// One thread of the workgroup does.
  void initStreamBarriers();
  /// All `threads` of the workgroup do; no barrier follows.
  void copyTable(mlir::Value thread, int64_t threads);

  /// Part `part` of a strip of a panel.
  Item itemOf(const Panel &panel, mlir::Value strip, mlir::Value part);
  /// Whether an item exists and is not stored as words.
  mlir::Value isCoded(const Item &item);
  /// Where the raw fields of an item's first group are, and how far apart groups are.
  mlir::Value rawStart(const Item &item);
  mlir::Value rawStride(const Item &item);

  /// Item `number` of all.
  virtual Item itemAt(mlir::Value number) = 0;
  /// What to bring for a coded item.
  Ahead aheadOf(const Item &item);
  /// For item `number`, or once more for `instead`, which is coded, where that is not.
  Ahead lookAhead(mlir::Value number, mlir::Value instead);
  /// Brings the codes, and the raw fields of the first `distance` groups: the others follow while
  /// the item is decoded.
  void prefetch(const Ahead &ahead);

  /// Decodes a unit by `body`, from this warp's room if it fits there. `round` counts the warp's
  /// coded units.
  Values decodeUnit(
      const Item &item, mlir::Value round, mlir::TypeRange types,
      llvm::function_ref<void()> meanwhile,
      llvm::function_ref<Values(const StreamUnits::Source &, const StreamUnits::Header &)> body);
  /// What is carried from group to group: the lane's stream and, with escapes, the next record and
  /// its group.
  Values begin(const StreamUnits::Source &source, const StreamUnits::Header &header);
  size_t carriedCount() const { return hasEscapes() ? 6 : 4; }
  /// A's registers of a group and, behind them, the lane's stream after it.
  Values decodeGroup(const Item &item, mlir::Value group, const StreamUnits::Source &source,
                     mlir::ValueRange state, mlir::ValueRange classPlaces);
  /// Whether the next record, of `records`, is of this group.
  mlir::Value isNext(mlir::ValueRange records, mlir::Value group);
  /// Applies the records of a group to its words, which lie in shared memory from u32 `unitAt` of
  /// the kernels' scratch memory on; gives the next record and its group.
  Values applyRecords(const StreamUnits::Source &source, const StreamUnits::Header &header,
                      mlir::ValueRange records, mlir::Value group, mlir::Value unitAt);
  /// The same for words in another order: one lane calls `apply` with each record.
  Values applyRecords(const StreamUnits::Source &source, const StreamUnits::Header &header,
                      mlir::ValueRange records, mlir::Value group,
                      llvm::function_ref<void(mlir::Value)> apply);
  /// A's registers of group `group` of the panel, of weights that are stored as words.
  Values loadWords(const Item &item, mlir::Value group);
  /// Writes A's registers of a group there.
  void storeFragments(mlir::ValueRange fragments, mlir::Value unitAt);

  bool hasEscapes() const { return format.format.escapes != Escapes::None; }
  int64_t tableWords() const { return static_cast<int64_t>(format.table.words()); }
  /// What the plan's facts say of streams.
  void addFacts(PlanFacts &facts) const;

  SkinnyKernels &kernels;
  const EmittedFormat &format;
  mlir::OpBuilder &builder;
  mlir::Location location;
  Indices index;
  int64_t inRow, room, warps;
  /// Groups that raw fields are brought ahead.
  int64_t distance;
  std::optional<StreamUnits> units;
  mlir::Value classes;

private:
  bool hasRooms() const { return !kernels.plan.copiesByThreads; }
  StreamUnits::Source copyUnit(const Item &item, mlir::Value round);
  void prefetchRaw(mlir::Value groupStart);
  mlir::Value groupOfRecord(const StreamUnits::Source &source, const StreamUnits::Header &header,
                            mlir::Value record);

  mlir::Value reader, rooms, sharedTable, barriers;
};

} // namespace uwt

#endif // UWT_LIB_CODEGEN_GPU_STREAMWARPS_H
