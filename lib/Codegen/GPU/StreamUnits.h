//===- StreamUnits.h - Stream units in kernels ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp decodes a stream unit: a thread its lane of a prefix code, four threads theirs of a
// numeral system. What a blob says is bounded where it is used: each u32 by the last one that may
// be read, counts by the widths of their fields.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_STREAMUNITS_H
#define UWT_LIB_CODEGEN_GPU_STREAMUNITS_H

#include "LaneCode.h"
#include "uwt/Codegen/Decode/Emission.h"

namespace uwt::codegen {

class StreamUnits : private LaneCode {
public:
  using LaneCode::Values;

  /// `type` is the weight's, `lane` the thread's lane in its warp.
  StreamUnits(mlir::OpBuilder &builder, mlir::Location location, CompressedType type,
              const EmittedFormat &format, mlir::Value lane);

  /// What a unit covers: its first strip in the panel and how many it has, the number of its first
  /// 64-column group in the matrix, its groups, and its blocks of a strip.
  struct Unit {
    mlir::Value strip, strips, firstGroup, groups, blocks;
  };
  /// Where its u32 lie: from element `begin` of a buffer on; number `last` is the last one that may
  /// be read. Numeral systems: of the first u32, the unit has all or (`skipped` is 1, not 0) the
  /// upper half.
  struct Source {
    mlir::Value buffer, begin, last, skipped;
  };
  struct Header {
    /// Prefix codes: number of the first u32 of the records, and how many records there are.
    mlir::Value records, recordCount;
    /// Prefix codes: u32 of the unit.
    mlir::Value sizeU32;
    /// The state of the lane's stream for `uwt.decode_stream_fragment`.
    Values state;
  };

  /// Units of a whole panel (order-5).
  int64_t unitsInPanel() const;
  int64_t unitsInStrip() const { return inStrip; }
  bool isWholePanel() const { return isWhole; }
  /// u32 that nearly all units fit in.
  int64_t usualU32() const;
  /// u32 of shared memory for the codes of a unit: none for numeral systems, whose units do not say
  /// how long they are.
  int64_t roomU32() const { return sharesWords() ? 0 : usualU32(); }

  Unit unit(mlir::Value panelStrips, mlir::Value number);
  /// A panel of the weight: its number, its strips, and where its blob begins in plane `code`.
  struct Panel {
    mlir::Value number, strips, code;
  };
  Source locate(mlir::Value code, const Panel &panel, mlir::Value number);
  mlir::Value u32At(const Source &source, mlir::Value number);
  Header header(const Source &source, const Panel &panel, const Unit &unit);
  /// Whether escapes are records behind the header of a unit, and not in its streams.
  bool hasRecords() const { return hasRecords(format); }
  static bool hasRecords(const EmittedFormat &format) {
    return format.traits.rate == Rate::Prefix && format.format.escapes != Escapes::None;
  }
  /// Where the decode tables of the lane's two rows of a strip begin.
  Values classes(mlir::Value plane, mlir::Value panel, mlir::Value strip);
  /// Four operand registers of group `group` of the unit, then the state after it. Without `raw`
  /// raw fields are 0.
  Values decode(const Unit &unit, mlir::Value group, mlir::Value raw, mlir::Value rawAt,
                const Source &source, mlir::ValueRange state, mlir::Value table,
                mlir::ValueRange classOffsets);

private:
  bool sharesWords() const { return format.traits.rate == Rate::Ans; }
  Source locateShared(mlir::Value code, const Panel &panel, mlir::Value number);
  Header prefixHeader(const Source &source);
  Header sharedHeader(const Source &source, const Panel &panel, const Unit &unit);
  /// Numeral systems: `rows` and `blocks` of the thread's state (ans_state) where a unit begins.
  Values unitState(const Panel &panel, const Unit &unit);
  mlir::Value window(const Source &source, mlir::Value number, mlir::Value shift);

  CompressedType type;
  const EmittedFormat &format;
  mlir::Value lane;
  int64_t columns, groups, inStrip;
  bool isWhole;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_STREAMUNITS_H
