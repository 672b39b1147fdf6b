//===- ThreadArithmetic.cpp - Weights in a thread's registers, as f32 -----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are computed from their codes, with the arithmetic of value-2 to value-6 (run-4).
//
// Codes become numbers without a conversion. A float's bits are shifted, so that its exponent and
// its mantissa end as those of an f16; it is then 2^n times too small, by what the biases differ,
// and scales are multiplied by that. An integer's bits are the mantissa of 2^p + code, where p is
// such that the code's lowest bit has its place; 2^p goes with the zero (Kim, Henry, Fahim,
// Awadalla, "Who Says Elephants Can't Run", EMNLP 2022, section 3.2, has it for f16).
//
// Entries of a table are four bytes that byte permutations look up, of eight codes at a time.
//
//===----------------------------------------------------------------------===//

#include "../Fragment.h"
#include "../QuantizedThread.h"
#include "Arithmetic.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

/// The numbers that a thread's codes stand for, as f32. Those of integers are `bias` too large,
/// those of floats HalfPosition::factor too small.
class CodeValues {
public:
  CodeValues(UnitEmission &unit, LaneBuilder &scalars, const QuantizedUnit &layout,
             NumbersOfCodes numbersOf)
      : layout(layout), codes(unit, scalars, layout), scalars(scalars), floats(scalars),
        numbersOf(numbersOf) {
    if (codes.element.isTable)
      lookUp(unit);
  }

  Pair of(unsigned r, unsigned block) {
    if (codes.element.isTable)
      return {entries[block][0][r], entries[block][1][r]};
    if (codes.element.kind)
      return floats.ofBothHalves(codes.floats(r, block, float16.mantissaBits));
    if (numbersOf)
      return computed(codes.integers(r, block), codes.integerBit(r));
    Pair numbers;
    for (unsigned half = 0; half < 2; ++half)
      numbers[half] = floats.ofBits(layout.hasNibbles() ? nibbleAsFloat(r, block, half)
                                                        : byteAsFloat(r, block, half));
    return numbers;
  }

  /// Of integers in register r.
  float bias(unsigned r) const {
    if (!codes.element.isInteger())
      return 0;
    return power(r) + static_cast<float>(codes.signBit());
  }

private:
  /// Of codes in both halves, at that bit.
  Pair computed(Value codesOfWord, unsigned bit) {
    Pair numbers;
    for (unsigned half = 0; half < 2; ++half) {
      Value code = scalars.bitAnd(scalars.lshr(codesOfWord, 16 * half + bit),
                                  (1u << codes.element.bits) - 1);
      numbers[half] = numbersOf(scalars, floats, code);
    }
    return numbers;
  }

  float power(unsigned r) const {
    return std::ldexp(1.0f, 23 - (layout.hasNibbles() ? 4 * static_cast<int>(r) : 0));
  }

  Value nibbleAsFloat(unsigned r, unsigned block, unsigned half) {
    Value word = half == 0 ? codes.nibbles(block) : scalars.lshr(codes.nibbles(block), 16);
    uint32_t code = (1u << codes.element.bits) - 1;
    return scalars.bitOr(scalars.bitAnd(word, code << 4 * r), llvm::bit_cast<uint32_t>(power(r)));
  }

  Value byteAsFloat(unsigned r, unsigned block, unsigned half) {
    uint32_t byte = layout.hasBytes() ? block % 2 * 2 + half : 2 * half;
    Value word = layout.hasBytes() ? codes.bytes(r, block) : codes.integers(r, block);
    return permuteBytes(scalars, word, scalars.constant(llvm::bit_cast<uint32_t>(power(r))),
                        scalars.constant(0x7540 | byte));
  }

  void lookUp(UnitEmission &unit) {
    std::array<std::array<Value, 4>, sizeof(float)> table;
    for (unsigned byte = 0; byte < table.size(); ++byte)
      table[byte] = packTable(unit, byte, /*rotation=*/0);
    for (unsigned block = 0; block < blocksInGroup; ++block) {
      std::array<Pair, sizeof(float)> bytes;
      for (unsigned byte = 0; byte < table.size(); ++byte)
        bytes[byte] = lookUpBytes(scalars, table[byte], codes.nibbles(block));
      for (unsigned half = 0; half < 2; ++half)
        entries[block][half] =
            transposed({bytes[0][half], bytes[1][half], bytes[2][half], bytes[3][half]});
    }
  }

  /// Words of the bytes at the same offset of four words.
  std::array<Value, 4> transposed(std::array<Value, 4> bytes) {
    auto permute = [&](Value a, Value b, uint32_t selector) {
      return permuteBytes(scalars, a, b, scalars.constant(selector));
    };
    std::array<Value, 4> words;
    for (unsigned i = 0; i < 2; ++i) {
      uint32_t two = i == 0 ? 0x5140 : 0x7362;
      Value low = permute(bytes[0], bytes[1], two), high = permute(bytes[2], bytes[3], two);
      words[2 * i] = floats.ofBits(permute(low, high, 0x5410));
      words[2 * i + 1] = floats.ofBits(permute(low, high, 0x7632));
    }
    return words;
  }

  const QuantizedUnit &layout;
  ThreadCodes codes;
  LaneBuilder &scalars;
  ThreadFloats floats;
  NumbersOfCodes numbersOf;
  /// Of a table: by block, half and register.
  std::array<std::array<std::array<Value, registersInLane>, 2>, blocksInGroup> entries;
};

/// Decodes a group of 64 columns in f32.
class FragmentDecoder {
public:
  FragmentDecoder(UnitEmission &unit, NumbersOfCodes numbersOf)
      : format(unit.format.format), layout(quantizedUnit(format)),
        scalars(unit.lanes.ops(), unit.lanes.loc(), unit.lanes.ops().getI32Type()), floats(scalars),
        values(unit, scalars, layout, numbersOf), numbers(unit, scalars, layout),
        cells(format, layout, scalars, numbers),
        to(typeOf(unit.lanes.ops().getContext(), unit.format.element)) {
    QuantizedElement element = *QuantizedElement::find(format.element);
    if (element.kind)
      for (Pair &rows : cells.scales)
        for (Value &scale : rows)
          scale = floats.mul(scale, floats.constant(HalfPosition(*element.kind).factor));
  }

  /// Words of a register, one a block.
  SmallVector<Value> decode(unsigned r) {
    SmallVector<Value> zerosOfCells;
    for (unsigned cell = 0; cell < layout.cells; ++cell)
      zerosOfCells.push_back(zeroOf(r, cell));
    SmallVector<Value> words;
    for (unsigned block = 0; block < blocksInGroup; ++block) {
      unsigned cell = block * layout.cells / blocksInGroup;
      Pair differences = values.of(r, block);
      for (Value &number : differences) {
        if (zerosOfCells[cell])
          number = floats.sub(number, zerosOfCells[cell]);
        if (format.hasFloatZeros())
          number = floats.sub(number, cells.zeros[cell][r % 2]);
      }
      words.push_back(cells.weights(differences, cell, r % 2, to));
    }
    return words;
  }

private:
  /// What is subtracted from the numbers of codes at first, exactly; null for nothing.
  Value zeroOf(unsigned r, unsigned cell) {
    float constant = values.bias(r) + static_cast<float>(format.zero);
    if (layout.zero && !format.hasFloatZeros())
      return floats.add(cells.zeros[cell][r % 2], floats.constant(constant));
    return constant != 0 ? floats.constant(constant) : Value();
  }

  const Format &format;
  const QuantizedUnit layout;
  LaneBuilder scalars;
  ThreadFloats floats;
  CodeValues values;
  ThreadNumbers numbers;
  CellArithmetic cells;
  /// What codes are decoded to.
  Type to;
};

class ThreadArithmeticDequantizer final : public Dequantizer {
public:
  bool serves(const EmittedFormat &format, const UnitReader &reader) const override {
    QuantizedElement element = *QuantizedElement::find(format.format.element);
    return reader.isThread() && !format.format.pick &&
           (element.kind || element.isTable || element.isInteger());
  }

  void emit(UnitEmission &unit) const override { emitThreadArithmetic(unit); }
};

} // namespace

void emitThreadArithmetic(UnitEmission &unit, NumbersOfCodes numbersOf) {
  FragmentDecoder decoder(unit, numbersOf);
  setRegisters(unit, [&](unsigned r) { return decoder.decode(r); });
}

const Dequantizer &getThreadArithmeticDequantizer() {
  static const ThreadArithmeticDequantizer dequantizer;
  return dequantizer;
}

} // namespace uwt::codegen
