//===- StreamMerge.cpp - Symbols and raw fields to words ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Raw fields of streams lie in fixed units whose lanes, registers and blocks are those of the
// buffer, so a strip of a 64-column group becomes words by operations between equal
// lanes, 16 u32 at a time.
//
//===----------------------------------------------------------------------===//

#include "FieldPlanes.h"
#include "StreamCode.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "uwt/Runtime/Abi.h"
#include <algorithm>
#include <cstddef>

using namespace mlir;

namespace uwt::codegen {

static constexpr unsigned vectorLanes = 16, lineBytes = 64;

/// Ones where columns of a register below `columns` stand in its 16 u32.
static Value columnMask(LaneBuilder &lanes, unsigned reg, uint32_t columns) {
  SmallVector<uint32_t> masks;
  for (unsigned lane = 0; lane < 4; ++lane)
    for (unsigned block = 0; block < 4; ++block) {
      uint32_t column = block * blockColumns + fragmentColumn(lane, reg, 0);
      masks.push_back((column < columns ? 0xFFFF : 0) | (column + 1 < columns ? 0xFFFF0000 : 0));
    }
  return lanes.constants(masks);
}

/// All ones but where `isEdge` (i64, 0 or 1) and the column does not exist.
static Value existingColumns(LaneBuilder &lanes, ScalarBuilder &code, unsigned reg,
                             uint32_t columns, Value isEdge) {
  IntegerBuilder u32(code.ops(), code.loc(), code.ops().getI32Type());
  Value inside = u32.convert(code.sub(isEdge, 1));
  return lanes.bitOr(columnMask(lanes, reg, columns), lanes.splat(inside));
}

/// Asks for the raw fields of the group behind this one: fixed units of a strip lie apart from each
/// other, which prefetchers of machines do not follow.
static void emitPrefetch(StreamDecoder &decoder, const StreamExtent &unit, Value rawUnit) {
  ScalarBuilder &code = decoder.code;
  unsigned unitBytes = fragmentLanes * 4 * decoder.format.split.rawBits();
  Value next = code.mul(code.add(rawUnit, unit.panelStrips), unitBytes);
  Value panel = code.mul(decoder.entryField(offsetof(PanelEntry, raw)), 4);
  Value base = code.pointerTo(decoder.weightBuffer(WeightBuffer::Raw));
  Value address = code.at(base, code.add(panel, next));
  for (unsigned line = 0; line < unitBytes; line += lineBytes)
    code.prefetch(code.at(address, line));
}

/// The raw fields of a register of row g of a fixed unit that begins at u32 `first` of plane raw.
/// Chunks have strides of their own from row to row (plane-1).
static Value loadRaw(LaneBuilder &lanes, ScalarBuilder &code, Value raws, unsigned rawBits,
                     Value first, unsigned reg, Value g) {
  Indices index(code.ops(), code.loc());
  Value result;
  int position = 0;
  for (uint32_t bits : defaultChunks(rawBits)) {
    Value begin = code.add(first, fragmentLanes * position);
    Value row = code.add(begin, code.mul(g, 4 * std::min(bits, 4u)));
    bool isLast = position + bits == rawBits;
    FieldSource chunk = {raws, index.convert(row), {bits}, position, /*hasSign=*/isLast};
    Value more = loadField(lanes, chunk, reg, 0);
    result = result ? lanes.bitOr(result, more) : more;
    position += static_cast<int>(bits);
  }
  return result;
}

void emitGroupMerge(StreamDecoder &decoder, const StreamExtent &unit, Value group, Value strip) {
  ScalarBuilder &code = decoder.code;
  OpBuilder &builder = code.ops();
  const EmittedFormat &format = decoder.format;
  auto lane = VectorType::get({vectorLanes}, builder.getI32Type());
  LaneBuilder lanes(builder, code.loc(), lane);

  // order-4, plane-1.
  unsigned rawBits = format.split.rawBits();
  Value rawUnit = code.add(code.mul(code.add(unit.firstGroup, group), unit.panelStrips),
                           code.add(unit.firstStrip, strip));
  Value first = code.add(decoder.entryField(offsetof(PanelEntry, raw)),
                         code.mul(rawUnit, fragmentLanes * rawBits));
  Value raws = decoder.weightBuffer(WeightBuffer::Raw);
  emitPrefetch(decoder, unit, rawUnit);

  SmallVector<Value> existing;
  if (unit.lastColumns < fixedUnitColumns) {
    Value last = code.sub(unit.groups, unit.isLast);
    Value isEdge = code.selectEqual(group, last, 1, 0);
    for (unsigned reg = 0; reg < registersInLane; ++reg)
      existing.push_back(existingColumns(lanes, code, reg, unit.lastColumns, isEdge));
  }
  Value words = decoder.groupWords(unit, group, strip);
  int up = static_cast<int>(format.split.rawLowBits) - static_cast<int>(format.table.symbolShift);
  code.loop(rowsInStrip, [&](Value g) {
    Value row = code.at(words, code.mul(g, vectorLanes * 4));
    for (unsigned reg = 0; reg < registersInLane; ++reg) {
      Value at = code.at(row, reg * rowsInStrip * vectorLanes * 4);
      Value symbols = lanes.shift(code.loadVector(lane, at), up);
      Value joined = lanes.bitOr(lanes.bitAnd(symbols, format.symbolMask()),
                                 loadRaw(lanes, code, raws, rawBits, first, reg, g));
      code.storeVector(existing.empty() ? joined : lanes.bitAnd(joined, existing[reg]), at);
    }
  });
}

} // namespace uwt::codegen
