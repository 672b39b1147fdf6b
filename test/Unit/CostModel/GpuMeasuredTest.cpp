//===- GpuMeasuredTest.cpp - Predictions beside what a GPU measured -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/benchmarks/h200-kernels.json has the profiles of kernels whose strategies were pinned, and
// the times that an H200 took for them. Constants of the cost model are fitted to these. A test
// holds the model to what the fit left.
//
//===----------------------------------------------------------------------===//

#include "TestFolders.h"
#include "uwt/CostModel/KernelProfiles.h"
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace uwt;

namespace {
struct Measured {
  std::string name;
  KernelProfileRow kernel;
  GpuProblem problem;
  double microseconds = 0;
  bool hasEvenCtas = false;
};

std::vector<Measured> measuredKernels() {
  std::ifstream file(test::sourceFolder() / "docs/benchmarks/h200-kernels.json");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  Expected<std::vector<KernelProfileRow>> profiles = parseKernelProfiles(text);
  EXPECT_TRUE(profiles) << profiles.error().message();
  std::vector<Measured> result;
  const auto table = nlohmann::json::parse(text);
  for (const auto &row : table.at("rows")) {
    Measured &one = result.emplace_back();
    one.kernel = (*profiles)[result.size() - 1];
    one.problem = {row.at("n"), row.at("k"), row.at("m")};
    one.microseconds = row.at("measured_us");
    one.hasEvenCtas = row.at("even_ctas");
    one.name = one.kernel.format + " " + std::to_string(one.problem.n) + "x" +
               std::to_string(one.problem.k) + " " + row.at("strategy").get<std::string>();
  }
  return result;
}

double predictedTime(const Measured &one) {
  GpuAssumptions constants;
  constants.hasEvenCtas = one.hasEvenCtas;
  const GpuBoard *board = usualBoard(**findGpuTarget("sm_90a"));
  return predictGpu(*board, one.kernel.profile, one.problem, constants).total;
}
} // namespace

TEST(GpuMeasured, PredictionsMeetTheTimesOfAnH200) {
  std::vector<Measured> all = measuredKernels();
  ASSERT_EQ(all.size(), 92u);
  double sum = 0, squares = 0;
  for (const Measured &one : all) {
    double error = std::log(predictedTime(one) / one.microseconds);
    EXPECT_LE(std::abs(error), 0.11) << one.name << ": " << one.microseconds << " us measured, "
                                     << predictedTime(one) << " predicted";
    sum += error;
    squares += error * error;
  }
  auto count = static_cast<double>(all.size());
  EXPECT_LE(std::abs(sum / count), 0.015);
  EXPECT_LE(std::sqrt(squares / count), 0.045);
}

/// As kernels are launched: of these the choice is made.
TEST(GpuMeasured, EvenSharesAreWithinFivePercent) {
  for (const Measured &one : measuredKernels())
    if (one.hasEvenCtas)
      EXPECT_NEAR(predictedTime(one) / one.microseconds, 1, 0.05) << one.name;
}

/// A ring that asks for more at once gets its first stage later.
TEST(GpuMeasured, DeepRingsAreSlowerAsTheyWereMeasured) {
  std::map<unsigned, std::pair<double, double>> times;
  for (const Measured &one : measuredKernels()) {
    const KernelProfile &profile = one.kernel.profile;
    bool isOfRow = one.kernel.format == "inplace<12>" && one.problem.n == 4096 &&
                   one.problem.k == 14336 && one.problem.m == 8 && !one.hasEvenCtas;
    if (isOfRow && profile.ctas == 2 && profile.cluster == 1 && profile.stageWeights == 64 * 128)
      times[profile.stages] = {one.microseconds, predictedTime(one)};
  }
  ASSERT_EQ(times.size(), 6u);
  EXPECT_LT(times[3].first, times[7].first);
  for (unsigned stages = 3; stages < 7; ++stages)
    EXPECT_LT(times[stages].second, times[stages + 1].second) << stages;
}
