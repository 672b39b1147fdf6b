//===- ColumnOrder.cpp - Columns in the order of a weight's cells ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/ColumnOrder.h"
#include <algorithm>
#include <vector>

using namespace uwt;

Status uwt::checkColumns(std::span<const uint32_t> order) {
  uint32_t largest = 0;
  for (uint32_t column : order)
    largest = std::max(largest, column);
  if (order.empty() || largest < order.size())
    return ok();
  return invalidError("the weight in memory is damaged: its order of columns has number " +
                      std::to_string(largest) + ", and there are " + std::to_string(order.size()));
}

/// Calls `body(row, worker)` for all rows; of few elements on the caller's thread, which has moved
/// them before others wake up.
template <typename Body>
static void forEachRow(uint64_t rows, uint64_t columns, ThreadPool &pool, Body body) {
  constexpr uint64_t elementsOfAThread = 1 << 16;
  if (rows * columns > elementsOfAThread)
    return pool.parallelFor(rows, body);
  for (uint64_t row = 0; row < rows; ++row)
    body(row, 0);
}

void uwt::takeColumns(std::span<const uint32_t> order, const uint16_t *x, uint64_t rows,
                      uint64_t stride, uint16_t *to, ThreadPool &pool) {
  forEachRow(rows, order.size(), pool, [&](uint64_t row, unsigned) {
    const uint16_t *from = x + row * stride;
    std::ranges::transform(order, to + row * order.size(),
                           [&](uint32_t column) { return from[column]; });
  });
}

void uwt::putColumns(std::span<const uint32_t> order, uint16_t *y, uint64_t rows, uint64_t stride,
                     ThreadPool &pool) {
  if (order.empty())
    return;
  std::vector<std::vector<uint16_t>> copies(pool.size());
  forEachRow(rows, order.size(), pool, [&](uint64_t row, unsigned worker) {
    uint16_t *to = y + row * stride;
    std::vector<uint16_t> &copy = copies[worker];
    copy.assign(to, to + order.size());
    for (size_t i = 0; i < order.size(); ++i)
      to[order[i]] = copy[i];
  });
}
