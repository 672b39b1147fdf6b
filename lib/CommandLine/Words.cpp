//===- Words.cpp - Text of a command line ---------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CommandLine/Words.h"
#include "uwt/Support/Suggest.h"
#include <charconv>

using namespace uwt;
using namespace uwt::command_line;

Expected<uint64_t> uwt::command_line::parseNumber(std::string_view text, std::string_view what,
                                                  uint64_t limit) {
  uint64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value > limit)
    return usageError(std::string(what) + " takes a whole number" +
                      (limit == UINT64_MAX ? "" : " from 0 to " + std::to_string(limit)) +
                      ", got " + inQuotes(text));
  return value;
}

std::vector<std::string_view> uwt::command_line::splitList(std::string_view text) {
  std::vector<std::string_view> items;
  while (true) {
    size_t comma = text.find(',');
    items.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos)
      return items;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string> uwt::command_line::wrapText(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  std::string line;
  auto endLine = [&] {
    if (!line.empty())
      lines.push_back(std::move(line));
    line.clear();
  };
  while (!text.empty()) {
    std::string_view source = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), source.size() + 1));
    if (source.empty() || source.front() == ' ') {
      endLine();
      lines.emplace_back(source);
      continue;
    }
    while (!source.empty()) {
      std::string_view word = source.substr(0, source.find(' '));
      source.remove_prefix(std::min(source.size(), word.size() + 1));
      if (!line.empty() && line.size() + 1 + word.size() > width)
        endLine();
      line += (line.empty() ? "" : " ") + std::string(word);
    }
  }
  endLine();
  return lines;
}
