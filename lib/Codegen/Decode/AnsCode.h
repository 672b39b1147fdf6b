//===- AnsCode.h - Parts of the emitter of numeral systems ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_ANSCODE_H
#define UWT_LIB_CODEGEN_DECODE_ANSCODE_H

#include "StreamCode.h"

namespace uwt::codegen {

/// A unit of lanes that share a sequence of words, in bounds whatever its bytes are.
struct AnsStream {
  /// Address of the panel's blob, and its bytes.
  mlir::Value blob, size;
  /// Rows of the unit that exist.
  mlir::Value rows;
  /// Address of the lanes' states (u32), between runs of steps.
  mlir::Value states;
  /// Address of the byte of the blob at which the next word lies (u64), between runs of steps.
  mlir::Value next;
};

/// Reads where a unit begins, and its states (ans-6).
AnsStream emitAnsStream(StreamDecoder &decoder, const StreamExtent &unit);

/// Symbols of a group of a strip, as emitGroupMerge takes them; 0 in rows that do not exist.
void emitAnsSymbols(StreamDecoder &decoder, const StreamExtent &unit, const AnsStream &stream,
                    mlir::Value group, mlir::Value strip);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_ANSCODE_H
