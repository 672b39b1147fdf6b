//===- PrefixStreams.cpp - Where lanes of prefix codes begin -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A unit's header. What is read from plane `code` may be anything, so each
// offset is cut to the panel's part before it is used.
//
//===----------------------------------------------------------------------===//

#include "PrefixCode.h"
#include "uwt/Runtime/Abi.h"
#include <cstddef>

using namespace mlir;

namespace uwt::codegen {

/// Writes the bit at which each lane starts (prefix-4). Lanes that
/// leave the blob are cut when they are read.
static void emitLaneStarts(ScalarBuilder &code, Value blob, Value blobU32, Value first,
                           Value shortest, Value width, Value positions) {
  Value mask = code.sub(code.shl(1, width), 1);
  Value zero = code.constant(0);
  code.loop(fragmentLanes, {zero, zero}, [&](Value lane, ValueRange carried) {
    code.store(64, carried[0], code.at(positions, code.mul(lane, 8)));
    Value word = code.min(code.add(first, code.lshr(carried[1], 5)), blobU32);
    Value pair = code.load(64, code.at(blob, code.mul(word, 4)), 4);
    Value excess = code.bitAnd(code.lshr(pair, code.bitAnd(carried[1], 31)), mask);
    return SmallVector<Value>{code.add(carried[0], code.add(shortest, excess)),
                              code.add(carried[1], width)};
  });
}

PrefixStreams emitStreams(StreamDecoder &decoder) {
  ScalarBuilder &code = decoder.code;
  const Format &format = decoder.format.format;
  Value blob = code.at(code.pointerTo(decoder.weightBuffer(WeightBuffer::Code)),
                       code.mul(decoder.entryField(offsetof(PanelEntry, code)), 4));
  Value blobU32 = decoder.entryField(offsetof(PanelEntry, codeU32));
  auto u32At = [&](Value index) { return code.load(32, code.at(blob, code.mul(index, 4)), 4); };

  // prefix-3, prefix-4. A word behind the blob may be read (64 bytes are there), none
  // further away.
  Value begin = code.min(u32At(code.min(decoder.unitNumber, blobU32)), blobU32);
  Value header = u32At(begin);
  Value shortest = code.bits(header, 0, 14), width = code.bits(header, 14, 4);
  Value lengths = code.add(begin, 1);

  PrefixStreams streams;
  streams.positions = code.scratch(decoder.op, fragmentLanes * 8);
  emitLaneStarts(code, blob, blobU32, lengths, shortest, width, streams.positions);

  Value records = code.min(code.add(lengths, width), blobU32);
  int64_t size = escapeRecordU32(format);
  Value room = code.sub(blobU32, records);
  streams.recordCount = format.escapes == Escapes::None
                            ? code.constant(0)
                            : code.min(code.bits(header, 18, 14), code.div(room, size));
  streams.records = code.at(blob, code.mul(records, 4));
  Value stream = code.add(records, code.mul(streams.recordCount, size));
  streams.stream = code.at(blob, code.mul(stream, 4));
  // Where a block begins, a lane has yet to take eight elements of a bit or more.
  Value room32 = code.mul(code.sub(blobU32, stream), 32);
  streams.limit = code.subOrZero(room32, 8 / decoder.format.traits.codeSymbols);
  return streams;
}

} // namespace uwt::codegen
