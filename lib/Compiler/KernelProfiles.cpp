//===- KernelProfiles.cpp - What kernels cost -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Instructions are those of the loop that multiplies, by the ways through it: the frequent one, and
// the one that applies escapes. The second one counts as often as drawn weights have escapes in a
// unit: makeSynthetic of "row-scaled-t4" draws them (uwt/Bench/BenchWeights.h).
//
//===----------------------------------------------------------------------===//

#include "KernelProfiles.h"
#include "uwt/Bench/BenchWeights.h"
#include "uwt/CostModel/FormatCost.h"
#include "uwt/CostModel/GpuCost.h"
#include "uwt/Cuda/DeviceWeight.h"
#include "uwt/Runtime/LoadedWeight.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

namespace {

/// What a format does to the weights that are measured with.
struct FormatFacts {
  /// Bytes of a weight, everything counted; the share of a warp's units (16 x 64) with escapes, and
  /// of those with symbols outside of the window that prefix codes are decoded to.
  double weightBytes = 2, escapedUnits = 0, unitsOutside = 0;
};

/// Facts by format and element, found once.
using FormatTable = std::map<std::string, FormatFacts>;

} // namespace

/// The share of units of a bf16 matrix with exponents that are not among the sixteen from `base`
/// on.
static double shareOutside(std::span<const uint8_t> bytes, uint64_t rows, uint64_t columns,
                           uint32_t base) {
  constexpr uint64_t unitRows = 16, unitColumns = 64;
  uint64_t outside = 0;
  auto isOutside = [&](uint64_t row, uint64_t column) {
    uint16_t word = 0;
    std::memcpy(&word, &bytes[2 * (row * columns + column)], sizeof word);
    return (word >> 7 & 0xFFu) - base > 15;
  };
  for (uint64_t unit = 0; unit < rows * columns / (unitRows * unitColumns); ++unit) {
    uint64_t row = unit / (columns / unitColumns) * unitRows;
    uint64_t column = unit % (columns / unitColumns) * unitColumns;
    outside += llvm::any_of(llvm::seq(unitRows * unitColumns), [&](uint64_t i) {
      return isOutside(row + i / unitColumns, column + i % unitColumns);
    });
  }
  return static_cast<double>(outside) * unitRows * unitColumns /
         static_cast<double>(rows * columns);
}

static Expected<FormatFacts> measureFormat(const KernelEntry &entry) {
  // Codes of quantised weights have no escapes, and their sizes follow from the format.
  if (entry.format.isQuantized())
    return FormatFacts{expectedSize(entry.format, ElementType::BF16).bitsPerWeight / 8};
  constexpr uint64_t rows = 512, columns = 2048, unit = 1024, seed = 1;
  ThreadPool pool(1);
  bench::BenchWorkload drawn = bench::makeSynthetic("row-scaled-t4", {rows, columns}, seed, pool);
  TensorDescription description{ElementType::BF16, {rows, columns}, entry.format};
  UWT_ASSIGN_OR_RETURN(LoadedWeight weight,
                       LoadedWeight::fromBytes(description, drawn.tensors.front().bytes, pool));
  FormatFacts facts;
  facts.weightBytes = static_cast<double>(weight.bytes()) / (rows * columns);
  UWT_ASSIGN_OR_RETURN(cuda::DeviceTables tables, cuda::deviceTables(weight));
  uint64_t escaped = 0;
  for (const DeviceEscapeEntry &group : tables.escapes)
    for (uint8_t count : group.counts)
      escaped += count != 0;
  facts.escapedUnits = static_cast<double>(escaped) / (static_cast<double>(rows * columns) / unit);
  if (weight.plan().traits.rate == Rate::Prefix)
    facts.unitsOutside =
        shareOutside(drawn.tensors.front().bytes, rows, columns, tables.table.back() & 0xFF);
  return facts;
}

//===----------------------------------------------------------------------===//
// Machine code
//===----------------------------------------------------------------------===//

namespace {
/// Instructions of a lane for its weights, on the frequent way and with escapes.
struct WayCosts {
  double instructions = 0, alu = 0, shared = 0;
  /// Of shared memory, what is read: nothing but the table, where a kernel decodes to memory.
  double lookups = 0;
};
} // namespace

/// How often lookups of 32 lanes hit the bank of shared memory that most of them hit, on average:
/// what the fullest of 32 banks gets of 32 draws, each bank being as likely.
static constexpr double lookupConflicts = 3.5;

/// Bytes of shared memory for a weight that instructions of the loop do not say.
static double copiedBytes(const codegen::PlanFacts &plan, const FormatFacts &facts,
                          const KernelProfile &profile) {
  // Codes come in by copies.
  constexpr double entryBytes = 4;
  double lookups = plan.lookups * entryBytes * (lookupConflicts - 1);
  double codes = lookups + facts.weightBytes - plan.rawBytes;
  if (plan.streamWarps != 0 && !plan.decodesBeside)
    return codes;
  // Weights and x come in by copies, and x is read by matrix instructions of warpgroups.
  double x = profile.xBytes() * plan.slice / plan.tileN;
  return (profile.decodedBytes > 0 ? bytesRead(profile) : codes) + x +
         (plan.usesWarpgroups ? 2.0 * plan.slice / 64 : 0);
}

/// Weights that a lane multiplies on a way: 8 of each 16 x 16 block, for each tile of 8 rows of x
/// again with mma.sync. Bytes are multiplied two blocks at a time.
static double weightsOf(const machine_code::InstructionCounts &way,
                        const codegen::PlanFacts &plan) {
  double blocks = way.products;
  if (plan.multipliesBytes)
    blocks *= 2;
  return 8 * blocks / (plan.usesWarpgroups ? 1 : plan.slice / 8);
}

static WayCosts costsOf(const machine_code::InstructionCounts &way,
                        const codegen::PlanFacts &plan) {
  double weights = weightsOf(way, plan);
  return {way.total() / weights, way[machine_code::InstructionKind::Alu] / weights,
          (way.sharedReadBytes + way.sharedWriteBytes + way.globalReadBytes) / weights};
}

static unsigned bytesReadOn(const machine_code::InstructionCounts &way) {
  return way.sharedReadBytes + way.globalReadBytes;
}

/// The frequent way of a part: of those that write no shared memory the one that reads least, since
/// others read records, or weights that are not coded; of several the shortest.
static const machine_code::InstructionCounts *
frequentWay(const std::vector<machine_code::InstructionCounts> &part) {
  const machine_code::InstructionCounts *best = nullptr;
  auto order = [](const machine_code::InstructionCounts &way) {
    return std::pair(bytesReadOn(way), way.total());
  };
  for (const machine_code::InstructionCounts &way : part)
    if (way.sharedWriteBytes == 0 && (!best || order(way) < order(*best)))
      best = &way;
  return best;
}

/// The way of a part where a unit has escapes, or null. What is patched was decoded, as on the
/// frequent way. Where few records are applied to registers, it is the shortest that reads one.
/// Where all are in shared memory, some ways apply no record, and some go round once more than
/// lanes have records to apply, which hardly any unit asks for: so it is the shortest of those that
/// write least, but not nothing, beside the unit's words.
static const machine_code::InstructionCounts *
escapedWay(const std::vector<machine_code::InstructionCounts> &part,
           const machine_code::InstructionCounts &frequent) {
  std::vector<const machine_code::InstructionCounts *> patching;
  for (const machine_code::InstructionCounts &way : part)
    if (bytesReadOn(way) > bytesReadOn(frequent) &&
        way[machine_code::InstructionKind::Alu] >= frequent[machine_code::InstructionKind::Alu])
      patching.push_back(&way);
  if (patching.empty())
    return nullptr;
  std::ranges::sort(patching, {}, [](const machine_code::InstructionCounts *way) {
    return std::pair(way->sharedWriteBytes, way->total());
  });
  if (patching.front()->sharedWriteBytes == 0)
    return patching.front();
  auto patched = std::ranges::find_if(patching, [&](const machine_code::InstructionCounts *way) {
    return way->sharedWriteBytes > patching.front()->sharedWriteBytes;
  });
  return patched == patching.end() ? patching.front() : *patched;
}

namespace {
/// What a trip through the loop that multiplies takes where no unit has escapes, and where all
/// have. Units have them independently of one another: what a trip takes on the average lies
/// between the two as their share does between none and all.
struct Trips {
  machine_code::InstructionCounts frequent, escaped;
  bool hasEscapes = false;
};
} // namespace

/// Nothing where no loop multiplies, or a part has only ways that patch.
static std::optional<Trips> tripsOf(const machine_code::KernelReport &report) {
  Trips trips;
  for (const std::vector<machine_code::InstructionCounts> &part : report.products) {
    const machine_code::InstructionCounts *frequent = frequentWay(part);
    if (!frequent)
      return std::nullopt;
    const machine_code::InstructionCounts *escaped = escapedWay(part, *frequent);
    trips.frequent.add(*frequent);
    trips.escaped.add(escaped ? *escaped : *frequent);
    trips.hasEscapes |= escaped != nullptr;
  }
  if (trips.frequent.products == 0)
    return std::nullopt;
  return trips;
}

/// What warps that decode for others, or for the next kernel, take for a weight of a lane. A trip
/// decodes a group, 32 weights of a lane, and writes its words, bytes or codes.
static WayCosts decodeCosts(const machine_code::KernelReport &report) {
  constexpr double weights = 32;
  WayCosts costs;
  for (const std::vector<machine_code::InstructionCounts> &part : report.decodes) {
    // The frequent way applies no records, and writes codes, not bytes; of windows that move on,
    // and those that do not, the former.
    auto order = [](const machine_code::InstructionCounts &way) {
      return std::tuple(way.sharedWriteBytes + way.globalWriteBytes,
                        -int(way[machine_code::InstructionKind::Alu]), way.total());
    };
    auto best = std::ranges::min_element(part, {}, order);
    if (best == part.end())
      continue;
    costs.instructions += best->total() / weights;
    costs.alu += (*best)[machine_code::InstructionKind::Alu] / weights;
    costs.shared +=
        (best->sharedReadBytes + best->sharedWriteBytes + best->globalReadBytes) / weights;
    costs.lookups += best->sharedReadBytes / weights;
  }
  return costs;
}

/// What those warps take that decode beside the ones that multiply.
static WayCosts costsBeside(const machine_code::KernelReport &report,
                            const codegen::PlanFacts &plan) {
  return plan.decodesBeside ? decodeCosts(report) : WayCosts();
}

/// Bytes of the table of escapes for a column group of a panel: a DeviceEscapeEntry, or one for
/// each strip of a wide unit of four.
static constexpr double tableBytesOfGroup = sizeof(DeviceEscapeEntry);

/// Adds what a ring that one thread or warp fills is, where the kernel has one.
static void addRing(const machine_code::KernelReport &report, const CompiledKernels &kernels,
                    const FormatFacts &facts, KernelProfile &profile) {
  const codegen::PlanFacts &plan = *kernels.plan;
  if (!report.copying || plan.streamWarps != 0 || plan.decodesBeside)
    return;
  profile.stages = plan.stages;
  profile.consumerWarps = plan.tileN / stripRows;
  // A stage has whole k-tiles; what is beside units is far less than one of them.
  double bytes = profile.decodedBytes > 0 ? bytesRead(profile) : facts.weightBytes;
  // A launch's tile is a part of an output tile where there are parts.
  uint64_t tileK = plan.partColumns != 0 ? fixedUnitColumns : kernels.entries.back().launch.tileK;
  double tile = static_cast<double>(plan.tileN) * static_cast<double>(tileK);
  double tiles = std::round(static_cast<double>(plan.stageBytes) / (bytes * tile));
  profile.stageWeights = std::max(tiles, 1.0) * tile;
  const machine_code::CopyingRole &role = *report.copying;
  CopyingProfile &copying = profile.copying;
  copying.firstInstructions = role.firstCopy.instructions;
  copying.lastInstructions = role.lastCopy.instructions;
  copying.tripInstructions = role.trip.instructions;
  copying.firstLoads = role.firstCopy.loads;
  copying.lastLoads = role.lastCopy.loads;
  copying.tripLoads = role.trip.loads;
  copying.loadsInFlight = role.loadsInFlight;
  copying.announcesByCopies = role.announcesByCopies;
  if (facts.escapedUnits > 0 && profile.decodedBytes == 0)
    copying.tableBytes = tableBytesOfGroup * profile.stageWeights / plan.tileN / fixedUnitColumns;
}

/// Adds how the kernels follow one another, and where they meet.
static void addLaunches(const machine_code::KernelReport &report, const CompiledKernels &kernels,
                        KernelProfile &profile) {
  profile.launches = static_cast<unsigned>(kernels.entries.size());
  for (const KernelEntry &entry : kernels.entries)
    if (entry.kernel == "pack")
      profile.packIsDependent = entry.launch.dependent;
  profile.productIsDependent = kernels.entries.back().launch.dependent;
  profile.clusterFences = report.clusterFences;
  profile.handOffFences = report.otherFences;
}

/// `before` is of the kernel that decodes before, null where there is none.
static KernelProfile profileOf(const machine_code::KernelReport &report,
                               const machine_code::KernelReport *before,
                               const CompiledKernels &kernels, const FormatFacts &facts) {
  const codegen::PlanFacts &plan = *kernels.plan;
  KernelProfile profile;
  profile.slice = plan.slice;
  profile.ctas = plan.ctas;
  profile.tileN = plan.tileN;
  profile.cluster = plan.cluster;
  profile.streamWarps = plan.streamWarps;
  profile.lookups = plan.lookups;
  profile.usesWarpgroups = plan.usesWarpgroups;
  profile.multipliesBytes = plan.multipliesBytes;
  profile.partColumns = plan.partColumns;
  profile.decodedBytes = plan.decodedBytes + facts.unitsOutside * plan.bytesOutside;
  if (before) {
    WayCosts decode = decodeCosts(*before);
    profile.decodeInstructions = decode.instructions;
    profile.decodeSharedBytes = decode.shared + decode.lookups * (lookupConflicts - 1);
  }
  profile.weightBytes = facts.weightBytes;
  profile.bytesInFlight = static_cast<double>(plan.ctas) * plan.stages * plan.stageBytes;
  addLaunches(report, kernels, profile);
  addRing(report, kernels, facts, profile);
  std::optional<Trips> trips = tripsOf(report);
  if (!trips)
    return profile;
  WayCosts usual = costsOf(trips->frequent, plan);
  if (trips->hasEscapes) {
    WayCosts rare = costsOf(trips->escaped, plan);
    auto mix = [&](double &often, double seldom) {
      often += facts.escapedUnits * std::max(seldom - often, 0.0);
    };
    mix(usual.instructions, rare.instructions);
    mix(usual.alu, rare.alu);
    mix(usual.shared, rare.shared);
  }
  WayCosts decode = costsBeside(report, plan);
  profile.instructions = usual.instructions + decode.instructions;
  profile.alu = usual.alu + decode.alu;
  profile.sharedBytes = usual.shared + decode.shared + copiedBytes(plan, facts, profile);
  return profile;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// Thousandths, so that text does not depend on the last bits.
static double rounded(double value) { return std::round(value * 1000) / 1000; }

/// Adds what is predicted for the usual board of the target.
static void addPrediction(llvm::json::Object &row, const KernelProfile &profile,
                          const GpuProblem &problem, const GpuTarget &target) {
  const GpuBoard *board = usualBoard(target);
  if (!board)
    return;
  GpuPrediction prediction = predictGpu(*board, profile, problem);
  row["board"] = board->name;
  row["terms"] = llvm::json::Object{{"memory", rounded(prediction.memory)},
                                    {"cache", rounded(prediction.cache)},
                                    {"alu", rounded(prediction.alu)},
                                    {"issue", rounded(prediction.issue)},
                                    {"shared", rounded(prediction.shared)},
                                    {"matrix", rounded(prediction.matrix)},
                                    {"chain", rounded(prediction.chain)},
                                    {"copying", rounded(prediction.copying)},
                                    {"launch", rounded(prediction.launch)},
                                    {"prologue", rounded(prediction.prologue)},
                                    {"ring", rounded(prediction.ring)},
                                    {"cluster", rounded(prediction.cluster)},
                                    {"quantisation", rounded(prediction.quantisation)},
                                    {"tail", rounded(prediction.tail)},
                                    {"decode", rounded(prediction.decode)}};
  row["limit"] = std::string(prediction.limit());
  row["predicted_us"] = rounded(prediction.total);
  row["bytes_on_their_way"] = std::round(prediction.bytesOnTheirWay);
  row["raw_roof_us"] = rounded(rawRoof(*board, problem));
  PeerTime peer = peerTime(*board, problem);
  row["cublaslt_us"] = llvm::json::Array{rounded(peer.least), rounded(peer.most)};
}

static const machine_code::KernelReport *findReport(const CompiledKernels &compiled,
                                                    llvm::StringRef name) {
  auto found = llvm::find_if(compiled.code.kernels, [&](const machine_code::KernelReport &report) {
    return report.resources.name == name;
  });
  return found == compiled.code.kernels.end() ? nullptr : &*found;
}

static llvm::json::Object jsonOf(const CopyingProfile &copying) {
  return llvm::json::Object{{"first_instructions", copying.firstInstructions},
                            {"last_instructions", copying.lastInstructions},
                            {"trip_instructions", copying.tripInstructions},
                            {"first_loads", copying.firstLoads},
                            {"last_loads", copying.lastLoads},
                            {"trip_loads", copying.tripLoads},
                            {"loads_in_flight", copying.loadsInFlight},
                            {"table_bytes", copying.tableBytes},
                            {"announces_by_copies", copying.announcesByCopies}};
}

/// Adds what the ring and the launches are.
static void addTiming(llvm::json::Object &row, const KernelProfile &profile) {
  row["pack_is_dependent"] = profile.packIsDependent;
  row["product_is_dependent"] = profile.productIsDependent;
  row["ring_stages"] = int64_t(profile.stages);
  row["consumer_warps"] = int64_t(profile.consumerWarps);
  row["stage_weights"] = profile.stageWeights;
  row["copying"] = jsonOf(profile.copying);
  row["cluster_fences"] = int64_t(profile.clusterFences);
  row["hand_off_fences"] = int64_t(profile.handOffFences);
}

static llvm::json::Object rowOf(const CompiledKernels &compiled,
                                const machine_code::KernelReport &report,
                                const FormatFacts &facts) {
  const KernelEntry &entry = compiled.entries.back();
  const codegen::PlanFacts &plan = *compiled.plan;
  KernelProfile profile = profileOf(report, findReport(compiled, "decode"), compiled, facts);
  llvm::json::Object ways;
  std::optional<Trips> trips = tripsOf(report);
  if (trips)
    ways["frequent"] = rounded(costsOf(trips->frequent, plan).instructions +
                               costsBeside(report, plan).instructions);
  if (trips && trips->hasEscapes)
    ways["escapes"] = rounded(costsOf(trips->escaped, plan).instructions);
  llvm::json::Object row{
      {"kernel", entry.kernel},
      {"kind", std::string(nameOf(entry.kind))},
      {"strategy", entry.strategy},
      {"format", entry.format.str()},
      {"target", std::string(compiled.target->name)},
      {"n", int64_t(entry.n.most)},
      {"k", int64_t(entry.k.most)},
      {"m", int64_t(plan.m)},
      {"slice", int64_t(plan.slice)},
      {"tile_n", int64_t(plan.tileN)},
      {"cluster", int64_t(plan.cluster)},
      {"stream_warps", int64_t(plan.streamWarps)},
      {"lookups_a_weight", plan.lookups},
      {"warpgroups", plan.usesWarpgroups},
      {"decoded_bytes", rounded(profile.decodedBytes)},
      {"decode_instructions_a_weight", rounded(profile.decodeInstructions)},
      {"decode_shared_bytes_a_weight", rounded(profile.decodeSharedBytes)},
      {"launches", int64_t(profile.launches)},
      {"registers", int64_t(report.resources.registers)},
      {"spill_bytes", int64_t(report.resources.spillStoreBytes + report.resources.spillLoadBytes)},
      {"hazards", int64_t(report.hazards.size())},
      {"shared_bytes", int64_t(entry.launch.sharedBytes)},
      {"ctas", int64_t(plan.ctas)},
      {"stages", int64_t(plan.stages)},
      {"bytes_in_flight", profile.bytesInFlight},
      {"weight_bytes", rounded(facts.weightBytes)},
      {"escaped_units", rounded(facts.escapedUnits)},
      {"instructions_a_weight", rounded(profile.instructions)},
      {"alu_a_weight", rounded(profile.alu)},
      {"shared_bytes_a_weight", rounded(profile.sharedBytes)},
      {"ways", std::move(ways)}};
  addTiming(row, profile);
  // Nothing is known of loops without matrix instructions.
  if (trips)
    addPrediction(row, profile, {entry.n.most, entry.k.most, plan.m}, *compiled.target);
  return row;
}

Expected<std::string> uwt::profileText(std::span<const CompiledKernels> compiled) {
  FormatTable formats;
  llvm::json::Array rows;
  for (const CompiledKernels &each : compiled) {
    const KernelEntry &entry = each.entries.back();
    auto [format, isNew] = formats.try_emplace(entry.format.str());
    if (isNew) {
      UWT_ASSIGN_OR_RETURN(format->second, measureFormat(entry));
    }
    if (const machine_code::KernelReport *report = findReport(each, entry.kernel))
      rows.push_back(rowOf(each, *report, format->second));
  }
  llvm::json::Value value =
      llvm::json::Object{{"schema", "uwt.kernel-profiles/3"}, {"rows", std::move(rows)}};
  return llvm::formatv("{0:2}", value).str() + "\n";
}
