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
// lies.
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

  static constexpr int64_t warps = 6, threads = 32 * warps, mostCtas = 2;
  /// Most batch rows of a slice, in eights.
  static constexpr unsigned mostTiles = 4;

private:
  using Values = llvm::SmallVector<mlir::Value>;
  using Panel = SkinnyKernels::Panel;
  /// A unit of an item, and what it multiplies.
  struct Item {
    Panel panel;
    mlir::Value strip, part, number;
    StreamUnits::Unit unit;
  };

  void buildKernel(mlir::gpu::GPUModuleOp module);
  void takeArguments(mlir::gpu::GPUFuncOp kernel);
  void layOutShared();
  void loadTable();
  mlir::Value buildItem(mlir::Value number, mlir::Value round);
  Values multiplyWords(const Item &item);
  Values multiplyCoded(const Item &item, mlir::Value round);
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
  std::optional<StreamUnits> units;
  mlir::Value classes, rooms, sharedTable, barriers;
};

} // namespace uwt

#endif // UWT_LIB_GPUKERNELS_SKINNYSTREAMS_H
