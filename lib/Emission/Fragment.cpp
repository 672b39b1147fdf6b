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
#include <array>

using namespace mlir;

namespace uwt {

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

Value joinRaw(LaneBuilder &lanes, const EmittedFormat &format, const RawPlace &raw, unsigned r,
              Value symbols) {
  FieldSource field = {
      raw.buffer,     raw.first,        llvm::to_vector(defaultChunks(format.split.rawBits())),
      /*position=*/0, /*hasSign=*/true, raw.lane};
  bool isByte = field.chunks == SmallVector<uint32_t>{8} && format.split.wordBits == 16;
  if (!isByte)
    return lanes.bitOr(lanes.bitAnd(symbols, format.symbolMask()), loadField(lanes, field, r, 0));
  // A byte in both bytes of its half word has the sign at bit 15 and the mantissa at 6:0; the
  // symbols take what lies between.
  Value bytes = loadChunkWords(lanes, field, r);
  Value selector = lanes.constant(r % 2 == 0 ? 0x2200 : 0x3311);
  Value words = permuteBytes(lanes, bytes, bytes, selector);
  return lanes.merge(format.symbolMask(), symbols, words);
}

bool hasBytePalette(const EmittedFormat &format) {
  return format.split.symbolBits <= 8 && format.traits.codeBits == 4;
}

/// The sixteen symbols as bytes of four u32, computed where the table's words are: before loops.
static std::array<Value, 4> packTable(UnitEmission &unit) {
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
    Value byte = scalars.shl(scalars.bitAnd(unit.scalarEntry(i), 0xFF), i % 4 * 8);
    words[i / 4] = i % 4 == 0 ? byte : scalars.bitOr(words[i / 4], byte);
  }
  return words;
}

void emitBytePalette(UnitEmission &unit) {
  LaneBuilder &lanes = unit.lanes;
  std::array<Value, 4> table = packTable(unit);
  // The nibbles of four registers: half 0 below, half 1 above.
  Value start = rowBase(lanes, unit.code, unit.lane, registersInLane);
  Value codes = lanes.load(unit.plane(Plane::Code), start, 0);
  // Three bits look up in either half of the table, the fourth one says which.
  Value low = lanes.bitAnd(codes, 0x77777777);
  Value which = lanes.bitOr(lanes.bitAnd(lanes.lshr(codes, 1), 0x44444444), 0x32103210);
  auto lookUp = [&](Value selector, Value choice) {
    return permuteBytes(lanes, permuteBytes(lanes, table[0], table[1], selector),
                        permuteBytes(lanes, table[2], table[3], selector), choice);
  };
  Value half0 = lookUp(low, which), half1 = lookUp(lanes.lshr(low, 16), lanes.lshr(which, 16));
  for (unsigned r = 0; r < registersInLane; ++r) {
    // Symbols in bytes 1 and 3 (and below, where they do not matter).
    Value selector = lanes.constant((4 + r) * 0x1100 + r * 0x11);
    Value symbols = permuteBytes(lanes, half0, half1, selector);
    symbols = lanes.shift(symbols, static_cast<int>(unit.format.split.rawLowBits) - 8);
    RawPlace raw = {unit.plane(Plane::Raw), unit.first, unit.lane};
    unit.set(registerNumber(0, r, 0), joinRaw(lanes, unit.format, raw, r, symbols));
  }
}

} // namespace uwt
