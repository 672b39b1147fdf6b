//===- Palette.cpp - An index into sixteen symbols ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `palette<4>`: a code of four bits is an index in a table of sixteen symbols,
// commonest first.
//
//===----------------------------------------------------------------------===//

#include "WindowModel.h"
#include <algorithm>
#include <numeric>

using namespace uwt;

static constexpr uint32_t paletteCodeBits = 4;
static constexpr size_t paletteSize = 16;
static constexpr size_t modelWords = paletteSize / 2;

namespace {
class PaletteCodec final : public Codec {
public:
  std::string_view keyword() const override { return "palette"; }
  std::string_view summary() const override {
    return "4-bit index into a table of the sixteen commonest symbols; with escapes=none, panels "
           "with other symbols are stored as words";
  }
  std::vector<std::string> examples() const override {
    return {"palette<4>", "palette<4>, escapes=rows<64>", "palette<4>, escapes=none",
            "palette<4>, layout=row_major, coded=exponent+1"};
  }

  Expected<CodecTraits> traits(const Format &format, const FieldSplit &split) const override {
    if (format.codec.parameters != std::vector<uint32_t>{paletteCodeBits})
      return usageError("codec palette is palette<4>, got '" + format.codec.str() + "'");
    UWT_RETURN_IF_ERROR(checkCodeFits(format, paletteCodeBits, split));
    CodecTraits traits;
    traits.rate = Rate::Fixed;
    traits.codeBits = paletteCodeBits;
    traits.chunks = {4};
    traits.madeByDevices = true;
    return traits;
  }

  Expected<Model> buildModel(const Format &, const SymbolStatistics &statistics) const override {
    std::vector<uint64_t> counts = statistics.total();
    Model model;
    model.symbols.resize(counts.size());
    std::iota(model.symbols.begin(), model.symbols.end(), uint16_t(0));
    std::partial_sort(model.symbols.begin(), model.symbols.begin() + paletteSize,
                      model.symbols.end(), [&](uint16_t a, uint16_t b) {
                        return counts[a] != counts[b] ? counts[a] > counts[b] : a < b;
                      });
    model.symbols.resize(paletteSize);
    model.commonest = model.symbols[0];
    return model;
  }

  // palette-1
  void writeModel(const Format &, const Model &model, std::vector<uint32_t> &words) const override {
    for (size_t i = 0; i < paletteSize; i += 2)
      words.push_back(model.symbols[i] | uint32_t(model.symbols[i + 1]) << 16);
  }

  // palette-1
  Expected<Model> readModel(const Format &, const FieldSplit &split,
                            std::span<const uint32_t> words, size_t &used) const override {
    if (words.size() < modelWords)
      return invalidError("model is too short: expected a palette of 8 words, got " +
                          std::to_string(words.size()));
    Model model;
    for (size_t i = 0; i < paletteSize; ++i) {
      uint32_t symbol = words[i / 2] >> (i % 2 * 16) & 0xffff;
      if (symbol >> split.symbolBits != 0)
        return invalidError("palette symbol " + std::to_string(symbol) + " does not fit " +
                            std::to_string(split.symbolBits) + " bits");
      model.symbols.push_back(static_cast<uint16_t>(symbol));
    }
    model.commonest = model.symbols[0];
    used = modelWords;
    return model;
  }
};
} // namespace

namespace uwt {
const Codec &getPaletteCodec() {
  static const PaletteCodec codec;
  return codec;
}
} // namespace uwt
