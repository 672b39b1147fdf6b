//===- QuantizedThread.cpp - What a thread has of a quantised unit --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedThread.h"
#include "Fragment.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::codegen {

//===----------------------------------------------------------------------===//
// ThreadFloats
//===----------------------------------------------------------------------===//

Value ThreadFloats::fma(Value a, Value b, Value c) {
  return math::FmaOp::create(builder, location, a, b, c);
}

Pair ThreadFloats::ofBothHalves(Value word) {
  Value both = vector::FromElementsOp::create(
      builder, location, VectorType::get({1}, word.getType()), ValueRange{word});
  Value halves = vector::BitCastOp::create(builder, location,
                                           VectorType::get({2}, builder.getF16Type()), both);
  Value wide = arith::ExtFOp::create(builder, location, VectorType::get({2}, type()), halves);
  return {extract(wide, 0), extract(wide, 1)};
}

Value ThreadFloats::round(Pair numbers, Type to) {
  Value wide = vector::FromElementsOp::create(builder, location, VectorType::get({2}, type()),
                                              ValueRange(numbers));
  Value halves = arith::TruncFOp::create(builder, location, VectorType::get({2}, to), wide);
  Value word = vector::BitCastOp::create(builder, location,
                                         VectorType::get({1}, builder.getI32Type()), halves);
  return extract(word, 0);
}

Pair ThreadFloats::roundedTo(Pair numbers, ElementType type) {
  Value word = round(numbers, typeOf(builder.getContext(), type));
  if (type == ElementType::F16)
    return ofBothHalves(word);
  return {ofBits(lanes.shl(word, 16)), ofBits(lanes.bitAnd(word, 0xFFFF0000))};
}

Value ThreadFloats::extract(Value vector, int64_t i) {
  return vector::ExtractOp::create(builder, location, vector, i);
}

//===----------------------------------------------------------------------===//
// ThreadNumbers
//===----------------------------------------------------------------------===//

ThreadNumbers::ThreadNumbers(UnitEmission &unit, LaneBuilder &scalars, const QuantizedUnit &layout)
    : ThreadNumbers(scalars, layout,
                    {unit.weightBuffer(WeightBuffer::Raw), unit.first, unit.lane}) {}

ThreadNumbers::ThreadNumbers(LaneBuilder &scalars, const QuantizedUnit &layout,
                             const ThreadSource &unit)
    : layout(layout), scalars(scalars), floats(scalars), index(scalars.ops(), scalars.loc()),
      buffer(unit.buffer), first(unit.first), row(index.div(unit.lane, rowLanes)) {}

SmallVector<Pair> ThreadNumbers::read(const GridFormat &format, const QuantizedGrid &grid) {
  SmallVector<Pair> cells;
  for (uint32_t cell = 0; cell < layout.cells; ++cell)
    cells.push_back(readNumbers(grid.at(cell), grid.bits, format.number));
  if (format.outer)
    applyOuter(format, readOuter(format, grid), cells);
  return cells;
}

Pair ThreadNumbers::readOuter(const GridFormat &format, const QuantizedGrid &grid) {
  Pair outer = readNumbers(grid.outerAt(layout.cells), grid.outerBits, format.outer->number);
  bool isOfAllRows = format.outer->cellRows == 0;
  return isOfAllRows ? Pair{outer[0], outer[0]} : outer;
}

void ThreadNumbers::applyOuter(const GridFormat &format, Pair outer, MutableArrayRef<Pair> cells) {
  for (unsigned half = 0; half < 2; ++half) {
    Value inverse;
    if (format.isDivided)
      inverse = floats.div(floats.constant(1), outer[half]);
    for (Pair &numbers : cells)
      numbers[half] = format.isDivided ? quotient(numbers[half], outer[half], inverse)
                                       : floats.mul(numbers[half], outer[half]);
  }
}

/// a / b by b's inverse, both rounded: the first step has an error of at most 1.5 units in the
/// last place, the second one less than 1, and the third one's result is the rounded quotient
/// (Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor", 1990,
/// theorem 7). Where nothing overflows or underflows, which the packer sees to.
Value ThreadNumbers::quotient(Value a, Value b, Value inverse) {
  Value result = floats.mul(a, inverse), minusB = floats.mul(b, floats.constant(-1));
  for (unsigned step = 0; step < 2; ++step)
    result = floats.fma(floats.fma(result, minusB, a), inverse, result);
  return result;
}

Pair ThreadNumbers::readNumbers(uint32_t at, uint32_t bits, const Term &type) {
  Pair numbers = readBits(at, bits);
  return {floats.widen(numbers[0], type), floats.widen(numbers[1], type)};
}

Pair ThreadNumbers::readBits(uint32_t at, uint32_t bits, bool inBothHalves) {
  int64_t inWord = 32 / bits;
  Value begin = index.add(first, index.div(row, inWord));
  // Bytes 0 and 1 are those of the word's first number, from 4 on they are zeros.
  uint32_t ofFirst = bits == 8 ? 0x4440 : inBothHalves ? 0x1010 : 0x4410;
  uint32_t toNext = bits == 8 ? 0x0001 : inBothHalves ? 0x2222 : 0x0022;
  Value selector =
      scalars.add(scalars.mul(scalars.convert(index.rem(row, inWord)), toNext), ofFirst);
  Pair numbers;
  for (unsigned half = 0; half < 2; ++half) {
    Value word = scalars.load(buffer, begin, at + half * (stripRows / 2) / inWord);
    numbers[half] = bits == 32 ? word : permuteBytes(scalars, word, scalars.constant(0), selector);
  }
  return numbers;
}

//===----------------------------------------------------------------------===//
// CellArithmetic
//===----------------------------------------------------------------------===//

CellArithmetic::CellArithmetic(const Format &format, const QuantizedUnit &layout,
                               LaneBuilder &scalars, ThreadNumbers &numbers)
    : scales(numbers.read(*format.scale, layout.scale)), format(format), floats(scalars) {
  if (layout.zero)
    zeros = numbers.read(*format.zeroGrid, layout.zero);
  for (auto [i, step] : llvm::enumerate(format.steps))
    steps.push_back(numbers.read(step.format, layout.steps[i]));
}

Value CellArithmetic::weights(Pair differences, unsigned cell, unsigned half, Type to) {
  Pair numbers = differences;
  if (format.math != ElementType::F32)
    numbers = floats.roundedTo(numbers, format.math);
  for (Value &number : numbers) {
    number = floats.mul(number, scales[cell][half]);
    if (format.divisor != 1)
      number = floats.mul(number, floats.constant(format.factor()));
    for (auto [i, step] : llvm::enumerate(format.steps))
      number = floats.apply(step.role, number, steps[i][cell][half]);
  }
  return floats.round(numbers, to);
}

//===----------------------------------------------------------------------===//
// ThreadCodes
//===----------------------------------------------------------------------===//

ThreadCodes::ThreadCodes(UnitEmission &unit, LaneBuilder &scalars, const QuantizedUnit &layout)
    : ThreadCodes(scalars, *QuantizedElement::find(unit.format.format.element), layout,
                  {unit.weightBuffer(WeightBuffer::Code), unit.code, unit.lane}) {}

ThreadCodes::ThreadCodes(LaneBuilder &scalars, const QuantizedElement &element,
                         const QuantizedUnit &layout, const ThreadSource &group)
    : element(element), scalars(scalars), layout(layout) {
  if (layout.hasBytes())
    takeBytes(group);
  else if (layout.hasNibbles())
    takeNibbles(group);
  else
    takePieces(group);
}

void ThreadCodes::takeNibbles(const ThreadSource &group) {
  for (const CodeChunk &chunk : layout.chunks) {
    SmallVector<Value> own = readChunk(chunk, group);
    if (codes.empty())
      codes = own;
    else
      for (auto [code, more] : llvm::zip_equal(codes, own))
        code = scalars.merge(repeated((1u << chunk.lowestBit) - 1, nibbleBits), code,
                             scalars.shl(more, chunk.lowestBit));
  }
  for (Value &code : codes)
    code = scalars.bitXor(code, repeated(signBit(), nibbleBits));
}

void ThreadCodes::takePieces(const ThreadSource &group) {
  std::array<uint32_t, 2> signs{};
  for (unsigned r = 0; r < registersInLane; ++r) {
    const CodePiece &last = layout.pieces(r).back();
    signs[last.chunk] |= bothHalves * (signBit() >> last.lowestBit) << last.bit;
  }
  for (auto [chunk, ofChunk] : llvm::zip_equal(layout.chunks, signs))
    for (Value code : readChunk(chunk, group))
      codes.push_back(scalars.bitXor(code, ofChunk));
}

void ThreadCodes::takeBytes(const ThreadSource &group) {
  constexpr int64_t pairU32 = 2, registerU32 = 8;
  OpBuilder &builder = scalars.ops();
  Indices index(builder, scalars.loc());
  Value row = index.mul(index.div(group.lane, rowLanes), QuantizedUnit::byteRowU32);
  Value start =
      index.add(group.first, index.add(row, index.mul(index.rem(group.lane, rowLanes), pairU32)));
  LaneBuilder words(builder, scalars.loc(), VectorType::get({pairU32}, builder.getI32Type()));
  for (unsigned r = 0; r < registersInLane; ++r) {
    Value both = words.load(group.buffer, start, r * registerU32);
    for (int64_t i = 0; i < pairU32; ++i)
      codes.push_back(
          scalars.bitXor(vector::ExtractOp::create(builder, scalars.loc(), both, i).getResult(),
                         repeated(signBit(), 8)));
  }
}

/// A u32 a block, in which the row's bits are the lowest ones.
SmallVector<Value> ThreadCodes::readChunk(const CodeChunk &chunk, const ThreadSource &group) {
  OpBuilder &builder = scalars.ops();
  Indices index(builder, scalars.loc());
  Value g = index.div(group.lane, rowLanes);
  Value row = index.mul(index.div(g, chunk.rows()), rowLanes * blocksInGroup);
  Value inRow = index.mul(index.rem(group.lane, rowLanes), blocksInGroup);
  LaneBuilder words(builder, scalars.loc(), VectorType::get({blocksInGroup}, builder.getI32Type()));
  Value all = words.load(group.buffer, index.add(group.first, index.add(row, inRow)), chunk.first);
  Value below = scalars.convert(index.mul(index.rem(g, chunk.rows()), chunk.rowBits));
  SmallVector<Value> blocks;
  for (unsigned block = 0; block < blocksInGroup; ++block) {
    Value word = vector::ExtractOp::create(builder, scalars.loc(), all, block);
    if (chunk.rows() > 1)
      word = arith::ShRUIOp::create(builder, scalars.loc(), word, below);
    blocks.push_back(word);
  }
  return blocks;
}

Value ThreadCodes::integers(unsigned r, unsigned block) {
  if (layout.hasBytes())
    return permuteBytes(scalars, bytes(r, block), scalars.constant(0),
                        scalars.constant(block % 2 == 0 ? 0x4140 : 0x4342));
  uint32_t mask = bothHalves * codeMask();
  if (!layout.hasNibbles())
    return scalars.bitAnd(joined(r, block), mask);
  return scalars.bitAnd(scalars.lshr(nibbles(block), 8 * (r / 2)), mask << integerBit(r));
}

Value ThreadCodes::pieceAt(const CodePiece &piece, unsigned block, int above) {
  int place = static_cast<int>(piece.lowestBit) + above;
  return scalars.shift(codes[piece.chunk * blocksInGroup + block],
                       place - static_cast<int>(piece.bit));
}

/// The codes of 5 and 6 bits of a register, the lowest bits of halves; above them are others.
Value ThreadCodes::joined(unsigned r, unsigned block) {
  std::span<const CodePiece> pieces = layout.pieces(r);
  Value lower = pieceAt(pieces.front(), block, 0);
  if (pieces.size() == 1)
    return lower;
  return scalars.merge(bothHalves * 0xF, lower, pieceAt(pieces.back(), block, 0));
}

/// Registers 0 and 2 have row g, 1 and 3 row g + 8: the first one's columns are the even bytes.
Pair ThreadCodes::rowBytes(unsigned block) {
  uint32_t mask = repeated(codeMask(), 8);
  Pair rows;
  for (unsigned half = 0; half < 2; ++half) {
    Value own = layout.hasNibbles() ? scalars.lshr(nibbles(block), nibbleBits * half)
                                    : scalars.merge(0x00FF00FF, joined(half, block),
                                                    scalars.shl(joined(half + 2, block), 8));
    rows[half] = scalars.bitAnd(own, mask);
  }
  return rows;
}

Value ThreadCodes::floats(unsigned r, unsigned block, uint32_t mantissaBits) {
  uint32_t magnitude = (codeMask() >> 1) << (mantissaBits - element.kind->mantissaBits);
  Value placed = layout.hasBytes()     ? placedBytes(r, block, mantissaBits)
                 : layout.hasNibbles() ? placedNibbles(r, block, mantissaBits)
                                       : placedPieces(r, block, mantissaBits);
  return scalars.bitAnd(placed, bothHalves * (0x8000 | magnitude));
}

/// Codes twice: the sign of one of both at bit 15, the rest of the other one in its place.
Value ThreadCodes::placedNibbles(unsigned r, unsigned block, uint32_t mantissaBits) {
  uint32_t toSign = 16 - element.bits - integerBit(r);
  uint32_t toMagnitude = mantissaBits - element.kind->mantissaBits - integerBit(r);
  Value own = integers(r, block);
  // Where both do not overlap it is one multiplication.
  if (toMagnitude + element.bits <= toSign)
    return scalars.mul(own, (1 << toSign) | (1 << toMagnitude));
  return scalars.merge(bothHalves * 0x8000, scalars.shl(own, toSign),
                       scalars.shl(own, toMagnitude));
}

/// The same of codes of 5 and 6 bits, with other bits beside.
Value ThreadCodes::placedPieces(unsigned r, unsigned block, uint32_t mantissaBits) {
  std::span<const CodePiece> pieces = layout.pieces(r);
  int place = static_cast<int>(mantissaBits - element.kind->mantissaBits);
  uint32_t highest = element.bits - 1;
  Value result = pieceAt(pieces.front(), block, place);
  if (pieces.back().lowestBit != 0 && pieces.back().lowestBit != highest)
    result = scalars.merge(bothHalves * 0xF << place, result, pieceAt(pieces.back(), block, place));
  Value sign = pieceAt(pieces.back(), block, 15 - static_cast<int>(highest));
  return scalars.merge(bothHalves * 0x8000, sign, result);
}

/// The same, with other bits beside. Floats with less than two bits of mantissa go up as f16.
Value ThreadCodes::placedBytes(unsigned r, unsigned block, uint32_t mantissaBits) {
  Value upper = permuteBytes(scalars, bytes(r, block), scalars.constant(0),
                             scalars.constant(block % 2 == 0 ? 0x1404 : 0x3424));
  int up = static_cast<int>(mantissaBits - element.kind->mantissaBits) - 8;
  return scalars.merge(bothHalves * 0x8000, upper,
                       up > 0 ? scalars.shl(upper, up) : scalars.lshr(upper, -up));
}

void setRegisters(UnitEmission &unit, function_ref<SmallVector<Value>(unsigned r)> decode) {
  for (unsigned r = 0; r < registersInLane; ++r)
    unit.set(rowVectorNumber(0, r, 0),
             vector::FromElementsOp::create(unit.lanes.ops(), unit.lanes.loc(),
                                            cast<VectorType>(unit.lanes.type()), decode(r)));
}

} // namespace uwt::codegen
