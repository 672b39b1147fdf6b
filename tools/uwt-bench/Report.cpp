//===- Report.cpp - Results of uwt-bench as JSON --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"
#include "uwt/Container/File.h"
#include "uwt/Support/JsonTree.h"
#include <algorithm>
#include <cmath>

using namespace uwt;
using namespace uwt::bench;

/// Members stay in the order in which they were added.
using Json = nlohmann::ordered_json;

//===----------------------------------------------------------------------===//
// Predictions
//===----------------------------------------------------------------------===//

namespace {
struct ProfilePrediction {
  std::string kernel, format, target;
  uint64_t rows = 0, columns = 0, m = 0;
  Json whole;
};
} // namespace

struct KernelProfiles::State {
  std::vector<ProfilePrediction> predictions;

  Status add(const std::string &text);
  /// The one for a kernel and shape, with the smallest m that is not below the row's.
  const ProfilePrediction *find(const BenchRow &row) const;
};

KernelProfiles::KernelProfiles() : state(std::make_unique<State>()) {}
KernelProfiles::~KernelProfiles() = default;
KernelProfiles::KernelProfiles(KernelProfiles &&) noexcept = default;
KernelProfiles &KernelProfiles::operator=(KernelProfiles &&) noexcept = default;

/// Member `name` as a number; nothing where it is none.
static std::optional<uint64_t> numberIn(const Json &object, const char *name) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned())
    return std::nullopt;
  return found->get<uint64_t>();
}

static std::optional<std::string> textIn(const Json &object, const char *name) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_string())
    return std::nullopt;
  return found->get<std::string>();
}

static bool areTerms(const Json &terms) {
  return terms.is_object() &&
         std::ranges::all_of(terms, [](const Json &term) { return term.is_number(); });
}

Status KernelProfiles::State::add(const std::string &text) {
  Json json = parseJsonTreeOrNone<Json>(text);
  if (!json.is_object() || json.value("schema", Json()) != "uwt.kernel-profiles/3" ||
      !json.value("rows", Json()).is_array())
    return invalidError(
        "it has no kernel profiles (schema uwt.kernel-profiles/3) with rows; write one by 'uwt "
        "compile --emit profiles'");
  for (size_t i = 0; i < json["rows"].size(); ++i) {
    const Json &row = json["rows"][i];
    auto kernel = row.is_object() ? textIn(row, "kernel") : std::nullopt;
    if (!kernel || !textIn(row, "format") || !textIn(row, "target") || !numberIn(row, "n") ||
        !numberIn(row, "k") || !numberIn(row, "m") || !row.contains("terms") ||
        !areTerms(row["terms"]))
      return invalidError(
          "row " + std::to_string(i) +
          " needs texts kernel, format and target, numbers n, k and m, and an object "
          "terms of numbers");
    predictions.push_back({*kernel, *textIn(row, "format"), *textIn(row, "target"),
                           *numberIn(row, "n"), *numberIn(row, "k"), *numberIn(row, "m"), row});
  }
  return ok();
}

Expected<KernelProfiles> KernelProfiles::read(const std::vector<std::string> &paths) {
  constexpr uint64_t most = uint64_t(64) << 20;
  KernelProfiles profiles;
  for (const std::string &path : paths) {
    UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(path, most));
    if (Status added = profiles.state->add(text); !added)
      return added.takeError().in(path);
  }
  return profiles;
}

const ProfilePrediction *KernelProfiles::State::find(const BenchRow &row) const {
  const ProfilePrediction *best = nullptr;
  for (const ProfilePrediction &one : predictions)
    if (one.kernel == row.entry->kernel && one.format == row.entry->format.str() &&
        one.target == row.target && one.rows == row.shape.rows &&
        one.columns == row.shape.columns && one.m >= row.m && (!best || one.m < best->m))
      best = &one;
  return best;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Three decimals are more than can be told apart.
static double rounded(double value) { return std::round(value * 1000) / 1000; }

static Json shapeJson(const GridShape &shape, uint32_t m) {
  return {{"name", shape.name}, {"n", shape.rows}, {"k", shape.columns}, {"m", m}};
}

static Json rowJson(const BenchRow &row, double copyBytesPerSecond) {
  Json json = shapeJson(row.shape, row.m);
  const KernelEntry &entry = *row.entry;
  json["kernel"] = entry.kernel;
  json["pack"] = row.pack;
  json["target"] = row.target;
  json["code"] = nameOf(row.code);
  json["kind"] = nameOf(entry.kind);
  json["strategy"] = entry.strategy;
  json["format"] = entry.format.str();
  if (entry.result)
    json["result"] = entry.result->str();
  json["ctas"] = row.size.grid;
  json["tiles"] = row.size.tiles;
  json["registers"] = row.resources.registers;
  json["spilled_bytes"] = row.resources.localBytes;
  json["workspace_bytes"] = row.size.workspaceBytes;
  json["weight_bytes"] = row.weightBytes;
  auto elements = static_cast<double>(row.shape.elements());
  json["bits_per_weight"] = rounded(static_cast<double>(row.weightBytes) * 8 / elements);
  json["exponent_entropy"] = rounded(row.entropy.exponent);
  json["joint_entropy"] = rounded(row.entropy.joint);
  json["written_bytes"] = row.writtenBytes;
  json["copies"] = row.copies;
  json["checks"] = {{"twin", row.checks.twin},
                    {"twin_outputs", row.checks.twinOutputs},
                    {"exact_outputs", row.checks.exactOutputs},
                    {"decoded_columns", row.checks.decodedColumns}};
  if (row.dependent.empty())
    return json;
  double rate = static_cast<double>(row.weightBytes + row.writtenBytes) / row.dependent.median();
  json["bytes_per_second"] = std::round(rate);
  json["share_of_copy"] = rounded(rate / copyBytesPerSecond);
  json["time"] = samplesJson(row.dependent);
  for (auto [name, timing] : {std::pair("time_serial", &row.serial),
                              {"time_read_only", &row.probe},
                              {"time_ahead", &row.ahead}})
    if (!timing->empty())
      json[name] = samplesJson(*timing);
  return json;
}

static void addLoad(Json &json, const std::optional<GpuLoad> &load) {
  if (load)
    json["load"] = {{"states", load->states},
                    {"least_sm_mhz", load->leastSmClock},
                    {"median_sm_mhz", load->medianSmClock},
                    {"least_memory_mhz", load->leastMemoryClock},
                    {"celsius", load->celsius},
                    {"watts", load->watts},
                    {"limits", load->limits}};
}

static Json baselineJson(const BaselineRow &row) {
  Json json = shapeJson(row.shape, row.m);
  json["library"] = row.library == BaselineRow::Library::CublasLt ? "cublaslt" : "pytorch";
  json["algorithms_tried"] = row.tried;
  json["algorithm"] = row.chosen;
  json["weight_bytes"] = row.shape.elements() * 2;
  json["time"] = samplesJson(row.timing);
  addLoad(json, row.load);
  return json;
}

static Json refusedJson(const RefusedRow &row) {
  Json json = shapeJson(row.shape, row.m);
  json["kernel"] = row.kernel;
  json["format"] = row.format;
  json["wrong"] = row.isWrong;
  json["reason"] = row.reason;
  return json;
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

void Report::note(const Management &management) {
  driver = management.driverVersion();
  powerLimitWatts = management.powerLimitWatts();
  highestSmClock = management.highestSmClock();
}

static Json machineJson(const BenchResult &result, const std::string &driver) {
  return {{"gpu", result.device.name},
          {"target", result.device.target},
          {"bus", result.busId},
          {"multiprocessors", result.device.multiprocessors},
          {"l2_bytes", result.device.l2Bytes},
          {"memory_bytes", result.device.memoryBytes},
          {"nvidia_driver", driver},
          {"cuda", result.cudaVersion},
          {"host", hostName()}};
}

static Json packsJson(const BenchOptions &options, const BenchResult &result) {
  Json packs = Json::array();
  for (size_t i = 0; i < result.packs.size(); ++i) {
    Json tools = Json::object();
    for (const ToolVersion &tool : result.packs[i]->tools())
      tools[tool.name] = tool.version;
    packs.push_back({{"path", i < options.packs.size() ? options.packs[i]
                                                       : options.twins[i - options.packs.size()]},
                     {"bytes", result.packs[i]->fileBytes()},
                     {"kernels", result.packs[i]->kernels().size()},
                     {"tools", std::move(tools)}});
  }
  return packs;
}

std::string Report::text(const BenchResult &result) const {
  Json json = benchResult("gpu-bench/5", version);
  json["begun"] = begun;
  json["seed"] = options.seed;
  json["weights"] = options.weights;
  json["machine"] = machineJson(result, driver);
  if (highestSmClock != 0)
    json["machine"]["highest_sm_mhz"] = highestSmClock;
  if (powerLimitWatts != 0)
    json["machine"]["power_limit_watts"] = powerLimitWatts;
  json["packs"] = packsJson(options, result);
  json["copy_bytes_per_second"] = std::round(result.copyBytesPerSecond);
  json["cublaslt"] = result.cublasVersion.empty() ? Json{{"missing", result.cublasMissing}}
                                                  : Json{{"version", result.cublasVersion}};
  if (!result.pyTorchMissing.empty())
    json["pytorch_missing"] = result.pyTorchMissing;
  json["baselines"] = Json::array();
  for (const BaselineRow &row : result.baselines)
    json["baselines"].push_back(baselineJson(row));
  json["rows"] = Json::array();
  for (const BenchRow &row : result.rows) {
    json["rows"].push_back(rowJson(row, result.copyBytesPerSecond));
    addLoad(json["rows"].back(), row.load);
    if (const ProfilePrediction *predicted = profiles.state->find(row))
      json["rows"].back()["predicted"] = predicted->whole;
  }
  json["refused"] = Json::array();
  for (const RefusedRow &row : result.refused)
    json["refused"].push_back(refusedJson(row));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Status Report::write(const std::string &path, const BenchResult &result) const {
  std::string whole = text(result);
  return writeWholeFile(path, {reinterpret_cast<const uint8_t *>(whole.data()), whole.size()},
                        true);
}
