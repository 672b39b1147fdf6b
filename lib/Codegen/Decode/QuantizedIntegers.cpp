//===- QuantizedIntegers.cpp - Codes as integers, and their numbers -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What products by integers read of a unit: bytes that machines multiply (IntegerCodes.h), and the
// numbers of 16 rows, a lane each.
//
//===----------------------------------------------------------------------===//

#include "FieldPlanes.h"
#include "Quantized.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "uwt/Format/QuantizedElement.h"

using namespace mlir;

namespace uwt::codegen {

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

SmallVector<Value> NumberReader::read(const GridFormat &format, const QuantizedGrid &grid) {
  SmallVector<Value> cells;
  Value outer;
  if (format.outer)
    outer = readNumbers(grid.outerAt(layout.cells), grid.outerBits, format.outer->number);
  for (uint32_t cell = 0; cell < layout.cells; ++cell) {
    Value numbers = readNumbers(grid.at(cell), grid.bits, format.number);
    if (outer)
      numbers = format.isDivided ? floats.div(numbers, outer) : floats.mul(numbers, outer);
    cells.push_back(numbers);
  }
  return cells;
}

Value NumberReader::readBits(uint32_t at, uint32_t bits) {
  Value words = lanes.loadRepeated(buffer, first, at, QuantizedGrid::cellU32(bits));
  SmallVector<uint32_t> shifts;
  for (uint32_t shift = 0; shift < 32; shift += bits)
    shifts.push_back(shift);
  return lanes.bitAnd(lanes.lshr(words, lanes.constants(shifts)), (1u << bits) - 1);
}

Value NumberReader::readNumbers(uint32_t at, uint32_t bits, const Term &type) {
  if (bits == 32)
    return floats.ofBits(lanes.load(buffer, first, at));
  return floats.widen(readBits(at, bits), type);
}

static Value codeBuffer(LaneBuilder &lanes, Value weight) {
  Type type = MemRefType::get({ShapedType::kDynamic}, lanes.ops().getI32Type());
  return BufferOp::create(lanes.ops(), lanes.loc(), type, WeightBuffer::Code, weight);
}

// integer-4
void emitNumbers(const Format &format, RewriterBase &rewriter, DecodeNumbersOp op) {
  LaneBuilder lanes(rewriter, op.getLoc(), VectorType::get({stripRows}, rewriter.getI32Type()));
  FloatBuilder floats(lanes);
  QuantizedUnit layout = quantizedUnit(format);
  NumberReader reader(lanes, layout, codeBuffer(lanes, op.getWeight()), op.getCode());
  SmallVector<Value> results = reader.read(*format.scale, layout.scale);
  if (format.divisor != 1)
    for (Value &scales : results)
      scales = floats.mul(scales, floats.constant(format.factor()));
  bool isSigned = QuantizedElement::find(format.element)->isSigned;
  for (uint32_t cell = 0; layout.zero && cell < layout.cells; ++cell) {
    Value zeros = reader.readBits(layout.zero.at(cell), layout.zero.bits);
    results.push_back(isSigned ? withSign(lanes, zeros, layout.zero.bits) : zeros);
  }
  rewriter.replaceOp(op, results);
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

namespace {
/// Reads rows g and g + 8 of a group (run-6).
class ByteReader {
public:
  ByteReader(LaneBuilder &lanes, const Format &format, Value buffer, Value first)
      : lanes(lanes), unit(quantizedUnit(format)), codes(integerCodes(format)), buffer(buffer),
        first(first), chunks(lanes, unit, buffer, first) {}

  std::array<Value, 2> read(unsigned g, unsigned group) {
    if (unit.hasNibbles())
      return chunks.bytesOf(readNibbles(g, group));
    auto [upper, lower] = unit.hasBytes() ? readBytes(g, group) : chunks.bytes(g, group);
    return {flip(upper, 8), flip(lower, 8)};
  }

  /// A vector for each u32 of a group's rows. Nibbles are turned round before they become bytes.
  SmallVector<Value> readTurned(unsigned group) {
    constexpr unsigned half = rowsInStrip;
    OpBuilder &builder = lanes.ops();
    SmallVector<Value> rows(stripRows);
    MutableArrayRef<Value> packed = MutableArrayRef(rows).take_front(half);
    if (unit.hasNibbles()) {
      for (unsigned g = 0; g < half; ++g)
        packed[g] = readNibbles(g, group);
      for (int64_t bit : {4, 1, 2})
        exchangeWithColumns(builder, lanes.loc(), packed, bit);
    }
    for (unsigned g = 0; g < half; ++g) {
      auto [low, high] = unit.hasNibbles() ? chunks.bytesOf(packed[g]) : read(g, group);
      rows[g] = low;
      rows[g + half] = high;
    }
    if (!unit.hasNibbles())
      return turnRound(builder, lanes.loc(), rows);
    exchangeWithColumns(builder, lanes.loc(), rows, half);
    return columnsOf(rows);
  }

private:
  Value flip(Value words, uint32_t bits) {
    return codes.flipped == 0 ? words : lanes.bitXor(words, repeated(codes.flipped, bits));
  }

  /// The registers of row g have the lower nibbles of bytes, those of row g + 8 the upper ones.
  Value readNibbles(unsigned g, unsigned group) {
    return flip(chunks.nibbles(g, group), nibbleBits);
  }

  /// Registers 0 and 2 have row g, 1 and 3 row g + 8.
  std::array<Value, 2> readBytes(unsigned g, unsigned group) {
    constexpr int64_t registerU32 = 8;
    OpBuilder &builder = lanes.ops();
    std::array<Value, registersInLane> parts;
    for (unsigned r = 0; r < registersInLane; ++r) {
      Value at =
          Indices(builder, lanes.loc()).add(first, unit.byteRowAt(g, group) + r * registerU32);
      parts[r] = vector::LoadOp::create(
          builder, lanes.loc(), VectorType::get({registerU32}, builder.getI32Type()), buffer, at);
    }
    auto all = llvm::to_vector(llvm::seq<int64_t>(0, 2 * registerU32));
    auto join = [&](Value a, Value b) {
      return vector::ShuffleOp::create(builder, lanes.loc(), a, b, all);
    };
    return {join(parts[0], parts[2]), join(parts[1], parts[3])};
  }

  LaneBuilder &lanes;
  QuantizedUnit unit;
  IntegerCodes codes;
  Value buffer, first;
  ChunkReader chunks;
};
} // namespace

void emitIntegers(LaneBuilder &lanes, const Format &format, Value buffer, Value first,
                  std::optional<unsigned> group,
                  llvm::function_ref<void(unsigned number, Value bytes)> set) {
  unsigned groups = quantizedUnit(format).groups();
  ByteReader reader(lanes, format, buffer, first);
  if (group) {
    for (auto [u32, bytes] : llvm::enumerate(reader.readTurned(*group)))
      set(unsigned(u32), bytes);
    return;
  }
  // The sums of rows g and g + 4 are added up with one another first.
  for (unsigned g : {0, 4, 1, 5, 2, 6, 3, 7})
    for (unsigned each = 0; each < groups; ++each)
      for (auto [half, bytes] : llvm::enumerate(reader.read(g, each)))
        set((g + half * rowsInStrip) * groups + each, bytes);
}

} // namespace uwt::codegen
