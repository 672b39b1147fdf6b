//===- DecodeMove.cpp - PTX moves, conversions and control ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decode.h"

using namespace llvm;

namespace uwt::emulator::ptx {

// 9.7.8.4 mov (pack and unpack).
static void moveVector(Decoder &decoder, bool isPack, unsigned elements) {
  Type type = decoder.code.type;
  if (type.kind != TypeKind::Bits || (elements != 2 && elements != 4))
    return decoder.failInvalid("a vector of " + Twine(elements) + " elements is not of this type");
  Type element = {TypeKind::Bits, uint8_t(type.bits / elements)};
  (isPack ? decoder.code.sourceType : decoder.code.type) = element;
  if (isPack)
    return decoder.sources(elements, element);
  decoder.results(elements, element);
  decoder.source(type);
}

// 9.7.8.3, 9.7.8.4 mov.
static void move(Decoder &decoder, Op op) {
  decoder.setType(decoder.takeType(bitTypes | integerTypes | F32 | F64 | Pred));
  if (unsigned elements = decoder.vectorSize()) {
    moveVector(decoder, /*isPack=*/false, elements);
    return decoder.emit(Op::Unpack);
  }
  decoder.result(decoder.code.type);
  if (unsigned elements = decoder.vectorSize()) {
    moveVector(decoder, /*isPack=*/true, elements);
    return decoder.emit(Op::Pack);
  }
  decoder.source(decoder.code.type);
  decoder.emit(op);
}

// 9.7.8.7 prmt.
static void permute(Decoder &decoder, Op op) {
  decoder.setType(decoder.takeType(B32));
  decoder.code.mode =
      decoder
          .takeOf<uint8_t>(
              {{"f4e", 1}, {"b4e", 2}, {"rc8", 3}, {"ecl", 4}, {"ecr", 5}, {"rc16", 6}})
          .value_or(0);
  decoder.result(bits32);
  for (unsigned i = 0; i < 3; ++i)
    decoder.source(bits32);
  decoder.emit(op);
}

/// What of a rounding the two types of a conversion take.
static void checkRounding(Decoder &decoder, Rounding rounding, bool isIntegral) {
  const Instruction &code = decoder.code;
  bool fromFloat = code.sourceType.isFloat(), toFloat = code.type.isFloat();
  if (toFloat && code.type.bits == 64 && rounding > Rounding::NearestEven && !isIntegral)
    return decoder.fail("f64 is rounded to nearest only by the emulator");
  bool isRounded = rounding != Rounding::None;
  auto isFlushed = [](Type type) { return type == Type{TypeKind::Float, 32}; };
  if (code.isFlushing && !isFlushed(code.type) && !isFlushed(code.sourceType))
    return decoder.failInvalid(fromFloat || toFloat ? "only f32 is flushed"
                                                    : "integers are not flushed");
  if (!fromFloat && !toFloat && isRounded)
    return decoder.failInvalid("integers are not rounded");
  if (fromFloat && !toFloat && !isIntegral)
    return decoder.failInvalid("a rounding to integers is missing");
  if (!fromFloat && toFloat && (!isRounded || isIntegral))
    return decoder.failInvalid("a rounding to floats is missing");
  if (!fromFloat || !toFloat)
    return;
  bool isSame = code.type == code.sourceType, isNarrower = code.type.bits < code.sourceType.bits;
  if (isNarrower ? !isRounded || isIntegral : isRounded && !(isSame && isIntegral))
    decoder.failInvalid("the rounding does not fit the types");
}

// 9.7.8.21 cvt.
static void convert(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  auto integral = decoder.takeOf<Rounding>({{"rni", Rounding::NearestEven},
                                            {"rzi", Rounding::Zero},
                                            {"rmi", Rounding::Down},
                                            {"rpi", Rounding::Up}});
  Rounding rounding = integral ? *integral : decoder.takeRounding();
  code.mode = uint8_t(rounding);
  code.mode2 = integral.has_value();
  code.isFlushing = decoder.take("ftz");
  code.isSaturating = decoder.take("sat");
  constexpr uint32_t scalars = integerTypes | U8 | S8 | F16 | F32 | F64 | BF16;
  code.type = decoder.takeType(scalars | F16x2 | BF16x2);
  code.sourceType = decoder.takeType(code.isPair ? F32 : scalars);
  checkRounding(decoder, rounding, integral.has_value());
  decoder.result(code.type, Width::AtLeast);
  decoder.source(code.sourceType, Width::AtLeast);
  if (code.isPair)
    decoder.source(code.sourceType);
  decoder.emit(op);
}

// 9.7.8.20 cvta.
static void castAddress(Decoder &decoder, Op op) {
  AddressCast cast;
  if (decoder.take("to"))
    cast = decoder.expectOf<AddressCast>({{"shared", AddressCast::GenericToShared},
                                          {"shared::cta", AddressCast::GenericToShared},
                                          {"shared::cluster", AddressCast::GenericToSharedCluster},
                                          {"global", AddressCast::GenericToGlobal},
                                          {"local", AddressCast::GenericToLocal}});
  else
    cast = decoder.expectOf<AddressCast>({{"shared", AddressCast::SharedToGeneric},
                                          {"shared::cta", AddressCast::SharedToGeneric},
                                          {"global", AddressCast::GlobalToGeneric},
                                          {"local", AddressCast::LocalToGeneric}});
  decoder.code.mode = uint8_t(cast);
  decoder.setType(decoder.takeType(U64));
  decoder.result(decoder.code.type);
  decoder.source(decoder.code.type);
  decoder.emit(op);
}

// 9.7.8.22 mapa.
static void mapShared(Decoder &decoder, Op op) {
  if (decoder.take("shared::cluster"))
    decoder.code.space = Space::SharedCluster;
  decoder.setType(decoder.takeType(decoder.code.space == Space::Generic ? U64 : U32 | U64));
  decoder.result(decoder.code.type);
  decoder.source(decoder.code.type);
  decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.11.3 bra.
static void branch(Decoder &decoder, Op op) {
  decoder.code.flag = decoder.take("uni");
  decoder.getBuilder().branchTo(decoder.labelName(), decoder.code.line);
  decoder.emit(op);
}

// 9.7.11.6 ret, which ends the thread in an entry; 9.7.11.7 exit.
static void leave(Decoder &decoder, Op op) {
  decoder.take("uni");
  decoder.emit(op);
}

// 9.7.17.4 trap, 9.7.10.4 griddepcontrol, and others that are words alone.
static void plain(Decoder &decoder, Op op) { decoder.emit(op); }

// 9.7.17.1 nanosleep: time has no meaning here.
static void sleep(Decoder &decoder, Op) {
  decoder.takeType(U32);
  decoder.dropSource(bits32);
}

// 9.7.17.5 setmaxnreg.
static void setMaxRegisters(Decoder &decoder, Op op) {
  decoder.code.mode = decoder.expectOf<uint8_t>({{"inc", 1}, {"dec", 0}});
  decoder.expect("sync");
  decoder.expect("aligned");
  decoder.takeType(U32);
  uint64_t registers = decoder.immediate();
  if (registers < 24 || registers > 256 || registers % 8)
    decoder.failInvalid("registers are a multiple of 8 from 24 to 256");
  decoder.code.count = uint32_t(registers);
  decoder.emit(op);
}

ArrayRef<DecodeEntry> moveEntries() {
  static constexpr DecodeEntry table[] = {
      {"mov", move, Op::Move},
      {"prmt", permute, Op::Prmt},
      {"cvt", convert, Op::Convert},
      {"cvta", castAddress, Op::CastAddress},
      {"mapa", mapShared, Op::MapShared},
      {"bra", branch, Op::Branch},
      {"ret", leave, Op::Exit},
      {"exit", plain, Op::Exit},
      {"trap", plain, Op::Trap},
      {"nanosleep", sleep, Op::Move},
      {"griddepcontrol.wait", plain, Op::GridWait},
      {"griddepcontrol.launch_dependents", plain, Op::GridLaunchDependents},
      {"setmaxnreg", setMaxRegisters, Op::SetMaxRegisters},
  };
  return table;
}

} // namespace uwt::emulator::ptx
