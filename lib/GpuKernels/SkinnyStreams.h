//===- SkinnyStreams.h - Products of weights with prefix codes --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp multiplies a stream unit: a strip × 1,024 columns. A lane's code words are a chain of
// lookups, which only many warps hide: so warps are independent, and there is no ring. A unit's
// codes come into shared memory by one bulk copy; what is longer than its room is read where it
// lies. Memory's latency is hidden by prefetches to the second-level cache, of raw fields some
// groups ahead and of codes a unit ahead: shared memory has no bandwidth to spare for a ring.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_GPUKERNELS_SKINNYSTREAMS_H
#define UWT_LIB_GPUKERNELS_SKINNYSTREAMS_H

#include "Skinny.h"
#include "StreamUnits.h"
#include "uwt/GpuKernels/ProductKernels.h"

namespace uwt {

class StreamProduct {
public:
  /// `kernels` outlives the object.
  explicit StreamProduct(SkinnyKernels &kernels);

  /// Why this format has no such kernel; empty where it has one.
  static std::string refusal(MatmulOp op, const EmittedFormat &format);

  /// Builds `pack` and `product`, and says how they are launched.
  void build(ProductKernels &result);

  /// Most batch rows of a slice, in eights.
  static constexpr unsigned mostTiles = 4;
  /// Workgroups that a multiprocessor has for slices of so many eights: sums of wide ones take the
  /// registers of both.
  static int64_t workgroupsFor(int64_t tiles) { return tiles == 1 ? 2 : 1; }

private:
  using Values = llvm::SmallVector<mlir::Value>;
  using Panel = SkinnyKernels::Panel;
  /// A unit of an item, and what it multiplies.
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

  void buildKernel(mlir::gpu::GPUModuleOp module);
  void takeArguments(mlir::gpu::GPUFuncOp kernel);
  void layOutShared();
  void loadTable();
  Item itemAt(mlir::Value number);
  mlir::Value buildItem(mlir::Value number, mlir::Value following, mlir::Value round);
  Values multiplyWords(const Item &item);
  Values multiplyCoded(const Item &item, const Ahead &ahead, mlir::Value round);
  /// Where the raw fields of an item's first group are.
  mlir::Value rawStart(const Item &item);
  mlir::Value rawStride(const Item &item);
  /// Whether an item exists and is not stored as words.
  mlir::Value isCoded(const Item &item);
  /// What to bring for a coded item.
  Ahead aheadOf(const Item &item);
  /// For item `number`, or once more for `instead`, which is coded, where that is not.
  Ahead lookAhead(mlir::Value number, mlir::Value instead);
  /// Brings the codes, and the raw fields of the first `distance` groups: the others follow while
  /// the item is multiplied.
  void prefetch(const Ahead &ahead);
  void prefetchRaw(mlir::Value groupStart);
  /// The unit's first u32 in this warp's room.
  StreamUnits::Source copyUnit(const Item &item, mlir::Value round);
  Values multiplyUnit(const Item &item, const StreamUnits::Source &source,
                      const StreamUnits::Header &header);
  Values multiplyGroup(const Item &item, mlir::Value group, mlir::ValueRange fragments,
                       mlir::ValueRange sums);
  /// Applies the records of a group; gives sums, the next record, and its group.
  Values multiplyEscaped(const Item &item, mlir::Value group, mlir::ValueRange fragments,
                         mlir::ValueRange sums, const StreamUnits::Source &source,
                         const StreamUnits::Header &header, mlir::ValueRange next);
  mlir::Value groupOfRecord(const StreamUnits::Source &source, const StreamUnits::Header &header,
                            mlir::Value record);
  void addPartials(const Item &item, mlir::ValueRange sums);
  KernelEntry productEntry();
  int64_t tableWords() const { return static_cast<int64_t>(format.table.words()); }
  int64_t sharedBytes() const;
  bool hasEscapes() const { return format.format.escapes != Escapes::None; }

  SkinnyKernels &kernels;
  const EmittedFormat &format;
  mlir::OpBuilder &builder;
  mlir::Location location;
  Indices index;
  int64_t inRow, room;
  /// Warps of a workgroup, and the groups that their raw fields are brought ahead.
  int64_t warps, threads, distance;
  std::optional<StreamUnits> units;
  mlir::Value slices, classes, rooms, sharedTable, barriers;
};

} // namespace uwt

#endif // UWT_LIB_GPUKERNELS_SKINNYSTREAMS_H
