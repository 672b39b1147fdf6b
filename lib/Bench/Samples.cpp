//===- Samples.cpp - Times that were measured -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Bench/Samples.h"
#include "uwt/Support/StopWatch.h"
#include <algorithm>
#include <numeric>

using namespace uwt;
using namespace uwt::bench;

double Samples::sum() const { return std::accumulate(seconds.begin(), seconds.end(), 0.0); }

double Samples::least() const {
  return seconds.empty() ? 0 : *std::min_element(seconds.begin(), seconds.end());
}

double Samples::quantile(double share) const {
  if (seconds.empty())
    return 0;
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  double index = share * static_cast<double>(sorted.size() - 1);
  auto below = static_cast<size_t>(index);
  size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (index - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

static Status addSample(Samples &samples, const std::function<Status()> &once) {
  StopWatch watch;
  UWT_RETURN_IF_ERROR(once());
  samples.seconds.push_back(watch.lap());
  return ok();
}

Expected<Samples> uwt::bench::takeSamples(unsigned count, const std::function<Status()> &once) {
  Samples samples;
  for (unsigned i = 0; i < count; ++i)
    UWT_RETURN_IF_ERROR(addSample(samples, once));
  return samples;
}

Expected<Samples> uwt::bench::takeSamplesFor(double seconds, const std::function<Status()> &once) {
  constexpr size_t fewest = 3;
  constexpr double longest = 20;
  Samples samples;
  double sum = 0;
  while ((sum < seconds || samples.seconds.size() < fewest) && sum < longest) {
    UWT_RETURN_IF_ERROR(addSample(samples, once));
    sum += samples.seconds.back();
  }
  return samples;
}
