//===- Fit.cpp - From measured times to constants -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/Fit.h"
#include <algorithm>
#include <cmath>

using namespace uwt;

namespace {
/// How much a constant's change by its own size weighs, beside a relative error of one observation.
constexpr double priorWeight = 0.01;
constexpr unsigned sweeps = 20000;
constexpr unsigned overlapSteps = 100;

/// A column of the least squares problem, and the unknown that it belongs to.
struct Unknown {
  std::vector<double> column;
  double value = 0, before = 0;
};
} // namespace

/// How many of `constant`'s operations `observation` takes: by how much its time grows with what
/// one takes. Near `point`, since of two things that are done at once the longer one counts.
static double operationsOf(const Calibration &point, const Observation &observation,
                           const CalibrationConstant &constant) {
  Calibration compute = point;
  compute.bandwidth = {INFINITY};
  compute.forkJoin = compute.overlap = 0;
  auto total = [&] {
    return predict(compute, observation.problem, observation.format, observation.config).total;
  };
  double before = total(), step = std::max(compute.*constant.member, 1e-3) * 1e-3;
  compute.*constant.member += step;
  return (total() - before) / step;
}

/// The fit with the operations that observations have near `point`.
static Calibration fitNear(const Calibration &point, const Calibration &start,
                           std::span<const Observation> observations) {
  std::span<const CalibrationConstant> constants = operationConstants();
  // The last one is what any call takes.
  std::vector<Unknown> unknowns(constants.size() + 1);
  for (size_t j = 0; j < unknowns.size(); ++j) {
    bool isCall = j == constants.size();
    unknowns[j].value = unknowns[j].before = isCall ? 0 : start.*constants[j].member;
    for (const Observation &observation : observations)
      unknowns[j].column.push_back((isCall ? 1 : operationsOf(point, observation, constants[j])) /
                                   observation.microseconds);
  }
  std::vector<double> errors(observations.size(), 1);
  for (const Unknown &unknown : unknowns)
    for (size_t i = 0; i < errors.size(); ++i)
      errors[i] -= unknown.column[i] * unknown.value;

  for (unsigned sweep = 0; sweep < sweeps; ++sweep)
    for (Unknown &unknown : unknowns) {
      double prior = unknown.before > 0 ? priorWeight / unknown.before : 0;
      double along = prior * prior * (unknown.before - unknown.value), norm = prior * prior;
      for (size_t i = 0; i < errors.size(); ++i) {
        along += unknown.column[i] * errors[i];
        norm += unknown.column[i] * unknown.column[i];
      }
      double step = norm > 0 ? std::max(along / norm, -unknown.value) : 0;
      unknown.value += step;
      for (size_t i = 0; i < errors.size(); ++i)
        errors[i] -= unknown.column[i] * step;
    }
  Calibration result = start;
  for (size_t j = 0; j < constants.size(); ++j)
    result.*constants[j].member = unknowns[j].value;
  return result;
}

Calibration uwt::fitOperations(const Calibration &start,
                               std::span<const Observation> observations) {
  constexpr unsigned points = 5;
  Calibration result = start;
  for (unsigned i = 0; i < points; ++i)
    result = fitNear(result, start, observations);
  return result;
}

double uwt::fitStreamOperation(Calibration calibration, const Observation &o) {
  // Both so slow that nothing else limits the product.
  constexpr double slow = 10;
  auto timeWith = [&](double operation) {
    calibration.streamOperation = operation;
    return predict(calibration, o.problem, o.format, o.config).total;
  };
  double perNanosecond = (timeWith(2 * slow) - timeWith(slow)) / slow;
  return std::max(slow - (timeWith(slow) - o.microseconds) / perNanosecond, 0.0);
}

double uwt::fitOverlap(Calibration calibration, std::span<const Observation> observations) {
  double best = calibration.overlap, least = INFINITY;
  for (unsigned step = 0; step <= overlapSteps; ++step) {
    calibration.overlap = static_cast<double>(step) / overlapSteps;
    double sum = 0;
    for (const Observation &o : observations) {
      double error = predict(calibration, o.problem, o.format, o.config).total / o.microseconds - 1;
      sum += error * error;
    }
    if (sum < least) {
      least = sum;
      best = calibration.overlap;
    }
  }
  return best;
}
