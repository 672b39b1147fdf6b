//===- Statistics.h - Histograms, entropies, row classes -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is counted of a tensor before it is coded: the histogram of its words,
// both entropy bounds, statistics of symbols by row class, and which row belongs to which
// class. Counting is exact and does not depend on threads or instruction set.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_STATISTICS_H
#define UWT_CODEC_STATISTICS_H

#include "uwt/Codec/Codec.h"
#include "uwt/Codec/Panel.h"
#include "uwt/Support/Parallel.h"
#include <functional>

namespace uwt {

/// Gives the words of panel `p` (of all matrices); may use `scratch` as storage.
/// Called from several threads at a time, each with its own scratch.
using PanelSource = std::function<PanelWords(uint64_t p, std::vector<uint16_t> &scratch)>;

/// Counts of all 2^wordBits words.
std::vector<uint64_t> countWords(const PanelSource &source, uint64_t panels, unsigned wordBits,
                                 ThreadPool &pool);

/// The two bounds that sizes are measured against, in bits an element; low
/// halves are not counted.
struct EntropyBounds {
  /// Entropy of the exponent, plus all other bits of the word raw: what published
  /// lossless systems take for the bound.
  double exponent = 0;
  /// Order-0 entropy of the whole word: the honest bound without contexts.
  double joint = 0;
};
EntropyBounds entropyBounds(std::span<const uint64_t> wordCounts, ElementType element);

/// Statistics for Codec::buildModel: symbols, and pairs (adjacent columns 2i, 2i+1; an odd last
/// column is not counted as a pair) where `wantPairs`. `classes` has the class of
/// each row of all panels in order (panel p's rows start at p * 64), or is empty.
SymbolStatistics countSymbols(const PanelSource &source, uint64_t panels, const FieldSplit &split,
                              bool wantPairs, std::span<const uint8_t> classes,
                              uint32_t classCount, ThreadPool &pool);

/// Sorts rows into `classCount` classes so that coding each with its own model
/// costs fewest bits: starts from quantiles of the rows' mean symbol and refines as k-means does, with
/// code lengths as distance. Returns a class a row, panel p's rows from p * 64 (padding rows 0).
/// Deterministic.
std::vector<uint8_t> sortRowClasses(const PanelSource &source, uint64_t panels,
                                    const FieldSplit &split, uint32_t classCount, ThreadPool &pool);

/// The formats behind `--format best-size` and `fast`.
enum class FormatPolicy : uint8_t { BestSize, Fast };
/// Picks the format (fragment layout unless `layout` says row_major) that stores this tensor smallest, or decodes
/// fast: BestSize compares row class counts 1, 2, 4, 8, 16 for `huffman<12,1>, coded=exponent+2`
/// (fewer mantissa bits where the type has fewer) by exact cost from row histograms.
Format chooseFormat(FormatPolicy policy, ElementType element, Layout layout, Storage storage,
                    const PanelSource &source, uint64_t panels, const MatrixShape &matrix,
                    ThreadPool &pool);

} // namespace uwt

#endif // UWT_CODEC_STATISTICS_H
