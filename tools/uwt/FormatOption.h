//===- FormatOption.h - The value of --format -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_FORMATOPTION_H
#define UWT_TOOLS_UWT_FORMATOPTION_H

#include "uwt/Codec/Statistics.h"
#include <optional>
#include <string_view>
#include <variant>

namespace uwt::tool {

/// Stands before the format of differences from a base model.
inline constexpr std::string_view differencePrefix = "difference, ";

using FormatChoice = std::variant<FormatPolicy, Format>;

/// "best-size", "fast", "smallest", or a format's text form whose codec exists. Errors: Usage, with
/// a suggestion for a near miss; Unsupported for another version.
Expected<FormatChoice> parseFormatChoice(std::string_view text);

/// The format in as few words as a table has room for: codec and coded field.
std::string briefFormat(const Format &format);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_FORMATOPTION_H
