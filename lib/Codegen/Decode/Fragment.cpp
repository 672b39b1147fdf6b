//===- Fragment.cpp - Palettes and raw fields in registers ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fragment.h"
#include "FieldPlanes.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::codegen {

Value permuteBytes(LaneBuilder &lanes, Value low, Value high, Value selector) {
  OpBuilder &builder = lanes.ops();
  auto permute = [&](Value a, Value b, Value by) -> Value {
    return NVVM::PermuteOp::create(builder, lanes.loc(), builder.getI32Type(), a, b, by,
                                   NVVM::PermuteMode::DEFAULT);
  };
  auto vector = dyn_cast<VectorType>(lanes.type());
  if (!vector)
    return permute(low, high, selector);
  auto part = [&](Value value, int64_t i) -> Value {
    if (!isa<VectorType>(value.getType()))
      return value;
    return vector::ExtractOp::create(builder, lanes.loc(), value, i);
  };
  SmallVector<Value> parts;
  for (int64_t i = 0; i < vector.getNumElements(); ++i)
    parts.push_back(permute(part(low, i), part(high, i), part(selector, i)));
  return vector::FromElementsOp::create(builder, lanes.loc(), vector, parts);
}

/// The raw field of a unit's registers, from `raw` on.
static FieldSource rawFieldAt(const EmittedFormat &format, const RawAddress &raw) {
  return {raw.buffer,     raw.first,        llvm::to_vector(defaultChunks(format.split.rawBits())),
          /*position=*/0, /*hasSign=*/true, raw.lane};
}

Value joinRaw(LaneBuilder &lanes, const EmittedFormat &format, const RawAddress &raw, unsigned r,
              Value symbols) {
  FieldSource field = rawFieldAt(format, raw);
  if (!format.hasByteFields())
    return lanes.bitOr(lanes.bitAnd(symbols, format.symbolMask()), loadField(lanes, field, r, 0));
  // A byte in both bytes of its half word has the sign at bit 15 and the mantissa at 6:0; the
  // symbols take what lies between.
  Value bytes = loadChunkU32(lanes, field, r);
  Value selector = lanes.constant(r % 2 == 0 ? 0x2200 : 0x3311);
  Value words = permuteBytes(lanes, bytes, bytes, selector);
  return lanes.merge(format.symbolMask(), symbols, words);
}

std::array<Value, 4> windowSymbols(LaneBuilder &lanes, Value codes, uint32_t codeMask, Value base,
                                   int position) {
  constexpr uint32_t everyByte = 0x01010101, bothBytes = 0x0101;
  // Codes 0 and 2 of a half are bytes, so are 1 and 3, four bits further up. What one shift brings
  // to `position` for the lower byte, another one does for the upper byte: what then lies beside
  // the symbols does not matter, and bytes do not carry into one another.
  // Not a shift: LLVM would add first and shift the sum, two instructions in place of one.
  Value lowerBase = lanes.mul(base, bothBytes << position);
  Value upperBase = lanes.shift(lanes.mul(base, bothBytes), position - 8);
  Value even = lanes.bitAnd(codes, codeMask * everyByte);
  Value odd = lanes.bitAnd(codes, codeMask * everyByte << 4);
  return {lanes.add(lanes.shl(even, position), lowerBase),
          lanes.add(lanes.shift(odd, position - 4), lowerBase),
          lanes.add(lanes.shift(even, position - 8), upperBase),
          lanes.add(lanes.shift(odd, position - 12), upperBase)};
}

std::array<Value, 4> packTable(UnitEmission &unit, unsigned number, unsigned rotation) {
  LaneBuilder scalars(unit.lanes.ops(), unit.lanes.loc(), unit.lanes.ops().getI32Type());
  OpBuilder::InsertionGuard guard(unit.lanes.ops());
  Operation *last = nullptr;
  for (unsigned i = 0; i < 16; ++i) {
    Operation *loaded = unit.scalarEntry(i).getDefiningOp();
    if (!loaded || (last && loaded->getBlock() != last->getBlock())) {
      last = nullptr;
      break;
    }
    if (!last || last->isBeforeInBlock(loaded))
      last = loaded;
  }
  if (last)
    unit.lanes.ops().setInsertionPointAfter(last);
  std::array<Value, 4> words;
  for (unsigned i = 0; i < 16; ++i) {
    Value byte = scalars.bitAnd(scalars.lshr(unit.scalarEntry(i), 8 * number), 0xFF);
    if (rotation != 0)
      byte = scalars.bitAnd(
          scalars.bitOr(scalars.shl(byte, rotation), scalars.lshr(byte, 8 - rotation)), 0xFF);
    byte = scalars.shl(byte, i % 4 * 8);
    words[i / 4] = i % 4 == 0 ? byte : scalars.bitOr(words[i / 4], byte);
  }
  return words;
}

std::array<Value, 2> lookUpBytes(LaneBuilder &lanes, const std::array<Value, 4> &table,
                                 Value codes) {
  // Three bits look up in either half of the table, the fourth one says which.
  Value low = lanes.bitAnd(codes, 0x77777777);
  Value which = lanes.bitOr(lanes.bitAnd(lanes.lshr(codes, 1), 0x44444444), 0x32103210);
  auto lookUp = [&](Value selector, Value choice) {
    return permuteBytes(lanes, permuteBytes(lanes, table[0], table[1], selector),
                        permuteBytes(lanes, table[2], table[3], selector), choice);
  };
  return {lookUp(low, which), lookUp(lanes.lshr(low, 16), lanes.lshr(which, 16))};
}

/// Sets the registers of a unit whose raw fields are bytes. `symbols` are bytes in the order of
/// these: halves 0 and 1 of two registers, rotated so that a byte's lowest bit is where it belongs
/// in a half's lower byte, and its others where they belong in the upper one.
static void joinBytes(UnitEmission &unit, const std::array<Value, 2> &symbols) {
  constexpr uint32_t highBits = 0x80808080;
  LaneBuilder &lanes = unit.lanes;
  FieldSource field =
      rawFieldAt(unit.format, {unit.weightBuffer(WeightBuffer::Raw), unit.first, unit.lane});
  for (unsigned r = 0; r < registersInLane; r += 2) {
    Value raw = loadChunkU32(lanes, field, r);
    Value upper = lanes.merge(highBits, raw, symbols[r / 2]);
    Value lower = lanes.merge(highBits, symbols[r / 2], raw);
    for (unsigned i = 0; i < 2; ++i)
      unit.set(rowVectorNumber(0, r + i, 0),
               permuteBytes(lanes, lower, upper, lanes.constant(i == 0 ? 0x6240 : 0x7351)));
  }
}

static void emitBytesOverBytes(UnitEmission &unit, Value codes) {
  LaneBuilder &lanes = unit.lanes;
  std::array<Value, 4> table = packTable(unit, 0, unit.format.split.rawLowBits);
  codes = permuteBytes(lanes, codes, codes, lanes.constant(0x3120));
  joinBytes(unit, lookUpBytes(lanes, table, codes));
}

void emitExponentBytes(UnitEmission &unit) {
  FieldSource field = {unit.weightBuffer(WeightBuffer::Code), unit.code, {8}, 0, false, unit.lane};
  joinBytes(unit, {loadChunkU32(unit.lanes, field, 0), loadChunkU32(unit.lanes, field, 2)});
}

/// The symbols of four registers, at bit 0 of each half, of the nibbles of `codes`.
static std::array<Value, registersInLane> lookUpWide(UnitEmission &unit, Value codes) {
  LaneBuilder &lanes = unit.lanes;
  std::array<Value, 2> low = lookUpBytes(lanes, packTable(unit, 0, /*rotation=*/0), codes);
  std::array<Value, 2> high = lookUpBytes(lanes, packTable(unit, 1, /*rotation=*/0), codes);
  std::array<Value, registersInLane> symbols;
  for (unsigned r = 0; r < registersInLane; r += 2) {
    // Both bytes of two registers' halves 0, and of their halves 1.
    Value selector = lanes.constant((0x5140 + r * 0x1111));
    Value first = permuteBytes(lanes, low[0], high[0], selector);
    Value second = permuteBytes(lanes, low[1], high[1], selector);
    symbols[r] = permuteBytes(lanes, first, second, lanes.constant(0x5410));
    symbols[r + 1] = permuteBytes(lanes, first, second, lanes.constant(0x7632));
  }
  return symbols;
}

/// The same where a symbol is a byte: at bit 8, and whatever it is below.
static std::array<Value, registersInLane> lookUpNarrow(UnitEmission &unit, Value codes) {
  LaneBuilder &lanes = unit.lanes;
  std::array<Value, 2> halves = lookUpBytes(lanes, packTable(unit, 0, /*rotation=*/0), codes);
  std::array<Value, registersInLane> symbols;
  for (unsigned r = 0; r < registersInLane; ++r)
    symbols[r] =
        permuteBytes(lanes, halves[0], halves[1], lanes.constant((4 + r) * 0x1100 + r * 0x11));
  return symbols;
}

void emitPaletteFragment(UnitEmission &unit) {
  LaneBuilder &lanes = unit.lanes;
  const FieldSplit &split = unit.format.split;
  // The nibbles of four registers: half 0 below, half 1 above.
  Value start = rowBase(lanes, unit.code, unit.lane, registersInLane);
  Value codes = lanes.load(unit.weightBuffer(WeightBuffer::Code), start, 0);
  if (unit.format.hasByteFields())
    return emitBytesOverBytes(unit, codes);
  bool isWide = split.symbolBits > 8;
  std::array<Value, registersInLane> symbols =
      isWide ? lookUpWide(unit, codes) : lookUpNarrow(unit, codes);
  for (unsigned r = 0; r < registersInLane; ++r) {
    Value placed = lanes.shift(symbols[r], static_cast<int>(split.rawLowBits) - (isWide ? 0 : 8));
    RawAddress raw = {unit.weightBuffer(WeightBuffer::Raw), unit.first, unit.lane};
    unit.set(rowVectorNumber(0, r, 0), joinRaw(lanes, unit.format, raw, r, placed));
  }
}

} // namespace uwt::codegen
