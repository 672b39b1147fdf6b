//===- Raw.cpp - Elements as they are -------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `raw`: every panel is stored as words, in stored order, with checksums. For
// f32 it still leaves out low halves that are all zero. No model.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Codec.h"

using namespace uwt;

namespace {
class RawCodec final : public Codec {
public:
  std::string_view keyword() const override { return "raw"; }
  std::string_view summary() const override {
    return "whole words in stored order, not compressed";
  }
  std::vector<std::string> examples() const override {
    return {"raw", "raw, layout=row_major", "raw, storage=k_major"};
  }
  std::vector<std::string> runFormats() const override { return {"raw"}; }

  Expected<CodecTraits> traits(const Format &format, const FieldSplit &) const override {
    if (!format.codec.parameters.empty())
      return usageError("codec raw takes no parameters, got '" + format.codec.str() + "'");
    // One spelling for one meaning: nothing is coded, so nothing escapes.
    if (format.codedMantissa != 0)
      return usageError("codec raw codes nothing; leave out coded=");
    if (format.escapes != Escapes::Patch)
      return usageError("codec raw has no escapes; leave out escapes=");
    CodecTraits traits;
    traits.madeByDevices = true;
    return traits;
  }

  Expected<Model> buildModel(const Format &, const SymbolStatistics &) const override {
    return Model{};
  }
  void writeModel(const Format &, const Model &, std::vector<uint32_t> &) const override {}
  Expected<Model> readModel(const Format &, const FieldSplit &, std::span<const uint32_t>,
                            size_t &used) const override {
    used = 0;
    return Model{};
  }
};
} // namespace

namespace uwt {
const Codec &getRawCodec() {
  static const RawCodec codec;
  return codec;
}
} // namespace uwt
