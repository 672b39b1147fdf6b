//===- QuantizedDraw.h - Quantised weights that are drawn -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes, and the numbers that they share, in any format that quantised weights run from
// (docs/quantised.md, section "In memory").
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_QUANTIZEDDRAW_H
#define UWT_TOOLS_UWTBENCH_QUANTIZEDDRAW_H

#include "uwt/Bench/MatrixSource.h"
#include "uwt/Format/Format.h"
#include "uwt/Import/QuantizedWeight.h"

namespace uwt::bench {

/// What values a drawn weight has.
enum class DrawnValues {
  /// As of a model's weight: normal codes, among which all that are numbers occur, scales that vary
  /// from cell to cell, and a standard deviation of about 0.02 where the type of scales allows it.
  Plausible,
  /// Small multiples of one power of two, where the format has such: codes that are integers, and
  /// scales that are powers of two.
  Exact,
};

/// A weight of a format that checkRunFormat takes for BF16, none of whose panels is stored as words
/// by LoadedWeight::fromQuantized. Depends on the seed alone, not on threads.
QuantizedWeight drawQuantized(const Format &format, uint64_t rows, uint64_t columns,
                              DrawnValues values, uint64_t seed, ThreadPool &pool);

/// The BF16 words that it stands for.
DenseWords wordsOf(const QuantizedWeight &weight, ThreadPool &pool);

} // namespace uwt::bench

#endif // UWT_TOOLS_UWTBENCH_QUANTIZEDDRAW_H
