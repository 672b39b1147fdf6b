//===- RingTime.h - How long a ring of stages takes -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A ring as a recurrence over the stages that a CTA goes through: a stage is copied once it is
// empty and its producer is free, is full once its bytes have had their turn on the way and have
// landed, and is empty again once its consumers have worked through it. All of it is additions and
// maxima, so bytes are on their way as much as the slowest of these lets them be.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_RINGTIME_H
#define UWT_COSTMODEL_RINGTIME_H

#include <cstdint>

namespace uwt {

/// The ring of one CTA. Times are microseconds.
struct RingTiming {
  unsigned stages = 2;
  /// Panels whose weights are copied one behind another, so that the first ones are on their way
  /// while the others are still prepared.
  unsigned panels = 1;
  /// Stages that a CTA goes through on average: it takes whole ones.
  double steps = 1;

  /// When the producer begins, and when x may be read.
  double begin = 0, xReady = 0;
  /// Of the producer, without loads that miss: from an empty stage to its first copy, to its last
  /// one, and to its wait for the next stage.
  double firstCopy = 0, lastCopy = 0, trip = 0;
  /// Loads from a table in memory that the producer stops for: so many until each of these.
  double firstLoads = 0, lastLoads = 0, tripLoads = 0;
  /// Bytes of that table which a stage has of each panel; 0 for loads that never miss.
  double tableBytes = 0;
  /// Loads that miss before the first copy of all.
  double prologueLoads = 0;

  /// Of a stage, on its share of what memory gives, while all CTAs run, and at least, when few do.
  double service = 0, leastService = 0;
  /// From the end of its service to the stage; of memory, and of the second-level cache.
  double memoryLatency = 0, cacheLatency = 0;
  /// Of a load that hits the first-level cache.
  double hitLatency = 0;
  /// Of a stage's x, from its copy.
  double xTime = 0;
  /// Share of the time that the whole ring's service takes, after which the first stage is served:
  /// stages that are asked for at once are served side by side.
  double firstStage = 0;
  /// From the end of consumption to a producer that knows of it.
  double arrival = 0;
  /// Of a stage's consumers.
  double consume = 0;
  /// Whether the producer says that a stage has landed, behind the copies of the last stage that
  /// the ring has room for.
  bool announcesLate = false;
};

struct RingTime {
  /// When the first stage is full, and when the last one is consumed.
  double firstFull = 0, end = 0;
  /// From one consumed stage to the next, once the ring has settled.
  double step = 0;
  /// Stages that are on their way at a time, on average between begin and end.
  double stagesOnTheirWay = 0;
};

/// Goes through the steps; beyond some hundred of them by the pace of the last ones.
RingTime ringTime(const RingTiming &ring);

} // namespace uwt

#endif // UWT_COSTMODEL_RINGTIME_H
