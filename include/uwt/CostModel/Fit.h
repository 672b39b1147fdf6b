//===- Fit.h - From measured times to constants -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The model is linear in its operations' times, so products that are not held up by memory show
// them: least squares of relative errors, no constant below 0, and constants that the
// measurements say little about near what they were before.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_FIT_H
#define UWT_COSTMODEL_FIT_H

#include "uwt/CostModel/CostModel.h"

namespace uwt {

/// A product that was measured.
struct Observation {
  ProductProblem problem;
  FormatCost format;
  KernelConfig config;
  double microseconds = 0;
};

/// `start` with the operations' times that fit products whose weights lie in a cache, each on one
/// thread. What a call costs beside its product is fitted too, and left out.
Calibration fitOperations(const Calibration &start, std::span<const Observation> observations);

/// What an operation of a stream takes, in nanoseconds, by a product from one with cold weights.
/// Precondition: its format has a variable rate.
double fitStreamOperation(Calibration calibration, const Observation &observation);

/// The overlap (0 to 1) with which predictions for products with cold weights fit best.
double fitOverlap(Calibration calibration, std::span<const Observation> observations);

} // namespace uwt

#endif // UWT_COSTMODEL_FIT_H
