//===- PrefixRecords.cpp - Escapes of stream units ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Records are rare: plain loops. A record may say anything; a position outside of the unit is cut
// to its last word.
//
//===----------------------------------------------------------------------===//

#include "EscapeElement.h"
#include "PrefixCode.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

class RecordBuilder {
public:
  RecordBuilder(StreamDecoder &decoder, const StreamExtent &unit, const PrefixStreams &streams)
      : decoder(decoder), code(decoder.code), unit(unit), streams(streams) {}

  void emitWord(Value record);
  void emitRun(Value record);

private:
  Value at(Value address, Value index, unsigned bytes) {
    return code.at(address, code.mul(index, bytes));
  }
  /// Address of an element's word in a strip.
  Value wordAt(Value strip, const EscapeElement &element);

  StreamDecoder &decoder;
  ScalarBuilder &code;
  const StreamExtent &unit;
  const PrefixStreams &streams;
};

} // namespace

Value RecordBuilder::wordAt(Value strip, const EscapeElement &element) {
  Value group = code.lshr(element.block, 2);
  Value number = code.add(code.mul(group, unit.strips), strip);
  Value word = code.add(code.add(code.shl(element.reg, 8), code.shl(element.lane, 3)),
                        code.add(code.shl(code.bits(element.block, 0, 2), 1), element.half));
  Value index = code.add(code.shl(number, 10), word);
  Value count = code.shl(code.mul(unit.groups, unit.strips), 10);
  return at(decoder.words, code.min(index, code.sub(count, 1)), 2);
}

void RecordBuilder::emitWord(Value record) {
  Value value = code.load(32, at(streams.records, record, 4), 4);
  EscapeElement element = EscapeElement::ofWord(code, value, /*blockBits=*/8);
  Value strip = code.constant(0);
  if (decoder.op.getWeight().getType().getColumns() <= wholePanelUnitColumns) {
    strip = code.div(element.block, unit.blocks);
    element.block = code.rem(element.block, unit.blocks);
  }
  code.store(16, value, wordAt(strip, element));
}

/// escape-3: the number of a run of 64 columns of a row, then 64 symbols.
void RecordBuilder::emitRun(Value record) {
  Value begin = at(streams.records, record, runRecordU32 * 4);
  Value number = code.load(32, begin, 4);
  Value row = code.div(number, unit.groups), run = code.rem(number, unit.groups);
  Value columnsLeft = code.sub(unit.columns, code.mul(run, escapeRunColumns));
  const FieldSplit &split = decoder.format.split;
  // Padding has symbols, too, which nobody wants.
  Value columns = code.min(columnsLeft, escapeRunColumns);
  code.loop(columns, [&](Value column) {
    Value address = wordAt(code.lshr(row, 4), EscapeElement::ofRun(code, run, row, column));
    Value symbol = code.load(8, code.at(code.at(begin, 4), column), 1);
    symbol = code.shl(code.bits(symbol, 0, split.symbolBits), split.rawLowBits);
    Value kept = code.bitAnd(code.load(16, address, 2), ~decoder.format.symbolMask() & 0xFFFF);
    code.store(16, code.bitOr(kept, symbol), address);
  });
}

void emitRecords(StreamDecoder &decoder, const StreamExtent &unit, const PrefixStreams &streams) {
  if (decoder.format.format.escapes == Escapes::None)
    return;
  RecordBuilder records(decoder, unit, streams);
  decoder.code.loop(streams.recordCount, [&](Value record) {
    if (decoder.format.format.escapes == Escapes::Rows64)
      records.emitRun(record);
    else
      records.emitWord(record);
  });
}

} // namespace uwt::codegen
