//===- KernelProfiles.cpp - Profiles of GPU kernels -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/KernelProfiles.h"
#include "KernelProfilesJson.h"
#include "uwt/Support/JsonTree.h"

using namespace uwt;

/// Throws what nlohmann's library does.
static CopyingProfile readCopying(const nlohmann::json &object) {
  CopyingProfile copying;
  copying.firstInstructions = object.at("first_instructions");
  copying.lastInstructions = object.at("last_instructions");
  copying.tripInstructions = object.at("trip_instructions");
  copying.firstLoads = object.at("first_loads");
  copying.lastLoads = object.at("last_loads");
  copying.tripLoads = object.at("trip_loads");
  copying.loadsInFlight = object.at("loads_in_flight");
  copying.tableBytes = object.at("table_bytes");
  copying.announcesByCopies = object.at("announces_by_copies");
  return copying;
}

/// Throws what nlohmann's library does.
static void readRing(const nlohmann::json &row, KernelProfile &profile) {
  profile.packIsDependent = row.at("pack_is_dependent");
  profile.productIsDependent = row.at("product_is_dependent");
  profile.stages = row.at("ring_stages");
  profile.consumerWarps = row.at("consumer_warps");
  profile.stageWeights = row.at("stage_weights");
  profile.copying = readCopying(row.at("copying"));
  profile.clusterFences = row.at("cluster_fences");
  profile.handOffFences = row.at("hand_off_fences");
}

/// Throws what nlohmann's library does.
static std::vector<KernelProfileRow> readTable(std::string_view json) {
  std::vector<KernelProfileRow> rows;
  const auto table = parseJsonTreeOrNone(json);
  for (const auto &row : table.at("rows")) {
    KernelProfileRow &one = rows.emplace_back();
    one.target = row.at("target");
    one.format = row.at("format");
    one.m = row.at("m");
    KernelProfile &profile = one.profile;
    profile.slice = row.at("slice");
    profile.instructions = row.at("instructions_a_weight");
    profile.alu = row.at("alu_a_weight");
    profile.sharedBytes = row.at("shared_bytes_a_weight");
    profile.weightBytes = row.at("weight_bytes");
    profile.bytesInFlight = row.at("bytes_in_flight");
    profile.ctas = row.at("ctas");
    profile.tileN = row.at("tile_n");
    profile.cluster = row.at("cluster");
    profile.streamWarps = row.at("stream_warps");
    profile.lookups = row.at("lookups_a_weight");
    profile.usesWarpgroups = row.at("warpgroups");
    profile.decodedBytes = row.at("decoded_bytes");
    profile.decodeInstructions = row.at("decode_instructions_a_weight");
    profile.decodeSharedBytes = row.at("decode_shared_bytes_a_weight");
    profile.launches = row.at("launches");
    readRing(row, profile);
  }
  return rows;
}

std::span<const KernelProfileRow> uwt::kernelProfiles() {
  static const std::vector<KernelProfileRow> rows = readTable(kernelProfilesJson);
  return rows;
}

const KernelProfile *uwt::findKernelProfile(const GpuTarget &target, std::string_view format,
                                            uint64_t m) {
  const KernelProfile *best = nullptr;
  for (const KernelProfileRow &row : kernelProfiles()) {
    if (row.target != target.name || row.format != format)
      continue;
    const KernelProfile &other = row.profile;
    bool isWide = other.slice >= m, isBestWide = best && best->slice >= m;
    if (!best || (isWide && (!isBestWide || other.slice < best->slice)) ||
        (!isBestWide && other.slice > best->slice))
      best = &other;
  }
  return best;
}

uint64_t uwt::profiledM(const GpuTarget &target, uint64_t m) {
  uint64_t best = 0;
  for (const KernelProfileRow &row : kernelProfiles()) {
    if (row.target != target.name)
      continue;
    bool isWide = row.m >= m, isBestWide = best >= m;
    if (best == 0 || (isWide && (!isBestWide || row.m < best)) || (!isBestWide && row.m > best))
      best = row.m;
  }
  return best ? best : std::max<uint64_t>(m, 1);
}

Expected<std::vector<KernelProfileRow>> uwt::parseKernelProfiles(std::string_view json) {
  try {
    return readTable(json);
  } catch (const nlohmann::json::exception &error) {
    return invalidError(std::string("these are no kernel profiles: ") + error.what());
  }
}

namespace {
class ProfileTable final : public KernelProfileSource {
public:
  Expected<const KernelProfile *> find(const GpuTarget &target, const Format &format,
                                       uint64_t m) override {
    std::string text = format.ofMatrices().str();
    if (const KernelProfile *profile = findKernelProfile(target, text, m))
      return profile;
    return unsupportedError("the table of kernel profiles has no " + text + " for " +
                            std::string(target.name));
  }
};
} // namespace

KernelProfileSource &uwt::tableOfKernelProfiles() {
  static ProfileTable table;
  return table;
}
