//===- Descend.cpp - A codec that no build has ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `descend<5>`: a code of five bits is the symbol's distance below a top. Test programs register it
// beside the codecs of the build. Whatever holds a list of codecs, or knows one of them by the
// width of its codes or units, fails with it: five bits, units of 128 columns, chunks in an order
// of its own, and symbols that fall while codes rise.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Codec.h"
#include <algorithm>

using namespace uwt;

static constexpr uint32_t descendCodeBits = 5, descendSymbols = 1u << descendCodeBits;

static Model modelBelow(uint32_t top) {
  Model model;
  for (uint32_t code = 0; code < descendSymbols; ++code)
    model.symbols.push_back(static_cast<uint16_t>(top - code));
  model.commonest = model.symbols[0];
  return model;
}

namespace {
class DescendCodec final : public Codec {
public:
  std::string_view keyword() const override { return "descend"; }
  std::string_view summary() const override { return "distance below a top in 5 bits, for tests"; }
  std::vector<std::string> examples() const override {
    return {"descend<5>",
            "descend<5>, escapes=rows<64>",
            "descend<5>, escapes=none",
            "descend<5>, coded=exponent+2",
            "descend<5>, storage=k_major",
            "descend<5>, layout=row_major"};
  }

  Expected<CodecTraits> traits(const Format &format, const FieldSplit &split) const override {
    if (format.codec.parameters != std::vector<uint32_t>{descendCodeBits})
      return usageError("codec descend is descend<5>, got '" + format.codec.str() + "'");
    if (split.symbolBits < descendCodeBits)
      return usageError("codec descend<5> needs a coded field of at least 5 bits, got " +
                        std::to_string(split.symbolBits));
    CodecTraits traits;
    traits.rate = Rate::Fixed;
    traits.codeBits = descendCodeBits;
    traits.chunks = {1, 4};
    traits.unit.columns = 128;
    return traits;
  }

  Expected<Model> buildModel(const Format &, const SymbolStatistics &statistics) const override {
    std::vector<uint64_t> counts = statistics.total();
    uint64_t most = 0;
    uint32_t best = descendSymbols - 1;
    for (uint32_t top = descendSymbols - 1; top < counts.size(); ++top) {
      uint64_t covered = 0;
      for (uint32_t code = 0; code < descendSymbols; ++code)
        covered += counts[top - code];
      if (covered > most) {
        most = covered;
        best = top;
      }
    }
    Model model = modelBelow(best);
    model.commonest = *std::ranges::max_element(model.symbols, {},
                                                [&](uint16_t symbol) { return counts[symbol]; });
    return model;
  }

  void writeModel(const Format &, const Model &model, std::vector<uint32_t> &words) const override {
    words.push_back(model.symbols[0]);
  }

  Expected<Model> readModel(const Format &, const FieldSplit &split,
                            std::span<const uint32_t> words, size_t &used) const override {
    if (words.empty())
      return invalidError("model is too short: expected a top, got nothing");
    if (words[0] < descendSymbols - 1 || words[0] >> split.symbolBits != 0)
      return invalidError("top " + std::to_string(words[0]) + " is not from 31 to " +
                          std::to_string((1u << split.symbolBits) - 1));
    used = 1;
    return modelBelow(words[0]);
  }
};
} // namespace

static const DescendCodec descendCodec;
static const CodecRegistration descendRegistration(descendCodec);
