//===- ConfigRewrite.h - config.json beside compressed weights --*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule folder-3 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_CONFIGREWRITE_H
#define UWT_LIB_CONTAINER_CONFIGREWRITE_H

#include "uwt/Support/Error.h"
#include <string>
#include <string_view>

namespace uwt {

struct RewrittenConfig {
  /// What decompressing gives back: the text that was given, or with a cast that text with
  /// the dtype of the rounded weights.
  std::string original;
  /// That text with our quantization_config, which holds the one that was there, and with a
  /// transformers_weights at which transformers fails.
  std::string text;
};

/// Rewrites the text of a config.json. Everything else in it stays as its author laid it out, also
/// NaN and Infinity, which are no JSON, but which Python writes. Errors: Invalid (not a JSON
/// object).
Expected<RewrittenConfig> rewriteConfig(std::string_view text, bool castToBF16);

/// Returns whether the text of a config.json says, at any depth, how weights are quantised. Text
/// that is no JSON says nothing.
bool saysQuantized(std::string_view text);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_CONFIGREWRITE_H
