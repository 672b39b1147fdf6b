//===- Target.cpp - Machines that code is compiled for --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Target/Target.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <string>
#include <vector>

using namespace uwt;

static constexpr uint64_t featureMask(std::initializer_list<Feature> features) {
  uint64_t mask = 0;
  for (Feature feature : features)
    mask |= uint64_t(1) << static_cast<unsigned>(feature);
  return mask;
}

/// What targets for x86-64 have, each with what the one before it has.
static constexpr uint64_t avx2Features = featureMask({Feature::X86, Feature::Fma, Feature::Avx2}),
                          avx512Features = avx2Features | featureMask({Feature::Avx512}),
                          avx512Bf16Features = avx512Features | featureMask({Feature::Avx512Vbmi,
                                                                             Feature::Avx512Bf16,
                                                                             Feature::Avx512Vnni}),
                          amxFeatures = avx512Bf16Features |
                                        featureMask({Feature::AmxBf16, Feature::AmxInt8});

static constexpr Target cpuTargets[] = {
    {"amx-fp16", "x86-64 with AMX's tiles of f16 as well: Granite Rapids and later", "x86-64-v4",
     "+avx512vbmi,+avx512vbmi2,+avx512vnni,+avx512bf16,+amx-tile,+amx-bf16,+amx-int8,+amx-fp16",
     512, amxFeatures | featureMask({Feature::AmxFp16})},
    {"amx", "x86-64 with AMX's tiles of bf16 beside AVX-512: Sapphire Rapids and later",
     "x86-64-v4", "+avx512vbmi,+avx512vbmi2,+avx512vnni,+avx512bf16,+amx-tile,+amx-bf16,+amx-int8",
     512, amxFeatures},
    {"avx512bf16", "x86-64 with AVX-512 and its bf16 dot product: Zen 4, Cooper Lake and later",
     "x86-64-v4", "+avx512vbmi,+avx512vbmi2,+avx512vnni,+avx512bf16", 512, avx512Bf16Features},
    {"avx512", "x86-64 with AVX-512 F, BW, DQ, VL: Skylake-X and later", "x86-64-v4", "", 512,
     avx512Features},
    {"avx2", "x86-64 with AVX2 and FMA: Haswell, Zen and later", "x86-64-v3", "", 256,
     avx2Features},
    {"neon-bf16", "AArch64 with products of bf16: Neoverse N2 and V1, Graviton 3 and later",
     "generic", "+v8.2a,+bf16", 128, featureMask({Feature::Fma, Feature::Neon, Feature::NeonBf16})},
    {"neon", "any AArch64", "generic", "", 128, featureMask({Feature::Fma, Feature::Neon})},
    {"generic", "any machine: upstream operations only, LLVM's default instruction set", "", "",
     128, 0},
    {"amx-vectors", "the bits of amx without AMX, for tests: tiles are vectors of AVX2, slow",
     "x86-64-v3", "", 256, avx2Features | featureMask({Feature::VectorTiles})},
    {"amx-fp16-vectors", "the same for amx-fp16", "x86-64-v3", "", 256,
     avx2Features | featureMask({Feature::VectorTiles, Feature::VectorFp16Tiles})},
};

std::span<const Target> uwt::allTargets() { return cpuTargets; }

HostCpu uwt::hostCpu() {
  HostCpu host;
  host.level = hostSimdLevel();
  host.amx = hostAmx();
  host.arm = hostArm();
#if defined(__x86_64__)
  __builtin_cpu_init();
  host.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("avx512cd");
  host.avx512Bf16 = host.level == SimdLevel::Avx512 && __builtin_cpu_supports("avx512bf16") &&
                    __builtin_cpu_supports("avx512vnni");
#endif
  return host;
}

static bool runsOn(const HostCpu &host, const Target &target) {
  if (target.supports(Feature::AmxBf16))
    return host.avx512Bf16 && host.amx.state == AmxState::Usable && host.amx.bf16 &&
           host.amx.int8 && (host.amx.fp16 || !target.supports(Feature::AmxFp16));
  if (target.supports(Feature::Avx512Bf16))
    return host.avx512Bf16;
  if (target.supports(Feature::Avx512))
    return host.avx512;
  if (target.supports(Feature::NeonBf16))
    return host.level == SimdLevel::Neon && host.arm.bf16;
  if (target.supports(Feature::Neon))
    return host.level == SimdLevel::Neon;
  return !target.supports(Feature::Avx2) || host.level >= SimdLevel::Avx2;
}

const Target &uwt::bestTarget(const HostCpu &host) {
  return *std::ranges::find_if(cpuTargets,
                               [&](const Target &target) { return runsOn(host, target); });
}

const Target &uwt::nativeTarget() {
  static const Target &native = bestTarget(hostCpu());
  return native;
}

Expected<const Target *> uwt::findTarget(std::string_view name) {
  if (name == "native")
    return &nativeTarget();
  std::vector<std::string_view> names = {"native"};
  for (const Target &target : cpuTargets) {
    if (target.name == name)
      return &target;
    names.push_back(target.name);
  }
  std::string known;
  for (std::string_view each : names)
    known += (known.empty() ? "" : ", ") + std::string(each);
  return usageError("unknown target " + inQuotes(name) + didYouMean(name, names) +
                    "; targets are: " + known);
}

Status uwt::checkRunsHere(const Target &target) {
  if (runsOn(hostCpu(), target))
    return ok();
  std::string reason, others = "use --target native";
  if (target.supports(Feature::AmxBf16)) {
    if (hostAmx().state != AmxState::Usable)
      reason = " (" + std::string(amxStateText(hostAmx().state)) + ")";
    else if (target.supports(Feature::AmxFp16) && !hostAmx().fp16)
      reason = " (this processor has no AMX of f16)";
    others += ", or " + std::string(target.name) + "-vectors for the same bits, slowly";
  }
  return unsupportedError("code for target '" + std::string(target.name) +
                          "' does not run on this machine, which has '" +
                          std::string(nativeTarget().name) + "'" + reason + ": " + others);
}
