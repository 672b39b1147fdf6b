//===- Statistics.h - Histograms, entropies, row classes --------*- C++ -*-===//
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
#include <memory>
#include <optional>
#include <span>
#include <string_view>

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
  /// lossless systems take for the bound. Of types without exponents, the same as `joint`.
  double exponent = 0;
  /// Order-0 entropy of the whole word: the honest bound without contexts.
  double joint = 0;

  /// Of so many words together.
  EntropyBounds operator*(double count) const { return {exponent * count, joint * count}; }
};
EntropyBounds entropyBounds(std::span<const uint64_t> wordCounts, ElementType element);

/// A word that occurs, and how often.
struct WordCount {
  uint16_t word = 0;
  uint64_t count = 0;
};
EntropyBounds entropyBounds(std::span<const WordCount> words, ElementType element);
/// Those of all words that occur.
std::vector<WordCount> occurring(std::span<const uint64_t> wordCounts);

/// The bits that any low half of `elements`, whole ones of f32, has.
uint16_t lowHalfBits(std::span<const uint8_t> elements);
/// Top bits of low halves that hold these: Format::lowBits, or 0 where there are none.
uint32_t topLowBits(uint16_t bits);

/// Counts the words of one small tensor after another, on one thread. A tensor takes time by its
/// elements, not by the number of words that there are.
class WordCounter {
public:
  WordCounter() : table(size_t(1) << 16) {}
  /// Counts the words of `bytes`, whole elements; fewer than 2^32 of them until the next take().
  void add(ElementType element, std::span<const uint8_t> bytes);
  /// What was counted, each word once, in the order in which they first occurred; forgets it.
  std::vector<WordCount> take();

private:
  std::vector<uint32_t> table;
  std::vector<uint16_t> seen;
};

/// Statistics for Codec::buildModel: symbols, and pairs (adjacent columns 2i, 2i+1; an odd last
/// column is not counted as a pair) where `wantPairs`. `classes` has the class of
/// each row of all panels in order (panel p's rows start at p * 64), or is empty.
SymbolStatistics countSymbols(const PanelSource &source, uint64_t panels, const FieldSplit &split,
                              bool wantPairs, std::span<const uint8_t> classes, uint32_t classCount,
                              ThreadPool &pool);

/// How often each symbol occurs in each row of a tensor, from one pass over it: what row classes,
/// best-size formats and models of codes without pairs are made of. Takes at most about 200 MB:
/// of a tensor with more rows only some panels are counted, and functions that need exact
/// results read the tensor again.
struct RowHistograms {
  /// A symbol outside the window.
  struct Rare {
    uint32_t count;
    uint16_t symbol;
    uint8_t row;
  };
  struct Panel {
    uint32_t rows = 0;
    /// False where a symbol is counted as `other` only, or not at all.
    bool isExact = true;
    /// [row][width]: counts of the window's symbols; the last entry counts all others where the
    /// window does not hold every symbol.
    std::unique_ptr<uint16_t[]> counts;
    /// Which the others are.
    std::vector<Rare> rare;
  };

  FieldSplit split{};
  /// Panels of the tensor. Those at multiples of `stride` are counted.
  uint64_t panels = 0;
  uint64_t stride = 1;
  std::vector<Panel> counted;
  /// Columns that are counted of each row: all but in very long ones.
  uint32_t columns = 0;
  /// Low bits of a symbol that are dropped: more than 0 for symbols of more than 10 bits.
  uint32_t droppedBits = 0;
  /// The window: `symbols` symbols from `base`, in `width` counters a row.
  uint32_t base = 0, symbols = 0, width = 0;
  /// Whether all is counted, each symbol for itself.
  bool isExact = true;
};
/// Counts every `leastStride`-th panel, or fewer where memory asks for it.
RowHistograms countRows(const PanelSource &source, uint64_t panels, const FieldSplit &split,
                        ThreadPool &pool, uint64_t leastStride = 1);

/// Sorts rows into `classCount` classes (1...16) so that coding each with its own model
/// costs fewest bits: starts from quantiles of the rows' mean symbol and refines as k-means does,
/// with code lengths as distance. Returns a class a row, panel p's rows from p * 64 (padding rows
/// 0). Deterministic: integer arithmetic only. `source` is read only where panels were not counted.
std::vector<uint8_t> sortRowClasses(const RowHistograms &rows, uint32_t classCount,
                                    const PanelSource &source, ThreadPool &pool);
/// The same, counting first.
std::vector<uint8_t> sortRowClasses(const PanelSource &source, uint64_t panels,
                                    const FieldSplit &split, uint32_t classCount, ThreadPool &pool);

/// What countSymbols gives for `rows.split` without pairs, from row histograms; `source` is read
/// only where they are not exact.
SymbolStatistics classStatistics(const RowHistograms &rows, std::span<const uint8_t> classes,
                                 uint32_t classCount, const PanelSource &source, ThreadPool &pool);

/// The formats behind `--format best-size`, `fast` and `smallest`.
enum class FormatPolicy : uint8_t { BestSize, Fast, Smallest };

/// The policy of that name, or none.
std::optional<FormatPolicy> findPolicy(std::string_view name);

/// A format for every tensor, or a policy that picks one for each.
using FormatChoice = std::variant<FormatPolicy, Format>;
/// A policy's name, or a format's text form whose codec exists. Errors, with `label` in front:
/// Usage, with a suggestion for a near miss; Unsupported for another version.
Expected<FormatChoice> parseFormatChoice(std::string_view text, std::string_view label);
/// Names of all policies, the default first.
std::span<const std::string_view> policyNames();
/// The newest reader of containers that formats of a policy need, 1 where not all of its formats
/// need one.
uint32_t readerOf(FormatPolicy policy);
/// The oldest reader that knows what the policy would choose for a tensor of these bytes, as the
/// first of them show it.
uint32_t shownReader(FormatPolicy policy, ElementType element, std::span<const uint8_t> source);

/// context=scale: scales of a tensor, or of a sample of its panels.
struct TensorScales {
  /// 64 a panel; those of rows that do not exist are 0.
  std::vector<uint8_t> rows;
  /// [matrix][column]: a scale, and a sign at bit columnSignShift.
  std::vector<uint16_t> columns;
};

/// A picked format, and what the choice has learnt of the tensor: encodeTensor takes it
/// (EncodeOptions::chosen) rather than counting again. Empty where the choice read nothing.
struct ChosenFormat {
  Format format;
  /// What the index holds of low halves.
  LowModel low;
  std::shared_ptr<const RowHistograms> rows;
  /// As sortRowClasses gives them for `format`, or empty.
  std::vector<uint8_t> rowClasses;
  /// What countSymbols gives for `format` and `rowClasses`, or null.
  std::shared_ptr<const SymbolStatistics> statistics;
  /// Where `format` has scales, or null.
  std::shared_ptr<const TensorScales> scales;
};

} // namespace uwt

#endif // UWT_CODEC_STATISTICS_H
