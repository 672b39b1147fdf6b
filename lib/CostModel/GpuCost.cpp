//===- GpuCost.cpp - Predicted times of a product on a GPU ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/GpuCost.h"
#include "uwt/CostModel/RingTime.h"
#include <algorithm>
#include <cmath>

using namespace uwt;

/// The limits by name, in the order in which ties are broken.
static std::pair<std::string_view, double> slowest(const GpuPrediction &prediction) {
  const std::pair<std::string_view, double> limits[] = {
      {"memory", prediction.memory}, {"cache", prediction.cache},    {"issue", prediction.issue},
      {"alu", prediction.alu},       {"shared", prediction.shared},  {"matrix", prediction.matrix},
      {"chain", prediction.chain},   {"copying", prediction.copying}};
  return *std::ranges::max_element(limits, {}, [](const auto &limit) { return limit.second; });
}

std::string_view GpuPrediction::limit() const {
  // Whole steps and the first latency are no turns.
  constexpr double muchLonger = 1.1;
  auto [name, time] = slowest(*this);
  return ring - prologue - quantisation > muchLonger * time ? "turn" : name;
}

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

/// Reading weights, x and y. Where no ring says how many bytes are on their way, those that there
/// are room for.
static double memoryTime(const GpuBoard &board, const KernelProfile &profile,
                         const GpuProblem &problem, const GpuAssumptions &constants) {
  double perMicrosecond = board.memoryGBs * 1e3 * constants.memoryShare;
  double weights = static_cast<double>(problem.n) * static_cast<double>(problem.k);
  double xy = 2.0 * static_cast<double>(problem.m) * static_cast<double>(problem.n + problem.k);
  double needed = perMicrosecond * constants.loadedLatency / board.sms;
  bool isKnown = profile.bytesInFlight > 0 && !profile.hasRing();
  double stall = isKnown ? std::max(1.0, needed / profile.bytesInFlight) : 1;
  return (weights * bytesRead(profile) * readings(board, profile, problem) + xy) / perMicrosecond *
         stall;
}

//===----------------------------------------------------------------------===//
// The ring
//===----------------------------------------------------------------------===//

namespace {
/// How a product's stages are shared by CTAs.
struct WorkShares {
  /// CTAs that run, those of a multiprocessor, and stages that one goes through on average.
  double ctas = 1, ctasOfSm = 1, steps = 1;
};

/// Times a ring, with all that a board, a profile and a problem say.
class RingModel {
public:
  RingModel(const GpuBoard &board, const KernelProfile &profile, const GpuProblem &problem,
            const GpuAssumptions &constants)
      : board(board), profile(profile), problem(problem), constants(constants),
        clocks(board.clockGHz * 1e3) {}

  /// `cluster`: CTAs that wait for each other.
  RingTiming timing(const WorkShares &shares, unsigned cluster) const;
  WorkShares shares() const;
  /// Those of CTAs on all multiprocessors with equal shares of what there is, in parts of steps.
  WorkShares evenShares() const;
  double stageBytes() const { return profile.stageWeights * bytesRead(profile); }
  /// Of kernel pack.
  double packTime() const;
  /// Output tiles that a CTA has parts of beside other CTAs, at most.
  unsigned sharedTilesOfCta() const;

private:
  double tiles() const;
  double stagesOfTile() const;
  double partsOfTile() const {
    return std::ceil(static_cast<double>(problem.k) / profile.partColumns);
  }
  double xBytes() const { return profile.xBytes() * stageColumns() * profile.slice; }
  double stageColumns() const { return profile.stageWeights / profile.tileN; }
  double slices() const { return std::ceil(static_cast<double>(problem.m) / profile.slice); }
  double latencyOf(unsigned cluster) const;
  double consumeTime(double ctasOfSm) const;
  void addService(RingTiming &ring, const WorkShares &shares) const;
  void addCopying(RingTiming &ring) const;

  const GpuBoard &board;
  const KernelProfile &profile;
  const GpuProblem &problem;
  const GpuAssumptions &constants;
  double clocks;
};
} // namespace

double RingModel::tiles() const {
  double tilesOfN = std::ceil(static_cast<double>(problem.n) / profile.tileN);
  return std::ceil(tilesOfN / profile.cluster) * profile.cluster * slices();
}

double RingModel::stagesOfTile() const {
  return std::ceil(static_cast<double>(problem.k) / stageColumns());
}

WorkShares RingModel::shares() const {
  bool needsGroups = profile.cluster > 2;
  double sms = needsGroups ? board.sms / constants.clusterGroup * constants.clusterGroup
                           : board.sms / profile.cluster * profile.cluster;
  WorkShares result;
  double stages = tiles() * stagesOfTile();
  double parts = profile.partColumns == 0 ? stages : tiles() * partsOfTile();
  result.ctas = std::min(std::max(sms, 1.0) * profile.ctas, parts);
  if (profile.cluster == 1 && constants.hasEvenCtas)
    result.ctas = static_cast<double>(
        evenCtas(static_cast<uint64_t>(result.ctas), static_cast<uint64_t>(tiles())));
  result.steps = stages / result.ctas;
  if (profile.partColumns != 0) {
    // No more CTAs than have as many parts as any.
    double partsOfCta = std::ceil(parts / result.ctas);
    result.ctas = std::ceil(parts / partsOfCta);
    result.steps = partsOfCta * stagesOfTile() / partsOfTile();
  }
  result.ctasOfSm = std::clamp(result.ctas / board.sms, 1.0, double(profile.ctas));
  return result;
}

WorkShares RingModel::evenShares() const {
  double weights = static_cast<double>(problem.n) * static_cast<double>(problem.k) * slices();
  WorkShares result = shares();
  // Of few stages some have none, however they are shared.
  if (result.steps > 1)
    result.ctas = static_cast<double>(board.sms) * profile.ctas;
  result.steps = weights / profile.stageWeights / result.ctas;
  return result;
}

unsigned RingModel::sharedTilesOfCta() const {
  double ctas = shares().ctas;
  if (profile.partColumns != 0 && partsOfTile() == 1)
    return 0;
  if (tiles() >= ctas)
    return std::fmod(tiles(), ctas) == 0 ? 0 : 2;
  return std::fmod(ctas, tiles()) == 0 ? 1 : 2;
}

double RingModel::packTime() const {
  double x = 2.0 * static_cast<double>(problem.k) * slices() * profile.slice;
  // Read and written.
  return constants.pack + 2 * x / (constants.cacheBytesPerClock * clocks * board.sms);
}

/// The slowest of so many latencies, each as likely as any other from the least to the most.
double RingModel::latencyOf(unsigned cluster) const {
  double range = constants.maxLatency - constants.minLatency;
  return constants.memoryLatency * (constants.minLatency + range * cluster / (cluster + 1.0));
}

/// By what a multiprocessor does in a clock, or by the instructions of a warp, one after another.
double RingModel::consumeTime(double ctasOfSm) const {
  double matrixShare = profile.usesWarpgroups ? constants.warpgroupShare : constants.warpShare;
  double weightClocks = std::max(
      {profile.instructions / (smIssuedLanesPerClock * constants.issueShare),
       profile.alu / smAluLanesPerClock, profile.sharedBytes / smSharedBytesPerClock,
       profile.slice * profile.matrixWork() / (board.target->matrixFmasPerClock * matrixShare)});
  double warp = profile.stageWeights * profile.instructions / 32 / profile.consumerWarps *
                constants.warpClocks;
  return std::max(profile.stageWeights * weightClocks * ctasOfSm, warp) / clocks;
}

void RingModel::addService(RingTiming &ring, const WorkShares &shares) const {
  double perMicrosecond = board.memoryGBs * 1e3 * constants.memoryShare;
  // Of all slices together, a weight comes from memory as often as this.
  double share = readings(board, profile, problem) / slices();
  // The last stage of a tile is as full as k lets it be.
  double full = static_cast<double>(problem.k) / (stagesOfTile() * stageColumns());
  double bytes = stageBytes() * full;
  double path = constants.cacheBytesPerClock * clocks / shares.ctasOfSm;
  double x = xBytes() / profile.cluster * full;
  ring.leastService = (bytes + x) / path;
  ring.service = std::max(bytes * share * shares.ctas / perMicrosecond, ring.leastService);
  double arriving = constants.arrivingBytesPerClock * clocks / shares.ctasOfSm;
  ring.xTime =
      constants.cacheLatency + std::max(xBytes() / profile.cluster / path, xBytes() / arriving);
}

void RingModel::addCopying(RingTiming &ring) const {
  const CopyingProfile &copying = profile.copying;
  double clock = constants.addressClocks / clocks, hit = constants.hitClocks / clocks;
  // Of the loads of a panel one reads the table of escapes; the others find panels in the cache.
  double tables = copying.tableBytes > 0 ? copying.panels : 0;
  auto split = [&](double loads, double instructions, double &time, double &misses) {
    misses = std::min(loads, tables);
    time = instructions * clock + (loads - misses) * hit;
  };
  split(copying.firstLoads, copying.firstInstructions, ring.firstCopy, ring.firstLoads);
  split(copying.lastLoads, copying.lastInstructions, ring.lastCopy, ring.lastLoads);
  split(copying.tripLoads, copying.tripInstructions, ring.trip, ring.tripLoads);
  // Of the first panel alone, which its first copy waits for.
  ring.firstLoads = std::min(ring.firstLoads, tables > 0 ? 1.0 : 0.0);
  ring.tableBytes = copying.tableBytes;
  ring.hitLatency = hit;
  // What is known ahead of an empty stage has to be found once all the same.
  ring.prologueLoads = std::max(copying.firstLoads, 1.0);
  ring.announcesLate = !copying.announcesByCopies;
}

RingTiming RingModel::timing(const WorkShares &shares, unsigned cluster) const {
  RingTiming ring;
  ring.stages = profile.stages;
  ring.panels = profile.copying.panels;
  ring.steps = shares.steps;
  ring.memoryLatency = latencyOf(cluster);
  ring.cacheLatency = constants.cacheLatency;
  ring.firstStage = constants.firstStage;
  ring.arrival = cluster > 1 ? constants.clusterArrival : constants.arrival;
  ring.consume = consumeTime(shares.ctasOfSm);
  addCopying(ring);
  addService(ring, shares);
  double pack = packTime();
  ring.begin = profile.productIsDependent ? constants.dependentLaunch : pack + constants.launch;
  // Clusters meet at the beginning and at the end.
  ring.begin += constants.fence * profile.clusterFences / 2;
  ring.xReady = std::max(pack, ring.begin);
  return ring;
}

/// When a ring would end whose CTAs had equal shares, in parts of stages.
static double evenTime(const RingModel &model, unsigned cluster) {
  WorkShares shares = model.evenShares();
  double whole = std::max(1.0, std::floor(shares.steps)), part = shares.steps - whole;
  RingTiming ring = model.timing(shares, cluster);
  ring.steps = whole;
  double before = ringTime(ring).end;
  ring.steps = whole + 1;
  return before + part * (ringTime(ring).end - before);
}

/// `limits`: the least time of all stages.
static void addRing(const RingModel &model, const KernelProfile &profile, const GpuBoard &board,
                    double limits, GpuPrediction &result) {
  WorkShares shares = model.shares();
  RingTiming timing = model.timing(shares, profile.cluster);
  RingTime time = ringTime(timing);
  result.prologue = time.firstFull;
  result.ring = std::max(time.end, time.firstFull - timing.service + limits);
  double misses = timing.tableBytes > 0 ? std::min(timing.tableBytes / 64, 1.0) : 0;
  result.copying = shares.steps * (timing.trip + timing.tripLoads * misses * timing.memoryLatency);
  double alone = ringTime(model.timing(shares, 1)).end;
  result.cluster = profile.cluster > 1 ? std::max(time.end - alone, 0.0) : 0;
  result.quantisation = std::max(time.end - evenTime(model, profile.cluster), 0.0);
  result.bytesOnTheirWay = time.stagesOnTheirWay * model.stageBytes() * shares.ctas / board.sms;
}

/// Work units that share an output tile hand sums over; results are stored. `sharedTiles`: output
/// tiles that a CTA shares with others, of two of which it hands one over before the end.
static double tailTime(const GpuBoard &board, const KernelProfile &profile, unsigned sharedTiles,
                       const GpuAssumptions &constants) {
  // Partial sums, written and read.
  double bytes = sharedTiles == 0 ? 0 : 2.0 * 4 * profile.tileN * profile.slice * profile.ctas;
  unsigned earlier = sharedTiles > 1 ? 1 : 0;
  double fences = profile.handOffFences != 0 ? 1 + earlier : 0;
  return (3 + earlier) * constants.handOffTrip +
         constants.fence * (fences + profile.clusterFences / 2.0) +
         bytes / (constants.partialBytesPerClock * board.clockGHz * 1e3);
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

/// The limits alone, but for copying.
static GpuPrediction limitsOf(const GpuBoard &board, const KernelProfile &profile,
                              const GpuProblem &problem, const GpuAssumptions &constants) {
  double weights = static_cast<double>(problem.n) * static_cast<double>(problem.k);
  double slices = std::ceil(static_cast<double>(problem.m) / profile.slice);
  double clocks = board.clockGHz * 1e3, machine = clocks * board.sms;
  // Rows of x that are multiplied, padding in.
  double padded = slices * profile.slice;
  GpuPrediction result;
  result.memory = memoryTime(board, profile, problem, constants);
  // Weights again for each slice, x for the rows of each cluster.
  double x = weights / (profile.tileN * profile.cluster) * profile.xBytes() * padded;
  result.cache =
      (weights * bytesRead(profile) * slices + x) / (constants.cacheBytesPerClock * machine);
  result.alu = weights * slices * profile.alu / (smAluLanesPerClock * machine);
  result.issue = weights * slices * profile.instructions /
                 (smIssuedLanesPerClock * machine * constants.issueShare);
  result.shared = weights * slices * profile.sharedBytes / (smSharedBytesPerClock * machine);
  if (profile.streamWarps != 0)
    result.chain = weights * slices * profile.lookups * constants.lookupClocks /
                   (32 * profile.streamWarps * machine);
  double share = profile.usesWarpgroups ? constants.warpgroupShare : constants.warpShare;
  result.matrix = weights * padded * profile.matrixWork() /
                  (board.target->matrixFmasPerClock * machine * share);
  return result;
}

GpuPrediction uwt::predictGpu(const GpuBoard &board, const KernelProfile &profile,
                              const GpuProblem &problem, const GpuAssumptions &constants) {
  GpuPrediction result = limitsOf(board, profile, problem, constants);
  double weights = static_cast<double>(problem.n) * static_cast<double>(problem.k);
  result.decode = decodeTime(board, profile, weights, constants);
  result.launch = (profile.packIsDependent ? constants.dependentLaunch : constants.launch) +
                  (result.decode > 0 ? constants.launch : 0);
  RingModel model(board, profile, problem, constants);
  double limits = slowest(result).second * constants.overlap;
  if (profile.hasRing()) {
    addRing(model, profile, board, limits, result);
  } else {
    double begin = profile.productIsDependent ? constants.dependentLaunch
                                              : model.packTime() + constants.launch;
    result.prologue = std::max(model.packTime(), begin + constants.memoryLatency);
    result.ring = result.prologue + limits;
  }
  unsigned sharedTiles = profile.hasRing() ? model.sharedTilesOfCta() : 1;
  result.tail = tailTime(board, profile, sharedTiles, constants);
  result.total = result.launch + result.decode + result.ring + result.tail;
  return result;
}

//===----------------------------------------------------------------------===//
// Baselines
//===----------------------------------------------------------------------===//

/// Bytes of raw weights, x and y; and what tensor cores take.
static double rawBytes(const GpuProblem &problem) {
  return 2 * (static_cast<double>(problem.n) * static_cast<double>(problem.k) +
              static_cast<double>(problem.m) * static_cast<double>(problem.n + problem.k));
}

static double rawMatrixTime(const GpuBoard &board, const GpuProblem &problem,
                            const GpuAssumptions &constants) {
  double padded = 8 * std::ceil(static_cast<double>(problem.m) / 8);
  double products = static_cast<double>(problem.n) * static_cast<double>(problem.k) * padded;
  double share =
      board.target->supports(GpuFeature::Wgmma) ? constants.warpgroupShare : constants.warpShare;
  return products / (board.target->matrixFmasPerClock * board.clockGHz * 1e3 * board.sms * share);
}

double uwt::rawRoof(const GpuBoard &board, const GpuProblem &problem,
                    const GpuAssumptions &constants) {
  double memory = rawBytes(problem) / (board.memoryGBs * 1e3 * constants.memoryShare);
  double limit = std::max(memory, rawMatrixTime(board, problem, constants)) * constants.overlap;
  double begin = std::max(constants.pack, constants.dependentLaunch + 2 * constants.memoryLatency);
  return constants.dependentLaunch + begin + limit + 3 * constants.handOffTrip;
}

PeerTime uwt::peerTime(const GpuBoard &board, const GpuProblem &problem,
                       const GpuAssumptions &constants) {
  double matrix = rawMatrixTime(board, problem, constants) * constants.overlap;
  double fixed = constants.launch + constants.memoryLatency;
  auto time = [&](double share) {
    return fixed + std::max(rawBytes(problem) / (board.memoryGBs * 1e3 * share), matrix);
  };
  return {time(constants.maxPeerShare), time(constants.minPeerShare)};
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
