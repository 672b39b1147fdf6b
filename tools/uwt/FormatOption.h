//===- FormatOption.h - The value of --format -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_FORMATOPTION_H
#define UWT_TOOLS_UWT_FORMATOPTION_H

#include "uwt/Codec/Statistics.h"
#include <string>
#include <string_view>

namespace uwt::tool {

/// Stands before the format of differences from a base model.
inline constexpr std::string_view differencePrefix = "difference, ";

/// The value of --format.
inline Expected<FormatChoice> parseFormatChoice(std::string_view text) {
  return uwt::parseFormatChoice(text, "--format");
}

/// The format in as few words as a table has room for: codec and coded field.
std::string briefFormat(const Format &format);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_FORMATOPTION_H
