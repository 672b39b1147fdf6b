//===- Random.h - Small seeded random numbers -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_RANDOM_H
#define UWT_SUPPORT_RANDOM_H

#include <cstdint>

namespace uwt {

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): one word
/// of state, the same integers everywhere.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next();
  /// In [0, bound), all but evenly; bound > 0.
  uint64_t below(uint64_t bound) { return next() % bound; }
  /// In (0, 1], a multiple of 2^-53.
  double uniform() { return static_cast<double>((next() >> 11) + 1) * 0x1p-53; }
  /// Standard normal (Box and Muller), by this machine's logarithm and sine.
  double normal();

private:
  uint64_t state;
  double spare = 0;
  bool hasSpare = false;
};

} // namespace uwt

#endif // UWT_SUPPORT_RANDOM_H
