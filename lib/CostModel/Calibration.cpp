//===- Calibration.cpp - Measured constants of a machine ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/Calibration.h"
#include "uwt/CostModel/KernelConfig.h"
#include "uwt/Support/JsonTree.h"
#include "uwt/Support/RegularFile.h"
#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace uwt;
using Json = nlohmann::ordered_json;

namespace {
constexpr std::string_view schema = "uwt.calibration/1";

constexpr CalibrationConstant nanosecondConstants[] = {
    {"dot", &Calibration::dot},
    {"exact_dot", &Calibration::exactDot},
    {"tile_dot", &Calibration::tileDot},
    {"decode_operation", &Calibration::decodeOperation},
    {"stream_operation", &Calibration::streamOperation},
    {"accumulator", &Calibration::accumulator},
    {"load", &Calibration::load},
    {"far_load", &Calibration::farLoad},
    {"store", &Calibration::store},
    {"escape", &Calibration::escape},
    {"pack", &Calibration::pack},
    {"output", &Calibration::output},
};
constexpr CalibrationConstant otherConstants[] = {
    {"fork_join_us", &Calibration::forkJoin},
    {"overlap", &Calibration::overlap},
};
} // namespace

std::span<const CalibrationConstant> uwt::operationConstants() { return nanosecondConstants; }

namespace {
/// Operations' times of a target, in the order of nanosecondConstants, and the rest.
struct BuiltIn {
  std::string_view target;
  double times[std::size(nanosecondConstants)];
  double overlap = 0.4;
  double bandwidth[2] = {32, 44};
  uint64_t nearBytes = 24 << 10;
};
/// Tiles by vectors: some 10 operations of AVX2 for each of two multiply-adds.
constexpr double tileDotOfVectors = 4;
/// What `uwt bench calibrate` gives on two cores of a Zen 5 at 4.1 GHz (avx512bf16, avx512 and
/// avx2; the middle of three runs, but for escapes, which these did not see, and the bandwidth of
/// two, which is 43 or 70 there). Those of amx are of two cores of an Emerald Rapids at 2.6 GHz:
/// what tiles take is fitted to products with cold weights (docs/cost-model.md, "On AMX"), the rest
/// is what a Zen 4 had. `generic` is estimated, and so are the times of AArch64: those of avx2,
/// with twice as many vectors to compute with but for bf16.
constexpr BuiltIn builtIns[] = {
    {"amx",
     {0.12, 0.33, 0.052, 0.03, 0.2, 1.9, 0.25, 0.7, 0.3, 0.3, 6.5, 2.9},
     0.44,
     {18, 36},
     36 << 10},
    {"avx512bf16",
     {0.048, 0.155, 0, 0.027, 0.167, 0.19, 0.14, 0.045, 0.29, 0.1, 0.68, 0.27},
     1,
     {37, 50},
     36 << 10},
    {"avx512",
     {0.16, 0.17, 0, 0.043, 0.17, 0.1, 0.18, 0.045, 0.27, 0.1, 1.3, 0.34},
     0.8,
     {37, 50},
     36 << 10},
    {"avx2",
     {0.4, 0.42, 0, 0.061, 0.17, 0.19, 0.4, 0.05, 0.17, 0.1, 0.76, 0.27},
     0.86,
     {37, 50},
     36 << 10},
    {"amx-vectors",
     {0.4, 0.42, tileDotOfVectors, 0.061, 0.17, 0.19, 0.4, 0.05, 0.17, 0.1, 0.76, 0.27},
     0.86,
     {37, 50},
     36 << 10},
    {"neon-bf16", {0.4, 0.42, 0, 0.12, 0.17, 0.19, 0.4, 0, 0.34, 0.1, 0.76, 0.27}},
    {"neon", {0.8, 0.84, 0, 0.12, 0.17, 0.38, 0.8, 0, 0.34, 0.1, 1.5, 0.54}},
    {"generic", {2, 2, 0, 0.25, 0.25, 0.5, 2, 0.2, 1.2, 2, 2, 1}},
};
/// Targets that were not measured, and those whose constants they have: products of tiles of f16
/// are taken to last as long as those of bf16.
constexpr std::pair<std::string_view, std::string_view> alike[] = {
    {"amx-fp16", "amx"}, {"amx-fp16-vectors", "amx-vectors"}};
} // namespace

static Calibration makeBuiltIn(std::string_view target, const BuiltIn &builtIn) {
  Calibration c;
  c.target = target;
  c.bandwidth.assign(std::begin(builtIn.bandwidth), std::end(builtIn.bandwidth));
  c.forkJoin = 3;
  c.overlap = builtIn.overlap;
  c.nearBytes = builtIn.nearBytes;
  for (size_t i = 0; i < std::size(nanosecondConstants); ++i)
    c.*nanosecondConstants[i].member = builtIn.times[i];
  return c;
}

const Calibration &Calibration::of(const Target &target) {
  static const std::vector<Calibration> all = [] {
    std::vector<Calibration> result;
    for (const BuiltIn &each : builtIns) {
      for (auto [target, measured] : alike)
        if (measured == each.target)
          result.push_back(makeBuiltIn(target, each));
      result.push_back(makeBuiltIn(each.target, each));
    }
    return result;
  }();
  for (const Calibration &calibration : all)
    if (calibration.target == target.name)
      return calibration;
  return all.back();
}

double Calibration::bandwidthOf(unsigned threads) const {
  if (bandwidth.empty() || threads == 0)
    return 1;
  return bandwidth[std::min<size_t>(threads, bandwidth.size()) - 1];
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static Error badMember(const std::string &name, std::string_view expected) {
  return invalidError("calibration: '" + name + "' is not " + std::string(expected));
}

static Status readNumber(const Json &object, const std::string &name, double &value) {
  auto found = object.find(name);
  if (found == object.end())
    return ok();
  if (!found->is_number())
    return badMember(name, "a number");
  double number = found->get<double>();
  if (!std::isfinite(number) || number < 0)
    return badMember(name, "a number of at least 0");
  value = number;
  return ok();
}

static Status readBandwidth(const Json &object, std::vector<double> &bandwidth) {
  auto found = object.find("bandwidth_gbs");
  if (found == object.end())
    return ok();
  if (!found->is_array() || found->empty())
    return badMember("bandwidth_gbs", "a list of numbers, for 1, 2, ... threads");
  bandwidth.clear();
  for (const Json &one : *found) {
    if (!one.is_number() || !(one.get<double>() > 0))
      return badMember("bandwidth_gbs", "a list of numbers above 0");
    bandwidth.push_back(one.get<double>());
  }
  return ok();
}

static Expected<std::string> readString(const Json &object, const std::string &name) {
  auto found = object.find(name);
  if (found == object.end())
    return std::string();
  if (!found->is_string())
    return badMember(name, "a string");
  return found->get<std::string>();
}

Expected<Calibration> Calibration::parse(std::string_view text) {
  Json object = parseJsonTreeOrNone<Json>(text);
  if (!object.is_object())
    return invalidError("calibration: expected a JSON object");
  UWT_ASSIGN_OR_RETURN(std::string found, readString(object, "schema"));
  if (found != schema)
    return invalidError("calibration: expected schema '" + std::string(schema) + "', got '" +
                        found + "'");
  UWT_ASSIGN_OR_RETURN(std::string name, readString(object, "target"));
  UWT_ASSIGN_OR_RETURN(const Target *target, findTarget(name));
  Calibration result = of(*target);
  UWT_ASSIGN_OR_RETURN(result.machine, readString(object, "machine"));
  UWT_RETURN_IF_ERROR(readBandwidth(object, result.bandwidth));
  if (auto times = object.find("nanoseconds"); times != object.end()) {
    if (!times->is_object())
      return badMember("nanoseconds", "an object");
    for (const CalibrationConstant &constant : nanosecondConstants)
      UWT_RETURN_IF_ERROR(readNumber(*times, constant.name, result.*constant.member));
  }
  for (const CalibrationConstant &constant : otherConstants)
    UWT_RETURN_IF_ERROR(readNumber(object, constant.name, result.*constant.member));
  double nearBytes = static_cast<double>(result.nearBytes);
  UWT_RETURN_IF_ERROR(readNumber(object, "near_bytes", nearBytes));
  result.nearBytes = static_cast<uint64_t>(std::min(nearBytes, 0x1p53));
  double prefetchBytes = 0;
  UWT_RETURN_IF_ERROR(readNumber(object, "prefetch_bytes", prefetchBytes));
  if (prefetchBytes > maxPrefetchBytes)
    return badMember("prefetch_bytes", "a number of at most " + std::to_string(maxPrefetchBytes));
  result.prefetchBytes = static_cast<unsigned>(prefetchBytes);
  double readStreams = 0;
  UWT_RETURN_IF_ERROR(readNumber(object, "read_streams", readStreams));
  if (readStreams > maxReadStreams || !isReadStreams(static_cast<unsigned>(readStreams)))
    return badMember("read_streams", "1, 2, 4 or 8");
  result.readStreams = static_cast<unsigned>(readStreams);
  return result;
}

Expected<Calibration> Calibration::read(const std::string &path) {
  constexpr uint64_t limit = uint64_t(1) << 24;
  Expected<std::string> text = readRegularFile(path, limit);
  if (!text)
    return Error(text.error().getKind(),
                 text.error().message() + "; 'uwt bench calibrate' writes such a file");
  Expected<Calibration> result = parse(*text);
  if (!result)
    return Error(result.error().getKind(), path + ": " + result.error().message());
  return result;
}

std::string Calibration::defaultPath() {
  const char *home = std::getenv("HOME");
  return home && *home ? std::string(home) + "/.config/uwt/calibration.json" : std::string();
}

/// Three digits are more than a measurement is worth.
static double rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return std::strtod(text, nullptr);
}

std::string Calibration::json() const {
  Json object;
  object["schema"] = schema;
  object["target"] = target;
  if (!machine.empty())
    object["machine"] = machine;
  for (double one : bandwidth)
    object["bandwidth_gbs"].push_back(rounded(one));
  for (const CalibrationConstant &constant : nanosecondConstants)
    object["nanoseconds"][constant.name] = rounded(this->*constant.member);
  for (const CalibrationConstant &constant : otherConstants)
    object[constant.name] = rounded(this->*constant.member);
  object["near_bytes"] = nearBytes;
  if (prefetchBytes != 0)
    object["prefetch_bytes"] = prefetchBytes;
  if (readStreams != 0)
    object["read_streams"] = readStreams;
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}
