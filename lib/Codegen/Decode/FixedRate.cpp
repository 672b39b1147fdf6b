//===- FixedRate.cpp - Emitters of raw, window, bitplane, palette ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FieldPlanes.h"
#include "Fragment.h"
#include "InPlace.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codec/Panel.h"
#include <array>
#include <optional>

using namespace mlir;

namespace uwt::codegen {
namespace {

/// The u32 of a thread's lane in a plane of one bit a weight: bit 4 · block + r of a half is that
/// of register r.
Value loadPlane(UnitEmission &unit, unsigned plane) {
  LaneBuilder scalars(unit.lanes.ops(), unit.lanes.loc(), unit.lanes.ops().getI32Type());
  Value start = rowBase(scalars, unit.code, unit.lane, 1);
  return scalars.load(unit.weightBuffer(WeightBuffer::Code), start, plane * fragmentLanes);
}

/// Transposes three planes of one bit: nibble `block` of each half of word r is the code of
/// register r, under a bit that may be anything.
std::array<Value, registersInLane> transposePlanes(LaneBuilder &scalars, Value low, Value middle,
                                                   Value high) {
  constexpr uint32_t evenBits = 0x55555555, evenPairs = 0x33333333;
  Value even = scalars.merge(evenBits, low, scalars.shl(middle, 1));
  Value odd = scalars.merge(evenBits, scalars.lshr(low, 1), middle);
  return {scalars.merge(evenPairs, even, scalars.shl(high, 2)),
          scalars.merge(evenPairs, odd, scalars.shl(high, 1)),
          scalars.merge(evenPairs, scalars.lshr(even, 2), high),
          scalars.merge(evenPairs, scalars.lshr(odd, 2), scalars.lshr(high, 1))};
}

/// Symbols of a thread's registers, at their offsets and with anything beside them, or nothing
/// where codes are no nibbles and no planes of single bits.
std::optional<std::array<Value, registersInLane>> symbolsOfNibbles(UnitEmission &unit) {
  const FieldSplit &split = unit.format.split;
  if (split.wordBits != 16 || split.symbolBits > 8)
    return std::nullopt;
  int position = static_cast<int>(split.rawLowBits);
  LaneBuilder &lanes = unit.lanes;
  ArrayRef<uint32_t> chunks = unit.format.traits.chunks;
  if (chunks == ArrayRef<uint32_t>{4}) {
    Value codes = loadChunkU32(lanes, codeField(unit, 0), 0);
    return windowSymbols(lanes, codes, 0xF, unit.tableEntry(0), position);
  }
  if (chunks != ArrayRef<uint32_t>{1, 1, 1})
    return std::nullopt;
  LaneBuilder scalars(lanes.ops(), lanes.loc(), lanes.ops().getI32Type());
  std::array<Value, registersInLane> codes =
      transposePlanes(scalars, loadPlane(unit, 0), loadPlane(unit, 1), loadPlane(unit, 2));
  std::array<Value, registersInLane> symbols;
  for (unsigned r = 0; r < registersInLane; ++r)
    symbols[r] = vector::FromElementsOp::create(
        lanes.ops(), lanes.loc(), cast<VectorType>(lanes.type()),
        windowSymbols(scalars, codes[r], 0x7, unit.scalarEntry(0), position));
  return symbols;
}

/// Words of a window: base + code above the raw bits. The sum stays inside the symbol's field
/// (window-1), so halves do not carry into each other.
LogicalResult emitWindowPlanes(UnitEmission &unit) {
  LaneBuilder &lanes = unit.lanes;
  int position = static_cast<int>(unit.format.split.rawLowBits);
  FieldSource raw = rawField(unit), code = codeField(unit, position);
  if (unit.lane) {
    RawAddress address = {raw.buffer, raw.base, unit.lane};
    auto symbols = symbolsOfNibbles(unit);
    Value base = lanes.shl(unit.tableEntry(0), position);
    for (unsigned r = 0; r < registersInLane; ++r) {
      Value own = symbols ? (*symbols)[r] : lanes.add(loadField(lanes, code, r, 0), base);
      unit.set(rowVectorNumber(0, r, 0), joinRaw(lanes, unit.format, address, r, own));
    }
    return success();
  }
  Value base = lanes.shl(unit.tableEntry(0), position);
  forEachRowVector(unit, [&](unsigned r, unsigned g) {
    Value words = lanes.bitOr(loadField(lanes, raw, r, g), loadField(lanes, code, r, g));
    unit.set(rowVectorNumber(0, r, g), lanes.add(words, base));
  });
  return success();
}

struct RawEmitter final : Emitter {
  StringRef keyword() const override { return "raw"; }
  SmallVector<WeightBuffer> buffers(const EmittedFormat & /*format*/) const override {
    return {WeightBuffer::Words};
  }
  double cost(const EmittedFormat & /*format*/) const override { return 0; }
  std::optional<unsigned> fragmentTableU32(const EmittedFormat & /*format*/) const override {
    return 0;
  }
  LogicalResult emitUnit(UnitEmission &unit) const override {
    emitWords(unit);
    return success();
  }
};

/// Operations for a field of these chunks: a shift and a mask each, and joining.
double fieldCost(ArrayRef<uint32_t> chunks) { return 3.0 * chunks.size(); }

struct WindowEmitter : Emitter {
  StringRef keyword() const override { return "window"; }
  SmallVector<WeightBuffer> buffers(const EmittedFormat &format) const override {
    if (format.format.packing == Packing::InPlace)
      return {WeightBuffer::Table, WeightBuffer::Words, WeightBuffer::Code};
    return {WeightBuffer::Table, WeightBuffer::Words, WeightBuffer::Raw, WeightBuffer::Code};
  }
  double cost(const EmittedFormat &format) const override {
    if (format.format.packing == Packing::InPlace)
      return format.traits.codeBits == 4 ? 3.75 : 7;
    return fieldCost(defaultChunks(format.split.rawBits())) + fieldCost(format.traits.chunks) + 2;
  }
  std::optional<unsigned> fragmentTableU32(const EmittedFormat & /*format*/) const override {
    return 1;
  }
  LogicalResult emitUnit(UnitEmission &unit) const override {
    if (unit.format.format.packing != Packing::InPlace)
      return emitWindowPlanes(unit);
    if (unit.format.traits.codeBits == 4)
      emitInPlace12(unit);
    else
      emitInPlace11(unit);
    return success();
  }
};

/// A window of which the code lies in planes of one bit.
struct BitplaneEmitter final : WindowEmitter {
  StringRef keyword() const override { return "bitplane"; }
};

struct PaletteEmitter final : Emitter {
  StringRef keyword() const override { return "palette"; }
  SmallVector<WeightBuffer> buffers(const EmittedFormat & /*format*/) const override {
    return {WeightBuffer::Table, WeightBuffer::Words, WeightBuffer::Raw, WeightBuffer::Code};
  }
  double cost(const EmittedFormat &format) const override {
    return fieldCost(defaultChunks(format.split.rawBits())) + fieldCost(format.traits.chunks) + 4;
  }
  std::optional<unsigned> fragmentTableU32(const EmittedFormat & /*format*/) const override {
    return 16;
  }
  LogicalResult emitUnit(UnitEmission &unit) const override {
    if (unit.lane) {
      emitPaletteFragment(unit);
      return success();
    }
    LaneBuilder &lanes = unit.lanes;
    FieldSource raw = rawField(unit), code = codeField(unit, 0);
    Value table = unit.weightBuffer(WeightBuffer::Table);
    forEachRowVector(unit, [&](unsigned r, unsigned g) {
      Value symbols = LookupOp::create(lanes.ops(), lanes.loc(), lanes.type(),
                                       loadField(lanes, code, r, g), table);
      Value high = lanes.shl(symbols, unit.format.split.rawLowBits);
      unit.set(rowVectorNumber(0, r, g), lanes.bitOr(high, loadField(lanes, raw, r, g)));
    });
    return success();
  }
};

} // namespace

const Emitter &getRawEmitter() {
  static const RawEmitter emitter;
  return emitter;
}
const Emitter &getWindowEmitter() {
  static const WindowEmitter emitter;
  return emitter;
}
const Emitter &getBitplaneEmitter() {
  static const BitplaneEmitter emitter;
  return emitter;
}
const Emitter &getPaletteEmitter() {
  static const PaletteEmitter emitter;
  return emitter;
}

} // namespace uwt::codegen
