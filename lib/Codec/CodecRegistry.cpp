//===- CodecRegistry.cpp - The codecs of this build -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Codec.h"
#include "uwt/Support/Suggest.h"

namespace uwt {
#define UWT_CODEC(name) const Codec &get##name##Codec();
#include "Codecs.def"
#undef UWT_CODEC
} // namespace uwt

using namespace uwt;

static std::vector<const Codec *> &registry() {
  static std::vector<const Codec *> codecs = {
#define UWT_CODEC(name) &get##name##Codec(),
#include "Codecs.def"
#undef UWT_CODEC
  };
  return codecs;
}

std::span<const Codec *const> uwt::allCodecs() { return registry(); }

CodecRegistration::CodecRegistration(const Codec &codec) { registry().push_back(&codec); }

Expected<const Codec *> uwt::findCodec(std::string_view keyword) {
  std::vector<std::string_view> keywords;
  std::string list;
  for (const Codec *codec : allCodecs()) {
    if (codec->keyword() == keyword)
      return codec;
    keywords.push_back(codec->keyword());
    list += (list.empty() ? "" : ", ") + std::string(codec->keyword());
  }
  std::string hint = didYouMean(keyword, keywords);
  return usageError("there is no codec " + inQuotes(keyword) +
                    (hint.empty() ? "; the codecs are " + list : hint));
}

uint32_t uwt::readerOf(const Format &format) {
  Expected<const Codec *> codec = findCodec(format.codec.keyword);
  return codec ? std::max(format.reader(), (*codec)->reader()) : format.reader();
}

std::vector<uint64_t> SymbolStatistics::total() const {
  std::vector<uint64_t> sum(size_t(1) << split.symbolBits, 0);
  for (const std::vector<uint64_t> &ofClass : counts)
    for (size_t symbol = 0; symbol < ofClass.size(); ++symbol)
      sum[symbol] += ofClass[symbol];
  return sum;
}
