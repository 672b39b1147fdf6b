//===- PrefixLanes.cpp - Lanes of prefix codes, looked up -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A lane is a chain of dependent lookups, so eight of them run side by side: as
// many as hide a load from the cache and as still fit a machine's registers. A
// lane's 64-bit buffer holds the next bits of its stream under a sentinel bit, whose position says
// how many have been taken: a code word is a mask, a load, a shift and a store.
//
// What is looked up is stored as it is at the offset that the word has in codec raw's order, which
// for a lane and register is one u32 of two columns: joining it with the raw fields needs no
// permutation (StreamMerge.cpp).
//
//===----------------------------------------------------------------------===//

#include "FieldPlanes.h"
#include "PrefixCode.h"
#include <algorithm>

using namespace mlir;

namespace uwt::codegen {
namespace {

constexpr unsigned jointLanes = 8;
constexpr int64_t sentinel = INT64_MIN;
/// Bits that can be taken after a refill: 64, less the sentinel and up to seven bits of a byte.
constexpr unsigned refilledBits = 56;

/// One pass over the blocks of a group by eight lanes.
class LanePass {
public:
  LanePass(StreamDecoder &decoder, const StreamExtent &unit, const PrefixStreams &streams,
           Value strip, Value pass)
      : decoder(decoder), code(decoder.code), layout(decoder.format.table), unit(unit),
        streams(streams), strip(strip), pass(pass),
        words(layout.symbols == 2 ? registersInLane : 2 * registersInLane) {
    while (refillWords * 2 * layout.indexBits <= refilledBits)
      refillWords *= 2;
    rounds = words / std::min(words, std::max(refillWords, words / 2));
  }

  void emit(Value blocks, Value groupWords);

private:
  void findTables();
  Value refill(unsigned lane, Value buffer);
  Value take(Value &buffer, Value table);
  SmallVector<Value> emitRound(Value to, ValueRange carried);
  Value positionAt(unsigned lane) {
    return code.at(code.at(streams.positions, code.mul(pass, jointLanes * 8)), lane * 8);
  }

  StreamDecoder &decoder;
  ScalarBuilder &code;
  const DecodeTableLayout &layout;
  const StreamExtent &unit;
  const PrefixStreams &streams;
  Value strip, pass;
  /// Code words of a lane in a block, and those between two refills.
  unsigned words, refillWords = 1;
  /// Equal parts of a block that one body of code serves, each of an even number of registers.
  unsigned rounds;
  /// By row: g, g + 1, g + 8, g + 9.
  SmallVector<Value, 4> tables;
};

} // namespace

/// The tables of the four rows that eight lanes cover (prefix-6).
void LanePass::findTables() {
  Value first = code.pointerTo(decoder.weightBuffer(WeightBuffer::Table));
  tables.assign(4, first);
  if (layout.classes == 1)
    return;
  Value stripInPanel = code.add(unit.firstStrip, strip);
  Value row = code.add(code.mul(decoder.panel, panelRows),
                       code.add(code.mul(stripInPanel, stripRows), code.mul(pass, 2)));
  Value classes = code.at(code.pointerTo(decoder.weightBuffer(WeightBuffer::Classes)), row);
  for (unsigned i = 0; i < 4; ++i) {
    Value number = code.load(8, code.at(classes, i % 2 + i / 2 * 8), 1);
    number = code.bitAnd(number, layout.classes - 1);
    tables[i] = code.at(first, code.mul(number, int64_t(layout.classWords()) * 4));
  }
}

/// Afterwards `refilledBits` can be taken. Positions stay in memory: with eight of them
/// beside the buffers, machines run out of registers.
Value LanePass::refill(unsigned lane, Value buffer) {
  Value at = positionAt(lane);
  Value position = code.keepScalar(code.add(code.load(64, at, 8), code.leadingZeros(buffer)));
  code.store(64, position, at);
  Value byte = code.at(streams.stream, code.lshr(position, 3));
  Value next = code.lshr(code.load(64, byte, 1), code.bitAnd(position, 7));
  return code.keepScalar(code.bitOr(next, sentinel));
}

/// Looks the next code word up and goes on behind it.
Value LanePass::take(Value &buffer, Value table) {
  unsigned bits = layout.entryBits;
  Value index = code.bitAnd(buffer, (uint64_t(1) << layout.indexBits) - 1);
  Value entry = code.load(bits, code.entryAt(table, index, bits), std::min(bits / 8, 4u));
  // Machines shift by the low six bits of a register: where two zeros stand above a length, it
  // needs no mask of its own.
  bool isClear = layout.lengthShift == 0 && (layout.symbolMask & 0x30) == 0;
  Value length = isClear ? code.bits(entry, 0, 6) : code.bits(entry, layout.lengthShift, 4);
  buffer = code.keepScalar(code.lshr(buffer, length));
  return entry;
}

/// A round of eight lanes; `to` is its u32 of the first register and lane.
SmallVector<Value> LanePass::emitRound(Value to, ValueRange carried) {
  SmallVector<Value> buffers(carried);
  for (unsigned word = 0; word < words / rounds; ++word) {
    if (word % refillWords == 0)
      for (unsigned i = 0; i < jointLanes; ++i)
        buffers[i] = refill(i, buffers[i]);
    // order-5: register, half.
    unsigned reg = word * registersInLane / words, half = words == registersInLane ? 0 : word % 2;
    for (unsigned i = 0; i < jointLanes; ++i) {
      Value entry = take(buffers[i], tables[reg % 2 * 2 + i / 4]);
      Value address = code.at(to, reg * registerBytes + i * laneBytes + half * 2);
      code.store(16 * layout.symbols, entry, address);
    }
  }
  return buffers;
}

void LanePass::emit(Value blocks, Value groupWords) {
  findTables();
  // Cut here, so that the code words of four blocks cannot lead further than 64 bytes past the
  // blob: 56 bytes where the last of 32 code words of 15 bits are read, and the load's eight.
  for (unsigned i = 0; i < jointLanes; ++i) {
    Value at = positionAt(i);
    code.store(64, code.min(code.load(64, at, 8), streams.limit), at);
  }
  Value to = code.at(groupWords, code.mul(pass, jointLanes * laneBytes));
  SmallVector<Value> buffers(jointLanes, code.constant(sentinel));
  unsigned roundBytes = registersInLane / rounds * registerBytes, log = rounds == 2 ? 1 : 0;
  buffers = code.loop(code.mul(blocks, rounds), buffers, [&](Value round, ValueRange carried) {
    Value offset = code.mul(code.lshr(round, log), 4);
    if (rounds > 1)
      offset = code.add(offset, code.mul(code.bitAnd(round, 1), roundBytes));
    return emitRound(code.at(to, offset), carried);
  });
  for (unsigned i = 0; i < jointLanes; ++i) {
    Value at = positionAt(i);
    code.store(64, code.add(code.load(64, at, 8), code.leadingZeros(buffers[i])), at);
  }
}

void emitGroupSymbols(StreamDecoder &decoder, const StreamExtent &unit,
                      const PrefixStreams &streams, Value group, Value strip) {
  ScalarBuilder &code = decoder.code;
  Value blocks = code.constant(blocksInGroup);
  if (divideUp(unit.lastColumns, blockColumns) < blocksInGroup) // The last group may have fewer.
    blocks = code.min(code.sub(unit.blocks, code.mul(group, blocksInGroup)), blocks);
  Value groupWords = decoder.groupWords(unit, group, strip);
  code.loop(fragmentLanes / jointLanes, [&](Value pass) {
    LanePass(decoder, unit, streams, strip, pass).emit(blocks, groupWords);
  });
}

} // namespace uwt::codegen
