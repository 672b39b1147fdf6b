//===- FormatOption.cpp - The value of --format ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FormatOption.h"
#include "uwt/Support/Suggest.h"

using namespace uwt;
using namespace uwt::tool;

Expected<FormatChoice> uwt::tool::parseFormatChoice(std::string_view text) {
  if (std::optional<FormatPolicy> policy = findPolicy(text))
    return FormatChoice(*policy);
  std::vector<std::string_view> words(policyNames().begin(), policyNames().end());
  for (const ShortName &shortName : shortNames())
    if (shortName.name.keyword != words.back())
      words.push_back(shortName.name.keyword);
  for (const Codec *codec : allCodecs())
    words.push_back(codec->keyword());
  std::string_view first = text.substr(0, text.find_first_of("<,="));
  auto format = Format::parse(text);
  if (format && findCodec(format->codec.keyword))
    return FormatChoice(*format);
  bool isKnown = std::find(words.begin(), words.end(), first) != words.end();
  if (isKnown && !format)
    return format.takeError().in("--format");
  return usageError(
      "--format: " + inQuotes(text) + " is no format" +
      (didYouMean(first, words).empty() ? "; see 'uwt help formats'" : didYouMean(first, words)));
}

std::string uwt::tool::briefFormat(const Format &format) {
  std::string codec = format.codec.str();
  if (format.packing == Packing::InPlace)
    codec = Format::parse(format.str()) ? format.str().substr(0, format.str().find(',')) : codec;
  if (format.codedMantissa)
    codec += ",coded=exponent+" + std::to_string(format.codedMantissa);
  return codec;
}
