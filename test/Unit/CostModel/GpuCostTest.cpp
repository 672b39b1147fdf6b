//===- GpuCostTest.cpp - Predicted times on GPUs --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/KernelProfiles.h"
#include <gtest/gtest.h>

using namespace uwt;

namespace {

/// A machine of round numbers: 10^12 bytes a second from memory, 10^11 clocks of all processors.
GpuBoard roundBoard() {
  GpuBoard board;
  board.name = "round";
  board.target = *findGpuTarget("sm_90a");
  board.sms = 100;
  board.clockGHz = 1;
  board.memoryGBs = 1000;
  board.l2MB = 50;
  return board;
}

/// Constants that lose nothing.
GpuAssumptions ideal() {
  GpuAssumptions constants;
  constants.memoryShare = constants.issueShare = constants.warpShare = constants.warpgroupShare = 1;
  constants.cacheBytesPerClock = 1000;
  constants.memoryLatency = 1;
  constants.launch = 2;
  constants.dependentLaunch = 3;
  constants.ramp = 1;
  constants.reduction = 0.5;
  constants.overlap = 1;
  return constants;
}

constexpr GpuProblem problem{10000, 10000, 8};

TEST(GpuCost, TermsAreCountsOverRates) {
  KernelProfile profile;
  profile.slice = 8;
  profile.instructions = 6.4;
  profile.alu = 1.6;
  profile.sharedBytes = 12.8;
  profile.weightBytes = 1.5;
  GpuPrediction prediction = predictGpu(roundBoard(), profile, problem, ideal());
  // 150 MB of weights and 0.32 MB of x and y at 1 MB a microsecond.
  EXPECT_NEAR(prediction.memory, 150.32, 1e-9);
  EXPECT_NEAR(prediction.issue, 1e8 * 6.4 / (128 * 1e5), 1e-9);
  EXPECT_NEAR(prediction.alu, 1e8 * 1.6 / (64 * 1e5), 1e-9);
  EXPECT_NEAR(prediction.shared, 1e8 * 12.8 / (128 * 1e5), 1e-9);
  EXPECT_NEAR(prediction.matrix, 1e8 * 8 / (2048 * 1e5), 1e-9);
  // The kernel before it takes longer than filling the ring.
  EXPECT_NEAR(prediction.fixed, 2 + 3 + 0.5, 1e-9);
  EXPECT_NEAR(prediction.total, 150.32 + 5.5, 1e-9);
  EXPECT_EQ(prediction.limit(), "memory");
}

TEST(GpuCost, EachSliceDecodesAgain) {
  KernelProfile profile;
  profile.slice = 64;
  profile.instructions = 4;
  GpuProblem large = problem;
  large.m = 65;
  GpuPrediction one = predictGpu(roundBoard(), profile, problem, ideal());
  GpuPrediction two = predictGpu(roundBoard(), profile, large, ideal());
  EXPECT_NEAR(two.issue, 2 * one.issue, 1e-9);
  EXPECT_NEAR(two.matrix, 2 * one.matrix, 1e-9);
}

TEST(GpuCost, DecodingBeforeReadsWhatItReplaces) {
  KernelProfile profile;
  profile.weightBytes = 1.375;
  profile.decodedBytes = 2;
  GpuPrediction all = predictGpu(roundBoard(), profile, problem, ideal());
  EXPECT_NEAR(all.decode, 137.5 + 200, 1e-9);
  EXPECT_NEAR(all.memory, 200.32, 1e-9);
  // A byte of raw fields stays: the other 0.375 become one.
  profile.decodedBytes = 1;
  GpuPrediction exponents = predictGpu(roundBoard(), profile, problem, ideal());
  EXPECT_NEAR(exponents.decode, 37.5 + 100, 1e-9);
  EXPECT_NEAR(exponents.memory, 200.32, 1e-9);
  // Codes are half as many bytes, which the product does not read either.
  profile.decodedBytes = 0.5;
  GpuPrediction codes = predictGpu(roundBoard(), profile, problem, ideal());
  EXPECT_NEAR(codes.decode, 37.5 + 50, 1e-9);
  EXPECT_NEAR(codes.memory, 150.32, 1e-9);
  // Decoding takes as long as the slowest of what it needs.
  profile.decodeInstructions = 1000;
  EXPECT_GT(predictGpu(roundBoard(), profile, problem, ideal()).decode, codes.decode);
  profile.decodeInstructions = 0;
  profile.decodeSharedBytes = 1000;
  EXPECT_GT(predictGpu(roundBoard(), profile, problem, ideal()).decode, codes.decode);
  EXPECT_NEAR(exponents.total, exponents.memory + exponents.decode + exponents.fixed, 1e-9);
}

TEST(GpuCost, TooFewBytesOnTheirWayStall) {
  KernelProfile profile;
  // 10 KB a multiprocessor hide the latency of a microsecond.
  profile.bytesInFlight = 5000;
  GpuPrediction half = predictGpu(roundBoard(), profile, problem, ideal());
  profile.bytesInFlight = 10000;
  GpuPrediction enough = predictGpu(roundBoard(), profile, problem, ideal());
  EXPECT_NEAR(half.memory, 2 * enough.memory, 1e-9);
}

TEST(GpuCost, RawAtTheRoofIsBytesAndTheSameLosses) {
  EXPECT_NEAR(rawRoof(roundBoard(), problem, ideal()), 200.32 + 2 + 1 + 0.5, 1e-9);
}

TEST(KernelProfiles, AreThoseOfAnMThatFits) {
  const GpuTarget &hopper = **findGpuTarget("sm_90a");
  const KernelProfile *one = findKernelProfile(hopper, "inplace<12>", 1);
  const KernelProfile *many = findKernelProfile(hopper, "inplace<12>", 4096);
  ASSERT_NE(one, nullptr);
  ASSERT_NE(many, nullptr);
  EXPECT_EQ(one->slice, 8u);
  EXPECT_GT(many->slice, 32u);
  EXPECT_GT(one->instructions, 1);
  EXPECT_LT(one->weightBytes, 1.6);
  EXPECT_EQ(findKernelProfile(hopper, "rice<4,0>", 1), nullptr);
}

} // namespace
