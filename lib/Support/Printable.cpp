//===- Printable.cpp - Text of strangers, to be shown ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Printable.h"
#include <cstdint>
#include <cstdio>
#include <optional>
#include <utility>

using namespace uwt;

/// The character that `text` begins with, and its bytes; no character where these are not
/// valid UTF-8.
static std::pair<std::optional<char32_t>, size_t> firstCharacter(std::string_view text) {
  auto first = static_cast<uint8_t>(text[0]);
  size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (length == 1)
    return {first, 1};
  if (first < 0xc2 || first > 0xf4 || length > text.size())
    return {std::nullopt, 1};
  char32_t character = first & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) {
    auto next = static_cast<uint8_t>(text[i]);
    if ((next & 0xc0) != 0x80)
      return {std::nullopt, 1};
    character = character << 6 | (next & 0x3f);
  }
  static constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  bool isValid = character >= smallest[length] && character <= 0x10ffff &&
                 (character < 0xd800 || character > 0xdfff);
  return {isValid ? std::optional(character) : std::nullopt, isValid ? length : 1};
}

/// Returns whether a character commands a terminal, or changes the direction or order of those
/// around it.
static bool isControl(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || c == 0x2028 ||
         c == 0x2029 || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

std::string uwt::printable(std::string_view text, std::string_view kept) {
  std::string result;
  while (!text.empty()) {
    auto [character, length] = firstCharacter(text);
    bool isKept = character && (!isControl(*character) || kept.find(text[0]) != kept.npos);
    result += isKept ? text.substr(0, length) : "?";
    text.remove_prefix(length);
  }
  return result;
}

std::string uwt::jsonWithoutControls(std::string_view json) {
  std::string result;
  while (!json.empty()) {
    auto [character, length] = firstCharacter(json);
    // Controls of ASCII but U+007F are line feeds between members.
    if (character && *character >= 0x7f && isControl(*character)) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(*character));
      result += escape;
    } else {
      result += json.substr(0, length);
    }
    json.remove_prefix(length);
  }
  return result;
}
