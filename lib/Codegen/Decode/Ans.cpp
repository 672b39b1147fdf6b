//===- Ans.cpp - Numeral systems as compiled code -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ans.h"
#include "AnsCode.h"
#include "uwt/Codec/AnsCode.h"
#include "uwt/Runtime/Abi.h"
#include <cstddef>

using namespace mlir;

namespace uwt::codegen {

Status AnsEmitter::checkServes(const EmittedFormat &format) const {
  if (format.traits.rate == Rate::Ans && !format.format.hasScales())
    return ok();
  return unsupportedError("codec '" + codec.str() +
                          "' has no decoder in compiled code for context=scale");
}

SmallVector<WeightBuffer> AnsEmitter::buffers(const EmittedFormat &format) const {
  SmallVector<WeightBuffer> buffers = {WeightBuffer::Table, WeightBuffer::Words, WeightBuffer::Raw,
                                       WeightBuffer::Code};
  if (format.table.classes > 1)
    buffers.push_back(WeightBuffer::Classes);
  return buffers;
}

double AnsEmitter::cost(const EmittedFormat & /*format*/) const {
  // 32 words that take six clocks each, in which a machine does two vector operations each, and
  // the merge.
  return 32.0 * 6 * 2 + 6;
}

LogicalResult AnsEmitter::emitStream(const EmittedFormat &format, RewriterBase &rewriter,
                                     DecodeStreamOp op) const {
  auto buffer = cast<MemRefType>(op.getBuffer().getType());
  if (buffer.getRank() != 1 || !buffer.isLastDimUnitStride())
    return op.emitOpError() << "expects a contiguous buffer of rank 1, got " << buffer;
  rewriter.setInsertionPoint(op);
  StreamDecoder decoder(rewriter, op, format);
  StreamExtent unit = emitStreamExtent(decoder);
  AnsStream stream = emitAnsStream(decoder, unit);
  // ans-4: all columns of a strip before the next one.
  decoder.code.loop(unit.strips, [&](Value strip) {
    decoder.code.loop(unit.groups, [&](Value group) {
      emitAnsSymbols(decoder, unit, stream, group, strip);
      emitGroupMerge(decoder, unit, group, strip);
    });
  });
  rewriter.eraseOp(op);
  return success();
}

//===----------------------------------------------------------------------===//
// Where a unit begins
//===----------------------------------------------------------------------===//

/// Rows of the unit that exist.
static Value unitRows(StreamDecoder &decoder, const StreamExtent &unit) {
  ScalarBuilder &code = decoder.code;
  int64_t rows = decoder.op.getWeight().getType().getRows();
  Value whole = code.mul(unit.strips, stripRows);
  if (rows % stripRows == 0)
    return whole;
  Value panel = code.rem(decoder.panel, divideUp(rows, int64_t(panelRows)));
  Value first = code.add(code.mul(panel, panelRows), code.mul(unit.firstStrip, stripRows));
  return code.min(code.sub(rows, first), whole);
}

/// The byte of the blob at which the unit begins, at most its end (ans-6).
static Value unitBegin(StreamDecoder &decoder, const StreamExtent &unit, const AnsStream &stream) {
  ScalarBuilder &code = decoder.code;
  int64_t columns = decoder.op.getWeight().getType().getColumns();
  if (columns <= wholePanelUnitColumns)
    return code.constant(0);
  Value units = code.mul(unit.panelStrips, divideUp(columns, int64_t(streamUnitColumns)));
  Value first = code.mul(code.sub(units, 1), 4);
  // The list has no start of unit 0; what is read there for it is not looked at.
  Value entry = code.min(code.mul(code.subOrZero(decoder.unitNumber, 1), 4), stream.size);
  Value other = code.mul(code.load(32, code.at(stream.blob, entry), 4), 2);
  Value begin = code.select(code.equal(decoder.unitNumber, 0), first, other);
  return code.min(begin, stream.size);
}

AnsStream emitAnsStream(StreamDecoder &decoder, const StreamExtent &unit) {
  ScalarBuilder &code = decoder.code;
  AnsStream stream;
  stream.blob = code.at(code.pointerTo(decoder.weightBuffer(WeightBuffer::Code)),
                        code.mul(decoder.entryField(offsetof(PanelEntry, code)), 4));
  stream.size = code.mul(decoder.entryField(offsetof(PanelEntry, codeU32)), 4);
  stream.rows = unitRows(decoder, unit);
  stream.states = code.scratch(decoder.op, ansLanes * 4 + 8);
  stream.next = code.at(stream.states, ansLanes * 4);

  // 64 bytes behind the blob may be read; lengths and states are at most 36.
  Value begin = unitBegin(decoder, unit, stream);
  Value header = code.at(stream.blob, begin);
  Value lengths = code.load(32, header, 2);
  Value lanes = code.min(stream.rows, ansLanes);
  Value bit = code.loop(lanes, {code.mul(lanes, 4)}, [&](Value lane, ValueRange carried) {
    Value length = code.bitAnd(code.lshr(lengths, code.mul(lane, 4)), 15);
    Value highest = code.shl(1, code.add(length, 16));
    Value bytes = code.load(64, code.at(header, code.lshr(carried[0], 3)), 1);
    Value low = code.bitAnd(code.lshr(bytes, code.bitAnd(carried[0], 7)), code.sub(highest, 1));
    code.store(32, code.bitOr(highest, low), code.at(stream.states, code.mul(lane, 4)));
    return SmallVector<Value>{code.add(carried[0], code.add(length, 16))};
  })[0];
  Value words = code.mul(code.lshr(code.add(bit, 15), 4), 2);
  code.store(64, code.add(begin, words), stream.next);
  return stream;
}

} // namespace uwt::codegen
