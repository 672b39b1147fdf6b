//===- Text.h - Numbers and words as the tool prints them -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers as people read them, and values as people type them. Sizes are decimal:
// 1 GB is 10^9 bytes.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_TEXT_TEXT_H
#define UWT_TOOLS_UWT_TEXT_TEXT_H

#include "uwt/CommandLine/Words.h"
#include "uwt/Container/Container.h"
#include "uwt/Support/Printable.h"
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uwt::tool {

/// "512 B", "32.4 kB", "1.21 GB".
std::string formatBytes(uint64_t bytes);
/// "16,777,216".
std::string formatCount(uint64_t value);
/// With `digits` places after the point.
std::string formatNumber(double value, unsigned digits);
/// "12.3 %", of 0.123.
std::string formatPercent(double share, unsigned digits = 1);
/// "34.2 % smaller": what `after` is beside `before`; "0.3 % larger", "of the same size".
std::string formatChange(uint64_t before, uint64_t after);
/// "4096 x 14336", "scalar" for rank 0.
std::string formatShape(std::span<const uint64_t> shape);
/// "1:23", "1:02:03".
std::string formatDuration(double seconds);
/// "1 tensor", "2 tensors".
std::string plural(uint64_t count, std::string_view noun);
/// "2.5e-03", "0" for 0.
std::string formatSmall(double value);

/// 10^9 bytes a second, or 0 where no time has passed.
double gigabytesPerSecond(uint64_t bytes, double seconds);
/// Bits an element, or 0 where there is none.
double bitsPer(uint64_t bytes, uint64_t elements);

/// "A:B" (half-open); "A:" reaches to the end, `end` then is UINT64_MAX.
Expected<IndexRange> parseRange(std::string_view text, std::string_view what);
/// "I/N": part I, from 0, of N.
struct PartOf {
  uint64_t index = 0, count = 0;
};
Expected<PartOf> parsePart(std::string_view text, std::string_view what);
/// "4096x14336", one to eight extents.
Expected<std::vector<uint64_t>> parseShape(std::string_view text, std::string_view what);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_TEXT_TEXT_H
