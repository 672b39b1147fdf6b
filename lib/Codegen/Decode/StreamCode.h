//===- StreamCode.h - Scalar code for decoders of streams -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the emitters of stream units share: 64-bit integers, memory by
// byte addresses (streams are read at any byte, which a memref cannot say), the
// shape of a stream unit as values, and the end of each: symbols and raw fields to words.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_STREAMCODE_H
#define UWT_LIB_CODEGEN_DECODE_STREAMCODE_H

#include "uwt/Codegen/Decode/Emission.h"

namespace uwt::codegen {

/// Writes operations on i64 (unsigned) and on bytes in memory.
class ScalarBuilder : public IntegerBuilder {
public:
  ScalarBuilder(mlir::OpBuilder &builder, mlir::Location location)
      : IntegerBuilder(builder, location, builder.getI64Type()) {}

  /// a - b, or 0 where that is less.
  mlir::Value subOrZero(mlir::Value a, Operand b) { return sub(a, min(a, b)); }
  /// `match` where a == b, else `other`; folds where both are the same constant.
  mlir::Value selectEqual(mlir::Value a, Operand b, int64_t match, int64_t other);
  mlir::Value leadingZeros(mlir::Value a);
  /// `a`, in a register of its own: LLVM packs equal chains side by side into vectors, which is two
  /// to three times slower than what they were written for.
  mlir::Value keepScalar(mlir::Value a);

  /// A pointer that LLVM does not follow to what it points to.
  mlir::Value keepPointer(mlir::Value pointer);

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
};

/// Where a stream unit lies and what it covers. Values are i64, and constants
/// where shape and format say them.
struct StreamExtent {
  /// Strips of the panel; the unit's first one, and how many it has.
  mlir::Value panelStrips, firstStrip, strips;
  /// The first 64-column group of the matrix, and the unit's groups, blocks and columns.
  mlir::Value firstGroup, groups, blocks, columns;
  /// Columns of the last group that exist, 1 to 64, where the unit ends at the matrix's edge.
  uint32_t lastColumns = 64;
  /// 1 where the unit ends at the matrix's edge, else 0.
  mlir::Value isLast;
};

/// Everything that code for one `uwt.decode_stream` is made from.
struct StreamDecoder {
  StreamDecoder(mlir::OpBuilder &builder, DecodeStreamOp op, const EmittedFormat &format);

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
  mlir::Value groupWords(const StreamExtent &unit, mlir::Value group, mlir::Value strip);
};

/// order-5.
StreamExtent emitStreamExtent(StreamDecoder &decoder);
/// Joins the symbols of a group of a strip, which are at their offsets in the buffer's words with
/// other bits between them, with the raw fields. Columns that do not exist become 0.
void emitGroupMerge(StreamDecoder &decoder, const StreamExtent &unit, mlir::Value group,
                    mlir::Value strip);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_STREAMCODE_H
