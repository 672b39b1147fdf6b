//===- NameMap.cpp - Names of other programs as transformers' -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NameMap.h"
#include <algorithm>

using namespace uwt;

bool uwt::isKnownArchitecture(std::string_view architecture) {
  return architecture == "llama" || architecture == "qwen2" || architecture == "qwen3";
}

std::optional<std::string_view> uwt::layerIn(std::string_view name, std::string_view pattern) {
  size_t star = pattern.find('*');
  if (star == std::string_view::npos)
    return name == pattern ? std::optional(std::string_view()) : std::nullopt;
  std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  if (name.size() <= before.size() + after.size() || !name.starts_with(before) ||
      !name.ends_with(after))
    return std::nullopt;
  std::string_view layer = name.substr(before.size(), name.size() - before.size() - after.size());
  bool isNumber = std::ranges::all_of(layer, [](char c) { return c >= '0' && c <= '9'; });
  return isNumber ? std::optional(layer) : std::nullopt;
}

std::string uwt::transformersName(std::span<const NamePair> pairs, std::string_view name) {
  for (const NamePair &pair : pairs)
    if (std::optional<std::string_view> layer = layerIn(name, pair.other)) {
      std::string result(pair.transformers);
      size_t star = result.find('*');
      if (star != std::string::npos)
        result.replace(star, 1, *layer);
      return result;
    }
  return "";
}
