//===- RingTime.cpp - How long a ring of stages takes ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/RingTime.h"
#include <algorithm>
#include <cmath>
#include <vector>

using namespace uwt;

namespace {
class Ring {
public:
  Ring(const RingTiming &timing, unsigned steps)
      : timing(timing), steps(steps), free(timing.begin), link(timing.begin), issued(steps),
        landed(steps), consumed(steps) {}
  RingTime run();

private:
  void fill(unsigned step);
  void consume(unsigned step);
  double loadTime(unsigned step) const;
  double service(unsigned step) const;
  double firstLanding() const;

  const RingTiming &timing;
  unsigned steps;
  /// When the producer is free, and when the CTA's share of the way is.
  double free, link;
  /// By step: when all its copies were issued, when its bytes were there, when it was consumed.
  std::vector<double> issued, landed, consumed;
  double onTheirWay = 0, firstFull = 0;
};
} // namespace

/// Of a load of a stage's entries of the table: memory gives 64 bytes, of which the second-level
/// cache keeps the other sector of 32 and the first-level cache the rest of that.
double Ring::loadTime(unsigned step) const {
  constexpr double memoryBytes = 64, sectorBytes = 32;
  double first = step * timing.tableBytes;
  auto isNew = [&](double bytes) { return std::fmod(first, bytes) < timing.tableBytes; };
  if (timing.tableBytes == 0)
    return timing.hitLatency;
  if (isNew(memoryBytes))
    return timing.memoryLatency;
  return isNew(sectorBytes) ? timing.cacheLatency : timing.hitLatency;
}

/// The last step of all is not that of all CTAs: those that are left have the others' share.
double Ring::service(unsigned step) const {
  double active = std::clamp(timing.steps - step, 0.0, 1.0);
  return std::max(timing.service * active, timing.leastService);
}

void Ring::fill(unsigned step) {
  double begin = free;
  if (step >= timing.stages)
    begin = std::max(begin, consumed[step - timing.stages] + timing.arrival);
  double load = step == 0 ? 0 : loadTime(step);
  if (step == 0)
    begin += timing.prologueLoads * timing.memoryLatency;
  double first = begin + timing.firstCopy + timing.firstLoads * load;
  double last = begin + timing.lastCopy + timing.lastLoads * load;
  free = begin + timing.trip + timing.tripLoads * load;
  for (unsigned panel = 0; panel < timing.panels; ++panel) {
    double share = timing.panels > 1 ? double(panel) / (timing.panels - 1) : 0;
    double copy = first + (last - first) * share;
    link = std::max(link, copy) + service(step) / timing.panels;
    onTheirWay += (link + timing.memoryLatency - copy) / timing.panels;
  }
  issued[step] = last;
  landed[step] =
      std::max(link + timing.memoryLatency, std::max(last, timing.xReady) + timing.xTime);
  if (step < timing.stages)
    landed[step] = std::max(landed[step], firstLanding());
}

/// When the first of the stages that fill the ring has landed, beside the others.
double Ring::firstLanding() const {
  double firstCopy = timing.begin + timing.prologueLoads * timing.memoryLatency + timing.firstCopy;
  return firstCopy + timing.firstStage * std::min(timing.stages, steps) * timing.service +
         timing.memoryLatency;
}

void Ring::consume(unsigned step) {
  double full = landed[step];
  unsigned behind = timing.stages - 1;
  if (timing.announcesLate)
    full = std::max(full, issued[std::min(step + behind, steps - 1)]);
  if (step == 0)
    firstFull = full;
  consumed[step] = std::max(step == 0 ? 0 : consumed[step - 1], full) + timing.consume;
}

RingTime Ring::run() {
  // A stage is said to have landed behind the copies of others: those are filled before.
  unsigned ahead = timing.announcesLate ? timing.stages - 1 : 0;
  for (unsigned step = 0; step < steps + ahead; ++step) {
    if (step < steps)
      fill(step);
    if (step >= ahead)
      consume(step - ahead);
  }
  RingTime result;
  result.firstFull = firstFull;
  result.end = consumed.back();
  // Whole rounds of the ring and of the table's 64 bytes, where there are as many.
  unsigned period = std::min(4 * timing.stages, (steps - 1) / 2);
  unsigned last = steps > 1 ? steps - 2 : 0;
  result.step = period == 0 ? timing.consume : (consumed[last] - consumed[last - period]) / period;
  if (result.end > timing.begin)
    result.stagesOnTheirWay = onTheirWay / (result.end - timing.begin);
  return result;
}

RingTime uwt::ringTime(const RingTiming &ring) {
  constexpr double maxSteps = 256;
  double whole = std::max(1.0, std::ceil(ring.steps - 1e-9));
  if (whole <= maxSteps)
    return Ring(ring, static_cast<unsigned>(whole)).run();
  RingTiming some = ring;
  some.steps = maxSteps - (whole - ring.steps);
  RingTime result = Ring(some, static_cast<unsigned>(maxSteps)).run();
  result.end += (whole - maxSteps) * result.step;
  return result;
}
