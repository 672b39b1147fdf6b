//===- AnsLanes.cpp - Steps of interleaved lanes --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Eight lanes are eight chains of a lookup and a multiplication that do not wait for each other;
// only the place of the next word goes from lane to lane. They stay in registers through a run: the
// columns of a block of eight rows. Where rows are missing and where a lane ends, a run takes its
// lanes one by one, in memory.
//
//===----------------------------------------------------------------------===//

#include "AnsCode.h"
#include "FieldPlanes.h"
#include "uwt/Codec/AnsCode.h"
#include "uwt/Codec/DecodeTable.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// Bytes of a block of a lane.
constexpr unsigned blockBytes = 4;
/// A row of a block lies in four lanes.
constexpr unsigned rowBytes = 4 * laneBytes;

/// The columns of a block of eight rows.
class AnsRun {
public:
  /// Rows `half` · 8 to `half` · 8 + 7 of the strip, block `block` of the group.
  AnsRun(StreamDecoder &decoder, const StreamExtent &unit, const AnsStream &stream, Value group,
         Value strip, Value block, Value half);
  void emit();

private:
  /// What decoding an element leaves; `found` is an entry of the table of symbols.
  struct Element {
    Value state, next, found;
  };
  Element decode(Value state, Value table, Value next, Value least);
  Value tableOf(Value lane);
  Value symbolAt(Value row, Value column);
  Value readEscape(Value found, Value next, Value address);
  /// Where a step's words begin: never behind the blob.
  Value bounded(Value next) { return code.min(next, stream.size); }
  Value stateAt(Value lane) { return code.at(stream.states, code.mul(lane, 4)); }

  Value emitWholeSteps(Value next);
  Value emitStepsByLane(Value next);

  StreamDecoder &decoder;
  ScalarBuilder &code;
  const DecodeTableLayout &layout;
  const AnsStream &stream;
  /// Row of the panel and of the unit that lane 0 has.
  Value panelRow, unitRow;
  /// Columns, and whether these are the unit's last ones.
  Value columns, isLast;
  /// Addresses of the run's words, of the first class's table and of the symbols.
  Value words, tables, symbols;
};

} // namespace

AnsRun::AnsRun(StreamDecoder &decoder, const StreamExtent &unit, const AnsStream &stream,
               Value group, Value strip, Value block, Value half)
    : decoder(decoder), code(decoder.code), layout(decoder.format.table), stream(stream) {
  Value blockInUnit = code.add(code.mul(group, blocksInGroup), block);
  columns =
      code.min(code.sub(unit.columns, code.mul(blockInUnit, blockColumns)), int64_t(blockColumns));
  isLast = code.equal(code.add(blockInUnit, 1), unit.blocks);
  Value inStrip = code.mul(half, ansLanes);
  unitRow = code.add(code.mul(strip, stripRows), inStrip);
  panelRow = code.add(code.mul(code.add(unit.firstStrip, strip), stripRows), inStrip);
  // order-3: rows from 8 on are in the odd registers.
  Value inGroup = code.add(code.mul(half, registerBytes), code.mul(block, blockBytes));
  words = code.at(decoder.groupWords(unit, group, strip), inGroup);
  tables = code.pointerTo(decoder.weightBuffer(WeightBuffer::Table));
  symbols = code.at(tables, int64_t(layout.classWords() * layout.classes) * 4);
}

/// The table of the lane's row (ans-7).
Value AnsRun::tableOf(Value lane) {
  if (layout.classes == 1)
    return tables;
  Value row = code.add(code.mul(decoder.panel, panelRows), code.add(panelRow, lane));
  Value classes = code.pointerTo(decoder.weightBuffer(WeightBuffer::Classes));
  Value number = code.bitAnd(code.load(8, code.at(classes, row), 1), layout.classes - 1);
  return code.at(tables, code.mul(number, int64_t(layout.classWords()) * 4));
}

/// Address of a symbol: column 2t + h + 8·⌊r/2⌋ of a block (order-3).
Value AnsRun::symbolAt(Value row, Value column) {
  Value offset = code.add(
      code.mul(code.lshr(column, 3), 2 * registerBytes),
      code.add(code.mul(code.bits(column, 1, 2), laneBytes), code.mul(code.bitAnd(column, 1), 2)));
  return code.at(code.at(words, offset), code.mul(row, rowBytes));
}

/// ans-3; a state below `least` takes a word.
AnsRun::Element AnsRun::decode(Value state, Value table, Value next, Value least) {
  Value slot = code.bitAnd(state, (1 << layout.indexBits) - 1);
  Value entry = code.load(32, code.entryAt(table, slot, 32), 4);
  Value frequency = code.add(code.bits(entry, 0, ans_entry::offsetShift), 1);
  Value offset = code.bits(entry, ans_entry::offsetShift, ans_entry::offsetShift);
  Value decoded = code.add(code.mul(frequency, code.lshr(state, layout.indexBits)), offset);
  Value word = code.load(16, code.at(stream.blob, next), 2);
  Value takes = code.less(decoded, least);
  Value refilled = code.bitOr(code.shl(decoded, 16), word);
  Value number = code.lshr(entry, ans_entry::numberShift);
  return {code.select(takes, refilled, decoded), code.add(next, code.shl(code.convert(takes), 1)),
          code.load(32, code.entryAt(symbols, number, 32), 4)};
}

/// Puts an escaped symbol at `address` where `found` is the escape; where the next word lies.
Value AnsRun::readEscape(Value found, Value next, Value address) {
  Value isEscape = code.notEqual(code.bitAnd(found, ansEscapeMark), 0);
  return code.either(
      isEscape, code.type(),
      [&] {
        Value word = code.load(16, code.at(stream.blob, next), 2);
        code.store(16, code.shl(word, layout.symbolShift), address);
        return SmallVector<Value>{code.add(next, 2)};
      },
      [&] { return SmallVector<Value>{next}; })[0];
}

/// All lanes have rows, and take words where they need them.
Value AnsRun::emitWholeSteps(Value next) {
  SmallVector<Value> carried = {next}, laneTables;
  for (unsigned lane = 0; lane < ansLanes; ++lane) {
    laneTables.push_back(tableOf(code.constant(lane)));
    carried.push_back(code.keepScalar(code.load(32, stateAt(code.constant(lane)), 4)));
  }
  Value least = code.constant(leastAnsState);
  carried = code.loop(columns, carried, [&](Value column, ValueRange before) {
    SmallVector<Value> after = {bounded(before[0])}, found;
    Value all = code.constant(0);
    auto addressOf = [&, first = symbolAt(code.constant(0), column)](unsigned lane) {
      return code.at(first, int64_t(lane) * rowBytes);
    };
    for (unsigned lane = 0; lane < ansLanes; ++lane) {
      Element element = decode(before[1 + lane], laneTables[lane], after[0], least);
      after[0] = element.next;
      after.push_back(code.keepScalar(element.state));
      found.push_back(code.keepScalar(element.found));
      all = code.keepScalar(code.bitOr(all, found.back()));
      code.store(16, element.found, addressOf(lane));
    }
    // ans-5.
    Value hasEscape = code.notEqual(code.bitAnd(all, ansEscapeMark), 0);
    after[0] = code.either(
        hasEscape, code.type(),
        [&] {
          Value behind = after[0];
          for (unsigned lane = 0; lane < ansLanes; ++lane)
            behind = readEscape(found[lane], behind, addressOf(lane));
          return SmallVector<Value>{behind};
        },
        [&] { return SmallVector<Value>{after[0]}; })[0];
    return after;
  });
  for (unsigned lane = 0; lane < ansLanes; ++lane)
    code.store(32, code.keepScalar(carried[1 + lane]), stateAt(code.constant(lane)));
  return carried[0];
}

/// Lanes may have no row, or may take no word after their last columns (ans-4).
Value AnsRun::emitStepsByLane(Value next) {
  Value foundByLane = code.scratch(decoder.op, ansLanes * 4);
  auto foundAt = [&](Value lane) { return code.at(foundByLane, code.mul(lane, 4)); };
  auto step = [&](Value lane, Value column, Value from) {
    Value isFinal = code.bitAnd(
        code.convert(isLast),
        code.convert(code.less(stream.rows, code.add(code.add(unitRow, lane), ansLanes + 1))));
    Value isNear = code.convert(code.less(columns, code.add(column, ansFinalColumns + 1)));
    Value least = code.select(code.equal(code.bitAnd(isFinal, isNear), 0), leastAnsState, 0);
    Value state = code.load(32, stateAt(lane), 4);
    Element element = decode(state, tableOf(lane), from, least);
    code.store(32, element.state, stateAt(lane));
    code.store(32, element.found, foundAt(lane));
    code.store(16, element.found, symbolAt(lane, column));
    return SmallVector<Value>{element.next};
  };
  auto missing = [&](Value lane, Value column, Value from) {
    code.store(32, code.constant(0), foundAt(lane));
    code.store(16, code.constant(0), symbolAt(lane, column));
    return SmallVector<Value>{from};
  };
  return code.loop(columns, {next}, [&](Value column, ValueRange before) {
    SmallVector<Value> taken =
        code.loop(ansLanes, {bounded(before[0])}, [&](Value lane, ValueRange from) {
          Value exists = code.less(code.add(unitRow, lane), stream.rows);
          return code.either(
              exists, code.type(), [&] { return step(lane, column, from[0]); },
              [&] { return missing(lane, column, from[0]); });
        });
    return code.loop(ansLanes, taken, [&](Value lane, ValueRange from) {
      Value found = code.load(32, foundAt(lane), 4);
      return SmallVector<Value>{readEscape(found, from[0], symbolAt(lane, column))};
    });
  })[0];
}

void AnsRun::emit() {
  Value next = code.load(64, stream.next, 8);
  // Whole where the lanes have these rows and, in the last columns, the ones behind them.
  Value behind = code.add(unitRow, code.add(code.mul(code.convert(isLast), ansLanes), ansLanes));
  Value isWhole = code.less(behind, code.add(stream.rows, 1));
  Value after = code.either(
      isWhole, code.type(), [&] { return SmallVector<Value>{emitWholeSteps(next)}; },
      [&] { return SmallVector<Value>{emitStepsByLane(next)}; })[0];
  code.store(64, after, stream.next);
}

void emitAnsSymbols(StreamDecoder &decoder, const StreamExtent &unit, const AnsStream &stream,
                    Value group, Value strip) {
  ScalarBuilder &code = decoder.code;
  Value blocks = code.constant(blocksInGroup);
  if (divideUp(unit.lastColumns, blockColumns) < blocksInGroup) // The last group may have fewer.
    blocks = code.min(code.sub(unit.blocks, code.mul(group, blocksInGroup)), blocks);
  code.loop(blocks, [&](Value block) {
    code.loop(stripRows / ansLanes,
              [&](Value half) { AnsRun(decoder, unit, stream, group, strip, block, half).emit(); });
  });
}

} // namespace uwt::codegen
