//===- MachineCodeTest.cpp - Listings, loops, hazards ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/MachineCode/MachineReport.h"
#include <gtest/gtest.h>
#include <sstream>

using namespace uwt;
using namespace uwt::machine_code;

namespace {

/// A listing of one kernel `k`: a line of `code` is an instruction or, with a colon, a label.
std::string listingOf(const std::string &code) {
  std::string text = "\t.target\tsm_90a\n\t.section\t.text.k,\"ax\",@progbits\n"
                     "\t.sectioninfo\t@\"SHI_REGISTERS=31\"\n.text.k:\n";
  std::istringstream lines(code);
  unsigned address = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(':')) {
      text += line + '\n';
      continue;
    }
    char number[16];
    std::snprintf(number, sizeof(number), "%04x", address);
    text += "        /*" + std::string(number) + "*/   " + line + " ;\n";
    address += 16;
  }
  return text + ".L_trap:\n  /*fff0*/ BRA `(.L_trap);\n  /*fff8*/ NOP;\n"
                "\t.section\t.nv.info,\"\"\n\t.word\t3\n";
}

MachineKernel kernelOf(const std::string &code) {
  Expected<std::vector<MachineKernel>> kernels = parseListing(listingOf(code));
  EXPECT_TRUE(kernels) << kernels.error().message();
  EXPECT_EQ(kernels->size(), 1u);
  return kernels ? std::move(kernels->front()) : MachineKernel();
}

Instruction instructionOf(const std::string &text) {
  MachineKernel kernel = kernelOf(text);
  return kernel.instructions.empty() ? Instruction() : kernel.instructions.front();
}

std::string errorOf(const std::string &listing) {
  Expected<std::vector<MachineKernel>> kernels = parseListing(listing);
  return kernels ? "no error" : kernels.error().message();
}

} // namespace

TEST(MachineCode, InstructionsHavePredicatesOpcodesAndOperands) {
  Instruction load = instructionOf("@!P0 LDS.128 R12, [R22.X4+UR4+-0x800]");
  EXPECT_EQ(load.predicate, "@!P0");
  EXPECT_EQ(load.opcode, "LDS.128");
  EXPECT_EQ(load.base(), "LDS");
  EXPECT_EQ(load.operands, (std::vector<std::string>{"R12", "[R22.X4+UR4+-0x800]"}));
  EXPECT_EQ(load.text(), "@!P0 LDS.128 R12, [R22.X4+UR4+-0x800]");
  Instruction logic = instructionOf("LOP3.LUT R29, R23.reuse, 0x87ff87ff, R12, 0xf8, !PT");
  EXPECT_EQ(logic.operands,
            (std::vector<std::string>{"R29", "R23", "0x87ff87ff", "R12", "0xf8", "!PT"}));
}

TEST(MachineCode, OpcodesHaveClasses) {
  EXPECT_EQ(instructionOf("LEA.HI R0, R0, R3, RZ, 0x1c").kindOf(), InstructionKind::Alu);
  EXPECT_EQ(instructionOf("IMAD.MOV.U32 R45, RZ, RZ, RZ").kindOf(), InstructionKind::Fma);
  EXPECT_EQ(instructionOf("ULOP3.LUT UR4, UR4, 0x1, URZ, 0xc0, !UPT").kindOf(),
            InstructionKind::Uniform);
  EXPECT_EQ(instructionOf("UBLKCP.S.G [UR18], [UR10], UR20, desc[UR8]").kindOf(),
            InstructionKind::Bulk);
  Instruction unknown = instructionOf("FROB.X R1, R2");
  EXPECT_EQ(unknown.kindOf(), InstructionKind::Other);
  EXPECT_FALSE(unknown.isKnown());
}

TEST(MachineCode, AccessesHaveBytes) {
  EXPECT_EQ(instructionOf("LDS.128 R4, [R22]").accessBytes(), 16u);
  EXPECT_EQ(instructionOf("LDS.U8 R4, [R22]").accessBytes(), 1u);
  EXPECT_EQ(instructionOf("STS [R22], R4").accessBytes(), 4u);
  EXPECT_EQ(instructionOf("LDSM.16.M88.4 R4, [R22]").accessBytes(), 16u);
  EXPECT_EQ(instructionOf("LDSM.16.MT88.2 R4, [R22]").accessBytes(), 8u);
  EXPECT_EQ(instructionOf("LDG.E.64.CONSTANT R4, desc[UR6][R2.64]").accessBytes(), 8u);
  EXPECT_EQ(instructionOf("IMAD.WIDE R4, R2, R3, R6").accessBytes(), 0u);
}

TEST(MachineCode, ResultsAreRanges) {
  auto written = [](const std::string &text) {
    std::optional<RegisterRange> range = instructionOf(text).result();
    return range ? std::pair(range->first, range->count) : std::pair(0u, 0u);
  };
  using Range = std::pair<unsigned, unsigned>;
  EXPECT_EQ(written("LDS.128 R12, [R22]"), Range(12, 4));
  EXPECT_EQ(written("IMAD.WIDE.U32 R8, R2, 0x4, RZ"), Range(8, 2));
  EXPECT_EQ(written("CS2R R24, SRZ"), Range(24, 2));
  EXPECT_EQ(written("SHFL.BFLY PT, R4, R5, 0x1, 0x1f"), Range(4, 1));
  EXPECT_EQ(written("HGMMA.64x8x16.F32.BF16 R24, R28, gdesc[UR8], R24"), Range(24, 4));
  EXPECT_EQ(written("HGMMA.64x256x16.F32.BF16 R24, gdesc[UR8], R24"), Range(24, 128));
  EXPECT_EQ(written("IGMMA.64x64x32.S8.S8 R24, R56, gdesc[UR16], RZ, !UPT"), Range(24, 32));
  // No results: operands that are read, or memory.
  EXPECT_EQ(written("ISETP.NE.U32.AND P0, PT, R45, UR5, PT"), Range(0, 0));
  EXPECT_EQ(written("STS.128 [R0], R4"), Range(0, 0));
  EXPECT_EQ(written("SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [R3+URZ], R4"), Range(0, 0));
  EXPECT_EQ(written("R2UR UR4, R5"), Range(0, 0));
}

TEST(MachineCode, DamagedListingsAreRefused) {
  std::string head = "\t.section\t.text.k,\"ax\",@progbits\n";
  EXPECT_EQ(errorOf(head + "  /*zz*/ NOP ;\n"),
            "listing of machine code: expected an instruction, got '/*zz*/ NOP ;'");
  EXPECT_EQ(errorOf(head + "  /*0000*/ NOP\n"),
            "listing of machine code: expected an instruction, got '/*0000*/ NOP'");
  EXPECT_EQ(errorOf(head + "  /*0000*/ ;\n"),
            "listing of machine code: expected an instruction, got '/*0000*/ ;'");
  EXPECT_EQ(errorOf(head + "  /*0000*/ @P0 BRA `(.L_9) ;\n  /*0010*/ EXIT ;\n"),
            "listing of machine code: k branches to a label that is not there: '.L_9'");
  EXPECT_EQ(errorOf(""), "no error");
}

// A wait at the head of the loop shares its header; the path of escapes lies behind the loop.
TEST(MachineReport, LoopsAreNaturalLoopsWithoutWaits) {
  MachineKernel kernel = kernelOf(R"(S2R R0, SR_TID.X
.L_loop:
SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [R3+URZ], R0
@!P0 BRA `(.L_loop)
LDS.128 R4, [R22]
ISETP.NE.U32.AND P1, PT, R4, RZ, PT
@P1 BRA `(.L_escape)
.L_back:
LOP3.LUT R8, R4, 0x1, RZ, 0xc0, !PT
HMMA.16816.F32.BF16 R24, R4, R22, R24
@P0 BRA `(.L_loop)
EXIT
.L_escape:
PRMT R4, R4, R5, R6
STS [R22], R4
BRA `(.L_back))");
  ASSERT_EQ(kernel.loops.size(), 2u);
  KernelReport report = reportKernel(kernel, {});
  ASSERT_EQ(report.loops.size(), 1u);
  const LoopReport &loop = report.loops.front();
  EXPECT_EQ(loop.header, 0x10u);
  EXPECT_EQ(loop.latch, 0x80u);
  EXPECT_EQ(loop.all.total(), 11u);
  EXPECT_EQ(loop.all.sharedWriteBytes, 4u);
  EXPECT_EQ(loop.always.total(), 8u);
  EXPECT_EQ(loop.always[InstructionKind::Alu], 2u);
  EXPECT_EQ(loop.always[InstructionKind::Matrix], 1u);
  EXPECT_EQ(loop.always[InstructionKind::Control], 3u);
  EXPECT_EQ(loop.always.sharedReadBytes, 16u);
  EXPECT_EQ(loop.always.sharedWriteBytes, 0u);
}

TEST(MachineReport, OnlyInnermostLoopsAreReported) {
  MachineKernel kernel = kernelOf(R"(.L_outer:
MOV R1, R2
.L_inner:
IADD3 R1, R1, 0x1, RZ
@P0 BRA `(.L_inner)
@P1 BRA `(.L_outer)
EXIT)");
  EXPECT_EQ(kernel.loops.size(), 2u);
  KernelReport report = reportKernel(kernel, {});
  ASSERT_EQ(report.loops.size(), 1u);
  EXPECT_EQ(report.loops.front().header, 0x10u);
}

TEST(MachineReport, TwoBranchesBackAreOneLoop) {
  MachineKernel kernel = kernelOf(R"(.L_loop:
IADD3 R1, R1, 0x1, RZ
@P0 BRA `(.L_loop)
LOP3.LUT R8, R4, 0x1, RZ, 0xc0, !PT
@P1 BRA `(.L_loop)
EXIT)");
  ASSERT_EQ(kernel.loops.size(), 1u);
  EXPECT_EQ(kernel.loops.front().body.size(), 4u);
  EXPECT_EQ(kernel.loops.front().always.size(), 2u);
}

// A loop that multiplies, with a rare way that patches in a loop of its own.
TEST(MachineReport, WaysThroughProductsAreCountedOneByOne) {
  MachineKernel kernel = kernelOf(R"(.L_loop:
LDS.128 R4, [R2]
@P0 BRA `(.L_rare)
HMMA.16816.F32.BF16 R8, R4, R12, R8
BRA `(.L_next)
.L_rare:
STS.128 [R2], R4
.L_patch:
IADD3 R1, R1, 0x1, RZ
@P1 BRA `(.L_patch)
LDS.128 R4, [R2]
HMMA.16816.F32.BF16 R8, R4, R12, R8
.L_next:
IADD3 R2, R2, 0x10, RZ
@P2 BRA `(.L_loop)
EXIT)");
  KernelReport report = reportKernel(kernel, {});
  ASSERT_EQ(report.products.size(), 2u);
  const std::vector<InstructionCounts> &ways = report.products.front();
  ASSERT_EQ(ways.size(), 2u);
  unsigned rare = ways[0].sharedWriteBytes != 0 ? 0 : 1;
  EXPECT_EQ(ways[rare].total(), 7u);
  EXPECT_EQ(ways[1 - rare].total(), 4u);
  EXPECT_EQ(ways[1 - rare].products, 1u);
  EXPECT_EQ(ways[1 - rare].sharedReadBytes, 16u);
  ASSERT_EQ(report.products.back().size(), 1u);
  EXPECT_EQ(report.products.back().front().total(), 2u);
}

namespace {
/// A product with a rare way that patches, in `choices` ways.
std::string productWithRareWay(unsigned number, unsigned choices) {
  std::string n = std::to_string(number), text = "LDS.128 R4, [R2]\n@P0 BRA `(.L_rare" + n + ")\n";
  text += "HMMA.16816.F32.BF16 R8, R4, R12, R8\nBRA `(.L_next" + n + ")\n.L_rare" + n + ":\n";
  for (unsigned i = 0; i < choices; ++i) {
    std::string label = ".L_skip" + n + "_" + std::to_string(i);
    text += "@P1 BRA `(" + label + ")\nSTS.128 [R2], R4\n" + label + ":\n";
  }
  return text + "HMMA.16816.F32.BF16 R8, R4, R12, R8\n.L_next" + n + ":\n";
}
} // namespace

// Unrolled: the ways of a whole trip would be all those of one product times all those of the
// other.
TEST(MachineReport, PartsOfATripHaveTheirOwnWays) {
  std::string loop = ".L_loop:\n" + productWithRareWay(0, 5) + productWithRareWay(1, 5);
  KernelReport report = reportKernel(kernelOf(loop + "@P2 BRA `(.L_loop)\nEXIT"), {});
  ASSERT_EQ(report.products.size(), 3u);
  EXPECT_EQ(report.products[0].size(), 33u);
  EXPECT_EQ(report.products[1].size(), 33u);
  ASSERT_EQ(report.products[2].size(), 1u);
  EXPECT_EQ(report.products[2].front().total(), 1u);
  for (unsigned part : {0, 1})
    EXPECT_TRUE(llvm::all_of(report.products[part], [](const InstructionCounts &way) {
      return way.products == 1 && way.sharedReadBytes == 16;
    }));
}

// Before sm_90 a warp barrier is a call that warps which have stayed together branch over.
TEST(MachineReport, ConvergedWarpsTakeTheirBranch) {
  KernelReport report = reportKernel(kernelOf(R"(.L_loop:
BRA.CONV ~URZ, `(.L_together)
MOV R20, 0x1130
.L_together:
HMMA.16816.F32.BF16 R8, R4, R12, R8
@P2 BRA `(.L_loop)
EXIT)"),
                                     {});
  ASSERT_EQ(report.products.size(), 2u);
  ASSERT_EQ(report.products.front().size(), 1u);
  EXPECT_EQ(report.products.front().front().total(), 1u);
}

TEST(MachineReport, APartWithTooManyWaysIsNotCounted) {
  std::string loop = ".L_loop:\n" + productWithRareWay(0, 13);
  EXPECT_TRUE(reportKernel(kernelOf(loop + "@P2 BRA `(.L_loop)\nEXIT"), {}).products.empty());
}

// Strips that a panel does not have skip the product: that is not the way to count.
TEST(MachineReport, WaysWithoutTheProductAreLeftOut) {
  KernelReport report = reportKernel(kernelOf(R"(.L_loop:
@P0 BRA `(.L_next)
HMMA.16816.F32.BF16 R8, R4, R12, R8
.L_next:
@P2 BRA `(.L_loop)
EXIT)"),
                                     {});
  ASSERT_EQ(report.products.size(), 2u);
  ASSERT_EQ(report.products.front().size(), 1u);
  EXPECT_EQ(report.products.front().front().total(), 2u);
}

// ptxas puts slow paths of divisions behind the kernel, as subroutines.
TEST(MachineReport, SubroutinesAreNoLoops) {
  MachineKernel kernel = kernelOf(R"(CALL.REL.NOINC `(.L_divide)
EXIT
.L_divide:
@P0 BRA `(.L_special)
.L_end:
RET.REL.NODEC R2
.L_special:
MUFU.RCP R3, R3
BRA `(.L_end))");
  EXPECT_TRUE(kernel.loops.empty());
}

namespace {
/// A loop with one group of matrix instructions in flight, as ptxas makes it of a loop that is not
/// unrolled; A is in R28 … R31.
const char *const inFlight = R"(.L_loop:
LDS.128 R4, [R22]
LOP3.LUT R29, R23, 0x87ff87ff, R4, 0xf8, !PT
WARPGROUP.ARRIVE
HGMMA.64x8x16.F32.BF16 R24, R28, gdesc[UR8], R24, gsb0
WARPGROUP.DEPBAR.LE gsb0, 0x1
@P0 BRA `(.L_loop)
WARPGROUP.DEPBAR.LE gsb0, 0x0
EXIT)";
} // namespace

TEST(MachineReport, AWriteToAnOperandInFlightIsAHazard) {
  std::vector<Hazard> hazards = findHazards(kernelOf(inFlight));
  ASSERT_EQ(hazards.size(), 1u);
  EXPECT_EQ(hazards.front().text(),
            "0x0030: HGMMA.64x8x16.F32.BF16 R24, R28, gdesc[UR8], R24, gsb0 reads R29, which "
            "0x0010: LOP3.LUT R29, R23, 0x87ff87ff, R4, 0xf8, !PT writes before it has ended");
}

TEST(MachineReport, AWaitForTheGroupEndsTheHazard) {
  std::string waited = inFlight;
  waited.replace(waited.find("0x1\n@P0"), 3, "0x0");
  EXPECT_TRUE(findHazards(kernelOf(waited)).empty());
}

TEST(MachineReport, WritesBesideTheOperandAreNone) {
  std::string beside = inFlight;
  beside.replace(beside.find("R29"), 3, "R32");
  EXPECT_TRUE(findHazards(kernelOf(beside)).empty());
  // A wide load that ends in the operand is one.
  beside.replace(beside.find("LDS.128 R4"), 10, "LDS.128 R25");
  EXPECT_EQ(findHazards(kernelOf(beside)).size(), 1u);
}

TEST(MachineReport, TextAndJson) {
  KernelResources resources;
  resources.registers = 40;
  resources.sharedBytes = 16;
  std::vector<KernelReport> kernels = {reportKernel(kernelOf("FROB R1\nEXIT"), resources)};
  EXPECT_EQ(reportText(kernels),
            "kernel k: 40 registers, 0 bytes spilled, 0 bytes stack, 16 bytes static shared, 0 "
            "barriers\n  all: 2 instructions: control 1, other 1; bytes a thread: shared 0 read, 0 "
            "written, global 0 read, 0 written; unknown: FROB\n");
  EXPECT_EQ(reportJson(kernels), R"({
  "kernels": [
    {
      "all": {
        "classes": {
          "control": 1,
          "other": 1
        },
        "global_read_bytes": 0,
        "global_write_bytes": 0,
        "instructions": 2,
        "shared_read_bytes": 0,
        "shared_write_bytes": 0,
        "unknown": [
          "FROB"
        ]
      },
      "barriers": 0,
      "cluster_fences": 0,
      "hazards": [],
      "loops": [],
      "name": "k",
      "other_fences": 0,
      "products": [],
      "registers": 40,
      "spill_bytes": 0,
      "stack_bytes": 0,
      "static_shared_bytes": 16
    }
  ]
}
)");
}

namespace {
/// A thread that waits, does `ahead`, and loops.
std::string copyingLoop(const std::string &untilEmpty, const std::string &copies) {
  return ".L_turn:\nIADD3 R0, R0, 0x1, RZ\n" + untilEmpty +
         ".L_wait:\nSYNCS.PHASECHK.TRANS64.TRYWAIT P0, [R21+URZ], R20\n@!P0 BRA `(.L_wait)\n" +
         copies + "@P1 BRA `(.L_turn)\nEXIT\n";
}

const char *const findBytes = "LDG.E R4, desc[UR10][R2.64]\nLDG.E R5, desc[UR10][R2.64+0x4]\n"
                              "IADD3 R6, R4, R5, RZ\nLDG.E R8, desc[UR10][R6.64]\n"
                              "IADD3 R9, R8, 0x1, RZ\n";
const char *const copyTwice = "UBLKCP.S.G [UR8], [UR4], UR6\nR2UR UR4, R9\n"
                              "UBLKCP.S.G [UR8], [UR4], UR6\n";
using Progress = CopyingRole::Progress;
} // namespace

TEST(CopyingRole, StopsForLoadsThatWaitForEachOther) {
  KernelReport report = reportKernel(kernelOf(copyingLoop("", std::string(findBytes) + copyTwice)),
                                     KernelResources());
  ASSERT_TRUE(report.copying);
  // Behind the wait and its branch: two loads together and one that needs them, then copies.
  EXPECT_EQ(report.copying->firstCopy, (Progress{6, 2}));
  EXPECT_EQ(report.copying->lastCopy, (Progress{8, 2}));
  EXPECT_EQ(report.copying->trip, (Progress{12, 2}));
  EXPECT_EQ(report.copying->copies, 2u);
  EXPECT_TRUE(report.copying->announcesByCopies);
}

TEST(CopyingRole, WhatIsDoneAheadIsNotOnTheWayToACopy) {
  KernelReport report =
      reportKernel(kernelOf(copyingLoop(findBytes, copyTwice)), KernelResources());
  ASSERT_TRUE(report.copying);
  EXPECT_EQ(report.copying->firstCopy, (Progress{1, 0}));
  EXPECT_EQ(report.copying->lastCopy, (Progress{3, 0}));
  EXPECT_EQ(report.copying->trip, (Progress{12, 2}));
  EXPECT_EQ(report.copying->loadsInFlight, 0u);
}

// What a load in front of the wait brings is not there because the stage is empty.
TEST(CopyingRole, LoadsInFlightHoldUpTheFirstCopy) {
  auto inFlight = [](const std::string &copies) {
    const std::string loads = "LDG.E R4, desc[UR10][R2.64]\nLDG.E R5, desc[UR10][R2.64+0x4]\n"
                              "LDG.E R7, desc[UR10][R4.64]\nLDG.E R8, desc[UR10][R4.64+0x4]\n";
    return reportKernel(kernelOf(copyingLoop(loads, copies)), {}).copying->loadsInFlight;
  };
  EXPECT_EQ(inFlight(copyTwice), 0u);
  // Come with the address of the others.
  EXPECT_EQ(inFlight("IADD3 R6, R5, 0x1, RZ\n" + std::string(copyTwice)), 0u);
  EXPECT_EQ(inFlight("IADD3 R6, R7, R8, RZ\n" + std::string(copyTwice)), 1u);
  EXPECT_EQ(inFlight("UBLKCP.S.G [UR8], [UR4], UR6\nIADD3 R6, R7, R8, RZ\n"), 0u);
}

// A wait that the thread goes on with elsewhere, an announcement, and a copy for one thread after
// another.
TEST(CopyingRole, AWaitMayGoOnElsewhere) {
  const std::string text = R"(.L_loop:
LDG.E R8, desc[UR6][R10.64]
SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [R3+URZ], R0
IADD3 R1, R1, 0x1, RZ
@!P0 BRA `(.L_wait)
.L_empty:
R2UR UR4, R8
SYNCS.ARRIVE.TRANS64 RZ, [UR5], R8
.L_each:
@P0 ELECT P1, URZ, PT
UBLKCP.S.G [UR8], [UR14], UR6, desc[UR4]
@P0 BRA.U.ANY `(.L_each)
@P2 BRA `(.L_loop)
EXIT
.L_wait:
SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [R3+URZ], R0
@!P0 BRA `(.L_wait)
BRA `(.L_empty))";
  KernelReport report = reportKernel(kernelOf(text), {});
  ASSERT_TRUE(report.copying);
  // Behind the branch of the wait that goes on: one back, R2UR, the arrival, ELECT and the copy.
  EXPECT_EQ(report.copying->firstCopy, (Progress{5, 0}));
  std::string without = text;
  without.replace(without.find("UBLKCP.S.G"), 10, "LDS.128");
  EXPECT_FALSE(reportKernel(kernelOf(without), {}).copying);
}

TEST(CopyingRole, PollingIsWaiting) {
  std::string code = copyingLoop("", copyTwice);
  std::string polls = "LDS R3, [R26+0x4]\nYIELD\nLOP3.LUT P0, RZ, R3, 0x80000000, R2, 0x48, !PT\n";
  std::string wait = "SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [R21+URZ], R20\n";
  code.replace(code.find(wait), wait.size(), polls);
  KernelReport report = reportKernel(kernelOf(code), KernelResources());
  ASSERT_TRUE(report.copying);
  EXPECT_EQ(report.copying->firstCopy, (Progress{1, 0}));
}

TEST(CopyingRole, IsNoneWhereNothingWaitsAndCopies) {
  EXPECT_FALSE(reportKernel(kernelOf(".L_1:\nUBLKCP.S.G [UR8], [UR4], UR6\n"
                                     "@P1 BRA `(.L_1)\nEXIT"),
                            KernelResources())
                   .copying);
}

TEST(CopyingRole, CopiesOfThreadsSayThatTheyHaveLandedOrNot) {
  auto announces = [](const std::string &code) {
    return reportKernel(kernelOf(copyingLoop("", code)), KernelResources())
        .copying->announcesByCopies;
  };
  std::string copy = "LDGSTS.E.BYPASS.128 [R4], [R2.64]\n";
  EXPECT_FALSE(announces(copy + "LDGDEPBAR\n"));
  EXPECT_TRUE(announces(copy + "ARRIVES.LDGSTSBAR.64 [R5]\n"));
}

TEST(MachineReport, FencesOfClustersAreToldFromOthers) {
  KernelReport report =
      reportKernel(kernelOf("MEMBAR.ALL.GPU\nERRBAR\nUCGABAR_ARV\nUCGABAR_WAIT\n"
                            "MEMBAR.ALL.CTA\nMEMBAR.ALL.GPU\nATOMG.E.ADD.STRONG.GPU PT, R1, "
                            "desc[UR4][R2.64], R3\nNOP\nNOP\nNOP\nNOP\nNOP\nNOP\nEXIT"),
                   KernelResources());
  EXPECT_EQ(report.clusterFences, 1u);
  EXPECT_EQ(report.otherFences, 1u);
}
