//===- KernelProfiles.cpp - Profiles of GPU kernels ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/KernelProfiles.h"
#include "KernelProfilesJson.h"
#include <nlohmann/json.hpp>

using namespace uwt;

static std::vector<KernelProfileRow> readTable() {
  std::vector<KernelProfileRow> rows;
  const auto table = nlohmann::json::parse(kernelProfilesJson);
  for (const auto &row : table.at("rows")) {
    KernelProfileRow &one = rows.emplace_back();
    one.target = row.at("target");
    one.format = row.at("format");
    KernelProfile &profile = one.profile;
    profile.slice = row.at("slice");
    profile.instructions = row.at("instructions_a_weight");
    profile.alu = row.at("alu_a_weight");
    profile.sharedBytes = row.at("shared_bytes_a_weight");
    profile.weightBytes = row.at("weight_bytes");
    profile.bytesInFlight = row.at("bytes_in_flight");
    profile.ctas = row.at("ctas");
    profile.rows = row.at("rows");
    profile.cluster = row.at("cluster");
    profile.streamWarps = row.at("stream_warps");
    profile.lookups = row.at("lookups_a_weight");
    profile.usesWarpgroups = row.at("warpgroups");
    profile.decodedBytes = row.at("decoded_bytes");
    profile.decodeInstructions = row.at("decode_instructions_a_weight");
    profile.decodeSharedBytes = row.at("decode_shared_bytes_a_weight");
    profile.launches = row.at("launches");
  }
  return rows;
}

std::span<const KernelProfileRow> uwt::kernelProfiles() {
  static const std::vector<KernelProfileRow> rows = readTable();
  return rows;
}

const KernelProfile *uwt::findKernelProfile(const GpuTarget &target, std::string_view format,
                                            uint64_t batch) {
  const KernelProfile *best = nullptr;
  for (const KernelProfileRow &row : kernelProfiles()) {
    if (row.target != target.name || row.format != format)
      continue;
    const KernelProfile &other = row.profile;
    bool isWide = other.slice >= batch, isBestWide = best && best->slice >= batch;
    if (!best || (isWide && (!isBestWide || other.slice < best->slice)) ||
        (!isBestWide && other.slice > best->slice))
      best = &other;
  }
  return best;
}
