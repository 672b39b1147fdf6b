//===- Bitplane.cpp - Offsets from a base, a plane a bit ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `bitplane<3>`: the codes of `window<3>`, cut into three chunks of one bit.
//
//===----------------------------------------------------------------------===//

#include "WindowModel.h"

using namespace uwt;

static constexpr uint32_t bitplaneCodeBits = 3;

namespace {
class BitplaneCodec final : public Codec {
public:
  std::string_view keyword() const override { return "bitplane"; }
  std::string_view summary() const override {
    return "distance from a base in 3 bits, each bit in a chunk of its own; with escapes=none, "
           "panels with other symbols are stored as words";
  }
  std::vector<std::string> examples() const override {
    return {"bitplane<3>", "bitplane<3>, layout=row_major", "bitplane<3>, escapes=rows<64>",
            "bitplane<3>, coded=exponent+1, escapes=none"};
  }

  Expected<CodecTraits> traits(const Format &format, const FieldSplit &split) const override {
    if (format.codec.parameters != std::vector<uint32_t>{bitplaneCodeBits})
      return usageError("codec bitplane is bitplane<3>, got '" + format.codec.str() + "'");
    UWT_RETURN_IF_ERROR(checkCodeFits(format, bitplaneCodeBits, split));
    CodecTraits traits;
    traits.rate = Rate::Fixed;
    traits.codeBits = bitplaneCodeBits;
    traits.addsBase = true;
    traits.chunks = {1, 1, 1};
    return traits;
  }

  Expected<Model> buildModel(const Format &, const SymbolStatistics &statistics) const override {
    return buildWindowModel(bitplaneCodeBits, statistics);
  }
  void writeModel(const Format &, const Model &model, std::vector<uint32_t> &words) const override {
    writeWindowModel(model, words);
  }
  Expected<Model> readModel(const Format &, const FieldSplit &split,
                            std::span<const uint32_t> words, size_t &used) const override {
    return readWindowModel(bitplaneCodeBits, split, words, used);
  }
};
} // namespace

namespace uwt {
const Codec &getBitplaneCodec() {
  static const BitplaneCodec codec;
  return codec;
}
} // namespace uwt
