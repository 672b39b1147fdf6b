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
  constants.arrivingBytesPerClock = 1000;
  constants.loadedLatency = constants.memoryLatency = 1;
  constants.minLatency = constants.maxLatency = 1;
  constants.cacheLatency = 0.25;
  constants.hitClocks = constants.addressClocks = constants.warpClocks = 0;
  constants.arrival = constants.clusterArrival = 0;
  constants.launch = 2;
  constants.dependentLaunch = 0.5;
  constants.pack = 3;
  constants.fence = 0.75;
  constants.handOffTrip = 0.25;
  constants.overlap = 1;
  constants.firstStage = 0;
  constants.partialBytesPerClock = 1000;
  constants.hasEvenCtas = false;
  return constants;
}

constexpr GpuProblem problem{10000, 10000, 8};

/// A kernel whose stages have 64 x 250 weights of 1.5 bytes: 24 KB, which memory gives a
/// multiprocessor in 2.4 µs. Each takes 63 of 6,280 stages.
KernelProfile ringProfile() {
  KernelProfile profile;
  profile.weightBytes = 1.5;
  profile.stages = 8;
  profile.stageWeights = 16000;
  return profile;
}

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
  // Kernel pack is launched, reads and writes 160 KB, and takes longer than one latency; partial
  // sums take three trips, and 4 KB of them 10^-5 of a second at 10^9 bytes.
  EXPECT_NEAR(prediction.launch, 2, 1e-9);
  EXPECT_NEAR(prediction.prologue, 3 + 0.32 / 100, 1e-9);
  EXPECT_NEAR(prediction.tail, 0.75 + 4096 / 1e6, 1e-9);
  EXPECT_NEAR(prediction.ring, prediction.prologue + 150.32, 1e-9);
  EXPECT_NEAR(prediction.total, prediction.launch + prediction.ring + prediction.tail, 1e-9);
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
  EXPECT_NEAR(exponents.total,
              exponents.launch + exponents.ring + exponents.decode + exponents.tail, 1e-9);
  // The kernel that decodes is launched, too.
  EXPECT_NEAR(exponents.launch, 4, 1e-9);
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

TEST(GpuCost, ARingTakesWholeStepsOneBehindAnother) {
  GpuPrediction prediction = predictGpu(roundBoard(), ringProfile(), problem, ideal());
  // 157 tiles of 40 stages for 100 CTAs: 62.8 stages of 2.4 µs each, behind the launch, a load of
  // the first panel's address and its latency; the last one is multiplied then.
  EXPECT_NEAR(prediction.ring, 0.5 + 1 + 62.8 * 2.4 + 1 + 16000 * 8 / 2048 * 1e-3, 0.01);
  EXPECT_NEAR(prediction.prologue, 0.5 + 1 + 2.4 + 1, 1e-9);
  // Tiles of n that is no multiple of 64, and the end of each, are all that is lost.
  EXPECT_NEAR(prediction.quantisation, 62.8 * 2.4 - 150, 0.01);
  EXPECT_EQ(prediction.cluster, 0);
  EXPECT_EQ(prediction.limit(), "memory");
}

TEST(GpuCost, BytesAreOnTheirWayAsTheRingLetsThemBe) {
  KernelProfile profile = ringProfile();
  GpuPrediction full = predictGpu(roundBoard(), profile, problem, ideal());
  // A stage that waits is one on its way; a ring of two that takes 5 µs to work through a stage has
  // none most of the time.
  GpuAssumptions slow = ideal();
  slow.warpClocks = 80;
  profile.instructions = 1;
  profile.stages = 2;
  GpuPrediction waiting = predictGpu(roundBoard(), profile, problem, slow);
  EXPECT_LT(waiting.bytesOnTheirWay, 2 * 24e3);
  EXPECT_LT(waiting.bytesOnTheirWay, full.bytesOnTheirWay);
  EXPECT_EQ(waiting.limit(), "turn");
}

TEST(GpuCost, TheCopyingThreadIsALimit) {
  KernelProfile profile = ringProfile();
  GpuAssumptions constants = ideal();
  constants.addressClocks = 4;
  profile.copying.tripInstructions = 1000;
  GpuPrediction prediction = predictGpu(roundBoard(), profile, problem, constants);
  // 4 µs a stage.
  EXPECT_NEAR(prediction.copying, 62.8 * 4, 1e-9);
  EXPECT_EQ(prediction.limit(), "copying");
  // Every other load of a stage's 32 bytes misses.
  profile.copying.tripLoads = 1;
  profile.copying.tableBytes = 32;
  EXPECT_NEAR(predictGpu(roundBoard(), profile, problem, constants).copying, 62.8 * 4.5, 1e-9);
}

TEST(GpuCost, ClustersWaitForTheirSlowest) {
  KernelProfile profile = ringProfile();
  profile.stages = 2;
  profile.copying.tripLoads = profile.copying.firstLoads = profile.copying.lastLoads = 1;
  profile.copying.tableBytes = 64;
  GpuAssumptions constants = ideal();
  constants.minLatency = 1;
  constants.maxLatency = 2;
  double alone = predictGpu(roundBoard(), profile, problem, constants).ring;
  profile.cluster = 4;
  GpuPrediction together = predictGpu(roundBoard(), profile, problem, constants);
  EXPECT_GT(together.cluster, 0);
  EXPECT_GT(together.ring, alone);
  // Without a difference between latencies there is nothing to wait for.
  constants.maxLatency = 1;
  EXPECT_NEAR(predictGpu(roundBoard(), profile, problem, constants).cluster, 0, 1e-9);
}

TEST(GpuCost, ClustersOfFourLeaveSomeMultiprocessors) {
  // 96 of 100, each with 67 stages and not 62.5: what multiplies takes longer by that.
  KernelProfile profile = ringProfile();
  profile.slice = 256;
  profile.weightBytes = 0.5;
  GpuProblem wide = problem;
  wide.m = 256;
  profile.cluster = 4;
  GpuPrediction prediction = predictGpu(roundBoard(), profile, wide, ideal());
  EXPECT_NEAR(prediction.matrix, 1e8 * 256 / (2048 * 1e5), 1e-9);
  EXPECT_NEAR(prediction.quantisation, 4.5 * 2, 1);
}

TEST(GpuCost, LaunchesAndFencesAreCounted) {
  KernelProfile profile = ringProfile();
  GpuPrediction usual = predictGpu(roundBoard(), profile, problem, ideal());
  KernelProfile dependent = profile;
  dependent.packIsDependent = true;
  EXPECT_NEAR(usual.total - predictGpu(roundBoard(), dependent, problem, ideal()).total, 1.5, 1e-9);
  KernelProfile serial = profile;
  serial.productIsDependent = false;
  // It begins behind pack's 3 µs and a launch of 2, not behind one of 0.5.
  EXPECT_NEAR(predictGpu(roundBoard(), serial, problem, ideal()).total - usual.total, 4.5, 0.01);
  KernelProfile fenced = profile;
  fenced.handOffFences = 1;
  // At the end, and where a CTA hands over the first one of two output tiles.
  EXPECT_NEAR(predictGpu(roundBoard(), fenced, problem, ideal()).tail - usual.tail, 1.5, 1e-9);
  fenced.clusterFences = 2;
  GpuPrediction both = predictGpu(roundBoard(), fenced, problem, ideal());
  EXPECT_NEAR(both.tail - usual.tail, 2.25, 1e-9);
  EXPECT_NEAR(both.prologue - usual.prologue, 0.75, 1e-9);
}

TEST(GpuCost, CtasHandOverOnceWhereTheyShareOutputTilesEvenly) {
  KernelProfile profile = ringProfile();
  profile.handOffFences = 1;
  GpuAssumptions constants = ideal();
  // 50 output tiles: two CTAs to each.
  GpuProblem even{3200, 10000, 8}, uneven{3264, 10000, 8}, none{6400, 10000, 8};
  double once = predictGpu(roundBoard(), profile, even, constants).tail;
  // A CTA with parts of two hands one of them over before the end: a trip and a fence more.
  EXPECT_NEAR(predictGpu(roundBoard(), profile, uneven, constants).tail - once, 0.25 + 0.75, 1e-9);
  // Partial sums of 64 x 8 outputs are written and read; where CTAs have whole tiles there are
  // none.
  double bytes = 2.0 * 4 * 64 * 8;
  EXPECT_NEAR(once - predictGpu(roundBoard(), profile, none, constants).tail, bytes / 1e6, 1e-9);
  // With 51 output tiles, 51 CTAs would leave half of the machine without work, so all 100 run.
  constants.hasEvenCtas = true;
  EXPECT_NEAR(predictGpu(roundBoard(), profile, uneven, constants).tail - once, 1, 1e-9);
  // 48 of them: two CTAs to each leave four without work.
  GpuProblem nearly{3072, 10000, 8};
  EXPECT_NEAR(predictGpu(roundBoard(), profile, nearly, constants).tail, once, 1e-9);
}

TEST(GpuCost, RawAtTheRoofIsBytesAndTheSameLosses) {
  // One dependent launch, pack, and three trips of partial sums.
  EXPECT_NEAR(rawRoof(roundBoard(), problem, ideal()), 0.5 + 3 + 200.32 + 0.75, 1e-9);
}

TEST(GpuCost, PeersGetTheirUsualShareOfTheBandwidth) {
  PeerTime peer = peerTime(roundBoard(), problem, ideal());
  EXPECT_NEAR(peer.least, 2 + 1 + 200.32 / 0.88, 1e-9);
  EXPECT_NEAR(peer.most, 2 + 1 + 200.32 / 0.8, 1e-9);
  // Where tensor cores limit, bandwidth does not matter.
  GpuProblem wide = problem;
  wide.m = 1024;
  peer = peerTime(roundBoard(), wide, ideal());
  EXPECT_EQ(peer.least, peer.most);
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
