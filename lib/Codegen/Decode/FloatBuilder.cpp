//===- FloatBuilder.cpp - Numbers of quantised weights as f32 -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Quantized.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Format/QuantizedElement.h"

using namespace mlir;

namespace uwt::codegen {

Value withSign(LaneBuilder &lanes, Value codes, uint32_t bits) {
  Value above = lanes.constant(32 - bits);
  Value shifted = arith::ShLIOp::create(lanes.ops(), lanes.loc(), codes, above);
  return arith::ShRSIOp::create(lanes.ops(), lanes.loc(), shifted, above);
}

FloatBuilder::FloatBuilder(LaneBuilder &lanes)
    : lanes(lanes), builder(lanes.ops()), location(lanes.loc()), numberType(builder.getF32Type()) {
  if (auto vector = dyn_cast<VectorType>(lanes.type()))
    numberType = vector.clone(numberType);
}

Value FloatBuilder::constant(float number) {
  TypedAttr value = builder.getF32FloatAttr(number);
  if (auto vector = dyn_cast<VectorType>(type()))
    value = DenseElementsAttr::get(vector, number);
  return arith::ConstantOp::create(builder, location, value);
}

Value FloatBuilder::sub(Value a, Value b) { return arith::SubFOp::create(builder, location, a, b); }
Value FloatBuilder::mul(Value a, Value b) { return arith::MulFOp::create(builder, location, a, b); }
Value FloatBuilder::div(Value a, Value b) { return arith::DivFOp::create(builder, location, a, b); }
Value FloatBuilder::add(Value a, Value b) { return arith::AddFOp::create(builder, location, a, b); }

Value FloatBuilder::apply(const GridRole &role, Value value, Value number) {
  return role.operation == StepOperation::Add ? add(value, number) : mul(value, number);
}

Value FloatBuilder::ofBits(Value bits) {
  return arith::BitcastOp::create(builder, location, type(), bits);
}

Value FloatBuilder::bitsOf(Value numbers) {
  return arith::BitcastOp::create(builder, location, lanes.type(), numbers);
}

Value FloatBuilder::rounded(Value numbers, ElementType type) {
  constexpr uint32_t mantissaBits = 23;
  uint32_t dropped = mantissaBits - getTraits(type).mantissaBits, last = 1u << dropped;
  Value bits = bitsOf(numbers);
  Value odd = lanes.bitAnd(lanes.lshr(bits, dropped), 1);
  return ofBits(lanes.bitAnd(lanes.add(lanes.add(bits, last / 2 - 1), odd), -last));
}

Value FloatBuilder::ofIntegers(Value integers) {
  return arith::SIToFPOp::create(builder, location, type(), integers);
}

Value FloatBuilder::ofHalves(Value halves) {
  Type word = builder.getI16Type(), half = builder.getF16Type();
  auto vector = dyn_cast<VectorType>(type());
  Value words =
      arith::TruncIOp::create(builder, location, vector ? vector.clone(word) : word, halves);
  // By an operation of CPUs, of which some have no instruction.
  if (vector)
    return WidenHalvesOp::create(builder, location, words);
  Value narrow = arith::BitcastOp::create(builder, location, half, words);
  return arith::ExtFOp::create(builder, location, type(), narrow);
}

Value FloatBuilder::widen(Value numbers, const Term &type) {
  if (type.keyword == "f32")
    return ofBits(numbers);
  // The numbers of these types are the upper bits of an f32.
  if (type.keyword == "bf16")
    return ofBits(lanes.shl(numbers, 16));
  if (type.keyword == "f8E8M0FNU")
    return ofBits(lanes.shl(numbers, 23));
  if (type.keyword == "f16")
    return ofHalves(numbers);
  if (type.keyword == positiveScale)
    return ofBits(lanes.add(lanes.shl(numbers, positiveScaleShift), positiveScaleBase));
  QuantizedElement element = *QuantizedElement::find(type);
  if (!element.kind)
    return ofIntegers(element.isSigned ? withSign(lanes, numbers, 8) : numbers);
  HalfPosition position(*element.kind);
  Value sign = lanes.shl(lanes.bitAnd(numbers, 0x80), 8);
  Value magnitude = lanes.shl(lanes.bitAnd(numbers, 0x7F), position.shift);
  return mul(ofHalves(lanes.bitOr(sign, magnitude)), constant(position.factor));
}

} // namespace uwt::codegen
