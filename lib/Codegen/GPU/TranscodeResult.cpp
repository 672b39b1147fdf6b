//===- TranscodeResult.cpp - Where decoded units go -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TranscodeResult.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::codegen {

Value TranscodeResult::resultAt(const TranscodePanel &panel, const FixedUnit &fixed) {
  Value at = index.mul(unitNumber(panel.number, panel.strips, fixed), 2 * wordUnitU32);
  return makesCodes() ? index.add(at, 4 * decodedWeight().bytesBegin()) : at;
}

void TranscodeResult::store(const TranscodePanel &panel, const FixedUnit &fixed,
                            ValueRange fragments) {
  if (dense)
    return dense->storeUnit(panel.number, fixed, fragments);
  Values cleared = clearPadding(panel, fixed, fragments);
  Value unit = resultAt(panel, fixed);
  // Kinds of 32 lanes with 16 bytes each.
  int64_t inLane = makesWords() ? 8 : 16;
  Value start = index.add(unit, index.mul(lane, inLane));
  if (!makesWords())
    cleared = {exponentBytes(cleared[0], cleared[1]), exponentBytes(cleared[2], cleared[3])};
  for (auto [kind, fragment] : llvm::enumerate(cleared))
    storeAligned(fragment, index.add(start, 32 * inLane * static_cast<int64_t>(kind)));
}

TranscodeResult::Codes TranscodeResult::codesOf(ValueRange fragments) {
  // Symbols stay where they are, above seven bits: 256 + symbol - base fills the half word, and is
  // 256 to 271 inside of the window.
  constexpr uint32_t inside = 0x80008000;
  constexpr int codeBits = DecodedWeight::codeBits;
  constexpr uint32_t codes = ((1u << codeBits) - 1) * 0x00010001;
  static_assert(16 == 4 * codeBits, "a half word has the codes of four registers");
  int position = static_cast<int>(format.split.rawLowBits);
  LaneBuilder lanes(builder, location, fragments[0].getType());
  LaneBuilder scalars(builder, location, builder.getI32Type());
  Value base = scalars.shl(windowBase, format.split.rawLowBits);
  Value offset = lanes.splat(scalars.sub(scalars.constant(inside), base));
  Codes result;
  Value outside;
  for (auto [r, fragment] : llvm::enumerate(fragments)) {
    int nibble = codeBits * static_cast<int>(r);
    Value number = lanes.add(fragment, offset);
    Value own = lanes.bitXor(number, lanes.constant(inside));
    outside = r == 0 ? own : lanes.bitOr(outside, own);
    Value code = lanes.shift(number, nibble - position);
    result.fragment =
        r == 0 ? lanes.bitAnd(code, codes) : lanes.merge(codes << nibble, code, result.fragment);
  }
  for (int64_t block = 0; block < 4; ++block) {
    Value own = vector::ExtractOp::create(builder, location, outside, block);
    result.outside = block == 0 ? own : scalars.bitOr(result.outside, own);
  }
  result.outside = scalars.bitAnd(result.outside, 0xF800F800);
  return result;
}

void TranscodeResult::storeCodes(const TranscodePanel &panel, const FixedUnit &fixed,
                                 ValueRange fragments, Value hasRecords) {
  Codes codes = codesOf(fragments);
  Value own = codes.outside;
  if (hasRecords)
    own = bitOr(own, hasRecords);
  Value asBytes = anyInWarp(notEqual(own, 0));
  DecodedWeight weight = decodedWeight();
  Value unit = unitNumber(panel.number, panel.strips, fixed);
  index.ifElse(
      asBytes, [&] { store(panel, fixed, fragments); },
      [&] {
        Value at = index.mul(unit, 4 * weight.unitU32());
        storeAligned(codes.fragment, index.add(at, index.mul(lane, 16)));
      });
  index.ifElse(index.equal(lane, 0), [&] {
    Value flag = toI32(asBytes);
    Value group = index.add(index.mul(panel.number, groups), fixed.group);
    Value at = index.add(index.mul(group, panelStrips), fixed.strip);
    storeFlag(flag, index.mul(index.add(at, weight.flagsBegin()), 4));
  });
}

void TranscodeResult::storeFlag(Value flag, Value at) {
  auto one = VectorType::get({1}, builder.getI32Type());
  Value bytes = vector::BitCastOp::create(
      builder, location, VectorType::get({4}, builder.getI8Type()),
      vector::BroadcastOp::create(builder, location, one, flag).getResult());
  vector::StoreOp::create(builder, location, bytes, result, ValueRange{at}, /*nontemporal=*/false,
                          llvm::MaybeAlign(4));
}

void TranscodeResult::storeAligned(Value fragment, Value at) {
  Type element = builder.getIntegerType(makesWords() ? 16 : 8);
  auto run = VectorType::get({128 / element.getIntOrFloatBitWidth()}, element);
  Value value = vector::BitCastOp::create(builder, location, run, fragment);
  storeVector(value, result, at);
}

Value TranscodeResult::exponentBytes(Value even, Value odd) {
  // A rotated symbol is the upper byte of its word but for the highest bit, which comes from the
  // lower byte.
  LaneBuilder lanes(builder, location, even.getType());
  Value low = lanes.merge(0x00800080, even, lanes.lshr(even, 8));
  Value high = lanes.merge(0x80008000, lanes.shl(odd, 8), odd);
  return lanes.merge(0x00FF00FF, low, high);
}

TranscodeResult::Values TranscodeResult::clearPadding(const TranscodePanel &panel,
                                                      const FixedUnit &fixed,
                                                      ValueRange fragments) {
  Value isEdge = hasPadding(panel.number, fixed);
  if (!isEdge)
    return Values(fragments);
  auto clear = [&] {
    Values cleared;
    for (auto [fragment, mask] : llvm::zip_equal(fragments, existing(panel.number, fixed)))
      cleared.push_back(bitAnd(fragment, mask));
    return cleared;
  };
  return either(isEdge, fragments.getTypes(), clear, [&] { return Values(fragments); });
}

Value TranscodeResult::elementAt(Value r, Value owner, Value block, Value half) {
  // plane-1: a field of 16 bits has a kind for each register, one of 8 bits for each two.
  Value kind = makesWords() ? r : index.div(r, 2);
  Value word = index.add(index.mul(kind, operandU32), index.mul(owner, laneU32));
  Value first = index.mul(index.add(word, block), makesWords() ? 2 : 4);
  if (makesWords())
    return index.add(first, half);
  return index.add(first, index.add(index.mul(half, 2), index.rem(r, 2)));
}

DenseRows::Element TranscodeResult::elementOfRows(const TranscodePanel &panel,
                                                  const FixedUnit &fixed, Value r, Value owner,
                                                  Value block, Value half) {
  // order-3.
  Value row = index.add(index.div(owner, 4), index.mul(index.rem(r, 2), 8));
  Value inBlock =
      index.add(index.add(index.mul(index.rem(owner, 4), 2), half), index.mul(index.div(r, 2), 8));
  Value column = index.add(columnOf(fixed), index.add(index.mul(block, 16), inBlock));
  return dense->elementAt(panel.number, fixed, row, column);
}

void TranscodeResult::storeElement(Value word, Value at) {
  if (!makesWords()) {
    LaneBuilder lanes(builder, location, word.getType());
    word = lanes.merge(0x80, word, lanes.lshr(word, 8));
  }
  Value value = arith::TruncIOp::create(builder, location,
                                        builder.getIntegerType(makesWords() ? 16 : 8), word);
  memref::StoreOp::create(builder, location, value, result, ValueRange{at});
}

void TranscodeResult::storeWord(const TranscodePanel &panel, const FixedUnit &fixed, Value record) {
  // escape-2: value, half, register, lane, block.
  auto field = [&](unsigned low, unsigned count) { return toIndex(bits(record, low, count)); };
  Value r = field(17, 2), owner = field(19, 5), block = field(24, 2), half = field(16, 1);
  if (dense) {
    DenseRows::Element element = elementOfRows(panel, fixed, r, owner, block, half);
    index.ifElse(element.isThere, [&] { storeElement(record, element.at); });
    return;
  }
  Value element = elementAt(r, owner, block, half);
  storeElement(record, index.add(resultAt(panel, fixed), element));
}

void TranscodeResult::storeRun(const TranscodePanel &panel, const FixedUnit &fixed, Value row,
                               Load loadAt) {
  // A lane has columns 2·lane and 2·lane + 1 of the run: lane 4g + t, register and block of them
  // follow from order-3. Two symbols are half a u32 of the record.
  Value pair = loadAt(index.add(index.div(lane, 2), 1));
  Value shift = toI32(index.mul(index.rem(lane, 2), 16));
  pair = lshr(pair, shift);
  Value owner = index.add(index.mul(index.rem(row, 8), 4), index.rem(lane, 4));
  Value r = index.add(index.div(row, 8), index.mul(index.rem(index.div(lane, 4), 2), 2));
  Value unit = resultAt(panel, fixed);
  uint32_t symbolBits = format.split.symbolBits;
  int64_t mask = ((int64_t(1) << symbolBits) - 1) << format.split.rawLowBits;
  for (int64_t half = 0; half < 2; ++half) {
    Value n = index.add(
        index.add(index.mul(panel.number, panelRows), index.mul(fixed.strip, stripRows)), row);
    Value k =
        index.add(index.add(index.mul(fixed.group, fixedUnitColumns), index.mul(lane, 2)), half);
    DenseRows::Element element;
    if (dense)
      element = dense->elementAt(panel.number, fixed, row, k);
    else
      element = {index.add(unit, elementAt(r, owner, index.div(lane, 8), index.constant(half))),
                 bitAnd(index.less(n, rows), index.less(k, columns))};
    index.ifElse(element.isThere, [&] {
      Value at = element.at;
      Value word = bits(pair, 8 * static_cast<unsigned>(half), std::min(symbolBits, 8u));
      word = shl(word, format.split.rawLowBits);
      if (makesWords()) {
        Value old = toI32(load(result, at));
        Value kept = bitAnd(old, ~mask & 0xFFFF);
        word = bitOr(kept, word);
      }
      storeElement(word, at);
    });
  }
}

} // namespace uwt::codegen
