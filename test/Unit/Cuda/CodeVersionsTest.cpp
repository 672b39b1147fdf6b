//===- CodeVersionsTest.cpp - Drivers older than the code of a pack -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaTesting.h"
#include "Pack/SamplePack.h"
#include "uwt/Cuda/Launch.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

/// A pack of one kernel on a driver of its own.
class CodeVersions : public testing::Test {
protected:
  CodeVersions() : path(copyOfFakeDriver(folder)), fake(freshFakeCuda(path)) {}

  void addCubin(uint8_t abi) {
    std::vector<uint8_t> image = sampleCubin();
    constexpr size_t abiVersion = 8;
    image[abiVersion] = abi;
    add(writer.addCode(CodeKind::Cubin, "sm_90a", image));
  }
  void addPtx(std::string_view version) {
    std::string text = "//\n.version " + std::string(version) + "\n.target sm_90a\n";
    add(writer.addCode(CodeKind::Ptx, "sm_90a",
                       {reinterpret_cast<const uint8_t *>(text.data()), text.size()}));
  }
  void add(uint32_t code) {
    KernelEntry entry = sampleKernel();
    entry.code = code;
    writer.addKernel(entry);
  }
  /// The kind of code that runs.
  Expected<CodeKind> select() {
    if (!pack) {
      UWT_ASSIGN_OR_RETURN(CudaDevicePtr device, fakeDevice(path));
      UWT_ASSIGN_OR_RETURN(bytes, writer.bytes());
      UWT_ASSIGN_OR_RETURN(auto parsed, KernelPack::parse(bytes));
      pack.emplace(device, parsed, [this](const std::string &note) { notes.push_back(note); });
    }
    KernelQuery query;
    query.target = "sm_90";
    query.format = sampleKernel().format;
    query.n = query.k = 64;
    UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack->select(query));
    return pack->pack().codeObjects()[entry->code].kind;
  }

  TemporaryFolder folder;
  std::string path;
  FakeCuda &fake;
  KernelPackWriter writer;
  std::vector<uint8_t> bytes;
  std::optional<DevicePack> pack;
  std::vector<std::string> notes;
};

const std::string tooOld = "machine code for sm_90a needs a driver for CUDA 13 (NVIDIA driver 580 "
                           "or newer), and this one is for CUDA 12.4; update the NVIDIA driver";
const std::string asPtx =
    "kernels are compiled from PTX by the driver, which takes longer when they are loaded: ";

} // namespace

TEST_F(CodeVersions, AnOlderDriverCompilesThePtxAndSaysSoOnce) {
  fake.version = 12040;
  writer.addTool("ptxas", "13.0.88");
  addCubin(8);
  addPtx("8.0");
  for (int i = 0; i < 2; ++i) {
    auto kind = select();
    ASSERT_TRUE(holds(kind));
    EXPECT_EQ(*kind, CodeKind::Ptx);
  }
  EXPECT_THAT(notes, ElementsAre(asPtx + tooOld));
}

TEST_F(CodeVersions, ANewDriverRunsTheMachineCode) {
  writer.addTool("ptxas", "13.0.88");
  addCubin(8);
  addPtx("8.0");
  auto kind = select();
  ASSERT_TRUE(holds(kind));
  EXPECT_EQ(*kind, CodeKind::Cubin);
  EXPECT_THAT(notes, ElementsAre());
}

TEST_F(CodeVersions, MachineCodeOfTheSameMajorVersionRuns) {
  fake.version = 12040;
  writer.addTool("ptxas", "12.9.41");
  addCubin(7);
  auto kind = select();
  ASSERT_TRUE(holds(kind));
  EXPECT_EQ(*kind, CodeKind::Cubin);
}

TEST_F(CodeVersions, WithoutTheAssemblersVersionTheFileTells) {
  fake.version = 12040;
  addCubin(8);
  addPtx("8.0");
  ASSERT_TRUE(holds(select()));
  EXPECT_THAT(notes, ElementsAre(asPtx + tooOld));
}

TEST_F(CodeVersions, WhatTheDriverRefusesItselfFallsBackToo) {
  fake.newestAbi = 8;
  addCubin(9);
  addPtx("9.0");
  auto kind = select();
  ASSERT_TRUE(holds(kind));
  EXPECT_EQ(*kind, CodeKind::Ptx);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_THAT(notes[0], HasSubstr("or of a newer CUDA than this driver"));
  // It is not asked again.
  size_t loads = static_cast<size_t>(std::ranges::count(fake.calls, "cuModuleLoadDataEx"));
  EXPECT_EQ(loads, 2u);
  ASSERT_TRUE(holds(select()));
  EXPECT_EQ(static_cast<size_t>(std::ranges::count(fake.calls, "cuModuleLoadDataEx")), loads);
}

TEST_F(CodeVersions, WithoutPtxTheErrorNamesTheDriver) {
  fake.version = 12040;
  writer.addTool("ptxas", "13.0.88");
  addCubin(8);
  auto kind = select();
  EXPECT_EQ(messageOf(kind), tooOld);
  EXPECT_EQ(kind.error().getKind(), ErrorKind::Unsupported);
  EXPECT_THAT(notes, ElementsAre());
}

TEST_F(CodeVersions, WithoutACompilerForPtxTheErrorNamesBoth) {
  fake.version = 12040;
  fake.compilesPtx = false;
  writer.addTool("ptxas", "13.0.88");
  addCubin(8);
  addPtx("8.0");
  auto kind = select();
  EXPECT_THAT(messageOf(kind), HasSubstr(tooOld + "; nor is its PTX taken: cuModuleLoadDataEx"));
  EXPECT_THAT(messageOf(kind), HasSubstr("libnvidia-ptxjitcompiler.so.1: install it"));
  EXPECT_THAT(messageOf(kind), Not(HasSubstr("damaged")));
  EXPECT_EQ(kind.error().getKind(), ErrorKind::Unsupported);
}

TEST_F(CodeVersions, PtxThatIsTooNewNamesTheReleaseThatBroughtIt) {
  fake.version = 12040;
  fake.newestPtx = 8.4;
  addPtx("8.7");
  EXPECT_THAT(messageOf(select()),
              HasSubstr("PTX 8.7 for sm_90a needs a driver for CUDA 12.8, and this one is for CUDA "
                        "12.4; update the NVIDIA driver ("));
}

TEST_F(CodeVersions, AFullDeviceIsNoReasonForPtx) {
  addCubin(7);
  addPtx("8.0");
  // Opening the device makes as many calls as before.
  ASSERT_TRUE(holds(fakeDevice(path)));
  fake.calls.clear();
  ASSERT_TRUE(holds(fakeDevice(path)));
  fake.failAt = 2 * static_cast<long>(fake.calls.size());
  fake.failure = 2;
  auto kind = select();
  ASSERT_FALSE(kind);
  EXPECT_EQ(fake.calls.back(), "cuModuleLoadDataEx");
  EXPECT_EQ(kind.error().getKind(), ErrorKind::IO);
  fake.failAt = -1;
  kind = select();
  ASSERT_TRUE(holds(kind));
  EXPECT_EQ(*kind, CodeKind::Cubin);
}
