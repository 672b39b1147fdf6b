//===- PrefixUnit.cpp - Where a stream unit lies --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The unit's part of the matrix, and its header. Panel and unit numbers are the
// compiler's and right; what is read from plane `code` may be anything, so each
// offset is cut to the panel's part before it is used.
//
//===----------------------------------------------------------------------===//

#include "PrefixCode.h"
#include "uwt/Runtime/Abi.h"
#include <cstddef>

using namespace mlir;

namespace uwt::codegen {

static constexpr unsigned stripGroupBytes = stripRows * fixedUnitColumns * 2;

PrefixDecoder::PrefixDecoder(OpBuilder &builder, DecodeStreamOp op, const EmittedFormat &format)
    : code(builder, op.getLoc()), op(op), format(format), panel(code.convert(op.getPanel())),
      unitNumber(code.convert(op.getUnit())),
      entry(code.at(code.pointerTo(weightBuffer(WeightBuffer::Panels)),
                    code.mul(panel, sizeof(PanelEntry)))),
      words(code.pointerTo(op.getBuffer())) {}

Value PrefixDecoder::weightBuffer(WeightBuffer kind) {
  unsigned bits = kind == WeightBuffer::Panels ? 64 : kind == WeightBuffer::Classes ? 8 : 32;
  auto type = MemRefType::get({ShapedType::kDynamic}, code.ops().getIntegerType(bits));
  return BufferOp::create(code.ops(), code.loc(), type, kind, op.getWeight());
}

Value PrefixDecoder::entryField(unsigned byteOffset) {
  return code.load(64, code.at(entry, byteOffset), 8);
}

Value PrefixDecoder::groupWords(const PrefixUnit &unit, Value group, Value strip) {
  Value number = code.add(code.mul(group, unit.strips), strip);
  return code.at(words, code.mul(number, stripGroupBytes));
}

PrefixUnit emitPrefixUnit(PrefixDecoder &decoder) {
  ScalarBuilder &code = decoder.code;
  CompressedType type = decoder.op.getWeight().getType();
  int64_t rows = type.getRows(), columns = type.getColumns();
  int64_t panels = divideUp(rows, panelRows);
  int64_t lastStrips = divideUp(rows - (panels - 1) * panelRows, stripRows);
  int64_t unitsInRow = divideUp(columns, streamUnitColumns);
  int64_t lastWidth = columns - (unitsInRow - 1) * streamUnitColumns;
  constexpr int64_t fullStrips = panelRows / stripRows;
  bool isWholePanel = columns <= wholePanelUnitColumns;

  PrefixUnit unit;
  Value panelInMatrix = code.rem(decoder.panel, panels);
  unit.panelStrips = code.selectEqual(panelInMatrix, panels - 1, lastStrips, fullStrips);
  unit.strips = isWholePanel ? unit.panelStrips : code.constant(1);
  unit.firstStrip = isWholePanel ? code.constant(0) : code.div(decoder.unitNumber, unitsInRow);
  Value unitInRow = unitsInRow == 1 ? code.constant(0) : code.rem(decoder.unitNumber, unitsInRow);
  unit.firstGroup = code.mul(unitInRow, streamUnitColumns / fixedUnitColumns);
  int64_t last = unitsInRow - 1;
  auto ofUnit = [&](int64_t part) {
    return code.selectEqual(unitInRow, last, divideUp(lastWidth, part), streamUnitColumns / part);
  };
  unit.groups = ofUnit(fixedUnitColumns);
  unit.blocks = ofUnit(blockColumns);
  unit.columns = ofUnit(1);
  unit.lastColumns = static_cast<uint32_t>((columns - 1) % fixedUnitColumns + 1);
  unit.isLast = unitsInRow == 1 ? code.constant(1) : code.selectEqual(unitInRow, last, 1, 0);
  return unit;
}

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

PrefixStreams emitStreams(PrefixDecoder &decoder) {
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
