//===- ThreadTables.cpp - The weights of a cell as a thread's table -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of 4 bits stand for sixteen weights of a cell, as on CPUs (run-3). The four threads that
// have a row together compute four of them each and exchange them; byte permutations look up both
// bytes of four codes at a time. What a thread has of another one lies at the place that is the
// exclusive or of their numbers: so codes are looked up that are changed alike.
//
//===----------------------------------------------------------------------===//

#include "../Fragment.h"
#include "../QuantizedThread.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Codegen/Decode/Dequantizer.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// The bytes at one offset of sixteen weights, four a word.
using BytePlane = std::array<Value, rowLanes>;

class TableDecoder {
public:
  explicit TableDecoder(UnitEmission &unit);

  /// Words of the four registers of a block.
  std::array<Value, registersInLane> decode(unsigned block);

private:
  static constexpr unsigned entriesOfThread = nibbleCodes / rowLanes;
  /// Those of the entries of a table that a thread computes.
  using OwnNumbers = std::array<Value, entriesOfThread>;

  OwnNumbers ownNumbers(UnitEmission &unit);
  OwnNumbers pickedNumbers(UnitEmission &unit, Value pick);
  Value numberOf(UnitEmission &unit, unsigned entry);
  std::array<BytePlane, 2> table(const OwnNumbers &own, unsigned cell, unsigned half);
  Value lookUp(const BytePlane &plane, Value codes, Value which);
  Value permute(Value low, Value high, uint32_t selector) {
    return permuteBytes(scalars, low, high, scalars.constant(selector));
  }

  const Format &format;
  const QuantizedUnit layout;
  LaneBuilder scalars;
  ThreadFloats floats;
  ThreadCodes codes;
  ThreadNumbers numbers;
  CellArithmetic cells;
  /// What codes are decoded to.
  Type to;
  /// This thread's number among those of its row, as a word.
  Value number;
  /// By cell and row g or g + 8.
  SmallVector<std::array<std::array<BytePlane, 2>, 2>> tables;
};

} // namespace

TableDecoder::TableDecoder(UnitEmission &unit)
    : format(unit.format.format), layout(quantizedUnit(format)),
      scalars(unit.lanes.ops(), unit.lanes.loc(), unit.lanes.ops().getI32Type()), floats(scalars),
      codes(unit, scalars, layout), numbers(unit, scalars, layout),
      cells(format, layout, scalars, numbers),
      to(typeOf(unit.lanes.ops().getContext(), unit.format.element)) {
  Indices index(scalars.ops(), scalars.loc());
  number = scalars.convert(index.rem(unit.lane, rowLanes));
  if (layout.pick) {
    for (unsigned cell = 0; cell < layout.cells; ++cell) {
      Pair picks = numbers.bitsOf(layout.pick, cell);
      tables.push_back({table(pickedNumbers(unit, picks[0]), cell, 0),
                        table(pickedNumbers(unit, picks[1]), cell, 1)});
    }
    return;
  }
  OwnNumbers own = ownNumbers(unit);
  for (unsigned cell = 0; cell < layout.cells; ++cell)
    tables.push_back({table(own, cell, 0), table(own, cell, 1)});
}

/// What a code stands for, less a zero that all of them share; of integers with a sign codes are
/// larger (ThreadCodes).
Value TableDecoder::numberOf(UnitEmission &unit, unsigned entry) {
  const QuantizedElement &element = codes.element;
  if (element.isTable)
    return floats.ofBits(unit.scalarEntry(entry));
  std::vector<float> values = element.values();
  values.resize(nibbleCodes);
  uint32_t mask = codes.signBit();
  return floats.constant(values[entry ^ mask] - static_cast<float>(format.zero));
}

/// The same for all units.
TableDecoder::OwnNumbers TableDecoder::ownNumbers(UnitEmission &unit) {
  OpBuilder &builder = scalars.ops();
  OwnNumbers own;
  for (unsigned i = 0; i < entriesOfThread; ++i) {
    own[i] = numberOf(unit, i);
    for (unsigned thread = 1; thread < rowLanes; ++thread) {
      Value isThis = arith::CmpIOp::create(builder, scalars.loc(), arith::CmpIPredicate::eq, number,
                                           scalars.constant(thread));
      own[i] = arith::SelectOp::create(builder, scalars.loc(), isThis,
                                       numberOf(unit, thread * entriesOfThread + i), own[i]);
    }
  }
  return own;
}

/// Those of the table that a cell has, from memory.
TableDecoder::OwnNumbers TableDecoder::pickedNumbers(UnitEmission &unit, Value pick) {
  Type type = VectorType::get({entriesOfThread}, scalars.ops().getI32Type());
  LaneBuilder four(scalars.ops(), scalars.loc(), type);
  Indices index(scalars.ops(), scalars.loc());
  Value entry = scalars.add(scalars.mul(pick, nibbleCodes), scalars.mul(number, entriesOfThread));
  Value words = four.load(unit.weightBuffer(WeightBuffer::Table), index.convert(entry), 0);
  OwnNumbers own;
  for (unsigned i = 0; i < entriesOfThread; ++i)
    own[i] = floats.ofBits(vector::ExtractOp::create(scalars.ops(), scalars.loc(), words, i));
  return own;
}

std::array<BytePlane, 2> TableDecoder::table(const OwnNumbers &own, unsigned cell, unsigned half) {
  std::array<Value, 2> words;
  for (unsigned i = 0; i < 2; ++i) {
    Pair differences = {own[2 * i], own[2 * i + 1]};
    if (layout.zero)
      for (Value &difference : differences)
        difference = floats.sub(difference, cells.zeros[cell][half]);
    words[i] = cells.weights(differences, cell, half, to);
  }
  std::array<BytePlane, 2> planes;
  for (unsigned byte = 0; byte < 2; ++byte) {
    planes[byte][0] = permute(words[0], words[1], byte == 0 ? 0x6420 : 0x7531);
    for (int32_t other = 1; other < rowLanes; ++other)
      planes[byte][other] = gpu::ShuffleOp::create(scalars.ops(), scalars.loc(), planes[byte][0],
                                                   other, fragmentLanes, gpu::ShuffleMode::XOR)
                                .getShuffleResult();
  }
  return planes;
}

Value TableDecoder::lookUp(const BytePlane &plane, Value codes, Value which) {
  return permuteBytes(scalars, permuteBytes(scalars, plane[0], plane[1], codes),
                      permuteBytes(scalars, plane[2], plane[3], codes), which);
}

std::array<Value, registersInLane> TableDecoder::decode(unsigned block) {
  Value nibbles = scalars.bitXor(codes.nibbles(block), scalars.mul(number, 0x44444444));
  // Of row g, and of row g + 8: halves 0 and 1 of the first register, then of the second one.
  std::array<Value, 2> ofRows = {
      scalars.merge(0x0F0F, nibbles, scalars.lshr(nibbles, 12)),
      scalars.merge(0x0F0F, scalars.lshr(nibbles, 4), scalars.lshr(nibbles, 16))};
  const auto &ofCell = tables[block * layout.cells / blocksInGroup];
  std::array<Value, registersInLane> words;
  for (unsigned half = 0; half < 2; ++half) {
    // Three bits look up in either half of the table, the fourth one says which.
    Value low = scalars.bitAnd(ofRows[half], 0x7777);
    Value which = scalars.bitOr(scalars.bitAnd(scalars.lshr(ofRows[half], 1), 0x4444), 0x3210);
    Value lower = lookUp(ofCell[half][0], low, which), upper = lookUp(ofCell[half][1], low, which);
    words[half] = permute(lower, upper, 0x5140);
    words[half + 2] = permute(lower, upper, 0x7362);
  }
  return words;
}

namespace {

class ThreadTablesDequantizer final : public Dequantizer {
public:
  /// Where that takes fewer instructions than a thread's own arithmetic in f32, which does not pick
  /// among tables.
  bool serves(const EmittedFormat &format, const UnitReader &reader) const override {
    const Format &own = format.format;
    return reader.isThread() && QuantizedElement::find(own.element)->isTable &&
           (own.pick || quantizedUnit(own).cells <= 2);
  }

  void emit(UnitEmission &unit) const override {
    TableDecoder decoder(unit);
    std::array<SmallVector<Value>, registersInLane> registers;
    for (unsigned block = 0; block < blocksInGroup; ++block)
      for (auto [words, word] : llvm::zip_equal(registers, decoder.decode(block)))
        words.push_back(word);
    setRegisters(unit, [&](unsigned r) { return registers[r]; });
  }
};

} // namespace

const Dequantizer &getThreadTablesDequantizer() {
  static const ThreadTablesDequantizer dequantizer;
  return dequantizer;
}

} // namespace uwt::codegen
