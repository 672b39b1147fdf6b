//===- Samples.h - Times that were measured ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What all measurements share: how often something is timed, and what is said of the times.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_BENCH_SAMPLES_H
#define UWT_BENCH_SAMPLES_H

#include "uwt/Support/Error.h"
#include <functional>
#include <vector>

namespace uwt::bench {

/// Times of one thing, in the order of measuring.
struct Samples {
  std::vector<double> seconds;

  bool empty() const { return seconds.empty(); }
  double sum() const;
  /// The least one; 0 without samples, like all that follow.
  double least() const;
  /// The time that `share` of the samples stay below, between the two nearest where no sample is
  /// there.
  double quantile(double share) const;
  double median() const { return quantile(0.5); }
};

/// Times `once` again and again. Errors: those of `once`.
Expected<Samples> takeSamples(unsigned count, const std::function<Status()> &once);

/// The same until `seconds` are over and `once` ran 3 times, or until it took 20 seconds.
Expected<Samples> takeSamplesFor(double seconds, const std::function<Status()> &once);

} // namespace uwt::bench

#endif // UWT_BENCH_SAMPLES_H
