//===- Window.cpp - Offsets from a base -----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `window<n>`: a code of n bits is the symbol's distance from a base. With
// `packing=inplace` the code lies inside a half word beside sign and mantissa.
//
//===----------------------------------------------------------------------===//

#include "../Fixed/FixedRate.h"
#include "WindowModel.h"
#include <algorithm>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Window models
//===----------------------------------------------------------------------===//

uint16_t uwt::commonestOf(std::span<const uint16_t> symbols, std::span<const uint64_t> counts) {
  uint16_t commonest = symbols[0];
  for (uint16_t symbol : symbols)
    if (counts[symbol] > counts[commonest])
      commonest = symbol;
  return commonest;
}

static std::vector<uint16_t> windowSymbols(uint32_t base, uint32_t bits) {
  std::vector<uint16_t> symbols(size_t(1) << bits);
  for (size_t code = 0; code < symbols.size(); ++code)
    symbols[code] = static_cast<uint16_t>(base + code);
  return symbols;
}

Model uwt::buildWindowModel(uint32_t bits, const SymbolStatistics &statistics) {
  std::vector<uint64_t> counts = statistics.total();
  size_t width = size_t(1) << bits;
  uint64_t covered = 0;
  for (size_t symbol = 0; symbol < width; ++symbol)
    covered += counts[symbol];
  uint64_t most = covered;
  size_t best = 0;
  for (size_t base = 1; base + width <= counts.size(); ++base) {
    covered += counts[base + width - 1] - counts[base - 1];
    if (covered > most) {
      most = covered;
      best = base;
    }
  }
  Model model;
  model.symbols = windowSymbols(static_cast<uint32_t>(best), bits);
  model.commonest = commonestOf(model.symbols, counts);
  return model;
}

void uwt::writeWindowModel(const Model &model, std::vector<uint32_t> &words) {
  words.push_back(model.symbols[0]);
}

// window-1
Expected<Model> uwt::readWindowModel(uint32_t bits, const FieldSplit &split,
                                     std::span<const uint32_t> words, size_t &used) {
  if (words.empty())
    return invalidError("model is too short: expected a base, got nothing");
  uint32_t largest = (1u << split.symbolBits) - (1u << bits);
  if (words[0] > largest)
    return invalidError("base " + std::to_string(words[0]) + " is more than " +
                        std::to_string(largest));
  used = 1;
  Model model;
  model.symbols = windowSymbols(words[0], bits);
  model.commonest = model.symbols[0];
  return model;
}

Status uwt::checkCodeFits(const Format &format, uint32_t bits, const FieldSplit &split) {
  if (split.symbolBits >= bits)
    return ok();
  return usageError("codec " + format.codec.str() + " needs a coded field of at least " +
                    std::to_string(bits) + " bits, got " + std::to_string(split.symbolBits));
}

//===----------------------------------------------------------------------===//
// The codec
//===----------------------------------------------------------------------===//

static uint32_t codeBitsOf(const Format &format) { return format.codec.parameters[0]; }

/// In-place packing puts codes at the exponent's lowest bits of a bf16 half word.
static Status checkInPlace(const Format &format, const FieldSplit &split) {
  if (format.packing != Packing::InPlace)
    return ok();
  if (format.layout != Layout::Fragment16x16)
    return usageError("packing=inplace needs layout=fragment<16x16>");
  if (split.wordBits != 16 || split.symbolBits != 8 || split.rawLowBits != 7)
    return usageError("packing=inplace needs 16-bit words with an exponent of 8 bits (bf16, "
                      "f32) and coded=exponent+0");
  return ok();
}

namespace {
class WindowCodec final : public Codec {
public:
  std::string_view keyword() const override { return "window"; }
  std::string_view summary() const override {
    return "distance from a base in 3 or 4 bits, in planes or in place; with escapes=none, panels "
           "with other symbols are stored as words";
  }
  std::vector<std::string> examples() const override {
    return {"window<4>",
            "window<3>",
            "inplace<12>",
            "inplace<11>",
            "window<4>, layout=row_major",
            "window<3>, layout=row_major, escapes=rows<64>",
            "window<4>, storage=k_major",
            "window<4>, coded=exponent+2",
            "window<4>, escapes=rows<64>",
            "window<4>, escapes=none",
            "inplace<12>, escapes=rows<64>",
            "inplace<11>, storage=k_major, escapes=none"};
  }
  std::vector<std::string> runFormats() const override { return {"inplace<12>"}; }

  Expected<CodecTraits> traits(const Format &format, const FieldSplit &split) const override {
    const std::vector<uint32_t> &parameters = format.codec.parameters;
    if (parameters.size() != 1 || (parameters[0] != 3 && parameters[0] != 4))
      return usageError("codec window is window<3> or window<4>, got '" + format.codec.str() + "'");
    uint32_t bits = parameters[0];
    UWT_RETURN_IF_ERROR(checkCodeFits(format, bits, split));
    UWT_RETURN_IF_ERROR(checkInPlace(format, split));
    CodecTraits traits;
    traits.rate = Rate::Fixed;
    traits.codeBits = bits;
    traits.addsBase = true;
    traits.allowsInPlace = true;
    traits.madeByDevices = bits == 4;
    traits.chunks = bits == 4 ? std::vector<uint32_t>{4} : std::vector<uint32_t>{2, 1};
    if (format.packing == Packing::InPlace)
      traits.unit = unitInPlace(bits);
    return traits;
  }

  Expected<Model> buildModel(const Format &format,
                             const SymbolStatistics &statistics) const override {
    return buildWindowModel(codeBitsOf(format), statistics);
  }
  void writeModel(const Format &, const Model &model, std::vector<uint32_t> &words) const override {
    writeWindowModel(model, words);
  }
  Expected<Model> readModel(const Format &format, const FieldSplit &split,
                            std::span<const uint32_t> words, size_t &used) const override {
    return readWindowModel(codeBitsOf(format), split, words, used);
  }
};
} // namespace

namespace uwt {
const Codec &getWindowCodec() {
  static const WindowCodec codec;
  return codec;
}
} // namespace uwt
