//===- StreamCode.cpp - Where a stream unit lies --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The unit's part of the matrix. Panel and unit numbers are the compiler's and right.
//
//===----------------------------------------------------------------------===//

#include "StreamCode.h"
#include "uwt/Runtime/Abi.h"

using namespace mlir;

namespace uwt::codegen {

static constexpr unsigned stripGroupBytes = stripRows * fixedUnitColumns * 2;

StreamDecoder::StreamDecoder(OpBuilder &builder, DecodeStreamOp op, const EmittedFormat &format)
    : code(builder, op.getLoc()), op(op), format(format), panel(code.convert(op.getPanel())),
      unitNumber(code.convert(op.getUnit())),
      entry(code.at(code.pointerTo(weightBuffer(WeightBuffer::Panels)),
                    code.mul(panel, sizeof(PanelEntry)))),
      words(code.pointerTo(op.getBuffer())) {}

Value StreamDecoder::weightBuffer(WeightBuffer kind) {
  unsigned bits = kind == WeightBuffer::Panels ? 64 : kind == WeightBuffer::Classes ? 8 : 32;
  auto type = MemRefType::get({ShapedType::kDynamic}, code.ops().getIntegerType(bits));
  return BufferOp::create(code.ops(), code.loc(), type, kind, op.getWeight());
}

Value StreamDecoder::entryField(unsigned byteOffset) {
  return code.load(64, code.at(entry, byteOffset), 8);
}

Value StreamDecoder::groupWords(const StreamExtent &unit, Value group, Value strip) {
  Value number = code.add(code.mul(group, unit.strips), strip);
  return code.at(words, code.mul(number, stripGroupBytes));
}

StreamExtent emitStreamExtent(StreamDecoder &decoder) {
  ScalarBuilder &code = decoder.code;
  CompressedType type = decoder.op.getWeight().getType();
  int64_t rows = type.getRows(), columns = type.getColumns();
  int64_t panels = divideUp(rows, panelRows);
  int64_t lastStrips = divideUp(rows - (panels - 1) * panelRows, stripRows);
  int64_t unitsInRow = divideUp(columns, streamUnitColumns);
  int64_t lastWidth = columns - (unitsInRow - 1) * streamUnitColumns;
  constexpr int64_t fullStrips = panelRows / stripRows;
  bool isWholePanel = columns <= wholePanelUnitColumns;

  StreamExtent unit;
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

} // namespace uwt::codegen
