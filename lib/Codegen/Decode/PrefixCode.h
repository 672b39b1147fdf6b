//===- PrefixCode.h - Scalar code for prefix decoders -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the parts of the prefix emitter share: 64-bit integers with folding, memory by
// byte addresses (streams are read at any byte, which a memref cannot say), loops, and the
// shape of a stream unit as values.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_PREFIXCODE_H
#define UWT_LIB_CODEGEN_DECODE_PREFIXCODE_H

#include "uwt/Codegen/Decode/Emission.h"
#include <map>

namespace uwt {

/// Writes operations on i64 (unsigned) and on bytes in memory. Operations on constants fold.
class ScalarBuilder {
public:
  using Body = llvm::function_ref<void(mlir::Value index)>;
  using CarryingBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value index,
                                                                         mlir::ValueRange carried)>;

  ScalarBuilder(mlir::OpBuilder &builder, mlir::Location location)
      : builder(builder), location(location) {}

  mlir::OpBuilder &ops() { return builder; }
  mlir::Location loc() const { return location; }

  /// The first one has to be asked for outside of any loop.
  mlir::Value constant(int64_t value);
  mlir::Value fromIndex(mlir::Value index);
  mlir::Value toIndex(mlir::Value value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b) { return add(a, constant(b)); }
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, int64_t b) { return mul(a, constant(b)); }
  mlir::Value div(mlir::Value a, mlir::Value b);
  mlir::Value rem(mlir::Value a, mlir::Value b);
  mlir::Value bitAnd(mlir::Value a, mlir::Value b);
  mlir::Value bitAnd(mlir::Value a, uint64_t mask) {
    return bitAnd(a, constant(static_cast<int64_t>(mask)));
  }
  mlir::Value bitOr(mlir::Value a, mlir::Value b);
  mlir::Value shl(mlir::Value a, mlir::Value bits);
  mlir::Value shl(mlir::Value a, unsigned bits) { return shl(a, constant(bits)); }
  mlir::Value lshr(mlir::Value a, mlir::Value bits);
  mlir::Value lshr(mlir::Value a, unsigned bits) { return lshr(a, constant(bits)); }
  /// `count` bits of `a` from bit `low`.
  mlir::Value bits(mlir::Value a, unsigned low, unsigned count);
  mlir::Value min(mlir::Value a, mlir::Value b);
  /// a - b, or 0 where that is less.
  mlir::Value subOrZero(mlir::Value a, mlir::Value b);
  /// `match` where a == b, else `other`; folds where both are the same constant.
  mlir::Value selectEqual(mlir::Value a, mlir::Value b, int64_t match, int64_t other);
  mlir::Value leadingZeros(mlir::Value a);
  /// `a`, in a register of its own: LLVM packs equal chains side by side into vectors, which is two
  /// to three times slower than what they were written for.
  mlir::Value keepScalar(mlir::Value a);

  /// The address of a memref's first element.
  mlir::Value pointerTo(mlir::Value buffer);
  mlir::Value at(mlir::Value pointer, mlir::Value bytes);
  mlir::Value at(mlir::Value pointer, int64_t bytes);
  /// Entry `index` of a table of `bits` bits each.
  mlir::Value entryAt(mlir::Value pointer, mlir::Value index, unsigned bits);
  /// An unsigned integer of `bits` bits as i64, from an address that is a multiple of
  /// `alignment`.
  mlir::Value load(unsigned bits, mlir::Value pointer, unsigned alignment);
  mlir::Value loadVector(mlir::Type type, mlir::Value pointer);
  /// The low `bits` bits of an i64.
  void store(unsigned bits, mlir::Value value, mlir::Value pointer);
  void storeVector(mlir::Value value, mlir::Value pointer);
  void prefetch(mlir::Value pointer);
  /// Memory of the function around `op`, or of a task of the parallel loop around it.
  mlir::Value scratch(mlir::Operation *op, unsigned bytes);

  /// for (i = 0; i < end; ++i).
  void loop(mlir::Value end, Body body);
  llvm::SmallVector<mlir::Value> loop(mlir::Value end, mlir::ValueRange initial, CarryingBody body);

private:
  mlir::OpBuilder &builder;
  mlir::Location location;
  /// Constants, once each, one after another before all code that uses them.
  std::map<int64_t, mlir::Value> constants;
  mlir::Operation *lastConstant = nullptr;
};

/// Where a stream unit lies and what it covers. Values are i64, and constants
/// where shape and format say them.
struct PrefixUnit {
  /// Strips of the panel; the unit's first one, and how many it has.
  mlir::Value panelStrips, firstStrip, strips;
  /// The first 64-column group of the matrix, and the unit's groups, blocks and columns.
  mlir::Value firstGroup, groups, blocks, columns;
  /// Columns of the last group that exist, 1 to 64, where the unit ends at the matrix's edge.
  uint32_t lastColumns = 64;
  /// 1 where the unit ends at the matrix's edge, else 0.
  mlir::Value isLast;
};

/// What a unit's header says, in bounds whatever it says (prefix-3, prefix-4).
struct PrefixStreams {
  /// Address of the escape records, and number of them.
  mlir::Value records, recordCount;
  /// Address of the streams.
  mlir::Value stream;
  /// Bits from there, behind which no code word begins in a sound stream.
  mlir::Value limit;
  /// Address of 32 u64: the bit at which each lane goes on.
  mlir::Value positions;
};

/// Everything that code for one `uwt.decode_stream` is made from.
struct PrefixDecoder {
  PrefixDecoder(mlir::OpBuilder &builder, DecodeStreamOp op, const EmittedFormat &format);

  ScalarBuilder code;
  DecodeStreamOp op;
  const EmittedFormat &format;
  /// i64.
  mlir::Value panel, unitNumber;
  /// Address of the panel's PanelEntry.
  mlir::Value entry;
  /// Address of the buffer.
  mlir::Value words;

  mlir::Value weightBuffer(WeightBuffer kind);
  /// A field of the PanelEntry.
  mlir::Value entryField(unsigned byteOffset);
  /// Address of the words of strip `strip` of group `group` of the unit.
  mlir::Value groupWords(const PrefixUnit &unit, mlir::Value group, mlir::Value strip);
};

/// order-5.
PrefixUnit emitPrefixUnit(PrefixDecoder &decoder);
PrefixStreams emitStreams(PrefixDecoder &decoder);

/// Symbols of a group of a strip: looked up, at their offsets in the buffer's words, with other
/// bits between them.
void emitGroupSymbols(PrefixDecoder &decoder, const PrefixUnit &unit, const PrefixStreams &streams,
                      mlir::Value group, mlir::Value strip);
/// Joins them with the raw fields. Columns that do not exist become 0.
void emitGroupMerge(PrefixDecoder &decoder, const PrefixUnit &unit, mlir::Value group,
                    mlir::Value strip);
/// Writes the unit's escapes over its words.
void emitRecords(PrefixDecoder &decoder, const PrefixUnit &unit, const PrefixStreams &streams);

} // namespace uwt

#endif // UWT_LIB_CODEGEN_DECODE_PREFIXCODE_H
