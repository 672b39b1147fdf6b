//===- CostModel.h - Predicted times of a product ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pure functions of calibration, problem, format and kernel configuration. The terms are
// operations that the kernels do, counted, times what one takes; nothing is fitted to a shape.
// The same code serves passes, the command line and the runtime, so there is no MLIR here.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COSTMODEL_COSTMODEL_H
#define UWT_COSTMODEL_COSTMODEL_H

#include "uwt/CostModel/Calibration.h"
#include "uwt/CostModel/FormatCost.h"
#include "uwt/CostModel/KernelConfig.h"
#include <optional>
#include <span>

namespace uwt {

/// A product y[m, n] = x[m, k] · W[n, k]ᵀ, for each of `matrices` weights.
struct ProductProblem {
  /// Rows of x, outputs and inputs. An m of 0 stands for any, where that is allowed.
  uint64_t m = 1, n = 0, k = 0, matrices = 1;
  unsigned threads = 1;
  /// Whether bf16 pairs are multiplied: bf16 weights and x, and numerics that allow it.
  bool pairDots = true;
  /// Target::holdsUnit.
  bool holdsUnit = true;
  /// Whether code knows m: else its last block has as many rows as the others.
  bool isStatic = true;
  /// Whether strategy `tiles` serves it: pairs of bf16 or f16, on a target that has tiles of them.
  bool tileDots = false;
};

/// Microseconds.
struct Prediction {
  /// Reading the weights; the other terms but the last two are work of the slowest thread.
  double memory = 0;
  double decode = 0, dots = 0;
  /// Accumulators, x and decoded weights that go through the cache.
  double traffic = 0;
  /// Reduction and epilogue.
  double output = 0;
  double pack = 0, forkJoin = 0;
  double total = 0;

  double compute() const { return decode + dots + traffic + output; }
};

Prediction predict(const Calibration &calibration, const ProductProblem &problem,
                   const FormatCost &format, const KernelConfig &config);

/// What a user has pinned of the configuration; the rest is the model's choice.
struct ConfigPins {
  std::optional<CpuStrategy> strategy;
  std::optional<unsigned> tileN, tileM, tileK;
  /// What `direct` has, and `direct` and `tiles` (KernelConfig): a user's, or a calibrated
  /// machine's.
  unsigned prefetchBytes = 0, readStreams = 0;
};

/// The configurations that are worth a look for a format and a weight of `columns` columns, the
/// simplest first; strategy `tiles` is among them where `tileDots` says that it serves the product.
/// Empty where what is pinned does not fit the format.
std::vector<KernelConfig> candidateConfigs(const FormatCost &format, uint64_t columns,
                                           const ConfigPins &pins = {}, bool tileDots = false);

/// A configuration with its prediction.
struct Candidate {
  KernelConfig config;
  Prediction prediction;
};

/// Those of them that add sums in the order of the target: where `tiles` is among them, it alone,
/// for every m (docs/numerics.md). A pinned strategy has the order that it has.
std::vector<KernelConfig> configsFor(const ProductProblem &problem, const FormatCost &format,
                                     const ConfigPins &pins = {});

/// All candidate configurations for the problem, fastest first; of equal ones the simpler one.
std::vector<Candidate> rankConfigs(const Calibration &calibration, const ProductProblem &problem,
                                   const FormatCost &format, const ConfigPins &pins = {});

/// The values of m at which a choice for any m is made.
std::span<const uint64_t> mGrid();

/// A range of m: values up to `limit`, from the limit of the range before.
struct MRange {
  uint64_t limit;
  KernelConfig config;
};

/// At most `maxRanges` ranges that cover every m (the last limit is UINT64_MAX), so that
/// the chosen configurations are on the grid as close to the best ones as can be; an m of one
/// counts fourfold. A further range has to gain 5 % of the best time, summed over the grid.
/// `problem.m` is not looked at. Empty where no configuration fits.
std::vector<MRange> chooseRanges(const Calibration &calibration, const ProductProblem &problem,
                                 const FormatCost &format, unsigned maxRanges,
                                 const ConfigPins &pins = {});

/// The numbers of the formats that all products with a weight together run from, the fastest one
/// first. An m of 0 stands for the whole grid, each value with the same weight. To be first, a
/// format further behind in the list has to win by 2 %: the first one is the stored one, which
/// needs no transcode. Formats for which nothing fits are left out.
std::vector<size_t> rankRunFormats(const Calibration &calibration,
                                   std::span<const ProductProblem> uses,
                                   std::span<const FormatCost> formats,
                                   const ConfigPins &pins = {});

} // namespace uwt

#endif // UWT_COSTMODEL_COSTMODEL_H
