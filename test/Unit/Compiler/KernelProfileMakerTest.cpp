//===- KernelProfileMakerTest.cpp - Profiles made when they are asked for -===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "TestFolders.h"
#include "lib/Compiler/KernelProfiles.h"
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>

using namespace uwt;
using namespace uwt::cuda_tools;
using namespace uwt::test;
namespace fs = std::filesystem;

namespace {

const GpuTarget &hopper() { return **findGpuTarget("sm_90a"); }
Format formatOf(const char *text) { return *Format::parse(text); }

/// Where there is no assembler.
struct WithoutPtxas {
  WithoutPtxas() { ::setenv("UWT_PTXAS", "/nowhere/ptxas", 1); }
  ~WithoutPtxas() { ::unsetenv("UWT_PTXAS"); }
};

/// Another one each time that a file is written.
ino_t inodeOf(const fs::path &file) {
  struct stat status{};
  EXPECT_EQ(::stat(file.c_str(), &status), 0);
  return status.st_ino;
}

} // namespace

TEST(KernelProfileMaker, TakesWhatTheTableHas) {
  WithoutPtxas without;
  TemporaryFolder folder;
  KernelProfileMaker maker(folder / "programs");
  auto found = maker.find(hopper(), runFormats().front(), 8);
  ASSERT_TRUE(holds(found));
  EXPECT_EQ(*found, *tableOfKernelProfiles().find(hopper(), runFormats().front(), 8));
  EXPECT_FALSE(fs::exists(folder / "programs"));
}

TEST(KernelProfileMaker, SaysWhyThereIsNone) {
  WithoutPtxas without;
  KernelProfileMaker maker;
  EXPECT_THAT(messageOf(maker.find(hopper(), formatOf("descend<5>"), 8)),
              testing::AllOf(testing::StartsWith("no kernel profile of descend<5> on sm_90a: "),
                             testing::HasSubstr("/nowhere/ptxas")));
  EXPECT_THAT(messageOf(maker.find(hopper(), formatOf("descend<5>, layout=row_major"), 8)),
              testing::HasSubstr("products need layout=fragment<16x16>"));
}

TEST(KernelProfileMaker, TakesAFolderOfOnesOwnOnly) {
  TemporaryFolder folder;
  fs::create_directory(folder / "shared");
  fs::permissions(folder / "shared", fs::perms::all);
  KernelProfileMaker maker(folder / "shared");
  EXPECT_THAT(messageOf(maker.find(hopper(), formatOf("descend<5>"), 8)),
              testing::HasSubstr("others may write to this folder"));
}

TEST(KernelProfileMaker, MachineCodeIsReadOnceForAllProcesses) {
  if (!findCudaTool(CudaTool::Ptxas, "") || !findCudaTool(CudaTool::Nvdisasm, ""))
    GTEST_SKIP() << "needs ptxas and nvdisasm";
  TemporaryFolder folder;
  KernelProfileMaker maker(folder / "programs");
  auto found = maker.find(hopper(), formatOf("descend<5>"), 1);
  ASSERT_TRUE(holds(found));
  const KernelProfile &profile = **found;
  EXPECT_EQ(profile.slice, 8u);
  // Five bits of exponent and eight of sign and mantissa, with some panels as words.
  EXPECT_GT(profile.weightBytes, 13.0 / 8);
  EXPECT_LT(profile.weightBytes, 2);
  EXPECT_GT(profile.instructions, 1);
  EXPECT_LT(profile.instructions, 20);
  // The same object for every m that the kernel serves.
  EXPECT_EQ(*maker.find(hopper(), formatOf("descend<5>, storage=k_major"), 8), &profile);

  std::vector<fs::path> files;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder / "programs/profiles"))
    files.push_back(entry.path());
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].extension(), ".uwtprofile");
  ino_t written = inodeOf(files[0]);
  KernelProfileMaker other(folder / "programs");
  auto again = other.find(hopper(), formatOf("descend<5>"), 8);
  ASSERT_TRUE(holds(again));
  EXPECT_NE(*again, &profile);
  EXPECT_EQ((*again)->instructions, profile.instructions);
  EXPECT_EQ(inodeOf(files[0]), written);
}
