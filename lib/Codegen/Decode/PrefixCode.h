//===- PrefixCode.h - Parts of the prefix emitter ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_PREFIXCODE_H
#define UWT_LIB_CODEGEN_DECODE_PREFIXCODE_H

#include "StreamCode.h"

namespace uwt::codegen {

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

PrefixStreams emitStreams(StreamDecoder &decoder);

/// Symbols of a group of a strip: looked up, at their offsets in the buffer's words, with other
/// bits between them.
void emitGroupSymbols(StreamDecoder &decoder, const StreamExtent &unit,
                      const PrefixStreams &streams, mlir::Value group, mlir::Value strip);
/// Writes the unit's escapes over its words.
void emitRecords(StreamDecoder &decoder, const StreamExtent &unit, const PrefixStreams &streams);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_PREFIXCODE_H
