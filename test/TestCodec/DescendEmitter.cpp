//===- DescendEmitter.cpp - The emitter of the tests' own codec -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As a file of lib/Codegen/Decode would be, but registered by the programs that are linked with it.
//
//===----------------------------------------------------------------------===//

#include "lib/Codegen/Decode/FieldPlanes.h"

using namespace mlir;

namespace uwt {
namespace {

struct DescendEmitter final : codegen::Emitter {
  StringRef keyword() const override { return "descend"; }
  SmallVector<WeightBuffer> buffers(const codegen::EmittedFormat & /*format*/) const override {
    return {WeightBuffer::Table, WeightBuffer::Words, WeightBuffer::Raw, WeightBuffer::Code};
  }
  double cost(const codegen::EmittedFormat & /*format*/) const override { return 12; }
  std::optional<unsigned>
  fragmentTableU32(const codegen::EmittedFormat & /*format*/) const override {
    return 1;
  }
  LogicalResult emitUnit(codegen::UnitEmission &unit) const override {
    // A thread has one group, whose number is in its offsets already.
    unsigned groups = unit.lane ? 1 : unit.format.traits.unit.groups();
    int position = static_cast<int>(unit.format.split.rawLowBits);
    Value top = unit.lanes.shl(unit.tableEntry(0), position);
    for (unsigned group = 0; group < groups; ++group)
      emitGroup(unit, group, top, position);
    return success();
  }

private:
  static void emitGroup(codegen::UnitEmission &unit, unsigned group, Value top, int position) {
    codegen::LaneBuilder &lanes = unit.lanes;
    codegen::FieldSource raw = codegen::rawField(unit), code = codegen::codeField(unit, position);
    raw.offset = int64_t(group) * unit.format.traits.unit.rawGroupStride;
    code.offset = int64_t(group) * unit.format.traits.unit.codeGroupStride;
    codegen::forEachRowVector(unit, [&](unsigned r, unsigned g) {
      // A code is at most the top, so that nothing is borrowed from the other half.
      Value symbols = lanes.sub(top, codegen::loadField(lanes, code, r, g));
      unit.set(codegen::rowVectorNumber(group, r, g),
               lanes.bitOr(symbols, codegen::loadField(lanes, raw, r, g)));
    });
  }
};

const DescendEmitter descendEmitter;
const codegen::EmitterRegistration descendRegistration(descendEmitter);

} // namespace
} // namespace uwt
