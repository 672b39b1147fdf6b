//===- Transcode.cpp - From one format to another -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Transcode.h"
#include <mutex>
#include <string>

using namespace uwt;

/// Panels that are counted where the stored model does not say enough.
static constexpr uint64_t sampledPanels = 8;

/// Whether the stored code lengths tell how often each symbol of `to` occurs. Pairs of symbols
/// have whole exponents for symbols, and few: their lengths tell all but the rarest. Single
/// symbols that are rare are escaped by the dozen, and are together not so rare.
static bool lengthsTell(const CodingPlan &from, const CodingPlan &to) {
  bool knowsAll = from.traits.codeSymbols == 2 || !from.hasEscapes();
  return from.traits.rate == Rate::Prefix && knowsAll && to.traits.codeSymbols == 1 &&
         from.split.rawLowBits <= to.split.rawLowBits;
}

/// Rows of each row class of `from`.
static std::vector<uint64_t> rowsOfClasses(const TensorDecoder &from) {
  std::vector<uint64_t> rows(from.plan().model.lengths.size());
  if (rows.size() <= 1)
    return std::vector<uint64_t>(rows.size(), 1);
  for (uint64_t panel = 0; panel < from.panels(); ++panel)
    for (uint8_t rowClass : from.panelRowClasses(panel))
      ++rows[rowClass % rows.size()];
  return rows;
}

/// What the symbols' code lengths say. Elements of escapes are not known and not counted.
static SymbolStatistics statisticsOfLengths(const TensorDecoder &from, const FieldSplit &split) {
  const CodingPlan &plan = from.plan();
  const std::vector<uint16_t> &symbols = plan.model.symbols;
  size_t alphabet = symbols.size() + plan.hasEscapes();
  uint32_t dropped = split.rawLowBits - plan.split.rawLowBits;
  SymbolStatistics statistics;
  statistics.split = split;
  statistics.counts.assign(1, std::vector<uint64_t>(size_t(1) << split.symbolBits));
  std::vector<uint64_t> rows = rowsOfClasses(from);
  for (size_t c = 0; c < plan.model.lengths.size(); ++c)
    for (size_t entry = 0; entry < plan.model.lengths[c].size(); ++entry) {
      uint32_t length = plan.model.lengths[c][entry];
      if (length == 0)
        continue;
      uint64_t share = rows[c] << (15 - length);
      size_t numbers[2] = {entry % alphabet, entry / alphabet};
      for (uint32_t i = 0; i < plan.traits.codeSymbols; ++i)
        if (numbers[i] < symbols.size())
          statistics.counts[0][symbols[numbers[i]] >> dropped] += share;
    }
  return statistics;
}

/// Counts in panels spread over the tensor.
static Expected<SymbolStatistics> countSample(const TensorDecoder &from, const CodingPlan &to,
                                              CodePath path, ThreadPool &pool) {
  uint64_t sample = std::min(from.panels(), sampledPanels);
  const MatrixShape &matrix = from.plan().matrix;
  std::mutex mutex;
  Status failure;
  PanelSource source = [&](uint64_t i, std::vector<uint16_t> &scratch) -> PanelWords {
    uint64_t panel = i * from.panels() / sample;
    uint32_t rows = matrix.rowsOfPanel(panel % matrix.panels());
    scratch.assign(rows * matrix.columns, 0);
    Status decoded =
        from.decodePanelWords(panel, path, {scratch.data(), matrix.columns, rows, matrix.columns});
    if (!decoded) {
      std::lock_guard lock(mutex);
      failure = decoded.takeError().in("panel " + std::to_string(panel));
    }
    return {scratch.data(), matrix.columns, rows, matrix.columns};
  };
  SymbolStatistics statistics =
      countSymbols(source, sample, to.split, to.traits.codeSymbols == 2, {}, 1, pool);
  UWT_RETURN_IF_ERROR(std::move(failure));
  return statistics;
}

Expected<CodingPlan> uwt::transcodePlan(const TensorDecoder &from, const Format &to, CodePath path,
                                        ThreadPool &pool) {
  CodingPlan plan;
  plan.format = to;
  plan.element = from.plan().element;
  UWT_ASSIGN_OR_RETURN(plan.traits, checkFormat(to, plan.element));
  plan.split = splitOf(plan.element, to);
  plan.matrix = from.plan().matrix;
  if (to.hasContext() || to.storage != from.plan().format.storage ||
      to.fold != from.plan().format.fold)
    return usageError("a panel cannot be coded anew alone as " + to.str() + " from " +
                      from.plan().format.str());
  if (plan.traits.rate == Rate::Words)
    return plan;
  UWT_ASSIGN_OR_RETURN(const Codec *codec, findCodec(to.codec.keyword));
  UWT_ASSIGN_OR_RETURN(SymbolStatistics statistics,
                       lengthsTell(from.plan(), plan)
                           ? Expected<SymbolStatistics>(statisticsOfLengths(from, plan.split))
                           : countSample(from, plan, path, pool));
  UWT_ASSIGN_OR_RETURN(plan.model, codec->buildModel(to, statistics));
  return plan;
}
