//===- NonZero.h - Counters of what occurs ----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Most of many symbols do not occur: their counters are passed over, many at a time. Private to
// lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_NONZERO_H
#define UWT_LIB_CODEC_NONZERO_H

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace uwt {

/// Whether a counter is not zero. All are read: so compilers make vectors of them.
template <typename Count> bool hasNonZero(std::span<const Count> counts) {
  Count any = 0;
  for (Count count : counts)
    any |= count;
  return any != 0;
}

/// Calls `visit(i)` for the numbers of all counters that are not zero, and of others beside them.
template <typename Count, typename Visit>
void forNonZero(std::span<const Count> counts, Visit visit) {
  constexpr size_t step = 16;
  for (size_t begin = 0; begin < counts.size(); begin += step) {
    size_t end = std::min(begin + step, counts.size());
    if (hasNonZero(counts.subspan(begin, end - begin)))
      for (size_t i = begin; i < end; ++i)
        visit(i);
  }
}

/// The counters that are not zero, in their order. Without a branch on each, which would be
/// mispredicted every other time.
template <typename Count> std::vector<Count> nonZeroOf(std::span<const Count> counts) {
  std::vector<Count> found(counts.size() + 1);
  size_t size = 0;
  for (Count count : counts) {
    found[size] = count;
    size += count != 0;
  }
  found.resize(size);
  return found;
}

} // namespace uwt

#endif // UWT_LIB_CODEC_NONZERO_H
