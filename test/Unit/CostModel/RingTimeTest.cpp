//===- RingTimeTest.cpp - Rings as recurrences ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/RingTime.h"
#include <gtest/gtest.h>

using namespace uwt;

namespace {
/// Two stages, four steps of 1 µs on the way, latency 3 µs.
RingTiming fourSteps() {
  RingTiming ring;
  ring.steps = 4;
  ring.service = 1;
  ring.memoryLatency = 3;
  ring.consume = 0.5;
  return ring;
}
} // namespace

TEST(RingTime, IsMaximaAndAdditions) {
  // Both stages are asked for at 0, and have their turn one behind the other: full at 4 and 5,
  // consumed at 4.5 and 5.5. Those behind are asked for then: full at 8.5 and 9.5.
  RingTime time = ringTime(fourSteps());
  EXPECT_DOUBLE_EQ(time.firstFull, 4);
  EXPECT_DOUBLE_EQ(time.end, 10);
  // Two of 4 µs and two of 5 µs on their way in 10.
  RingTiming enough = fourSteps();
  enough.stages = 8;
  EXPECT_DOUBLE_EQ(ringTime(enough).end, 4 + 3 + 0.5);
  EXPECT_DOUBLE_EQ(time.stagesOnTheirWay, (4 + 5 + 4 + 4.0) / 10);
}

TEST(RingTime, TheProducerIsOneThread) {
  RingTiming ring = fourSteps();
  ring.stages = 8;
  ring.trip = 2;
  // Steps are asked for at 0, 2, 4 and 6.
  EXPECT_DOUBLE_EQ(ringTime(ring).end, 6 + 1 + 3 + 0.5);
  // What it does before the first copy delays that as well.
  ring.firstCopy = ring.lastCopy = 1;
  EXPECT_DOUBLE_EQ(ringTime(ring).end, 7 + 1 + 3 + 0.5);
}

TEST(RingTime, LoadsOfATableMissOnceFor64Bytes) {
  RingTiming ring = fourSteps();
  ring.stages = 8;
  ring.cacheLatency = 1;
  ring.tripLoads = ring.firstLoads = ring.lastLoads = 1;
  ring.tableBytes = 32;
  // The first stage is found before; of the others the first and the last one hit the other sector
  // of 32 bytes, and the one between them misses.
  EXPECT_DOUBLE_EQ(ringTime(ring).end, 0 + 1 + 3 + 1 + 1 + 3 + 0.5);
  ring.tableBytes = 64;
  EXPECT_DOUBLE_EQ(ringTime(ring).end, 3 + 3 + 3 + 1 + 3 + 0.5);
  ring.tableBytes = 0;
  EXPECT_DOUBLE_EQ(ringTime(ring).end, 4 + 3 + 0.5);
  // Ahead of an empty stage they do not hold up the copies of a ring that waits for its consumers.
  ring.consume = 10;
  ring.stages = 2;
  double without = ringTime(ring).end;
  ring.tableBytes = 64;
  ring.firstLoads = ring.lastLoads = 0;
  EXPECT_DOUBLE_EQ(ringTime(ring).end, without);
}

TEST(RingTime, PanelsAreCopiedOneBehindAnother) {
  RingTiming ring = fourSteps();
  ring.steps = 1;
  ring.panels = 2;
  ring.firstCopy = 1;
  ring.lastCopy = 5;
  // The first half has its turn meanwhile.
  EXPECT_DOUBLE_EQ(ringTime(ring).end, 5 + 0.5 + 3 + 0.5);
}

TEST(RingTime, XIsWaitedForAsWell) {
  RingTiming ring = fourSteps();
  ring.xReady = 20;
  ring.xTime = 1;
  RingTime time = ringTime(ring);
  EXPECT_DOUBLE_EQ(time.firstFull, 21);
}

TEST(RingTime, PrologueWaitsForLoadsThatMiss) {
  RingTiming ring = fourSteps();
  ring.prologueLoads = 2;
  EXPECT_DOUBLE_EQ(ringTime(ring).end, ringTime(fourSteps()).end + 2 * 3);
}

TEST(RingTime, AStageIsAnnouncedBehindTheCopiesOfOthers) {
  // The last stage of a ring of two is known to be full when the next one has been asked for, which
  // waits for the one before it.
  RingTiming ring = fourSteps();
  ring.trip = ring.lastCopy = 1;
  ring.firstCopy = 1;
  double early = ringTime(ring).end;
  ring.announcesLate = true;
  EXPECT_GT(ringTime(ring).end, early);
}

TEST(RingTime, StagesThatFillTheRingAreServedSideBySide) {
  RingTiming ring = fourSteps();
  ring.stages = 4;
  ring.firstStage = 0.5;
  // Half of the way of four stages, then the latency; the others have their turn meanwhile.
  EXPECT_DOUBLE_EQ(ringTime(ring).firstFull, 2 + 3);
  EXPECT_DOUBLE_EQ(ringTime(ring).end, 4 + 3 + 0.5);
  ring.firstStage = 1;
  ring.prologueLoads = 1;
  EXPECT_DOUBLE_EQ(ringTime(ring).firstFull, 3 + 4 + 3);
  // All are there then, and are consumed one behind the other.
  EXPECT_DOUBLE_EQ(ringTime(ring).end, 3 + 4 + 3 + 4 * 0.5);
  // Of a ring that is never full no more are asked for.
  ring.stages = 8;
  EXPECT_DOUBLE_EQ(ringTime(ring).firstFull, 3 + 4 + 3);
}

TEST(RingTime, StepsAreWholeAndTheLastOnesHaveMoreOfTheWay) {
  RingTiming ring = fourSteps();
  ring.stages = 8;
  ring.steps = 3.25;
  ring.consume = 0.125;
  // A quarter of the CTAs have a fourth step.
  EXPECT_DOUBLE_EQ(ringTime(ring).end, 3.25 + 3 + 0.125);
  // One of them alone cannot go faster than this.
  ring.leastService = 0.75;
  EXPECT_DOUBLE_EQ(ringTime(ring).end, 3.75 + 3 + 0.125);
}

TEST(RingTime, ManyStepsGoOnAtTheirPace) {
  RingTiming ring = fourSteps();
  ring.steps = 2000;
  RingTime time = ringTime(ring);
  // A round of two stages takes 1 + 3 + 0.5.
  EXPECT_NEAR(time.step, 2.25, 1e-9);
  EXPECT_NEAR(time.end, 2000 * 2.25, 5);
}

TEST(RingTime, MoreStagesAndLessWorkAreNeverSlower) {
  RingTiming ring = fourSteps();
  ring.steps = 20;
  ring.tableBytes = 16;
  ring.firstLoads = ring.lastLoads = ring.tripLoads = 1;
  ring.cacheLatency = 0.3;
  ring.trip = 0.4;
  double last = 1e9;
  for (unsigned stages = 2; stages < 9; ++stages) {
    ring.stages = stages;
    double end = ringTime(ring).end;
    EXPECT_LE(end, last) << stages;
    last = end;
  }
  for (double RingTiming::*term : {&RingTiming::service, &RingTiming::memoryLatency,
                                   &RingTiming::consume, &RingTiming::arrival, &RingTiming::trip,
                                   &RingTiming::begin, &RingTiming::xReady, &RingTiming::xTime}) {
    RingTiming more = ring;
    more.*term += 1;
    EXPECT_GE(ringTime(more).end, ringTime(ring).end);
  }
}
