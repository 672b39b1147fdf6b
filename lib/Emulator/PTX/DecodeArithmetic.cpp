//===- DecodeArithmetic.cpp - PTX arithmetic, logic and comparisons -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decode.h"
#include <bit>

using namespace llvm;

namespace uwt::emulator::ptx {

static void unaryOperands(Decoder &decoder) {
  decoder.result(decoder.code.type);
  decoder.source(decoder.code.sourceType);
}

static void binaryOperands(Decoder &decoder) {
  unaryOperands(decoder);
  decoder.source(decoder.code.sourceType);
}

/// ".f16" or ".bf16" behind .f32: of the factors, or of what is added to an f32 (9.7.5, "Mixed
/// Precision Floating-Point Instructions", of PTX ISA 8.6).
static void takeMixedType(Decoder &decoder) {
  Instruction &code = decoder.code;
  if (code.type == Type{TypeKind::Float, 32} && !code.isPair && !code.isFlushing)
    code.sourceType =
        decoder.takeOf<Type>({{"f16", {TypeKind::Float, 16}}, {"bf16", {TypeKind::BFloat, 16}}})
            .value_or(code.type);
}

/// "{.rnd}{.ftz}{.sat}.type". Without a rounding floats round to nearest.
static void takeArithmetic(Decoder &decoder, uint32_t types) {
  Instruction &code = decoder.code;
  Rounding rounding = decoder.takeRounding();
  code.isFlushing = decoder.take("ftz");
  code.isSaturating = decoder.take("sat");
  decoder.setType(decoder.takeType(types));
  if (!code.type.isFloat()) {
    bool maySaturate = code.type == Type{TypeKind::Signed, 32};
    if (rounding != Rounding::None || code.isFlushing || (code.isSaturating && !maySaturate))
      decoder.fail("integers do not have these modifiers");
    return;
  }
  bool isNearest = rounding == Rounding::None || rounding == Rounding::NearestEven;
  if (!isNearest && code.type.bits != 32)
    decoder.fail("only f32 is rounded in other ways than to nearest by the emulator");
  if ((code.isFlushing || code.isSaturating) &&
      (code.type.bits == 64 || code.type.kind == TypeKind::BFloat))
    decoder.fail("this type has neither .ftz nor .sat");
  code.mode = uint8_t(isNearest ? Rounding::NearestEven : rounding);
}

// 9.7.1.1 add, 9.7.1.2 sub; 9.7.3.3, 9.7.3.4; 9.7.4.1, 9.7.4.2.
static void addOrSub(Decoder &decoder, Op op) {
  takeArithmetic(decoder, integerTypes | floatTypes | F32x2);
  takeMixedType(decoder);
  unaryOperands(decoder);
  decoder.source(decoder.code.type);
  decoder.emit(op);
}

static Type twice(Type type) { return {type.kind, uint8_t(2 * type.bits)}; }

// 9.7.1.3 mul, 9.7.1.4 mad; 9.7.3.5, 9.7.4.3.
static void multiply(Decoder &decoder, Op op) {
  bool hasAddend = op == Op::MadLo;
  if (decoder.take("wide")) {
    Type type = decoder.takeType(U16 | U32 | S16 | S32);
    decoder.code.type = twice(type);
    decoder.code.sourceType = type;
    op = hasAddend ? Op::MadWide : Op::MulWide;
  } else if (decoder.take("hi")) {
    decoder.setType(decoder.takeType(integerTypes));
    op = hasAddend ? Op::MadHi : Op::MulHi;
  } else if (hasAddend || decoder.peek() == "lo") {
    decoder.expect("lo");
    decoder.setType(decoder.takeType(integerTypes));
  } else {
    takeArithmetic(decoder, floatTypes | F32x2);
  }
  binaryOperands(decoder);
  if (hasAddend)
    decoder.source(decoder.code.type);
  decoder.emit(op);
}

// 9.7.3.6, 9.7.4.4 fma.
static void fma(Decoder &decoder, Op op) {
  static constexpr StringLiteral roundings[] = {"rn", "rz", "rm", "rp"};
  if (!is_contained(roundings, decoder.peek()))
    decoder.failModifier();
  takeArithmetic(decoder, floatTypes | F32x2);
  takeMixedType(decoder);
  binaryOperands(decoder);
  decoder.source(decoder.code.type);
  decoder.emit(op);
}

// 9.7.1.7 div, 9.7.3.8 div; 9.7.3.15 sqrt. What approximates is not known: its bits are not
// defined.
static void divide(Decoder &decoder, Op op) {
  if (decoder.take("rn")) {
    decoder.code.mode = uint8_t(Rounding::NearestEven);
    decoder.code.isFlushing = decoder.take("ftz");
    decoder.setType(decoder.takeType(decoder.code.isFlushing ? F32 : F32 | F64));
  } else {
    decoder.setType(decoder.takeType(op == Op::Div ? integerTypes : 0));
  }
  (op == Op::Div ? binaryOperands : unaryOperands)(decoder);
  decoder.emit(op);
}

// 9.7.3.14 rcp: 1 is divided.
static void reciprocal(Decoder &decoder, Op op) {
  decoder.expect("rn");
  decoder.code.mode = uint8_t(Rounding::NearestEven);
  decoder.code.isFlushing = decoder.take("ftz");
  decoder.setType(decoder.takeType(decoder.code.isFlushing ? F32 : F32 | F64));
  Type type = decoder.code.type;
  decoder.result(type);
  decoder.constantSource(
      type.bits == 64 ? std::bit_cast<uint64_t>(1.0) : std::bit_cast<uint32_t>(1.0f), type.bits);
  decoder.source(type);
  decoder.emit(op);
}

// 9.7.1.8 rem.
static void remainder(Decoder &decoder, Op op) {
  decoder.setType(decoder.takeType(integerTypes));
  binaryOperands(decoder);
  decoder.emit(op);
}

// 9.7.1.11 min, 9.7.1.12 max; 9.7.3.12, 9.7.3.13; 9.7.4.7, 9.7.4.8.
static void minOrMax(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  code.isFlushing = decoder.take("ftz");
  code.flag = decoder.take("NaN");
  uint32_t types = code.isFlushing ? F32 | F16 | F16x2
                   : code.flag     ? F32 | halfTypes
                                   : integerTypes | floatTypes;
  decoder.setType(decoder.takeType(types));
  binaryOperands(decoder);
  decoder.emit(op);
}

// 9.7.1.9 abs, 9.7.1.10 neg; 9.7.3.10, 9.7.3.11; 9.7.4.5, 9.7.4.6.
static void signOperation(Decoder &decoder, Op op) {
  bool isFlushing = decoder.code.isFlushing = decoder.take("ftz");
  decoder.setType(decoder.takeType(isFlushing ? F32 | F16 | F16x2 : S16 | S32 | S64 | floatTypes));
  unaryOperands(decoder);
  decoder.emit(op);
}

// 9.7.3.2 copysign.
static void copySign(Decoder &decoder, Op op) {
  decoder.setType(decoder.takeType(F32 | F64));
  binaryOperands(decoder);
  decoder.emit(op);
}

// 9.7.7.1 and, 9.7.7.2 or, 9.7.7.3 xor, 9.7.7.4 not.
static void logic(Decoder &decoder, Op op) {
  decoder.setType(decoder.takeType(bitTypes | Pred));
  (op == Op::Not ? unaryOperands : binaryOperands)(decoder);
  decoder.emit(op);
}

// 9.7.7.8 shl, 9.7.7.9 shr.
static void shift(Decoder &decoder, Op op) {
  decoder.setType(decoder.takeType(op == Op::Shl ? bitTypes : bitTypes | integerTypes));
  unaryOperands(decoder);
  decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.7.7 shf.
static void funnelShift(Decoder &decoder, Op) {
  Op op = decoder.expectOf<Op>({{"l", Op::ShfLeft}, {"r", Op::ShfRight}});
  decoder.code.mode = decoder.expectOf<uint8_t>({{"wrap", 0}, {"clamp", 1}});
  decoder.setType(decoder.takeType(B32));
  binaryOperands(decoder);
  decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.7.6 lop3.
static void lop3(Decoder &decoder, Op op) {
  decoder.setType(decoder.takeType(B32));
  binaryOperands(decoder);
  decoder.source(bits32);
  uint64_t table = decoder.immediate();
  if (table > 255)
    decoder.failInvalid("a table of three operands has 8 bits");
  decoder.code.mode = uint8_t(table);
  decoder.emit(op);
}

// 9.7.1.19 bfe.
static void extractBits(Decoder &decoder, Op op) {
  decoder.setType(decoder.takeType(U32 | U64 | S32 | S64));
  unaryOperands(decoder);
  decoder.source(bits32);
  decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.1.20 bfi.
static void insertBits(Decoder &decoder, Op op) {
  decoder.setType(decoder.takeType(B32 | B64));
  binaryOperands(decoder);
  decoder.source(bits32);
  decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.1.14 popc, 9.7.1.15 clz, 9.7.1.16 bfind.
static void countBits(Decoder &decoder, Op op) {
  if (op == Op::Bfind)
    decoder.code.flag = decoder.take("shiftamt");
  decoder.code.type = {TypeKind::Unsigned, 32};
  decoder.code.sourceType = decoder.takeType(op == Op::Bfind ? U32 | U64 | S32 | S64 : B32 | B64);
  unaryOperands(decoder);
  decoder.emit(op);
}

// 9.7.1.18 brev.
static void reverseBits(Decoder &decoder, Op op) {
  decoder.setType(decoder.takeType(B32 | B64));
  unaryOperands(decoder);
  decoder.emit(op);
}

static std::optional<Compare> takeFloatCompare(Decoder &decoder) {
  return decoder.takeOf<Compare>({{"equ", Compare::EqU},
                                  {"neu", Compare::NeU},
                                  {"ltu", Compare::LtU},
                                  {"leu", Compare::LeU},
                                  {"gtu", Compare::GtU},
                                  {"geu", Compare::GeU},
                                  {"num", Compare::Num},
                                  {"nan", Compare::NaN}});
}

// 9.7.5.3 setp, 9.7.6.2.
static void compare(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  uint32_t types = integerTypes | F16 | F32 | F64 | BF16;
  if (auto unordered = takeFloatCompare(decoder)) {
    code.mode = uint8_t(*unordered);
    types = F16 | F32 | F64 | BF16;
  } else if (auto higher = decoder.takeOf<Compare>({{"lo", Compare::Lt},
                                                    {"ls", Compare::Le},
                                                    {"hi", Compare::Gt},
                                                    {"hs", Compare::Ge}})) {
    code.mode = uint8_t(*higher);
    types = U16 | U32 | U64;
  } else {
    auto kind = decoder.expectOf<Compare>({{"eq", Compare::Eq},
                                           {"ne", Compare::Ne},
                                           {"lt", Compare::Lt},
                                           {"le", Compare::Le},
                                           {"gt", Compare::Gt},
                                           {"ge", Compare::Ge}});
    code.mode = uint8_t(kind);
    if (kind == Compare::Eq || kind == Compare::Ne)
      types |= bitTypes;
  }
  code.mode2 = decoder.takeOf<uint8_t>({{"and", 1}, {"or", 2}, {"xor", 3}}).value_or(0);
  code.isFlushing = decoder.take("ftz");
  code.type = predicateType;
  code.sourceType = decoder.takeType(code.isFlushing ? F16 | F32 : types);
  decoder.result(predicateType);
  if (decoder.isPairNext())
    decoder.result(predicateType);
  decoder.source(code.sourceType);
  decoder.source(code.sourceType);
  if (code.mode2)
    decoder.source(predicateType);
  decoder.emit(op);
}

// 9.7.5.2 selp.
static void select(Decoder &decoder, Op op) {
  decoder.setType(decoder.takeType(bitTypes | integerTypes | F32 | F64));
  binaryOperands(decoder);
  decoder.source(predicateType);
  decoder.emit(op);
}

ArrayRef<DecodeEntry> arithmeticEntries() {
  static constexpr DecodeEntry table[] = {
      {"add", addOrSub, Op::Add},
      {"sub", addOrSub, Op::Sub},
      {"mul", multiply, Op::MulLo},
      {"mad", multiply, Op::MadLo},
      {"fma", fma, Op::Fma},
      {"div", divide, Op::Div},
      {"rcp", reciprocal, Op::Div},
      {"sqrt", divide, Op::Sqrt},
      {"rem", remainder, Op::Rem},
      {"min", minOrMax, Op::Min},
      {"max", minOrMax, Op::Max},
      {"abs", signOperation, Op::Abs},
      {"neg", signOperation, Op::Neg},
      {"copysign", copySign, Op::CopySign},
      {"and", logic, Op::And},
      {"or", logic, Op::Or},
      {"xor", logic, Op::Xor},
      {"not", logic, Op::Not},
      {"shl", shift, Op::Shl},
      {"shr", shift, Op::Shr},
      {"shf", funnelShift, Op::ShfLeft},
      {"lop3", lop3, Op::Lop3},
      {"bfe", extractBits, Op::Bfe},
      {"bfi", insertBits, Op::Bfi},
      {"popc", countBits, Op::Popc},
      {"clz", countBits, Op::Clz},
      {"bfind", countBits, Op::Bfind},
      {"brev", reverseBits, Op::Brev},
      {"setp", compare, Op::Set},
      {"selp", select, Op::Select},
  };
  return table;
}

} // namespace uwt::emulator::ptx
