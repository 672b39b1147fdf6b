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

TEST(Target, TilesOfF16AreOfAmxFp16AndItsVectors) {
  for (const Target &each : allTargets())
    EXPECT_EQ(each.hasFp16Tiles(), each.name.starts_with("amx-fp16")) << each.name;
  EXPECT_TRUE(target("amx-fp16").supports(Feature::AmxFp16));
  EXPECT_TRUE(target("amx-fp16").supports(Feature::AmxInt8));
  EXPECT_FALSE(target("amx-fp16-vectors").supports(Feature::AmxFp16));
}

TEST(Target, NativeRunsHereAndIsTheBest) {
  EXPECT_TRUE(checkRunsHere(nativeTarget()));
  for (const Target &each : allTargets()) {
    if (each.name == nativeTarget().name)
      break;
    EXPECT_FALSE(checkRunsHere(each)) << each.name;
  }
}

/// A machine with everything.
static HostCpu xeonWithAmx() {
  HostCpu host;
  host.level = SimdLevel::Avx512;
  host.avx512 = host.avx512Bf16 = true;
  host.amx = {AmxState::Usable, /*bf16=*/true, /*int8=*/true, /*fp16=*/false};
  return host;
}

TEST(Target, AmxIsPickedWhereAProcessMayUseIt) {
  HostCpu host = xeonWithAmx();
  EXPECT_EQ(bestTarget(host).name, "amx");
  host.amx.fp16 = true;
  EXPECT_EQ(bestTarget(host).name, "amx-fp16");
  for (AmxState state : {AmxState::Absent, AmxState::NotSaved, AmxState::Refused}) {
    host.amx.state = state;
    EXPECT_EQ(bestTarget(host).name, "avx512bf16") << amxStateText(state);
  }
  for (bool HostAmx::*element : {&HostAmx::bf16, &HostAmx::int8}) {
    host = xeonWithAmx();
    host.amx.*element = false;
    EXPECT_EQ(bestTarget(host).name, "avx512bf16");
  }
}

TEST(Target, WithoutAmxTheWidestVectorsArePicked) {
  HostCpu host = xeonWithAmx();
  host.avx512Bf16 = false;
  EXPECT_EQ(bestTarget(host).name, "avx512");
  host.level = SimdLevel::Avx2;
  EXPECT_EQ(bestTarget(host).name, "avx512") << "Skylake has no VBMI";
  host.avx512 = false;
  EXPECT_EQ(bestTarget(host).name, "avx2");
  EXPECT_EQ(bestTarget(HostCpu()).name, "generic");
}

TEST(Target, AnArmRunsCodeForItsVectorsAlone) {
  HostCpu host;
  host.level = SimdLevel::Neon;
  EXPECT_EQ(bestTarget(host).name, "neon");
  host.arm.i8mm = true;
  EXPECT_EQ(bestTarget(host).name, "neon");
  host.arm.bf16 = true;
  EXPECT_EQ(bestTarget(host).name, "neon-bf16");
}

TEST(Target, CodeOfAnotherArchitectureIsRefused) {
  std::string other = hostSimdLevel() == SimdLevel::Neon ? "avx2" : "neon";
  Status here = checkRunsHere(target(other));
  ASSERT_FALSE(here);
  EXPECT_EQ(here.error().message(),
            "code for target '" + other + "' does not run on this machine, which has '" +
                std::string(nativeTarget().name) + "': use --target native");
}

TEST(Target, AmxIsFoundAsTheKernelFindsIt) {
  const HostAmx &amx = hostAmx();
#if !defined(__x86_64__)
  // An emulated processor's kernel lists what the machine has that emulates it.
  EXPECT_NE(amx.state, AmxState::Usable);
  GTEST_SKIP() << "AMX is of x86-64";
#endif
  EXPECT_EQ(amx.bf16, isListed("amx_bf16"));
  EXPECT_EQ(amx.int8, isListed("amx_int8"));
  // Linux knows it, if at all, as a feature that /proc/cpuinfo does not show.
  EXPECT_GE(amx.fp16, isListed("amx_fp16"));
  if (!isListed("amx_tile"))
    EXPECT_NE(amx.state, AmxState::Usable);
}

TEST(Target, CodeForAmxIsRefusedWithTheReason) {
  bool isUsable = hostAmx().state == AmxState::Usable;
  for (std::string name : {"amx", "amx-fp16"}) {
    Status here = checkRunsHere(target(name));
    if (isUsable && (name == "amx" || hostAmx().fp16)) {
      EXPECT_TRUE(here);
      continue;
    }
    ASSERT_FALSE(here);
    std::string reason(isUsable ? "this processor has no AMX of f16"
                                : amxStateText(hostAmx().state));
    EXPECT_EQ(here.error().message(),
              "code for target '" + name + "' does not run on this machine, which has '" +
                  std::string(nativeTarget().name) + "' (" + reason +
                  "): use --target native, or " + name + "-vectors for the same bits, slowly");
  }
}
