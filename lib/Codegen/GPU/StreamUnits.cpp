//===- StreamUnits.cpp - Stream units in kernels --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamUnits.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "uwt/Codec/AnsCode.h"
#include "uwt/Codec/Panel.h"

using namespace mlir;

namespace uwt::codegen {

/// u32 of a unit that are counted: more than any unit has, and few enough for 32 bits of position.
static constexpr int64_t maxUnitU32 = int64_t(1) << 26;
static constexpr int64_t fullGroups = streamUnitColumns / fixedUnitColumns;

StreamUnits::StreamUnits(OpBuilder &builder, Location location, CompressedType type,
                         const EmittedFormat &format, Value lane)
    : LaneCode(builder, location), type(type), format(format), lane(lane),
      columns(type.getColumns()), groups(divideUp(columns, fixedUnitColumns)),
      inStrip(divideUp(columns, streamUnitColumns)), isWhole(columns <= wholePanelUnitColumns) {}

int64_t StreamUnits::unitsInPanel() const {
  return isWhole ? 1 : inStrip * int64_t(panelRows / stripRows);
}

int64_t StreamUnits::usualU32() const {
  // Three bits an exponent, mantissa bits as they are; header, lane lengths, a few records.
  int64_t weights = isWhole ? panelRows * divideUp(columns, blockColumns) * blockColumns
                            : stripRows * std::min<int64_t>(columns, streamUnitColumns);
  int64_t symbolBits = 3 + int64_t(format.format.codedMantissa);
  return (weights * symbolBits / 32 + 64 + 31) / 32 * 32;
}

StreamUnits::Unit StreamUnits::unit(Value panelStrips, Value number) {
  Unit unit;
  unit.strip = isWhole ? index.constant(0) : index.div(number, inStrip);
  unit.strips = isWhole ? panelStrips : index.constant(1);
  unit.firstGroup = isWhole ? index.constant(0) : index.mul(index.rem(number, inStrip), fullGroups);
  auto rest = [&](int64_t all, int64_t most, int64_t inGroup) {
    Value left = index.sub(all, index.mul(unit.firstGroup, inGroup));
    return index.min(left, most);
  };
  unit.groups = rest(groups, fullGroups, 1);
  unit.blocks = rest(divideUp(columns, blockColumns), 4 * fullGroups, 4);
  return unit;
}

StreamUnits::Source StreamUnits::locate(Value code, const Panel &panel, Value number) {
  if (sharesWords())
    return locateShared(code, panel, number);
  // prefix-3.
  Value size = memref::DimOp::create(builder, location, code, 0);
  Value end = index.sub(size, 1);
  Value start = load(code, index.min(index.add(panel.code, number), end));
  Value begin = index.min(index.add(panel.code, toIndex(start)), end);
  return {code, begin, index.min(index.sub(end, begin), maxUnitU32), Value()};
}

StreamUnits::Source StreamUnits::locateShared(Value code, const Panel &panel, Value number) {
  // ans-6: the list says where units begin in u16, but for the first one, which is behind the list.
  Value size = memref::DimOp::create(builder, location, code, 0);
  Value end = index.sub(size, 1);
  Value units = isWhole ? index.constant(1) : index.mul(panel.strips, inStrip);
  Value isFirst = index.equal(number, 0);
  Value listed = index.sub(index.max(number, 1), 1);
  Value other = toIndex(load(code, index.min(index.add(panel.code, listed), end)));
  Value start = index.select(isFirst, index.mul(index.sub(units, 1), 2), other);
  Value begin = index.min(index.add(panel.code, index.div(start, 2)), end);
  return {code, begin, index.min(index.sub(end, begin), maxUnitU32), toI32(index.rem(start, 2))};
}

Value StreamUnits::u32At(const Source &source, Value number) {
  return load(source.buffer, index.add(source.begin, index.min(number, source.last)));
}

Value StreamUnits::window(const Source &source, Value number, Value shift) {
  return LLVM::FshrOp::create(builder, location, builder.getI32Type(),
                              u32At(source, index.add(number, 1)), u32At(source, number), shift);
}

StreamUnits::Header StreamUnits::header(const Source &source, const Panel &panel,
                                        const Unit &unit) {
  return sharesWords() ? sharedHeader(source, panel, unit) : prefixHeader(source);
}

StreamUnits::Values StreamUnits::unitState(const Panel &panel, const Unit &unit) {
  Value first = index.add(index.mul(panel.number, panelRows), index.mul(unit.strip, stripRows));
  Value unitRows = index.min(index.sub(type.getRows(), first), index.mul(unit.strips, stripRows));
  Value own = index.div(lane, 4);
  Value rows = toI32(index.sub(index.add(unitRows, ansLanes), own));
  Value columnsOfLast = index.constant(blockColumns);
  if (columns % blockColumns != 0) {
    Value isEdge = index.equal(index.add(unit.firstGroup, unit.groups), groups);
    columnsOfLast = index.select(isEdge, columns % blockColumns, int64_t(blockColumns));
  }
  Value blocks = index.add(index.mul(columnsOfLast, 1 << 16), index.mul(unit.blocks, 0x101));
  return {rows, toI32(blocks)};
}

StreamUnits::Header StreamUnits::sharedHeader(const Source &source, const Panel &panel,
                                              const Unit &unit) {
  Values ofUnit = unitState(panel, unit);
  // ans-6: four bits for each lane that exists, and then the states.
  Value own = toI32(index.div(lane, 4));
  Value lanes = min(sub(add(ofUnit[0], own), ansLanes), ansLanes);
  Value begin = shl(source.skipped, 4);
  Value lengths = window(source, index.constant(0), begin);
  auto sumOfNibbles = [&](Value nibbles) {
    Value pairs = add(bitAnd(nibbles, 0x0F0F0F0F), bitAnd(lshr(nibbles, 4), 0x0F0F0F0F));
    return lshr(mul(pairs, 0x01010101), 24);
  };
  Value states = add(begin, mul(lanes, 4)), ownShift = mul(own, 4);
  Value before = sumOfNibbles(bitAnd(lengths, sub(shl(1, ownShift), 1)));
  Value all = sumOfNibbles(shl(lengths, mul(sub(ansLanes, lanes), 4)));
  Value bit = add(states, add(before, mul(own, 16)));
  Value length = add(bitAnd(lshr(lengths, ownShift), 15), 16);
  Value highest = shl(1, length);
  Value low = bitAnd(window(source, toIndex(lshr(bit, 5)), bitAnd(bit, 31)), sub(highest, 1));
  Value words = lshr(add(add(states, add(all, mul(lanes, 16))), 15), 4);

  Header result;
  result.records = result.recordCount = result.sizeU32 = index.constant(0);
  result.state.resize(4);
  result.state[ans_state::own] = bitOr(highest, low);
  result.state[ans_state::next] = words;
  result.state[ans_state::rows] = ofUnit[0];
  result.state[ans_state::blocks] = ofUnit[1];
  return result;
}

StreamUnits::Header StreamUnits::prefixHeader(const Source &source) {
  // prefix-4.
  Value head = u32At(source, index.constant(0));
  Value shortest = bits(head, 0, 14), width = bits(head, 14, 4);
  Value bit = mul(toI32(lane), width);
  Value excess = window(source, index.add(toIndex(bits(bit, 5, 27)), 1), bit);
  Value mask = sub(shl(1, width), 1);
  excess = bitAnd(excess, mask);
  Value length = add(shortest, excess);
  Value upTo = sumUpTo(length, lane);
  Value start = sub(upTo, length);

  Header result;
  result.records = index.add(toIndex(width), 1);
  result.recordCount =
      format.format.escapes == Escapes::None ? index.constant(0) : toIndex(bits(head, 18, 14));
  int64_t recordU32 = escapeRecordU32(format.format);
  Value stream = index.add(result.records, index.mul(result.recordCount, recordU32));
  result.sizeU32 = index.add(stream, index.ceilDiv(toIndex(ofLane(upTo, 31)), 32));
  Value at = index.add(stream, toIndex(bits(start, 5, 27)));
  Value next = index.min(index.add(at, 2), source.last);
  result.state = {u32At(source, at), u32At(source, index.add(at, 1)), bits(start, 0, 5),
                  toI32(next)};
  return result;
}

StreamUnits::Values StreamUnits::classes(Value plane, Value panel, Value strip) {
  if (format.table.classes == 1)
    return {constant(0), constant(0)};
  Values offsets;
  for (int64_t half = 0; half < 2; ++half) {
    Value row = index.add(index.mul(panel, panelRows), index.mul(strip, stripRows));
    row = index.add(index.add(row, 8 * half), index.div(lane, 4));
    Value number = bitAnd(toI32(load(plane, row)), format.table.classes - 1);
    offsets.push_back(mul(number, format.table.classWords()));
  }
  return offsets;
}

StreamUnits::Values StreamUnits::decode(const Unit &unit, Value group, Value raw, Value rawAt,
                                        const Source &source, ValueRange state, Value table,
                                        ValueRange classOffsets) {
  Value blocks;
  if (divideUp(columns, blockColumns) % 4 != 0)
    blocks = toI32(index.sub(unit.blocks, index.mul(group, 4)));
  SmallVector<Type> types(4, VectorType::get({4}, builder.getI32Type()));
  types.append(4, builder.getI32Type());
  auto decoded = DecodeStreamFragmentOp::create(
      builder, location, types, type.getFormat(), TypeAttr::get(type.getElementType()), lane, raw,
      rawAt, source.buffer, source.begin, toI32(source.last), state, table, classOffsets, blocks);
  return Values(decoded.getResults());
}

} // namespace uwt::codegen
