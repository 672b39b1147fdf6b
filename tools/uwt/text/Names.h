//===- Names.h - Names of tensors in few columns ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors of a model have long names that differ in a number or a word. On a narrow terminal
// the middle of each is cut, never so that two different names look the same.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_TEXT_NAMES_H
#define UWT_TOOLS_UWT_TEXT_NAMES_H

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uwt::tool {

/// Columns that `text` (UTF-8) takes on a terminal, a character each.
size_t displayWidth(std::string_view text);

/// What all of `names` begin with, up to and with a '.'; empty for fewer than two names.
std::string commonPrefix(std::span<const std::string> names);

/// `text` in at most `width` columns (5 and more): "..." stands for its middle. `head` columns
/// are in front of that, or fewer: both parts end at a '.', which is
/// left out, where that costs few characters.
std::string cutMiddle(std::string_view text, size_t width, size_t head);
std::string cutMiddle(std::string_view text, size_t width);

/// `names` in at most `width` columns each, in their order, so that those that differ still do;
/// nothing where that was not found.
std::optional<std::vector<std::string>> fitNames(std::span<const std::string> names, size_t width);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_TEXT_NAMES_H
