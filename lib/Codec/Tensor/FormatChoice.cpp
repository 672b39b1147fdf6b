//===- FormatChoice.cpp - A format, or who picks one, from text -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Codec.h"
#include "uwt/Codec/Statistics.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>

using namespace uwt;

Expected<FormatChoice> uwt::parseFormatChoice(std::string_view text, std::string_view label) {
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
    return format.takeError().in(std::string(label));
  std::string meant = didYouMean(first, words);
  return usageError(std::string(label) + ": " + inQuotes(text) + " is no format" +
                    (meant.empty() ? "; see 'uwt help formats'" : meant));
}
