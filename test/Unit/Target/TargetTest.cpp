//===- TargetTest.cpp - Targets that are CPUs -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Target/Target.h"
#include "uwt/Support/Cpu.h"
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>

using namespace uwt;

static const Target &target(std::string_view name) { return **findTarget(name); }

/// Whether the kernel lists a feature of the processor.
static bool isListed(const std::string &feature) {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("flags"))
      continue;
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (word == feature)
        return true;
    return false;
  }
  return false;
}

TEST(Target, TilesAreOfAmxAndItsVectors) {
  for (const Target &each : allTargets())
    EXPECT_EQ(each.hasTiles(), each.name.starts_with("amx")) << each.name;
  EXPECT_TRUE(target("amx").supports(Feature::AmxBf16));
  EXPECT_FALSE(target("amx-vectors").supports(Feature::AmxBf16));
  EXPECT_TRUE(target("amx-vectors").supports(Feature::VectorTiles));
}

TEST(Target, NativeRunsHereWithoutTiles) {
  EXPECT_TRUE(checkRunsHere(nativeTarget()));
  EXPECT_FALSE(nativeTarget().hasTiles());
}

TEST(Target, AmxIsFoundAsTheKernelFindsIt) {
  const HostAmx &amx = hostAmx();
  EXPECT_EQ(amx.bf16, isListed("amx_bf16"));
  EXPECT_EQ(amx.int8, isListed("amx_int8"));
  EXPECT_EQ(amx.fp16, isListed("amx_fp16"));
  if (!isListed("amx_tile"))
    EXPECT_NE(amx.state, AmxState::Usable);
}

TEST(Target, CodeForAmxIsRefusedWithTheReason) {
  Status here = checkRunsHere(target("amx"));
  if (hostAmx().state == AmxState::Usable) {
    EXPECT_TRUE(here);
    return;
  }
  ASSERT_FALSE(here);
  EXPECT_EQ(here.error().message(),
            "code for target 'amx' does not run on this machine, which has '" +
                std::string(nativeTarget().name) + "' (" +
                std::string(amxStateText(hostAmx().state)) +
                "): use --target native, or amx-vectors for the same bits, slowly");
}
