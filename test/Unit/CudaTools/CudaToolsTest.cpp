//===- CudaToolsTest.cpp - ptxas and nvdisasm, found and run --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CudaTools/CudaTools.h"
#include "TestFolders.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>

using namespace uwt;
using namespace uwt::cuda_tools;
using namespace uwt::machine_code;

namespace {

/// Sets or unsets a variable of the environment, and puts it back.
class ScopedVariable {
public:
  ScopedVariable(const char *name, const char *value) : name(name) {
    if (const char *old = std::getenv(name))
      before = old;
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  ~ScopedVariable() { before ? setenv(name, before->c_str(), 1) : unsetenv(name); }

private:
  const char *name;
  std::optional<std::string> before;
};

/// A folder with programs that stand for those of the CUDA toolkit.
struct Folder : test::TemporaryFolder {
  std::string script(const std::string &name, const std::string &body) const {
    std::filesystem::path file = *this / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << "#!/bin/sh\n" << body << '\n';
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    return file;
  }
};

constexpr const char *messages = R"(ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'one' for 'sm_90a'
ptxas info    : Function properties for one
    8 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 168 registers, used 2 barriers, 8 bytes cumulative stack size, 1040 bytes smem
ptxas info    : Compile time = 26.111 ms
ptxas info    : Compiling entry function 'two' for 'sm_90a'
ptxas info    : Function properties for two
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 16 registers, used 0 barriers
)";

} // namespace

TEST(CudaTools, MessagesHaveResources) {
  std::vector<KernelResources> kernels = parsePtxasMessages(messages);
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[0].name, "one");
  EXPECT_EQ(kernels[0].registers, 168u);
  EXPECT_EQ(kernels[0].barriers, 2u);
  EXPECT_EQ(kernels[0].stackBytes, 8u);
  EXPECT_EQ(kernels[0].sharedBytes, 1040u);
  EXPECT_EQ(kernels[1].name, "two");
  EXPECT_EQ(kernels[1].registers, 16u);
  EXPECT_EQ(kernels[1].sharedBytes, 0u);
  EXPECT_TRUE(checkPtxasMessages(messages));
}

TEST(CudaTools, SpillsAndSerialisedMatrixInstructionsAreErrors) {
  Status spill =
      checkPtxasMessages("    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads\n");
  ASSERT_FALSE(spill);
  EXPECT_EQ(spill.error().message(), "ptxas spills registers to memory: 8 bytes stack frame, 4 "
                                     "bytes spill stores, 12 bytes spill loads");
  Status serial = checkPtxasMessages("ptxas info : (C7513) Potential Performance Loss: ...\n");
  ASSERT_FALSE(serial);
  EXPECT_EQ(serial.error().message(), "ptxas serialises matrix instructions: ptxas info : (C7513) "
                                      "Potential Performance Loss: ...");
}

TEST(CudaTools, APathThatIsGivenIsTaken) {
  Folder folder;
  std::string tool = folder.script("mine", "exit 0");
  ScopedVariable variable("UWT_PTXAS", "/nowhere/ptxas");
  Expected<std::string> found = findCudaTool(CudaTool::Ptxas, tool);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, tool);
  found = findCudaTool(CudaTool::Ptxas, "");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().getKind(), ErrorKind::IO);
  EXPECT_EQ(found.error().message(), "UWT_PTXAS is no program: '/nowhere/ptxas'");
  found = findCudaTool(CudaTool::Ptxas, "/nowhere/else");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message(), "the path given for ptxas is no program: '/nowhere/else'");
}

TEST(CudaTools, TheActiveEnvironmentIsSearched) {
  Folder folder;
  std::string tool =
      folder.script("lib/python3.11/site-packages/nvidia/cu13/bin/nvdisasm", "exit 0");
  ScopedVariable path("PATH", "/nowhere"), given("UWT_NVDISASM", nullptr);
  ScopedVariable environment("VIRTUAL_ENV", folder.path.c_str());
  Expected<std::string> found = findCudaTool(CudaTool::Nvdisasm, "");
  ASSERT_TRUE(found) << found.error().message();
  if (*found == "/usr/local/cuda/bin/nvdisasm")
    GTEST_SKIP() << "the CUDA toolkit's nvdisasm comes first";
  EXPECT_EQ(*found, tool);
}

TEST(CudaTools, AToolsFailureHasItsMessages) {
  Folder folder;
  std::string good = folder.script("good", "echo out \"$1\"; echo err >&2");
  Expected<std::string> printed = runCudaTool(good, {"a b"}, 10);
  ASSERT_TRUE(printed) << printed.error().message();
  EXPECT_EQ(*printed, "out a b\nerr\n");
  std::string bad = folder.script("bad", "echo it is wrong; exit 3");
  printed = runCudaTool(bad, {}, 10);
  ASSERT_FALSE(printed);
  EXPECT_EQ(printed.error().getKind(), ErrorKind::Invalid);
  EXPECT_EQ(printed.error().message(), "bad failed: it is wrong");
}

TEST(CudaTools, AToolThatHangsIsStopped) {
  Folder folder;
  std::string slow = folder.script("slow", "exec sleep 60");
  Expected<std::string> printed = runCudaTool(slow, {}, 1);
  ASSERT_FALSE(printed);
  EXPECT_EQ(printed.error().getKind(), ErrorKind::Unsupported);
  EXPECT_EQ(printed.error().message(), "slow crashed or took longer than 1 s: Child timed out");
}
