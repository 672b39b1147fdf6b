//===- InPlace.cpp - packing=inplace as lane code -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Three (eleven) stored words become four (sixteen) packed words. A word with its
// spare bits cleared is `s 0000 cccc mmmmmmm`; adding the base at bit 7 of both
// halves at once makes it a bf16 pair: base + code is at most 255, so nothing
// carries into the sign or into the other half.
//
//===----------------------------------------------------------------------===//

#include "InPlace.h"
#include "FieldPlanes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <array>

using namespace mlir;

namespace uwt::codegen {

static constexpr unsigned mantissaBits = 7;
static constexpr unsigned kindU32 = 128;
static constexpr unsigned rowU32 = 16;

/// `words` with spare bits cleared, and the base added.
static Value finish(LaneBuilder &lanes, Value words, uint32_t mask, Value base) {
  return lanes.add(lanes.bitAnd(words, mask), base);
}

/// A thread's part of a unit. Spare bits are masked once: they are what the fourth register is made
/// of, and what the other three lose in the addition that gives them their base.
static void emitInPlace12Lane(UnitEmission &unit) {
  constexpr uint32_t spareBits = 0x78007800;
  LaneBuilder &lanes = unit.lanes;
  Value base = lanes.shl(unit.tableEntry(0), mantissaBits);
  Value start = rowBase(lanes, unit.code, unit.lane, rowU32 / 4);
  std::array<Value, 3> spare;
  for (unsigned kind = 0; kind < 3; ++kind) {
    Value words = lanes.load(unit.weightBuffer(WeightBuffer::Code), start, kind * kindU32);
    spare[kind] = lanes.bitAnd(words, spareBits);
    unit.set(rowVectorNumber(0, kind, 0), lanes.add(lanes.sub(words, spare[kind]), base));
  }
  // w0 holds bits 2:0 and, crosswise, the signs; w1 bits 6:3, w2 bits 10:7.
  Value upper = lanes.add(spare[2], lanes.lshr(spare[1], 4));
  Value lowest = lanes.add(lanes.rotateLeft(spare[0], 20), base);
  unit.set(rowVectorNumber(0, 3, 0), lanes.add(lanes.lshr(upper, 4), lowest));
}

void emitInPlace12(UnitEmission &unit) {
  if (unit.lane)
    return emitInPlace12Lane(unit);
  constexpr uint32_t mask = 0x87FF87FF;
  LaneBuilder &lanes = unit.lanes;
  Value buffer = unit.weightBuffer(WeightBuffer::Code);
  Value base = lanes.shl(unit.tableEntry(0), mantissaBits);
  Value start = rowBase(lanes, unit.code, unit.lane, rowU32 / 4);
  // The fourth register is gathered while the other three pass by, so that memory can be read kind
  // after kind: only eight partial words wait.
  std::array<Value, rowsInStrip> partial;
  auto decode = [&](unsigned kind, unsigned g) {
    Value words = lanes.load(buffer, start, kind * kindU32 + g * rowU32);
    unit.set(rowVectorNumber(0, kind, g), finish(lanes, words, mask, base));
    if (kind == 0) {
      // Bits 2:0 and, crosswise, the signs.
      partial[g] = lanes.rotateLeft(words, 20);
      return;
    }
    // w1 holds bits 6:3, w2 bits 10:7; both stand at 14:11.
    partial[g] = kind == 1 ? lanes.merge(0x00780078, lanes.lshr(words, 8), partial[g])
                           : lanes.merge(0x07800780, lanes.lshr(words, 4), partial[g]);
    if (kind == 2)
      unit.set(rowVectorNumber(0, 3, g), finish(lanes, partial[g], mask, base));
  };
  unsigned outer = unit.goesByRow ? unit.rows : 3, inner = unit.goesByRow ? 3 : unit.rows;
  for (unsigned i = 0; i < outer; ++i)
    for (unsigned j = 0; j < inner; ++j)
      unit.goesByRow ? decode(j, i) : decode(i, j);
}

/// The sixteen registers Q of a lane and group from its eleven words.
static std::array<Value, 16> unpack11(LaneBuilder &lanes, ArrayRef<Value> v, Value base) {
  constexpr uint32_t mask = 0x83FF83FF;
  std::array<Value, 16> q;
  for (unsigned i = 0; i < 11; ++i)
    q[i] = finish(lanes, v[i], mask, base);
  for (unsigned i = 0; i < 5; ++i) {
    Value high = lanes.bitAnd(lanes.lshr(v[2 * i], 5), 0x03E003E0);
    Value low = lanes.bitAnd(lanes.lshr(v[2 * i + 1], 10), 0x001F001F);
    Value sign = lanes.bitAnd(lanes.shl(v[10], 5 - i), 0x80008000);
    Value words = lanes.bitOr(lanes.bitOr(high, low), sign);
    q[11 + i] = lanes.add(words, base);
  }
  return q;
}

/// Transposes 4 x 4 words inside each four lanes: word 4t + j of result i is word 4t + i of
/// `rows[j]`.
static std::array<Value, 4> transposeQuads(LaneBuilder &lanes, std::array<Value, 4> rows) {
  auto shuffle = [&](Value a, Value b, std::array<int64_t, 4> pick) {
    SmallVector<int64_t> lanesOf;
    for (int64_t quad = 0; quad < 4; ++quad)
      for (int64_t index : pick)
        lanesOf.push_back(4 * quad + index % 4 + (index >= 4 ? 16 : 0));
    return vector::ShuffleOp::create(lanes.ops(), lanes.loc(), a, b, lanesOf).getResult();
  };
  Value a = shuffle(rows[0], rows[1], {0, 4, 1, 5}), b = shuffle(rows[2], rows[3], {0, 4, 1, 5});
  Value c = shuffle(rows[0], rows[1], {2, 6, 3, 7}), d = shuffle(rows[2], rows[3], {2, 6, 3, 7});
  return {shuffle(a, b, {0, 1, 4, 5}), shuffle(a, b, {2, 3, 6, 7}), shuffle(c, d, {0, 1, 4, 5}),
          shuffle(c, d, {2, 3, 6, 7})};
}

/// A thread's part of one group of the unit: `unit.code` has the group's number added to it.
static void emitInPlace11Group(UnitEmission &unit) {
  LaneBuilder &lanes = unit.lanes;
  OpBuilder &builder = lanes.ops();
  LaneBuilder scalars(builder, lanes.loc(), builder.getI32Type());
  Value base = scalars.shl(unit.scalarEntry(0), mantissaBits);
  Value start = rowBase(scalars, unit.code, unit.lane, rowU32 / 4);
  SmallVector<Value> v;
  for (unsigned kind = 0; kind < 11; ++kind)
    v.push_back(scalars.load(unit.weightBuffer(WeightBuffer::Code), start, kind * kindU32));
  std::array<Value, 16> q = unpack11(scalars, v, base);
  for (unsigned r = 0; r < registersInLane; ++r) {
    SmallVector<Value> blocks = {q[r], q[4 + r], q[8 + r], q[12 + r]};
    unit.set(rowVectorNumber(0, r, 0),
             vector::FromElementsOp::create(builder, lanes.loc(), cast<VectorType>(lanes.type()),
                                            blocks));
  }
}

void emitInPlace11(UnitEmission &unit) {
  if (unit.lane)
    return emitInPlace11Group(unit);
  LaneBuilder &lanes = unit.lanes;
  Value buffer = unit.weightBuffer(WeightBuffer::Code);
  Value base = lanes.shl(unit.tableEntry(0), mantissaBits);
  for (unsigned g = 0; g < rowsInStrip; ++g) {
    SmallVector<Value> v;
    for (unsigned kind = 0; kind < 11; ++kind)
      v.push_back(lanes.load(buffer, unit.code, kind * kindU32 + g * rowU32));
    std::array<Value, 16> q = unpack11(lanes, v, base);
    // Words lie by group; a register's words lie by block.
    for (unsigned r = 0; r < registersInLane; ++r) {
      std::array<Value, 4> groups = transposeQuads(lanes, {q[r], q[4 + r], q[8 + r], q[12 + r]});
      for (unsigned group = 0; group < 4; ++group)
        unit.set(rowVectorNumber(group, r, g), groups[group]);
    }
  }
}

} // namespace uwt::codegen
