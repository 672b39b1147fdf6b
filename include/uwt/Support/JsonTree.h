//===- JsonTree.h - The JSON of files as a tree -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one place that makes a tree of nlohmann's library from text. That library parses, copies and
// destroys trees of any depth by recursion, so text goes through the checks of Json.h first
// (test/Integration/layers.py).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_JSONTREE_H
#define UWT_SUPPORT_JSONTREE_H

#include "uwt/Support/Json.h"
#include <nlohmann/json.hpp>

namespace uwt {

/// Parses `text` as a tree, nlohmann::json or nlohmann::ordered_json. Errors: Invalid, as of
/// parseJson.
template <typename Tree = nlohmann::json> Expected<Tree> parseJsonTree(std::string_view text) {
  UWT_RETURN_IF_ERROR(checkJson(text));
  return Tree::parse(text, nullptr, /*allow_exceptions=*/false);
}

/// Parses `text`, and returns a discarded value, which is none of any kind, if it is no JSON.
template <typename Tree = nlohmann::json> Tree parseJsonTreeOrNone(std::string_view text) {
  Expected<Tree> tree = parseJsonTree<Tree>(text);
  return tree ? *std::move(tree) : Tree(Tree::value_t::discarded);
}

} // namespace uwt

#endif // UWT_SUPPORT_JSONTREE_H
