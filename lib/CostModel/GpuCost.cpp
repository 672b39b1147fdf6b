//===- GpuCost.cpp - Predicted times of a product on a GPU ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/GpuCost.h"
#include <algorithm>
#include <cmath>

using namespace uwt;

/// The limits by name, in the order in which ties are broken.
static std::pair<std::string_view, double> slowest(const GpuPrediction &prediction) {
  const std::pair<std::string_view, double> limits[] = {
      {"memory", prediction.memory}, {"cache", prediction.cache},   {"issue", prediction.issue},
      {"alu", prediction.alu},       {"shared", prediction.shared}, {"matrix", prediction.matrix},
      {"chain", prediction.chain}};
  return *std::ranges::max_element(limits, {}, [](const auto &limit) { return limit.second; });
}

std::string_view GpuPrediction::limit() const { return slowest(*this).first; }

/// Of a weight that is decoded before, what stays where it is: a byte of raw fields, or nothing.
static double bytesLeft(const KernelProfile &profile) { return profile.decodedBytes < 2 ? 1 : 0; }

double uwt::bytesRead(const KernelProfile &profile) {
  return profile.decodedBytes > 0 ? bytesLeft(profile) + profile.decodedBytes : profile.weightBytes;
}

/// Reading what there is of a weight, and writing what is decoded before; or the work of that.
static double decodeTime(const GpuBoard &board, const KernelProfile &profile, double weights,
                         const GpuAssumptions &constants) {
  if (profile.decodedBytes == 0)
    return 0;
  double machine = board.clockGHz * 1e3 * board.sms;
  double moved = profile.weightBytes - bytesLeft(profile) + profile.decodedBytes;
  return weights * std::max({moved / (board.memoryGBs * 1e3 * constants.memoryShare),
                             profile.decodeInstructions /
                                 (smIssuedLanesPerClock * machine * constants.issueShare),
                             profile.decodeSharedBytes / (smSharedBytesPerClock * machine)});
}

/// How often weights come from memory: each slice goes through all of them, and finds them in the
/// second-level cache only where that holds them, or where warps take all slices of a unit in turn.
static double readings(const GpuBoard &board, const KernelProfile &profile,
                       const GpuProblem &problem) {
  double bytes =
      static_cast<double>(problem.n) * static_cast<double>(problem.k) * bytesRead(profile);
  if (profile.streamWarps != 0 || bytes <= board.l2MB * (1 << 20))
    return 1;
  return std::ceil(static_cast<double>(problem.m) / profile.slice);
}

/// Reading weights, x and y, by as many bytes on their way as there are.
static double memoryTime(const GpuBoard &board, const KernelProfile &profile,
                         const GpuProblem &problem, const GpuAssumptions &constants) {
  double perMicrosecond = board.memoryGBs * 1e3 * constants.memoryShare;
  double weights = static_cast<double>(problem.n) * static_cast<double>(problem.k);
  double xy = 2.0 * static_cast<double>(problem.m) * static_cast<double>(problem.n + problem.k);
  double needed = perMicrosecond * constants.memoryLatency / board.sms;
  double stall = profile.bytesInFlight > 0 ? std::max(1.0, needed / profile.bytesInFlight) : 1;
  return (weights * bytesRead(profile) * readings(board, profile, problem) + xy) / perMicrosecond *
         stall;
}

GpuPrediction uwt::predictGpu(const GpuBoard &board, const KernelProfile &profile,
                              const GpuProblem &problem, const GpuAssumptions &constants) {
  double weights = static_cast<double>(problem.n) * static_cast<double>(problem.k);
  double slices = std::ceil(static_cast<double>(problem.m) / profile.slice);
  double clocks = board.clockGHz * 1e3, machine = clocks * board.sms;
  // Rows of x that are multiplied, padding in.
  double padded = slices * profile.slice;
  GpuPrediction result;
  result.memory = memoryTime(board, profile, problem, constants);
  // Weights again for each slice, x for the rows of each cluster, partial sums of all workgroups.
  double x = weights / (profile.tileN * profile.cluster) * 2 * padded;
  double partials = 2.0 * 4 * profile.tileN * profile.slice * profile.ctas * board.sms;
  result.cache = (weights * bytesRead(profile) * slices + x + partials) /
                 (constants.cacheBytesPerClock * machine);
  result.alu = weights * slices * profile.alu / (smAluLanesPerClock * machine);
  result.issue = weights * slices * profile.instructions /
                 (smIssuedLanesPerClock * machine * constants.issueShare);
  result.shared = weights * slices * profile.sharedBytes / (smSharedBytesPerClock * machine);
  if (profile.streamWarps != 0)
    result.chain = weights * slices * profile.lookups * constants.lookupClocks /
                   (32 * profile.streamWarps * machine);
  double share = profile.usesWarpgroups ? constants.warpgroupShare : constants.warpShare;
  result.matrix = weights * padded / (board.target->matrixFmasPerClock * machine * share);
  double before = (profile.launches - 1) * constants.dependentLaunch;
  result.fixed = constants.launch + std::max(before, constants.ramp) + constants.reduction;
  result.decode = decodeTime(board, profile, weights, constants);
  result.total = result.fixed + result.decode + slowest(result).second * constants.overlap;
  return result;
}

double uwt::rawRoof(const GpuBoard &board, const GpuProblem &problem,
                    const GpuAssumptions &constants) {
  double bytes = 2 * (static_cast<double>(problem.n) * static_cast<double>(problem.k) +
                      static_cast<double>(problem.m) * static_cast<double>(problem.n + problem.k));
  double memory = bytes / (board.memoryGBs * 1e3 * constants.memoryShare);
  double padded = 8 * std::ceil(static_cast<double>(problem.m) / 8);
  double products = static_cast<double>(problem.n) * static_cast<double>(problem.k) * padded;
  double share =
      board.target->supports(GpuFeature::Wgmma) ? constants.warpgroupShare : constants.warpShare;
  double matrix =
      products / (board.target->matrixFmasPerClock * board.clockGHz * 1e3 * board.sms * share);
  return std::max(memory, matrix) * constants.overlap + constants.launch + constants.ramp +
         constants.reduction;
}

const GpuBoard *uwt::usualBoard(const GpuTarget &target) {
  const GpuBoard *first = nullptr;
  for (const GpuBoard &each : builtInGpuBoards()) {
    if (each.target != &target)
      continue;
    if (each.name == "H200")
      return &each;
    if (!first)
      first = &each;
  }
  return first;
}
