//===- Names.cpp - Names of tensors in few columns ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Names.h"
#include <algorithm>
#include <unordered_map>

using namespace uwt;
using namespace uwt::tool;

static constexpr std::string_view gap = "...";

static bool startsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

size_t uwt::tool::displayWidth(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), startsCharacter));
}

/// The first `columns` characters of `text`.
static std::string_view firstColumns(std::string_view text, size_t columns) {
  size_t end = 0;
  for (; end < text.size(); ++end)
    if (startsCharacter(text[end]) && columns-- == 0)
      break;
  return text.substr(0, end);
}

/// The last `columns` characters of `text`.
static std::string_view lastColumns(std::string_view text, size_t columns) {
  size_t all = displayWidth(text);
  return text.substr(firstColumns(text, all - std::min(all, columns)).size());
}

std::string uwt::tool::commonPrefix(std::span<const std::string> names) {
  if (names.size() < 2)
    return {};
  std::string_view prefix = names[0];
  for (std::string_view name : names) {
    size_t same = 0;
    while (same < prefix.size() && same < name.size() && prefix[same] == name[same])
      ++same;
    prefix = prefix.substr(0, same);
  }
  // npos + 1 is 0.
  prefix = prefix.substr(0, prefix.rfind('.') + 1);
  // A name has to be left of each.
  bool isAll = std::ranges::any_of(names, [&](const std::string &name) { return name == prefix; });
  return isAll ? std::string() : std::string(prefix);
}

std::string uwt::tool::cutMiddle(std::string_view text, size_t width, size_t head) {
  if (displayWidth(text) <= width || width < gap.size() + 2)
    return std::string(text);
  head = std::clamp<size_t>(head, 1, width - gap.size() - 1);
  std::string_view first = firstColumns(text, head);
  // Whole words, where at most a third of the part is lost for that.
  size_t dot = first.rfind('.');
  if (dot != std::string_view::npos && dot > 0 && dot + 1 >= first.size() - first.size() / 3)
    first = first.substr(0, dot);
  std::string_view last = lastColumns(text, width - gap.size() - displayWidth(first));
  dot = last.find('.');
  if (dot != std::string_view::npos && dot + 1 < last.size() && dot <= last.size() / 3)
    last = last.substr(dot + 1);
  return std::string(first) + std::string(gap) + std::string(last);
}

std::string uwt::tool::cutMiddle(std::string_view text, size_t width) {
  return cutMiddle(text, width, (width - std::min(width, gap.size())) / 2);
}

/// Whether equal texts stand for equal names.
static bool staysDistinct(std::span<const std::string> names,
                          const std::vector<std::string> &shown) {
  std::unordered_map<std::string_view, std::string_view> nameOf;
  for (size_t i = 0; i < names.size(); ++i)
    if (auto [at, isNew] = nameOf.emplace(shown[i], names[i]); !isNew && at->second != names[i])
      return false;
  return true;
}

std::optional<std::vector<std::string>> uwt::tool::fitNames(std::span<const std::string> names,
                                                            size_t width) {
  if (width < gap.size() + 2)
    return std::nullopt;
  // From the middle to both sides: where names differ is not known.
  size_t middle = (width - gap.size()) / 2, step = std::max<size_t>(1, width / 12);
  for (size_t away = 0; away < middle; away += step)
    for (size_t head : {middle + away, middle - away}) {
      std::vector<std::string> shown;
      for (const std::string &name : names)
        shown.push_back(cutMiddle(name, width, head));
      if (staysDistinct(names, shown))
        return shown;
    }
  return std::nullopt;
}
