//===- Choice.cpp - Ranges of m, and run formats --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/CostModel.h"
#include <algorithm>
#include <limits>

using namespace uwt;

namespace {
constexpr uint64_t grid[] = {1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512};
constexpr size_t gridSize = std::size(grid);
/// An m of one is what models that write text run most of the time.
constexpr double oneWeight = 4;
/// What a change has to gain: the model is not better than that.
constexpr double leastGain = 0.02;
/// What a further range has to gain, summed over the grid, for the code that it adds.
constexpr double leastRangeGain = 0.05;
constexpr double never = std::numeric_limits<double>::infinity();

/// Times of each configuration at each size of the grid, relative to the best one there.
struct RelativeTimes {
  std::vector<KernelConfig> configs;
  std::vector<std::vector<double>> times;
};

/// A way to cover the grid's first sizes: the cost of its last range's end, and where that begins.
struct Cover {
  double cost = never;
  size_t config = 0, begin = 0;
};
} // namespace

std::span<const uint64_t> uwt::mGrid() { return grid; }

static RelativeTimes relativeTimes(const Calibration &calibration, ProductProblem problem,
                                   const FormatCost &format, const ConfigPins &pins) {
  RelativeTimes result;
  result.configs = configsFor(problem, format, pins);
  result.times.resize(result.configs.size());
  for (uint64_t m : grid) {
    problem.m = m;
    double best = never;
    for (size_t i = 0; i < result.configs.size(); ++i) {
      double time = predict(calibration, problem, format, result.configs[i]).total;
      result.times[i].push_back(time);
      best = std::min(best, time);
    }
    for (std::vector<double> &times : result.times)
      times.back() = best > 0 ? times.back() / best : 1;
  }
  return result;
}

/// The configuration with the least sum over [begin, end) of what it is slower than the best, and
/// that sum; the simplest of equal ones.
static Cover bestFor(const RelativeTimes &relative, size_t begin, size_t end) {
  Cover best;
  for (size_t i = 0; i < relative.configs.size(); ++i) {
    double cost = 0;
    for (size_t b = begin; b < end; ++b)
      cost += (relative.times[i][b] - 1) * (grid[b] == 1 ? oneWeight : 1);
    if (cost < best.cost)
      best = {cost, i, begin};
  }
  return best;
}

/// covers[r][end]: the best cover of the first `end` sizes by r + 1 ranges.
static std::vector<std::vector<Cover>> coverGrid(const RelativeTimes &relative,
                                                 unsigned maxRanges) {
  std::vector<std::vector<Cover>> covers(maxRanges, std::vector<Cover>(gridSize + 1));
  for (size_t end = 1; end <= gridSize; ++end)
    covers[0][end] = bestFor(relative, 0, end);
  for (unsigned r = 1; r < maxRanges; ++r)
    for (size_t end = r + 1; end <= gridSize; ++end)
      for (size_t begin = r; begin < end; ++begin) {
        Cover last = bestFor(relative, begin, end);
        last.cost += covers[r - 1][begin].cost;
        if (last.cost < covers[r][end].cost)
          covers[r][end] = last;
      }
  return covers;
}

std::vector<MRange> uwt::chooseRanges(const Calibration &calibration, const ProductProblem &problem,
                                      const FormatCost &format, unsigned maxRanges,
                                      const ConfigPins &pins) {
  RelativeTimes relative = relativeTimes(calibration, problem, format, pins);
  if (relative.configs.empty())
    return {};
  maxRanges = std::clamp<unsigned>(maxRanges, 1, gridSize);
  std::vector<std::vector<Cover>> covers = coverGrid(relative, maxRanges);
  unsigned ranges = 0;
  for (unsigned r = 1; r < maxRanges; ++r)
    if (covers[r][gridSize].cost + leastRangeGain < covers[ranges][gridSize].cost)
      ranges = r;

  std::vector<MRange> result;
  size_t end = gridSize;
  for (unsigned r = ranges + 1; r-- > 0;) {
    const Cover &cover = covers[r][end];
    uint64_t limit = end == gridSize ? UINT64_MAX : grid[end - 1];
    result.insert(result.begin(), {limit, relative.configs[cover.config]});
    end = cover.begin;
  }
  // Neighbours may have come out equal.
  for (size_t i = result.size(); i-- > 1;)
    if (result[i].config == result[i - 1].config)
      result.erase(result.begin() + static_cast<ptrdiff_t>(i - 1));
  return result;
}

/// The time of the best configuration, or `never`.
static double bestTime(const Calibration &calibration, const ProductProblem &problem,
                       const FormatCost &format, const ConfigPins &pins) {
  double best = never;
  for (const KernelConfig &config : configsFor(problem, format, pins))
    best = std::min(best, predict(calibration, problem, format, config).total);
  return best;
}

/// The times of all products with a weight, for each format, relative to the best one of each
/// product; `never` where nothing fits.
static std::vector<double> relativeCosts(const Calibration &calibration,
                                         std::span<const ProductProblem> uses,
                                         std::span<const FormatCost> formats,
                                         const ConfigPins &pins) {
  std::vector<double> costs(formats.size(), 0);
  auto add = [&](const ProductProblem &problem, double weight) {
    std::vector<double> times;
    for (const FormatCost &format : formats)
      times.push_back(bestTime(calibration, problem, format, pins));
    double best = times.empty() ? 0 : *std::min_element(times.begin(), times.end());
    for (size_t i = 0; i < times.size(); ++i)
      costs[i] += times[i] == never ? never : (best > 0 ? times[i] / best : 1) * weight;
  };
  for (ProductProblem problem : uses) {
    if (problem.m != 0) {
      add(problem, 1);
      continue;
    }
    for (uint64_t m : grid) {
      problem.m = m;
      add(problem, 1.0 / static_cast<double>(gridSize));
    }
  }
  return costs;
}

std::vector<size_t> uwt::rankRunFormats(const Calibration &calibration,
                                        std::span<const ProductProblem> uses,
                                        std::span<const FormatCost> formats,
                                        const ConfigPins &pins) {
  std::vector<double> costs = relativeCosts(calibration, uses, formats, pins);
  std::vector<size_t> ranked;
  for (size_t i = 0; i < formats.size(); ++i)
    if (costs[i] != never)
      ranked.push_back(i);
  std::stable_sort(ranked.begin(), ranked.end(),
                   [&](size_t a, size_t b) { return costs[a] < costs[b]; });
  auto first = ranked.end();
  double least = never;
  for (size_t i = 0; i < formats.size(); ++i)
    if (costs[i] < least * (first == ranked.end() ? 1 : 1 - leastGain)) {
      first = std::find(ranked.begin(), ranked.end(), i);
      least = costs[i];
    }
  if (first != ranked.end())
    std::rotate(ranked.begin(), first, first + 1);
  return ranked;
}
