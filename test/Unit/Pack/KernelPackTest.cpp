//===- KernelPackTest.cpp - Kernel packs, written, read, chosen from ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Pack/KernelPack.h"
#include "Codec/TestData.h"
#include "Container/FaultyOperations.h"
#include "Container/TestFiles.h"
#include "Cuda/CudaTesting.h"
#include "SamplePack.h"
#include <gmock/gmock.h>
#include <map>

using namespace uwt;
using namespace uwt::test;

namespace {
using PackPtr = std::shared_ptr<const KernelPack>;

KernelQuery queryOf(std::string target, std::string_view format, uint32_t m) {
  KernelQuery query;
  query.target = std::move(target);
  query.format = *Format::parse(format);
  query.n = 4096;
  query.k = 14336;
  query.m = m;
  return query;
}

/// "kernel of target (kind)", or the error.
std::string chosen(const KernelPack &pack, const KernelQuery &query) {
  auto entry = pack.select(query);
  if (!entry)
    return entry.error().message();
  const CodeObject &code = pack.codeObjects()[(*entry)->code];
  return (*entry)->kernel + " of " + code.target + " (" + std::string(nameOf(code.kind)) + ")";
}

class SamplePackTest : public testing::Test {
protected:
  SamplePackTest() : bytes(*samplePack().bytes()), pack(*KernelPack::parse(bytes)) {}
  Bytes bytes;
  PackPtr pack;
};
} // namespace

TEST_F(SamplePackTest, HoldsWhatWasWritten) {
  ASSERT_EQ(pack->kernels().size(), 6u);
  EXPECT_EQ(pack->kernels()[0], sampleKernel());
  EXPECT_EQ(pack->kernels()[4].result, Format::parse("inplace<12>").operator*());
  ASSERT_EQ(pack->codeObjects().size(), 3u);
  EXPECT_EQ(Bytes(pack->codeObjects()[1].bytes.begin(), pack->codeObjects()[1].bytes.end()),
            sampleCubin(2));
  // What ends the text is added.
  EXPECT_EQ(pack->codeObjects()[2].bytes.back(), 0);
  EXPECT_THAT(pack->tools(),
              testing::ElementsAre(ToolVersion{"ptxas", "13.0.88"}, ToolVersion{"uwt", "0.1.0"}));
  EXPECT_EQ(pack->fileBytes(), bytes.size());
  for (const CodeObject &code : pack->codeObjects())
    EXPECT_EQ((code.bytes.data() - bytes.data()) % 64, 0);
}

TEST_F(SamplePackTest, HasTheBytesOfTheGoldenFile) {
  EXPECT_EQ(readBytes(goldenPack("small.uwtpack")), bytes);
}

TEST_F(SamplePackTest, IsWrittenAgainWithTheSameBytes) {
  KernelPackWriter writer;
  for (const ToolVersion &tool : pack->tools())
    writer.addTool(tool.name, tool.version);
  for (const CodeObject &code : pack->codeObjects())
    writer.addCode(code.kind, code.target, code.bytes);
  for (const KernelEntry &entry : pack->kernels())
    writer.addKernel(entry);
  auto again = writer.bytes();
  ASSERT_TRUE(holds(again));
  EXPECT_EQ(*again, bytes);
}

TEST(KernelPackWriterTest, StoresEqualCodeOnce) {
  KernelPackWriter writer;
  EXPECT_EQ(writer.addCode(CodeKind::Cubin, "sm_90a", sampleCubin(1)), 0u);
  EXPECT_EQ(writer.addCode(CodeKind::Cubin, "sm_80", sampleCubin(1)), 1u);
  EXPECT_EQ(writer.addCode(CodeKind::Cubin, "sm_90a", sampleCubin(1)), 0u);
}

TEST(KernelPackWriterTest, RefusesWhatNoReaderTakes) {
  KernelPackWriter writer;
  writer.addKernel(sampleKernel());
  auto bytes = writer.bytes();
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().getKind(), ErrorKind::Usage);
  EXPECT_EQ(bytes.error().message(), "cannot make a kernel pack: kernel 0 "
                                     "('uwt_skinny_inplace12_n8'): it is in code object 0 of 0");
}

TEST(KernelPackWriterTest, LeavesTheOldFileOrTheNewOne) {
  TemporaryFolder folder;
  std::string path = folder / "pack";
  Bytes whole = *samplePack().bytes(), old = {1, 2, 3};
  bool happened = true;
  for (unsigned step = 0; happened; ++step) {
    writeBytes(path, old);
    FaultyOperations faulty(step, Fault::Fail);
    Status written = samplePack().write(path, true);
    happened = faulty.happened();
    EXPECT_EQ(bool(written), !happened);
    EXPECT_EQ(readBytes(path), faulty.afterRename() ? whole : old) << "step " << step;
    EXPECT_THAT(namesIn(folder.path), testing::ElementsAre("pack"));
  }
}

TEST(KernelPackFile, IsOpenedWithItsPathInMessages) {
  TemporaryFolder folder;
  std::string path = folder / "a.uwtpack";
  ASSERT_TRUE(holds(samplePack().write(path, false)));
  EXPECT_TRUE(KernelPack::isPack(path));
  ASSERT_TRUE(holds(KernelPack::open(path)));
  EXPECT_EQ(messageOf(samplePack().write(path, false)),
            path + ": exists already; use -f to overwrite it");
  writeText(path, "UWTPAC");
  EXPECT_FALSE(KernelPack::isPack(path));
  EXPECT_EQ(messageOf(KernelPack::open(path)), path + ": it is not a kernel pack");
  EXPECT_FALSE(KernelPack::isPack(folder / "missing"));
}

//===----------------------------------------------------------------------===//
// select-1 to select-3
//===----------------------------------------------------------------------===//

TEST_F(SamplePackTest, GivesTheKernelOfTheTargetAndM) {
  EXPECT_EQ(chosen(*pack, queryOf("sm_90", "inplace<12>", 8)),
            "uwt_skinny_inplace12_n8 of sm_90a (cubin)");
  EXPECT_EQ(chosen(*pack, queryOf("sm_90a", "inplace<12>", 9)),
            "uwt_skinny_inplace12_n64 of sm_90a (cubin)");
  EXPECT_EQ(chosen(*pack, queryOf("sm_86", "inplace<12>", 1)),
            "uwt_shared_inplace12 of sm_80 (cubin)");
  // Machine code of another major number does not run; text does.
  EXPECT_EQ(chosen(*pack, queryOf("sm_120", "inplace<12>", 1)),
            "uwt_shared_inplace12 of sm_80 (ptx)");
}

TEST_F(SamplePackTest, DoesNotLookAtHowTheTensorLies) {
  EXPECT_EQ(chosen(*pack, queryOf("sm_90", "inplace<12>, storage=k_major", 8)),
            "uwt_skinny_inplace12_n8 of sm_90a (cubin)");
}

TEST(KernelPackSelection, GivesEachFormatItsOwnKernel) {
  KernelPackWriter writer;
  uint32_t code = writer.addCode(CodeKind::Cubin, "sm_90a", sampleCubin());
  std::map<std::string, std::string> kernels;
  for (const std::string &text : registeredFormats()) {
    std::string format = parsedFormat(text).ofMatrices().str();
    KernelEntry entry = sampleKernel();
    entry.kernel = "kernel_" + std::to_string(kernels.size());
    entry.code = code;
    entry.format = parsedFormat(format);
    if (kernels.emplace(format, entry.kernel).second)
      writer.addKernel(entry);
  }
  auto bytes = writer.bytes();
  ASSERT_TRUE(holds(bytes));
  auto pack = KernelPack::parse(*bytes);
  ASSERT_TRUE(holds(pack));
  EXPECT_EQ((*pack)->kernels().size(), kernels.size());
  for (const std::string &text : registeredFormats())
    EXPECT_EQ(chosen(**pack, queryOf("sm_90", text, 8)),
              kernels[parsedFormat(text).ofMatrices().str()] + " of sm_90a (cubin)")
        << text;
}

TEST_F(SamplePackTest, GivesTranscodersOnlyWhenAsked) {
  KernelQuery query = queryOf("sm_90", "huffman<12,2>", 1);
  query.kind = GpuKernelKind::Transcode;
  EXPECT_EQ(chosen(*pack, query), "uwt_transcode_huffman of sm_90a (cubin)");
  query.kind.reset();
  EXPECT_THAT(chosen(*pack, query), testing::HasSubstr("have formats inplace<12> of bf16;"));
}

TEST(KernelPack, GivesKernelsThatDoNotMultiplyOnlyWhenAsked) {
  KernelPackWriter writer;
  uint32_t code = writer.addCode(CodeKind::Cubin, "sm_90a", sampleCubin());
  for (auto [kind, name] : {std::pair(GpuKernelKind::Histogram, "counts"),
                            {GpuKernelKind::Gather, "gathers"},
                            {GpuKernelKind::Skinny, "multiplies"}}) {
    KernelEntry entry = sampleKernel();
    entry.kernel = name;
    entry.kind = kind;
    entry.code = code;
    writer.addKernel(entry);
  }
  Bytes bytes = *writer.bytes();
  PackPtr pack = *KernelPack::parse(bytes);
  KernelQuery query = queryOf("sm_90", "inplace<12>", 8);
  EXPECT_EQ(chosen(*pack, query), "multiplies of sm_90a (cubin)");
  query.kind = GpuKernelKind::Histogram;
  EXPECT_EQ(chosen(*pack, query), "counts of sm_90a (cubin)");
  query.kind = GpuKernelKind::Gather;
  EXPECT_EQ(chosen(*pack, query), "gathers of sm_90a (cubin)");
  EXPECT_EQ(nameOf(GpuKernelKind::Gather), "gather");
  EXPECT_EQ(nameOf(GpuKernelKind::Histogram), "histogram");
}

// select-5
TEST(KernelPack, GivesGroupedProductsOnlyWhenAsked) {
  KernelPackWriter writer;
  uint32_t code = writer.addCode(CodeKind::Cubin, "sm_90a", sampleCubin());
  for (uint64_t slice : {16, 0, 64, 8}) {
    KernelEntry entry = sampleKernel();
    entry.kernel = "slices_" + std::to_string(slice);
    entry.code = code;
    entry.mTo = UINT32_MAX;
    entry.launch.tileM = slice;
    if (slice != 0)
      entry.arguments.push_back({ArgumentKind::Slices, ArgumentType::I32, 4, 0, 0});
    writer.addKernel(entry);
  }
  Bytes bytes = *writer.bytes();
  PackPtr pack = *KernelPack::parse(bytes);
  KernelQuery query = queryOf("sm_90", "inplace<12>", 8);
  EXPECT_EQ(chosen(*pack, query), "slices_0 of sm_90a (cubin)");
  query.grouped = true;
  for (auto [m, kernel] : {std::pair(1, "slices_8"),
                           {8, "slices_8"},
                           {9, "slices_16"},
                           {17, "slices_64"},
                           {64, "slices_64"},
                           {65, "slices_64"}}) {
    query.m = static_cast<uint32_t>(m);
    EXPECT_EQ(chosen(*pack, query), std::string(kernel) + " of sm_90a (cubin)");
  }
  EXPECT_EQ(nameOf(ArgumentKind::Slices), "slices");
  Bytes plain = *samplePack().bytes();
  EXPECT_EQ(
      chosen(**KernelPack::parse(plain), query),
      "no kernel for inplace<12> of bf16, n 4096, k 14336, m 65 a matrix on sm_90: the pack's "
      "kernels that are otherwise right have products of one matrix; make a pack for this");
}

TEST_F(SamplePackTest, NeverGivesAKernelThatOnlyPreparesAnother) {
  std::span<const KernelEntry> kernels = pack->kernels();
  EXPECT_EQ(pack->preparationOf(kernels[1]), &kernels[5]);
  EXPECT_EQ(pack->preparationOf(kernels[0]), nullptr);
  EXPECT_TRUE(pack->isPreparation(kernels[5]));
  EXPECT_FALSE(pack->isPreparation(kernels[1]));
  // It would come first among equals.
  KernelPackWriter writer;
  for (KernelEntry entry : {samplePreparation(), sampleKernel()}) {
    entry.code = writer.addCode(CodeKind::Cubin, "sm_90a", sampleCubin());
    entry.prepare = entry.kernel == sampleKernel().kernel ? 1 : 0;
    writer.addKernel(entry);
  }
  Bytes made = *writer.bytes();
  PackPtr two = *KernelPack::parse(made);
  EXPECT_EQ(chosen(*two, queryOf("sm_90", "inplace<12>", 8)),
            "uwt_skinny_inplace12_n8 of sm_90a (cubin)");
  EXPECT_THAT(chosen(*two, queryOf("sm_90", "inplace<12>", 9)),
              testing::HasSubstr("otherwise right have m 1 to 8;"));
}

TEST_F(SamplePackTest, SaysWhichConditionNoKernelMeets) {
  const std::string asked = "no kernel for inplace<12> of bf16, n 4096, k 14336, m ";
  const std::string right = ": the pack's kernels that are otherwise right have ";
  const std::string make = "; make a pack for this";
  EXPECT_EQ(chosen(*pack, queryOf("sm_75", "inplace<12>", 1)),
            asked + "1 on sm_75" + right + "targets sm_80 (cubin); sm_80 (ptx); sm_90a (cubin)" +
                make);
  EXPECT_EQ(chosen(*pack, queryOf("sm_80", "inplace<12>", 65)),
            asked + "65 on sm_80" + right + "m 1 to 64" + make);
  KernelQuery narrow = queryOf("sm_80", "inplace<12>", 1);
  narrow.k = 24;
  EXPECT_EQ(chosen(*pack, narrow),
            "no kernel for inplace<12> of bf16, n 4096, k 24, m 1 on sm_80" + right +
                "shapes n 1 and more, k 16 and more in multiples of 16" + make);
  KernelQuery half = queryOf("sm_80", "inplace<12>", 1);
  half.element = ElementType::F16;
  EXPECT_EQ(chosen(*pack, half), "no kernel for inplace<12> of f16, n 4096, k 14336, m 1 on "
                                 "sm_80" +
                                     right + "formats inplace<12> of bf16" + make);
  KernelQuery wide = queryOf("sm_80", "inplace<12>", 1);
  wide.kind = GpuKernelKind::Wide;
  EXPECT_EQ(chosen(*pack, wide), asked + "1 on sm_80" + right + "kernel kinds shared" + make);
  EXPECT_EQ(pack->select(wide).error().getKind(), ErrorKind::Unsupported);
}

TEST(KernelPackSelect, FindsNothingInAnEmptyPack) {
  Bytes bytes = *KernelPackWriter().bytes();
  PackPtr pack = *KernelPack::parse(bytes);
  EXPECT_EQ(chosen(*pack, queryOf("sm_90", "raw", 1)),
            "no kernel for raw of bf16, n 4096, k 14336, m 1 on sm_90: the pack has no kernels");
}

TEST(KernelPackSelect, PrefersMachineCodeThenTheLatestThenTheFirst) {
  KernelPackWriter writer;
  auto add = [&](const char *kernel, CodeKind kind, const char *target) {
    KernelEntry entry = sampleKernel();
    entry.kernel = kernel;
    entry.code = writer.addCode(kind, target, kind == CodeKind::Cubin ? sampleCubin() : Bytes{'x'});
    writer.addKernel(entry);
  };
  add("text", CodeKind::Ptx, "sm_86");
  add("general", CodeKind::Cubin, "sm_80");
  add("later", CodeKind::Cubin, "sm_86");
  add("exact", CodeKind::Cubin, "sm_86a");
  add("second", CodeKind::Cubin, "sm_86a");
  Bytes bytes = *writer.bytes();
  PackPtr pack = *KernelPack::parse(bytes);
  EXPECT_EQ(chosen(*pack, queryOf("sm_80", "inplace<12>", 1)), "general of sm_80 (cubin)");
  EXPECT_EQ(chosen(*pack, queryOf("sm_86", "inplace<12>", 1)), "exact of sm_86a (cubin)");
  EXPECT_EQ(chosen(*pack, queryOf("sm_89", "inplace<12>", 1)), "later of sm_86 (cubin)");
  EXPECT_EQ(chosen(*pack, queryOf("sm_90", "inplace<12>", 1)), "text of sm_86 (ptx)");
}

TEST(KernelTargets, RunByTheRulesOfCuda) {
  using enum CodeKind;
  struct Case {
    const char *code;
    CodeKind kind;
    const char *device;
    bool runs;
  };
  for (Case one : {Case{"sm_80", Cubin, "sm_80", true},
                   {"sm_80", Cubin, "sm_86", true},
                   {"sm_86", Cubin, "sm_80", false},
                   {"sm_80", Cubin, "sm_90", false},
                   {"sm_80", Ptx, "sm_90", true},
                   {"sm_90", Ptx, "sm_80", false},
                   {"sm_90a", Cubin, "sm_90", true},
                   {"sm_90a", Ptx, "sm_100", false},
                   {"sm_120a", Cubin, "sm_121", false},
                   {"sm_120f", Cubin, "sm_121", true},
                   {"sm_120f", Ptx, "sm_130", false},
                   {"sm_90", Cubin, "cuda", false}})
    EXPECT_EQ(runsOn(one.code, one.kind, one.device), one.runs) << one.code << " " << one.device;
}
