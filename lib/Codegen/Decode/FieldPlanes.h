//===- FieldPlanes.h - Fields in planes as lane code ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads fields that lie in planes as chunks of 16, 8, 4, 2 and 1 bits (plane-1),
// bits of a register to where they stand in packed words.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_FIELDPLANES_H
#define UWT_LIB_CODEGEN_DECODE_FIELDPLANES_H

#include "uwt/Codegen/Decode/Emission.h"

namespace uwt::codegen {

inline constexpr unsigned rowsInStrip = 8, registersInLane = 4, blocksInGroup = 4;
/// Bytes of a register of all lanes of a fragment, and of a lane in it.
inline constexpr unsigned registerBytes = fragmentLanes * blocksInGroup * 4,
                          laneBytes = blocksInGroup * 4;

/// Number of a unit's row vector of register r and row g in a 64-column group.
inline unsigned rowVectorNumber(unsigned group, unsigned r, unsigned g) {
  return (group * registersInLane + r) * rowsInStrip + g;
}

/// A field of a unit: chunks of a plane, and where its bits go.
struct FieldSource {
  mlir::Value buffer, base;
  /// Widths of the chunks, lowest bits of the field first.
  llvm::SmallVector<uint32_t> chunks;
  /// Bit of a half word where bit 0 of the field goes.
  int position = 0;
  /// The field's highest bit goes to bit 15 (a sign).
  bool hasSign = false;
  /// A thread's lane of the fragment; null where all lanes' rows come one after another.
  mlir::Value lane = {};
  /// u32 from `base` to the field: where a group of a unit has its part.
  int64_t offset = 0;
};

/// Where the first row begins that lies from `base` on with `words` u32 for each of the 32 lanes of
/// a fragment: a thread begins at its own `lane`.
mlir::Value rowBase(LaneBuilder &lanes, mlir::Value base, mlir::Value lane, unsigned words);

/// Bits of register r, row g, at their offsets in both half words, zeros elsewhere.
mlir::Value loadField(LaneBuilder &lanes, const FieldSource &field, unsigned r, unsigned g);

/// The u32 that hold register r's part of a field of one chunk, one a block of a thread's lane.
mlir::Value loadChunkU32(LaneBuilder &lanes, const FieldSource &field, unsigned r);

/// The raw field of a unit, sign at bit 15.
FieldSource rawField(UnitEmission &unit);
/// The code of a unit, its bit 0 at `position`.
FieldSource codeField(UnitEmission &unit, int position);

/// Calls `visit` for r and g row by row, or in the order in which planes are read best.
void forEachRowVector(const UnitEmission &unit,
                      llvm::function_ref<void(unsigned r, unsigned g)> visit);

/// Emits the row vectors of a unit that is stored as words.
void emitWords(UnitEmission &unit);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_FIELDPLANES_H
