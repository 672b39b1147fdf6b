//===- FieldPlanes.cpp - Fields in planes as lane code --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FieldPlanes.h"
#include "uwt/Codec/Panel.h"
#include "uwt/Dialect/UWT/IR/Indices.h"

using namespace mlir;

namespace uwt::codegen {

static constexpr unsigned blocksInUnit = 4, lanesInRow = 4;

/// The u32 of a chunk that hold register r of row g, one a lane and block.
Value rowBase(LaneBuilder &lanes, Value base, Value lane, unsigned words) {
  if (!lane)
    return base;
  Indices index(lanes.ops(), lanes.loc());
  return index.add(base, index.mul(lane, words));
}

static Value loadChunk(LaneBuilder &lanes, const FieldSource &field, int64_t offset, uint32_t bits,
                       unsigned r, unsigned g) {
  // plane-1: [kind][lane][word], `words` u32 a lane and kind.
  unsigned words = std::min(bits, blocksInUnit);
  unsigned kind = bits <= 4 ? 0 : r * bits / 16;
  offset += kind * fragmentLanes * blocksInUnit + g * lanesInRow * words;
  Value base = rowBase(lanes, field.base, field.lane, words);
  if (words == blocksInUnit)
    return lanes.load(field.buffer, base, offset);
  int64_t inLanes = cast<VectorType>(lanes.type()).getNumElements();
  return lanes.loadRepeated(field.buffer, base, offset, inLanes / blocksInUnit * words);
}

Value loadChunkU32(LaneBuilder &lanes, const FieldSource &field, unsigned r) {
  return loadChunk(lanes, field, field.offset, field.chunks.front(), r, 0);
}

/// Bit of a half word where register r's part of a chunk begins, a block.
static SmallVector<uint32_t> chunkShifts(uint32_t bits, unsigned r) {
  SmallVector<uint32_t> shifts;
  for (unsigned block = 0; block < blocksInUnit; ++block)
    shifts.push_back(bits * ((registersInLane * block + r) % (16 / bits)));
  return shifts;
}

/// `words` with each half's bits [from, from + count) at [to, to + count), zeros elsewhere. `from`
/// differs from block to block.
static Value moveBits(LaneBuilder &lanes, Value words, ArrayRef<uint32_t> from, uint32_t first,
                      uint32_t to, uint32_t count) {
  if (llvm::all_equal(from)) {
    words = lanes.shift(words, int(to) - int(from[0] + first));
  } else {
    words = lanes.lshr(words, lanes.constants(from));
    words = lanes.shift(words, int(to) - int(first));
  }
  return count == 16 ? words : lanes.bitAnd(words, ((1u << count) - 1) * 0x00010001u << to);
}

Value loadField(LaneBuilder &lanes, const FieldSource &field, unsigned r, unsigned g) {
  Value result;
  auto take = [&](Value more) { result = result ? lanes.bitOr(result, more) : more; };
  uint32_t fieldBits = 0, position = 0;
  for (uint32_t bits : field.chunks)
    fieldBits += bits;
  int64_t offset = field.offset;
  for (uint32_t bits : field.chunks) {
    Value words = loadChunk(lanes, field, offset, bits, r, g);
    SmallVector<uint32_t> from = chunkShifts(bits, r);
    bool endsInSign = field.hasSign && fieldBits < 16 && position + bits == fieldBits;
    uint32_t plain = endsInSign ? bits - 1 : bits;
    if (plain > 0)
      take(moveBits(lanes, words, from, 0, field.position + position, plain));
    if (endsInSign)
      take(moveBits(lanes, words, from, plain, 15, 1));
    position += bits;
    offset += fragmentLanes * bits;
  }
  return result;
}

FieldSource rawField(UnitEmission &unit) {
  const FieldSplit &split = unit.format.split;
  return {unit.weightBuffer(WeightBuffer::Raw),
          unit.first,
          llvm::to_vector(defaultChunks(split.rawBits())),
          /*position=*/0,
          /*hasSign=*/true,
          unit.lane};
}

FieldSource codeField(UnitEmission &unit, int position) {
  return {unit.weightBuffer(WeightBuffer::Code),
          unit.code,
          llvm::to_vector(unit.format.traits.chunks),
          position,
          /*hasSign=*/false,
          unit.lane};
}

void forEachRowVector(const UnitEmission &unit,
                      llvm::function_ref<void(unsigned r, unsigned g)> visit) {
  if (unit.goesByRow) {
    for (unsigned g = 0; g < unit.rows; ++g)
      for (unsigned r = 0; r < registersInLane; ++r)
        visit(r, g);
    return;
  }
  // A line of 8-bit chunks holds two registers: both are taken while it is there.
  for (unsigned pair = 0; pair < registersInLane; pair += 2)
    for (unsigned g = 0; g < unit.rows; ++g)
      for (unsigned r = pair; r < pair + 2; ++r)
        visit(r, g);
}

void emitWords(UnitEmission &unit) {
  FieldSource field = {
      unit.weightBuffer(WeightBuffer::Words), unit.first, {16}, 0, false, unit.lane};
  auto load = [&](unsigned r, unsigned g) {
    unit.set(rowVectorNumber(0, r, g), loadField(unit.lanes, field, r, g));
  };
  if (unit.goesByRow)
    return forEachRowVector(unit, load);
  // Kind by kind: each line once, from lower to higher addresses.
  for (unsigned r = 0; r < registersInLane; ++r)
    for (unsigned g = 0; g < unit.rows; ++g)
      load(r, g);
}

} // namespace uwt::codegen
