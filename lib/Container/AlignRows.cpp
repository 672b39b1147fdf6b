//===- AlignRows.cpp - Rows that two tensors have in common ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AlignRows.h"
#include "ContainerFormat.h"
#include <algorithm>
#include <unordered_map>

namespace uwt {

/// Returns runs of equal rows. A row that has equal rows in several places continues the run before
/// it, or stands for the first of them.
static std::vector<BaseRows> equalRuns(std::span<const uint64_t> own,
                                       std::span<const uint64_t> base) {
  std::unordered_map<uint64_t, uint64_t> first;
  for (uint64_t row = 0; row < base.size(); ++row)
    first.try_emplace(base[row], row);
  std::vector<BaseRows> runs;
  for (uint64_t row = 0; row < own.size(); ++row) {
    if (!runs.empty() && runs.back().own + runs.back().count == row) {
      uint64_t next = runs.back().base + runs.back().count;
      if (next < base.size() && base[next] == own[row]) {
        ++runs.back().count;
        continue;
      }
    }
    if (auto found = first.find(own[row]); found != first.end())
      runs.push_back({row, found->second, 1});
  }
  return runs;
}

/// Makes one run of two with changed rows between them, as many in both tensors.
static std::vector<BaseRows> overChangedRows(const std::vector<BaseRows> &runs) {
  std::vector<BaseRows> out;
  for (const BaseRows &run : runs)
    if (!out.empty() && run.own - out.back().own == run.base - out.back().base)
      out.back().count = run.own + run.count - out.back().own;
    else
      out.push_back(run);
  return out;
}

/// Keeps the longest runs, as many as an entry may have.
static void keepLongest(std::vector<BaseRows> &runs) {
  if (runs.size() <= maxBaseRuns)
    return;
  std::ranges::stable_sort(runs, std::ranges::greater(), &BaseRows::count);
  runs.resize(maxBaseRuns);
  std::ranges::sort(runs, {}, &BaseRows::own);
}

/// Gives changed rows before the first run and after the last one to these.
static void extendEnds(std::vector<BaseRows> &runs, uint64_t ownRows, uint64_t baseRows) {
  BaseRows &first = runs.front(), &last = runs.back();
  uint64_t before = std::min(first.own, first.base);
  first = {first.own - before, first.base - before, first.count + before};
  uint64_t own = ownRows - last.own, base = baseRows - last.base;
  last.count = std::min(own, base);
}

/// Returns how many rows of the runs are equal.
static uint64_t equalRows(const std::vector<BaseRows> &runs, std::span<const uint64_t> own,
                          std::span<const uint64_t> base) {
  uint64_t equal = 0;
  for (const BaseRows &run : runs)
    for (uint64_t row = 0; row < run.count; ++row)
      equal += own[run.own + row] == base[run.base + row];
  return equal;
}

std::vector<BaseRows> alignRows(std::span<const uint64_t> own, std::span<const uint64_t> base) {
  std::vector<BaseRows> sameRows = {{0, 0, std::min<uint64_t>(own.size(), base.size())}};
  std::vector<BaseRows> runs = overChangedRows(equalRuns(own, base));
  keepLongest(runs);
  if (equalRows(runs, own, base) <= equalRows(sameRows, own, base))
    return sameRows;
  extendEnds(runs, own.size(), base.size());
  return runs;
}

} // namespace uwt
