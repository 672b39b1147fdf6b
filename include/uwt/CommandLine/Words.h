//===- Words.h - Text of a command line -------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMMANDLINE_WORDS_H
#define UWT_COMMANDLINE_WORDS_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace uwt::command_line {

/// A decimal number up to `limit`; a usage error that names `what`.
Expected<uint64_t> parseNumber(std::string_view text, std::string_view what,
                               uint64_t limit = UINT64_MAX);

/// The items of "a,b,c"; one empty item of an empty text.
std::vector<std::string_view> splitList(std::string_view text);

/// Breaks `text` into lines of at most `width` columns, between words; an empty
/// line separates paragraphs and lines that start with a space stay as they are.
std::vector<std::string> wrapText(std::string_view text, size_t width);

} // namespace uwt::command_line

#endif // UWT_COMMANDLINE_WORDS_H
