//===- FixedRate.cpp - Emitters of raw, window, bitplane, palette ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FieldPlanes.h"
#include "Fragment.h"
#include "InPlace.h"

using namespace mlir;

namespace uwt {
namespace {

/// Words of a window: base + code above the raw bits. The sum stays inside the symbol's field
/// (window-1), so halves do not carry into each other.
LogicalResult emitWindowPlanes(UnitEmission &unit) {
  LaneBuilder &lanes = unit.lanes;
  int position = static_cast<int>(unit.format.split.rawLowBits);
  FieldSource raw = rawField(unit), code = codeField(unit, position);
  Value base = lanes.shl(unit.tableEntry(0), position);
  if (unit.lane) {
    RawPlace place = {raw.buffer, raw.base, unit.lane};
    forEachRegister(unit, [&](unsigned r, unsigned g) {
      Value symbols = lanes.add(loadField(lanes, code, r, g), base);
      unit.set(registerNumber(0, r, g), joinRaw(lanes, unit.format, place, r, symbols));
    });
    return mlir::success();
  }
  forEachRegister(unit, [&](unsigned r, unsigned g) {
    Value words = lanes.bitOr(loadField(lanes, raw, r, g), loadField(lanes, code, r, g));
    unit.set(registerNumber(0, r, g), lanes.add(words, base));
  });
  return mlir::success();
}

struct RawEmitter final : Emitter {
  StringRef keyword() const override { return "raw"; }
  bool serves(const EmittedFormat & /*format*/, std::string & /*reason*/) const override {
    return true;
  }
  SmallVector<Plane> planes(const EmittedFormat & /*format*/) const override {
    return {Plane::Words};
  }
  double cost(const EmittedFormat & /*format*/) const override { return 0; }
  std::optional<unsigned> fragmentTableWords(const EmittedFormat & /*format*/) const override {
    return 0;
  }
  LogicalResult emitUnit(UnitEmission &unit) const override {
    emitWords(unit);
    return mlir::success();
  }
};

/// Operations for a field of these chunks: a shift and a mask each, and joining.
double fieldCost(ArrayRef<uint32_t> chunks) { return 3.0 * chunks.size(); }

struct WindowEmitter : Emitter {
  StringRef keyword() const override { return "window"; }
  bool serves(const EmittedFormat & /*format*/, std::string & /*reason*/) const override {
    return true;
  }
  SmallVector<Plane> planes(const EmittedFormat &format) const override {
    if (format.format.packing == Packing::InPlace)
      return {Plane::Table, Plane::Words, Plane::Code};
    return {Plane::Table, Plane::Words, Plane::Raw, Plane::Code};
  }
  double cost(const EmittedFormat &format) const override {
    if (format.format.packing == Packing::InPlace)
      return format.traits.codeBits == 4 ? 3.75 : 7;
    return fieldCost(defaultChunks(format.split.rawBits())) + fieldCost(format.traits.chunks) + 2;
  }
  std::optional<unsigned> fragmentTableWords(const EmittedFormat & /*format*/) const override {
    return 1;
  }
  LogicalResult emitUnit(UnitEmission &unit) const override {
    if (unit.format.format.packing != Packing::InPlace)
      return emitWindowPlanes(unit);
    if (unit.format.traits.codeBits == 4)
      emitInPlace12(unit);
    else
      emitInPlace11(unit);
    return mlir::success();
  }
};

/// A window of which the code lies in planes of one bit.
struct BitplaneEmitter final : WindowEmitter {
  StringRef keyword() const override { return "bitplane"; }
};

struct PaletteEmitter final : Emitter {
  StringRef keyword() const override { return "palette"; }
  bool serves(const EmittedFormat & /*format*/, std::string & /*reason*/) const override {
    return true;
  }
  SmallVector<Plane> planes(const EmittedFormat & /*format*/) const override {
    return {Plane::Table, Plane::Words, Plane::Raw, Plane::Code};
  }
  double cost(const EmittedFormat &format) const override {
    return fieldCost(defaultChunks(format.split.rawBits())) + fieldCost(format.traits.chunks) + 4;
  }
  std::optional<unsigned> fragmentTableWords(const EmittedFormat &format) const override {
    if (!hasBytePalette(format))
      return std::nullopt;
    return 16;
  }
  LogicalResult emitUnit(UnitEmission &unit) const override {
    if (unit.lane) {
      emitBytePalette(unit);
      return mlir::success();
    }
    LaneBuilder &lanes = unit.lanes;
    FieldSource raw = rawField(unit), code = codeField(unit, 0);
    Value table = unit.plane(Plane::Table);
    forEachRegister(unit, [&](unsigned r, unsigned g) {
      Value symbols = LookupOp::create(lanes.ops(), lanes.loc(), lanes.type(),
                                       loadField(lanes, code, r, g), table);
      Value high = lanes.shl(symbols, unit.format.split.rawLowBits);
      unit.set(registerNumber(0, r, g), lanes.bitOr(high, loadField(lanes, raw, r, g)));
    });
    return mlir::success();
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

} // namespace uwt
