//===- GpuTarget.cpp - GPUs that kernels are compiled for -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Target/GpuTarget.h"
#include "uwt/Support/Suggest.h"

using namespace uwt;

static constexpr uint64_t featureMask(std::initializer_list<GpuFeature> features) {
  uint64_t mask = 0;
  for (GpuFeature feature : features)
    mask |= uint64_t(1) << static_cast<unsigned>(feature);
  return mask;
}

static constexpr unsigned kib = 1024;

// Limits: CUDA C++ Programming Guide, "Compute Capabilities", table of technical specifications.
// Tensor cores: NVIDIA's whitepapers on the architectures (A100, GA102, Ada, H100, RTX Blackwell
// PRO). Features: PTX ISA, "Target ISA Notes" of the instruction that each one is named for.
static constexpr GpuTarget gpuTargets[] = {
    {"sm_80", "Ampere data-centre parts: A100, A30", 78, 163 * kib, 164 * kib, 255, 2048, 32, 1024,
     featureMask({GpuFeature::CpAsync})},
    {"sm_86", "Ampere: A10, A40, RTX 30", 78, 99 * kib, 100 * kib, 255, 1536, 16, 512,
     featureMask({GpuFeature::CpAsync})},
    {"sm_89", "Ada: L4, L40S, RTX 40", 78, 99 * kib, 100 * kib, 255, 1536, 24, 512,
     featureMask({GpuFeature::CpAsync})},
    {"sm_90a", "Hopper: H100, H200", 80, 227 * kib, 228 * kib, 255, 2048, 32, 2048,
     featureMask({GpuFeature::CpAsync, GpuFeature::BulkCopy, GpuFeature::Wgmma,
                  GpuFeature::ClusterMulticast, GpuFeature::DependentLaunch,
                  GpuFeature::Bf16Multiply, GpuFeature::SetMaxRegisters})},
    {"sm_120a", "Blackwell consumer parts: RTX 50, RTX PRO", 87, 99 * kib, 100 * kib, 255, 1536, 24,
     512,
     featureMask({GpuFeature::CpAsync, GpuFeature::BulkCopy, GpuFeature::DependentLaunch,
                  GpuFeature::Bf16Multiply, GpuFeature::SetMaxRegisters})},
};

std::span<const GpuTarget> uwt::allGpuTargets() { return gpuTargets; }

Expected<const GpuTarget *> uwt::findGpuTarget(std::string_view name) {
  std::vector<std::string_view> names;
  std::string known;
  for (const GpuTarget &target : gpuTargets) {
    if (target.name == name)
      return &target;
    names.push_back(target.name);
    known += (known.empty() ? "" : ", ") + std::string(target.name);
  }
  return usageError("unknown GPU target " + inQuotes(name) + didYouMean(name, names) +
                    "; GPU targets are: " + known);
}

uint64_t uwt::evenCtas(uint64_t ctas, uint64_t outputTiles) {
  if (ctas == 0 || outputTiles == 0)
    return ctas;
  uint64_t tilesOfCta = outputTiles / ctas + (outputTiles % ctas != 0);
  uint64_t even = outputTiles <= ctas ? ctas / outputTiles * outputTiles : outputTiles / tilesOfCta;
  bool isEven = outputTiles <= ctas || outputTiles % tilesOfCta == 0;
  return isEven && ctas - even <= ctas / 16 ? even : ctas;
}

std::string_view uwt::nameOf(GpuFeature feature) {
  switch (feature) {
  case GpuFeature::CpAsync:
    return "cp.async";
  case GpuFeature::BulkCopy:
    return "cp.async.bulk";
  case GpuFeature::Wgmma:
    return "wgmma";
  case GpuFeature::ClusterMulticast:
    return "cluster multicast";
  case GpuFeature::DependentLaunch:
    return "griddepcontrol";
  case GpuFeature::Bf16Multiply:
    return "mul.rn.bf16x2";
  case GpuFeature::SetMaxRegisters:
    return "setmaxnreg";
  }
  return "?";
}

static bool supportsAll(const GpuTarget &target, std::span<const GpuFeature> needed) {
  for (GpuFeature feature : needed)
    if (!target.supports(feature))
      return false;
  return true;
}

Status uwt::checkSupports(const GpuTarget &target, std::string_view what,
                          std::span<const GpuFeature> needed) {
  if (supportsAll(target, needed))
    return ok();
  std::string missing, able;
  for (GpuFeature feature : needed)
    if (!target.supports(feature))
      missing += (missing.empty() ? "" : ", ") + std::string(nameOf(feature));
  for (const GpuTarget &each : gpuTargets)
    if (supportsAll(each, needed))
      able += (able.empty() ? "" : ", ") + std::string(each.name);
  return unsupportedError(std::string(what) + " needs " + missing + ", which GPU target '" +
                          std::string(target.name) + "' lacks; " +
                          (able.empty() ? "no target has it" : "it is made for: " + able));
}
