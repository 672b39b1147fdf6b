//===- Fragment.h - Decoders of a thread of a GPU ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What only threads of a GPU do: byte permutations, and lane streams read by their own lane.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_FRAGMENT_H
#define UWT_LIB_CODEGEN_DECODE_FRAGMENT_H

#include "uwt/Codegen/Decode/Emission.h"
#include <array>
#include <memory>

namespace uwt::codegen {

/// Byte i of the result is the one of the eight bytes `high:low` that nibble i of `selector` (0…7)
/// says: one instruction. Vectors element by element.
mlir::Value permuteBytes(LaneBuilder &lanes, mlir::Value low, mlir::Value high,
                         mlir::Value selector);

/// Where a thread finds the raw field of its words.
struct RawAddress {
  mlir::Value buffer, first, lane;
};

/// Words of operand register `r`: the symbols, at their offsets in `symbols`, of which other bits
/// may be anything, and the raw fields.
mlir::Value joinRaw(LaneBuilder &lanes, const EmittedFormat &format, const RawAddress &raw,
                    unsigned r, mlir::Value symbols);

/// Symbols base + code of a window, at `position` of both half words, of which other bits may be
/// anything; code i is in nibble i of each half of `codes`, the base in both halves of `base`.
/// Codes and symbols have at most four and eight bits.
std::array<mlir::Value, 4> windowSymbols(LaneBuilder &lanes, mlir::Value codes, uint32_t codeMask,
                                         mlir::Value base, int position);

/// Byte `number` of the sixteen symbols of a table that a thread has, in four u32, each rotated
/// left by `rotation` bits; computed where the table's words are: before loops.
std::array<mlir::Value, 4> packTable(UnitEmission &unit, unsigned number, unsigned rotation);
/// The bytes of sixteen that the nibbles of `codes` name: first its lower half's, then its upper
/// half's.
std::array<mlir::Value, 2> lookUpBytes(LaneBuilder &lanes, const std::array<mlir::Value, 4> &table,
                                       mlir::Value codes);

/// Emits the row vectors of a palette's unit, sixteen words of its table being operands: byte
/// permutations look symbols up.
void emitPaletteFragment(UnitEmission &unit);

/// Emits the row vectors of a unit whose symbols are there as bytes (`exponent_bytes`).
void emitExponentBytes(UnitEmission &unit);

/// A thread's part of a stream unit, block by block.
class FragmentStream {
public:
  FragmentStream(LaneBuilder &lanes, const EmittedFormat &format, DecodeStreamFragmentOp op)
      : lanes(lanes), format(format), op(op), state(op.getState()) {}
  virtual ~FragmentStream() = default;

  /// The four registers of a block, symbols at their offsets with other bits between them.
  virtual std::array<mlir::Value, 4> takeBlock() = 0;
  mlir::ValueRange after() const { return state; }
  void setAfter(mlir::ValueRange values) { state.assign(values.begin(), values.end()); }

protected:
  /// The i32 at `base + at` of a buffer; `base` may be null.
  mlir::Value loadAt(mlir::Value buffer, mlir::Value base, mlir::Value at);

  LaneBuilder &lanes;
  const EmittedFormat &format;
  DecodeStreamFragmentOp op;
  llvm::SmallVector<mlir::Value> state;
};

/// The one of numeral systems, whose lanes are four threads each.
std::unique_ptr<FragmentStream> makeAnsFragment(LaneBuilder &lanes, const EmittedFormat &format,
                                                DecodeStreamFragmentOp op);

/// Replaces `uwt.decode_stream_fragment` by code.
mlir::LogicalResult emitStreamFragment(const EmittedFormat &format, mlir::RewriterBase &rewriter,
                                       DecodeStreamFragmentOp op);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_FRAGMENT_H
