//===- FitTest.cpp - Constants from measurements --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/Fit.h"
#include <gtest/gtest.h>
#include <random>

using namespace uwt;

namespace {
FormatCost formatOf(const char *text, double operations, double escapes) {
  return {*Format::parse(text), {12, escapes}, operations, true, 64};
}

/// What `machine` predicts of a product with a cached weight.
Observation observationOf(const Calibration &machine, const FormatCost &format,
                          const KernelConfig &config, uint64_t m, bool pairs) {
  Observation o{{m, 256, 1024, 1, 1, pairs, true}, format, config, 0};
  o.microseconds = predict(machine, o.problem, format, config).total;
  return o;
}

/// Times that `machine` predicts with weights in a cache, each off by up to `noise`.
std::vector<Observation> observe(Calibration machine, double noise) {
  machine.bandwidth = {1e9};
  std::mt19937 random(5);
  std::uniform_real_distribution<double> factor(1 - noise, 1 + noise);
  std::vector<Observation> result;
  for (const FormatCost &format :
       {formatOf("raw", 0, 0), formatOf("inplace<12>", 3.75, 1e-3), formatOf("window<4>", 8, 0)})
    for (const KernelConfig &config : candidateConfigs(format, 1024))
      for (uint64_t m : {1, 3, 8, 20})
        for (bool pairs : {true, false}) {
          result.push_back(observationOf(machine, format, config, m, pairs));
          result.back().microseconds *= factor(random);
        }
  return result;
}
} // namespace

TEST(Fit, FindsTheConstantsThatMadeTheTimes) {
  Calibration start = Calibration::of(**findTarget("avx512bf16")), machine = start;
  machine.dot *= 2;
  machine.decodeOperation *= 3;
  machine.accumulator *= 0.5;
  machine.store *= 1.5;
  Calibration fitted = fitOperations(start, observe(machine, 0));
  EXPECT_NEAR(fitted.dot / machine.dot, 1, 0.25);
  EXPECT_NEAR(fitted.decodeOperation / machine.decodeOperation, 1, 0.1);
  EXPECT_NEAR(fitted.accumulator / machine.accumulator, 1, 0.1);
  EXPECT_NEAR(fitted.store / machine.store, 1, 0.15);
}

/// What is done at once with something longer takes no time, and must not be taken for some.
TEST(Fit, FindsWhatTilesTake) {
  Calibration start = Calibration::of(**findTarget("amx")), machine = start;
  machine.tileDot *= 0.6;
  machine.load *= 0.8;
  machine.farLoad *= 1.5;
  machine.accumulator *= 0.5;
  machine.bandwidth = {1e9};
  std::vector<Observation> observations;
  for (const FormatCost &format : {formatOf("raw", 0, 0), formatOf("inplace<12>", 3.75, 1e-3)})
    for (const KernelConfig &config : candidateConfigs(format, 1024, {}, true))
      for (uint64_t m : {1, 16, 64, 256})
        observations.push_back(observationOf(machine, format, config, m, /*pairs=*/true));
  Calibration fitted = fitOperations(start, observations);
  EXPECT_NEAR(fitted.tileDot / machine.tileDot, 1, 0.15);
  fitted.bandwidth = machine.bandwidth;
  for (const Observation &o : observations)
    EXPECT_NEAR(predict(fitted, o.problem, o.format, o.config).total / o.microseconds, 1, 0.1)
        << o.format.format.str() << " " << o.config.str() << " " << o.problem.m;
}

TEST(Fit, NoiseMovesPredictionsLittle) {
  Calibration start = Calibration::of(**findTarget("avx512bf16")), machine = start;
  machine.dot *= 1.7;
  machine.output *= 0.3;
  Calibration fitted = fitOperations(start, observe(machine, 0.1));
  fitted.bandwidth = machine.bandwidth = {1e9};
  for (const Observation &o : observe(machine, 0))
    EXPECT_NEAR(predict(fitted, o.problem, o.format, o.config).total / o.microseconds, 1, 0.12);
}

TEST(Fit, WithoutObservationsNothingChanges) {
  const Calibration &start = Calibration::of(**findTarget("avx2"));
  EXPECT_EQ(fitOperations(start, {}).json(), start.json());
}

TEST(Fit, WhatNoObservationSaysAnythingOfStays) {
  const Calibration &start = Calibration::of(**findTarget("avx512bf16"));
  // It has no tiles.
  EXPECT_EQ(fitOperations(start, observe(start, 0.1)).tileDot, start.tileDot);
}

TEST(Fit, FindsWhatAnOperationOfAStreamTakes) {
  Calibration start = Calibration::of(**findTarget("avx512bf16")), machine = start;
  machine.streamOperation = 0.31;
  FormatCost stream = formatOf("huffman<12,2>", 70, 0);
  stream.fixedRate = false;
  KernelConfig buffer{CpuStrategy::Buffer, 4, 4, 1024};
  Observation cold{{1, 8192, 4096, 1, 1, true, true}, stream, buffer, 0};
  cold.microseconds = predict(machine, cold.problem, stream, buffer).total;
  EXPECT_NEAR(fitStreamOperation(start, cold), 0.31, 1e-9);
  // In less time than memory takes there are no operations.
  cold.microseconds = 1;
  EXPECT_EQ(fitStreamOperation(start, cold), 0);
}

TEST(Fit, FindsTheOverlap) {
  Calibration machine = Calibration::of(**findTarget("avx512bf16"));
  machine.overlap = 0.37;
  std::vector<Observation> cold;
  for (uint64_t m : {1, 4, 8}) {
    Observation o{{m, 4096, 4096, 1, 2, true, true}, formatOf("raw", 0, 0), {}, 0};
    o.microseconds = predict(machine, o.problem, o.format, o.config).total;
    cold.push_back(o);
  }
  machine.overlap = 0;
  EXPECT_NEAR(fitOverlap(machine, cold), 0.37, 1e-9);
}
