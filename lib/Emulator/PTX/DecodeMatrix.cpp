//===- DecodeMatrix.cpp - PTX matrix instructions -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decode.h"
#include "uwt/Target/GpuTarget.h"

using namespace llvm;

namespace uwt::emulator::ptx {

constexpr Type f32 = {TypeKind::Float, 32};

static void expectAligned(Decoder &decoder) {
  decoder.expect("sync");
  decoder.expect("aligned");
}

// 9.7.13.4.15 ldmatrix.
static void loadMatrix(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  expectAligned(decoder);
  decoder.expect("m8n8");
  code.count = decoder.expectOf<uint32_t>({{"x1", 1}, {"x2", 2}, {"x4", 4}});
  code.flag = decoder.take("trans");
  code.space = decoder.takeShared();
  if (code.space == Space::SharedCluster)
    decoder.fail("reads the shared memory of the own block");
  code.type = code.sourceType = decoder.takeType(B16);
  if (code.count > 1 || decoder.vectorSize())
    decoder.results(code.count, bits32);
  else
    decoder.result(bits32);
  decoder.address();
  decoder.emit(op);
}

/// ".f32.a.b.f32" or ".f32.a.b": A and B of one type.
static void takeMatrixTypes(Decoder &decoder) {
  Instruction &code = decoder.code;
  code.type = decoder.takeType(F32);
  code.sourceType = decoder.takeType(F16 | BF16);
  if (decoder.takeType(F16 | BF16) != code.sourceType)
    decoder.failInvalid("A and B have one type");
}

/// m16n8k32 of s8 with sums of s32, which wrap around.
static void multiplyBytes(Decoder &decoder, Op op) {
  for (uint32_t type : {S32, S8, S8, S32})
    decoder.code.type = decoder.takeType(type);
  decoder.results(4, bits32);
  decoder.sources(4, bits32);
  decoder.sources(2, bits32);
  decoder.sources(4, bits32);
  decoder.emit(op);
}

// 9.7.13.4.14 mma, m16n8k8 and m16n8k16 with sums of f32, m16n8k32 of bytes.
static void multiplyMatrices(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  expectAligned(decoder);
  code.count = decoder.expectOf<uint32_t>({{"m16n8k16", 16}, {"m16n8k8", 8}, {"m16n8k32", 32}});
  decoder.expect("row");
  decoder.expect("col");
  if (code.count == 32)
    return multiplyBytes(decoder, op);
  takeMatrixTypes(decoder);
  decoder.takeType(F32);
  decoder.results(4, f32);
  decoder.sources(code.count / 4, bits32);
  if (code.count == 16)
    decoder.sources(2, bits32);
  else
    decoder.vectorSize() ? decoder.sources(1, bits32) : decoder.source(bits32);
  decoder.sources(4, f32);
  decoder.emit(op);
}

static void expectConstant(Decoder &decoder, uint64_t value, const Twine &what) {
  if (decoder.immediate() != value)
    decoder.fail(what + " is not " + Twine(value) + ", and nothing else is known to the emulator");
}

/// N of "m64nNk16", or of "m64nNk32" where `areBytes` is set.
static void takeColumns(Decoder &decoder, bool &areBytes) {
  StringRef shape = decoder.peek();
  uint32_t columns = 0;
  areBytes = shape.ends_with("k32");
  bool isShape = shape.consume_front("m64n") && shape.consume_back(areBytes ? "k32" : "k16") &&
                 !shape.getAsInteger(10, columns);
  bool isThere = columns % 8 == 0 && (!areBytes || wgmmaHasByteTiles(columns / 8));
  if (!isShape || columns < 8 || columns > 256 || !isThere)
    return decoder.failModifier();
  decoder.take(decoder.peek());
  decoder.code.count = columns;
}

/// ".s32.s8.s8", of which sums wrap around.
static void takeByteTypes(Decoder &decoder) {
  decoder.code.type = decoder.takeType(S32);
  decoder.code.sourceType = decoder.takeType(S8);
  decoder.takeType(S8);
}

// 9.7.14.5.2 wgmma.mma_async.
static void multiplyByWarpgroup(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  expectAligned(decoder);
  bool areBytes = false;
  takeColumns(decoder, areBytes);
  areBytes ? takeByteTypes(decoder) : takeMatrixTypes(decoder);
  decoder.results(code.count / 2, areBytes ? bits32 : f32);
  bool isInRegisters = decoder.vectorSize() != 0;
  if (isInRegisters)
    decoder.sources(4, bits32);
  else
    decoder.source(bits64);
  decoder.source(bits64);
  decoder.source(predicateType);
  if (areBytes)
    return decoder.emit(op);
  expectConstant(decoder, 1, "imm-scale-a");
  expectConstant(decoder, 1, "imm-scale-b");
  if (!isInRegisters)
    expectConstant(decoder, 0, "imm-trans-a");
  expectConstant(decoder, 0, "imm-trans-b");
  decoder.emit(op);
}

// 9.7.14.7 wgmma.fence, wgmma.commit_group.
static void warpgroupFence(Decoder &decoder, Op op) {
  expectAligned(decoder);
  decoder.emit(op);
}

// 9.7.14.7.3 wgmma.wait_group.
static void warpgroupWait(Decoder &decoder, Op op) {
  expectAligned(decoder);
  decoder.code.count = uint32_t(decoder.immediate());
  decoder.emit(op);
}

ArrayRef<DecodeEntry> matrixEntries() {
  static constexpr DecodeEntry table[] = {
      {"ldmatrix", loadMatrix, Op::LoadMatrix},
      {"mma", multiplyMatrices, Op::Mma},
      {"wgmma.mma_async", multiplyByWarpgroup, Op::Wgmma},
      {"wgmma.fence", warpgroupFence, Op::WgmmaFence},
      {"wgmma.commit_group", warpgroupFence, Op::WgmmaCommit},
      {"wgmma.wait_group", warpgroupWait, Op::WgmmaWait},
  };
  return table;
}

} // namespace uwt::emulator::ptx
