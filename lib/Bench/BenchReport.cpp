//===- BenchReport.cpp - Results of measurements as JSON ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Bench/BenchReport.h"
#include <array>
#include <cmath>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace uwt;
using namespace uwt::bench;

nlohmann::ordered_json uwt::bench::benchResult(const std::string &schema,
                                               const std::string &version) {
  return {{"schema", "uwt." + schema},
          {"version", version},
          {"written", timeStamp()},
          {"processor", processorName()}};
}

/// No clock tells more.
static double toNanosecond(double seconds) { return std::round(seconds * 1e9) / 1e9; }

nlohmann::ordered_json uwt::bench::samplesJson(const Samples &samples) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (double sample : samples.seconds)
    all.push_back(toNanosecond(sample));
  return {{"median_seconds", toNanosecond(samples.median())},
          {"p10_seconds", toNanosecond(samples.quantile(0.1))},
          {"p90_seconds", toNanosecond(samples.quantile(0.9))},
          {"seconds", std::move(all)}};
}

std::string uwt::bench::processorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      if (size_t colon = line.find(": "); colon != std::string::npos)
        return line.substr(colon + 2);
  return "";
}

std::string uwt::bench::timeStamp() {
  std::array<char, 32> text{};
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}
