//===- Widen.cpp - Packed halves to f32 -----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Widen.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "uwt/Codegen/Decode/Emission.h"

using namespace mlir;

namespace uwt::codegen {

static Value asFloats(LaneBuilder &lanes, Value words) {
  auto floats =
      VectorType::get(cast<VectorType>(words.getType()).getShape(), lanes.ops().getF32Type());
  return arith::BitcastOp::create(lanes.ops(), lanes.loc(), floats, words);
}

/// The f16 in the low halves of `words` by the target's conversion.
static Value convertHalf(LaneBuilder &lanes, Value words) {
  OpBuilder &builder = lanes.ops();
  auto shape = cast<VectorType>(words.getType()).getShape();
  Value narrow = arith::TruncIOp::create(builder, lanes.loc(),
                                         VectorType::get(shape, builder.getI16Type()), words);
  Value halves = arith::BitcastOp::create(builder, lanes.loc(),
                                          VectorType::get(shape, builder.getF16Type()), narrow);
  return arith::ExtFOp::create(builder, lanes.loc(), VectorType::get(shape, builder.getF32Type()),
                               halves);
}

/// The same without one: exponent and mantissa at their offsets, times 2^112, is exact, subnormals
/// included; infinities and NaN (exponent 31) then need all exponent bits.
static Value expandHalf(LaneBuilder &lanes, Value words) {
  constexpr uint32_t twoTo112 = (127 + 112) << 23, infinity = 0x7F800000;
  OpBuilder &builder = lanes.ops();
  Value magnitude = lanes.shl(lanes.bitAnd(words, 0x7FFF), 13);
  Value scaled = arith::MulFOp::create(builder, lanes.loc(), asFloats(lanes, magnitude),
                                       asFloats(lanes, lanes.constant(twoTo112)));
  Value bits = arith::BitcastOp::create(builder, lanes.loc(), words.getType(), scaled);
  Value limit = lanes.constant(0x7C00u << 13);
  Value isSpecial =
      arith::CmpIOp::create(builder, lanes.loc(), arith::CmpIPredicate::uge, magnitude, limit);
  Value special = lanes.bitOr(magnitude, infinity);
  Value chosen = arith::SelectOp::create(builder, lanes.loc(), isSpecial, special, bits);
  Value sign = lanes.shl(lanes.bitAnd(words, 0x8000), 16);
  return asFloats(lanes, lanes.bitOr(chosen, sign));
}

Value widenWords(OpBuilder &builder, Location location, Value words, bool hasHalfConversion) {
  auto type = VectorType::get(cast<VectorType>(words.getType()).getShape(), builder.getI32Type());
  LaneBuilder lanes(builder, location, type);
  Value wide = arith::ExtUIOp::create(builder, location, type, words);
  return hasHalfConversion ? convertHalf(lanes, wide) : expandHalf(lanes, wide);
}

std::pair<Value, Value> widenHalves(OpBuilder &builder, Location location, Value pairs,
                                    Type element, bool hasHalfConversion) {
  LaneBuilder lanes(builder, location, pairs.getType());
  if (element.isBF16())
    return {asFloats(lanes, lanes.shl(pairs, 16)),
            asFloats(lanes, lanes.bitAnd(pairs, 0xFFFF0000))};
  auto convert = [&](Value words) {
    return hasHalfConversion ? convertHalf(lanes, words) : expandHalf(lanes, words);
  };
  return {convert(pairs), convert(lanes.lshr(pairs, 16))};
}

} // namespace uwt::codegen
