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

#include "PrefixCode.h"

using namespace mlir;

namespace uwt {
namespace {

class RecordBuilder {
public:
  RecordBuilder(PrefixDecoder &decoder, const PrefixUnit &unit, const PrefixStreams &streams)
      : decoder(decoder), code(decoder.code), unit(unit), streams(streams) {}

  void emitWord(Value record);
  void emitRun(Value record);

private:
  Value at(Value address, Value index, unsigned bytes) {
    return code.at(address, code.mul(index, bytes));
  }
  /// Address of the word of a half of a lane's register in a block of a strip.
  Value wordAt(Value strip, Value block, Value lane, Value reg, Value half);

  PrefixDecoder &decoder;
  ScalarBuilder &code;
  const PrefixUnit &unit;
  const PrefixStreams &streams;
};

} // namespace

Value RecordBuilder::wordAt(Value strip, Value block, Value lane, Value reg, Value half) {
  Value group = code.lshr(block, 2);
  Value number = code.add(code.mul(group, unit.strips), strip);
  Value word = code.add(code.add(code.shl(reg, 8), code.shl(lane, 3)),
                        code.add(code.shl(code.bits(block, 0, 2), 1), half));
  Value index = code.add(code.shl(number, 10), word);
  Value count = code.shl(code.mul(unit.groups, unit.strips), 10);
  return at(decoder.words, code.min(index, code.sub(count, code.constant(1))), 2);
}

/// escape-1, escape-2.
void RecordBuilder::emitWord(Value record) {
  Value value = code.load(32, at(streams.records, record, 4), 4);
  Value block = code.bits(value, 24, 8), strip = code.constant(0);
  if (decoder.op.getWeight().getType().getColumns() <= wholePanelUnitColumns) {
    strip = code.div(block, unit.blocks);
    block = code.rem(block, unit.blocks);
  }
  Value address = wordAt(strip, block, code.bits(value, 19, 5), code.bits(value, 17, 2),
                         code.bits(value, 16, 1));
  code.store(16, value, address);
}

/// escape-3: the number of a run of 64 columns of a row, then 64 symbols.
void RecordBuilder::emitRun(Value record) {
  Value begin = at(streams.records, record, runRecordU32 * 4);
  Value number = code.load(32, begin, 4);
  Value row = code.div(number, unit.groups), run = code.rem(number, unit.groups);
  Value columnsLeft = code.sub(unit.columns, code.mul(run, escapeRunColumns));
  const FieldSplit &split = decoder.format.split;
  // Padding has symbols, too, which nobody wants.
  Value columns = code.min(columnsLeft, code.constant(escapeRunColumns));
  code.loop(columns, [&](Value column) {
    // order-3: row g + 8·(r mod 2), column 2t + h + 8·⌊r/2⌋.
    Value block = code.add(code.shl(run, 2), code.bits(column, 4, 2));
    Value lane = code.add(code.shl(code.bits(row, 0, 3), 2), code.bits(column, 1, 2));
    Value reg = code.add(code.bits(row, 3, 1), code.shl(code.bits(column, 3, 1), 1));
    Value address = wordAt(code.lshr(row, 4), block, lane, reg, code.bits(column, 0, 1));
    Value symbol = code.load(8, code.at(code.at(begin, 4), column), 1);
    symbol = code.shl(code.bits(symbol, 0, split.symbolBits), split.rawLowBits);
    Value kept = code.bitAnd(code.load(16, address, 2), ~decoder.format.symbolMask() & 0xFFFF);
    code.store(16, code.bitOr(kept, symbol), address);
  });
}

void emitRecords(PrefixDecoder &decoder, const PrefixUnit &unit, const PrefixStreams &streams) {
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

} // namespace uwt
