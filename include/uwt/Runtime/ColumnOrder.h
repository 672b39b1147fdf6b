//===- ColumnOrder.h - Columns in the order of a weight's cells -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Images of weights with `order=k` have columns cell by cell. What is multiplied with them has its
// columns brought in that order, and their rows get the weight's own back (run-8 of
// docs/quantised.md). Elements have two bytes.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_RUNTIME_COLUMNORDER_H
#define UWT_RUNTIME_COLUMNORDER_H

#include "uwt/Support/Error.h"
#include "uwt/Support/Parallel.h"
#include <cstdint>
#include <span>

namespace uwt {

/// Verifies that all numbers are below order.size(), so that the functions below stay inside of
/// rows. For every call: an image that nobody has checked may have any. Errors: Invalid.
Status checkColumns(std::span<const uint32_t> order);

/// Column i of each row of `to`, which lie one after another, is column order[i] of that row of
/// `x`, `stride` elements apart.
void takeColumns(std::span<const uint32_t> order, const uint16_t *x, uint64_t rows, uint64_t stride,
                 uint16_t *to, ThreadPool &pool);

/// Moves column i of each row of `y`, `stride` elements apart, to column order[i], in place. Leaves
/// rows as they are where `order` is empty.
void putColumns(std::span<const uint32_t> order, uint16_t *y, uint64_t rows, uint64_t stride,
                ThreadPool &pool);

} // namespace uwt

#endif // UWT_RUNTIME_COLUMNORDER_H
