//===- Suggest.h - "did you mean" -------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Near misses, and quoting of text that came from outside. All functions may be
// called from any thread.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_SUGGEST_H
#define UWT_SUPPORT_SUGGEST_H

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace uwt {

/// The candidate with the fewest edits (insert, delete, replace, swap of neighbours) to
/// `word`, if that is at most a third of the longer one's letters; the first one on ties.
std::optional<std::string> closestMatch(std::string_view word,
                                        std::span<const std::string_view> candidates);

/// "; did you mean 'x'?" for the closest match, else nothing: the end of a message.
std::string didYouMean(std::string_view word, std::span<const std::string_view> candidates);

/// "; did you mean 'x'?", or, where no candidate is close, "; names that contain it: a, b, c and 4
/// more": the end of a message. At most three are named.
std::string suggestNames(std::string_view word, std::span<const std::string_view> candidates);

/// `text` in single quotes, shortened where it is long, with control characters and
/// bytes beyond ASCII replaced by '?': safe to print whatever it holds.
std::string inQuotes(std::string_view text);

} // namespace uwt

#endif // UWT_SUPPORT_SUGGEST_H
