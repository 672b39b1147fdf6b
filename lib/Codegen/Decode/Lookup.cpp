//===- Lookup.cpp - Quantised weights as lane code ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cell of a row has sixteen different weights at most. They are computed once a cell, with the
// arithmetic of value-2, value-3 and value-6, and the codes look them up: two operations for 32
// weights, whatever the element.
//
//===----------------------------------------------------------------------===//

#include "FieldPlanes.h"
#include "Fragment.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codec/Quantized.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

constexpr unsigned stripLanes = 16;
static_assert(stripLanes == stripRows && stripLanes == quantizedCodes);

/// The tables of one unit.
class UnitTables {
public:
  explicit UnitTables(UnitEmission &unit)
      : lanes(unit.lanes), format(unit.format.format), layout(quantizedUnit(format)),
        buffer(unit.weightBuffer(WeightBuffer::Code)), first(unit.code) {
    std::array<float, quantizedCodes> numbers = quantizedValues(format.element);
    for (float &number : numbers)
      number -= static_cast<float>(format.zero);
    values = arith::ConstantOp::create(
        lanes.ops(), lanes.loc(),
        DenseElementsAttr::get(cast<VectorType>(floats()), ArrayRef<float>(numbers)));
    for (unsigned cell = 0; cell < layout.cells; ++cell) {
      scales.push_back(loadScales(cell));
      if (layout.zeroBits != 0)
        zeros.push_back(loadZeros(cell));
    }
  }

  /// The weights of a row's codes, a table a cell.
  SmallVector<Value> tablesOf(unsigned row) {
    SmallVector<Value> tables;
    for (unsigned cell = 0; cell < layout.cells; ++cell) {
      Value numbers = values;
      if (layout.zeroBits != 0)
        numbers = arith::SubFOp::create(lanes.ops(), lanes.loc(), numbers, ofRow(zeros[cell], row));
      tables.push_back(arith::MulFOp::create(lanes.ops(), lanes.loc(), numbers,
                                             ofRow(scales[cell], row)));
    }
    return tables;
  }

private:
  Type floats() const { return VectorType::get({stripLanes}, lanes.ops().getF32Type()); }

  Value ofRow(Value numbers, unsigned row) {
    Value number = vector::ExtractOp::create(lanes.ops(), lanes.loc(), numbers, row);
    return vector::BroadcastOp::create(lanes.ops(), lanes.loc(), floats(), number);
  }

  /// 16 rows' numbers of so many bits, from `at` of the unit on, each in its lane.
  Value loadNumbers(uint32_t at, uint32_t bits) {
    if (bits == 32)
      return lanes.load(buffer, first, at);
    Value words = lanes.loadRepeated(buffer, first, at, QuantizedUnit::cellU32(bits));
    SmallVector<uint32_t> shifts;
    for (uint32_t shift = 0; shift < 32; shift += bits)
      shifts.push_back(shift);
    return lanes.bitAnd(lanes.lshr(words, lanes.constants(shifts)), (1u << bits) - 1);
  }

  Value asFloats(Value bits) {
    return arith::BitcastOp::create(lanes.ops(), lanes.loc(), floats(), bits);
  }

  /// Exponent and mantissa of an f16 at their offsets, times 2^112: exact, subnormals included.
  /// Scales are finite.
  Value widenHalves(Value halves) {
    constexpr uint32_t twoTo112 = (127 + 112) << 23;
    Value magnitude = asFloats(lanes.shl(lanes.bitAnd(halves, 0x7FFF), 13));
    Value scaled = arith::MulFOp::create(lanes.ops(), lanes.loc(), magnitude,
                                         asFloats(lanes.constant(twoTo112)));
    Value bits = arith::BitcastOp::create(lanes.ops(), lanes.loc(), lanes.type(), scaled);
    return asFloats(lanes.bitOr(bits, lanes.shl(lanes.bitAnd(halves, 0x8000), 16)));
  }

  Value loadScales(unsigned cell) {
    Value numbers = loadNumbers(layout.scaleAt(cell), layout.scaleBits);
    StringRef type = format.scale->number.keyword;
    if (type == "f16")
      return widenHalves(numbers);
    // The numbers of these types are the upper bits of an f32.
    if (type == "bf16")
      numbers = lanes.shl(numbers, 16);
    else if (type == "f8E8M0FNU")
      numbers = lanes.shl(numbers, 23);
    return asFloats(numbers);
  }

  Value loadZeros(unsigned cell) {
    Value numbers = loadNumbers(layout.zeroAt(cell), layout.zeroBits);
    return arith::UIToFPOp::create(lanes.ops(), lanes.loc(), floats(), numbers);
  }

  LaneBuilder &lanes;
  const Format &format;
  QuantizedUnit layout;
  Value buffer, first;
  /// Numbers of codes; of each cell the scales and zeros of 16 rows.
  Value values;
  SmallVector<Value> scales, zeros;
};

struct LookupEmitter final : Emitter {
  StringRef keyword() const override { return dequantizerKeyword; }
  SmallVector<WeightBuffer> buffers(const EmittedFormat & /*format*/) const override {
    return {WeightBuffer::Words, WeightBuffer::Code};
  }

  double cost(const EmittedFormat &format) const override {
    QuantizedUnit unit = quantizedUnit(format.format);
    bool hasZeros = unit.zeroBits != 0;
    // A shift and a lookup, of two cells an insertion; a table is 2 operations and those for its
    // rows' numbers, and rounding, which two cells share.
    double tables = unit.cells * (hasZeros ? 4 : 2) + 1;
    double vectors = 2.0 * unit.columns / fixedUnitColumns;
    return (unit.cells == 1 ? 2 : 3) + tables / vectors;
  }

  LogicalResult emitUnit(UnitEmission &unit) const override {
    LaneBuilder &lanes = unit.lanes;
    UnitTables tables(unit);
    FieldSource code = codeField(unit, /*position=*/0);
    unsigned groups = unit.format.traits.unit.groups();
    for (unsigned g = 0; g < unit.rows; ++g) {
      std::array<SmallVector<Value>, 2> ofRows = {tables.tablesOf(g),
                                                  tables.tablesOf(g + rowsInStrip)};
      for (unsigned group = 0; group < groups; ++group) {
        code.offset = int64_t(group) * unit.format.traits.unit.codeGroupStride;
        for (unsigned r = 0; r < registersInLane; ++r)
          unit.set(rowVectorNumber(group, r, g),
                   LookupFloatsOp::create(lanes.ops(), lanes.loc(), lanes.type(),
                                          loadCodes(lanes, code, r, g), ofRows[r % 2]));
      }
    }
    return success();
  }

private:
  /// The codes of a register and row, beneath bits of others.
  static Value loadCodes(LaneBuilder &lanes, const FieldSource &code, unsigned r, unsigned g) {
    Value words = lanes.load(code.buffer, code.base, code.offset + g * stripLanes);
    return lanes.lshr(words, quantizedCodeBits * r);
  }
};

} // namespace

const Emitter &getLookupEmitter() {
  static const LookupEmitter emitter;
  return emitter;
}

} // namespace uwt::codegen
