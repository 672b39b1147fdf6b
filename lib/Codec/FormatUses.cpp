//===- FormatUses.cpp - Formats by what their codecs are good for ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nothing here names a codec: formats are found among those that codecs give of themselves.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Codec.h"
#include <algorithm>
#include <cassert>

using namespace uwt;

namespace {
/// A format that says nothing but its codec and packing, and the codec's traits for bf16.
struct PlainFormat {
  Format format;
  CodecTraits traits;
};
} // namespace

/// The plain ones among all codecs' examples, in their order.
static const std::vector<PlainFormat> &plainFormats() {
  static const std::vector<PlainFormat> formats = [] {
    std::vector<PlainFormat> found;
    for (const Codec *codec : allCodecs())
      for (const std::string &example : codec->examples()) {
        Expected<Format> format = Format::parse(example);
        if (!format)
          continue;
        Format plain;
        plain.codec = format->codec;
        plain.packing = format->packing;
        if (plain != *format)
          continue;
        if (Expected<CodecTraits> traits = checkFormat(plain, ElementType::BF16))
          found.push_back({std::move(plain), *std::move(traits)});
      }
    return found;
  }();
  return formats;
}

template <typename Predicate> static const Format &findPlain(Predicate predicate) {
  const std::vector<PlainFormat> &formats = plainFormats();
  auto found = std::ranges::find_if(formats, predicate);
  assert(found != formats.end() && "a codec of this build has such a format");
  return found->format;
}

const std::vector<Format> &uwt::runFormats() {
  static const std::vector<Format> formats = [] {
    std::vector<Format> found;
    for (const Codec *codec : allCodecs())
      for (const std::string &text : codec->runFormats())
        found.push_back(*Format::parse(text));
    std::ranges::stable_partition(found, [](const Format &format) { return !isRaw(format); });
    return found;
  }();
  return formats;
}

const Format &uwt::rawFormat() {
  static const Format &format =
      findPlain([](const PlainFormat &plain) { return plain.traits.rate == Rate::Words; });
  return format;
}

const Format &uwt::denseFormat() {
  static const Format format = [] {
    Format rows = rawFormat();
    rows.layout = Layout::RowMajor;
    return rows;
  }();
  return format;
}

bool uwt::isRaw(const Format &format) {
  return !format.isQuantized() && format.codec.keyword == rawFormat().codec.keyword;
}

const Format &uwt::baseFormat(uint32_t codeBits) {
  return findPlain([&](const PlainFormat &plain) {
    return plain.traits.addsBase && plain.format.packing == Packing::Planes &&
           plain.traits.unit.groups() == 1 && plain.traits.chunks == std::vector{codeBits};
  });
}

std::string uwt::deviceFormatsText() {
  std::vector<std::string> names;
  for (Packing packing : {Packing::Planes, Packing::InPlace})
    for (const PlainFormat &plain : plainFormats())
      if (plain.format.packing == packing && plain.traits.madeByDevices)
        names.push_back(plain.format.str());
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}
