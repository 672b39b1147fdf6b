//===- ParserTest.cpp - Modules, names and labels of PTX ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PtxTesting.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::emulator::ptx;
using namespace uwt::test;

namespace {

std::vector<Program> parse(const std::string &text) {
  auto programs = parsePtx(text);
  if (programs)
    return *std::move(programs);
  ADD_FAILURE() << programs.error().message();
  return {};
}

std::string failure(const std::string &text) {
  auto programs = parsePtx(text);
  return programs ? "" : programs.error().message();
}

/// What a constant register holds.
uint64_t constantOf(const Program &program, Operand operand) {
  for (const Initial &initial : program.initials)
    if (initial.reg == operand.reg && initial.kind == Special::Constant)
      return initial.value;
  ADD_FAILURE() << "register " << operand.reg << " is no constant";
  return 0;
}

TEST(PtxParserTest, EntriesOfTwoModules) {
  auto programs = parse(R"(// generated
.version 8.0
.target sm_90a, debug
.address_size 64
.file 1 "kernel.mlir"
	.extern .shared .align 128 .b8 dynamic[];
.shared .align 4 .b8 module[5];
.visible .entry first(
  .param .u64 .ptr .global .align 1 p0,
  .param .u32 p1,
  .param .align 16 .b8 p2[20]
)
.maxntid 256, 1, 1
.minnctapersm 1
.explicitcluster
.reqnctapercluster 2, 1, 1
.maxnreg 128
{
  .loc 1 2 3
  .pragma "nounroll";
  .shared .align 8 .b8 barrier[24];
  .local .align 16 .b8 depot[40];
  ret;
}
.entry second() .reqntid 32 { ret; }
.section .debug_info { .b8 1 { } }
.version 8.6
.target sm_80
.address_size 64
.visible .entry third(.param .f64 x) { }
)");
  ASSERT_EQ(programs.size(), 3u);
  const Program &first = programs[0];
  EXPECT_EQ(first.name, "first");
  EXPECT_EQ(first.target, "sm_90a");
  EXPECT_EQ(first.blockSize, (std::array<uint32_t, 3>{256, 1, 1}));
  EXPECT_TRUE(first.isMaximum);
  EXPECT_EQ(first.clusterSize, (std::array<uint32_t, 3>{2, 1, 1}));
  ASSERT_EQ(first.parameters.size(), 3u);
  EXPECT_EQ(first.parameters[1].offset, 8u);
  EXPECT_EQ(first.parameters[1].bytes, 4u);
  EXPECT_EQ(first.parameters[2].offset, 16u);
  EXPECT_EQ(first.parameterBytes, 36u);
  EXPECT_EQ(first.localBytes, 40u);
  EXPECT_EQ(programs[1].blockSize, (std::array<uint32_t, 3>{32, 1, 1}));
  EXPECT_FALSE(programs[1].isMaximum);
  // As ptxas counts, with what aligns the dynamic variable.
  EXPECT_EQ(programs[1].staticSharedBytes, 128u);
  EXPECT_EQ(programs[2].target, "sm_80");
  EXPECT_TRUE(programs[2].shared.empty());
}

TEST(PtxParserTest, SharedMemoryLiesInOrder) {
  auto programs = parse(R"(.version 8.0
.target sm_90a
.address_size 64
.extern .shared .align 128 .b8 dynamic[];
.shared .align 4 .b8 module[5];
.entry k() {
  .reg .b64 %d<4>;
  .shared .align 8 .b8 barriers[2][8];
  .shared .b64 one;
  mov.b64 %d0, dynamic;
  mov.b64 %d1, barriers+8;
  ld.shared.b64 %d2, [one+-8];
})");
  ASSERT_EQ(programs.size(), 1u);
  const Program &program = programs[0];
  ASSERT_EQ(program.shared.size(), 4u);
  EXPECT_EQ(program.shared[1].offset, 0u);
  EXPECT_EQ(program.shared[2].offset, 8u);
  EXPECT_EQ(program.shared[2].bytes, 16u);
  EXPECT_EQ(program.shared[3].offset, 24u);
  EXPECT_EQ(program.staticSharedBytes, 128u);
  EXPECT_TRUE(program.shared[0].isDynamic);
  EXPECT_EQ(program.shared[0].bytes, 0u);
  EXPECT_EQ(program.shared[0].offset, 128u);
  EXPECT_EQ(constantOf(program, program.sourcesOf(program.code[0])[0]), 128u);
  EXPECT_EQ(constantOf(program, program.sourcesOf(program.code[1])[0]), 16u);
  Operand address = program.sourcesOf(program.code[2])[0];
  EXPECT_EQ(constantOf(program, address), 24u);
  EXPECT_EQ(address.offset, -8);
}

TEST(PtxParserTest, DynamicMemoryIsAlignedTo16AtLeast) {
  auto programs = parse(".version 8.0\n.target sm_80\n.address_size 64\n"
                        ".extern .shared .align 1 .b8 dynamic[];\n"
                        ".entry k() { .shared .b8 byte; }");
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_EQ(programs[0].shared[0].offset, 16u);
}

TEST(PtxParserTest, BlocksHaveNamesOfTheirOwn) {
  auto program = parseBody(R"(
{ .reg .pred P1; LAB: setp.eq.s32 P1, %r1, 0; @P1 bra.uni DONE; bra.uni LAB; DONE: }
{ .reg .b32 P1; LAB: mov.b32 P1, %r1; bra LAB; { bra LAB; bra $L__BB0_1; } }
$L__BB0_1:
@!%p1 bra $L__BB0_1;
)");
  ASSERT_TRUE(bool(program)) << program.error().message();
  std::vector<uint32_t> targets;
  for (const Instruction &code : program->code)
    if (code.op == Op::Branch)
      targets.push_back(code.count);
  EXPECT_EQ(targets, (std::vector<uint32_t>{3, 0, 3, 3, 7, 7}));
  EXPECT_TRUE(program->code[1].flag);
  EXPECT_FALSE(program->code[4].flag);
  EXPECT_EQ(program->code[1].guard, program->resultsOf(program->code[0])[0].reg);
  EXPECT_EQ(program->registerBits[program->code[1].guard], 1);
  EXPECT_TRUE(program->code[7].isGuardNegated);
  EXPECT_NE(program->resultsOf(program->code[3])[0].reg, program->code[1].guard);
  EXPECT_EQ(program->code.back().op, Op::Exit);
}

TEST(PtxParserTest, ConstantsShareRegisters) {
  auto program = parseBody("add.s32 %r0, %r1, 5; add.s32 %r0, %r0, 5; add.s64 %d0, %d1, 5;\n"
                           "/* of the same\n value */ add.s32 %r0, %r0, 0x5U;");
  ASSERT_TRUE(bool(program)) << program.error().message();
  auto second = [&](unsigned i) { return program->sourcesOf(program->code[i])[1].reg; };
  EXPECT_EQ(second(0), second(1));
  EXPECT_EQ(second(0), second(3));
  EXPECT_NE(second(0), second(2));
  EXPECT_EQ(program->code[3].line, firstBodyLine + 2);
}

TEST(PtxParserTest, NumbersOfEachNotation) {
  auto program = parseBody("mov.b32 %r0, 0x10; mov.b32 %r0, 017; mov.b32 %r0, 0b101;\n"
                           "mov.b32 %r0, -1; mov.b32 %r0, 0f3F800000; mov.f32 %r0, -2.5;\n"
                           "mov.f64 %d0, 1.0e-1; mov.f64 %d0, 0d4000000000000000;\n"
                           "mov.b32 %r0, WARP_SZ; mov.b16 %h0, -2; mov.f32 %r0, 2e0;");
  ASSERT_TRUE(bool(program)) << program.error().message();
  std::vector<uint64_t> values;
  for (const Instruction &code : program->code)
    if (code.op == Op::Move)
      values.push_back(constantOf(*program, program->sourcesOf(code)[0]));
  EXPECT_EQ(values, (std::vector<uint64_t>{16, 15, 5, 0xffffffff, 0x3f800000, 0xc0200000,
                                           0x3fb999999999999a, 0x4000000000000000, 32, 0xfffe,
                                           0x40000000}));
}

TEST(PtxParserTest, SpecialRegisters) {
  auto program = parseBody("mov.u32 %r0, %tid.x; mov.u32 %r1, %ctaid.y; mov.u32 %r2, %tid.x;\n"
                           "mov.u32 %r3, %cluster_ctarank; cvt.u64.u32 %d0, %laneid;");
  ASSERT_TRUE(bool(program)) << program.error().message();
  std::vector<Special> kinds;
  for (const Initial &initial : program->initials)
    kinds.push_back(initial.kind);
  EXPECT_EQ(kinds, (std::vector<Special>{Special::TidX, Special::CtaIdY, Special::ClusterCtaRank,
                                         Special::LaneId}));
}

TEST(PtxParserTest, InstructionsAreDescribed) {
  auto program = parseBody("  ld.shared.b32 %r1, [%d2]; // the first one");
  ASSERT_TRUE(bool(program)) << program.error().message();
  EXPECT_EQ(program->describe(0), "'ld.shared.b32 %r1, [%d2]' (line 8)");
}

TEST(PtxParserTest, TextThatIsNoPtx) {
  const std::pair<const char *, const char *> cases[] = {
      {"add.s32 %r0, %r1, %r9;", "'add.s32': '%r9' is no register that is declared, and no special "
                                 "register that the emulator knows (line 8)"},
      {"bra $L1;", "label '$L1' is not declared (line 8)"},
      {"{ inner: } bra inner;", "label 'inner' is not declared (line 8)"},
      {"one: one:", "label 'one' is declared twice (line 8)"},
      {".reg .b32 %r1;", "'%r1' is declared twice (line 8)"},
      {".reg .b32 %x<70000>;", "70000 registers are more than a thread has (line 8)"},
      {".reg .b128 %x;", "registers of type '.b128' are not known to the emulator (line 8)"},
      {".shared .align 3 .b8 x[2];", "alignment 3 is no power of two (line 8)"},
      {".shared .b8 x[];",
       "'x': shared memory of no size is declared extern, and no other (line 8)"},
      {".shared .f8 x;", "variables of type '.f8' are not known to the emulator (line 8)"},
      {".branchtargets a;", "directive '.branchtargets' is not known to the emulator (line 8)"},
      {"add.s32 %r0, %r1 %r2;", "expected ',', found '%r2' (line 8)"},
      {"add.s32 %r0, %r1, ;", "expected an operand, found ';' (line 8)"},
      {"ld.global.b32 %r0, [-%d1];", "expected an operand, found '%d1' (line 8)"},
      {"ld.global.b32 %r0, [%d1+%r2];", "expected an integer, found '%r2' (line 8)"},
      {"setp.eq.s32 %p1|;", "expected a name behind '|' (line 8)"},
      {"mov.b32 %r0, 0x12345678123456789;", "'0x12345678123456789' is no number (line 8)"},
      {"mov.b32 %r0, 12ab;", "'12ab' is no number (line 8)"},
      {"mov.b32 %r0, #1;", "'#' is no character of PTX (line 8)"},
      {"/* no end", "a comment has no end (line 8)"},
      {".pragma \"no end;", "a string has no end (line 8)"},
      {"{ ret;", "expected a name, found the end (line 10)"},
      {"} }", "expected a directive, found '}' (line 8)"},
  };
  for (auto [body, text] : cases)
    EXPECT_EQ(errorOf(body), text) << body;
}

TEST(PtxParserTest, ModulesThatAreNotKnown) {
  const std::string head = ".version 8.0\n.target sm_90a\n.address_size 64\n";
  EXPECT_EQ(failure(head + ".visible .func f() { ret; }"),
            "directive '.func' is not known to the emulator (line 4)");
  EXPECT_EQ(failure(head + ".global .b32 x;"),
            "directive '.global' is not known to the emulator (line 4)");
  EXPECT_EQ(failure(head + ".entry k() .noreturn { }"),
            "directive '.noreturn' is not known to the emulator (line 4)");
  EXPECT_EQ(failure(head + ".entry k()"), "expected '{', found the end (line 4)");
  EXPECT_EQ(failure(head + ".entry k(.reg .b32 x) { }"), "expected '.param' (line 4)");
  EXPECT_EQ(failure(".version 8.0\n.target sm_90a\n.address_size 32\n"),
            "addresses of 32 bits are not known to the emulator (line 3)");
  EXPECT_EQ(failure("entry"), "expected a directive, found 'entry' (line 1)");
}

} // namespace
