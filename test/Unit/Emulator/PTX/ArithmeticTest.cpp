//===- ArithmeticTest.cpp - PTX instructions without effects --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emulator/PTX/Arithmetic.h"
#include "PtxTesting.h"
#include "lib/Emulator/Numbers.h"
#include <cfenv>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::emulator::ptx;
using namespace uwt::test;
using uwt::emulator::allLanes;
using uwt::emulator::Lanes;
using uwt::emulator::maskOf;

namespace {

using Registers = std::vector<Lanes>;

void fill(Lanes &lanes, uint64_t value) {
  for (uint64_t &lane : lanes.lane)
    lane = value;
}

/// Computes a body's instructions, with `inputs` in the registers 1, 2, … of each width.
Registers computeBody(const Program &program, const std::vector<uint64_t> &inputs) {
  Registers registers(program.registers);
  for (const Initial &initial : program.initials)
    fill(registers[initial.reg], initial.value);
  for (size_t i = 0; i < inputs.size(); ++i)
    for (unsigned group = 0; group < 4; ++group) {
      unsigned reg = group * 8 + i + 1;
      fill(registers[reg], inputs[i] & maskOf(program.registerBits[reg]));
    }
  for (const Instruction &code : program.code)
    if (isArithmetic(code.op))
      compute(program, code, registers.data(), allLanes);
  return registers;
}

/// The first result of the last arithmetic instruction, which all lanes have.
uint64_t resultOf(const std::string &body, const std::vector<uint64_t> &inputs) {
  auto program = parseBody(body);
  if (!program) {
    ADD_FAILURE() << program.error().message();
    return 0;
  }
  int32_t reg = -1;
  for (const Instruction &code : program->code)
    if (isArithmetic(code.op))
      reg = program->resultsOf(code)[0].reg;
  const Lanes result = computeBody(*program, inputs)[reg];
  for (uint64_t lane : result.lane)
    EXPECT_EQ(lane, result.lane[0]) << body;
  return result.lane[0];
}

struct Case {
  const char *body;
  std::vector<uint64_t> inputs;
  uint64_t expected;
};

void expectAll(const std::vector<Case> &cases) {
  for (const Case &test : cases)
    EXPECT_EQ(resultOf(test.body, test.inputs), test.expected) << test.body;
}

constexpr uint64_t minus1 = 0xffffffff, minus1Long = ~uint64_t(0);

TEST(PtxArithmeticTest, IntegerSums) {
  expectAll({
      {"add.s32 %r0, %r1, %r2;", {0xffffffff, 2}, 1},
      {"add.u16 %h0, %h1, %h2;", {0xffff, 2}, 1},
      {"add.s64 %d0, %d1, %d2;", {minus1Long, 2}, 1},
      {"add.s32 %r0, %r1, -3;", {1}, 0xfffffffe},
      {"add.sat.s32 %r0, %r1, %r2;", {0x7fffffff, 1}, 0x7fffffff},
      {"add.sat.s32 %r0, %r1, %r2;", {5, 6}, 11},
      {"sub.sat.s32 %r0, %r1, %r2;", {0x80000000, 1}, 0x80000000},
      {"sub.s16 %h0, %h1, %h2;", {1, 2}, 0xffff},
      {"sub.u32 %r0, %r1, %r2;", {1, 2}, minus1},
      {"neg.s32 %r0, %r1;", {1}, minus1},
      {"neg.s16 %h0, %h1;", {0x8000}, 0x8000},
      {"abs.s32 %r0, %r1;", {0xfffffff6}, 10},
      {"abs.s64 %d0, %d1;", {0x8000000000000000}, 0x8000000000000000},
      {"min.s32 %r0, %r1, %r2;", {0xffffffff, 1}, 0xffffffff},
      {"min.u32 %r0, %r1, %r2;", {0xffffffff, 1}, 1},
      {"max.s16 %h0, %h1, %h2;", {0xffff, 1}, 1},
      {"max.u64 %d0, %d1, %d2;", {minus1Long, 1}, minus1Long},
  });
}

TEST(PtxArithmeticTest, IntegerProducts) {
  expectAll({
      {"mul.lo.s32 %r0, %r1, %r2;", {0x10001, 0x10001}, 0x00020001},
      {"mul.lo.u16 %h0, %h1, %h2;", {0xffff, 0xffff}, 1},
      {"mul.lo.s64 %d0, %d1, %d2;", {0x100000001, 0x100000001}, 0x200000001},
      {"mul.hi.u32 %r0, %r1, %r2;", {0xffffffff, 0xffffffff}, 0xfffffffe},
      {"mul.hi.s32 %r0, %r1, %r2;", {0xffffffff, 5}, 0xffffffff},
      {"mul.hi.u16 %h0, %h1, %h2;", {0xffff, 0xffff}, 0xfffe},
      {"mul.hi.u64 %d0, %d1, %d2;", {minus1Long, minus1Long}, minus1Long - 1},
      {"mul.hi.s64 %d0, %d1, %d2;", {minus1Long, 2}, minus1Long},
      {"mul.wide.u32 %d0, %r1, %r2;", {0xffffffff, 2}, 0x1fffffffe},
      {"mul.wide.s32 %d0, %r1, %r2;", {0xffffffff, 2}, minus1Long - 1},
      {"mul.wide.u16 %r0, %h1, %h2;", {0xffff, 0xffff}, 0xfffe0001},
      {"mul.wide.s16 %r0, %h1, %h2;", {0xffff, 0xffff}, 1},
      {"mul.wide.u32 %d0, %r1, -1;", {2}, 0x1fffffffe},
      {"mad.lo.s32 %r0, %r1, %r2, %r3;", {3, 4, 0xffffffff}, 11},
      {"mad.hi.u32 %r0, %r1, %r2, %r3;", {0x80000000, 4, 7}, 9},
      {"mad.wide.u32 %d0, %r1, %r2, %d3;", {0xffffffff, 2, 0x100000000}, 0x2fffffffe},
      {"mad.wide.s32 %d0, %r1, %r2, %d3;", {0xffffffff, 2, 1}, minus1Long},
      {"div.s32 %r0, %r1, %r2;", {0xfffffff9, 2}, 0xfffffffd},
      {"div.u32 %r0, %r1, %r2;", {0xfffffff9, 2}, 0x7ffffffc},
      {"div.s32 %r0, %r1, %r2;", {0x80000000, 0xffffffff}, 0x80000000},
      {"div.u32 %r0, %r1, %r2;", {7, 0}, minus1},
      {"div.s64 %d0, %d1, %d2;", {7, 0}, minus1Long},
      {"div.u16 %h0, %h1, %h2;", {0xffff, 16}, 0xfff},
      {"rem.s32 %r0, %r1, %r2;", {0xfffffff9, 4}, 0xfffffffd},
      {"rem.s64 %d0, %d1, %d2;", {0x8000000000000000, minus1Long}, 0},
      {"rem.u32 %r0, %r1, %r2;", {7, 0}, 7},
  });
}

TEST(PtxArithmeticTest, BitFields) {
  expectAll({
      {"bfe.u32 %r0, %r1, %r2, %r3;", {0x12345678, 8, 8}, 0x56},
      {"bfe.u32 %r0, %r1, 0, 32;", {0xfedcba98}, 0xfedcba98},
      {"bfe.u32 %r0, %r1, 28, 8;", {0xf0000000}, 0xf},
      {"bfe.u32 %r0, %r1, 32, 8;", {0xf0000000}, 0},
      {"bfe.u32 %r0, %r1, 4, 0;", {0xf0000000}, 0},
      {"bfe.s32 %r0, %r1, 4, 4;", {0x80}, 0xfffffff8},
      {"bfe.s32 %r0, %r1, 4, 5;", {0x80}, 8},
      {"bfe.s32 %r0, %r1, 40, 4;", {0x80000000}, minus1},
      {"bfe.s32 %r0, %r1, 4, 0;", {0x80000000}, 0},
      {"bfe.s32 %r0, %r1, 28, 8;", {0xa0000000}, 0xfffffffa},
      {"bfe.s32 %r0, %r1, 257, 4;", {0x1e}, 0xffffffff},
      {"bfe.u64 %d0, %d1, 60, 4;", {0xa000000000000000}, 0xa},
      {"bfe.s64 %d0, %d1, 60, 4;", {0xa000000000000000}, 0xfffffffffffffffa},
      {"bfi.b32 %r0, %r1, %r2, 8, 4;", {0xff, 0}, 0xf00},
      {"bfi.b32 %r0, %r1, %r2, 28, 8;", {0xab, 0x11111111}, 0xb1111111},
      {"bfi.b32 %r0, %r1, %r2, 32, 8;", {0xab, 0x11111111}, 0x11111111},
      {"bfi.b64 %d0, %d1, %d2, 0, 64;", {0x123456789, 5}, 0x123456789},
      {"popc.b32 %r0, %r1;", {0xf0f0f0f1}, 17},
      {"popc.b64 %r0, %d1;", {minus1Long}, 64},
      {"clz.b32 %r0, %r1;", {0}, 32},
      {"clz.b64 %r0, %d1;", {1}, 63},
      {"bfind.u32 %r0, %r1;", {0x100}, 8},
      {"bfind.u32 %r0, %r1;", {0}, minus1},
      {"bfind.shiftamt.u32 %r0, %r1;", {0x100}, 23},
      {"bfind.s32 %r0, %r1;", {0xffffff00}, 7},
      {"bfind.s64 %r0, %d1;", {minus1Long}, minus1},
      {"brev.b32 %r0, %r1;", {0x1}, 0x80000000},
      {"brev.b64 %d0, %d1;", {0xf}, 0xf000000000000000},
  });
}

TEST(PtxArithmeticTest, LogicAndShifts) {
  expectAll({
      {"and.b32 %r0, %r1, %r2;", {0xff00, 0x0ff0}, 0x0f00},
      {"or.b64 %d0, %d1, %d2;", {0xff00, 0x0ff0}, 0xfff0},
      {"xor.b16 %h0, %h1, %h2;", {0xff00, 0x0ff0}, 0xf0f0},
      {"not.b32 %r0, %r1;", {0}, minus1},
      {"not.b16 %h0, %h1;", {1}, 0xfffe},
      {"not.pred %p0, %p1;", {1}, 0},
      {"xor.pred %p0, %p1, %p2;", {1, 0}, 1},
      {"mov.pred %p0, -1;", {}, 1},
      {"shl.b32 %r0, %r1, %r2;", {1, 31}, 0x80000000},
      {"shl.b32 %r0, %r1, %r2;", {1, 32}, 0},
      {"shl.b32 %r0, %r1, %r2;", {1, 0xffffffff}, 0},
      {"shl.b16 %h0, %h1, 4;", {0xffff}, 0xfff0},
      {"shl.b64 %d0, %d1, 63;", {3}, 0x8000000000000000},
      {"shr.u32 %r0, %r1, %r2;", {0x80000000, 31}, 1},
      {"shr.u32 %r0, %r1, %r2;", {0x80000000, 32}, 0},
      {"shr.b64 %d0, %d1, 64;", {minus1Long}, 0},
      {"shr.s32 %r0, %r1, %r2;", {0x80000000, 4}, 0xf8000000},
      {"shr.s32 %r0, %r1, %r2;", {0x80000000, 100}, minus1},
      {"shr.s16 %h0, %h1, 15;", {0x8000}, 0xffff},
      {"shf.l.wrap.b32 %r0, %r1, %r2, %r3;", {0x80000000, 1, 33}, 3},
      {"shf.l.clamp.b32 %r0, %r1, %r2, %r3;", {0x12345678, 1, 33}, 0x12345678},
      {"shf.r.wrap.b32 %r0, %r1, %r2, %r3;", {0x12345678, 0x9abcdef0, 8}, 0xf0123456},
      {"shf.r.wrap.b32 %r0, %r1, %r2, %r3;", {0x12345678, 0x9abcdef0, 32}, 0x12345678},
      {"shf.r.clamp.b32 %r0, %r1, %r2, %r3;", {0x12345678, 0x9abcdef0, 40}, 0x9abcdef0},
      {"lop3.b32 %r0, %r1, %r2, %r3, 0xE4;", {0xff00ff00, 0x0f0f0f0f, 0xffff0000}, 0xff000f0f},
      {"lop3.b32 %r0, %r1, %r2, %r3, 0x80;", {0xf0, 0xcc, 0xaa}, 0x80},
      {"lop3.b32 %r0, %r1, %r2, %r3, 0x01;", {0xf0, 0xcc, 0xaa}, 0xffffff01},
      {"lop3.b32 %r0, %r1, %r2, %r3, 0x96;", {0xf0, 0xcc, 0xaa}, 0x96},
      {"lop3.b32 %r0, %r1, %r2, %r3, 0xEA;", {0xf0, 0xcc, 0xaa}, 0xea},
  });
}

TEST(PtxArithmeticTest, EveryTableOfLop3) {
  for (unsigned table = 0; table < 256; ++table)
    EXPECT_EQ(resultOf("lop3.b32 %r0, %r1, %r2, %r3, " + std::to_string(table) + ";",
                       {0xf0f0f0f0, 0xcccccccc, 0xaaaaaaaa}),
              table * 0x01010101);
}

TEST(PtxArithmeticTest, PermutedBytes) {
  const uint64_t a = 0x83828180, b = 0x07060504;
  expectAll({
      {"prmt.b32 %r0, %r1, %r2, 0x3210;", {a, b}, a},
      {"prmt.b32 %r0, %r1, %r2, 0x7351U;", {a, b}, 0x07830581},
      {"prmt.b32 %r0, %r1, %r2, 0xb4f8;", {a, b}, 0xff0400ff},
      {"prmt.b32.f4e %r0, %r1, %r2, %r3;", {a, b, 1}, 0x04838281},
      {"prmt.b32.f4e %r0, %r1, %r2, %r3;", {a, b, 7}, 0x06050483},
      {"prmt.b32.b4e %r0, %r1, %r2, %r3;", {a, b, 0}, 0x05060780},
      {"prmt.b32.b4e %r0, %r1, %r2, %r3;", {a, b, 2}, 0x07808182},
      {"prmt.b32.rc8 %r0, %r1, %r2, %r3;", {a, b, 2}, 0x82828282},
      {"prmt.b32.ecl %r0, %r1, %r2, %r3;", {a, b, 1}, 0x83828181},
      {"prmt.b32.ecr %r0, %r1, %r2, %r3;", {a, b, 1}, 0x81818180},
      {"prmt.b32.ecr %r0, %r1, %r2, %r3;", {a, b, 2}, 0x82828180},
      {"prmt.b32.rc16 %r0, %r1, %r2, %r3;", {a, b, 3}, 0x83828382},
  });
}

TEST(PtxArithmeticTest, MovesAndSelections) {
  expectAll({
      {"mov.b32 %r0, 0f3F800000;", {}, 0x3f800000},
      {"mov.b64 %d0, -1;", {}, minus1Long},
      {"mov.f32 %r0, 1.5;", {}, 0x3fc00000},
      {"mov.f64 %d0, 0d3FF0000000000000;", {}, 0x3ff0000000000000},
      {"mov.b64 %d0, {%r1, %r2};", {1, 2}, 0x200000001},
      {"mov.b32 %r0, {%h1, %h2};", {1, 2}, 0x20001},
      {"mov.b64 %d0, {%h1, %h2, %h3, %h4};", {1, 2, 3, 4}, 0x4000300020001},
      {"mov.b64 {%r0, %r3}, %d1;", {0x200000001}, 1},
      {"mov.b64 {_, %r0}, %d1; mov.b32 %r3, %r0;", {0x200000001}, 2},
      {"mov.b32 {%h0, %h3}, %r1; mov.b16 %h4, %h3;", {0x00020001}, 2},
      {"mov.b64 %d0, cells;", {}, 0},
      {"mov.b64 %d0, cells+24;", {}, 24},
      {"selp.b32 %r0, %r1, %r2, %p3;", {7, 8, 1}, 7},
      {"selp.b64 %d0, %d1, -2, %p3;", {7, 8, 0}, minus1Long - 1},
      {"setp.eq.s32 %p4, %r1, 7; selp.b32 %r0, 3, 4, %p4;", {7}, 3},
  });
}

TEST(PtxArithmeticTest, Comparisons) {
  const uint64_t nan = 0x7fc00000, one = 0x3f800000, two = 0x40000000;
  expectAll({
      {"setp.lt.s32 %p0, %r1, %r2;", {0xffffffff, 0}, 1},
      {"setp.lt.u32 %p0, %r1, %r2;", {0xffffffff, 0}, 0},
      {"setp.lo.u32 %p0, %r1, %r2;", {0, 1}, 1},
      {"setp.hs.u64 %p0, %d1, %d2;", {1, 1}, 1},
      {"setp.ge.s16 %p0, %h1, %h2;", {0xffff, 0}, 0},
      {"setp.ne.b32 %p0, %r1, 5;", {5}, 0},
      {"setp.gt.s64 %p0, %d1, -1;", {0}, 1},
      {"setp.le.s64 %p0, %d1, %d2;", {minus1Long, 0}, 1},
      {"setp.lt.f32 %p0, %r1, %r2;", {one, two}, 1},
      {"setp.lt.f32 %p0, %r1, %r2;", {one, nan}, 0},
      {"setp.ltu.f32 %p0, %r1, %r2;", {one, nan}, 1},
      {"setp.ne.f32 %p0, %r1, %r2;", {one, nan}, 0},
      {"setp.neu.f32 %p0, %r1, %r2;", {one, nan}, 1},
      {"setp.equ.f32 %p0, %r1, %r2;", {one, two}, 0},
      {"setp.geu.f32 %p0, %r1, %r2;", {two, one}, 1},
      {"setp.gtu.f32 %p0, %r1, %r2;", {one, one}, 0},
      {"setp.leu.f32 %p0, %r1, %r2;", {one, one}, 1},
      {"setp.num.f32 %p0, %r1, %r2;", {one, nan}, 0},
      {"setp.nan.f32 %p0, %r1, %r2;", {one, nan}, 1},
      {"setp.eq.f32 %p0, %r1, %r2;", {0, 0x80000000}, 1},
      {"setp.gt.f32 %p0, %r1, 0f00000000;", {1}, 1},
      {"setp.gt.ftz.f32 %p0, %r1, 0f00000000;", {1}, 0},
      {"setp.ge.f16 %p0, %h1, %h2;", {0x3c00, 0xbc00}, 1},
      {"setp.lt.bf16 %p0, %h1, %h2;", {0xbf80, 0x3f80}, 1},
      {"setp.eq.f64 %p0, %d1, %d2;", {0x7ff8000000000000, 0x7ff8000000000000}, 0},
      {"setp.eq.and.s32 %p0, %r1, %r2, %p3;", {1, 1, 0}, 0},
      {"setp.eq.and.s32 %p0, %r1, %r2, !%p3;", {1, 1, 0}, 1},
      {"setp.eq.or.s32 %p0, %r1, %r2, %p3;", {1, 2, 1}, 1},
      {"setp.eq.xor.s32 %p0, %r1, %r2, %p3;", {1, 1, 1}, 0},
      {"setp.eq.s32 %p4|%p5, %r1, %r2; mov.pred %p0, %p5;", {1, 2}, 1},
      {"setp.eq.and.s32 %p4|%p5, %r1, %r2, %p3; mov.pred %p0, %p5;", {1, 2, 0}, 0},
      {"setp.eq.s32 _|%p5, %r1, %r2; mov.pred %p0, %p5;", {1, 2}, 1},
  });
}

TEST(PtxArithmeticTest, FloatSums) {
  const uint64_t one = 0x3f800000, tiny = 1, inf = 0x7f800000, nan = 0x7fc12345;
  expectAll({
      {"add.f32 %r0, %r1, %r2;", {one, one}, 0x40000000},
      {"add.rn.f32 %r0, %r1, %r2;", {one, 0x33800000}, one},
      {"add.rz.f32 %r0, %r1, %r2;", {one, 0x33ffffff}, one},
      {"add.rp.f32 %r0, %r1, %r2;", {one, tiny}, one + 1},
      {"add.rm.f32 %r0, %r1, %r2;", {one, tiny}, one},
      {"add.rm.f32 %r0, %r1, %r2;", {0xbf800000, 0x80000001}, 0xbf800001},
      {"add.rm.f32 %r0, %r1, %r2;", {one, 0xbf800000}, 0x80000000},
      {"add.rn.f32 %r0, %r1, %r2;", {one, 0xbf800000}, 0},
      {"add.rz.f32 %r0, %r1, %r2;", {0x7f7fffff, 0x7f7fffff}, 0x7f7fffff},
      {"add.f32 %r0, %r1, %r2;", {inf, 0xff800000}, 0x7fffffff},
      {"add.rp.f32 %r0, %r1, %r2;", {nan, one}, 0x7fffffff},
      {"add.f32 %r0, %r1, %r2;", {nan, one}, 0x7fffffff},
      {"add.f32 %r0, %r1, %r2;", {tiny, tiny}, 2},
      {"add.ftz.f32 %r0, %r1, %r2;", {tiny, tiny}, 0},
      {"add.ftz.f32 %r0, %r1, %r2;", {0x00800000, 0x80800001}, 0x80000000},
      {"add.sat.f32 %r0, %r1, %r2;", {one, one}, one},
      {"add.sat.f32 %r0, %r1, %r2;", {nan, one}, 0},
      {"sub.f32 %r0, %r1, %r2;", {one, 0x40000000}, 0xbf800000},
      {"sub.rp.f32 %r0, %r1, %r2;", {one, tiny}, one},
      {"mul.f32 %r0, %r1, %r2;", {0x40000000, 0x40400000}, 0x40c00000},
      {"mul.rz.f32 %r0, %r1, %r2;", {0x3f800001, 0x3f800001}, 0x3f800002},
      {"mul.rp.f32 %r0, %r1, %r2;", {0x3f800001, 0x3f800001}, 0x3f800003},
      {"mul.rp.f32 %r0, %r1, %r2;", {tiny, tiny}, tiny},
      {"mul.rn.f32 %r0, %r1, %r2;", {tiny, tiny}, 0},
      {"mul.f32 %r0, %r1, %r2;", {inf, 0}, 0x7fffffff},
      {"fma.rn.f32 %r0, %r1, %r2, %r3;", {0x3f800001, 0x3f800001, 0xbf800002}, 0x28800000},
      {"fma.rn.ftz.f32 %r0, %r1, %r2, %r3;", {tiny, one, tiny}, 0},
      {"fma.rz.f32 %r0, %r1, %r2, %r3;", {one, one, 0xb0000000}, 0x3f7fffff},
      {"fma.rn.f64 %d0, %d1, %d2, %d3;",
       {0x3ff0000000000001, 0x3ff0000000000001, 0xbff0000000000002},
       0x3970000000000000},
      {"add.f64 %d0, %d1, %d2;", {0x3ff0000000000000, 0x3ff0000000000000}, 0x4000000000000000},
      {"mul.f64 %d0, %d1, %d2;", {0x7ff0000000000000, 0}, 0x7ff8000000000000},
      {"neg.f32 %r0, %r1;", {one}, 0xbf800000},
      {"neg.ftz.f32 %r0, %r1;", {tiny}, 0x80000000},
      {"abs.f32 %r0, %r1;", {0xbf800000}, one},
      {"abs.f64 %d0, %d1;", {0xbff0000000000000}, 0x3ff0000000000000},
      {"copysign.f32 %r0, %r1, %r2;", {0x80000000, one}, 0xbf800000},
      {"copysign.f64 %d0, %d1, %d2;", {0, 0xbff0000000000000}, 0x3ff0000000000000},
  });
}

TEST(PtxArithmeticTest, FloatQuotientsAndExtremes) {
  const uint64_t one = 0x3f800000, nan = 0x7fc12345;
  expectAll({
      {"div.rn.f32 %r0, %r1, %r2;", {one, 0x40400000}, 0x3eaaaaab},
      {"div.rn.f32 %r0, %r1, %r2;", {one, 0x80000000}, 0xff800000},
      {"div.rn.ftz.f32 %r0, %r1, %r2;", {1, one}, 0},
      {"div.rn.f64 %d0, %d1, %d2;", {0, 0}, 0x7ff8000000000000},
      {"rcp.rn.f32 %r0, %r1;", {0x40000000}, 0x3f000000},
      {"rcp.rn.f64 %d0, %d1;", {0x4000000000000000}, 0x3fe0000000000000},
      {"sqrt.rn.f32 %r0, %r1;", {0x40800000}, 0x40000000},
      {"sqrt.rn.f32 %r0, %r1;", {0xbf800000}, 0x7fffffff},
      {"sqrt.rn.ftz.f32 %r0, %r1;", {0x80000001}, 0x80000000},
      {"sqrt.rn.f64 %d0, %d1;", {0x4010000000000000}, 0x4000000000000000},
      {"min.f32 %r0, %r1, %r2;", {one, nan}, one},
      {"min.f32 %r0, %r1, %r2;", {nan, nan}, 0x7fffffff},
      {"min.NaN.f32 %r0, %r1, %r2;", {one, nan}, 0x7fffffff},
      {"min.f32 %r0, %r1, %r2;", {0, 0x80000000}, 0x80000000},
      {"max.f32 %r0, %r1, %r2;", {0x80000000, 0}, 0},
      {"max.ftz.f32 %r0, %r1, %r2;", {1, 0x80000000}, 0},
      {"max.f64 %d0, %d1, %d2;", {0x3ff0000000000000, 0xbff0000000000000}, 0x3ff0000000000000},
      {"max.f16 %h0, %h1, %h2;", {0x3c00, 0x7e01}, 0x3c00},
      {"max.NaN.bf16 %h0, %h1, %h2;", {0x3f80, 0x7fc1}, 0x7fff},
      {"min.f16x2 %r0, %r1, %r2;", {0x3c00c000, 0x40003c00}, 0x3c00c000},
  });
}

TEST(PtxArithmeticTest, HalfPrecision) {
  expectAll({
      {"add.f16 %h0, %h1, %h2;", {0x3c00, 0x3c00}, 0x4000},
      {"add.rn.f16 %h0, %h1, %h2;", {0x7bff, 0x7bff}, 0x7c00},
      {"add.ftz.f16 %h0, %h1, %h2;", {1, 1}, 0},
      {"add.f16 %h0, %h1, %h2;", {1, 1}, 2},
      {"add.f16 %h0, %h1, %h2;", {0x7c00, 0xfc00}, 0x7fff},
      {"sub.bf16 %h0, %h1, %h2;", {0x3f80, 0x4000}, 0xbf80},
      {"mul.f16x2 %r0, %r1, %r2;", {0x40003c00, 0x42004000}, 0x46004000},
      {"mul.bf16x2 %r0, %r1, %r2;", {0x40003f80, 0x40404000}, 0x40c04000},
      {"fma.rn.f16 %h0, %h1, %h2, %h3;", {0x3c01, 0x3c01, 0xbc02}, 0x0010},
      {"fma.rn.bf16 %h0, %h1, %h2, %h3;", {0x3f81, 0x3f81, 0xbf82}, 0x3880},
      {"fma.rn.sat.f16 %h0, %h1, %h2, %h3;", {0x4000, 0x4000, 0x3c00}, 0x3c00},
      {"neg.f16x2 %r0, %r1;", {0x3c00bc00}, 0xbc003c00},
      {"abs.bf16x2 %r0, %r1;", {0xbf80bf80}, 0x3f803f80},
      {"abs.ftz.f16x2 %r0, %r1;", {0x8001bc00}, 0x3c00},
      {"add.rn.f32x2 %d0, %d1, %d2;", {0x3f80000040000000, 0x3f8000003f800000}, 0x4000000040400000},
      {"add.rn.f32.bf16 %r0, %h1, %r2;", {0x3f80, 0x40000000}, 0x40400000},
      {"sub.rn.f32.f16 %r0, %h1, %r2;", {0x3c00, 0x40000000}, 0xbf800000},
      {"fma.rn.f32.f16 %r0, %h1, %h2, %r3;", {0x4000, 0x4200, 0x3f800000}, 0x40e00000},
  });
}

TEST(PtxArithmeticTest, IntegerConversions) {
  expectAll({
      {"cvt.u64.u32 %d0, %r1;", {0xffffffff}, 0xffffffff},
      {"cvt.s64.s32 %d0, %r1;", {0xffffffff}, minus1Long},
      {"cvt.u32.u64 %r0, %d1;", {0x123456789}, 0x23456789},
      {"cvt.u64.u16 %d0, %h1;", {0xffff}, 0xffff},
      {"cvt.s32.s8 %r0, %r1;", {0x180}, 0xffffff80},
      {"cvt.u32.u8 %r0, %r1;", {0x180}, 0x80},
      {"cvt.s8.s32 %r0, %r1;", {0x180}, 0xffffff80},
      {"cvt.u8.u32 %h0, %r1;", {0x1ff}, 0xff},
      {"cvt.s16.s8 %h0, %h1;", {0x80}, 0xff80},
      {"cvt.u32.s16 %r0, %h1;", {0x8000}, 0xffff8000},
      {"cvt.sat.u8.s32 %r0, %r1;", {0xffffffff}, 0},
      {"cvt.sat.u8.s32 %r0, %r1;", {300}, 255},
      {"cvt.sat.s8.s32 %r0, %r1;", {0xffffff00}, 0xffffff80},
      {"cvt.sat.s8.s32 %r0, %r1;", {200}, 127},
      {"cvt.sat.s32.u32 %r0, %r1;", {0xffffffff}, 0x7fffffff},
      {"cvt.sat.u32.s64 %r0, %d1;", {minus1Long}, 0},
  });
}

TEST(PtxArithmeticTest, FloatToInteger) {
  expectAll({
      {"cvt.rzi.s32.f32 %r0, %r1;", {0xbfc00000}, 0xffffffff},
      {"cvt.rni.s32.f32 %r0, %r1;", {0x3fc00000}, 2},
      {"cvt.rni.s32.f32 %r0, %r1;", {0x40200000}, 2},
      {"cvt.rmi.s32.f32 %r0, %r1;", {0xbfc00000}, 0xfffffffe},
      {"cvt.rpi.s32.f32 %r0, %r1;", {0x3fc00000}, 2},
      {"cvt.rpi.s32.f32 %r0, %r1;", {1}, 1},
      {"cvt.rpi.ftz.s32.f32 %r0, %r1;", {1}, 0},
      {"cvt.rzi.s32.f32 %r0, %r1;", {0x7fc00000}, 0},
      {"cvt.rzi.s32.f32 %r0, %r1;", {0x7f800000}, 0x7fffffff},
      {"cvt.rzi.s32.f32 %r0, %r1;", {0xff800000}, 0x80000000},
      {"cvt.rzi.u32.f32 %r0, %r1;", {0xbf800000}, 0},
      {"cvt.rzi.u32.f32 %r0, %r1;", {0x4f800000}, minus1},
      {"cvt.rzi.u64.f32 %d0, %r1;", {0x5f000000}, 0x8000000000000000},
      {"cvt.rzi.s64.f64 %d0, %d1;", {0xc3e0000000000000}, 0x8000000000000000},
      {"cvt.rzi.s16.f32 %h0, %r1;", {0x47c35000}, 0x7fff},
      {"cvt.rzi.s8.f32 %r0, %r1;", {0xc3480000}, 0xffffff80},
      {"cvt.rzi.s32.f16 %r0, %h1;", {0xc500}, 0xfffffffb},
      {"cvt.rzi.u16.bf16 %h0, %h1;", {0x4120}, 10},
  });
}

TEST(PtxArithmeticTest, IntegerToFloat) {
  expectAll({
      {"cvt.rn.f32.s32 %r0, %r1;", {0xffffffff}, 0xbf800000},
      {"cvt.rn.f32.u32 %r0, %r1;", {0xffffffff}, 0x4f800000},
      {"cvt.rz.f32.u32 %r0, %r1;", {0xffffffff}, 0x4f7fffff},
      {"cvt.rp.f32.u32 %r0, %r1;", {0x1000001}, 0x4b800001},
      {"cvt.rm.f32.s32 %r0, %r1;", {0xfeffffff}, 0xcb800001},
      {"cvt.rn.f32.u64 %r0, %d1;", {0x8000008000000001}, 0x5f000001},
      {"cvt.rn.f32.u64 %r0, %d1;", {0x8000008000000000}, 0x5f000000},
      {"cvt.rz.f32.u64 %r0, %d1;", {minus1Long}, 0x5f7fffff},
      {"cvt.rn.f64.s64 %d0, %d1;", {minus1Long}, 0xbff0000000000000},
      {"cvt.rn.f64.u32 %d0, %r1;", {3}, 0x4008000000000000},
      {"cvt.rn.f16.s32 %h0, %r1;", {70000}, 0x7c00},
      {"cvt.rz.f16.s32 %h0, %r1;", {70000}, 0x7bff},
      {"cvt.rn.bf16.s16 %h0, %h1;", {0xffff}, 0xbf80},
      {"cvt.rn.bf16.u16 %h0, %h1;", {257}, 0x4380},
      {"cvt.rn.f32.s8 %r0, %r1;", {0xff}, 0xbf800000},
  });
}

TEST(PtxArithmeticTest, FloatToFloat) {
  expectAll({
      {"cvt.f64.f32 %d0, %r1;", {0x3f800000}, 0x3ff0000000000000},
      {"cvt.f64.f32 %d0, %r1;", {0x7fc00001}, 0x7ff8000000000000},
      {"cvt.rn.f32.f64 %r0, %d1;", {0x3ff0000010000000}, 0x3f800000},
      {"cvt.rp.f32.f64 %r0, %d1;", {0x3ff0000010000000}, 0x3f800001},
      {"cvt.rz.f32.f64 %r0, %d1;", {0x7fe0000000000000}, 0x7f7fffff},
      {"cvt.rn.ftz.f32.f64 %r0, %d1;", {0x3690000000000000}, 0},
      {"cvt.f32.f16 %r0, %h1;", {0x3c00}, 0x3f800000},
      {"cvt.f32.f16 %r0, %h1;", {1}, 0x33800000},
      {"cvt.f32.f16 %r0, %h1;", {0x7e01}, 0x7fffffff},
      {"cvt.f32.bf16 %r0, %h1;", {0x7fc1}, 0x7fc10000},
      {"cvt.f32.bf16 %r0, %h1;", {0xbf80}, 0xbf800000},
      {"cvt.rn.f16.f32 %h0, %r1;", {0x3f801000}, 0x3c00},
      {"cvt.rn.f16.f32 %h0, %r1;", {0x3f801001}, 0x3c01},
      {"cvt.rn.f16.f32 %h0, %r1;", {0x7fc00000}, 0x7fff},
      {"cvt.rz.f16.f32 %h0, %r1;", {0x477fffff}, 0x7bff},
      {"cvt.rp.f16.f32 %h0, %r1;", {0x00000001}, 0x0001},
      {"cvt.rm.f16.f32 %h0, %r1;", {0x80000001}, 0x8001},
      {"cvt.rp.f16.f32 %h0, %r1;", {0x80000001}, 0x8000},
      {"cvt.rn.bf16.f32 %h0, %r1;", {0x3f808000}, 0x3f80},
      {"cvt.rn.bf16.f32 %h0, %r1;", {0x3f818000}, 0x3f82},
      {"cvt.rz.bf16.f32 %h0, %r1;", {0x3f81ffff}, 0x3f81},
      {"cvt.rn.bf16.f32 %h0, %r1;", {0xffffffff}, 0x7fff},
      {"cvt.rn.bf16x2.f32 %r0, %r1, %r2;", {0x3f800000, 0x40000000}, 0x3f804000},
      {"cvt.rn.f16x2.f32 %r0, %r1, %r2;", {0x3f800000, 0x40000000}, 0x3c004000},
      {"cvt.rni.f32.f32 %r0, %r1;", {0x40200000}, 0x40000000},
      {"cvt.rpi.f32.f32 %r0, %r1;", {0xbf000000}, 0x80000000},
      {"cvt.rmi.f64.f64 %d0, %d1;", {0xbfe0000000000000}, 0xbff0000000000000},
      {"cvt.sat.f32.f32 %r0, %r1;", {0x40000000}, 0x3f800000},
      {"cvt.sat.f32.f32 %r0, %r1;", {0x7fc00000}, 0},
      {"cvt.ftz.f32.f32 %r0, %r1;", {0x80000001}, 0x80000000},
      {"cvt.rn.sat.f16.f32 %h0, %r1;", {0xbf800000}, 0},
  });
}

/// Bits of floats that are near one another, special, or any.
std::vector<uint32_t> sampleFloats(unsigned count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint32_t> samples;
  const uint32_t special[] = {0, 0x80000000, 1, 0x007fffff, 0x00800000, 0x7f7fffff, 0x7f800000};
  while (samples.size() < count) {
    uint32_t bits = random();
    bool isNear = bits & 1, isSpecial = (bits & 14) == 0;
    samples.push_back(isSpecial ? special[random() % 7]
                      : isNear  ? 0x3f000000 + (bits & 0x81ffffff)
                                : bits);
  }
  return samples;
}

/// Compares an operation with what `host` gives for each lane's two or three sources.
void expectAsHost(const std::string &operation, int rounding,
                  float (*host)(const volatile float *)) {
  bool isFma = operation.starts_with("fma");
  auto program = parseBody(operation + " %r0, %r1, %r2" + (isFma ? ", %r3;" : ";"));
  ASSERT_TRUE(bool(program)) << program.error().message();
  std::vector<uint32_t> samples = sampleFloats(3 * 32 * 200, 1);
  Registers registers(program->registers);
  for (size_t i = 0; i < samples.size(); i += 96) {
    for (unsigned l = 0; l < 96; ++l)
      registers[9 + l / 32].lane[l % 32] = samples[i + l];
    compute(*program, program->code[0], registers.data(), allLanes);
    for (unsigned l = 0; l < 32; ++l) {
      volatile float at[3];
      for (unsigned k = 0; k < 3; ++k)
        at[k] = std::bit_cast<float>(samples[i + k * 32 + l]);
      std::fesetround(rounding);
      float value = host(at);
      std::fesetround(FE_TONEAREST);
      uint32_t expected = std::isnan(value) ? 0x7fffffff : std::bit_cast<uint32_t>(value);
      ASSERT_EQ(registers[8].lane[l], expected) << operation << " " << i << " " << l;
    }
  }
}

TEST(PtxArithmeticTest, RoundingsAreThoseOfTheHost) {
  const std::pair<const char *, int> roundings[] = {
      {"rn", FE_TONEAREST}, {"rz", FE_TOWARDZERO}, {"rm", FE_DOWNWARD}, {"rp", FE_UPWARD}};
  for (auto [name, rounding] : roundings) {
    auto operation = [&](const char *op) { return std::string(op) + "." + name + ".f32"; };
    expectAsHost(operation("add"), rounding, [](const volatile float *x) { return x[0] + x[1]; });
    expectAsHost(operation("sub"), rounding, [](const volatile float *x) { return x[0] - x[1]; });
    expectAsHost(operation("mul"), rounding, [](const volatile float *x) { return x[0] * x[1]; });
    expectAsHost(operation("fma"), rounding, [](const volatile float *x) {
      return std::fma(float(x[0]), float(x[1]), float(x[2]));
    });
  }
}

TEST(PtxArithmeticTest, LanesOutsideOfTheMaskStay) {
  for (const char *body : {"add.s32 %r0, %r1, %r2;", "setp.eq.s32 %p0, %r1, %r2;",
                           "mov.b64 {%r0, %r3}, %d1;", "cvt.u16.u32 %h0, %r1;"}) {
    auto program = parseBody(body);
    ASSERT_TRUE(bool(program)) << program.error().message();
    Registers registers(program->registers);
    int32_t result = program->resultsOf(program->code[0])[0].reg;
    fill(registers[result], 77);
    compute(*program, program->code[0], registers.data(), 0x0000ffff);
    for (unsigned l = 0; l < 32; ++l)
      EXPECT_EQ(registers[result].lane[l] == 77, l >= 16) << body << " " << l;
  }
}

TEST(PtxArithmeticTest, AResultMayBeASource) {
  EXPECT_EQ(resultOf("add.s32 %r1, %r1, %r1;", {21}), 42u);
  EXPECT_EQ(resultOf("setp.eq.and.s32 %p3|%p4, %r1, %r2, %p3; mov.pred %p0, %p4;", {1, 2, 1}), 1u);
}

TEST(PtxArithmeticTest, WhatComputesIsArithmetic) {
  EXPECT_TRUE(isArithmetic(Op::Add));
  EXPECT_TRUE(isArithmetic(Op::Unpack));
  EXPECT_FALSE(isArithmetic(Op::CastAddress));
  EXPECT_FALSE(isArithmetic(Op::Load));
}

} // namespace
