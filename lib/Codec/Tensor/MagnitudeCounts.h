//===- MagnitudeCounts.h - Counts of exponents that occur -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight's exponents are a tenth of those that there are. Prefix codes cost the same for any
// symbols, so their estimates are made of counts of these alone: a small matrix does not pay for
// the exponents that it does not have.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_TENSOR_MAGNITUDECOUNTS_H
#define UWT_LIB_CODEC_TENSOR_MAGNITUDECOUNTS_H

#include "uwt/Codec/Statistics.h"

namespace uwt {

/// [class][symbol], and in a last entry those symbols that are not known.
using ClassCounts = std::vector<std::vector<uint64_t>>;

/// The same without classes.
ClassCounts sumOfClasses(const ClassCounts &classes);

/// Drops a mantissa bit from the symbols.
void dropMantissaBit(ClassCounts &counts);

/// Exponents, rising, for symbols that are one of them with some mantissa bits.
class ExponentSet {
public:
  ExponentSet() = default;
  static ExponentSet all(uint32_t exponentBits);
  /// Those with a count: `counts` is of all symbols of `mantissaBits` bits, and an entry more.
  static ExponentSet occurring(std::span<const uint64_t> counts, uint32_t mantissaBits);

  std::span<const uint32_t> members() const { return list; }
  /// Counts of these exponents' symbols out of those of all, and the last entry.
  std::vector<uint64_t> select(std::span<const uint64_t> all, uint32_t mantissaBits) const;
  /// The opposite but for the last entry, up to the greatest exponent.
  std::vector<uint64_t> expand(std::span<const uint64_t> selected, uint32_t mantissaBits) const;

private:
  std::vector<uint32_t> list;
};

/// Counts of magnitudes with all their mantissa bits, for elements that have no exponents but
/// these. `classes` as for countSymbols.
ClassCounts countMagnitudes(const PanelSource &source, uint64_t panels, ElementType element,
                            const ExponentSet &exponents, std::span<const uint8_t> classes,
                            uint32_t classCount, ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_CODEC_TENSOR_MAGNITUDECOUNTS_H
