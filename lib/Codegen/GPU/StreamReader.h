//===- StreamReader.h - Warps that read stream units ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What warps have in common that decode a stream unit (a strip × 1,024 columns), whether they
// multiply it themselves (StreamConsumer.h) or write it to shared memory for others
// (SharedDecoder.h). A unit's codes come into shared memory by one bulk copy; what is longer than
// its room, and everything on targets without bulk copies, is read where it lies. Memory's latency
// is hidden by prefetches to the second-level cache, of raw fields some column groups ahead and of
// codes a unit ahead: shared memory has no bandwidth to spare for a ring.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_STREAMREADER_H
#define UWT_LIB_CODEGEN_GPU_STREAMREADER_H

#include "PanelTable.h"
#include "ProductArguments.h"
#include "StreamUnits.h"

namespace uwt::codegen {

/// What is known of warps that read streams before their code is there.
struct StreamShape {
  /// Warps of a CTA that read streams; stream units of a strip.
  int64_t warps = 0, unitsOfStrip = 0;
  /// u32 of shared memory before the decode table: the ring's. Of the table, of a warp's room for
  /// codes (0 without bulk copies), and of the raw fields of a strip × column group.
  int64_t firstU32 = 0, tableU32 = 0, roomU32 = 0, rawU32 = 0;
  /// Column groups that raw fields are brought ahead.
  int64_t distance = 1;

  static StreamShape of(MatmulOp op, const EmittedFormat &format, const ProductPlan &plan,
                        int64_t warps);
  /// u32 of shared memory: the table, and all rooms.
  int64_t sharedU32() const { return tableU32 + warps * roomU32; }
};

/// Whether a warp can read streams of the weight by itself. Errors: Unsupported.
Status checkStreams(MatmulOp op, const EmittedFormat &format);
/// u32 of shared memory for the decode table and so many rooms.
int64_t streamSharedU32(MatmulOp op, const EmittedFormat &format, int64_t rooms);
/// Adds what streams mean for the profile of the machine code.
void addStreamFacts(const StreamShape &shape, const EmittedFormat &format, const ProductPlan &plan,
                    PlanFacts &facts);

/// A stream unit: number `inStrip` of a strip's, number `number` of the panel's.
struct StreamItem {
  TilePanel panel;
  mlir::Value strip, inStrip, number;
  StreamUnits::Unit unit;
};

class StreamReader : private LaneCode {
public:
  using LaneCode::Values;

  /// Lays out the decode table and the rooms in dynamic shared memory, and creates the barriers of
  /// the copies. `reader` is this warp's number among those that read
  /// streams. `format` and `arguments` outlive the object.
  StreamReader(const LaneCode &code, CompressedType type, const EmittedFormat &format,
               const StreamShape &shape, const ProductArguments &arguments, mlir::Value lane,
               mlir::Value reader);

  /// One thread of the CTA does.
  void initBarriers();
  /// All `threads` of the CTA do; no barrier follows.
  void copyTable(mlir::Value thread, int64_t threads);

  StreamItem itemOf(const TilePanel &panel, mlir::Value strip, mlir::Value inStrip);
  /// i1: whether an item exists and is not stored as words.
  mlir::Value isCoded(const StreamItem &item);

  /// Brings the codes of a coded item, and the raw fields of its first `distance` column groups:
  /// the others follow while the item is decoded.
  struct Ahead {
    /// u32 of planes `code` and `raw`, and from a column group's raw fields to the next one's.
    mlir::Value code, codeU32, raw, stride, groups;
  };
  Ahead aheadOf(const StreamItem &item);
  void prefetch(const Ahead &ahead);
  /// For item `number`, or once more for `instead`, which is coded, where that is not.
  Ahead lookAhead(llvm::function_ref<StreamItem(mlir::Value)> itemAt, mlir::Value number,
                  mlir::Value instead);

  /// Decodes a unit by `body`, from this warp's room if it fits there. `ordinal` counts the warp's
  /// coded units.
  using Body = llvm::function_ref<Values(const StreamUnits::Source &, const StreamUnits::Header &)>;
  Values decodeUnit(const StreamItem &item, mlir::Value ordinal, mlir::TypeRange types,
                    llvm::function_ref<void()> meanwhile, Body body);
  /// What is carried from column group to column group: the lane's stream and, with records of
  /// escapes, the next one and its group.
  Values begin(const StreamUnits::Source &source, const StreamUnits::Header &header);
  size_t carriedCount() const { return hasEscapes() ? 6 : 4; }
  /// Where the decode tables of the lane's two rows begin.
  Values classOffsets(const StreamItem &item);
  /// A's registers of a column group and, behind them, the lane's stream after it.
  Values decodeGroup(const StreamItem &item, mlir::Value group, const StreamUnits::Source &source,
                     mlir::ValueRange state, mlir::ValueRange classOffsets);
  /// i1: whether the next record, of `records`, is of this column group.
  mlir::Value isNext(mlir::ValueRange records, mlir::Value group);
  /// One lane calls `apply` with each record of a column group; gives the next record and its
  /// group.
  Values applyRecords(const StreamUnits::Source &source, const StreamUnits::Header &header,
                      mlir::ValueRange records, mlir::Value group,
                      llvm::function_ref<void(mlir::Value)> apply);
  /// A's registers of column group `group` of the panel, of weights that are stored as words.
  Values loadWords(const StreamItem &item, mlir::Value group);

  bool hasEscapes() const { return units.hasRecords(); }

  const StreamShape shape;

private:
  bool hasRooms() const { return shape.roomU32 != 0; }
  /// Where the raw fields of an item's first column group are, and how far apart groups are.
  mlir::Value rawStart(const StreamItem &item);
  mlir::Value rawStride(const StreamItem &item);
  StreamUnits::Source copyUnit(const StreamItem &item, mlir::Value ordinal);
  void prefetchRaw(mlir::Value groupStart);
  mlir::Value groupOfRecord(const StreamUnits::Source &source, const StreamUnits::Header &header,
                            mlir::Value record);

  CompressedType type;
  const ProductArguments &arguments;
  mlir::Value lane, reader;
  StreamUnits units;
  mlir::Value table, rooms, barriers;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_STREAMREADER_H
