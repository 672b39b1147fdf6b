//===- Rice.cpp - Rice codes over symbols by rank -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `rice<k,m>`: symbols are ranked by frequency; rank r is coded as its quotient
// r / 2^k in unary and its remainder in k bits, with m quotients (the last one
// needs no end mark). Code lengths follow from k and m, so that the model is the
// ranking alone: 32 bytes for rice<1,8>. For small tensors, where a table of
// code lengths would cost more than it saves.
//
// The worked example of docs/adding-a-format.md.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Codec.h"
#include "uwt/Codec/PrefixCode.h"
#include <algorithm>
#include <numeric>

using namespace uwt;

/// Entries of the alphabet, the escape included (rice-1).
static uint32_t entriesOf(const Format &format) {
  return format.codec.parameters[1] << format.codec.parameters[0];
}

/// Symbols of the alphabet: all entries but the escape.
static uint32_t symbolsOf(const Format &format) {
  return entriesOf(format) - (format.escapes == Escapes::None ? 0 : 1);
}

/// rice-2: quotient q takes q + 1 bits, the last one m - 1, and the remainder k.
static std::vector<uint8_t> lengthsOf(const Format &format) {
  uint32_t k = format.codec.parameters[0], m = format.codec.parameters[1];
  std::vector<uint8_t> lengths(entriesOf(format));
  for (uint32_t rank = 0; rank < lengths.size(); ++rank)
    lengths[rank] = static_cast<uint8_t>(std::min((rank >> k) + 1, m - 1) + k);
  return lengths;
}

static Model modelOf(const Format &format, std::vector<uint16_t> symbols) {
  Model model;
  model.commonest = symbols[0];
  model.symbols = std::move(symbols);
  model.lengths = {lengthsOf(format)};
  return model;
}

namespace {
class RiceCodec final : public Codec {
public:
  std::string_view keyword() const override { return "rice"; }
  std::string_view summary() const override {
    return "Rice codes of ranks: quotient in unary (m values), remainder in k bits; no code table";
  }
  std::vector<std::string> examples() const override {
    return {"rice<1,8>", "rice<2,12>, coded=exponent+2", "rice<0,16>, layout=row_major",
            "rice<1,6>, escapes=rows<64>"};
  }

  Expected<CodecTraits> traits(const Format &format, const FieldSplit &split) const override {
    const std::vector<uint32_t> &parameters = format.codec.parameters;
    if (parameters.size() != 2)
      return usageError("codec rice takes two parameters, such as rice<1,8>, got '" +
                        format.codec.str() + "'");
    uint64_t k = parameters[0], m = parameters[1];
    if (m < 2 || k + m - 1 > longestCodeWord)
      return usageError("codec rice<k,m> needs m of at least 2 and k + m of at most 16, got '" +
                        format.codec.str() + "'");
    if (symbolsOf(format) > 1u << split.symbolBits)
      return usageError("codec " + format.codec.str() + " codes " +
                        std::to_string(symbolsOf(format)) + " symbols; the coded field has " +
                        std::to_string(1u << split.symbolBits) + "; use smaller parameters");
    if (format.rowClasses > 1)
      return usageError(
          "codec rice has one model for all rows: context=row_class<k> gains nothing");
    CodecTraits traits;
    traits.rate = Rate::Prefix;
    traits.maxLength = static_cast<uint32_t>(k + m - 1);
    return traits;
  }

  Expected<Model> buildModel(const Format &format,
                             const SymbolStatistics &statistics) const override {
    std::vector<uint64_t> counts = statistics.total();
    std::vector<uint16_t> ranking(counts.size());
    std::iota(ranking.begin(), ranking.end(), uint16_t(0));
    std::sort(ranking.begin(), ranking.end(), [&](uint16_t a, uint16_t b) {
      return counts[a] != counts[b] ? counts[a] > counts[b] : a < b;
    });
    ranking.resize(symbolsOf(format));
    return modelOf(format, std::move(ranking));
  }

  void writeModel(const Format &, const Model &model, std::vector<uint32_t> &words) const override {
    for (size_t rank = 0; rank < model.symbols.size(); ++rank) {
      if (rank % 2 == 0)
        words.push_back(0);
      words.back() |= uint32_t(model.symbols[rank]) << (rank % 2 * 16);
    }
  }

  Expected<Model> readModel(const Format &format, const FieldSplit &split,
                            std::span<const uint32_t> words, size_t &used) const override {
    uint32_t size = symbolsOf(format);
    used = (size + 1) / 2;
    if (words.size() < used)
      return invalidError("model is too short: expected a ranking of " + std::to_string(size) +
                          " symbols, got " + std::to_string(words.size() * 2));
    std::vector<uint16_t> symbols(size);
    for (uint32_t rank = 0; rank < size; ++rank) {
      symbols[rank] = static_cast<uint16_t>(words[rank / 2] >> (rank % 2 * 16));
      if (symbols[rank] >> split.symbolBits != 0)
        return invalidError("symbol " + std::to_string(symbols[rank]) +
                            " of the ranking does not fit " + std::to_string(split.symbolBits) +
                            " bits");
    }
    if (size % 2 == 1 && words[size / 2] >> 16 != 0)
      return invalidError("padding after the ranking is not zero");
    return modelOf(format, std::move(symbols));
  }
};
} // namespace

namespace uwt {
const Codec &getRiceCodec() {
  static const RiceCodec codec;
  return codec;
}
} // namespace uwt
