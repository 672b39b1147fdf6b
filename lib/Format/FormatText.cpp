//===- FormatText.cpp - What the text form is made of ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FormatText.h"
#include "uwt/Support/Suggest.h"
#include <limits>

using namespace uwt;

static bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view uwt::trimSpaces(std::string_view text) {
  while (!text.empty() && isSpace(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && isSpace(text.back()))
    text.remove_suffix(1);
  return text;
}

Expected<uint32_t> uwt::parseUnsigned(std::string_view text, const std::string &what) {
  constexpr uint32_t largest = std::numeric_limits<uint32_t>::max();
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9')
      return usageError(what + ": expected a number, got " + inQuotes(text));
    value = value * 10 + static_cast<uint64_t>(c - '0');
    if (value > largest)
      return usageError(what + ": " + inQuotes(text) + " is more than " + std::to_string(largest));
  }
  if (text.empty())
    return usageError(what + ": expected a number, got nothing");
  return static_cast<uint32_t>(value);
}

Expected<uint32_t> uwt::parseChoice(std::string_view value, std::span<const std::string_view> names,
                                    const std::string &what) {
  std::string choices;
  for (uint32_t i = 0; i < names.size(); ++i) {
    if (names[i] == value)
      return i;
    choices += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + std::string(names[i]);
  }
  return usageError(what + ": expected " + choices + ", got " + inQuotes(value) +
                    didYouMean(value, names));
}

//===----------------------------------------------------------------------===//
// Items of a list
//===----------------------------------------------------------------------===//

/// How deep grids are in one another.
static constexpr size_t deepestGrid = 4;

std::optional<std::string_view> uwt::itemKey(std::string_view item) {
  size_t equals = item.find('=');
  if (equals == std::string_view::npos)
    return std::nullopt;
  return trimSpaces(item.substr(0, equals));
}

std::string_view uwt::itemValue(std::string_view item) {
  return trimSpaces(item.substr(item.find('=') + 1));
}

Expected<std::vector<std::string_view>> uwt::splitItems(std::string_view text) {
  std::vector<std::string_view> items;
  std::string open;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    char c = i < text.size() ? text[i] : ',';
    bool opens = c == '<' || c == '{', closes = c == '>' || c == '}';
    bool fits = opens ? !open.ends_with('<') : !closes || open.ends_with(c == '>' ? '<' : '{');
    if (!fits)
      return usageError("format " + inQuotes(text) + " has a '" + c + "' without its counterpart");
    if (c == '{' && open.size() == deepestGrid)
      return usageError("format " + inQuotes(text) + " has grids more than " +
                        std::to_string(deepestGrid) + " deep");
    if (opens)
      open += c;
    else if (closes)
      open.pop_back();
    bool isEnd = i == text.size();
    if (isEnd && !open.empty())
      return usageError("format " + inQuotes(text) + " has a '" + open.back() +
                        "' without its counterpart");
    if (c != ',' || !open.empty())
      continue;
    std::string_view item = trimSpaces(text.substr(start, i - start));
    if (item.empty() && isEnd && !items.empty())
      return usageError("format " + inQuotes(text) + " ends with a comma");
    if (item.empty())
      return usageError("format " + inQuotes(text) + " has an empty item");
    items.push_back(item);
    start = i + 1;
  }
  return items;
}
