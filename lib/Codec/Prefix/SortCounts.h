//===- SortCounts.h - What occurs most often first --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Comparisons of counts are mispredicted every other time, and each choice of a format sorts
// thousands of them: they are sorted by their digits instead.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_PREFIX_SORTCOUNTS_H
#define UWT_LIB_CODEC_PREFIX_SORTCOUNTS_H

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace uwt {

/// Sorts by falling `countOf(item)`; items of equal counts stay in their order.
template <typename Item, typename Count>
void sortByFallingCount(std::vector<Item> &items, Count countOf) {
  // Most lists have less than a hundred items: tables of larger digits would take longer than they.
  constexpr unsigned digitBits = 6;
  constexpr uint64_t largestDigit = (1u << digitBits) - 1;
  uint64_t largest = 0;
  for (const Item &item : items)
    largest = std::max<uint64_t>(largest, countOf(item));
  std::vector<Item> sorted(items.size());
  for (unsigned shift = 0; shift < 64 && largest >> shift != 0; shift += digitBits) {
    auto digitOf = [&](const Item &item) {
      return largestDigit - (countOf(item) >> shift & largestDigit);
    };
    std::array<size_t, largestDigit + 2> begins{};
    for (const Item &item : items)
      ++begins[digitOf(item) + 1];
    for (size_t digit = 0; digit < largestDigit; ++digit)
      begins[digit + 1] += begins[digit];
    for (const Item &item : items)
      sorted[begins[digitOf(item)]++] = item;
    items.swap(sorted);
  }
}

} // namespace uwt

#endif // UWT_LIB_CODEC_PREFIX_SORTCOUNTS_H
