//===- PrefixModel.h - Alphabets and code tables ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chooses which symbols a prefix code holds and which are escaped, so that code
// words, escapes and tables together take the fewest bits. Only integers and IEEE basic
// operations, so that the choice is the same on every machine.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_PREFIX_PREFIXMODEL_H
#define UWT_LIB_CODEC_PREFIX_PREFIXMODEL_H

#include "uwt/Codec/Codec.h"

namespace uwt {

/// Most entries of an alphabet whose pairs are coded: 16 x 16 pairs.
inline constexpr uint32_t maxPairEntries = 16;

/// Entries of one table of code lengths for an alphabet of `symbols` (prefix-1).
inline uint64_t tableEntries(uint64_t symbols, uint32_t codeSymbols, bool hasEscapes) {
  uint64_t entries = symbols + hasEscapes;
  return codeSymbols == 2 ? entries * entries : entries;
}

/// The model of fewest bits for `statistics` (prefix-1). In every table the commonest symbol
/// and, with escapes, the escape have code words; other symbols have one in the
/// tables of classes where that is cheaper than escaping them. For pairs, all
/// have. A usage error where escapes=none and the symbols that occur do not fit.
Expected<Model> buildPrefixModel(const Format &format, const CodecTraits &traits,
                                 const SymbolStatistics &statistics);

/// About the bits of code words, escape records and table of one of `classes` row classes
/// (single symbols) without building its model: an ideal code of limited length.
struct ClassBits {
  double ideal = 0;
  /// What code words of whole bits take more; 0 unless asked for.
  double rounding = 0;
};
ClassBits estimateClassBits(const Format &format, const CodecTraits &traits,
                            std::span<const uint64_t> counts, uint32_t classes, bool wantRounding);

/// About the bits of the same for pairs and of all classes, [class][symbol], as if the
/// two symbols of a pair knew nothing of each other. Infinite where so many symbols are not among
/// those that pairs are coded of that single symbols are surely better.
double estimatePairBits(const Format &format, const CodecTraits &traits,
                        std::span<const std::vector<uint64_t>> counts);

} // namespace uwt

#endif // UWT_LIB_CODEC_PREFIX_PREFIXMODEL_H
