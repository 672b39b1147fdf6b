//===- Text.cpp - Numbers and words as the tool prints them ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Text.h"
#include "uwt/Support/Suggest.h"
#include <cinttypes>
#include <cmath>
#include <cstdio>

using namespace uwt;
using namespace uwt::tool;

std::string uwt::tool::formatNumber(double value, unsigned digits) {
  char buffer[64];
  int length = std::snprintf(buffer, sizeof(buffer), "%.*f", static_cast<int>(digits), value);
  return std::string(buffer, static_cast<size_t>(std::min(length, 63)));
}

std::string uwt::tool::formatBytes(uint64_t bytes) {
  if (bytes < 1000)
    return std::to_string(bytes) + " B";
  static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  unsigned unit = 0;
  // 999.5 would print as four digits.
  while (value >= 999.5 && unit < 5) {
    value /= 1000;
    ++unit;
  }
  unsigned digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return formatNumber(value, digits) + " " + units[unit];
}

std::string uwt::tool::formatCount(uint64_t value) {
  std::string digits = std::to_string(value);
  for (size_t at = digits.size(); at > 3; at -= 3)
    digits.insert(at - 3, ",");
  return digits;
}

std::string uwt::tool::formatPercent(double share, unsigned digits) {
  return formatNumber(share * 100, digits) + " %";
}

std::string uwt::tool::formatChange(uint64_t before, uint64_t after) {
  if (before == after || before == 0)
    return "of the same size";
  double share = static_cast<double>(after) / static_cast<double>(before) - 1;
  return formatPercent(std::abs(share)) + (share < 0 ? " smaller" : " larger");
}

std::string uwt::tool::formatShape(std::span<const uint64_t> shape) {
  std::string text;
  for (uint64_t extent : shape)
    text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return shape.empty() ? "scalar" : text;
}

std::string uwt::tool::formatDuration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e7)
    return "--:--";
  auto whole = static_cast<unsigned>(std::lround(seconds));
  char buffer[32];
  if (whole < 3600)
    std::snprintf(buffer, sizeof(buffer), "%u:%02u", whole / 60, whole % 60);
  else
    std::snprintf(buffer, sizeof(buffer), "%u:%02u:%02u", whole / 3600, whole / 60 % 60,
                  whole % 60);
  return buffer;
}

std::string uwt::tool::plural(uint64_t count, std::string_view noun) {
  return formatCount(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string uwt::tool::formatSmall(double value) {
  if (value == 0)
    return "0";
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.1e", value);
  return buffer;
}

double uwt::tool::gigabytesPerSecond(uint64_t bytes, double seconds) {
  return seconds > 0 ? static_cast<double>(bytes) / seconds * 1e-9 : 0;
}

double uwt::tool::bitsPer(uint64_t bytes, uint64_t elements) {
  return elements ? 8.0 * static_cast<double>(bytes) / static_cast<double>(elements) : 0;
}

Expected<IndexRange> uwt::tool::parseRange(std::string_view text, std::string_view what) {
  size_t colon = text.find(':');
  std::string name(what);
  if (colon == std::string_view::npos)
    return usageError(name + " takes a range A:B (B is not part of it), got " + inQuotes(text));
  IndexRange range{0, UINT64_MAX};
  std::string_view begin = text.substr(0, colon), end = text.substr(colon + 1);
  if (!begin.empty()) {
    UWT_ASSIGN_OR_RETURN(range.begin, command_line::parseNumber(begin, name));
  }
  if (!end.empty()) {
    UWT_ASSIGN_OR_RETURN(range.end, command_line::parseNumber(end, name));
  }
  if (range.begin > range.end)
    return usageError(name + " takes a range A:B with A at most B, got " + inQuotes(text));
  return range;
}

Expected<PartOf> uwt::tool::parsePart(std::string_view text, std::string_view what) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos)
    return usageError(std::string(what) + " takes I/N, such as 0/8 for the first of eight, got " +
                      inQuotes(text));
  PartOf part;
  UWT_ASSIGN_OR_RETURN(part.index, command_line::parseNumber(text.substr(0, slash), what));
  UWT_ASSIGN_OR_RETURN(part.count, command_line::parseNumber(text.substr(slash + 1), what));
  return part;
}

Expected<std::vector<uint64_t>> uwt::tool::parseShape(std::string_view text,
                                                      std::string_view what) {
  std::vector<uint64_t> shape;
  std::string_view rest = text;
  // Keeps the bytes of the largest type far from overflow.
  constexpr uint64_t maxElements = uint64_t(1) << 40;
  uint64_t elements = 1;
  while (true) {
    size_t cross = rest.find('x');
    auto extent = command_line::parseNumber(rest.substr(0, cross), what, maxElements);
    if (!extent || (*extent && elements > maxElements / *extent) || shape.size() == 8)
      return usageError(std::string(what) + " takes a shape such as 4096x4096, got " +
                        inQuotes(text));
    shape.push_back(*extent);
    elements *= *extent;
    if (cross == std::string_view::npos)
      return shape;
    rest = rest.substr(cross + 1);
  }
}
