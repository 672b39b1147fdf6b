//===- Rans.cpp - Codec rans<p> -------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Static range asymmetric numeral systems: symbols take the bits that their
// frequencies say, down to small parts of one. Tile-ANS, DietGPU and NeuZip are
// formats of this kind.
//
//===----------------------------------------------------------------------===//

#include "../Ans/AnsModel.h"

using namespace uwt;

namespace {
constexpr uint32_t minBits = 9, maxBits = 12;

/// What of a format its models depend on. ans-8: with scales, the symbols of an exponent make a
/// group.
CodecTraits modelTraits(const Format &format) {
  CodecTraits traits;
  traits.rate = Rate::Ans;
  traits.frequencyBits = format.codec.parameters[0];
  traits.groupBits = format.hasScales() ? format.codedMantissa : 0;
  traits.exactTables = format.exactTables;
  return traits;
}

class RansCodec final : public Codec {
public:
  std::string_view keyword() const override { return "rans"; }
  std::string_view summary() const override {
    return "interleaved asymmetric numeral systems with frequencies in units of 2^-p, p in 9 to 12";
  }
  uint32_t reader() const override { return 5; }
  std::vector<std::string> examples() const override {
    return {"rans<12>",
            "rans<12>, coded=exponent+2",
            "rans<11>, coded=exponent+2, context=row_class<4>",
            "rans<12>, storage=k_major, coded=exponent+2, context=row_class<16>",
            "rans<12>, layout=row_major, coded=exponent+1, context=row_class<2>",
            "rans<9>, layout=row_major",
            "rans<12>, coded=exponent+2, context=scale<8>, index=short",
            "rans<11>, layout=row_major, coded=sign+exponent+3, context=scale<4>",
            "rans<12>, storage=k_major, coded=sign+exponent+0, context=scale<1>",
            "rans<12>, coded=exponent+2, context=scale<8>, tables=exact, unit=panel",
            "rans<10>, layout=row_major, coded=exponent+1, context=row_class<2>, tables=exact"};
  }

  Expected<CodecTraits> traits(const Format &format, const FieldSplit &) const override {
    const std::vector<uint32_t> &parameters = format.codec.parameters;
    if (parameters.size() != 1)
      return usageError("codec rans takes one parameter, such as rans<12>, got '" +
                        format.codec.str() + "'");
    if (parameters[0] < minBits || parameters[0] > maxBits)
      return usageError("codec rans has frequencies of 9 to 12 bits, got '" + format.codec.str() +
                        "'");
    if (format.escapes != Escapes::Patch)
      return usageError("codec rans has its escapes in the stream; leave out escapes=");
    CodecTraits traits = modelTraits(format);
    // ans-3: at most one word an element.
    if (traits.frequencyBits + traits.groupBits > ansWordBits)
      return usageError("coded=exponent+" + std::to_string(format.codedMantissa) +
                        ": with context=scale and " + format.codec.str() + " at most " +
                        std::to_string(ansWordBits - traits.frequencyBits) + " mantissa bits");
    return traits;
  }

  Expected<Model> buildModel(const Format &format,
                             const SymbolStatistics &statistics) const override {
    return buildAnsModel(modelTraits(format), statistics);
  }

  void writeModel(const Format &format, const Model &model,
                  std::vector<uint32_t> &words) const override {
    writeAnsModel(model, modelTraits(format), words);
  }

  Expected<Model> readModel(const Format &format, const FieldSplit &split,
                            std::span<const uint32_t> words, size_t &used) const override {
    return readAnsModel(format.codeTables(), modelTraits(format), split, words, used);
  }
};
} // namespace

namespace uwt {
const Codec &getRansCodec() {
  static const RansCodec codec;
  return codec;
}
} // namespace uwt
